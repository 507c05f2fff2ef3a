"""Goods move: chosen, packed, out, delivered, back, sent, arrived, missing, thrown away."""

from typing import Annotated

from contract.bodies.base import Happened
from contract.fields import (
    BoxCode,
    HeldCode,
    HeldCodes,
    PlaceCode,
    PlanCode,
    SessionId,
    Word,
    whole,
)


class ItemPicked(Happened, frozen=True, tag="item.picked"):
    """An item's label was scanned for a handover whose destination is not yet known.

    ``outcome`` is what the kiosk could tell: ok, unknown, foreign, delivered, out, voided.
    """

    session: SessionId
    item: HeldCode
    outcome: Word


class ItemSeen(Happened, frozen=True, tag="item.seen"):
    """An item's label was scanned without a handover; custody does not change."""

    item: HeldCode
    outcome: Word
    session: SessionId | None = None


class Moved(Happened, frozen=True, tag="moved"):
    """Items or boxes came to a place."""

    place: PlaceCode
    items: HeldCodes
    session: SessionId | None = None


class Packed(Happened, frozen=True, tag="packed"):
    """Items or boxes went into a box."""

    box: BoxCode
    items: HeldCodes
    session: SessionId | None = None


class Unpacked(Happened, frozen=True, tag="unpacked"):
    """Items or boxes came out of a box. Without items: its seal was broken, nothing came out."""

    box: BoxCode
    items: HeldCodes
    session: SessionId | None = None


class Out(Happened, frozen=True, tag="out"):
    """Items left with a volunteer (private part) for a delivery plan."""

    plan: PlanCode
    items: HeldCodes
    session: SessionId | None = None


class PlanSeen(Happened, frozen=True, tag="plan.seen"):
    """A plan was scanned without items: its outcome follows, or nothing does."""

    plan: PlanCode
    session: SessionId | None = None


class Delivered(Happened, frozen=True, tag="delivered"):
    """What was out for this plan reached its family (private part)."""

    plan: PlanCode
    items: HeldCodes = ()
    session: SessionId | None = None


class Back(Happened, frozen=True, tag="back"):
    """What was out for this plan came back; ``why`` is for example ``not-home``."""

    plan: PlanCode
    why: Word
    items: HeldCodes = ()
    session: SessionId | None = None


class Sealed(Happened, frozen=True, tag="sealed"):
    """A box was closed: what was packed is what is in it, until somebody opens it."""

    box: BoxCode
    session: SessionId | None = None


class Sent(Happened, frozen=True, tag="sent"):
    """Items or boxes left this stop; ``kind`` is stop or team, ``to`` that place's code."""

    to: PlaceCode
    kind: Word
    items: HeldCodes
    session: SessionId | None = None


class Arrived(Happened, frozen=True, tag="arrived"):
    """Items or boxes of a transfer came in at this stop."""

    place: PlaceCode
    items: HeldCodes
    session: SessionId | None = None


class Missing(Happened, frozen=True, tag="missing"):
    """These items were not where they should be; with a plan: lost on the way."""

    items: HeldCodes
    plan: PlanCode | None = None
    session: SessionId | None = None


class Disposed(Happened, frozen=True, tag="disposed"):
    """These items were thrown away or recycled; ``why`` is a key of the disposal cards."""

    items: HeldCodes
    why: Annotated[str, whole(r"[A-Z]")]
    session: SessionId | None = None
