"""What the hub keeps for its own work with the stock, beside the events."""

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table, Text

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

reply: Final = Table(
    "reply",
    metadata,
    Column("account", String, primary_key=True),
    Column("key", String, primary_key=True),  # UUID
    Column("asked", String, nullable=False),  # SHA-256 of the request
    Column("content", LargeBinary, nullable=False),  # the JSON that was answered
    Column("at_ms", BigInteger, nullable=False),
)
"""Answers of the API to requests with a key, for a week."""
