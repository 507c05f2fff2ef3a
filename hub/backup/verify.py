"""Whether a snapshot holds the whole log: read all of it, parse only what was never parsed before.

Three questions are asked of every row, every time: no seq is missing below its stream's ``through``
except in recorded holes; every event names a predecessor that is there, except where a break was
told as an incident or the predecessor was unreadable; each row of a block of `BLOCK` ids has the
bytes that it had when they were last parsed. Only where a block differs from what the ledger
remembers, or is new, are its lines parsed and hashed one by one. A bit that fell over in an old row
is therefore found like one in a new row; what is saved is the parsing, nine tenths of the time.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contract.events import EventError, decode
from hub import sqlite
from hub.backup import BackupError, Held, disk

BLOCK: Final = 10_000

Tell = Callable[[int, int], None]
"""Told how many rows of how many were looked at."""


class Ledger(Struct, frozen=True):
    """By block of ids: the SHA-256 of its rows when their lines were parsed and found good."""

    blocks: dict[int, str] = {}


def nothing_told(_done: int, _total: int) -> None:
    """For who does not wait."""


def read_ledger(file: Path) -> Ledger:
    """An empty one where there is none that can be read: everything is parsed anew then."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Ledger)
    except (OSError, msgspec.MsgspecError):
        return Ledger()


def write_ledger(file: Path, ledger: Ledger) -> None:
    """Raises OSError."""
    partial = file.with_name(file.name + ".partial")
    disk.make_private(partial)
    partial.write_bytes(msgspec.json.encode(ledger))
    partial.rename(file)


def verify_file(
    file: Path, known: Ledger | None = None, tell: Tell = nothing_told
) -> tuple[Held, Ledger]:
    """Open an SQLite copy read-only and check all of it.

    Raises:
        BackupError: SQLite finds it damaged, or its log is not what it should be.
    """
    engine = sqlite.open_reader(sqlite.url_of(file), 1)
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
            if found != "ok":
                raise BackupError(f"{file}: 已损坏 / damaged: {found}")
            return verify(connection, known, tell)
    except sa.exc.DBAPIError as error:
        raise BackupError(f"{file}: 已损坏 / damaged: {error.orig}") from None
    finally:
        engine.dispose()


