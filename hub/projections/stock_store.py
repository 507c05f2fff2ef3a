"""Writing what folds make of boxes, travels between stops and recalls, set-wise."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from hub.folds.boxes import BoxState
from hub.folds.item import ItemState
from hub.folds.recalls import RecallState
from hub.projections.projection_store import OldItem

_BOX: Final = (
    'INSERT INTO box (code, stop, status, place, "outer", sealed, kit, changed_t, known_time)'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET"
    " stop = excluded.stop, status = excluded.status, place = excluded.place,"
    ' "outer" = excluded."outer", sealed = excluded.sealed, kit = excluded.kit,'
    " changed_t = excluded.changed_t, known_time = excluded.known_time"
)
_LEG: Final = (
    'INSERT INTO leg (item, n, sent, sent_t, origin, "to", kind, outcome, ended, ended_t, at,'
    " quantity) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_RECALL: Final = (
    "INSERT INTO recall (id, gtin, lot, why, stop, opened_t, opened, closed_t)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def save_boxes(connection: Connection, boxes: Mapping[str, BoxState | None]) -> None:
    """Write these boxes' rows; those that nothing speaks of any more go."""
    rows = [
        (
            one.code,
            one.stop,
            one.status,
            one.place,
            one.outer,
            one.sealed,
            one.kit,
            one.changed_t,
            one.known_time,
        )
        for one in boxes.values()
        if one is not None
    ]
    gone = [(code,) for code, one in boxes.items() if one is None]
    if rows:
        connection.exec_driver_sql(_BOX, rows)
    if gone:
        connection.exec_driver_sql("DELETE FROM box WHERE code = ?", gone)


def save_legs(
    connection: Connection,
    old: Mapping[str, OldItem],
    states: Sequence[ItemState],
    gone: Iterable[str],
) -> None:
    """Write these items' legs. Few items ever travel: ``old`` tells which have rows."""
    stale = [(code,) for code in gone if code in old and old[code].legs]
    rows: list[tuple[str | int | None, ...]] = []
    for state in states:
        before = old.get(state.code)
        if before is not None and before.legs:
            stale.append((state.code,))
        for n, leg in enumerate(state.legs):
            rows.append(
                (
                    state.code,
                    n,
                    leg.sent,
                    leg.sent_t,
                    leg.origin,
                    leg.to,
                    leg.kind,
                    leg.outcome,
                    leg.ended,
                    leg.ended_t,
                    leg.at,
                    state.quantity,
                )
            )
    if stale:
        connection.exec_driver_sql("DELETE FROM leg WHERE item = ?", stale)
    if rows:
        connection.exec_driver_sql(_LEG, rows)


def save_recall(connection: Connection, recall: str, state: RecallState | None) -> None:
    """Write a recall's row, or take it away when nothing opened it."""
    connection.exec_driver_sql("DELETE FROM recall WHERE id = ?", (recall,))
    if state is not None:
        row = (
            state.id,
            state.gtin,
            state.lot,
            state.why,
            state.stop,
            state.opened_t,
            state.opened,
            state.closed_t,
        )
        connection.exec_driver_sql(_RECALL, row)
