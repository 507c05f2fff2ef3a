"""What a box is now: where it stands, what it is in, whether it is sealed, and which kit it is.

A function of the set of events that concern it, by the same pass as an item's
(`hub.folds.custody`): what moves a box moves it like anything else. What is in it is not kept here;
its items and inner boxes name it.
"""

from collections.abc import Sequence

from msgspec import Struct

from contract.events import (
    BoxReceived,
    KitBroken,
    KitBuilt,
    Packed,
    Sealed,
    Unpacked,
    Voided,
)
from hub.folds.custody import Pass
from hub.folds.entries import Entry
from hub.statuses import IN_STOCK, QUARANTINED


class BoxState(Struct, frozen=True):
    """A row of the box table. ``outer`` is the box that it is in; ``kit`` the key of its recipe."""

    code: str
    stop: str
    status: str
    place: str | None
    outer: str | None
    sealed: bool
    kit: str | None
    changed_t: int
    known_time: bool


def fold_box(code: str, entries: Sequence[Entry]) -> BoxState | None:
    """The box's state from ``entries``, as `hub.folds.item.fold_item` takes them. None when nothing
    speaks of it."""
    voided: set[str] = set()
    for entry in entries:
        if type(entry.stored.body) is Voided:
            voided.update(entry.stored.body.events)
    live = [entry for entry in entries if entry.stored.id not in voided]
    birth = next((entry for entry in live if _is_birth(entry, code)), None)
    went = Pass(code, birth)
    sealed, kit = False, None
    last: Entry | None = birth
    for entry in live:
        went.take(entry)
        body = entry.stored.body
        if isinstance(body, Sealed | Packed | Unpacked | KitBuilt | KitBroken) and body.box == code:
            sealed = isinstance(body, Sealed)
            last = entry
            if isinstance(body, KitBuilt):
                kit = body.kit
            elif isinstance(body, KitBroken):
                kit = None
    latest = max((one for one in (went.last, last) if one is not None), default=went.first)
    if latest is None:
        return None
    return BoxState(
        code=code,
        stop=went.stop or latest.stop,
        status=QUARANTINED if went.status == IN_STOCK and went.quarantined else went.status,
        place=went.place,
        outer=went.boxes.inside.get(code),
        sealed=sealed,
        kit=kit,
        changed_t=latest.key.t,
        known_time=latest.known,
    )


def _is_birth(entry: Entry, code: str) -> bool:
    body = entry.stored.body
    return isinstance(body, BoxReceived) and body.box == code
