"""Where an item stood, when: its course place by place, as a stocktake compares it with what was
seen. Pure.

Rules
-----
* The course is that of `hub.folds.custody`, looked at after each event: standing, stop, place, and
  the boxes around it.
* Events that are to be judged by the course can be left out of it: what a stocktake saw must not be
  why it was expected.
* What came in comes before everything else, whatever a clock said, as in the item's own fold.
"""

from collections.abc import Collection, Sequence

from msgspec import Struct, structs

from contract.events import (
    BoxReceived,
    Corrected,
    FoundUnlabelled,
    Received,
    Voided,
    type_of,
)
from hub.folds.custody import BIRTHS, Pass
from hub.folds.entries import Entry
from hub.folds.item import ruled_on
from hub.folds.movements import NOWHERE, standing
from hub.statuses import UNKNOWN, VOIDED


class Stay(Struct, frozen=True, gc=False):
    """From ``t`` on, by an event of type ``cause``, an item has this standing at this place.

    ``shown``: somebody had it in hand, or ruled where it is. ``boxes`` are the boxes around it, the
    inner one first.
    """

    t: int
    event: str
    cause: str
    standing: str
    stop: str
    place: str | None
    boxes: tuple[str, ...]
    shown: bool


class Course(Struct, frozen=True):
    """An item's stays in order; ``labelled``: a label is known to stick to it."""

    stays: tuple[Stay, ...]
    labelled: bool

    def at(self, t: int) -> Stay | None:
        """How it was just before ``t``; None before it came in."""
        found = None
        for stay in self.stays:
            if stay.t < t:
                found = stay
        return found

    def since(self, t: int) -> list[Stay]:
        """What happened at ``t`` or later."""
        return [stay for stay in self.stays if stay.t >= t]


def fold_stays(code: str, entries: Sequence[Entry], besides: Collection[str] = ()) -> Course:
    """The course of an item from ``entries``, as `hub.folds.item.fold_item` takes them, without
    the events whose ids are in ``besides``."""
    voided: set[str] = set()
    for entry in entries:
        if type(entry.stored.body) is Voided:
            voided.update(entry.stored.body.events)
    births = [entry for entry in entries if _is_birth(entry, code)]
    alive = [entry for entry in births if entry.stored.id not in voided]
    known = ruled_on(code, [one for one in entries if one.stored.id not in voided])
    if known:
        return Course((), labelled=False)  # it is another item, which has a course
    live = [
        entry
        for entry in entries
        if entry.stored.id not in voided and entry.stored.id not in besides
    ]
    birth = next(iter(alive or births), None)
    went = Pass(code, birth)
    stays: list[Stay] = []
    if alive and birth is not None:
        stays.append(_stay(went, birth, birth.key.t, "", shown=True))
    for entry in live:
        showings, moves, newest = went.showings, went.moves, went.newest
        went.take(entry)
        if went.newest == newest and went.moves == moves and went.showings == showings:
            continue
        shown = went.showings > showings or isinstance(entry.stored.body, Corrected)
        what = "" if alive else VOIDED if births and not went.moves else "" if births else UNKNOWN
        now = _stay(went, entry, entry.key.t, what, shown=shown)
        if not stays or shown or _differs(stays[-1], now):
            stays.append(now)
    if alive and stays:
        stays[0] = structs.replace(stays[0], t=min(stay.t for stay in stays))
    return Course(tuple(stays), went.label not in (None, "unconfirmed"))


def _is_birth(entry: Entry, code: str) -> bool:
    body = entry.stored.body
    if type(body) not in BIRTHS:
        return False
    if isinstance(body, BoxReceived):
        return body.box == code
    return isinstance(body, Received | FoundUnlabelled) and body.item == code


def _stay(went: Pass, entry: Entry, t: int, what: str, *, shown: bool) -> Stay:
    return Stay(
        t,
        entry.stored.id,
        type_of(entry.stored.body),
        what or standing(went.status) or NOWHERE,
        went.stop or entry.stop,
        went.place,
        tuple(went.boxes.above(went.code)),
        shown,
    )


def _differs(before: Stay, now: Stay) -> bool:
    return (before.standing, before.stop, before.place, before.boxes) != (
        now.standing,
        now.stop,
        now.place,
        now.boxes,
    )