def verify(
    connection: Connection, known: Ledger | None = None, tell: Tell = nothing_told
) -> tuple[Held, Ledger]:
    """Check the log that ``connection`` sees, in one transaction.

    Raises:
        BackupError: something is missing, or is not what its hash says.
    """
    holds: dict[tuple[str, str], int] = {}
    for kiosk, epoch, through in connection.exec_driver_sql(
        "SELECT kiosk, epoch, through FROM stream ORDER BY kiosk, epoch"
    ).all():
        _require_complete(connection, kiosk, epoch, through)
        holds[kiosk, epoch] = through
    _require_links(connection)
    newest = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM event").scalar_one()
    blocks = {}
    for block in range(newest // BLOCK + 1):
        digest = hashlib.sha256(_content(connection, block)).hexdigest()
        if known is None or known.blocks.get(block) != digest:
            _require_hashes(connection, block)
        blocks[block] = digest
        tell(min((block + 1) * BLOCK, newest), newest)
    events = connection.exec_driver_sql("SELECT count(*) FROM event").scalar_one()
    return Held(events, holds), Ledger(blocks)


# --- nothing is missing ------------------------------------------------------------------------


def _require_complete(connection: Connection, kiosk: str, epoch: str, through: int) -> None:
    here = {"kiosk": kiosk, "epoch": epoch, "through": through}
    count = connection.execute(
        sa.text(
            "SELECT count(DISTINCT seq) FROM event"
            " WHERE kiosk = :kiosk AND epoch = :epoch AND seq BETWEEN 1 AND :through"
        ),
        here,
    ).scalar_one()
    if count == through:
        return
    rows = connection.execute(
        sa.text(
            "SELECT DISTINCT seq FROM event WHERE kiosk = :kiosk AND epoch = :epoch"
            " AND seq BETWEEN 1 AND :through ORDER BY seq"
        ),
        here,
    )
    holes = connection.execute(
        sa.text("SELECT first, last FROM hole WHERE kiosk = :kiosk AND epoch = :epoch"), here
    ).all()
    last = 0
    for seq in [*(row[0] for row in rows), through + 1]:
        if seq != last + 1 and not _covered(last + 1, seq - 1, [(h[0], h[1]) for h in holes]):
            raise BackupError(f"{kiosk}/{epoch}: 缺少 / lacks {last + 1}..{seq - 1}")
        last = seq


def _covered(first: int, last: int, holes: list[tuple[int, int]]) -> bool:
    for low, high in sorted(holes):
        if low <= first <= high:
            first = high + 1
    return first > last


# --- the chain holds ---------------------------------------------------------------------------

_UNLINKED: Final = """
SELECT e.kiosk, e.epoch, e.seq FROM event e
JOIN stream s ON s.kiosk = e.kiosk AND s.epoch = e.epoch AND e.seq <= s.through
WHERE e.seq > 1 AND e.prev IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM event p
  WHERE p.kiosk = e.kiosk AND p.epoch = e.epoch AND p.seq = e.seq - 1 AND p.hash = e.prev)
"""


def _require_links(connection: Connection) -> None:
    told: set[str] | None = None
    for kiosk, epoch, seq in connection.exec_driver_sql(_UNLINKED).all():
        if told is None:
            rows = connection.exec_driver_sql("SELECT key FROM incident WHERE kind = 'chain-break'")
            told = {row[0] for row in rows}
        before = connection.execute(
            sa.text(
                "SELECT hash, prev FROM event"
                " WHERE kiosk = :kiosk AND epoch = :epoch AND seq = :seq"
            ),
            {"kiosk": kiosk, "epoch": epoch, "seq": seq - 1},
        ).all()
        sure = len(before) == 1 and before[0].prev is not None
        if sure and f"chain-break:{kiosk}:{epoch}:{seq}" not in told:
            raise BackupError(f"{kiosk}/{epoch}/{seq}: 链断开 / the chain is broken")


# --- lines are what they were ------------------------------------------------------------------

_HEAD: Final = (
    "id || ' ' || kiosk || ' ' || epoch || ' ' || seq || ' ' || hash || ' '"
    " || coalesce(prev, '') || ' ' || coalesce(problem, '') || ' ' || length(raw) || ' '"
    " || coalesce(length(repaired), -1) || ' '"
)
_CONTENT: Final = {
    "sqlite": (
        f"SELECT CAST(group_concat({_HEAD} || raw || coalesce(repaired, ''), '') AS BLOB)"  # noqa: S608
        " FROM (SELECT * FROM event WHERE id BETWEEN :first AND :last ORDER BY id)"
    ),
    "postgresql": (
        f"SELECT string_agg(convert_to({_HEAD}, 'UTF8') || raw || coalesce(repaired, ''), ''::bytea"  # noqa: S608
        " ORDER BY id) FROM event WHERE id BETWEEN :first AND :last"
    ),
}
"""All rows of a block as one value: the database puts them together ten times as fast."""


def _content(connection: Connection, block: int) -> bytes:
    query = sa.text(_CONTENT[connection.dialect.name].replace("::", r"\:\:"))
    found = connection.execute(query, _ids(block)).scalar()
    return bytes(found) if found is not None else b""


def _ids(block: int) -> dict[str, int]:
    return {"first": block * BLOCK, "last": (block + 1) * BLOCK - 1}


def _require_hashes(connection: Connection, block: int) -> None:
    rows = connection.execute(
        sa.text(
            "SELECT kiosk, epoch, seq, hash, raw FROM event WHERE id BETWEEN :first AND :last"
            " AND problem IS NULL AND repaired IS NULL"
        ),
        _ids(block),
    )
    for kiosk, epoch, seq, digest, raw in rows:
        if _hash_of(bytes(raw)) != digest:
            raise BackupError(f"{kiosk}/{epoch}/{seq}: 内容与哈希不符 / does not match its hash")


def _hash_of(raw: bytes) -> str | None:
    try:
        return decode(raw).hash
    except EventError as error:
        return error.hash
