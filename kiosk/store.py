"""The journal's database file: one SQLite connection, WAL, synchronous=FULL.

`FULL` is what makes green true: a COMMIT returns after the write-ahead log is on disk (12 power
cuts: 0 of 643 commits lost; with NORMAL all 643). There is exactly one connection, used by one
thread: SQLite before 3.51.3 can lose commits when two connections write or checkpoint a WAL
database at once. Checkpoints run when the kiosk is idle, not within a donor's scan.

The shape follows the disk, too. Events stand in the order in which they happen, so that a new one
always goes onto the last page: with a text key every fourth rewrote two pages more.

Its shape, and how it goes from one to another and back, is in `kiosk.store_schema`.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from drivers.ports import Words
from kiosk.store_schema import SCHEMA, Schema
from kiosk.store_schema import SCHEMA_VERSION as SCHEMA_VERSION

IDLE_CHECKPOINT_CHANGES: Final = 200
"""Changed rows after which an idle moment is used for a checkpoint: about a megabyte of log."""

FORCED_CHECKPOINT_PAGES: Final = 16_384
"""WAL pages (64 MiB) at which SQLite checkpoints by itself if no moment was idle."""

IN_USE_S: Final = 1.0
"""How long a start waits for a journal that another process holds. A kiosk that runs holds it until
it ends; only one that is ending lets go of it in time."""

SEQ_BITS: Final = 40
"""Room for the seq in an event's key: an event every millisecond for 34 years of one start."""


T = TypeVar("T")

UNREADABLE: Final = (ValueError, TypeError, RecursionError)
"""What reading a row raises that is damaged, or that another release wrote in another form; those
of msgspec and of UTF-8 are ValueErrors."""


class JournalError(Exception):
    """The journal cannot be used, or a commit failed; ``words`` says it in both languages."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words: Final = words


class DamagedError(JournalError):
    """What every journal has stands in there as nonsense, though SQLite finds the file whole."""

    def __init__(self, what: str) -> None:
        super().__init__(
            Words(zh=f"日志内容已损坏：{what}", en=f"the journal's content is damaged: {what}")
        )


def is_no_text(error: BaseException) -> bool:
    """Whether this is Python's word for bytes that stand where text should: it has no code of
    SQLite's."""
    return isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode")


def each_row(
    db: sqlite3.Connection, table: str, columns: str, read: Callable[[tuple[Any, ...]], T]
) -> tuple[list[T], list[tuple[int]]]:
    """What ``read`` makes of every row, in their order, and the row ids of those of which nothing
    can be made."""
    found, lost = [], []
    query = f"SELECT {columns} FROM {table} WHERE rowid = ?"  # noqa: S608 - our own words
    for row in db.execute(f"SELECT rowid FROM {table} ORDER BY rowid").fetchall():  # noqa: S608
        try:
            found.append(read(db.execute(query, row).fetchone()))
        except UNREADABLE:
            lost.append(row)
        except sqlite3.OperationalError as error:
            if not is_no_text(error):
                raise
            lost.append(row)
    return found, lost


def event_key(epoch: int, seq: int) -> int:
    """The key of an event: its epoch's number in this journal, then its seq."""
    return epoch << SEQ_BITS | seq


def seq_of(key: int) -> int:
    """The seq in an event's key."""
    return key & (1 << SEQ_BITS) - 1


def open_store(path: Path, schema: Schema = SCHEMA) -> sqlite3.Connection:
    """The journal at ``path``, created with its schema when it is not there.

    Raises:
        JournalError: it cannot be opened, is damaged, or was written by a later release that left
            no way back.
    """
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(
            path, timeout=IN_USE_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {FORCED_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == 0:
            steps = schema.create
        elif version > schema.version:
            steps = _way_back(connection, path, version, schema.version)
        else:
            steps = "".join(schema.upgrades[step] for step in range(version, schema.version))
        keep = "".join(_keep(step, sql) for step, sql in schema.ways_back.items())
        connection.executescript(
            f"BEGIN IMMEDIATE;{steps}DELETE FROM meta WHERE key LIKE 'back-%';{keep}"  # noqa: S608
            f"PRAGMA user_version = {schema.version};COMMIT;"
        )
    except BaseException as error:
        if connection is not None:
            connection.close()
        if not isinstance(error, sqlite3.Error):
            raise
        raise JournalError(_why_not_open(path, error)) from error
    return connection


def _way_back(connection: sqlite3.Connection, path: Path, version: int, wanted: int) -> str:
    """The statements that undo what later releases did to the shape. Raises `JournalError`."""
    kept = dict(connection.execute("SELECT key, value FROM meta WHERE key LIKE 'back-%'"))
    steps = [kept.get(f"back-{step}") for step in range(version, wanted, -1)]
    if None in steps:
        raise JournalError(
            Words(
                zh=f"日志 {path} 由更新的版本写成（{version}），本版本只认识 {wanted}",
                en=f"the journal {path} was written by a later release "
                f"({version}; this one knows {wanted})",
            )
        )
    return "".join(f"{step};" for step in steps)


def _keep(step: int, sql: str) -> str:
    """A statement that writes down how an earlier release undoes this step."""
    quoted = sql.replace("'", "''")
    return f"INSERT INTO meta VALUES ('back-{step}', '{quoted}');"  # noqa: S608 - our own words


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
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    connection.execute(f"PRAGMA user_version = {version}")


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
