"""Printers that are plugged in are found, once each, and those with another job are left alone."""

import os
import queue
from collections.abc import Iterator

import pytest

from drivers.discovery import PluggedIn
from drivers.fakes import FakePrinter
from drivers.ports import DeviceInput, DeviceState, DeviceUrlError, Printer
from drivers.printer_auto import AutoPrinters
from drivers.registry import parse_devices, parse_printer
from drivers.urls import PrinterUrl
from tests.support.serial_devices import wait_until


def lp(number: int, port: str, name: str = "POS58") -> PluggedIn:
    """A USB printer with a kernel node, in that port."""
    links = f"/dev/usb/by-id/{name} /dev/usb/by-path/usb-0:{port}"
    return PluggedIn(
        "usbmisc", f"/dev/usb/lp{number}",
        {"ID_VENDOR_ID": "0416", "ID_MODEL_ID": "5011", "ID_USB_INTERFACES": ":070102:",
         "DEVLINKS": links},
    )  # fmt: skip


def usb() -> PluggedIn:
    """The same as the bus knows it."""
    ids = {"ID_VENDOR_ID": "0416", "ID_MODEL_ID": "5011", "ID_USB_INTERFACES": ":070102:"}
    return PluggedIn("usb", "/dev/bus/usb/001/002", ids)


class Desk:
    """What is plugged in, what was found and lost; udev's word is a byte in a pipe."""

    def __init__(self) -> None:
        self.plugged: tuple[PluggedIn, ...] = ()
        self.seen: tuple[PluggedIn, ...] | None = None
        self.found: list[str] = []
        self.lost: list[str] = []
        self.errors: list[Exception] = []
        self.inbox: queue.Queue[DeviceInput] = queue.Queue()
        self._udev, self._udev_end = os.pipe()

    def plug(self, *devices: PluggedIn) -> None:
        self.plugged = devices
        os.write(self._udev_end, b"x")

    def plug_for_long(self, *devices: PluggedIn) -> None:
        """So long that it is seen."""
        self.plug(*devices)
        wait_until(lambda: self.seen == devices, "somebody looks")

    def look(self) -> tuple[PluggedIn, ...]:
        if self.errors:
            raise self.errors.pop()
        self.seen = self.plugged
        return self.seen

    def open(self, url: PrinterUrl) -> Printer:
        return FakePrinter(name=url.name, profile=url.profile)

    def auto(self, *besides: str, node_s: float = 10.0) -> AutoPrinters:
        return AutoPrinters(
            lambda printer: self.found.append(printer.name),
            self.lost.append,
            self.inbox.put,
            self.open,
            besides=besides,
            look=self.look,
            hotplug=lambda: self,
            node_s=node_s,
        )

    def fileno(self) -> int:
        return self._udev

    def drain(self) -> None:
        os.read(self._udev, 4096)

    def close(self) -> None:
        os.close(self._udev)
        os.close(self._udev_end)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def auto(desk: Desk) -> Iterator[AutoPrinters]:
    made = desk.auto()
    yield made
    made.close()
    made.close()


def test_a_printer_is_found_when_it_is_plugged_in_and_not_again_when_it_comes_back(
    desk: Desk, auto: AutoPrinters
) -> None:
    auto.start()
    desk.plug(lp(0, "1"))
    wait_until(lambda: desk.found == ["usb:/dev/usb/by-id/POS58"], "a printer")
    desk.plug()
    desk.plug(lp(1, "2"))
    desk.plug(lp(1, "2"), lp(2, "3", "TSC"))
    wait_until(lambda: len(desk.found) == 2, "another printer")
    assert desk.found[1] == "usb:/dev/usb/by-id/TSC"
    assert desk.lost == []


def test_an_error_in_looking_is_logged_and_the_next_printer_is_found(
    desk: Desk, auto: AutoPrinters, caplog: pytest.LogCaptureFixture
) -> None:
    desk.errors.append(KeyError("what nobody foresaw"))
    auto.start()
    wait_until(lambda: not desk.errors, "the error")
    desk.plug(lp(0, "1"))
    wait_until(lambda: desk.found == ["usb:/dev/usb/by-id/POS58"], "a printer")
    [said] = [one for one in caplog.records if one.exc_info]
    assert said.getMessage() == "printer discovery met an error"


