"""Stocktakes and the counts of lanes as lists show them: when, where, what became of them. Pure.

What was seen is no part of it (`hub.folds.stocktake`), so a row changes only when somebody plans,
joins, approves or gives up, or takes one of these back.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from contract.events import (
    CountApproved,
    CountCancelled,
    CountJoined,
    CountOpened,
    CountPlanned,
    Voided,
)
from hub.folds.entries import Entry

COUNTING: Final = "counting"
APPROVED: Final = "approved"
CANCELLED: Final = "cancelled"


class PlannedState(Struct, frozen=True):
    """A row of the stocktake table. ``places`` and ``categories`` empty: all of the stop. ``seen``
    and ``missing`` are what the approval says. Times by the order of events."""

    id: str
    stop: str
    planned_t: int
    places: tuple[str, ...]
    categories: tuple[str, ...]
    blind: bool
    state: str
    decided_t: int | None
    seen: int | None
    missing: int | None


class PartState(Struct, frozen=True):
    """A row of the count_part table: a count of one lane or phone; ``count`` is the stocktake that
    it belongs to, None for none yet."""

    id: str
    kiosk: str
    lane: str
    opened_t: int
    count: str | None


def fold_planned(count: str, entries: Sequence[Entry]) -> PlannedState | None:
    """The stocktake with this id from its events, sorted; None when nothing planned it."""
    plan: Entry | None = None
    approved: Entry | None = None
    cancelled: Entry | None = None
    for entry in _live(entries):
        body = entry.stored.body
        if not isinstance(body, CountPlanned | CountApproved | CountCancelled):
            continue
        if body.count != count:
            continue
        if isinstance(body, CountPlanned):
            plan = plan or entry
        elif isinstance(body, CountApproved):
            approved = approved or entry
        else:
            cancelled = cancelled or entry
    if plan is None:
        return None
    planned = plan.stored.body
    assert isinstance(planned, CountPlanned)
    end = approved or cancelled
    said = approved.stored.body if approved is not None else None
    return PlannedState(
        id=count,
        stop=plan.stop,
        planned_t=plan.key.t,
        places=planned.places,
        categories=planned.categories,
        blind=planned.blind,
        state=APPROVED if approved else CANCELLED if cancelled else COUNTING,
        decided_t=end.key.t if end is not None else None,
        seen=said.seen if isinstance(said, CountApproved) else None,
        missing=said.missing if isinstance(said, CountApproved) else None,
    )


def fold_part(part: str, entries: Sequence[Entry]) -> PartState | None:
    """The count of a lane with this id from its events, sorted; None when nothing opened it."""
    opening: Entry | None = None
    joined: str | None = None
    for entry in _live(entries):
        body = entry.stored.body
        if isinstance(body, CountOpened) and body.count == part:
            opening = opening or entry
        elif isinstance(body, CountJoined) and body.part == part:
            joined = joined or body.count
    if opening is None:
        return None
    stored = opening.stored
    return PartState(part, stored.kiosk, stored.lane, opening.key.t, joined)


def _live(entries: Sequence[Entry]) -> Iterator[Entry]:
    voided: set[str] = set()
    for entry in entries:
        if type(entry.stored.body) is Voided:
            voided.update(entry.stored.body.events)
    return (entry for entry in entries if entry.stored.id not in voided)
