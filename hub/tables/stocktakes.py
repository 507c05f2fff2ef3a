"""Stocktakes in lists, what they found as somebody approved it, and what became known later."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text

from hub.tables.base import PartialIndex, metadata

stocktake: Final = Table(
    "stocktake",
    metadata,
    Column("id", String, primary_key=True),
    Column("stop", String, nullable=False),
    Column("planned_t", BigInteger, nullable=False),
    Column("places", Text, nullable=False),  # W codes, a space between; empty: the whole stop
    Column("categories", Text, nullable=False),  # keys, a space between; empty: all of them
    Column("blind", Boolean, nullable=False),
    Column("state", String, nullable=False),  # counting, approved, cancelled
    Column("decided_t", BigInteger),
    Column("seen", Integer),  # as the approval says
    Column("missing", Integer),
    sqlite_with_rowid=False,
)
"""Every stocktake that somebody planned (`hub.folds.planned`, a projection)."""
Index("stocktake_planned", stocktake.c.planned_t, stocktake.c.id)
Index("stocktake_stop", stocktake.c.stop, stocktake.c.planned_t, stocktake.c.id)
_GOING = "state = 'counting'"
GOING_ONLY: Final = text(f"stocktake.{_GOING}")
"""What `stocktake_going` holds, as a condition of queries."""
PartialIndex("stocktake_going", stocktake.c.stop, stocktake.c.planned_t, where=_GOING)

count_part: Final = Table(
    "count_part",
    metadata,
    Column("id", String, primary_key=True),
    Column("kiosk", String, nullable=False),
    Column("lane", String, nullable=False),
    Column("opened_t", BigInteger, nullable=False),
    Column("count", String),  # the stocktake that it belongs to
    sqlite_with_rowid=False,
)
"""Counts of lanes and phones (`hub.folds.planned`, a projection)."""
PartialIndex("count_part_free", count_part.c.kiosk, count_part.c.opened_t, where="count IS NULL")

stocktake_result: Final = Table(
    "stocktake_result",
    metadata,
    Column("count", String, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),  # 0: as approved
    Column("at_ms", BigInteger, nullable=False),
    Column("account", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("digest", String, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON of hub.counts.stocktakes.Result
    Column("event", String, nullable=False),  # the approval
)
"""Never changed: each restatement is a row of its own, dated."""
