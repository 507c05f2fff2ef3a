"""The events that a journal still keeps, for what is told anew when something is taken back."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import Final

from contract.events import Event, EventError, decode
from kiosk.state import ItemFacts
from kiosk.store import disk_errors, event_key

_AT_ONCE: Final = 100
"""Texts that one statement looks for."""


class KeptEvents:
    """The journal's events as `kiosk.told.History`, part of its database and of its thread. Reads
    all that is kept: for what somebody takes back once in a while."""

    def __init__(self, db: sqlite3.Connection, unheard: Callable[[str], ItemFacts]) -> None:
        self._db: Final = db
        self.unheard: Final = unheard

    @property
    def whole(self) -> bool:
        """Whether nothing was dropped for its age. Raises `JournalError`."""
        with disk_errors():
            first = (event_key(1, 1),)
            row = self._db.execute("SELECT 1 FROM event WHERE id = ?", first).fetchone()
        return row is not None

    def about(self, texts: Collection[str]) -> list[tuple[int, Event]]:
        """See `kiosk.told.History`. Raises `JournalError`."""
        wanted = [text.encode() for text in texts]
        found: dict[int, bytes] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            where = " OR ".join(["instr(raw, ?)"] * len(some))
            with disk_errors():
                # Only question marks are put together here.
                rows = self._db.execute(f"SELECT id, raw FROM event WHERE {where}", some)  # noqa: S608
                found.update(rows.fetchall())
        return list(readable(sorted(found.items())))


def readable(rows: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, Event]]:
    """The events in these lines. Those that only a later release can read, which was left again,
    stay in the journal for the hub and are passed over here."""
    for at, raw in rows:
        with suppress(EventError):
            yield at, decode(raw)
