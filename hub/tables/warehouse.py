"""What the hub keeps for its own work with the stock, beside the events."""

from typing import Final

from sqlalchemy import BigInteger, Column, String, Table, Text

from hub.tables.base import metadata

request: Final = Table(
    "request",
    metadata,
    Column("id", String, primary_key=True),  # UUID that a browser or phone drew
    Column("account", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("digest", String, nullable=False),  # SHA-256 of what was asked
    Column("events", Text, nullable=False),  # JSON list of the event ids that came of it
)
"""Requests that were carried out: the same one again gets the same answer, and does nothing."""
