"""Anything is scanned at three lanes, in any order and through cuts of power: kiosk and hub still
say the same of every item."""

import contextlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.actions import ACTIONS, Verb
from contract.codes import PLACE_IN, Kind, action_code, place_code, serial_code
from kiosk.state import ItemFacts, through_boxes
from tests.support import people
from tests.support.both_sides import AT_THE_HUB
from tests.support.shop import Shop, Stand, open_shop

TEAM, STOP_2, BIN = place_code("TEAM01"), place_code("ST0P02"), place_code("B1N001")
SHELVES = (place_code("SHE1F1"), place_code("SHE1F2"), PLACE_IN)
BLANKS = [serial_code(kind, "ZAAA", n) for n in range(4) for kind in (Kind.ITEM, Kind.BOX)]
SCANS = 1_500
BETWEEN_CUTS = 200

NEVER = frozenset({"quarantined", "fork", "hole", "journal-lost", "hash-refused"})
"""Incidents that nothing which people scan may lead to."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path, lanes=3) as shop:
        kinds = [(TEAM, "team"), (STOP_2, "stop"), (BIN, "disposal")]
        kinds += [(shelf, "shelf") for shelf in SHELVES[:2]]
        rows = [(code, kind, "地方", "Place") for code, kind in kinds]
        shop.table("place", "code,kind,zh,en", rows)
        shop.kiosks[0].start()
        yield shop


class Crowd:
    """People who scan whatever lies before them."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self._shop = shop
        self._dice = random.Random(seed)
        self._cards = [shop.card() for _ in range(3)]
        self._families = [shop.family() for _ in range(2)]
        self._things: list[str] = []
        self._verbs = [verb for verb in Verb if verb is not Verb.HELP]
        self._choices: list[tuple[int, Callable[[], str]]] = [
            (30, self._thing),
            (10, lambda: self._dice.choice((people.RICE, people.SOAP))),
            (8, lambda: self._dice.choice(self._cards)),
            (8, lambda: people.plan(self._dice.randint(1, 3))),
            (4, lambda: self._dice.choice(self._families)),
            (6, lambda: self._dice.choice((TEAM, STOP_2, BIN, *SHELVES))),
            (3, lambda: self._dice.choice(BLANKS)),
            (6, lambda: people.FINISH),
            (4, lambda: people.UNDO),
            (21, self._action),
        ]

    def look_around(self) -> None:
        """What has a label by now."""
        found: set[str] = set()
        for event in self._shop.site.events():
            body = event["public"]["body"]
            found.update(body[key] for key in ("item", "box") if body.get(key))
        self._things = sorted(found)

    def _thing(self) -> str:
        return self._dice.choice(self._things or [people.RICE])

    def _action(self) -> str:
        verb = self._dice.choice(self._verbs)
        action = self._dice.choice([one for one in ACTIONS.values() if one.verb is verb])
        return action_code(action.verb, action.argument)

    def scan(self, lanes: list[Stand]) -> None:
        """One scan at one of the lanes; hardly ever the same twice, which takes its time."""
        lane = self._dice.choice(lanes)
        weights = [weight for weight, _ in self._choices]
        code = lane.last
        while code == lane.last and self._dice.random() < 0.995:
            [(_, choose)] = self._dice.choices(self._choices, weights)
            code = choose()
        lane.scan(code)


@pytest.mark.proof
@pytest.mark.parametrize("seed", [2, 3, 5])
def test_kiosk_and_hub_say_the_same_of_every_item_whatever_is_scanned(
    shop: Shop, seed: int
) -> None:
    [counter] = shop.kiosks
    crowd = Crowd(shop, seed)
    for number in range(SCANS):
        if number % 40 == 0:
            crowd.look_around()
        crowd.scan(counter.lanes)
        if number % BETWEEN_CUTS == BETWEEN_CUTS - 1:
            counter.kiosk.kill()
            counter.start()
    crowd.look_around()
    counter.settle()
    counter.kiosk.stop()
    told = _at_the_hub(shop)
    known = _at_the_kiosk(counter.kiosk.journal)
    compared = [
        (code, known[code].status, status)
        for code, status in told.items()
        if code in known and known[code].status in AT_THE_HUB and status != "unknown"
    ]
    assert len(compared) > 50
    wrong = [one for one in compared if one[2] not in AT_THE_HUB[one[1]]]
    assert wrong == []
    counter.start()
    shop.incidents.update(one["kind"] for one in shop.site.incidents())
    assert not shop.incidents & NEVER


def _at_the_hub(shop: Shop) -> dict[str, str]:
    uri = f"file:{shop.site.database}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as database:
        return dict(database.execute("SELECT code, status FROM item").fetchall())


def _at_the_kiosk(journal: Path) -> dict[str, ItemFacts]:
    """What the kiosk knows of each label, of what is in a box through its box."""
    uri = f"file:{journal}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        rows = database.execute("SELECT code, status, box, aside FROM known").fetchall()
    own = {code: ItemFacts(status, box=box, aside=bool(aside)) for code, status, box, aside in rows}

    nothing = ItemFacts("foreign")
    return {code: through_boxes(code, lambda one: own.get(one, nothing)) for code in own}
