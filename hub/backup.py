"""Verified backups: what the hub tells kiosks that they may forget.

A backup is a copy of the database in another directory. It is one only when it was synced, opened
again, found intact by SQLite, and every stream in it was read from its first event: each line
hashes to what its row says, and each names its predecessor.

``safe`` is a promise that the machine may burn: it moves, stream by stream, to what the copy holds
only where the copy is on another device than the database, or its maker says that the directory
leaves the machine (a network drive's cache, a folder that is sent away).

Copies hold hashes of people's cards: their directory is made 0700, and each file is 0600.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from contract.events import EventError, decode

KEEP: Final = 14
"""Backups kept in a directory; the oldest go."""

PATTERN: Final = "yicang-*.sqlite3"


NOT_SAFE: Final = (
    "备份与数据库在同一块盘上，盘坏了两份都会丢，所以终端不会因此删除旧记录"
    " / this backup is on the database's own disk and would be lost with it, so that kiosks keep"
    " everything"
)
"""What to tell of a backup that is not `Backup.apart`."""


class BackupError(Exception):
    """A backup that does not count, or a restore that cannot be; the text is for people."""


class Backup(Struct, frozen=True):
    """A verified copy: ``holds`` maps (kiosk, epoch) to the last seq that it has; ``apart`` tells
    whether it outlives the machine, as far as we know."""

    file: str
    taken_ms: int
    events: int
    holds: dict[tuple[str, str], int]
    apart: bool = False


def backup(
    database: Path,
    directory: Path,
    now_ms: int,
    *,
    off_machine: bool = False,
    keep: int = KEEP,
) -> Backup:
    """Copy ``database`` into ``directory`` and verify the copy. The hub may run meanwhile.

    ``off_machine`` says that what is in ``directory`` leaves this machine.

    Raises:
        BackupError: the directory is the database's own, is below it or cannot be written, or the
            copy is not sound; then it is deleted.
    """
    if directory.resolve().is_relative_to(database.parent.resolve()):
        raise BackupError(
            f"{directory}: 备份要放在另一个目录 / a backup belongs in another directory"
        )
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    target = directory / f"yicang-{stamp}-{now_ms % 1000:03d}.sqlite3"
    partial = target.with_suffix(".partial")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy(database, partial)
        made = verify(partial, now_ms)
        partial.rename(target)
        _sync(directory)
        apart = off_machine or directory.stat().st_dev != database.stat().st_dev
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"备份失败 / the backup failed: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    for old in sorted(directory.glob(PATTERN))[:-keep]:
        old.unlink()
    return msgspec.structs.replace(made, file=str(target), apart=apart)


def verify(file: Path, now_ms: int) -> Backup:
    """Open a copy read-only and check all of it.

    Raises:
        BackupError: SQLite finds it damaged, or a stream's events are not what they should be.
        sqlite3.Error: it cannot be opened.
    """
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise BackupError(f"{file}: 已损坏 / damaged: {found}")
        streams = copy.execute("SELECT kiosk, epoch, through FROM stream").fetchall()
        holds = {
            (kiosk, epoch): _verified_through(copy, kiosk, epoch, through)
            for kiosk, epoch, through in streams
        }
        events = copy.execute("SELECT count(*) FROM event").fetchone()[0]
    return Backup(str(file), now_ms, events, holds)


def record_safe(connection: Connection, made: Backup) -> None:
    """Remember this backup, and let kiosks forget what it holds if it outlives the machine; run it
    through the writer."""
    rows = [(through, kiosk, epoch) for (kiosk, epoch), through in made.holds.items()]
    if rows and made.apart:
        connection.exec_driver_sql("UPDATE stream SET safe = ? WHERE kiosk = ? AND epoch = ?", rows)
    told = {
        "file": made.file,
        "taken_ms": made.taken_ms,
        "events": made.events,
        "apart": made.apart,
    }
    connection.exec_driver_sql(
        "INSERT INTO meta (key, value) VALUES ('backup', ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (msgspec.json.encode(told).decode(),),
    )


def restore(file: Path, database: Path, now_ms: int) -> Backup:
    """Put a verified backup in the place of ``database``; no hub may run. What was there stays
    beside it as ``<name>.before-<ms>``. Kiosks notice by hello and send again what it lacks.

    Raises:
        BackupError: the backup is not sound.
    """
    try:
        made = verify(file, now_ms)
        partial = database.with_name(database.name + ".partial")
        _make_private(partial)
        shutil.copyfile(file, partial)
        descriptor = os.open(partial, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        for suffix in ("", "-wal", "-shm"):
            old = database.with_name(database.name + suffix)
            if old.exists():
                old.rename(database.with_name(f"{database.name}.before-{now_ms}{suffix}"))
        partial.rename(database)
        _sync(database.parent)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"恢复失败 / the restore failed: {error}") from error
    return made


def _copy(database: Path, target: Path) -> None:
    _make_private(target)
    with (
        closing(sqlite3.connect(f"file:{database}?mode=rw", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.execute("PRAGMA wal_autocheckpoint=0")
        source.execute("PRAGMA query_only=ON")
        source.backup(copy)  # one step: a single snapshot, while the writer goes on
        copy.execute("PRAGMA journal_mode=DELETE")  # a copy is one file, readable read-only
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_private(file: Path) -> None:
    """An empty file that only its owner may read, whatever the umask: what is written into it
    keeps its mode."""
    file.unlink(missing_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _verified_through(copy: sqlite3.Connection, kiosk: str, epoch: str, through: int) -> int:
    """``through``, once every seq up to it was found there or in a recorded hole.

    Raises:
        BackupError: a seq is missing, or a line is not what its hash says.
    """
    holes = copy.execute(
        "SELECT first, last FROM hole WHERE kiosk = ? AND epoch = ?", (kiosk, epoch)
    ).fetchall()
    broken = {
        row[0]
        for row in copy.execute(
            "SELECT key FROM incident WHERE kind = 'chain-break' AND kiosk = ?", (kiosk,)
        )
    }
    rows = copy.execute(
        "SELECT seq, hash, prev, problem, repaired IS NOT NULL, raw FROM event"
        " WHERE kiosk = ? AND epoch = ? AND seq <= ? ORDER BY seq",
        (kiosk, epoch, through),
    )
    before: set[str] = set()
    here: set[str] = set()
    unsure = True
    last = 0
    for seq, digest, prev, problem, repaired, raw in rows:
        if seq != last:
            if not _covered(last + 1, seq - 1, holes):
                raise BackupError(f"{kiosk}/{epoch}: 缺少 / lacks {last + 1}..{seq - 1}")
            unsure = seq != last + 1 or seq == 1 or any(not known for known in here)
            before, here, last = here, set(), seq
        here.add(digest if prev is not None else "")
        if problem is None and not repaired and _hash_of(raw) != digest:
            raise BackupError(f"{kiosk}/{epoch}/{seq}: 内容与哈希不符 / does not match its hash")
        linked = unsure or prev is None or prev in before
        if not linked and f"chain-break:{kiosk}:{epoch}:{seq}" not in broken and len(before) == 1:
            raise BackupError(f"{kiosk}/{epoch}/{seq}: 链断开 / the chain is broken")
    if last < through and not _covered(last + 1, through, holes):
        raise BackupError(f"{kiosk}/{epoch}: 缺少 / lacks {last + 1}..{through}")
    return through


def _hash_of(raw: bytes) -> str | None:
    try:
        return decode(raw).hash
    except EventError as error:
        return error.hash


def _covered(first: int, last: int, holes: list[tuple[int, int]]) -> bool:
    for low, high in sorted(holes):
        if low <= first <= high:
            first = high + 1
    return first > last
