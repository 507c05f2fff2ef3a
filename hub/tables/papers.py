"""What stops' labels and receipts look like."""

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from hub.tables.base import metadata

papers: Final = Table(
    "papers",
    metadata,
    Column("stop", String, primary_key=True),  # "": every stop that has none of its own
    Column("n", Integer, primary_key=True, autoincrement=False),  # 1, 2, … in order
    Column("made_ms", BigInteger, nullable=False),
    Column("account", String, nullable=False),
    Column("body", Text, nullable=False),  # contract.papers.Papers as JSON; "": as every stop
)
"""Each version that somebody saved; the one with the greatest number holds. Versions that nobody
can want any more go (`hub.printing.papers.KEPT`)."""
