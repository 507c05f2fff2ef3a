"""A hub's database across an update of its program: kept before, tried on a copy, put back.

A later release may change the shape of the database, and none can change it back. So what was there
is kept as a file beside it. Should the release be left again, that file becomes the database; and
whatever was recorded while the release was on trial, by kiosks or by people, is appended to it from
the one that was tried, which stays beside it. Only SQLite: a PostgreSQL database is its operator's.
"""

import itertools
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from contract import batches
from contract.batches import Batch, Header
from hub import db
from hub.backup import BackupError, disk, taking
from hub.config import HubConfig
from hub.log.event_log import EventLog

ROOM: Final = 3
"""Times the database: the copy, one more on which the release is tried, and what it grows by."""
_RUN: Final = 400
_log: Final = logging.getLogger(__name__)


def database_of(config: HubConfig) -> Path:
    """The hub's SQLite file. Raises BackupError: it has another database."""
    url = sa.make_url(config.database)
    if url.drivername != "sqlite" or not url.database:
        raise BackupError(
            "中心的数据库是 PostgreSQL：请按 docs/running.md 手动升级"
            " / the hub's database is PostgreSQL: update by hand, see docs/running.md"
        )
    return Path(url.database)


def keep(database: Path, to: Path) -> None:
    """Has all of ``database`` in the file ``to``, on disk and found sound; a hub may run on it.
    One that is there already is what is wanted.

    Raises:
        BackupError: there is no room, or the copy is not sound.
        OSError: the disk refuses.
    """
    if to.exists():
        return
    disk.require_room(database.parent, ROOM * taking.bytes_of(database))
    partial = to.with_name(f"{to.name}.partial")
    taking.copy_sqlite(database, partial, lambda _: None)
    _require_sound(partial)
    disk.sync(partial)
    partial.rename(to)
    disk.sync(to.parent)


def rehearse(copy: Path) -> None:
    """Brings a copy to this release's shape, and forgets it.

    Raises:
        BackupError: that cannot be done.
    """
    try:
        engine = db.open_writer(db.sqlite_url(copy))
        try:
            db.migrate(engine)
        finally:
            engine.dispose()
        _require_sound(copy)
    except sa.exc.SQLAlchemyError as error:
        raise BackupError(
            f"数据库升不上来 / the database cannot be brought up to date: {error}"
        ) from error
    finally:
        forget(copy)


def put_back(copy: Path, database: Path, aside: Path, now_ms: int) -> int | None:
    """Makes ``copy`` the database again, which then lies at ``aside``; how many events were carried
    over from it, and None when there was nothing to do, since both have the same shape. No hub may
    run. May be cut off anywhere and done again; ``copy`` stays.

    Raises:
        BackupError: it cannot be done.
    """
    tried = database if database.exists() else aside
    if tried == database and shape(database) == shape(copy):
        return None
    partial = database.with_name(f"{database.name}.partial")
    try:
        if tried == database:
            with closing(sqlite3.connect(database)) as plain:  # one file, whatever comes
                plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _copy_again(copy, partial)
        try:
            carried = _carry_over(tried, partial, now_ms)
        except (sqlite3.Error, sa.exc.SQLAlchemyError):
            # A later release may keep its events elsewhere. They are in the file that stays, kiosks
            # send theirs again, and a hub that stands still would help nobody.
            _log.exception("what was recorded since stays in %s", aside)
            _copy_again(copy, partial)
            carried = 0
        disk.sync(partial)
        if tried == database:
            database.rename(aside)
        for suffix in ("-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        partial.rename(database)
        disk.sync(database.parent)
    except (OSError, sqlite3.Error, sa.exc.SQLAlchemyError) as error:
        raise BackupError(f"数据库放不回去 / cannot be put back: {error}") from error
    return carried


def _copy_again(copy: Path, to: Path) -> None:
    forget(to)
    disk.make_private(to)
    shutil.copyfile(copy, to)


def shape(database: Path) -> str:
    """The name of a database's shape, that of its last migration; empty for one without. Raises
    BackupError."""
    try:
        with closing(_reading(database)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"{database}: {error}") from error
    return str(row[0]) if row is not None else ""


def forget(copy: Path) -> None:
    """Takes a copy away. Raises OSError."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _carry_over(tried: Path, into: Path, now_ms: int) -> int:
    with closing(_reading(tried)) as source:
        found = list(_newer(source, into))
    engine = db.open_writer(db.sqlite_url(into))
    log = EventLog()
    carried = 0
    try:
        with engine.begin() as connection:
            log.begin(connection, sorted({kiosk for kiosk, _ in found}))
            for kiosk, batch in found:
                carried += len(log.append(connection, kiosk, batch, now_ms).fresh)
            log.finish(connection, now_ms)
    finally:
        engine.dispose()
    with closing(sqlite3.connect(into)) as plain:
        plain.execute("PRAGMA journal_mode=DELETE")
    return carried


def _newer(source: sqlite3.Connection, old: Path) -> Iterator[tuple[str, Batch]]:
    """Every event of ``source`` that is not in ``old``, by stream, in its order."""
    source.execute("ATTACH ? AS old", (f"{old.absolute().as_uri()}?mode=ro",))
    found = source.execute(
        "SELECT kiosk, epoch, seq, hash, raw FROM main.event AS new WHERE NOT EXISTS"
        " (SELECT 1 FROM old.event AS had WHERE had.kiosk = new.kiosk AND had.epoch = new.epoch"
        " AND had.seq = new.seq AND had.hash = new.hash) ORDER BY kiosk, epoch, seq, id"
    )
    for (kiosk, epoch), those in itertools.groupby(found, key=lambda row: (row[0], row[1])):
        rows = [row[2:] for row in those]
        while rows:
            run = 1  # a fork has two events at one seq: each has a batch
            while run < min(len(rows), _RUN) and rows[run][0] == rows[run - 1][0] + 1:
                run += 1
            count = batches.fit([bytes(row[2]) for row in rows[:run]])
            part, rows = rows[:count], rows[count:]
            header = Header(epoch, part[0][0], count, part[-1][1])
            yield kiosk, Batch(header, tuple(bytes(row[2]) for row in part))


def _require_sound(file: Path) -> None:
    try:
        with closing(_reading(file)) as connection:
            said = connection.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"{file}: {error}") from error
    if said is None or said[0] != "ok":
        raise BackupError(f"{file}: 已损坏 / is damaged: {said}")


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
