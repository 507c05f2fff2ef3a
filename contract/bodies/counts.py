"""Stocktakes: shelves, what was seen on them, pauses, things without a label."""

from typing import Annotated

from msgspec import Meta

from contract.bodies.base import Happened
from contract.fields import CategoryKey, HeldCode, ItemCode, PlaceCode, SessionId, Word


class CountOpened(Happened, frozen=True, tag="count.opened"):
    """A stocktake began at this lane; ``count`` names it until it is closed."""

    count: SessionId


class ShelfOpened(Happened, frozen=True, tag="shelf.opened"):
    """What is scanned from now on stands at ``place``."""

    count: SessionId
    place: PlaceCode


class Counted(Happened, frozen=True, tag="counted"):
    """A label was seen in a stocktake.

    ``outcome``: ok, elsewhere (known at another place), unchecked (a sealed box whose content
    nobody looked at), out, delivered, voided, unknown, foreign.
    """

    count: SessionId
    place: PlaceCode
    item: HeldCode
    outcome: Word


class FoundUnlabelled(Happened, frozen=True, tag="found.unlabelled"):
    """Something without a readable label stood at ``place`` and got a new one; the lead matches it
    with what is missing."""

    count: SessionId
    place: PlaceCode
    item: ItemCode
    category: CategoryKey


class FindIdentified(Happened, frozen=True, tag="find.identified"):
    """What was found without a label, and labelled ``find``, is ``item``, which nobody had found:
    it stood at ``place`` all the time, and ``find`` is no thing of its own. Decided at the hub."""

    count: SessionId
    place: PlaceCode
    find: ItemCode
    item: HeldCode


class ShelfClosed(Happened, frozen=True, tag="shelf.closed"):
    """A shelf's count ended: how many labels were ``seen`` and how many this kiosk ``expected``."""

    count: SessionId
    place: PlaceCode
    seen: Annotated[int, Meta(ge=0, le=100_000)]
    expected: Annotated[int, Meta(ge=0, le=100_000)]
    missing: Annotated[int, Meta(ge=0, le=100_000)] = 0


class CountPaused(Happened, frozen=True, tag="count.paused"):
    """The stocktake rests; a shelf that was open stays open."""

    count: SessionId
    why: Word = "card"


class CountResumed(Happened, frozen=True, tag="count.resumed"):
    """The stocktake goes on where it was."""

    count: SessionId


class CountClosed(Happened, frozen=True, tag="count.closed"):
    """The stocktake ended with so many shelves."""

    count: SessionId
    shelves: Annotated[int, Meta(ge=0, le=10_000)]
    seen: Annotated[int, Meta(ge=0, le=1_000_000)]
