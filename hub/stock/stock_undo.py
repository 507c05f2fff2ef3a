"""Taking back what somebody decided at the hub: a void of its events, by whoever may.

Only decisions can be taken back, and only here: what a kiosk scanned is evidence, which a
correction overrules and nothing undoes. An approval is taken back by nobody who gave it, and not
by this (`DECISIONS` does not have it). A void is itself never undone: decide again instead.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from contract import events
from contract.fields import MAX_CODES_PER_EVENT, MAX_IDS_PER_VOID
from hub import db
from hub.folds.entries import subjects
from hub.log import recording
from hub.log.recording import Draft
from hub.stock.stock_actions import Refused
from hub.stock.stock_checks import Keeper

DECISIONS: Final = frozenset(
    (
        events.Moved,
        events.Packed,
        events.Unpacked,
        events.KitBuilt,
        events.KitBroken,
        events.Corrected,
        events.Quarantined,
        events.Released,
        events.Graded,
        events.ExpirySet,
        events.Reserved,
        events.Unreserved,
        events.Disposed,
        events.Priced,
        events.RecallOpened,
        events.RecallClosed,
        events.FindIdentified,
    )
)
"""What of the hub's own events can be taken back."""
_OF_EVERY_STOP: Final = (events.RecallOpened, events.RecallClosed)


def undo(
    connection: Connection,
    named: Sequence[str],
    keeper: Keeper,
    also: frozenset[type] = frozenset(),
) -> list[Draft]:
    """The voids of these events of the hub's own; ``also`` can be taken back besides `DECISIONS`.

    Raises:
        Refused: one of them is no decision of the hub, taken back already, or of another's stop; or
            it is a recall, which is of every stop, and was not opened by this keeper.
    """
    by_stop: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for name in dict.fromkeys(named):
        event = _find(connection, name)
        if event is None or type(event.public.body) not in DECISIONS | also:
            raise Refused("not-decided-here", name)
        if taken_back(connection, [name]):
            raise Refused("undone", name)
        stop = event.public.stop or ""
        if stop and not keeper.sees(stop):
            raise Refused("not-yours", stop)
        if isinstance(event.public.body, _OF_EVERY_STOP) and not keeper.sees(""):
            own = event.private.account == keeper.account
            if not own or isinstance(event.public.body, events.RecallClosed):
                raise Refused("every-stop")
        codes = tuple(one for one in subjects(event.public.body) if one[0] in "GB")
        by_stop.setdefault(stop, []).append((name, codes))
    return [
        Draft(events.Voided(events=ids, items=codes, why="undo"), stop)
        for stop, those in by_stop.items()
        for ids, codes in _pieces(those)
    ]


def _pieces(
    those: Iterable[tuple[str, tuple[str, ...]]],
) -> Iterable[tuple[tuple[str, ...], tuple[str, ...]]]:
    """As many events in one void as it holds, with what they touched."""
    ids: list[str] = []
    codes: dict[str, None] = {}
    for name, touched in those:
        more = dict.fromkeys((*codes, *touched))
        if ids and (len(ids) == MAX_IDS_PER_VOID or len(more) > MAX_CODES_PER_EVENT):
            yield tuple(ids), tuple(codes)
            ids, more = [], dict.fromkeys(touched)
        ids.append(name)
        codes = dict.fromkeys(list(more)[:MAX_CODES_PER_EVENT])
    if ids:
        yield tuple(ids), tuple(codes)


def _find(connection: Connection, name: str) -> events.Event | None:
    """The hub's own event with this id."""
    kiosk, epoch, seq, short = name.rsplit(".", 3)
    if kiosk != recording.KIOSK:
        return None
    row = connection.exec_driver_sql(
        "SELECT raw FROM event WHERE kiosk = ? AND epoch = ? AND seq = ?"
        " AND problem IS NULL AND substr(hash, 1, 16) = ?",
        (kiosk, epoch, int(seq), short),
    ).first()
    return None if row is None else events.decode(bytes(row[0]))


def taken_back(connection: Connection, names: Sequence[str]) -> set[str]:
    """Those of these events that a void names."""
    wanted = {f"V:{name}": name for name in names}
    if not wanted:
        return set()
    table = db.touch.c
    rows = connection.scalars(
        db.touch.select().with_only_columns(table.subject).where(table.subject.in_(list(wanted)))
    )
    return {wanted[subject] for subject in rows}
