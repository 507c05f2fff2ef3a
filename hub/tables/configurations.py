"""What kiosks are wished to be like, and which of them were told."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from hub.tables.base import metadata

configuration: Final = Table(
    "configuration",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", String, nullable=False),  # SHA-256 of the text
    Column("text", Text, nullable=False),  # JSON, `contract.configuration`
    Column("note", String, nullable=False),  # why
    Column("account", String, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("halted_ms", BigInteger),  # no further kiosk is told
)
"""A wish; it never changes. The next one is another row."""

configuration_stage: Final = Table(
    "configuration_stage",
    metadata,
    Column("configuration", Integer, ForeignKey("configuration.id"), primary_key=True),
    Column("kiosk", String, ForeignKey("kiosk.id"), primary_key=True),
    Column("stage", Integer, nullable=False),  # 1, 2, …
    Column("command", String, ForeignKey("command.id"), nullable=False),
    Column("staged_ms", BigInteger, nullable=False),
)
"""Which kiosk was told, when, and by which command; its newest row is what is desired of it."""

Index("configuration_stage_kiosk", configuration_stage.c.kiosk, configuration_stage.c.staged_ms)
