"""A pack's code held under the scanner: the date in it against what the kiosk knows of today."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contract import events
from contract.actions import Verb
from contract.codes import action_code
from contract.events import FoodRefused, Quarantined, Received, Retail
from contract.messages import Product
from contract.reference import Entry, Recall, SettingsOf, StopSettings
from drivers.fakes import FakePanel
from drivers.ports import ScanRead
from kiosk.clock import LearntClock
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk, NoScreen
from kiosk.reference import Reference, reference_data
from kiosk.spool import Spool
from tests.support.journals import Home, entropy

RICE = "06901234567892"
MORNING = int(datetime(2026, 11, 21, 23, 30, tzinfo=UTC).timestamp() * 1000)
"""In China it is Sunday the 22nd already."""


class Kiosk:
    """A kiosk without devices: text goes in, events come out. ``wall``: the hub told the time."""

    def __init__(
        self, home: Home, start: str, wall: int | None, gate: str, recalls: Sequence[Recall]
    ) -> None:
        parts: dict[str, Sequence[Entry]] = {
            "products": [Product(RICE, "F1", "大米", "Rice")],
            "settings": [SettingsOf((), StopSettings(food_margin_days=3, food_gate=gate))],
            "recalls": recalls,
        }
        self.clock = home.clock
        learnt = LearntClock(home.clock)
        if wall is not None:
            learnt.learn(wall - home.clock.mono())
        random = entropy(start)
        self.panel = FakePanel()
        self.journal = Journal(
            home.path,
            home.identity,
            learnt,
            spool=Spool(home.spool),
            software="test",
            entropy=random,
            reference=Reference(reference_data("", parts)),
        )
        if wall is not None:
            self.journal.streams.clock_learnt(wall)
        self.desk = LaneDesk(self.journal, learnt, self.panel, NoScreen(), random)

    def scan(self, text: str) -> None:
        self.clock.now += 2_000
        self.desk.take(ScanRead("door", text))

    def bodies(self) -> list[events.Body]:
        """What this start recorded."""
        stream = self.journal.streams.current
        return [
            events.decode(raw).public.body
            for _, raw in self.journal.streams.read(stream.epoch, 1, stream.head)
        ]


Start = Callable[..., Kiosk]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    home = Home(tmp_path / "kiosk")
    running: list[Kiosk] = []

    def again(
        wall: int | None = None, gate: str = "refuse", recalls: Sequence[Recall] = ()
    ) -> Kiosk:
        for kiosk in running:
            kiosk.journal.close()
        running[:] = [Kiosk(home, f"start {home.clock.mono()}", wall, gate, recalls)]
        return running[0]

    yield again
    for kiosk in running:
        kiosk.journal.close()


def judged(kiosk: Kiosk) -> list[tuple[str, str]]:
    """Type and reason of what was recorded of goods, in order."""
    goods = (Received, FoodRefused, Quarantined)
    return [
        (events.type_of(body), "" if isinstance(body, Received) else body.why)
        for body in kiosk.bodies()
        if isinstance(body, goods)
    ]


def test_a_date_in_a_code_is_held_against_the_stops_own_day(start: Start) -> None:
    kiosk = start(wall=MORNING)
    kiosk.scan(f"]d201{RICE}17261121")
    kiosk.scan(f"]d201{RICE}17261124")
    kiosk.scan(f"]d201{RICE}1726112510LOT7")
    kiosk.scan(f"https://id.gs1.org/01/{RICE}?15=261100")
    kiosk.scan("6901234567892")
    assert judged(kiosk) == [
        ("food.refused", "expired"),
        ("food.refused", "expires-soon"),
        ("received", ""),
        ("received", ""),
        ("received", ""),
    ]
    refused = next(body for body in kiosk.bodies() if isinstance(body, FoodRefused))
    assert refused.retail == Retail(RICE, expiry="2026-11-21")


def test_a_stop_that_chose_so_puts_it_aside(start: Start) -> None:
    kiosk = start(wall=MORNING, gate="quarantine")
    kiosk.scan(f"]d201{RICE}17261121")
    assert judged(kiosk) == [("received", ""), ("quarantined", "expired")]
    (code,) = [body.item for body in kiosk.bodies() if isinstance(body, Received)]
    assert kiosk.journal.knowledge.item_facts(code).status == "quarantined"
    kiosk.scan(action_code(Verb.UNDO))
    assert kiosk.journal.knowledge.item_facts(code).status == "voided"


def test_goods_that_the_hub_recalled_are_put_aside_at_the_scan(start: Start) -> None:
    kiosk = start(wall=MORNING, recalls=[Recall("16901234567899", ("LOT 7",))])
    kiosk.scan(f"]d201{RICE}1727112510lot7")
    kiosk.scan(f"]d201{RICE}1727112510LOT8")
    kiosk.scan("6901234567892")
    assert judged(kiosk) == [
        ("received", ""),
        ("quarantined", "recalled"),
        ("received", ""),
        ("received", ""),
        ("quarantined", "perhaps-recalled"),
    ]


def test_a_new_kiosk_without_the_time_turns_nothing_away(start: Start) -> None:
    kiosk = start(wall=None)
    kiosk.scan(f"]d201{RICE}17000131")
    kiosk.scan(f"]d201{RICE}17400131")
    kiosk.scan("6901234567892")
    assert judged(kiosk) == [
        ("received", ""),
        ("quarantined", "date-unsure"),
        ("received", ""),
        ("quarantined", "date-unsure"),
        ("received", ""),
    ]


def test_after_a_power_cut_without_a_network_the_kiosk_knows_what_time_it_was(
    start: Start,
) -> None:
    start(wall=MORNING).scan("6901234567892")
    kiosk = start(wall=None)
    assert kiosk.journal.streams.time_before is not None
    assert kiosk.journal.streams.time_before >= MORNING
    kiosk.scan(f"]d201{RICE}17261121")
    kiosk.scan(f"]d201{RICE}17270131")
    kiosk.scan(f"]d201{RICE}17280630")
    assert judged(kiosk) == [
        ("received", ""),
        ("quarantined", "expired"),
        ("received", ""),
        ("quarantined", "date-unsure"),
        ("received", ""),
    ]


def test_two_starts_without_the_time_do_not_forget_it(start: Start) -> None:
    start(wall=MORNING).scan("6901234567892")
    start(wall=MORNING + 60_000).scan("6901234567892")
    start(wall=None).scan("6901234567892")
    kiosk = start(wall=None)
    assert kiosk.journal.streams.time_before is not None
    assert kiosk.journal.streams.time_before >= MORNING
