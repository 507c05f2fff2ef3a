"""Taking a backup of an SQLite database while its hub runs, or while none does."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from hub.backup import Backup, BackupError, Held, Progress, disk, keys, sealing, verify
from hub.backup.retention import Keep, superfluous

PAGES: Final = 2_000
"""Pages copied between two words about progress; the snapshot is one all the same."""

SQLITE: Final = "sqlite3"
POSTGRESQL: Final = "pgdump"
STAMP: Final = "%Y%m%dT%H%M%S"

Tell = Callable[[Progress], None]


def nothing_told(_: Progress) -> None:
    """For who does not wait."""


class Snapshot(Struct, frozen=True):
    """A moment of the database, verified: its bytes, about how many, what kind of file it is, and
    what it holds. ``compressed``: its bytes are compressed already."""

    source: IO[bytes]
    size: int
    kind: str
    held: Held
    compressed: bool = False


class Order(Struct, frozen=True):
    """What a backup is to be: ``key`` is the public key, ``off_machine`` says that what is in
    ``directory`` leaves this machine."""

    directory: Path
    key: str
    off_machine: bool = False
    keep: Keep = Keep()
    zone: tzinfo = UTC


@contextmanager
def of_sqlite(database: Path, tell: Tell) -> Iterator[Snapshot]:
    """A private, verified copy beside ``database``, gone afterwards.

    Raises:
        BackupError: there is no room for it, or what it holds is not sound.
    """
    copy = database.with_name(database.name + ".snapshot")
    ledger = database.with_name(database.name + ".verified")
    size = bytes_of(database)
    disk.require_room(database.parent, size)
    try:
        copy_sqlite(database, copy, tell)
        held, checked = verify.verify_file(
            copy,
            verify.read_ledger(ledger),
            lambda done, total: tell(Progress("check", done, total)),
        )
        verify.write_ledger(ledger, checked)
        with copy.open("rb") as source:
            yield Snapshot(source, copy.stat().st_size, SQLITE, held)
    finally:
        copy.unlink(missing_ok=True)


def take(
    snapshot: Snapshot, order: Order, now_ms: int, home: Path, tell: Tell = nothing_told
) -> Backup:
    """Write ``snapshot`` as a verified backup, then delete those that nobody keeps.

    ``home`` is a directory on the disk that the hub itself needs to live.

    Raises:
        BackupError: there is no key or no room, or the file does not hold what it should; then it
            is deleted.
    """
    recipient = keys.recipient(require_key(order.key))
    directory = order.directory
    if directory.resolve().is_relative_to(home.resolve()):
        raise BackupError(
            f"{directory}: 备份要放在另一个目录 / a backup belongs in another directory"
        )
    target = directory / file_name(now_ms, snapshot.kind)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for half in directory.glob("yicang-*.partial"):  # of a hub that was cut off
            half.unlink(missing_ok=True)
        disk.require_room(directory, _expected(directory, snapshot))
        made = sealing.seal(
            snapshot.source,
            target,
            recipient,
            compressed=snapshot.compressed,
            tell=lambda done: tell(Progress("seal", done, max(done, snapshot.size))),
            retell=lambda done: tell(Progress("reread", done, max(done, snapshot.size))),
        )
        apart = order.off_machine or directory.stat().st_dev != home.stat().st_dev
        for name in superfluous(taken(directory), order.keep, order.zone):
            (directory / name).unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"备份失败 / the backup failed: {error}") from error
    return Backup(str(target), now_ms, made.sealed_bytes, snapshot.held, apart)


def require_key(key: str) -> str:
    """Raises `BackupError` when no key was set up."""
    if not key:
        raise BackupError(
            "还没有备份密钥，请先运行 yicang hub backup-key"
            " / there is no backup key yet; run yicang hub backup-key first"
        )
    return key


def file_name(taken_ms: int, kind: str) -> str:
    """The name of a backup; it tells when it was taken, in UTC."""
    stamp = datetime.fromtimestamp(taken_ms / 1000, UTC).strftime(STAMP)
    suffix = sealing.SUFFIX if kind == SQLITE else ".age"
    return f"yicang-{stamp}-{taken_ms % 1000:03d}.{kind}{suffix}"


def taken(directory: Path) -> dict[str, int]:
    """The backups in ``directory`` by name, and when each was taken. Raises OSError."""
    found = {}
    for path in directory.glob("yicang-*.age"):
        words = path.name.split(".")[0].split("-")
        try:
            moment = datetime.strptime(words[1], STAMP).replace(tzinfo=UTC)
            found[path.name] = int(moment.timestamp()) * 1000 + int(words[2])
        except (ValueError, IndexError):
            continue  # not a name of ours: nothing of ours may delete it
    return found


def record(connection: Connection, made: Backup) -> None:
    """Remember this backup, and let kiosks forget what it holds if it outlives the machine; run it
    through the writer."""
    if made.apart:
        rows = [
            {"through": through, "k": kiosk, "e": epoch}
            for (kiosk, epoch), through in made.held.holds.items()
        ]
        if rows:
            connection.execute(
                sa.text("UPDATE stream SET safe = :through WHERE kiosk = :k AND epoch = :e"), rows
            )


def _expected(directory: Path, snapshot: Snapshot) -> int:
    """About how large the file will be: the newest one there and a half, or the snapshot."""
    names = taken(directory)
    if not names:
        return snapshot.size
    newest = max(names, key=lambda name: names[name])
    return min((directory / newest).stat().st_size * 3 // 2, snapshot.size)


def bytes_of(database: Path) -> int:
    """How large an SQLite database is, with what stands in its log. Raises OSError."""
    wal = database.with_name(database.name + "-wal")
    return database.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


def copy_sqlite(database: Path, target: Path, tell: Tell) -> None:
    """All of an SQLite database as of one moment, in one file that only its owner may read; a hub
    may run on it.

    Raises:
        BackupError: it cannot be copied.
        OSError: the disk refuses.
    """
    disk.make_private(target)
    try:
        with (
            closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.isolation_level = None
            source.execute("BEGIN")  # one moment from the first page to the last
            source.execute("SELECT 1 FROM sqlite_master").fetchone()
            source.backup(
                copy,
                pages=PAGES,
                progress=lambda _, left, total: tell(Progress("copy", total - left, total)),
                sleep=0.0,
            )
            source.execute("ROLLBACK")
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, readable read-only
    except sqlite3.Error as error:
        raise BackupError(f"备份失败 / the backup failed: {error}") from error


def describe(made: Backup) -> bytes:
    """What the hub remembers of a backup, as JSON."""
    return msgspec.json.encode(
        {
            "file": made.file,
            "taken_ms": made.taken_ms,
            "events": made.held.events,
            "size": made.size,
            "apart": made.apart,
        }
    )
