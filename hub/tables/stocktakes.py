"""What stocktakes found as somebody approved it, and what became known afterwards."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from hub.tables.base import metadata
from hub.tables.log import event

STOCKTAKE_EVENTS: Final = (
    "event.type IN ('count.planned', 'count.joined', 'count.opened', 'count.approved',"
    " 'count.cancelled')"
)
"""The condition of the index below. SQLite takes a partial index only for a query that says the
same (https://www.sqlite.org/partialindex.html, 2.1)."""
_WITHIN_INDEX: Final = STOCKTAKE_EVENTS.replace("event.type", "type")

Index(
    "event_stocktake",
    event.c.type,
    event.c.kiosk,
    sqlite_where=text(_WITHIN_INDEX),
    postgresql_where=text(_WITHIN_INDEX),
)

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
