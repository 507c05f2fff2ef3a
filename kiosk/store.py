"""The journal's database file: one SQLite connection, WAL, synchronous=FULL.

`FULL` is what makes green true: a COMMIT returns after the write-ahead log is on disk (12 power
cuts: 0 of 643 commits lost; with NORMAL all 643). There is exactly one connection, used by one
thread: SQLite before 3.51.3 can lose commits when two connections write or checkpoint a WAL
database at once. Checkpoints run when the kiosk is idle, not within a donor's scan.
"""

import sqlite3
from pathlib import Path
from typing import Final

from drivers.ports import Words

SCHEMA_VERSION: Final = 1

IDLE_CHECKPOINT_CHANGES: Final = 200
"""Changed rows after which an idle moment is used for a checkpoint: about a megabyte of log."""

FORCED_CHECKPOINT_PAGES: Final = 16_384
"""WAL pages (64 MiB) at which SQLite checkpoints by itself if no moment was idle."""

_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE epoch (
    number INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL UNIQUE,
    boot TEXT NOT NULL,
    acked INTEGER NOT NULL DEFAULT 0,
    safe INTEGER NOT NULL DEFAULT 0,
    disputed INTEGER NOT NULL DEFAULT 0,
    closed_wall INTEGER
);

CREATE TABLE event (
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    mono INTEGER NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;

-- With row ids: a long session's state stays within one page, which is written with every scan.
CREATE TABLE lane (lane TEXT PRIMARY KEY, state BLOB NOT NULL);

CREATE TABLE known (
    code TEXT PRIMARY KEY, status TEXT NOT NULL, plan TEXT
) WITHOUT ROWID;
CREATE INDEX known_plan ON known (plan) WHERE plan IS NOT NULL;

CREATE TABLE block (
    prefix TEXT NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (prefix, block)
) WITHOUT ROWID;

CREATE TABLE print_job (
    id INTEGER PRIMARY KEY,
    lane TEXT NOT NULL,
    data BLOB NOT NULL,
    item TEXT,
    head TEXT NOT NULL,
    secret TEXT,
    boot TEXT NOT NULL,
    mono INTEGER NOT NULL,
    started INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE product (
    gtin TEXT PRIMARY KEY, category TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL
) WITHOUT ROWID;
"""


class JournalError(Exception):
    """The journal cannot be used, or a commit failed; ``words`` says it in both languages."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words: Final = words


def open_store(path: Path) -> sqlite3.Connection:
    """The journal at ``path``, created with its schema when it is not there.

    Raises:
        JournalError: it cannot be opened, is damaged, or was written by a later release.
    """
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {FORCED_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == 0:
            connection.executescript(
                f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
            )
        elif version > SCHEMA_VERSION:
            raise JournalError(
                Words(
                    zh=f"日志 {path} 由更新的版本写成（{version}），本版本只认识 {SCHEMA_VERSION}",
                    en=f"the journal {path} was written by a later release "
                    f"({version}; this one knows {SCHEMA_VERSION})",
                )
            )
        else:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")
    except BaseException as error:
        if connection is not None:
            connection.close()
        if not isinstance(error, sqlite3.Error):
            raise
        raise JournalError(_why_not_open(path, error)) from error
    return connection


def _why_not_open(path: Path, error: sqlite3.Error) -> Words:
    if error.sqlite_errorname == "SQLITE_BUSY":
        return Words(
            zh=f"日志 {path} 正被另一个进程使用：一台终端只能运行一个",
            en=f"another process uses the journal {path}: only one kiosk may",
        )
    return Words(zh=f"日志 {path} 无法打开：{error}", en=f"cannot open the journal {path}: {error}")


def checkpoint(connection: sqlite3.Connection) -> None:
    """Moves the write-ahead log into the database, for an idle moment.

    PASSIVE leaves the log's file as long as it was, so that the next commits overwrite it: a file
    that grows costs an extra write of its metadata with every sync.
    """
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


_REFUSALS: Final = (sqlite3.Error, OSError)


def _refused(error: BaseException) -> JournalError:
    return JournalError(
        Words(zh=f"日志写不进去：{error}", en=f"the journal cannot be written: {error}")
    )


# Classes, not generators: each of those costs a donor 3 µs, three times a scan.


class disk_errors:  # noqa: N801 - reads as a function
    """What SQLite or the disk refuses inside becomes a `JournalError` in words."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if isinstance(error, _REFUSALS):
            raise _refused(error) from error


class transaction:  # noqa: N801 - reads as a function
    """One COMMIT for all that happens inside, or nothing of it. Raises `JournalError`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection: Final = connection

    def __enter__(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except _REFUSALS as error:
            raise _refused(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if error is None:
            try:
                self._connection.execute("COMMIT")
            except _REFUSALS as failure:
                error = failure
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        if isinstance(error, _REFUSALS):
            raise _refused(error) from error
