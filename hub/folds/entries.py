"""What a fold sees of an event, and which subjects an event concerns."""

from typing import Final, NamedTuple

from msgspec import Struct

from contract.events import (
    Back,
    Body,
    Delivered,
    Event,
    ItemPicked,
    ItemSeen,
    LabelAttached,
    Moved,
    Out,
    Packed,
    PlanSeen,
    Received,
    Unpacked,
    Voided,
    event_id,
)
from contract.order import SortKey


class Stored(Struct, frozen=True, gc=False):
    """A good event of the log. ``row`` is ``event.id``; ``family`` a token's hash or None."""

    row: int
    position: int
    kiosk: str
    epoch: str
    seq: int
    hash: str
    prev: str
    boot: str
    mono: int
    wall: int
    body: Body
    family: str | None

    @property
    def id(self) -> str:
        """The event's name everywhere."""
        return event_id(self.kiosk, self.epoch, self.seq, self.hash)


class Entry(NamedTuple):
    """A stored event at its place in the order.

    ``stop`` is its kiosk's ("" when not registered); ``known`` whether T comes from a clock that
    was right.
    """

    key: SortKey
    stored: Stored
    stop: str
    known: bool


def stored(row: int, position: int, kiosk: str, hash_hex: str, event: Event) -> Stored:
    """``event`` as its row in the log knows it; kiosk and hash are the row's."""
    public = event.public
    return Stored(
        row,
        position,
        kiosk,
        public.epoch,
        public.seq,
        hash_hex,
        event.prev,
        public.boot,
        public.mono,
        public.wall,
        public.body,
        event.private.family,
    )


_ONE_ITEM: Final = (Received, LabelAttached, ItemPicked, ItemSeen)
_WITH_PLAN: Final = (Out, Delivered, Back)
_WITH_BOX: Final = (Packed, Unpacked)
_HANDLING: Final = (*_WITH_PLAN, *_WITH_BOX, Moved, Voided)


def subjects(body: Body) -> tuple[str, ...]:
    """The item, box and plan codes that this event names, each once."""
    if isinstance(body, _ONE_ITEM):
        return (body.item,)
    if isinstance(body, _WITH_PLAN):
        return (body.plan, *dict.fromkeys(body.items))
    if isinstance(body, _WITH_BOX):
        return tuple(dict.fromkeys((body.box, *body.items)))
    if isinstance(body, Moved | Voided):
        return tuple(dict.fromkeys(body.items))
    if isinstance(body, PlanSeen):
        return (body.plan,)
    return ()


def changed(body: Body) -> tuple[str, ...]:
    """The subjects whose dependants may be different because of this event: what it names as
    handled, and the plan when it means whatever is out for it."""
    if isinstance(body, _ONE_ITEM):
        return (body.item,)
    if isinstance(body, Delivered | Back) and not body.items:
        return (body.plan,)
    if isinstance(body, _HANDLING):
        return body.items
    return ()


def holders(subject: str, body: Body) -> tuple[str, ...]:
    """The boxes and plans whose events a fold of ``subject`` also needs because of this event."""
    if isinstance(body, _WITH_BOX):
        return (body.box,) if subject != body.box else ()
    if isinstance(body, _WITH_PLAN):
        return (body.plan,) if subject != body.plan else ()
    return ()


def held(subject: str, body: Body) -> tuple[str, ...]:
    """The items and boxes that must be refolded when ``subject``, a box or plan that this event
    names, changes: the inverse of `holders`."""
    if isinstance(body, _WITH_BOX):
        return body.items if subject == body.box else ()
    if isinstance(body, _WITH_PLAN):
        return body.items if subject == body.plan else ()
    return ()
