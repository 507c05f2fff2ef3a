"""Putting a backup in the database's place, with what the hub itself recorded since.

Nothing is touched until the new database is whole: it is made beside the old one, which in the end
is renamed, never deleted. Kiosks notice by hello and send again what it lacks. What the hub itself
had recorded after the backup comes from the copies of its events, through the ordinary append. The
restored hub goes on in an epoch of its own, whose opening names the newest event that it has:
should the old hub live on somewhere, the two are a fork that everybody sees.
"""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Engine

from contract.batches import Batch
from contract.events import Event, EventError, decode
from hub import db
from hub.access import audit
from hub.backup import BackupError, Held, disk, hub_events, postgres, sealing, taking, verify
from hub.backup.keys import Identity
from hub.log import recording
from hub.log.event_log import EventLog

_SQLITE: Final = b"SQLite format 3\0"

Tell = Callable[[str], None]


class Restored(Struct, frozen=True):
    """``held`` is what the backup held; ``replayed`` counts the hub's own events that came from
    copies; ``unreadable`` says, for people, which copies could not be read."""

    held: Held
    replayed: int
    unreadable: tuple[str, ...]


class Copies(Struct, frozen=True):
    """Batches of the hub's own events, in the order in which they were recorded."""

    batches: tuple[Batch, ...]
    unreadable: tuple[str, ...]


def read_copies(directory: Path, identities: Sequence[Identity]) -> Copies:
    """All that the segments in ``directory`` hold. One that is damaged keeps none of the others
    back. Raises OSError."""
    found: list[Batch] = []
    unreadable = []
    for segment in hub_events.segments(directory):
        try:
            found += hub_events.read(directory / segment.name, identities)
        except BackupError as error:
            unreadable.append(str(error))
    return Copies(tuple(sorted(found, key=_recorded)), tuple(unreadable))


def _recorded(batch: Batch) -> tuple[int, str, int]:
    """The hub's events tell its own clock, which never goes back from one epoch to the next."""
    header = batch.header
    try:
        return decode(batch.lines[0]).public.mono, header.epoch, header.first
    except EventError:
        return 0, header.epoch, header.first


def restore_sqlite(
    file: Path,
    database: Path,
    copies: Copies,
    identities: Sequence[Identity],
    now_ms: int,
) -> Restored:
    """Put the backup ``file`` in the place of ``database``; no hub may run. What was there stays
    beside it as ``<name>.before-<ms>``.

    Raises:
        BackupError: the backup does not open or is not sound.
    """
    partial = database.with_name(database.name + ".partial")
    try:
        _open(file, partial, identities)
        held, _ = verify.verify_file(partial)
        engine = db.open_writer(db.sqlite_url(partial))
        try:
            replayed = replay(engine, copies.batches, now_ms, file.name)
        finally:
            engine.dispose()
        with closing(sqlite3.connect(partial)) as plain:
            plain.execute("PRAGMA journal_mode=DELETE")
        disk.sync(partial)
        for suffix in ("", "-wal", "-shm"):
            old = database.with_name(database.name + suffix)
            if old.exists():
                old.rename(database.with_name(f"{database.name}.before-{now_ms}{suffix}"))
        partial.rename(database)
        disk.sync(database.parent)
    except (OSError, sqlite3.Error, sa.exc.DBAPIError) as error:
        raise BackupError(f"恢复失败 / the restore failed: {error}") from error
    finally:
        _remove(partial)
    return Restored(held, replayed, copies.unreadable)


def restore_postgresql(
    file: Path, url: str, copies: Copies, identities: Sequence[Identity], now_ms: int
) -> Restored:
    """The same with PostgreSQL, whose former contents are gone afterwards.

    Raises:
        BackupError: the backup does not open or is not sound.
    """
    postgres.restore(file, url, identities)
    engine = db.open_writer(url)
    try:
        with engine.begin() as connection:
            held, _ = verify.verify(connection)
        replayed = replay(engine, copies.batches, now_ms, file.name)
    finally:
        engine.dispose()
    return Restored(held, replayed, copies.unreadable)


def check(file: Path, identities: Sequence[Identity], scratch: Path) -> Held | None:
    """What a backup holds, once its private key opened it and all of it was verified; ``scratch``
    is a directory for the plain copy, which is deleted again. None of a dump of PostgreSQL: all of
    it was read, but only a database tells what is in it.

    Raises:
        BackupError: it does not open or is not sound.
    """
    if f".{taking.POSTGRESQL}." in file.name:
        sealing.unseal(file, identities, _Counted(), compressed=True)
        return None
    plain = scratch / f"{hashlib.sha256(file.name.encode()).hexdigest()[:16]}.sqlite3"
    try:
        _open(file, plain, identities)
        return verify.verify_file(plain)[0]
    except OSError as error:
        raise BackupError(f"{file}: {error}") from error
    finally:
        plain.unlink(missing_ok=True)


def replay(engine: Engine, copied: Sequence[Batch], now_ms: int, file: str) -> int:
    """Append the hub's own events that the database lacks, and begin an epoch of its own; how many
    there were. The hub projects them at its next start. Logins end: some may have been revoked
    since."""
    db.migrate(engine)
    log = EventLog()
    replayed = 0
    with engine.begin() as connection:
        log.begin(connection)
        for batch in copied:
            fresh = log.append(connection, recording.KIOSK, batch, now_ms).fresh
            replayed += len(fresh)
            _remember_requests(connection, [new.event for new in fresh], now_ms)
        log.finish(connection, now_ms)
        recording.start_anew(connection)
        connection.execute(sa.delete(db.session))
        detail = {"hub_events": replayed}
        audit.note(connection, audit.COMMAND_LINE, "backup.restored", file, detail, now_ms)
    return replayed


def _remember_requests(
    connection: Connection, written: Sequence[Event | None], now_ms: int
) -> None:
    by_request: dict[str, list[Event]] = {}
    for event in written:
        if event is not None and event.public.request is not None:
            by_request.setdefault(event.public.request, []).append(event)
    for request, those in by_request.items():
        recording.remember(connection, request, those, now_ms)


def _remove(database: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _open(file: Path, target: Path, identities: Sequence[Identity]) -> None:
    # SQLite takes a log beside a file for that file's: one that a killed restore left would stand
    # over what this backup says.
    _remove(target)
    disk.make_private(target)
    with file.open("rb") as source:
        plain = source.read(len(_SQLITE)) == _SQLITE
    if plain:  # from before backups were encrypted, or decrypted by hand
        disk.require_room(target.parent, file.stat().st_size)
        shutil.copyfile(file, target)
    elif not identities:
        raise BackupError(
            f"{file}: 备份已加密，请用 --key 给出私钥文件"
            " / this backup is encrypted: give the file with the private key by --key"
        )
    else:
        disk.require_room(target.parent, file.stat().st_size * 2)
        with target.open("r+b") as into:
            sealing.unseal(file, identities, into)
    disk.sync(target)


class _Counted:
    """Forgets what it is given: age and its digests are what is checked."""

    def write(self, data: bytes, /) -> None:
        """Takes it."""
