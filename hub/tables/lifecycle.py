"""How kiosks end, what came from them afterwards, and what people carried here."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from hub.tables.base import PartialIndex, RowId, metadata

revocation: Final = Table(
    "revocation",
    metadata,
    Column("kiosk", String, ForeignKey("kiosk.id"), primary_key=True),
    Column("epoch", String, primary_key=True),
    Column("through", BigInteger, nullable=False),
    Column("hash", String, nullable=False),
)
"""How far each stream of a revoked kiosk was at that moment: what the hub vouches for without a
person's word."""

review: Final = Table(
    "review",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kiosk", String, nullable=False),
    Column("epoch", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String, nullable=False),
    Column("type", String),  # NULL: not understood
    Column("wall_ms", BigInteger),  # as the kiosk's clock said
    Column("subjects", String, nullable=False, server_default=""),  # codes, a space between two
    Column("problem", String),  # as in `event`
    Column("raw", LargeBinary, nullable=False),  # as received
    Column("way", String, nullable=False),  # mqtt, bundle or salvage
    Column("received_ms", BigInteger, nullable=False),
    Column("state", String, nullable=False),  # waiting, accepted or rejected
    Column("decided_ms", BigInteger),
    Column("decided_by", String),  # an account's or a token's id
    UniqueConstraint("kiosk", "epoch", "seq", "hash", name="review_key"),
)
"""Lines that wait for a person's word before they may become events. No row ever goes."""
PartialIndex(
    "review_waiting", review.c.kiosk, review.c.epoch, review.c.seq, where="state = 'waiting'"
)

bundle: Final = Table(
    "bundle",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("sha256", String, nullable=False),  # of the file
    Column("size", BigInteger, nullable=False),  # of the file, in bytes
    Column("kiosk", String, nullable=False),
    Column("source", String, nullable=False),  # contract.bundles.Source
    Column("key_id", String, nullable=False),  # who signed it; "" for nobody
    Column("made_ms", BigInteger, nullable=False),  # by the maker's clock
    Column("clock", Boolean, nullable=False),  # whether that was right
    Column("events", Integer, nullable=False),
    Column("fresh", Integer, nullable=False),
    Column("held", Integer, nullable=False),  # were here already
    Column("review", Integer, nullable=False),  # wait for a person's word
    Column("imported_ms", BigInteger, nullable=False),
    Column("imported_by", String, nullable=False),
)
"""Bundles that were taken in, each time."""
