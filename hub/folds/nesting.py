"""Which boxes hold what, and where they stand: what one pass of custody knows of the things around
an item.

`hub.folds.item` says by which rules.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from contract.codes import PLACE_IN
from contract.events import (
    Arrived,
    Back,
    Corrected,
    Counted,
    Delivered,
    Disposed,
    FindIdentified,
    KitBroken,
    KitBuilt,
    Missing,
    Moved,
    Out,
    Packed,
    PresumedMissing,
    SaleTakenBack,
    Sent,
    Sold,
    Unpacked,
)

Custody: TypeAlias = (
    Moved
    | Packed
    | Unpacked
    | Out
    | Delivered
    | Back
    | Sent
    | Arrived
    | Missing
    | Disposed
    | Sold
    | SaleTakenBack
    | Counted
    | FindIdentified
    | KitBuilt
    | KitBroken
    | Corrected
    | PresumedMissing
)
PACKING: Final = frozenset({Packed, KitBuilt})
PLACING: Final = frozenset({Moved, Counted, FindIdentified, Arrived})


class Nesting:
    """Follows boxes and what is in them through the events of custody, in order."""

    def __init__(self) -> None:
        self.inside: Final[dict[str, str]] = {}  # item or box -> box
        self.places: Final[dict[str, str]] = {}  # box -> place
        self.stands: Final[dict[str, str]] = {}  # box -> place at a stop
        self.aside: Final[set[str]] = set()  # items and boxes that wait to be checked

    def follow(self, body: Custody, named: Sequence[str]) -> None:
        """What this event, which names these items and boxes, does to boxes."""
        kind = type(body)
        if self.inside or kind in PACKING:
            for thing in named:
                self._contain(thing, body, named)
        if self.stands or kind in PACKING or kind in PLACING:
            self._stand(body, named)
        if isinstance(body, Moved | Counted | FindIdentified | Arrived):
            inner = [thing for thing in self.inside if thing.startswith("B")]
            for box in (*named, *inner):
                if box in named or any(above in named for above in self.above(box)):
                    self.places[box] = body.place

    def waits(self, thing: str) -> bool:
        """Whether it, or a box that it is in, waits to be checked."""
        if not self.aside:
            return False
        return thing in self.aside or not self.aside.isdisjoint(self.above(thing))

    def above(self, thing: str) -> list[str]:
        """The boxes around it, the inner one first."""
        found: list[str] = []
        while (box := self.inside.get(thing)) is not None and box not in found:
            found.append(box)
            thing = box
        return found

    def place_of(self, box: str) -> str | None:
        """Where it was last put, or the box that it is in."""
        for holder in (box, *self.above(box)):
            if holder in self.places:
                return self.places[holder]
        return None

    def _contain(self, thing: str, body: Custody, named: Sequence[str]) -> None:
        if isinstance(body, Corrected | PresumedMissing):
            return  # nobody had it in their hands
        box = self.inside.get(thing)
        seen = body.place if isinstance(body, Counted | FindIdentified) else None
        if box is not None and seen is not None and self._stands(box) == seen:
            return  # on the shelf with its box
        if isinstance(body, Packed | KitBuilt):
            self._out_of_its_box(thing)
            if thing != body.box and thing not in self.above(body.box):
                self.inside[thing] = body.box
        elif isinstance(body, Unpacked | KitBroken) or box not in named:
            self._out_of_its_box(thing)

    def _out_of_its_box(self, thing: str) -> None:
        """What waits with its box waits on."""
        if self.waits(thing):
            self.aside.add(thing)
        if thing in self.inside:
            stood = self._stands(self.inside.pop(thing))
            if stood is not None:
                self.stands[thing] = stood

    def _stands(self, box: str) -> str | None:
        """Where a box stands at the stop, as far as its kiosk knows."""
        return self.stands.get([box, *self.above(box)][-1])

    def _stand(self, body: Custody, named: Sequence[str]) -> None:
        """Boxes stand somewhere from now on, or do not."""
        if isinstance(body, Corrected | PresumedMissing | Unpacked | KitBroken):
            return
        if isinstance(body, Packed | KitBuilt):
            if self._stands(body.box) is None:
                self.inside.pop(body.box, None)
                self.stands[body.box] = PLACE_IN
            return
        seen = isinstance(body, Counted | FindIdentified)
        there = body.place if isinstance(body, Moved | Counted | FindIdentified | Arrived) else None
        for box in named:
            if there is None:
                self.stands.pop(box, None)
            elif box not in self.inside or not seen:
                self.stands[box] = there