def test_a_second_one_of_the_same_kind_makes_both_known_by_their_ports(
    desk: Desk, auto: AutoPrinters
) -> None:
    desk.plugged = (lp(0, "1"),)
    auto.start()
    wait_until(lambda: len(desk.found) == 1, "one printer")
    desk.plug(lp(0, "1"), lp(1, "2"))
    wait_until(lambda: len(desk.found) == 3, "both by their ports")
    assert desk.lost == ["usb:/dev/usb/by-id/POS58"]
    assert desk.found[1:] == ["usb:/dev/usb/by-path/usb-0:1", "usb:/dev/usb/by-path/usb-0:2"]
    told = desk.inbox.get(timeout=20)
    assert isinstance(told, DeviceState)
    assert "by their USB ports" in told.detail.en


def test_a_printer_that_the_bus_tells_of_before_its_node_is_there_is_one_printer(
    desk: Desk, auto: AutoPrinters
) -> None:
    auto.start()
    desk.plug_for_long(usb())
    desk.plug_for_long(usb(), lp(0, "1"))
    wait_until(lambda: desk.found == ["usb:/dev/usb/by-id/POS58"], "a printer")
    desk.plug_for_long()  # pulled out, and in again
    desk.plug_for_long(usb())
    desk.plug(usb(), lp(0, "1"), lp(1, "2", "TSC"))
    wait_until(lambda: len(desk.found) == 2, "another printer")
    assert desk.found[1] == "usb:/dev/usb/by-id/TSC"
    assert desk.lost == []


def test_a_printer_without_a_node_is_used_by_itself_until_one_comes_all_the_same(
    desk: Desk,
) -> None:
    auto = desk.auto(node_s=0.05)
    auto.start()
    desk.plug(usb())
    wait_until(lambda: desk.found == ["usb:0416:5011"], "a printer without a node")
    desk.plug(usb(), lp(0, "1"))
    wait_until(lambda: len(desk.found) == 2, "the same by its node")
    auto.close()
    assert desk.found[1] == "usb:/dev/usb/by-id/POS58"
    assert desk.lost == ["usb:0416:5011"]
    told = desk.inbox.get(timeout=20)
    assert isinstance(told, DeviceState)
    assert "the kernel's own driver" in told.detail.en


def test_what_is_named_for_something_else_is_left_alone(desk: Desk) -> None:
    auto = desk.auto("/dev/usb/by-id/POS58")
    desk.plugged = (lp(0, "1"), lp(1, "2", "TSC"))
    auto.start()
    wait_until(lambda: len(desk.found) == 1, "the other printer")
    auto.close()
    assert desk.found == ["usb:/dev/usb/by-id/TSC"]


def test_auto_goes_with_the_screen_and_with_no_named_printer() -> None:
    named = "serial:/dev/ttyUSB1?baud=9600"
    found = parse_devices([named], ["auto:", "screen:"])
    assert found.auto_printers is not None
    assert found.auto_printers.besides == ("/dev/ttyUSB1",)
    assert [url.name for url in found.printers] == ["screen:"]
    assert parse_devices((), ["screen:"]).auto_printers is None
    with pytest.raises(DeviceUrlError, match="auto: is whatever is plugged in"):
        parse_devices((), ["auto:", "usb:/dev/usb/lp0"])
    with pytest.raises(DeviceUrlError, match="is not one printer"):
        parse_printer("auto:")
    with pytest.raises(DeviceUrlError, match="unknown parameter role"):
        parse_devices((), ["auto:?role=label"])


@pytest.mark.parametrize(
    ("url", "roll"),
    [
        ("usb:/dev/usb/lp0", 8_000),
        ("usb:/dev/usb/lp0?profile=80mm", 25_000),
        ("usb:/dev/usb/lp0?profile=tspl-80mm-gap", 20_000),
        ("usb:/dev/usb/lp0?roll=30000", 30_000),
    ],
)
def test_the_length_of_a_new_roll_is_named_or_usual_for_its_paper(url: str, roll: int) -> None:
    assert parse_printer(url).profile.new_roll_mm == roll


@pytest.mark.parametrize("roll", ["0", "999", "200001", "30m", "-5", "12.5", ""])
def test_a_roll_of_no_possible_length_is_refused(roll: str) -> None:
    with pytest.raises(DeviceUrlError, match="should be from 1000 to 200000 mm"):
        parse_printer(f"usb:/dev/usb/lp0?roll={roll}")
