"""What the hub told of cards, at a kiosk with a real journal: who may open the market."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.actions import Verb
from contract.codes import Kind, action_code, token_code
from contract.events import person_hash
from contract.reference import Capability, Entry, SettingsOf, StopSettings
from drivers.fakes import FakePanel
from drivers.ports import ScanRead, Signal
from kiosk.clock import LearntClock
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk, NoScreen
from kiosk.reference import Reference, reference_data
from kiosk.spool import Spool
from kiosk.state import Phase
from tests.support.journals import Home, entropy

SELLER = token_code(Kind.PERSON, b"seller-sel")
DONOR = token_code(Kind.PERSON, b"donor-dono")
MARKET = action_code(Verb.MARKET)
IDLE_S = 40


class Kiosk:
    """Text goes in; ``named``: the hub has named the seller's card."""

    def __init__(self, home: Home, seed: str, named: bool) -> None:
        can: list[Entry] = [Capability(person_hash(SELLER), ("sell",))] if named else []
        settings: list[Entry] = [SettingsOf((), StopSettings(idle_s={"market": IDLE_S}))]
        clock, random = LearntClock(home.clock), entropy(seed)
        self.clock = home.clock
        self.panel = FakePanel()
        self.journal = Journal(
            home.path,
            home.identity,
            clock,
            spool=Spool(home.spool),
            software="test",
            entropy=random,
            reference=Reference(
                reference_data("", {"capabilities": can, "settings": settings} if named else {})
            ),
        )
        self.desk = LaneDesk(self.journal, clock, self.panel, NoScreen(), random)

    def scan(self, *texts: str) -> Phase:
        """The phase of the lane after these."""
        for text in texts:
            self.clock.now += 2_000
            self.desk.take(ScanRead("stall", text))
        return self.desk.states["stall"].phase


Start = Callable[[bool], Kiosk]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    home = Home(tmp_path / "kiosk")
    running: list[Kiosk] = []

    def again(named: bool) -> Kiosk:
        for kiosk in running:
            kiosk.journal.close()
        running[:] = [Kiosk(home, f"start {home.clock.mono()}", named)]
        return running[0]

    yield again
    for kiosk in running:
        kiosk.journal.close()


def test_at_a_stop_that_named_nobody_everybody_sells(start: Start) -> None:
    assert start(False).scan(MARKET) is Phase.MARKET


def test_from_the_first_named_card_on_only_who_may_sell_sells(start: Start) -> None:
    kiosk = start(True)
    assert kiosk.scan(MARKET) is Phase.REST
    assert kiosk.panel.shown[-1] == ("stall", Signal.REFUSED)
    assert kiosk.scan(DONOR, MARKET) is Phase.CARDED
    assert kiosk.panel.shown[-1] == ("stall", Signal.REFUSED)
    assert kiosk.scan(SELLER, MARKET) is Phase.MARKET


def test_after_a_cut_of_power_a_mode_waits_as_long_as_the_stop_chose(start: Start) -> None:
    start(True).scan(SELLER, MARKET)
    kiosk = start(True)
    assert kiosk.desk.next_deadline() == kiosk.clock.now + IDLE_S * 1000
    kiosk.clock.now += IDLE_S * 1000
    kiosk.desk.tick()
    assert kiosk.desk.states["stall"].phase is Phase.REST
