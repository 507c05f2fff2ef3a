"""What the warehouse's part of the API takes and answers."""

from typing import Annotated

from msgspec import Meta, Struct

from contract.fields import MAX_SEQ, CategoryKey, StopId
from hub.queries.fefo import Pick
from hub.queries.plans import Need
from hub.queries.transfers import Transfer
from hub.stock import stock_actions
from hub.stock.stock_look import Box

Limit = Annotated[int, Meta(ge=1, le=1000)]
Pieces = Annotated[int, Meta(ge=1, le=1000)]
Position = Annotated[int, Meta(ge=0, le=MAX_SEQ)]
Code = Annotated[str, Meta(max_length=64)]


class Decision(Struct, frozen=True, forbid_unknown_fields=True):
    """Something to be done with goods. ``seen`` gives, for codes, the positions that whoever
    decides was shown: had anything newer happened to one of them, nothing is done (409)."""

    action: stock_actions.Action
    seen: dict[Code, Position] = {}


class Decided(Struct, frozen=True):
    """The events that a decision became; ``repeated`` when it had been carried out before. Give
    them to an ``undo`` to take it back."""

    events: list[str]
    repeated: bool


class Asked(Struct, frozen=True):
    """A page of a list: what comes behind ``after``, the ``next`` of the page before."""

    after: Annotated[str, Meta(max_length=200)] = ""
    limit: Limit = 100


class BoxesOut(Struct, frozen=True):
    """Boxes by code; ``next`` is null at the end."""

    boxes: list[Box]
    next: str | None


class BoxOut(Struct, frozen=True):
    """A box and what is right in it; inner boxes are asked for by their own codes."""

    box: Box
    inside: list[str]
    around: list[str]


class TransfersOut(Struct, frozen=True):
    """Transfers, the newest first; ``next`` is null at the end."""

    transfers: list[Transfer]
    next: str | None


class LegOut(Struct, frozen=True):
    """An item of a transfer: between, arrived, seen (turned up elsewhere) or lost."""

    item: str
    outcome: str
    ended_t: int | None
    at: str


class TransferOut(Struct, frozen=True):
    """A transfer and its items, those in between first."""

    transfer: Transfer
    legs: list[LegOut]


class PlanOut(Struct, frozen=True):
    """A delivery plan by category. Who receives is nowhere. ``kept`` are the items of the token's
    stops that are kept for it, at most 5,000. ``version`` is what a change of it sends back as
    ``seen``."""

    code: str
    zh: str
    en: str
    open: bool
    needs: list[Need]
    kept: list[str]
    version: str


class Wish(Struct, frozen=True):
    """What is looked for: so many of a category or of a GTIN, at a stop or anywhere."""

    n: Pieces
    category: CategoryKey | None = None
    gtin: Annotated[str, Meta(pattern=r"\A[0-9]{14}\Z")] | None = None
    stop: StopId | None = None


class Proposals(Struct, frozen=True):
    """What should go out first: the earliest date, then what came first. ``position`` of each is
    what a decision about it gives as ``seen``."""

    picks: list[Pick]


class RecallOut(Struct, frozen=True):
    """A recall and how many pieces it meets, by status: never who has them."""

    id: str
    gtin: str
    lot: str
    why: str
    opened_t: int
    closed_t: int | None
    met: dict[str, int]


class RecallsOut(Struct, frozen=True):
    """Every recall, the newest first."""

    recalls: list[RecallOut]


class KitPart(Struct, frozen=True):
    """So many of a category, or of a GTIN."""

    category: str
    gtin: str
    count: int


class KitOut(Struct, frozen=True):
    """A kit's recipe."""

    key: str
    zh: str
    en: str
    offered: bool
    parts: list[KitPart]


class KitsOut(Struct, frozen=True):
    """Every recipe."""

    kits: list[KitOut]
