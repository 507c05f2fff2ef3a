"""Links to the wall display, for screens that nobody signs in at."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from hub.tables.base import metadata

wall: Final = Table(
    "wall",
    metadata,
    Column("id", String, primary_key=True),  # what pages and the audit log call it
    Column("hash", String, nullable=False),  # of the secret in its address
    Column("name", String, nullable=False),  # where the screen hangs
    Column("scope", Text, nullable=False),  # hub.access.scope.Scope as JSON: what it shows
    Column("created_ms", BigInteger, nullable=False),
    Column("account", String, nullable=False),  # user.id of who made it
)
"""A row gone is a link taken back."""
Index("wall_hash", wall.c.hash, unique=True)
