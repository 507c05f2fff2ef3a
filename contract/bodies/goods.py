"""Goods come in: sessions, items, labels, condition, dates."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from contract.bodies.base import Happened
from contract.fields import (
    BoxCode,
    CategoryKey,
    Hash,
    HeldCode,
    HeldCodes,
    ItemCode,
    Month,
    PlaceCode,
    Quantity,
    SessionId,
    Word,
    whole,
)

IsoDate: TypeAlias = Annotated[str, whole(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")]


class Retail(Struct, frozen=True, omit_defaults=True):
    """What a retail code said: GTIN as 14 digits, and what GS1 element strings came with it.

    ``expiry`` (17): not to be used after; ``best_before`` (15): at its best until; ``produced``
    (11). A date without a day is the last day of its month (GS1 General Specifications, 3.4).
    ``serial`` (21) is never kept without a GTIN. ``net_grams`` (310n) goes with goods of variable
    measure, whose GTIN begins with 9.
    """

    gtin: Annotated[str, whole(r"[0-9]{14}")]
    expiry: IsoDate | None = None
    lot: Annotated[str, Meta(max_length=20)] | None = None
    produced: IsoDate | None = None
    best_before: IsoDate | None = None
    serial: Annotated[str, Meta(max_length=20)] | None = None
    net_grams: Annotated[int, Meta(ge=1, le=999_999_000)] | None = None

    @property
    def last_day(self) -> str | None:
        """The last good day, ``YYYY-MM-DD``: the earlier one where the code names both dates."""
        if self.expiry is None or self.best_before is None:
            return self.expiry or self.best_before
        return min(self.expiry, self.best_before)


class SessionOpened(Happened, frozen=True, tag="session.opened"):
    """A person (private part) or somebody without a card began at a lane."""

    session: SessionId


class SessionJoined(Happened, frozen=True, tag="session.joined"):
    """A card was scanned soon after a cardless session's last item and belongs to it."""

    session: SessionId


class SessionClosed(Happened, frozen=True, tag="session.closed"):
    """A session ended; ``claim`` is the hash that opens the donor's private list."""

    session: SessionId
    why: Word
    items: Annotated[int, Meta(ge=0, le=100_000)] = 0
    claim: Hash | None = None


class Received(Happened, frozen=True, tag="received"):
    """One item came in and got its code. ``category`` ``ZZ`` is "to be sorted".

    ``ready_made``: the code was on a label printed ahead, and is on the item already.
    """

    session: SessionId
    item: ItemCode
    category: CategoryKey
    place: PlaceCode
    retail: Retail | None = None
    ready_made: bool = False


class LabelAttached(Happened, frozen=True, tag="label.attached"):
    """The label of an item or whole box is on it as far as we can know: printed, unconfirmed or
    scanned back."""

    item: HeldCode
    how: Word


class BoxReceived(Happened, frozen=True, tag="box.received"):
    """A whole box of one kind came in under one code; ``quantity`` is what was said of it."""

    session: SessionId
    box: BoxCode
    category: CategoryKey
    place: PlaceCode
    retail: Retail | None = None
    quantity: Quantity = 1
    ready_made: bool = False


class FoodRefused(Happened, frozen=True, tag="food.refused"):
    """Food was not taken in: ``why`` is the food gate's word, ``retail`` what its code said."""

    category: CategoryKey
    why: Word
    retail: Retail | None = None
    session: SessionId | None = None


class Graded(Happened, frozen=True, tag="graded"):
    """Somebody judged the condition of these items; ``grade`` is a key of the grade cards."""

    items: HeldCodes
    grade: Annotated[str, whole(r"[A-Z]")]
    session: SessionId | None = None


class ExpirySet(Happened, frozen=True, tag="expiry.set"):
    """Somebody read the date on these items: usable to the end of ``month`` (``YYYY-MM``)."""

    items: HeldCodes
    month: Month
    session: SessionId | None = None


class Quarantined(Happened, frozen=True, tag="quarantined"):
    """These items may not go out until somebody has checked them; ``why`` is a machine word."""

    items: HeldCodes
    why: Word
    session: SessionId | None = None


class Released(Happened, frozen=True, tag="released"):
    """Somebody checked these quarantined items and found them good; ``why`` is a machine word."""

    items: HeldCodes
    session: SessionId | None = None
    why: Word = ""


class LabelReprinted(Happened, frozen=True, tag="label.reprinted"):
    """Another print of this item's label was asked for; it says that it is a copy."""

    item: HeldCode
    session: SessionId | None = None
