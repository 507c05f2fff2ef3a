"""Figures that reports are drawn from: flows added up further, and small whatever the log holds."""

from typing import Final

from sqlalchemy import Column, Integer, String, Table

from hub.tables.base import metadata

tally: Final = Table(
    "tally",
    metadata,
    Column("measure", String, primary_key=True),  # hub.projections.tallies.MEASURES
    Column("stop", String, primary_key=True),  # or hub.projections.tallies.ALL
    Column("category", String, primary_key=True),  # or hub.projections.tallies.ALL
    Column("week", String, primary_key=True),  # its Monday, YYYY-MM-DD
    Column("month", String, primary_key=True),  # YYYY-MM; a week may lie in two
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Pieces by what happened to them, in the hub's time zone. A row is the part of a week that lies in
one month, so that weeks and months both are sums of rows. How many rows a span has depends on the
number of stops and categories, never on how much happened."""
