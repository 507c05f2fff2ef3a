"""What the API says of stocktakes, and what it takes."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from contract.fields import CategoryKey, EventId, HeldCode, ItemCode, PlaceCode, SessionId
from hub.counts.stocktake_lines import Line
from hub.counts.stocktakes import Change, PlaceSum
from hub.folds.counted import Part
from hub.queries.planned import Planned
from hub.queries.stocktakes import FoundAgain, Offered

Limit = Annotated[int, Meta(ge=1, le=1000)]
Seal = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Parts = Annotated[list[SessionId], Meta(min_length=1, max_length=100)]
Joins = Annotated[list[EventId], Meta(min_length=1, max_length=100)]
Places = Annotated[list[PlaceCode], Meta(min_length=1, max_length=200)]
Verdict = Literal[
    "ok",
    "in_box",
    "arrived",
    "missing",
    "elsewhere",
    "unexpected",
    "unlabelled",
    "left",
    "later",
    "pending",
    "not_counted",
]


class CountsOut(Struct, frozen=True):
    """Stocktakes, the newest first; ``next`` is the id to ask ``after`` for more, or null."""

    counts: list[Planned]
    next: str | None


class CountsAsked(Struct, frozen=True):
    """Which ones: of a stop, in a state, behind the one with the id ``after``."""

    stop: str | None = None
    state: Literal["counting", "approved", "cancelled"] | None = None
    after: SessionId | None = None
    limit: Limit = 100


class ToPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """A stocktake to be made: no places are the whole stop, no categories all of them."""

    stop: str
    places: Annotated[list[PlaceCode], Meta(max_length=200)] = []
    categories: Annotated[list[CategoryKey], Meta(max_length=100)] = []
    blind: bool = True
    recount: Literal["never", "differs", "always"] = "differs"


class ToJoin(Struct, frozen=True, forbid_unknown_fields=True):
    """Counts of kiosk lanes, by their ids."""

    parts: Parts


class ToLeave(Struct, frozen=True, forbid_unknown_fields=True):
    """The events by which parts were joined."""

    joined: Joins


class ToCountAgain(Struct, frozen=True, forbid_unknown_fields=True):
    """Places to be counted again."""

    places: Places


class ToApprove(Struct, frozen=True, forbid_unknown_fields=True):
    """``seal`` as the stocktake's own answer gave it: nothing else is approved."""

    seal: Seal


class ToCancel(Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is given up."""

    why: Literal["no-time", "disturbed", "mistake", "another"]


class Find(Struct, frozen=True):
    """Something without a label, which got the label ``find``; ``item`` is what it is, once
    somebody has said so."""

    find: str
    category: str
    place: str
    t: int
    event: str
    item: str | None


class ToIdentify(Struct, frozen=True, forbid_unknown_fields=True):
    """``seen`` is how far the two were known, by code: 409 if something happened since."""

    find: ItemCode
    item: HeldCode
    seen: dict[HeldCode, int] = field(default_factory=dict)


class Told(Struct, frozen=True):
    """What was approved (``n`` 0), or how it was told again."""

    n: int
    at_ms: int
    position: int
    digest: str


class Cell(Struct, frozen=True):
    """How many items have a verdict."""

    verdict: str
    n: int


class CountOut(Struct, frozen=True):
    """A stocktake. ``places``, ``verdicts`` and ``seal`` are null where a blind count must not show
    them to whoever asks; once approved they are those of that moment, and ``changes`` what the log
    tells differently now. ``hindrances`` say why the asker cannot approve it, ``unheard``
    which kiosks may still hold what happened meanwhile."""

    id: str
    stop: str
    state: str
    planned_t: int
    planned_places: list[str]
    categories: list[str]
    blind: bool
    recount: str
    parts: list[Part]
    offered: list[Offered]
    places: list[PlaceSum] | None
    verdicts: list[Cell] | None
    seal: str | None
    hindrances: list[str]
    unheard: list[str]
    told: list[Told]
    changes: list[Change]
    found_again: list[FoundAgain]
    finds: list[Find] | None


class LinesAsked(Struct, frozen=True):
    """Which items: with a verdict, at a place (expected or seen), behind the code ``after``."""

    verdict: Verdict | None = None
    place: PlaceCode | None = None
    after: Annotated[str, Meta(max_length=16)] | None = None
    limit: Limit = 100


class LinesOut(Struct, frozen=True):
    """Items of a stocktake by code; ``next`` is the code to ask ``after`` for more, or null."""

    items: list[Line]
    next: str | None
