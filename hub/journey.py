"""An item's journey as its donor may read it. Pure: placed events in, steps of a story out.

Rules
-----
* A step is a fact that a passer-by may know: what happened, at which stop, on which day. Steps
  hold no person, no family, no plan and no place inside a stop; there are no fields for them.
* While an item is out, only that it is on its way is told, without time or place. Trips that
  came back, or on which it was lost, are told the same way: an attempt at a household's door is
  the household's matter.
* Once it has been delivered, the trips are one step with the delivery, and what is said of its
  time and place comes from `hub.privacy` alone. Where and when anything happened to it after it
  came in falls silent too: the last stop before a door, or the day on which it was checked there,
  says nearly as much as the door.
* An event that a void compensates did not happen. What the item is now comes from the fold
  (``status``), which has seen more than this item's own events; the story only ends with it.
"""

import enum
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from contract.events import (
    Arrived,
    Back,
    Body,
    BoxReceived,
    Counted,
    Delivered,
    Disposed,
    FoundUnlabelled,
    KitBroken,
    KitBuilt,
    LabelAttached,
    Missing,
    Moved,
    Out,
    Packed,
    Quarantined,
    Received,
    Released,
    SaleTakenBack,
    Sent,
    Sold,
    Unpacked,
    Voided,
)
from hub.privacy import Reach
from hub.statuses import DELIVERED, OUT


class Happening(Struct, frozen=True):
    """An event in its place: ``t`` in Unix milliseconds, ``known`` whether its boot ever learnt
    the time, ``stop`` the id of the stop where it was recorded."""

    id: str
    t: int
    known: bool
    stop: str
    body: Body


def concerning(code: str, story: Iterable[tuple[str, Body]]) -> set[str]:
    """Which events concern item ``code``: those that name it, a box that it was in at that moment
    or a plan that it was out for, and the voids of these.

    ``story`` has (event id, body) in order and may hold more: whatever its boxes and plans did.
    """
    told = list(story)
    undone = {event for _, body in told if isinstance(body, Voided) for event in body.events}
    holder = _Holder(code)
    found: set[str] = set()
    for event_id, body in told:
        if isinstance(body, Voided):
            continue
        if holder.is_concerned(body):
            found.add(event_id)
        if event_id not in undone:
            holder.follow(body)
    voids = (
        event_id
        for event_id, body in told
        if isinstance(body, Voided) and (code in body.items or found.intersection(body.events))
    )
    return found.union(voids)


