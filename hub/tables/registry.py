"""Written by people: who and what there is, and what things are called."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from hub.tables.base import metadata

stop: Final = Table(
    "stop",
    metadata,
    Column("id", String, primary_key=True),
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
    Column("district_zh", String, nullable=False, server_default=""),
    Column("district_en", String, nullable=False, server_default=""),
    Column("city_zh", String, nullable=False, server_default=""),
    Column("city_en", String, nullable=False, server_default=""),
)

kiosk: Final = Table(
    "kiosk",
    metadata,
    Column("id", String, primary_key=True),
    Column("stop", String, ForeignKey("stop.id"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("retired_ms", BigInteger),  # an ordinary end
    Column("revoked_ms", BigInteger),  # not to be trusted from here on
    Column("ended_why", String),  # a word of hub.fleet.lifecycle
    Column("replaced_by", String),
)

prefix: Final = Table(
    "prefix",
    metadata,
    Column("prefix", String, primary_key=True),
    Column("kiosk", String, ForeignKey("kiosk.id")),
    Column("issued_ms", BigInteger, nullable=False),
)

kiosk_key: Final = Table(
    "kiosk_key",
    metadata,
    Column("kiosk", String, ForeignKey("kiosk.id"), primary_key=True),
    Column("key_id", String, primary_key=True),  # contract.receipts.key_id
    Column("public_key", String, nullable=False),  # 32 bytes in base64
    Column("created_ms", BigInteger, nullable=False),
)
"""Public keys of receipts. A row is never removed: papers that it can check are out there."""

product: Final = Table(
    "product",
    metadata,
    Column("gtin", String, primary_key=True),  # 14 digits
    Column("category", String, nullable=False),
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
)

category: Final = Table(
    "category",
    metadata,
    Column("key", String, primary_key=True),
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
    Column("offered", Boolean, nullable=False),
    Column("position", Integer, nullable=False),  # in the order in which they were named
)
"""What this hub says of categories beyond, or instead of, those of the release. No row goes: events
name keys for ever."""

place: Final = Table(
    "place",
    metadata,
    Column("code", String, primary_key=True),  # W code
    Column("kind", String, nullable=False),
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
)

plan: Final = Table(
    "plan",
    metadata,
    Column("code", String, primary_key=True),  # D code
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
    Column("items", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
)
"""Delivery plans by title; who receives stands nowhere here."""

capability: Final = Table(
    "capability",
    metadata,
    Column("person", String, primary_key=True),  # contract.events.person_hash of the card
    Column("can", String, nullable=False),  # words, a space between two
)
"""What a card's bearer may do. Who that is stands nowhere here."""

campaign: Final = Table(
    "campaign",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
    Column("target", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
)

given: Final = Table(
    "given",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
)
"""How many gifts each campaign has: a projection."""

skill: Final = Table(
    "skill",
    metadata,
    Column("key", String, primary_key=True),  # two digits
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
)

setting: Final = Table(
    "setting",
    metadata,
    Column("stop", String, primary_key=True),  # "": every stop that says nothing else
    Column("name", String, primary_key=True),  # a field of contract.reference.StopSettings
    Column("value", Text, nullable=False),  # JSON
)

meta: Final = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)
"""``projected``: position through which the projections are made. ``projection``: version of the
folds that made them. ``stops``: JSON of the kiosks' stops that they used. ``backup``: JSON of the
last verified backup {file, taken_ms, events}."""
