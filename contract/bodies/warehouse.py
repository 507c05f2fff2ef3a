"""What people decide at the hub: reservations, kits, corrections, counts, closed months, recalls.

These are events of the stream ``hub``. Who decided is an account id in the private part, the stop
that it is about stands in the public part's ``stop``. A reason is a key of a closed table; words
of a person's own stand outside the log, where they can be erased.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from contract.bodies.base import Happened
from contract.fields import (
    MAX_IDS_PER_VOID,
    MAX_SEQ,
    BoxCode,
    CategoryKey,
    EventId,
    Hash,
    HeldCode,
    HeldCodes,
    Jiao,
    Milliseconds,
    Month,
    PlaceCode,
    PlanCode,
    SessionId,
    Word,
    whole,
)

Compared: TypeAlias = Annotated[tuple[EventId, ...], Meta(max_length=MAX_IDS_PER_VOID)]
CorrectedStatus: TypeAlias = Literal["in_stock", "delivered", "sold", "missing", "disposed"]
IncidentKey: TypeAlias = Annotated[str, whole(r"[!-~]{1,256}")]
Position: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_SEQ)]
KitKey: TypeAlias = Annotated[str, whole(r"[a-z0-9-]{1,32}")]
Gtin: TypeAlias = Annotated[str, whole(r"[0-9]{14}")]
PlaceCodes: TypeAlias = Annotated[tuple[PlaceCode, ...], Meta(max_length=200)]
CategoryKeys: TypeAlias = Annotated[tuple[CategoryKey, ...], Meta(max_length=100)]
StatementNumber: TypeAlias = Annotated[int, Meta(ge=1, le=100_000)]


class Reserved(Happened, frozen=True, tag="reserved"):
    """These items are kept for a delivery plan: in stock, but not free."""

    plan: PlanCode
    items: HeldCodes


class Unreserved(Happened, frozen=True, tag="unreserved"):
    """These items are free again; ``why`` is a machine word."""

    items: HeldCodes
    why: Word = ""


class KitBuilt(Happened, frozen=True, tag="kit.built"):
    """A kit was put together by its recipe ``kit``: these items are in its box, each still with its
    own code and story."""

    box: BoxCode
    kit: KitKey
    items: HeldCodes


class KitBroken(Happened, frozen=True, tag="kit.broken"):
    """A kit was taken apart again: these items are out of its box."""

    box: BoxCode
    items: HeldCodes


class Corrected(Happened, frozen=True, tag="corrected"):
    """Somebody looked, and ruled what is so with these items.

    ``compared`` are the events that they weighed: conflicts among these are settled by it, and only
    a new event that says otherwise opens another one. ``why`` is a key of the reasons.
    """

    items: HeldCodes
    status: CorrectedStatus
    why: Word
    place: PlaceCode | None = None
    compared: Compared = ()


class CountPlanned(Happened, frozen=True, tag="count.planned"):
    """A stocktake is to be made: of these places (none: of the whole stop) and categories (none: of
    all). ``blind``: who counts is not told what is expected. ``recount`` is the rule by which a
    place is counted again: never, differs, always."""

    count: SessionId
    places: PlaceCodes = ()
    categories: CategoryKeys = ()
    blind: bool = True
    recount: Literal["never", "differs", "always"] = "differs"


class CountJoined(Happened, frozen=True, tag="count.joined"):
    """The stocktake ``part`` of a kiosk's lane or of a phone belongs to the planned ``count``."""

    count: SessionId
    part: SessionId


class RecountAsked(Happened, frozen=True, tag="count.recount"):
    """These places are counted again: what was seen there so far does not stand."""

    count: SessionId
    places: PlaceCodes


class CountApproved(Happened, frozen=True, tag="count.approved"):
    """Another person than who planned it approved a stocktake, as the log was at ``position``."""

    count: SessionId
    position: Position
    seen: Annotated[int, Meta(ge=0, le=1_000_000)]
    missing: Annotated[int, Meta(ge=0, le=1_000_000)]


class CountCancelled(Happened, frozen=True, tag="count.cancelled"):
    """A stocktake was given up; nothing follows from it."""

    count: SessionId
    why: Word = ""


class PresumedMissing(Happened, frozen=True, tag="presumed.missing"):
    """A stocktake did not find these items. They count as missing unless anything shows them at or
    after ``since`` (Unix milliseconds by the order of events), whenever that becomes known."""

    count: SessionId
    items: HeldCodes
    since: Milliseconds


class MonthClosed(Happened, frozen=True, tag="month.closed"):
    """A month's statement was made from the log through ``position``; ``digest`` is the SHA-256 of
    the statement's canonical JSON, ``head`` that of the event hashes through that position."""

    number: StatementNumber
    month: Month
    position: Position
    head: Hash
    digest: Hash


class MonthRestated(Happened, frozen=True, tag="month.restated"):
    """What became known later changes a closed month: the differences, as of ``position``."""

    number: StatementNumber
    position: Position
    digest: Hash


class RecallOpened(Happened, frozen=True, tag="recall.opened"):
    """Goods of this number, and of this ``lot`` if one is given, must not go out."""

    recall: SessionId
    gtin: Gtin
    lot: Annotated[str, Meta(max_length=20)] | None = None
    why: Word = ""


class RecallClosed(Happened, frozen=True, tag="recall.closed"):
    """A recall is over."""

    recall: SessionId


class IncidentRuled(Happened, frozen=True, tag="incident.ruled"):
    """Somebody settled an incident: ``ruling`` says how, ``events`` are what followed from it."""

    incident: IncidentKey
    kind: Word
    ruling: Word
    events: Compared = ()


class Priced(Happened, frozen=True, tag="priced"):
    """These items are to be sold for so many jiao each."""

    items: HeldCodes
    price: Jiao


class BatchReceived(Happened, frozen=True, tag="batch.received"):
    """A donation that came in as a list: ``rows`` lines of it became items of this session."""

    session: SessionId
    rows: Annotated[int, Meta(ge=1, le=100_000)]
    items: Annotated[int, Meta(ge=1, le=100_000)]


class LabelVoided(Happened, frozen=True, tag="label.voided"):
    """A label printed ahead was spoilt or lost, and must not be bound any more."""

    item: HeldCode
