"""Donations that come as lists."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text

from hub.tables.base import metadata

donation: Final = Table(
    "donation",
    metadata,
    Column("id", String, primary_key=True),  # the session of its events
    Column("stop", String, nullable=False),
    Column("source", String, nullable=False),  # who gave it, as somebody wrote it
    Column("file", String, nullable=False),
    Column("boxes", Boolean, nullable=False),
    Column("rows", Text, nullable=False),  # JSON of hub.stock.donation_rows.Row
    Column("faults", Text, nullable=False),  # JSON of hub.stock.donation_rows.Fault
    Column("pieces", Integer, nullable=False),
    Column("labels", Integer, nullable=False),
    Column("account", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger),
    Column("labelled_ms", BigInteger),
    Column("taken_back_ms", BigInteger),
)
"""A list as it was read, and how far it got. What came in is in the events; this row, with the
giver's name, can be deleted."""
