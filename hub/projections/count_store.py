"""Writing what stocktakes, and the counts of lanes, are in lists."""

from typing import Final

from sqlalchemy import Connection

from hub.folds.planned import PartState, PlannedState

_STOCKTAKE: Final = (
    "INSERT INTO stocktake (id, stop, planned_t, places, categories, blind, state, decided_t, seen,"
    " missing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PART: Final = "INSERT INTO count_part (id, kiosk, lane, opened_t, count) VALUES (?, ?, ?, ?, ?)"


def save(
    connection: Connection, name: str, planned: PlannedState | None, part: PartState | None
) -> None:
    """What goes by this id is a stocktake, a count of a lane, or neither (any more)."""
    connection.exec_driver_sql("DELETE FROM stocktake WHERE id = ?", (name,))
    connection.exec_driver_sql("DELETE FROM count_part WHERE id = ?", (name,))
    if planned is not None:
        row = (
            planned.id,
            planned.stop,
            planned.planned_t,
            " ".join(planned.places),
            " ".join(planned.categories),
            planned.blind,
            planned.state,
            planned.decided_t,
            planned.seen,
            planned.missing,
        )
        connection.exec_driver_sql(_STOCKTAKE, row)
    if part is not None:
        connection.exec_driver_sql(
            _PART, (part.id, part.kiosk, part.lane, part.opened_t, part.count)
        )
