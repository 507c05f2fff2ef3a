"""One kiosk and the hub side by side, without a disk or a network: what anybody scans, and what
both say of every item after it.

The kiosk is `tests.support.lanes.World`; the hub is `hub.folds.item.fold_item`, given the events
that its projector would give it. Scans are plain values, so that a list of them can be repeated,
printed and shortened.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from contract.actions import ACTIONS, Verb
from contract.codes import PLACE_IN, Kind, place_code, serial_code
from contract.events import Event
from contract.order import NO_CEILING, Placement, SortKey
from hub.folds.entries import Entry, holder, stored, subjects
from hub.folds.item import ItemState, fold_item
from kiosk.inputs import (
    ActionCard,
    BoxLabel,
    CategoryCard,
    ItemLabel,
    PlaceSheet,
    QuantityCard,
    ReadyMade,
    Scan,
    TakeOut,
)
from tests.support import lanes
from tests.support.lanes import World

AT_THE_HUB: Final = {
    "here": {"in_stock", "unlabelled"},
    "out": {"out"},
    "delivered": {"delivered"},
    "voided": {"voided"},
    "quarantined": {"quarantined"},
    "sold": {"sold"},
    "sent": {"sent"},
    "missing": {"missing"},
    "disposed": {"disposed"},
}
"""What the hub says of an item of which its kiosk says this."""

STATIONS: Final = ("door", "back", "screen")
SHELF_2: Final = PlaceSheet(place_code("SHE1F2"))
BLANKS: Final = tuple(
    ReadyMade(serial_code(kind, "ZAAA", n)) for n in range(4) for kind in (Kind.ITEM, Kind.BOX)
)


class Step(NamedTuple):
    """One thing that happens. ``what`` is a scan, the number of a label among those that are in use
    by then (as ``int``), or the milliseconds until the kiosk goes on (``cut``: after a power cut).
    """

    lane: str
    what: Scan | int
    wait: int = 0
    cut: bool = False
    take_out: bool = False


class Differs(NamedTuple):
    """An item of which the kiosk says another thing than the hub."""

    code: str
    kiosk: str
    hub: str


class BothSides:
    """A kiosk with three lanes, and the hub that gets its events."""

    def __init__(self) -> None:
        self.world: Final = World()
        self._entries: Final[list[Entry]] = []
        self._of: Final[dict[str, list[Entry]]] = {}
        self.labels: Final[list[str]] = []
        self._place: Final = Placement(0, 0, NO_CEILING, True)

    def take(self, step: Step) -> None:
        """Lets it happen."""
        world = self.world
        world.now += 700
        if step.cut:
            world.after(step.wait, cut=True)
        elif step.wait:
            world.wait(step.wait, step.lane)
        else:
            world.scan(self._scan(step), step.lane)
        self._to_the_hub(world.events[len(self._entries) :])

    def _scan(self, step: Step) -> Scan:
        if not isinstance(step.what, int):
            return step.what
        if not self.labels:
            return lanes.RICE
        code = self.labels[step.what % len(self.labels)]
        if step.take_out:
            return TakeOut(code)
        if code.startswith(Kind.BOX):
            return BoxLabel(code)
        return ItemLabel(code)

    def _to_the_hub(self, events: Sequence[Event]) -> None:
        for event in events:
            row = len(self._entries) + 1
            public = event.public
            key = SortKey(public.mono, public.kiosk, 0, public.epoch, public.seq, event.hash)
            entry = Entry(
                key, stored(row, row, public.kiosk, event.hash, event), "stop-1", self._place
            )
            self._entries.append(entry)
            for subject in subjects(public.body):
                if subject not in self._of and subject[0] in (Kind.ITEM, Kind.BOX):
                    self.labels.append(subject)
                self._of.setdefault(subject, []).append(entry)

    def at_the_hub(self, code: str) -> ItemState | None:
        """What the hub makes of the events that concern this label."""
        needed: dict[int, Entry] = {}
        seen = {code}
        pending = [code]
        while pending:
            subject = pending.pop()
            for entry in self._of.get(subject, ()):
                needed[entry.stored.row] = entry
                group = None if subject[0] == Kind.PLAN else holder(subject, entry.stored.body)
                if group is not None and group not in seen:
                    seen.add(group)
                    pending.append(group)
        return fold_item(code, [needed[row] for row in sorted(needed)])

    def differences(self) -> list[Differs]:
        """Every item of which the two do not say the same."""
        found = []
        for code in self.labels:
            known = self.world.item(code).status
            if known not in AT_THE_HUB:
                continue
            state = self.at_the_hub(code)
            if state is None or state.status == "unknown":
                continue
            if state.status not in AT_THE_HUB[known]:
                found.append(Differs(code, known, state.status))
        return found


def anything(seed: int, count: int) -> list[Step]:
    """So many things that happen at a stop, the same for the same seed."""
    dice = random.Random(seed)
    verbs = [verb for verb in Verb if verb not in (Verb.HELP, Verb.FINISH, Verb.UNDO)]

    def action() -> Scan:
        verb = dice.choice(verbs)
        one = dice.choice([each for each in ACTIONS.values() if each.verb is verb])
        if verb is Verb.QUANTITY:
            return QuantityCard(dice.choice((2, 3)))
        if verb is Verb.CATEGORY:
            return CategoryCard(one.argument)
        return ActionCard(one.verb, one.argument)

    choices: list[tuple[int, Callable[[], Scan | int]]] = [
        (34, lambda: dice.randrange(10_000)),
        (8, lambda: dice.choice((lanes.RICE, lanes.CLOTHES))),
        (8, lambda: dice.choice((lanes.ANN, lanes.BOB))),
        (8, lambda: dice.choice((lanes.PLAN, lanes.OTHER_PLAN))),
        (4, lambda: lanes.FAMILY),
        (
            6,
            lambda: dice.choice(
                (
                    lanes.TEAM,
                    lanes.OTHER_STOP,
                    lanes.BIN,
                    lanes.SHELF,
                    SHELF_2,
                    PlaceSheet(PLACE_IN),
                )
            ),
        ),
        (3, lambda: dice.choice(BLANKS)),
        (6, lambda: lanes.FINISH),
        (10, lambda: lanes.UNDO),
        (21, action),
    ]
    weights = [weight for weight, _ in choices]
    steps = []
    for _ in range(count):
        lane = dice.choice(STATIONS)
        chance = dice.random()
        if chance < 0.01:
            steps.append(Step(lane, 0, 2_000, cut=True))
        elif chance < 0.03:
            steps.append(Step(lane, 0, dice.choice((5_000, 16_000, 31_000, 61_000))))
        else:
            [(_, choose)] = dice.choices(choices, weights)
            what = choose()
            steps.append(Step(lane, what, take_out=isinstance(what, int) and chance > 0.99))
    return steps


def differ(steps: Iterable[Step], every: int = 1) -> list[Differs]:
    """What the two sides say differently after these, at the first time when they do."""
    both = BothSides()
    number = 0
    for number, step in enumerate(steps, start=1):
        both.take(step)
        if number % every == 0 and (found := both.differences()):
            return found
    return both.differences()


def shortest(steps: Sequence[Step]) -> list[Step]:
    """Fewer of these steps, after which the two sides differ still."""
    left = list(steps)
    size = max(1, len(left) // 2)
    while True:
        at, fewer = 0, False
        while at < len(left):
            rest = left[:at] + left[at + size :]
            if differ(rest, every=10**9):
                left, fewer = rest, True
            else:
                at += size
        if not fewer and size == 1:
            return left
        if not fewer:
            size = max(1, size // 2)
