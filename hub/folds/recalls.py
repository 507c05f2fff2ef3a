"""Recalls: goods that must not go out, until somebody says that it is over. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from contract.events import RecallClosed, RecallOpened, Voided
from hub.folds.entries import Entry


class RecallState(Struct, frozen=True):
    """A row of the recall table; ``lot`` empty: every lot. Times by the order of events."""

    id: str
    gtin: str
    lot: str
    why: str
    stop: str
    opened_t: int
    opened: int
    """The row of the event that opened it."""
    closed_t: int | None


def fold_recall(recall: str, entries: Sequence[Entry]) -> RecallState | None:
    """The recall with this id from its events, sorted; None when nothing opened it."""
    voided: set[str] = set()
    for entry in entries:
        if type(entry.stored.body) is Voided:
            voided.update(entry.stored.body.events)
    opening: Entry | None = None
    closed_t: int | None = None
    for entry in entries:
        if entry.stored.id in voided:
            continue
        if isinstance(entry.stored.body, RecallOpened):
            opening = opening or entry
        elif isinstance(entry.stored.body, RecallClosed) and opening is not None:
            closed_t = entry.key.t
    if opening is None:
        return None
    body = opening.stored.body
    assert isinstance(body, RecallOpened)
    return RecallState(
        id=recall,
        gtin=body.gtin,
        lot=body.lot or "",
        why=body.why,
        stop=opening.stop,
        opened_t=opening.key.t,
        opened=opening.stored.row,
        closed_t=closed_t,
    )
