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
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool, StaticPool

from hub.tables.base import metadata as metadata
from hub.tables.log import event as event
from hub.tables.log import hole as hole
from hub.tables.log import kiosk_state as kiosk_state
from hub.tables.log import stream as stream
from hub.tables.log import unreadable as unreadable
from hub.tables.projections import claim as claim
from hub.tables.projections import delivery as delivery
from hub.tables.projections import incident as incident
from hub.tables.projections import item as item
from hub.tables.projections import stock as stock
from hub.tables.projections import touch as touch
from hub.tables.registry import campaign as campaign
from hub.tables.registry import capability as capability
from hub.tables.registry import category as category
from hub.tables.registry import given as given
from hub.tables.registry import kiosk as kiosk
from hub.tables.registry import kiosk_key as kiosk_key
from hub.tables.registry import meta as meta
from hub.tables.registry import place as place
from hub.tables.registry import plan as plan
from hub.tables.registry import prefix as prefix
from hub.tables.registry import product as product
from hub.tables.registry import setting as setting
from hub.tables.registry import skill as skill
from hub.tables.registry import stop as stop
from hub.tables.registry import token as token
from hub.tables.registry import user as user

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