class _Holder:
    """What an item is in, and what it is out for, as the story goes on."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._inside: dict[str, str] = {}  # item or box -> box
        self._plan: str | None = None

    def is_concerned(self, body: Body) -> bool:
        items = _named(body)
        if self._code in (*items, getattr(body, "item", ""), getattr(body, "box", "")):
            return True
        if isinstance(body, Delivered | Back) and not items:
            return self._plan == body.plan
        return not self._boxes().isdisjoint(items)

    def follow(self, body: Body) -> None:
        concerned = self.is_concerned(body)
        if isinstance(body, Packed | KitBuilt):
            self._inside.update((thing, body.box) for thing in body.items if thing != body.box)
        elif isinstance(body, _TAKES_OUT):
            for thing in _named(body):
                self._inside.pop(thing, None)
        if isinstance(body, Out) and concerned:
            self._plan = body.plan
        elif isinstance(body, (Packed, KitBuilt, *_TAKES_OUT)) and concerned:
            self._plan = None

    def _boxes(self) -> set[str]:
        boxes: set[str] = set()
        thing = self._code
        while (box := self._inside.get(thing)) is not None and box not in boxes:
            boxes.add(box)
            thing = box
        return boxes


_TAKES_OUT: Final = (
    Unpacked,
    KitBroken,
    Moved,
    Out,
    Delivered,
    Back,
    Sent,
    Arrived,
    Missing,
    Disposed,
    Sold,
    SaleTakenBack,
    Counted,
)
"""What takes something out of the box that it was in, when its own label was scanned."""


def _named(body: Body) -> tuple[str, ...]:
    if isinstance(body, Sold | SaleTakenBack | Counted):
        return () if body.item is None else (body.item,)
    items: tuple[str, ...] = getattr(body, "items", ())
    return items


class StepKind(enum.StrEnum):
    """What a step tells."""

    RECEIVED = "received"
    LABELLED = "labelled"
    WAITING_FOR_LABEL = "waiting-for-label"
    MOVED_WITHIN = "moved-within"
    MOVED_TO = "moved-to"
    CAME_BACK = "came-back"
    ON_ITS_WAY = "on-its-way"
    REACHED = "reached"
    WITHDRAWN = "withdrawn"
    SEEN = "seen"
    FOUND = "found"
    SET_ASIDE = "set-aside"
    CHECKED = "checked"
    SENT_ON = "sent-on"
    NOT_FOUND = "not-found"
    SOLD = "sold"
    CAME_BACK_FROM_SALE = "came-back-from-sale"
    THROWN_AWAY = "thrown-away"


class Step(Struct, frozen=True):
    """One sentence of the story.

    ``t`` (Unix milliseconds) and ``stop`` are None where they are not known or not public;
    ``certain`` is False when the kiosk never learnt the time. ``reach`` only with `REACHED`.
    """

    kind: StepKind
    t: int | None = None
    certain: bool = True
    stop: str | None = None
    reach: Reach | None = None


def tell(happenings: Sequence[Happening], status: str, reach: Reach | None) -> tuple[Step, ...]:
    """The story of one item; ``happenings`` come in the order of `contract.order.SortKey`."""
    standing = _standing(happenings)
    story = _Story()
    for happening in standing:
        story.hear(happening)
    steps = story.steps
    if status in (DELIVERED, OUT):
        steps = [step for step in steps if step.kind is not StepKind.CAME_BACK]
    if status == DELIVERED:
        steps = [step if step.kind in _CAME_IN else Step(step.kind) for step in steps]
    return (*steps, *_ending(standing or happenings, status, reach))


_CAME_IN: Final = frozenset({StepKind.RECEIVED, StepKind.FOUND})


def _standing(happenings: Sequence[Happening]) -> list[Happening]:
    """What is left after the voids; a void cannot itself be voided."""
    undone = {
        event
        for happening in happenings
        if isinstance(happening.body, Voided)
        for event in happening.body.events
    }
    return [happening for happening in happenings if happening.id not in undone]


class _Story:
    """Collects steps; each is told once, and a move only when it says something new."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._told: set[StepKind] = set()
        self._stop: str | None = None
        self._is_out = False

    def hear(self, happening: Happening) -> None:
        match happening.body:
            case Received(ready_made=ready) | BoxReceived(ready_made=ready):
                self._once(StepKind.RECEIVED, happening)
                self._stop = self._stop or happening.stop
                if ready:
                    self._once(StepKind.LABELLED, happening)
            case FoundUnlabelled():
                self._once(StepKind.FOUND, happening)
                self._stop = self._stop or happening.stop
            case Quarantined():
                self._add(StepKind.SET_ASIDE, happening)
            case Released():
                self._add(StepKind.CHECKED, happening)
            case Missing() if self._is_out:
                self._is_out = False
                self.steps.append(Step(StepKind.NOT_FOUND))
            case Missing():
                self._add(StepKind.NOT_FOUND, happening)
            case Sold():
                self._add(StepKind.SOLD, happening)
            case SaleTakenBack():
                self._add(StepKind.CAME_BACK_FROM_SALE, happening)
            case Disposed():
                self._add(StepKind.THROWN_AWAY, happening)
            case Sent():
                self._add(StepKind.SENT_ON, happening)
            case Arrived():
                self._stop = happening.stop
                self._is_out = False
                self._add(StepKind.MOVED_TO, happening)
            case LabelAttached():
                self._once(StepKind.LABELLED, happening)
            case Moved() if self._stop in (None, happening.stop):
                self._stop = happening.stop
                self._is_out = False
                if not self.steps or self.steps[-1].kind is not StepKind.MOVED_WITHIN:
                    self._add(StepKind.MOVED_WITHIN, happening)
            case Moved():
                self._stop = happening.stop
                self._is_out = False
                self._add(StepKind.MOVED_TO, happening)
            case Out():
                self._is_out = True
            case Back() if self._is_out:
                self._is_out = False
                self.steps.append(Step(StepKind.CAME_BACK))
            case Delivered():
                self._is_out = False

    def _once(self, kind: StepKind, happening: Happening) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._add(kind, happening)

    def _add(self, kind: StepKind, happening: Happening) -> None:
        self.steps.append(Step(kind, happening.t, happening.known, happening.stop))


def _ending(happenings: Sequence[Happening], status: str, reach: Reach | None) -> list[Step]:
    match status:
        case "delivered":
            return [Step(StepKind.REACHED, reach=reach)]
        case "out":
            return [Step(StepKind.ON_ITS_WAY)]
        case "unlabelled":
            return [Step(StepKind.WAITING_FOR_LABEL)]
        case "voided":
            return [Step(StepKind.WITHDRAWN)]
        case "unknown" if happenings:
            first = happenings[0]
            return [Step(StepKind.SEEN, first.t, first.known, first.stop)]
        case _:
            return []
