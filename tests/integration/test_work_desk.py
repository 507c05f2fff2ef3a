"""Who came to work, over restarts, cuts of power and nights: on a real journal file."""

from pathlib import Path

import pytest

from contract.actions import Verb
from contract.codes import Kind, action_code, token_code
from contract.events import WorkEnded, WorkStarted, person_hash
from drivers.panel_null import NullPanel
from drivers.ports import ScanRead
from kiosk.lanes import LaneDesk, NoScreen
from kiosk.work_desk import LOOK_MS, WorkDesk
from kiosk.workflow.people import RULE_MINUTES
from tests.support.journals import Home, OpenJournal, SetClock, entropy

CARD = token_code(Kind.PERSON, b"ann-ann-an")
WORK, UNDO, FINISH = (action_code(v) for v in (Verb.WORK, Verb.UNDO, Verb.FINISH))
MINUTE = 60_000


class Stop:
    """A kiosk with one lane, as often started as one likes."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.start()

    def start(self) -> None:
        self.kiosk: OpenJournal = self.home.open()
        self.lanes = LaneDesk(
            self.kiosk.journal, self.kiosk.learnt, NullPanel("none:"), NoScreen(), entropy("lanes")
        )
        self.lanes.open("door")
        self.desk = WorkDesk(self.kiosk.journal, self.kiosk.learnt, self.lanes, entropy("desk"))

    def scan(self, *texts: str) -> None:
        for text in texts:
            self.home.clock.now += 2_000
            self.lanes.take(ScanRead("door", text))

    def wait(self, minutes: int) -> None:
        self.home.clock.now += minutes * MINUTE
        self.lanes.tick()
        self.desk.tick()

    def reboot(self) -> None:
        self.kiosk.close()
        self.home.clock = SetClock("f" * 32, 5_000)
        self.start()

    def minutes(self) -> int | None:
        """How long the work is known to have lasted; None when nobody is at work."""
        works = self.kiosk.journal.knowledge.works(self.kiosk.learnt)
        return works[0][1].minutes if works else None

    def ended(self) -> list[WorkEnded]:
        lines = self.kiosk.lines()
        return [e.public.body for e in lines if isinstance(e.public.body, WorkEnded)]


@pytest.fixture
def stop(tmp_path: Path) -> Stop:
    return Stop(Home(tmp_path / "kiosk-0"))


def test_forgotten_work_is_ended_by_rule_once(stop: Stop) -> None:
    stop.scan(WORK, CARD, FINISH)
    stop.wait(RULE_MINUTES - 2)
    assert stop.ended() == []
    stop.wait(LOOK_MS // MINUTE)
    (ended,) = stop.ended()
    assert (ended.how, ended.minutes) == ("rule", RULE_MINUTES)
    (started,) = (e for e in stop.kiosk.lines() if isinstance(e.public.body, WorkStarted))
    assert ended.started == started.id
    assert started.private.person == person_hash(CARD)
    stop.reboot()
    stop.wait(60)
    assert len(stop.ended()) == 1


def test_after_going_home_by_mistake_the_time_goes_on_even_over_a_restart(stop: Stop) -> None:
    stop.scan(WORK, CARD, FINISH)
    stop.wait(60)
    stop.scan(WORK, CARD, UNDO)
    stop.kiosk.close()
    stop.start()
    stop.wait(60)
    assert stop.minutes() == 120


def test_after_a_cut_of_power_the_card_still_ends_the_work_without_a_guess(stop: Stop) -> None:
    stop.scan(WORK, CARD, FINISH)
    stop.wait(60)
    stop.reboot()
    assert stop.minutes() is None
    stop.scan(WORK, CARD)
    (ended,) = stop.ended()
    assert (ended.how, ended.minutes) == ("card", None)


def test_after_a_cut_of_power_work_ends_by_rule_when_it_is_over_for_sure(stop: Stop) -> None:
    stop.scan(WORK, CARD, FINISH)
    stop.reboot()
    stop.wait(RULE_MINUTES - 60)
    assert stop.ended() == []
    stop.wait(60)
    (ended,) = stop.ended()
    assert (ended.how, ended.minutes) == ("rule", RULE_MINUTES)


def test_a_kiosk_that_is_off_at_night_ends_work_by_the_calendar(stop: Stop) -> None:
    evening = 1_760_000_000_000
    stop.kiosk.learnt.learn(evening - stop.home.clock.now, "hub")
    stop.scan(WORK, CARD, FINISH)
    stop.reboot()
    stop.wait(5)
    assert stop.ended() == []
    stop.kiosk.learnt.learn(evening + 13 * 60 * MINUTE - stop.home.clock.now, "hub")
    stop.wait(LOOK_MS // MINUTE)
    (ended,) = stop.ended()
    assert (ended.how, ended.minutes) == ("rule", RULE_MINUTES)
