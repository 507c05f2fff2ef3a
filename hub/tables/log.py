"""Written by ingest: what came in, as it came in."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from hub.tables.base import PartialIndex, RowId, metadata

stream: Final = Table(
    "stream",
    metadata,
    Column("kiosk", String, primary_key=True),
    Column("epoch", String, primary_key=True),
    # Ingest: contiguous through this seq (0 = nothing), the hash there, what a backup holds.
    Column("through", BigInteger, nullable=False, server_default="0"),
    Column("hash", String, nullable=False),
    Column("safe", BigInteger, nullable=False, server_default="0"),
    Column("received_ms", BigInteger, nullable=False),  # newest arrival
    # Epoch facts, by the projector (NULL until its first good event is projected).
    Column("prev_epoch", String),  # these three as seq 1 says
    Column("prev_hash", String),
    Column("journal", String),
    Column("boot", String),
    Column("first_seq", BigInteger),
    Column("first_hash", String),
    Column("first_mono", BigInteger),
    Column("last_mono", BigInteger),
    Column("first_wall", BigInteger),
    Column("offset_seq", BigInteger),
    Column("offset", BigInteger),
    # Placement (contract.order): T = min(placed + mono, ceiling).
    Column("rank", Integer),
    Column("placed", BigInteger),
    Column("ceiling", BigInteger),
    Column("known", Boolean),
    sqlite_with_rowid=False,
)

hole: Final = Table(
    "hole",
    metadata,
    Column("kiosk", String, primary_key=True),
    Column("epoch", String, primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("noticed_ms", BigInteger, nullable=False),
)
"""Seqs that no journal can fill any more, both ends included; they count as present."""

event: Final = Table(
    "event",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kiosk", String, nullable=False),
    Column("epoch", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String, nullable=False),
    Column("prev", String),  # NULL: the frame was unreadable
    Column("type", String),  # NULL: not understood
    Column("mono", BigInteger),
    Column("received_ms", BigInteger, nullable=False),
    Column("problem", String),  # NULL: good; else quarantined, a machine word
    Column("position", BigInteger, nullable=False),  # in the order of commits; new when mended
    Column("raw", LargeBinary, nullable=False),  # as received
    Column("repaired", LargeBinary),  # what is folded instead of raw
    UniqueConstraint("kiosk", "epoch", "seq", "hash", name="event_key"),
)
"""``(kiosk, epoch, seq, hash)`` is the event; its public name is
``contract.events.event_id(kiosk, epoch, seq, hash)``."""
PartialIndex("event_opening", event.c.kiosk, event.c.prev, where="seq = 1")
Index("event_position", event.c.position, unique=True)
PartialIndex("event_problem", event.c.id, where="problem IS NOT NULL")

unreadable: Final = Table(
    "unreadable",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kiosk", String, nullable=False),  # of the topic; "" for none
    Column("topic", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("properties", Text, nullable=False),  # JSON object
    Column("received_ms", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
)
"""Messages that could not even be placed. Bounded for each topic and reason; the incident of that
kiosk, topic and reason counts them all."""

kiosk_state: Final = Table(
    "kiosk_state",
    metadata,
    Column("kiosk", String, primary_key=True),
    Column("online", Boolean),
    Column("status_ms", BigInteger),
    Column("hello_ms", BigInteger),
    Column("hello", Text),  # the last contract.messages.Hello as JSON
    Column("health", Text),  # the last contract.messages.Health as JSON
    Column("health_ms", BigInteger),
    Column("last_event_ms", BigInteger),  # when the last new event arrived
)
