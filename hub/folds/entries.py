"""What a fold sees of an event, and which subjects an event concerns."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Struct

from contract.events import (
    Arrived,
    Back,
    Body,
    BoxReceived,
    Contributed,
    Corrected,
    CountApproved,
    CountCancelled,
    CountClosed,
    Counted,
    CountJoined,
    CountOpened,
    CountPaused,
    CountPlanned,
    CountResumed,
    Delivered,
    Disposed,
    Event,
    ExpirySet,
    FindIdentified,
    FoundUnlabelled,
    Graded,
    ItemPicked,
    ItemSeen,
    KitBroken,
    KitBuilt,
    LabelAttached,
    LabelReprinted,
    LabelVoided,
    MarketClosed,
    MarketOpened,
    Missing,
    Moved,
    Out,
    Packed,
    PlanSeen,
    PresumedMissing,
    Priced,
    Quarantined,
    RecallClosed,
    RecallOpened,
    Received,
    RecountAsked,
    Released,
    Reserved,
    SaleTakenBack,
    Sealed,
    Sent,
    ShelfClosed,
    ShelfOpened,
    Sold,
    Unpacked,
    Unreserved,
    Voided,
    event_id,
)
from contract.order import Placement, SortKey

CAMPAIGN: Final = "M"
"""Subjects that begin with this are campaigns, by number; no code of ours does."""

BOX_ALONE: Final = "@"
"""Behind this stands a box of which only its own row changed, and nothing in it."""

RECALL: Final = "R"
"""Subjects that begin with this are recalls, by their id."""

COUNT: Final = "N"
"""Subjects that begin with this are stocktakes, by their id."""

MARKET: Final = "Y"
"""Subjects that begin with this are markets, by their id."""


class Stored(Struct, frozen=True, gc=False):
    """A good event of the log. ``row`` is ``event.id``; ``family`` a token's hash or None, ``stop``
    and ``account`` what an event of the hub's own says."""

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
    lane: str = ""
    stop: str | None = None
    account: str | None = None

    @property
    def id(self) -> str:
        """The event's name everywhere."""
        return event_id(self.kiosk, self.epoch, self.seq, self.hash)


class Entry(NamedTuple):
    """A stored event at its place in the order.

    ``stop`` is what the event says, else its kiosk's ("" when not registered).
    """

    key: SortKey
    stored: Stored
    stop: str
    place: Placement

    @property
    def known(self) -> bool:
        """Whether T comes from a clock that was right."""
        return self.place.known


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
        public.lane,
        public.stop,
        event.private.account,
    )


_Codes: TypeAlias = Callable[[Any], tuple[str, ...]]


def _none(_body: Body) -> tuple[str, ...]:
    return ()


def _item(body: Any) -> tuple[str, ...]:
    return (body.item,)


def _sold(body: Sold | SaleTakenBack) -> tuple[str, ...]:
    market = f"{MARKET}{body.market}"
    return (market,) if body.item is None else (market, body.item)


def _market(body: MarketOpened | MarketClosed) -> tuple[str, ...]:
    return (f"{MARKET}{body.market}",)


def _box(body: BoxReceived | Sealed) -> tuple[str, ...]:
    return (body.box,)


def _plan(body: Out | PlanSeen | Delivered | Back) -> tuple[str, ...]:
    return (body.plan,)


def _campaign(body: Contributed) -> tuple[str, ...]:
    return (f"{CAMPAIGN}{body.campaign}",)


def _recall(body: RecallOpened | RecallClosed) -> tuple[str, ...]:
    return (f"{RECALL}{body.recall}",)


def _items(body: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(body.items))


def _count(body: Any) -> tuple[str, ...]:
    return (f"{COUNT}{body.count}",)


def _count_and_item(body: Counted | FoundUnlabelled) -> tuple[str, ...]:
    return (f"{COUNT}{body.count}", body.item)


def _count_find_and_item(body: FindIdentified) -> tuple[str, ...]:
    return (f"{COUNT}{body.count}", *_find_and_item(body))


def _find_and_item(body: FindIdentified) -> tuple[str, ...]:
    return tuple(dict.fromkeys((body.find, body.item)))


def _count_and_part(body: CountJoined) -> tuple[str, ...]:
    return (f"{COUNT}{body.count}", f"{COUNT}{body.part}")


def _count_and_items(body: PresumedMissing) -> tuple[str, ...]:
    return (f"{COUNT}{body.count}", *_items(body))


def _plan_and_items(body: Out | Delivered | Back | Reserved) -> tuple[str, ...]:
    return (body.plan, *dict.fromkeys(body.items))


