"""What people ask of the stock, as values: from a form, from the API or from a phone alike.

`hub.stock.stock_changes.carry_out` turns one into events. Every struct is what a request is known
by: the same request with the same action is carried out once.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from contract.bodies.warehouse import CorrectedStatus, Gtin, KitKey
from contract.fields import (
    BoxCode,
    EventId,
    HeldCode,
    HeldCodes,
    Jiao,
    Month,
    PlaceCode,
    PlanCode,
    SessionId,
    StopId,
    Word,
    whole,
)

MAX_ITEMS = 1000
"""Most codes that one request may name."""

Codes: TypeAlias = Annotated[tuple[HeldCode, ...], Meta(min_length=1, max_length=MAX_ITEMS)]
Grade: TypeAlias = Annotated[str, whole(r"[A-Z]")]


class _Action(Struct, frozen=True, tag_field="action", forbid_unknown_fields=True):
    """Something to be done."""


class Move(_Action, frozen=True, tag="move"):
    """Items or boxes stand at ``place`` now; at the stop where they were, unless ``stop`` says
    another."""

    items: Codes
    place: PlaceCode
    stop: StopId | None = None


class Correct(_Action, frozen=True, tag="correct"):
    """Somebody looked: this is so, whatever the events say. ``compared`` are the events that they
    were shown, at most 24."""

    items: Codes
    status: CorrectedStatus
    why: Word
    place: PlaceCode | None = None
    stop: StopId | None = None
    compared: Annotated[tuple[EventId, ...], Meta(max_length=24)] = ()


class SetAside(_Action, frozen=True, tag="quarantine"):
    """These may not go out until somebody has checked them."""

    items: Codes
    why: Word


class Release(_Action, frozen=True, tag="release"):
    """Somebody checked these and found them good."""

    items: Codes
    why: Word


class Judge(_Action, frozen=True, tag="grade"):
    """The condition of these."""

    items: Codes
    grade: Grade


class SetExpiry(_Action, frozen=True, tag="expiry"):
    """These are good to the end of ``month``."""

    items: Codes
    month: Month


class SetPrice(_Action, frozen=True, tag="price"):
    """These are to be sold for so many jiao each at the charity market."""

    items: Codes
    price: Jiao


class Dispose(_Action, frozen=True, tag="dispose"):
    """These were thrown away or recycled."""

    items: Codes
    why: Grade


class Reserve(_Action, frozen=True, tag="reserve"):
    """These are kept for a delivery plan."""

    plan: PlanCode
    items: Codes


class Unreserve(_Action, frozen=True, tag="unreserve"):
    """These are free again."""

    items: Codes


class UnreservePlan(_Action, frozen=True, tag="unreserve-plan"):
    """Whatever is still kept for this plan is free again."""

    plan: PlanCode


class Pack(_Action, frozen=True, tag="pack"):
    """Items or boxes went into a box; at the stop of the first of them."""

    box: BoxCode
    items: Codes


class Unpack(_Action, frozen=True, tag="unpack"):
    """Items or boxes came out of a box."""

    box: BoxCode
    items: Codes


class BuildKit(_Action, frozen=True, tag="build-kit"):
    """These went into a box as a kit of this recipe."""

    box: BoxCode
    kit: KitKey
    items: Codes


class BreakKit(_Action, frozen=True, tag="break-kit"):
    """A kit was taken apart: whatever is in its box is out of it."""

    box: BoxCode


class OpenRecall(_Action, frozen=True, tag="open-recall"):
    """Goods of this number (and lot, if one is given) must not go out."""

    recall: SessionId
    gtin: Gtin
    why: Word
    lot: Annotated[str, Meta(max_length=20)] = ""


class CloseRecall(_Action, frozen=True, tag="close-recall"):
    """A recall is over."""

    recall: SessionId


class SetAsideRecalled(_Action, frozen=True, tag="quarantine-recalled"):
    """Set aside whatever of a recall is at a stop and is not set aside yet."""

    recall: SessionId


class HandOut(_Action, frozen=True, tag="hand-out"):
    """These left with a volunteer for a delivery plan."""

    plan: PlanCode
    items: Codes


class Deliver(_Action, frozen=True, tag="deliver"):
    """What was out for this plan reached its family; without ``items`` all of it."""

    plan: PlanCode
    items: HeldCodes = ()


class BringBack(_Action, frozen=True, tag="bring-back"):
    """What was out for this plan came back; without ``items`` all of it."""

    plan: PlanCode
    items: HeldCodes = ()
    why: Word = "not-home"


class Undo(_Action, frozen=True, tag="undo"):
    """What was decided here by these events did not happen."""

    events: Annotated[tuple[EventId, ...], Meta(min_length=1, max_length=200)]


Action: TypeAlias = (
    Move
    | Correct
    | SetAside
    | Release
    | Judge
    | SetExpiry
    | SetPrice
    | Dispose
    | Reserve
    | Unreserve
    | UnreservePlan
    | Pack
    | Unpack
    | BuildKit
    | BreakKit
    | OpenRecall
    | CloseRecall
    | SetAsideRecalled
    | HandOut
    | Deliver
    | BringBack
    | Undo
)

Refusal: TypeAlias = Literal[
    "unknown",
    "not-yours",
    "gone",
    "not-here",
    "not-free",
    "not-aside",
    "box-aside",
    "not-reserved",
    "nothing",
    "no-such-word",
    "no-such-plan",
    "plan-closed",
    "no-such-kit",
    "no-such-stop",
    "two-stops",
    "in-itself",
    "not-in-box",
    "not-a-kit",
    "not-decided-here",
    "undone",
    "no-such-recall",
    "recall-closed",
    "bad-gtin",
    "not-alone",
    "not-out",
    "for-another",
    "every-stop",
]
"""Why something is not done: a key of `hub.web.stock.words.REFUSALS`."""


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The stock is not such that this could be done; ``subject`` is what it is about."""

    def __init__(self, why: Refusal, subject: str = "") -> None:
        super().__init__(f"{why}: {subject}")
        self.why: Refusal = why
        self.subject = subject
