"""The journal's database file: one SQLite connection, WAL, synchronous=FULL.

`FULL` is what makes green true: a COMMIT returns after the write-ahead log is on disk (12 power
cuts: 0 of 643 commits lost; with NORMAL all 643). There is exactly one connection, used by one
thread: SQLite before 3.51.3 can lose commits when two connections write or checkpoint a WAL
database at once. Checkpoints run when the kiosk is idle, not within a donor's scan.

The shape follows the disk, too. Events stand in the order in which they happen, so that a new one
always goes onto the last page: with a text key every fourth rewrote two pages more.
"""

import sqlite3
from pathlib import Path
from typing import Final

from drivers.ports import Words

SCHEMA_VERSION: Final = 5

IDLE_CHECKPOINT_CHANGES: Final = 200
"""Changed rows after which an idle moment is used for a checkpoint: about a megabyte of log."""

FORCED_CHECKPOINT_PAGES: Final = 16_384
"""WAL pages (64 MiB) at which SQLite checkpoints by itself if no moment was idle."""

SEQ_BITS: Final = 40
"""Room for the seq in an event's key: an event every millisecond for 34 years of one start."""

_COMMANDS: Final = """
-- Commands of the hub that were taken, and what they have printed: see `kiosk.command_store`.
CREATE TABLE command (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    expires INTEGER NOT NULL,
    total INTEGER NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0,
    started INTEGER NOT NULL DEFAULT 0,
    ending TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    doubtful TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE command_label (
    command INTEGER NOT NULL, position INTEGER NOT NULL, code TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (command, position)
) WITHOUT ROWID;
CREATE INDEX command_label_code ON command_label (code);
"""

_TASKS: Final = """
-- What else the hub had this kiosk do: see `kiosk.tasks.store`.
CREATE TABLE task (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    expires INTEGER NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    mark TEXT NOT NULL DEFAULT '',
    checks BLOB NOT NULL DEFAULT '[]',
    file TEXT NOT NULL DEFAULT '',
    command BLOB NOT NULL
);
"""

_SCHEMA: Final = f"""
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

-- id: see `event_key`
CREATE TABLE event (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL, mono INTEGER NOT NULL, raw BLOB NOT NULL
);

-- Turns that are committed and not yet spread into lane, known and print_job.
CREATE TABLE turn (id INTEGER PRIMARY KEY, redo BLOB NOT NULL);

-- With row ids: a long session's state stays within one page.
CREATE TABLE lane (lane TEXT PRIMARY KEY, state BLOB NOT NULL);

CREATE TABLE known (
    code TEXT PRIMARY KEY, status TEXT NOT NULL, plan TEXT, place TEXT, box TEXT, category TEXT,
    sealed INTEGER NOT NULL DEFAULT 0, aside INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX known_plan ON known (plan) WHERE plan IS NOT NULL;
CREATE INDEX known_place ON known (place) WHERE place IS NOT NULL;
CREATE INDEX known_box ON known (box) WHERE box IS NOT NULL;

-- Who came to work and has not gone home: the card's hash and the event that says so.
CREATE TABLE work (
    person TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    boot TEXT NOT NULL, mono INTEGER NOT NULL
) WITHOUT ROWID;

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
{_COMMANDS}{_TASKS}"""

_UPGRADES: Final = {
    1: """
ALTER TABLE event RENAME TO event_1;
CREATE TABLE event (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL, mono INTEGER NOT NULL, raw BLOB NOT NULL
);
INSERT INTO event
    SELECT number << 40 | seq, hash, mono, raw FROM event_1 JOIN epoch USING (epoch)
    ORDER BY number, seq;
DROP TABLE event_1;
CREATE TABLE turn (id INTEGER PRIMARY KEY, redo BLOB NOT NULL);
ALTER TABLE known ADD COLUMN place TEXT;
ALTER TABLE known ADD COLUMN box TEXT;
ALTER TABLE known ADD COLUMN category TEXT;
ALTER TABLE known ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX known_place ON known (place) WHERE place IS NOT NULL;
CREATE INDEX known_box ON known (box) WHERE box IS NOT NULL;
CREATE TABLE work (
    person TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    boot TEXT NOT NULL, mono INTEGER NOT NULL
) WITHOUT ROWID;
""",
    2: "ALTER TABLE known ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;",
    3: _COMMANDS,
    4: _TASKS,
}
"""How a journal of this version becomes one of the next; the whole way is one transaction."""


class JournalError(Exception):
    """The journal cannot be used, or a commit failed; ``words`` says it in both languages."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words: Final = words


def event_key(epoch: int, seq: int) -> int:
    """The key of an event: its epoch's number in this journal, then its seq."""
    return epoch << SEQ_BITS | seq


def seq_of(key: int) -> int:
    """The seq in an event's key."""
    return key & (1 << SEQ_BITS) - 1


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
            upgrades = "".join(_UPGRADES[step] for step in range(version, SCHEMA_VERSION))
            connection.executescript(
                f"BEGIN IMMEDIATE;{upgrades}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
            )
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
    that grows costs an extra write of its metadata with every sync. Overwriting begins with a new
    header, which is synced before anything else: the empty write does that now, not for a donor.
    """
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


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
    """One COMMIT for all that happens inside, or nothing of it, on disk when it returns. Raises
    `JournalError`."""

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


class repeatable(transaction):  # noqa: N801 - reads as a function
    """A transaction whose loss costs a repetition and nothing else: it is all there or not there,
    as any other, but reaches the disk only with the next `transaction`. (In a write-ahead log the
    sync of a later COMMIT covers what stands before it.) Raises `JournalError`."""

    def __enter__(self) -> None:
        self._connection.execute("PRAGMA synchronous = NORMAL")
        try:
            super().__enter__()
        except BaseException:
            self._connection.execute("PRAGMA synchronous = FULL")
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self._connection.execute("PRAGMA synchronous = FULL")
