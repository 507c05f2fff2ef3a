"""Who tells a kiosk what time it is, and what it makes of that."""

from functools import partial
from pathlib import Path
from typing import Final

import pytest

from contract.events import ClockLearned
from kiosk.clock import synchronised_wall
from kiosk.store import JournalError
from kiosk.time_desk import ASK_MS, HUB, NTP, TimeDesk
from tests.support.full_disk import full_disk
from tests.support.journals import WALL, Home, OpenJournal

YEAR_MS = 365 * 24 * 3_600_000


class Kiosk:
    """A real journal, and a machine whose time server the test plays."""

    def __init__(self, directory: Path) -> None:
        self.home: Final = Home(directory)
        self.open: OpenJournal = self.home.open()
        self.server: int | None = None
        self.desk = TimeDesk(self.open.journal, self.open.learnt, lambda: self.server)

    def wait(self, ms: int = ASK_MS) -> None:
        self.open.clock.now += ms
        self.desk.tick()

    def learnt(self) -> list[tuple[str, int]]:
        """Source and wall time of each event that tells the time, as of the first moment."""
        return [
            (body.source, body.offset)
            for body in (line.public.body for line in self.open.lines())
            if isinstance(body, ClockLearned)
        ]


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    return Kiosk(tmp_path / "kiosk")


def test_a_machine_s_own_belief_is_no_source(kiosk: Kiosk) -> None:
    kiosk.wait()
    assert not kiosk.open.learnt.trusted
    assert kiosk.learnt() == []


def test_a_time_server_is_believed_until_the_hub_speaks_and_never_after(kiosk: Kiosk) -> None:
    kiosk.server = WALL
    kiosk.wait()
    assert (kiosk.open.learnt.source, kiosk.open.learnt.wall()) == (NTP, WALL)
    kiosk.desk.hub_said(WALL + 60_000)
    assert (kiosk.open.learnt.source, kiosk.open.learnt.wall()) == (HUB, WALL + 60_000)
    kiosk.server = WALL + YEAR_MS
    kiosk.wait()
    assert kiosk.open.learnt.wall() == WALL + 60_000 + ASK_MS
    assert [source for source, _ in kiosk.learnt()] == [NTP, HUB]


def test_the_hub_that_agrees_with_the_time_server_needs_no_event(kiosk: Kiosk) -> None:
    kiosk.server = WALL
    kiosk.wait()
    kiosk.desk.hub_said(WALL + 500)
    assert kiosk.open.learnt.source == HUB
    assert [source for source, _ in kiosk.learnt()] == [NTP]


@pytest.mark.parametrize("wall", [0, WALL - 20 * YEAR_MS, WALL + 90 * YEAR_MS])
def test_nonsense_is_believed_from_nobody(kiosk: Kiosk, wall: int) -> None:
    kiosk.server = wall
    kiosk.wait()
    kiosk.desk.hub_said(wall)
    assert not kiosk.open.learnt.trusted


@pytest.mark.parametrize("step", [10 * YEAR_MS, -5 * YEAR_MS])
def test_a_hub_whose_clock_steps_is_followed_both_ways(kiosk: Kiosk, step: int) -> None:
    kiosk.desk.hub_said(WALL)
    kiosk.desk.hub_said(WALL + step)
    assert kiosk.open.learnt.wall() == WALL + step
    kiosk.desk.hub_said(WALL)
    assert kiosk.open.learnt.wall() == WALL
    assert len(kiosk.learnt()) == 3


def test_the_kernel_tells_the_time_only_when_a_server_stands_behind_it() -> None:
    said = synchronised_wall()
    assert said is None or said > WALL


@pytest.mark.parametrize("source", [NTP, HUB])
def test_a_time_that_a_full_disk_did_not_take_is_recorded_when_there_is_room(
    kiosk: Kiosk, source: str
) -> None:
    kiosk.open.clock.now += ASK_MS
    kiosk.server = WALL if source == NTP else None
    told = kiosk.desk.tick if source == NTP else partial(kiosk.desk.hub_said, WALL)
    with full_disk(kiosk.home.path), pytest.raises(JournalError):
        told()
    assert kiosk.open.learnt.wall() == WALL, "it is known all the same"
    assert kiosk.learnt() == []
    kiosk.wait()
    kiosk.wait()
    assert [who for who, _ in kiosk.learnt()] == [source]
    assert kiosk.desk.next_deadline() is None
