"""What a kiosk tells of itself, and when: every minute, and when something changed."""

from pathlib import Path

import pytest

from contract.messages import HEALTH_INTERVAL_S, PartHealth
from drivers.ports import DeviceState, Words
from kiosk.health import CHANGES_MS, LOOK_MS, HealthDesk
from kiosk.machine import Machine
from tests.support.journals import WALL, Home
from tests.support.lanes import TOYS

PRINTER = DeviceState("usb:0416:5011", "printer", True, Words("就绪", "ready"))
MEANWHILE_MB = 500
"""What others may write, or take away, between two looks at the disk."""


class Kiosk:
    def __init__(self, directory: Path) -> None:
        self.open = Home(directory / "kiosk").open()
        self.machine = directory / "machine"
        self.machine.mkdir()
        self.parts: tuple[PartHealth, ...] = ()
        self.paper: dict[str, int] = {}
        self.min_free_mb = 1
        self.desk = HealthDesk(
            self.open.journal,
            self.open.learnt,
            Machine(self.machine, self.min_free_mb, self.machine),
            software="test",
            prefixes_left=lambda: 2,
            reference=lambda: self.parts,
            paper_left=lambda: self.paper,
        )

    def wait(self, ms: int) -> None:
        self.open.clock.now += ms
        self.desk.look()

    def tell(self) -> None:
        self.desk.look()
        self.desk.health([PRINTER], {})


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    made = Kiosk(tmp_path)
    made.tell()
    return made


def test_health_is_due_every_minute_and_not_before(kiosk: Kiosk) -> None:
    kiosk.wait(HEALTH_INTERVAL_S * 1000 - 1)
    assert not kiosk.desk.due()
    kiosk.wait(1)
    assert kiosk.desk.due()
    assert HEALTH_INTERVAL_S == 60


def test_the_known_time_a_backlog_that_is_gone_and_a_refused_part_are_told_at_once(
    kiosk: Kiosk,
) -> None:
    kiosk.wait(CHANGES_MS)
    kiosk.open.learnt.learn(WALL, "hub")
    assert kiosk.desk.due()
    kiosk.tell()
    kiosk.wait(CHANGES_MS)
    assert not kiosk.desk.due()
    kiosk.parts = (PartHealth("places", ok=False, detail="a piece is damaged"),)
    assert kiosk.desk.due()
    kiosk.tell()
    kiosk.wait(CHANGES_MS)
    streams = kiosk.open.journal.streams
    streams.store_positions({e: (s.head, 0) for e, s in streams.by_epoch.items()})
    assert kiosk.desk.due()


def test_a_disk_that_is_gone_is_seen_within_seconds_and_told(kiosk: Kiosk) -> None:
    assert kiosk.desk.refusing == ""
    kiosk.machine.rmdir()
    kiosk.wait(LOOK_MS)
    assert kiosk.desk.refusing == "read-only"
    assert kiosk.desk.due()
    assert kiosk.desk.health([], {}).refusing == "read-only"


def test_a_scan_alone_is_no_news_but_counts_with_the_next_health(kiosk: Kiosk) -> None:
    kiosk.open.scan(TOYS)
    kiosk.wait(CHANGES_MS)
    assert not kiosk.desk.due()
    told = kiosk.desk.health([], {})
    assert told.backlog == told.events == len(kiosk.open.lines())
    assert told.oldest_unsent_s == 0
    kiosk.wait(90_000)
    assert kiosk.desk.health([], {}).oldest_unsent_s == 90
    assert kiosk.desk.health([], {}).uptime_s == 90


def test_a_printer_tells_the_paper_that_it_has_left_where_somebody_knows(kiosk: Kiosk) -> None:
    [printer] = kiosk.desk.health([PRINTER], {}).devices
    assert printer.paper_mm is None
    kiosk.paper = {PRINTER.device: 3_400}
    [printer] = kiosk.desk.health([PRINTER], {}).devices
    assert (printer.name, printer.ok, printer.paper_mm) == ("usb-0416-5011", True, 3_400)
    kiosk.paper = {PRINTER.device: -20}
    assert kiosk.desk.health([PRINTER], {}).devices[0].paper_mm == 0


def test_a_hot_board_short_of_power_is_told_at_once_with_room_and_lanes(kiosk: Kiosk) -> None:
    plain = kiosk.desk.health([], {})
    assert (plain.throttling, plain.temperature_c, plain.lanes) == (None, None, ())
    board = {
        "sys/class/thermal/thermal_zone0/temp": "81500\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    }
    for name, text in board.items():
        (kiosk.machine / name).parent.mkdir(parents=True)
        (kiosk.machine / name).write_text(text)
    kiosk.wait(LOOK_MS)
    assert kiosk.desk.due()

    kiosk.open.scan(TOYS)
    lane = kiosk.open.state()
    told = kiosk.desk.health([], {"door": lane})
    assert told.temperature_c == 81.5
    assert told.throttling == ("under-voltage", "throttled")
    free_mb = Machine(kiosk.machine, 1).free_mb()
    assert abs(told.disk_free_mb - free_mb) < MEANWHILE_MB
    assert (told.software, told.prefixes_left) == ("test", 2)
    [at_lane] = told.lanes
    assert (at_lane.lane, at_lane.state) == ("door", lane.phase.value)
    kiosk.wait(CHANGES_MS)
    assert not kiosk.desk.due(), "what stays as it was told is no news"
