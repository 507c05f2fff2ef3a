"""The hub's tables, and how its database is opened.

Three kinds of tables
---------------------
* **Registry** (`stop`, `kiosk`, `prefix`, `kiosk_key`, `product`, `user`, `token`): written by
  people.
* **Log** (`event`, `stream`, `hole`, `unreadable`, `kiosk_state`): written by ingest. `event` is
  the truth: a row for each line that ever came in, with the bytes as they came.
* **Projections** (`touch`, `item`, `stock`, `claim`, `delivery`, the fold's part of `incident`, the
  epoch facts and placement in `stream`): a function of the good events in `event`; `rebuild` drops
  and refolds them.

SQLite runs with WAL and synchronous=FULL. One process writes through one connection; readers are
``query_only`` and never checkpoint: SQLite's WAL-reset bug (3.7.0 to 3.51.2) loses commits when two
connections write or checkpoint at once.

Times are Unix milliseconds unless a name says otherwise: ``*_ms`` by the hub's clock, ``*_t`` by
the order of events (`contract.order`). Hashes are lower-case hex.
"""

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.pool import QueuePool, StaticPool

metadata: Final = MetaData()

_Id: Final = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite makes only a plain INTEGER PRIMARY KEY the row's own id."""

# --- registry --------------------------------------------------------------------------------

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
    Column("retired_ms", BigInteger),
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

