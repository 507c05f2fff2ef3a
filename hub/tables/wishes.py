"""What processes that may not project ask of the one that may."""

from typing import Final

from sqlalchemy import Column, String, Table

from hub.tables.base import RowId, metadata

wish: Final = Table(
    "wish",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("what", String, nullable=False),  # a word of hub.projections.wishes
)
"""A row waits until the projector has done what it asks for, and is gone then. Only used where the
hub is several processes (PostgreSQL)."""
