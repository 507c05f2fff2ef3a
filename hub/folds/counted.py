"""What a stocktake is made of. Pure; `hub.folds.stocktake` tells how it comes about."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

COUNTING: Final = "counting"
PAUSED: Final = "paused"
CLOSED: Final = "closed"

WAITING: Final = "waiting"
"""Nobody has counted this place yet."""
AGAIN: Final = "again"
"""It is to be counted again, and nobody has yet."""
OPEN: Final = "open"
"""Somebody counts there."""
COUNTED: Final = "counted"


class Sighting(Struct, frozen=True):
    """``item``, or a box, was seen at ``place``. ``category`` is that of something which had no
    label and got one; empty for a label that was read."""

    item: str
    place: str
    t: int
    event: str
    part: str
    category: str = ""


class Turn(Struct, frozen=True):
    """A part's turn at a place; ``closed_t`` None while it lasts."""

    part: str
    place: str
    opened_t: int
    closed_t: int | None
    sightings: tuple[Sighting, ...]


class Part(Struct, frozen=True):
    """What one lane or phone counts. ``joined`` is the id of the event that made it a part, empty
    for the stocktake's own; ``place`` is the shelf that is open."""

    id: str
    kiosk: str
    lane: str
    stop: str
    joined: str
    opened_t: int | None
    last_t: int | None
    state: str
    place: str | None
    seen: int


class Shelf(Struct, frozen=True):
    """A place in its present round. ``round`` counts from 1, ``rounds`` those in which somebody
    finished; ``opened_t`` and ``closed_t`` are the first and last moment of its turns."""

    place: str
    state: str
    round: int
    rounds: int
    opened_t: int | None
    closed_t: int | None
    sightings: tuple[Sighting, ...]
    parts: tuple[str, ...]


class Approval(Struct, frozen=True):
    """When it was approved, by which account, with the log at ``position``; ``event`` its id."""

    t: int
    account: str
    position: int
    seen: int
    missing: int
    event: str


class Stocktake(Struct, frozen=True):
    """A planned stocktake with all that counts for it. ``account`` planned it; ``counters`` are the
    accounts that counted by phone; ``finds`` had no label, in whatever round, and got one;
    ``identified`` tells which item a find is, where somebody ruled so; ``own`` the ids of its
    sightings and of what it presumed missing, which must not be why something was expected."""

    id: str
    stop: str
    planned_t: int
    account: str
    event: str
    places: tuple[str, ...]
    categories: tuple[str, ...]
    blind: bool
    recount: str
    parts: tuple[Part, ...]
    shelves: tuple[Shelf, ...]
    counters: frozenset[str]
    own: frozenset[str]
    finds: tuple[Sighting, ...] = ()
    identified: Mapping[str, str] = MappingProxyType({})
    approved: Approval | None = None
    cancelled_t: int | None = None
    cancelled_why: str = ""

    @property
    def decided(self) -> bool:
        """Whether it was approved or given up."""
        return self.decided_t is not None

    @property
    def decided_t(self) -> int | None:
        """When it was approved or given up; None while it goes on."""
        return self.approved.t if self.approved is not None else self.cancelled_t

    def includes(self, place: str) -> bool:
        """Whether a place is to be counted."""
        return not self.places or place in self.places

    def shelf(self, place: str) -> Shelf | None:
        """The place, if anybody did or should count it."""
        return next((one for one in self.shelves if one.place == place), None)
