"""Closed months, as they were closed, and what became known afterwards."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text

from hub.tables.base import metadata

statement: Final = Table(
    "statement",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("month", String, nullable=False, unique=True),  # YYYY-MM
    Column("closed_ms", BigInteger, nullable=False),
    Column("account", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("head", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON of hub.reporting.statements.Statement
    Column("event", String, nullable=False),
)
"""Never changed: the event `MonthClosed` names the body's digest."""

restatement: Final = Table(
    "restatement",
    metadata,
    Column("number", Integer, ForeignKey("statement.number"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("account", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("digest", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("event", String, nullable=False),
)
"""The same month as the log told it later, each dated. Never changed either."""
