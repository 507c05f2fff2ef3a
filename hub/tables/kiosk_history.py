"""How kiosks were, hour by hour and then day by day (`hub.fleet.history`)."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from hub.tables.base import metadata

kiosk_history: Final = Table(
    "kiosk_history",
    metadata,
    Column("kiosk", String, primary_key=True),
    Column("span", String, primary_key=True),  # hour or day
    Column("start_ms", BigInteger, primary_key=True),
    Column("backlog_min", BigInteger, nullable=False),
    Column("backlog_max", BigInteger, nullable=False),
    Column("backlog_last", BigInteger, nullable=False),
    Column("warm_min", Integer),  # tenths of a degree Celsius
    Column("warm_max", Integer),
    Column("warm_last", Integer),
    Column("disk_min", BigInteger),  # MB free
    Column("disk_max", BigInteger),
    Column("disk_last", BigInteger),
    Column("minutes", Integer, nullable=False),  # online
    Column("events", BigInteger, nullable=False),  # that came in
    Column("reconnects", Integer, nullable=False),
    Column("print_failures", Integer, nullable=False),
    sqlite_with_rowid=False,
)
Index("kiosk_history_age", kiosk_history.c.span, kiosk_history.c.start_ms)
