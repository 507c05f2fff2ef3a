"""A journal that cannot be believed any more: found at start, kept aside, and said.

Rules
-----
* Damaged means that SQLite says so (``quick_check``, or that it is no database), or that what every
  journal has is not in it. A journal that is in use by another process, was written by a later
  release, or lies on a disk that cannot be read now, is not damaged.
* Nothing is deleted. The database and what stands beside it get a name of their own, with the
  time as far as it is known and this boot's id, for somebody who may be able to read on.
* A fresh journal follows under a new prefix: the identity document remembers an epoch that the
  fresh one does not have (`kiosk.journal`). What the hub had acknowledged is with the hub.
* Bytes that are wrong where SQLite does not look (inside an event's line) are found by the hub,
  which verifies the chain of hashes, and by whoever decodes them. A row of which nothing can be
  made (a lane's place, a paper, a task) goes alone; without its epochs a journal is damaged.
"""

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from kiosk.clock import Clock
from kiosk.durable import sync_directory
from kiosk.identity import IdentityStore
from kiosk.store import IN_USE_S, DamagedError, JournalError, is_no_text

log = logging.getLogger(__name__)

T = TypeVar("T")

DAMAGED: Final = "journal-damaged"
"""The word of the event that tells of it."""

_TABLES: Final = frozenset({"meta", "epoch", "event", "lane", "known", "block", "print_job"})
_VERSIONS: Final = range(1, 10_000)
"""What a release may ever have written; anything else is no version but a wrong byte."""

_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_SHORT_READ,
    }
)
_BESIDE: Final = ("", "-wal", "-journal", "-shm")


def is_damage(error: BaseException | None) -> bool:
    """Whether this error, or the one behind it, says that the file itself is wrong."""
    while error is not None:
        if isinstance(error, DamagedError) or is_no_text(error):
            return True
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and (code in _CODES or code & 0xFF in _CODES):
            return True
        error = error.__cause__
    return False


def open_journal(
    path: Path, identity: IdentityStore, clock: Clock, make: Callable[[], T]
) -> tuple[T, list[Path]]:
    """What ``make`` makes of the journal at ``path``, and where damaged ones were put before.

    Raises:
        IdentityError: there is no identity.
        JournalError: it cannot be used, and is not damaged.
        OSError: it is damaged and cannot be put aside.
    """
    aside: list[Path] = []
    why = _why_damaged(path, known=identity.load().last_epoch is not None)
    if why:
        aside.append(_put_aside(path, clock, why))
    try:
        return make(), aside
    except (JournalError, KeyError) as error:
        # KeyError: an epoch whose events are not there.
        if not is_damage(error) and not isinstance(error, KeyError):
            raise
        aside.append(_put_aside(path, clock, str(error)))
        return make(), aside


def _why_damaged(path: Path, *, known: bool) -> str:
    """What is wrong with the file, in English; empty when nothing is, or cannot be told now.

    ``known`` tells whether this kiosk ever had a journal: then an empty file is not a new one.
    """
    if not path.exists():
        return ""
    if path.stat().st_size == 0:
        return "the file is empty" if known else ""
    try:
        # Read-only, so that nothing of a damaged journal is written over, its log included.
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, timeout=IN_USE_S, uri=True)) as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
            if version == 0 and not tables and not known:
                return ""  # a first start that was cut off
            if version not in _VERSIONS or not tables >= _TABLES:
                return "it is not a journal"
            found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            return "" if found == "ok" else found
    except sqlite3.Error as error:
        if is_damage(error):
            return str(error)
        log.info("the journal cannot be examined now: %s", error)
        return ""


def _put_aside(path: Path, clock: Clock, why: str) -> Path:
    """Renames the journal with all that belongs to it; the database's new name."""
    moment = datetime.fromtimestamp(clock.wall() // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    stem = f"{path.name}.damaged-{moment}-{clock.boot[:8]}"
    number = 0
    while any(path.with_name(f"{stem}-{number}{end}").exists() for end in _BESIDE):
        number += 1
    aside = path.with_name(f"{stem}-{number}")
    # The log first: without it a cut in between leaves a database that is still found damaged.
    for end in reversed(_BESIDE):
        there = path.with_name(path.name + end)
        if there.exists():
            os.rename(there, aside.with_name(aside.name + end))  # noqa: PTH104
    sync_directory(path.parent)
    log.error("the journal is damaged (%s) and was put aside as %s", why, aside.name)
    return aside
