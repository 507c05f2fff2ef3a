"""Labels printed ahead."""

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, String, Table

from hub.tables.base import metadata

label_run: Final = Table(
    "label_run",
    metadata,
    Column("prefix", String, primary_key=True),  # of all its codes; no other run has it
    Column("kind", String, nullable=False),  # G or B
    Column("n", Integer, nullable=False),
    Column("stop", String, nullable=False),  # that they are for; "" = any
    Column("account", String, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("sheets_ms", BigInteger, nullable=True),  # when they were first taken away as sheets
)
"""A print run of labels that a kiosk binds at their first scan."""
