"""Writing what was sold, and what it adds up to by market, and by month, stop and category."""
# Placeholders are put together from constants here, never from data.
# ruff: noqa: S608

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, insert, select

from hub import db
from hub.folds.sales import Sale, added_up
from hub.projections.movement_store import Days
from hub.projections.projection_store import chunks

_SALE: Final = db.sale.c

_ADD_UP: Final = """
INSERT INTO proceeds (month, stop, category, sales, sold, taken_back)
SELECT CAST(? AS VARCHAR), CAST(? AS VARCHAR), COALESCE(item.category, sale.category, ''),
  SUM(CASE WHEN sale.kind = 'sold' THEN 1 ELSE 0 END),
  COALESCE(SUM(CASE WHEN sale.kind = 'sold' THEN sale.amount ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN sale.kind = 'taken_back' THEN sale.amount ELSE 0 END), 0)
FROM sale LEFT JOIN item ON item.code = sale.item
WHERE sale.stop = ? AND sale.day >= ? AND sale.day <= ? AND sale.kind IN ('sold', 'taken_back')
GROUP BY 3
"""
_NO_PROCEEDS: Final = "DELETE FROM proceeds WHERE month = ? AND stop = ?"


def replace(
    connection: Connection, market: str, lines: Sequence[Sale], days: Days
) -> set[tuple[str, str]]:
    """These are the lines of a market now; the (month, stop) whose proceeds that changes."""
    was = connection.execute(select(_SALE.day, _SALE.stop).where(_SALE.market == market).distinct())
    changed = {(_month(row.day), row.stop) for row in was}
    connection.execute(delete(db.sale).where(_SALE.market == market))
    connection.execute(delete(db.market).where(db.market.c.market == market))
    if lines:
        rows = [{**msgspec.structs.asdict(line), "day": days.of(line.t)} for line in lines]
        connection.execute(insert(db.sale), rows)
        changed.update((_month(row["day"]), row["stop"]) for row in rows)
        sums = msgspec.structs.asdict(added_up(lines))
        connection.execute(insert(db.market).values(**sums))
    return changed


def of_items(connection: Connection, codes: Iterable[str]) -> set[tuple[str, str]]:
    """The (month, stop) in which any of these were sold: they count as something else now."""
    found: set[tuple[str, str]] = set()
    for chunk in chunks(codes):
        marks = ", ".join("?" * len(chunk))
        rows = connection.exec_driver_sql(
            f"SELECT DISTINCT day, stop FROM sale WHERE item IN ({marks})", tuple(chunk)
        )
        found.update((_month(day), stop) for day, stop in rows)
    return found


def add_up_proceeds(connection: Connection, changed: Iterable[tuple[str, str]]) -> None:
    """Make the proceeds of these (month, stop) anew from their sales."""
    for month, stop in sorted(changed):
        connection.exec_driver_sql(_NO_PROCEEDS, (month, stop))
        connection.exec_driver_sql(_ADD_UP, (month, stop, stop, f"{month}-01", f"{month}-31"))


def _month(day: str) -> str:
    return day[:7]
