"""A self-test's papers on real paper kinds, and a shelf that the hub opens at a lane."""

from pathlib import Path

import pytest

from contract import codes
from contract.codes import Kind
from contract.messages import Check
from drivers.ports import PROFILES, DeviceState, Words
from kiosk.state import Phase
from kiosk.tasks import result_page
from kiosk.tasks.self_test import device_checks, disk_check
from tests.support.journals import Home
from tests.support.paper import read_codes
from tests.support.people import FINISH, RICE
from tests.support.print_desk import LANE, LETTERHEAD, PrintDesk, machine_for, printer_on
from tests.support.virtual_printer import DirectLink

SHELF = codes.with_check(Kind.PLACE.value + "SHE1F0")
OTHER = codes.with_check(Kind.PLACE.value + "SHE1F1")
CHECKS = (
    Check("scanner serial-by-id-usb-a-very-long-name-of-a-scanner-01", True),
    Check("lights", None),
    Check("speaker", False, "没有可用的声卡 / no usable sound card"),
    Check("disk", True, "12 ms"),
    Check("network", False, "中心没有回答 / the hub does not answer"),
)


@pytest.mark.parametrize("profile", ["58mm-native", "58mm-gap-native", "tspl-58mm-gap-native"])
def test_every_kind_of_paper_takes_a_result_with_bars_that_scan(
    tmp_path: Path, profile: str
) -> None:
    assert profile in PROFILES
    machine = machine_for(profile)
    desk = PrintDesk(Home(tmp_path / "kiosk"), printer_on(DirectLink(machine), profile))
    desk.switch_on()
    page = result_page.page(CHECKS, "kiosk-1", "yicang-1", LETTERHEAD, "2026-11-22 10:40")
    label = result_page.label(CHECKS, "kiosk-1", LETTERHEAD)
    assert desk.papers.print_test(page, label)
    assert not desk.papers.print_test(page, label), "it is printing"
    desk.work(lambda: all(result is not None for result in desk.papers.tested().values()))
    [result] = desk.papers.tested().values()
    assert result is not None
    assert result.status == "printed", result
    [piece] = machine.pieces
    assert [code.text for code in read_codes(piece)] == [result_page.SAMPLE]
    desk.off()


def test_only_what_can_be_known_passes_or_fails(tmp_path: Path) -> None:
    fine = Words("好", "ready")
    gone = Words("没接上", "unplugged")
    states = (
        DeviceState("serial:/dev/ttyACM0", "scanner", ok=True, detail=fine),
        DeviceState("serial:/dev/ttyACM1", "scanner", ok=False, detail=gone),
        DeviceState("gpio:", "panel", ok=True, detail=fine),
    )
    found = {one.name: one.ok for one in device_checks(states, speaks=True)}
    assert found == {
        "scanner serial--dev-ttyACM0": True,
        "scanner serial--dev-ttyACM1": False,
        "lights": None,
        "buzzer": None,
        "speaker": None,
    }
    assert device_checks((), speaks=False)[0].ok is False, "no scanner at all"
    moments = iter(range(100, 1000, 7))
    assert disk_check(tmp_path, lambda: next(moments)) == Check("disk", True, "7 ms")
    assert list(tmp_path.iterdir()) == []
    assert disk_check(tmp_path / "gone", lambda: 0).ok is False


def test_the_hub_opens_a_shelf_where_nobody_is_being_served(tmp_path: Path) -> None:
    desk = PrintDesk(Home(tmp_path / "kiosk"))
    desk.scan(RICE)
    assert desk.lanes.open_shelf(SHELF, None) == "serving"
    assert desk.lanes.open_shelf(SHELF, "no-such-lane") == "no-lane"
    desk.scan(FINISH)
    assert desk.lanes.open_shelf(SHELF, None) == ""
    assert desk.lanes.states[LANE].phase is Phase.SHELF
    events = len(desk.bodies())
    assert desk.lanes.open_shelf(SHELF, LANE) == ""
    assert len(desk.bodies()) == events, "it is open already"
    assert desk.lanes.open_shelf(OTHER, LANE) == ""
    count = desk.lanes.states[LANE].count
    assert count is not None
    assert count.shelf is not None
    assert count.shelf.place == OTHER
    desk.lanes.refusing = True
    assert desk.lanes.open_shelf(SHELF, LANE) == "not-saved"
    desk.off()
