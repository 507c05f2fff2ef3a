"""How an SQLite database is opened: one connection writes and checkpoints, all others only read.

SQLite's WAL-reset bug (3.7.0 to 3.51.2) loses commits when two connections write or checkpoint at
once. So there are two kinds of connections and no third: the writer's, of which a process has one
and a database has one process (`hub.control.writer_lock`), and readers, which open the file
read-only: they can neither write nor checkpoint, not even as the last to close it.
"""

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool, StaticPool

BUSY_TIMEOUT_MS: Final = 10_000

CHECKPOINT_PAGES: Final = 4_000
"""Length of the WAL at which it is written back, in pages of 4 KiB. SQLite's 1,000 is two groups of
a busy hub; a longer log writes a page that changed often only once."""

DERIVED: Final = "yicang_derived"
"""Execution option of a transaction that writes only what can be derived again from rows that are
already on disk: its COMMIT need not wait for the disk. After a power cut the projections are a
little older, know so (``meta.projected``), and are brought up to date."""

_READ_ONLY: Final = "mode=ro"


def url_of(path: Path) -> str:
    """The URL of the SQLite file at ``path``."""
    return f"sqlite:///{path}"


def open_writer(url: str) -> Engine:
    """The engine with the one connection that writes.

    Transactions start with BEGIN IMMEDIATE: a writer that first reads must not find out at its
    first write that somebody else wrote meanwhile.
    """
    engine = sa.create_engine(
        url,
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,
    )
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


def write_back(engine: Engine) -> None:
    """Bring what stands in the log into the file, by the connection that writes; call it last.

    SQLite does so when the last connection closes, but not when that one only reads: somebody who
    then copies the file alone would have yesterday's. Readers that are still there are not waited
    for, and nothing is lost without it.
    """
    connection = engine.raw_connection()
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    finally:
        connection.close()


def open_reader(url: str, size: int) -> Engine:
    """An engine whose connections cannot write and never checkpoint; the file must be there when
    the first of them is made."""
    path = sa.make_url(url).database
    if not path:
        raise ValueError("a database in memory has no readers")
    address = f"{Path(path).absolute().as_uri()}?{_READ_ONLY}"
    engine = sa.create_engine(
        "sqlite://",
        creator=partial(
            sqlite3.connect,
            address,
            uri=True,
            check_same_thread=False,
            timeout=BUSY_TIMEOUT_MS / 1000,
        ),
        poolclass=QueuePool,
        pool_size=size,
        hide_parameters=True,
    )
    _on_connect(
        engine,
        "PRAGMA wal_autocheckpoint=0",
        "PRAGMA query_only=ON",
        "PRAGMA cache_size=-8192",
    )
    sa.event.listen(engine, "begin", _begin_reading)
    return engine


def _begin_writing(connection: sa.Connection) -> None:
    derived = connection.get_execution_options().get(DERIVED, False)
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA synchronous={'NORMAL' if derived else 'FULL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _on_connect(engine: Engine, *pragmas: str) -> None:
    def set_up(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # we write BEGIN ourselves
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    sa.event.listen(engine, "connect", set_up)