def _lost(body: Missing) -> tuple[str, ...]:
    return _items(body) if body.plan is None else (body.plan, *_items(body))


def _box_and_items(body: Packed | Unpacked | KitBuilt | KitBroken) -> tuple[str, ...]:
    return tuple(dict.fromkeys((body.box, *body.items)))


def _items_and_box_alone(body: Unpacked | KitBroken) -> tuple[str, ...]:
    return (*_items(body), f"{BOX_ALONE}{body.box}")


def _items_or_plan(body: Delivered | Back) -> tuple[str, ...]:
    return body.items or (body.plan,)


# By exact type: several times faster than a chain of isinstance, and these are asked for every
# event of every refold.
_ONE_ITEM: Final[dict[type, _Codes]] = {
    **dict.fromkeys(
        (
            Received,
            LabelAttached,
            ItemPicked,
            ItemSeen,
            Counted,
            FoundUnlabelled,
            LabelReprinted,
            LabelVoided,
        ),
        _item,
    ),
    **dict.fromkeys((Sold, SaleTakenBack), _sold),
    **dict.fromkeys((MarketOpened, MarketClosed), _market),
    **dict.fromkeys((BoxReceived, Sealed), _box),
    Contributed: _campaign,
    **dict.fromkeys((RecallOpened, RecallClosed), _recall),
}
_THEIR_ITEMS: Final = (
    Moved,
    Voided,
    Sent,
    Arrived,
    Disposed,
    Graded,
    ExpirySet,
    Quarantined,
    Released,
    Unreserved,
    Corrected,
    Priced,
)
_COUNTS: Final = (
    CountOpened,
    ShelfOpened,
    ShelfClosed,
    CountPaused,
    CountResumed,
    CountClosed,
    CountPlanned,
    RecountAsked,
    CountApproved,
    CountCancelled,
)
_SUBJECTS: Final[dict[type, _Codes]] = {
    **_ONE_ITEM,
    **dict.fromkeys((Out, Delivered, Back, Reserved), _plan_and_items),
    **dict.fromkeys((Packed, Unpacked, KitBuilt, KitBroken), _box_and_items),
    **dict.fromkeys(_THEIR_ITEMS, _items),
    **dict.fromkeys(_COUNTS, _count),
    **dict.fromkeys((Counted, FoundUnlabelled), _count_and_item),
    FindIdentified: _count_find_and_item,
    CountJoined: _count_and_part,
    PresumedMissing: _count_and_items,
    PlanSeen: _plan,
    Missing: _lost,
}
_CHANGED: Final[dict[type, _Codes]] = {
    **_ONE_ITEM,
    **dict.fromkeys(
        (
            *_THEIR_ITEMS,
            Out,
            Missing,
            Reserved,
            PresumedMissing,
        ),
        _items,
    ),
    **dict.fromkeys((Packed, KitBuilt), _box_and_items),  # the box is here as well
    **dict.fromkeys((Unpacked, KitBroken), _items_and_box_alone),
    **dict.fromkeys((Delivered, Back), _items_or_plan),
    FindIdentified: _find_and_item,
    **dict.fromkeys((CountPlanned, CountApproved, CountCancelled, CountOpened), _count),
    CountJoined: _count_and_part,
}
_WITH_PLAN: Final = frozenset({Out, Delivered, Back})
_WITH_BOX: Final = frozenset({Packed, Unpacked, KitBuilt, KitBroken})
HOLDING: Final = _WITH_PLAN | _WITH_BOX
"""The types of the events that `holder` and `held` may answer for."""


def subjects(body: Body) -> tuple[str, ...]:
    """The item, box and plan codes and the stocktakes that this event names, each once."""
    return _SUBJECTS.get(type(body), _none)(body)


def changed(body: Body) -> tuple[str, ...]:
    """The subjects whose dependants may be different because of this event: what it names as
    handled, and the plan when it means whatever is out for it."""
    return _CHANGED.get(type(body), _none)(body)


def holder(subject: str, body: Any) -> str | None:
    """The box or plan whose events a fold of ``subject`` also needs because of this event."""
    kind = type(body)
    if kind in _WITH_BOX:
        group: str = body.box
    elif kind in _WITH_PLAN:
        group = body.plan
    else:
        return None
    return group if group != subject else None


def held(subject: str, body: Any) -> tuple[str, ...]:
    """The items and boxes that must be refolded when ``subject``, a box or plan that this event
    names, changes: the inverse of `holder`."""
    kind = type(body)
    if (kind in _WITH_BOX and body.box == subject) or (kind in _WITH_PLAN and body.plan == subject):
        items: tuple[str, ...] = body.items
        return items
    return ()