user: Final = Table(
    "user",
    metadata,
    Column("name", String, primary_key=True),
    Column("password_hash", String, nullable=False),
    Column("role", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

token: Final = Table(
    "token",
    metadata,
    Column("hash", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("label", String, nullable=False, server_default=""),
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

# --- log -------------------------------------------------------------------------------------

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
    Column("id", _Id, primary_key=True),
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
Index("event_opening", event.c.kiosk, event.c.prev, sqlite_where=text("seq = 1"))
Index("event_position", event.c.position, unique=True)
Index("event_problem", event.c.id, sqlite_where=text("problem IS NOT NULL"))

unreadable: Final = Table(
    "unreadable",
    metadata,
    Column("id", _Id, primary_key=True),
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

# --- projections -----------------------------------------------------------------------------

touch: Final = Table(
    "touch",
    metadata,
    Column("subject", String, primary_key=True),
    Column("event_id", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)
"""Which events concern a subject: an item, box or plan code (its own events and the voids of them),
or ``V:<event id>`` for the voids that name that event. ``event_id`` is ``event.id``."""

item: Final = Table(
    "item",
    metadata,
    Column("code", String, primary_key=True),
    Column("kiosk", String, nullable=False),  # that received it, or first saw it
    Column("stop", String, nullable=False),  # where it is or was last; "" = kiosk not registered
    Column("category", String),  # NULL: never received here
    Column("status", String, nullable=False),
    Column("place", String),  # W code, the last known
    Column("plan", String),  # D code while out or delivered
    Column("box", String),  # B code while packed
    Column("session", String),  # in which it was received
    Column("received_t", BigInteger),
    Column("changed_t", BigInteger, nullable=False),  # of its last custody event
    Column("known_time", Boolean, nullable=False),  # both times come from a clock that was right
    Column("label", String),  # printed, unconfirmed or scanned; NULL: none attached
    Column("gtin", String),
    Column("expiry", String),
    Column("lot", String),
    Column("grade", String),  # the last that somebody gave it
    Column("quantity", Integer, nullable=False, server_default="1"),  # pieces in a whole box
    Column("incidents", Integer, nullable=False, server_default="0"),  # open ones of the fold
    Column("position", BigInteger, nullable=False),  # newest event that concerns it
    sqlite_with_rowid=False,
)
"""``status`` is one of `hub.statuses`."""
Index("item_session", item.c.session, sqlite_where=text("session IS NOT NULL"))
Index("item_gtin", item.c.gtin, sqlite_where=text("gtin IS NOT NULL"))

stock: Final = Table(
    "stock",
    metadata,
    Column("stop", String, primary_key=True),
    Column("category", String, primary_key=True),
    Column("status", String, primary_key=True),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""How many pieces have each status that counts (`hub.statuses.COUNTED`); never n = 0."""

claim: Final = Table(
    "claim",
    metadata,
    Column("hash", String, primary_key=True),
    Column("kiosk", String, nullable=False),
    Column("session", String, nullable=False),
    Column("position", BigInteger, nullable=False),
)
"""A donor's private list: the items whose ``item.session`` is this session."""

delivery: Final = Table(
    "delivery",
    metadata,
    Column("item", String, primary_key=True),
    Column("family", String),  # hash of the family's token; NULL: none was scanned
    Column("stop", String, nullable=False),
    Column("t", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""For counting distinct recipients before anything about deliveries is published."""

incident: Final = Table(
    "incident",
    metadata,
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("origin", String, nullable=False),  # ingest or fold; rebuild replaces the fold's
    Column("subject", String, nullable=False),  # item code, epoch, event id, topic, …
    Column("kiosk", String, nullable=False),
    Column("stop", String, nullable=False),
    Column("detail", Text, nullable=False),  # JSON object
    Column("first_t", BigInteger, nullable=False),
    Column("count", Integer, nullable=False, server_default="1"),
    Column("opened_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger),  # the cause went away
    Column("acknowledged_ms", BigInteger),
    Column("acknowledged_by", String),
)
"""Something that somebody must see. Keys are deterministic, so that refolding neither doubles nor
loses one. ``closed_ms`` belongs to the code that found the cause; an operator's ruling is
``acknowledged_ms``, which refolding and rebuilding never touch: only a new conflicting event makes
a new incident. What waits for a person has neither. Acknowledging an incident about a moment, such
as a call for help, closes it as well."""
Index("incident_subject", incident.c.subject)
Index("incident_open", incident.c.opened_ms, sqlite_where=text("closed_ms IS NULL"))

# --- opening ---------------------------------------------------------------------------------

BUSY_TIMEOUT_MS: Final = 10_000

CHECKPOINT_PAGES: Final = 4_000
"""Length of the WAL at which it is written back, in pages of 4 KiB. SQLite's 1,000 is two groups of
a busy hub; a longer log writes a page that changed often only once."""


def sqlite_url(path: Path) -> str:
    """The URL of the SQLite file at ``path``."""
    return f"sqlite:///{path}"


def open_writer(url: str) -> Engine:
    """The engine with the one connection that writes; use it from one thread at a time.

    Transactions start with BEGIN IMMEDIATE: a writer that first reads must not find out at its
    first write that somebody else wrote meanwhile.
    """
    engine = sa.create_engine(
        url, poolclass=StaticPool, connect_args=_connect_args(url), hide_parameters=True
    )
    if engine.dialect.name == "sqlite":
        _on_connect(
            engine,
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}",
            "PRAGMA cache_size=-65536",
            "PRAGMA foreign_keys=ON",
        )
        sa.event.listen(engine, "begin", _begin_writing)
    return engine


DERIVED: Final = "yicang_derived"
"""Execution option of a transaction that writes only what can be derived again from rows that are
already on disk: its COMMIT need not wait for the disk. After a power cut the projections are a
little older, know so (``meta.projected``), and are brought up to date."""


def _begin_writing(connection: sa.Connection) -> None:
    derived = connection.get_execution_options().get(DERIVED, False)
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA synchronous={'NORMAL' if derived else 'FULL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def open_reader(url: str) -> Engine:
    """An engine for pages and the API: it cannot write and never checkpoints."""
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=8,
        connect_args=_connect_args(url),
        hide_parameters=True,
    )
    if engine.dialect.name == "sqlite":
        _on_connect(
            engine,
            "PRAGMA wal_autocheckpoint=0",
            "PRAGMA query_only=ON",
            "PRAGMA cache_size=-8192",
        )
        _begin_with(engine, "BEGIN")
    return engine


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database to this schema, the newest unless said otherwise; each step and its
    record are one transaction.

    Raises:
        alembic.util.CommandError: the database is newer than this release.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def _connect_args(url: str) -> dict[str, Any]:
    if not url.startswith("sqlite"):
        return {}
    return {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}


def _on_connect(engine: Engine, *pragmas: str) -> None:
    def set_up(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # we write BEGIN ourselves
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    sa.event.listen(engine, "connect", set_up)


def _begin_with(engine: Engine, statement: str) -> None:
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(statement)

    sa.event.listen(engine, "begin", begin)
