"""What kiosks were told to do."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
)

from hub.tables.base import PartialIndex, metadata

command: Final = Table(
    "command",
    metadata,
    Column("id", String, primary_key=True),
    Column("kiosk", String, nullable=False),
    Column("name", String, nullable=False),
    Column("about", String, nullable=False),  # what it is for: labels:ZABC, donation:…, or ""
    Column("payload", Text, nullable=False),  # the message as it is sent, JSON
    Column("total", Integer, nullable=False),  # labels
    Column("account", String, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger, nullable=True),
    Column("cancel_ms", BigInteger, nullable=True),  # when somebody asked to end it
    Column("state", String, nullable=False),  # `contract.messages.CommandState`, or waiting
    Column("detail", String, nullable=False),
    Column("printed", Integer, nullable=False),
    Column("doubtful", Text, nullable=False),  # codes, JSON
    Column("answered_ms", BigInteger, nullable=True),
    Column("settled", Boolean, nullable=False, server_default=false()),
    # whether what follows from its last answer was done
    Column("checks", Text, nullable=False, server_default="[]"),  # lines of its result, JSON
)
"""A command and what its kiosk last answered (`hub.kiosks.kiosk_commands`)."""

command_file: Final = Table(
    "command_file",
    metadata,
    Column("command", String, ForeignKey("command.id"), primary_key=True),
    Column("part", Integer, primary_key=True),  # from 0
    Column("parts", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("hash", String, nullable=False),  # SHA-256 of the whole
    Column("data", LargeBinary, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)
"""Logs and support bundles that kiosks sent (`hub.kiosks.command_files`)."""

Index("command_file_age", command_file.c.received_ms)
Index("command_about", command.c.about)
Index("command_kiosk", command.c.kiosk, command.c.made_ms)
PartialIndex("command_unsent", command.c.made_ms, where=command.c.sent_ms.is_(None))
PartialIndex("command_unsettled", command.c.made_ms, where=command.c.settled == false())
