"""What a kiosk shows by light and says by voice while it is used: real journal, panel and speaker
that remember."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.actions import Verb
from contract.codes import Kind, action_code, token_code
from drivers import calibration
from drivers.fakes import FakePanel, FakeSpeaker
from drivers.ports import Alarm, ScanRead, ScanUnreadable, Signal
from kiosk.clock import LearntClock
from kiosk.lanes import LaneDesk, NoScreen
from tests.support.journals import Home, OpenJournal, entropy

RICE = action_code(Verb.CATEGORY, "F1")
UNDO = action_code(Verb.UNDO)
FINISH = action_code(Verb.FINISH)
CARD = token_code(Kind.PERSON, b"ann-ann-an")


class Stop:
    """A kiosk at a wall, as far as somebody in front of it sees and hears it."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.panel = FakePanel()
        self.speaker = FakeSpeaker()
        self.open: OpenJournal = home.open()
        self.desk = LaneDesk(
            self.open.journal,
            LearntClock(home.clock),
            self.panel,
            NoScreen(),
            entropy("lights"),
            self.speaker,
        )
        self.desk.open("door")

    def scan(self, text: str, *, pressed: bool = False) -> Signal:
        self.home.clock.now += 10
        self.desk.take(ScanRead("door", text, pressed=pressed))
        self.desk.tick()
        return self.panel.shown[-1][1]


@contextmanager
def full_disk(home: Home) -> Iterator[None]:
    """Inside, the journal's files cannot grow."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        wal = home.path.with_name(f"{home.path.name}-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def stop(tmp_path: Path) -> Iterator[Stop]:
    found = Stop(Home(tmp_path / "kiosk-0"))
    yield found
    found.open.journal.close()


def test_the_light_of_the_mode_follows_what_the_lane_is_used_for(stop: Stop) -> None:
    assert stop.panel.modes == {"door": "rest"}
    stop.scan(CARD)
    assert stop.panel.modes == {"door": "carded"}
    stop.scan(RICE)
    assert stop.panel.modes == {"door": "intake"}
    stop.scan(FINISH)
    assert stop.panel.modes == {"door": "rest"}


def test_an_intake_is_spoken_from_hello_to_thanks(stop: Stop) -> None:
    for text in (CARD, RICE, FINISH):
        stop.scan(text)
    assert stop.speaker.said == ["welcome", "saved", "thanks"]


def test_a_foreign_code_is_refused_by_light_and_voice(stop: Stop) -> None:
    assert stop.scan("somebody's payment code") is Signal.REFUSED
    assert stop.speaker.said == ["refused"]


def test_half_a_code_is_asked_for_again(stop: Stop) -> None:
    stop.scan(RICE)
    stop.desk.take(ScanUnreadable("door", 6))
    assert stop.panel.shown[-1] == ("door", Signal.REFUSED)
    assert stop.speaker.said[-1] == "again"


def test_two_presses_of_undo_take_back_two_where_a_card_in_the_beam_counts_once(
    stop: Stop,
) -> None:
    for text in (RICE, action_code(Verb.CATEGORY, "T1"), action_code(Verb.CATEGORY, "C1")):
        assert stop.scan(text) is Signal.SAVED
    told = len(stop.panel.shown)
    stop.scan(UNDO)
    stop.scan(UNDO)
    assert len(stop.panel.shown) == told + 1
    assert len(stop.desk.states["door"].entries) == 2
    stop.scan(UNDO, pressed=True)
    stop.scan(UNDO, pressed=True)
    assert not stop.desk.states["door"].entries


def test_a_kiosk_that_cannot_save_says_so_until_it_can_again(stop: Stop) -> None:
    stop.scan(CARD)
    with full_disk(stop.home):
        assert stop.scan(RICE) is Signal.REFUSED
        assert stop.panel.alarms == {Alarm.UNSAVED}
        assert stop.speaker.said[-1] == "unsaved"
    stop.home.clock.now += 5_000
    assert stop.scan(RICE) is Signal.SAVED
    assert stop.panel.alarms == set()


def test_a_full_disk_is_an_alarm_before_anybody_scans(stop: Stop) -> None:
    stop.desk.refusing = True
    stop.desk.tick()
    assert stop.panel.alarms == {Alarm.UNSAVED}
    stop.desk.refusing = False
    stop.desk.tick()
    assert stop.panel.alarms == set()


def test_a_printer_that_waits_is_spoken_of_once(stop: Stop) -> None:
    for _ in range(3):
        stop.desk.alarm(Alarm.PAPER, True)
    assert stop.panel.alarms == {Alarm.PAPER}
    assert stop.speaker.said == ["paper"]
    stop.desk.alarm(Alarm.PAPER, False)
    assert stop.panel.alarms == set()


def test_the_calibration_code_tells_what_is_set_wrongly_and_records_nothing(stop: Stop) -> None:
    before = stop.open.journal.next_ref
    assert stop.scan(calibration.TEXT) is Signal.IDLE
    swapped = calibration.TEXT.swapcase()
    stop.desk.take(ScanRead("door", swapped, ended_by="silence"))
    assert stop.panel.shown[-1] == ("door", Signal.ATTENTION)
    assert stop.open.journal.next_ref == before
