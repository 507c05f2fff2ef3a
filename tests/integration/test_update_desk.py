"""What a kiosk tells the updater, and how it answers: by an event that goes the way of all."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from contract.events import Noticed
from drivers.ports import DeviceState, Words
from kiosk.state import LaneState, Phase
from kiosk.update_desk import UpdateDesk, running_release
from kiosk.update_facts import read_facts, write_ask, write_facts, write_told
from kiosk.update_words import KioskFacts, Told
from tests.support.journals import DAY_MS, KIOSK, WALL, Home, OpenJournal
from tests.support.lanes import CLOTHES
from tests.support.releases import NEW

FINE = Words("好", "fine")
DEVICES = (
    DeviceState("evdev-1", "scanner", True, FINE),
    DeviceState("evdev-2", "scanner", True, FINE),
    DeviceState("usb-1", "printer", False, FINE),
)
SECOND = 1_000


class Bench:
    """A kiosk's desk over a real journal, and the folders below ``/run``."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "kiosk")
        self.open: OpenJournal = self.home.open()
        self.own = folder / "run" / "yicang-kiosk"
        self.updater = folder / "run" / "yicang-update"
        for one in (self.own, self.updater):
            one.mkdir(parents=True)
        self.lanes = {"door": LaneState()}
        self.desk = UpdateDesk(
            self.open.journal,
            self.open.learnt,
            KIOSK,
            own=self.own,
            hour=3,
            zone=ZoneInfo("Asia/Shanghai"),
            prefix=folder / "releases" / NEW / ".venv",
        )

    def after(self, ms: int = SECOND, refusing: str = "") -> KioskFacts:
        self.home.clock.now += ms
        self.desk.tick(DEVICES, self.lanes, refusing)
        found = read_facts(self.own / "facts.json")
        assert found is not None
        return found

    def acknowledge(self) -> None:
        """The hub's word for all that is there."""
        streams = self.open.journal.streams
        streams.store_positions({e: (s.head, 0) for e, s in streams.by_epoch.items()})

    def checks(self) -> int:
        return sum(
            isinstance(one.public.body, Noticed) and one.public.body.kind == "update-check"
            for one in self.open.lines()
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_updater_learns_how_the_kiosk_is(bench: Bench) -> None:
    bench.acknowledge()
    facts = bench.after()
    assert facts.devices == {"scanner": 2}, "a printer that does not work is not counted"
    assert (facts.backlog, facts.refusing, facts.wall) == (0, "", None)
    assert bench.after(refusing="disk-low").refusing == "disk-low"


def test_a_question_is_answered_by_one_event_and_the_hubs_word_for_it(bench: Bench) -> None:
    bench.acknowledge()
    bench.after()
    assert bench.checks() == 0
    write_ask(bench.updater, "0123456789abcdef")
    facts = bench.after()
    assert (facts.asked, facts.acked) == ("0123456789abcdef", False)
    for _ in range(5):
        bench.after()
    assert bench.checks() == 1
    bench.acknowledge()
    assert bench.after().acked
    write_ask(bench.updater, "fedcba9876543210")
    assert not bench.after().acked
    assert bench.checks() == 2


def test_an_updater_that_is_through_asks_nothing(bench: Bench) -> None:
    write_ask(bench.updater, "")
    bench.after()
    assert bench.checks() == 0


def test_a_kiosk_rests_only_when_nobody_is_at_it(bench: Bench) -> None:
    bench.after()
    assert bench.after(60 * SECOND).resting_s >= 60
    bench.open.scan(CLOTHES)
    bench.lanes["door"] = bench.open.state()
    assert bench.lanes["door"].phase is not Phase.REST
    assert bench.after().resting_s == 0
    assert bench.after(60 * SECOND).resting_s == 0
    bench.lanes["door"] = LaneState()
    assert bench.after().resting_s == 0
    assert bench.after(10 * SECOND).resting_s == 10


def test_its_own_hour_is_known_only_with_the_time(bench: Bench) -> None:
    assert not bench.after().open_now
    bench.open.learnt.learn(WALL - bench.home.clock.now, "hub")
    hours = []
    for _ in range(24):
        hours.append(bench.after(DAY_MS // 24).open_now)
    assert 1 <= sum(hours) <= 3


def test_the_health_report_has_the_updaters_words(bench: Bench, tmp_path: Path) -> None:
    write_told(bench.updater, Told("reverted", NEW, "scanner-missing"))
    bench.after()
    assert bench.desk.words() == ("", "reverted", NEW, "scanner-missing")


def test_a_release_knows_its_own_name(tmp_path: Path) -> None:
    folder = tmp_path / "releases" / NEW
    (folder / ".venv").mkdir(parents=True)
    assert running_release(folder / ".venv") == ""
    (folder / "manifest.json").write_bytes(b"{}")
    assert running_release(folder / ".venv") == NEW
    (tmp_path / "current").symlink_to(f"releases/{NEW}")
    assert running_release(tmp_path / "current" / ".venv") == NEW


def test_without_a_service_manager_there_is_no_updater(bench: Bench) -> None:
    alone = UpdateDesk(
        bench.open.journal, bench.open.learnt, KIOSK, own=None, hour=3, zone=ZoneInfo("UTC")
    )
    write_ask(bench.updater, "0123456789abcdef")
    bench.home.clock.now += SECOND
    alone.tick(DEVICES, bench.lanes, "")
    assert bench.checks() == 0
    assert read_facts(bench.own / "facts.json") is None


def test_memory_that_is_full_stops_nothing(bench: Bench) -> None:
    bench.own.rmdir()
    bench.home.clock.now += SECOND
    bench.desk.tick(DEVICES, bench.lanes, "")
    assert read_facts(bench.own / "facts.json") is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b'{"backlog": Infinity}', b'{"devices": 3}', b"[" * 60_000],
)
def test_facts_without_sense_are_no_facts(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "facts.json").write_bytes(content)
    assert read_facts(tmp_path / "facts.json") is None


def test_the_updater_neither_follows_a_link_nor_waits_for_a_pipe(tmp_path: Path) -> None:
    write_facts(tmp_path, KioskFacts(release=NEW))
    (tmp_path / "link").symlink_to(tmp_path / "facts.json")
    os.mkfifo(tmp_path / "pipe")
    assert read_facts(tmp_path / "facts.json") == KioskFacts(release=NEW)
    assert read_facts(tmp_path / "link") is None
    assert read_facts(tmp_path / "pipe") is None
