"""Events at their place in the order, as folds take them, for pages that fold by themselves.

What the projector does for every change (`hub.projections.refold`), read-only and for a few hundred
subjects.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import Connection, select, tuple_

from contract.order import SortKey
from hub import db
from hub.folds.entries import Entry, Stored, holder
from hub.folds.epochs import Timeline
from hub.projections import projection_store as store
from hub.queries import places

Epoch: TypeAlias = tuple[str, str]
"""A kiosk and an epoch of it."""
Places: TypeAlias = dict[Epoch, tuple[Any, ...]]
"""By epoch, all that the order of its events and the stops that they speak of depend on."""


class Entries:
    """Reads through one connection, and remembers what it read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lines: dict[str, Timeline] = {}
        self._stops = places.stop_of_kiosks(connection)
        self._known: dict[int, Entry] = {}
        self._asked: set[int] = set()
        self._rows: dict[str, list[int]] = {}
        self._holding: dict[str, set[str]] = {}

    def of(self, subjects: Iterable[str]) -> list[Entry]:
        """The good events that concern any of ``subjects``, sorted, each once."""
        wanted = list(dict.fromkeys(subjects))
        self._read(wanted)
        rows = {row for subject in wanted for row in self._rows[subject]}
        return sorted(self._known[row] for row in rows if row in self._known)

    def of_items(self, codes: Iterable[str]) -> dict[str, list[Entry]]:
        """For each code what a fold of it needs: its events and those of every box and plan it may
        have been in, sorted, each once."""
        wanted = list(dict.fromkeys(codes))
        holders = self._holding
        frontier = [code for code in wanted if code not in holders]
        while frontier:
            self._read(frontier)
            found = {subject: self._holders(subject) for subject in frontier}
            holders.update(found)
            every = {group for groups in found.values() for group in groups}
            frontier = sorted(every - holders.keys())
        return {code: self.of(self.closure(code)) for code in wanted}

    def closure(self, code: str) -> list[str]:
        """``code``, which `of_items` was asked for, and every box and plan that led to."""
        return _closure(code, self._holding)

    def touched(self, subjects: Iterable[str]) -> dict[str, list[int]]:
        """The rows of the events that concern each of ``subjects``, in order."""
        wanted = list(dict.fromkeys(subjects))
        unasked = [subject for subject in wanted if subject not in self._rows]
        if unasked:
            touched = store.touched_by(self._connection, unasked)
            for subject in unasked:
                self._rows[subject] = sorted(touched.get(subject, []))
        return {subject: self._rows[subject] for subject in wanted}

    @property
    def stops(self) -> Mapping[str, str]:
        """Where each kiosk stands."""
        return self._stops

    def places(self, epochs: Iterable[Epoch]) -> Places:
        """Where each of these epochs stands in the order, and its kiosk's stop."""
        table = db.stream.c
        found: Places = {}
        for part in store.chunks(epochs):
            rows = self._connection.execute(
                select(
                    table.kiosk, table.epoch, table.rank, table.placed, table.ceiling, table.known
                ).where(tuple_(table.kiosk, table.epoch).in_(part))
            )
            for kiosk, epoch, *place in rows:
                found[kiosk, epoch] = (*place, self._stops.get(kiosk, ""))
        return found

    def _holders(self, subject: str) -> set[str]:
        if subject.startswith("D"):
            return set()
        found = set()
        for row in self._rows[subject]:
            entry = self._known.get(row)
            group = holder(subject, entry.stored.body) if entry is not None else None
            if group is not None:
                found.add(group)
        return found

    def _read(self, subjects: Iterable[str]) -> None:
        rows = {row for found in self.touched(subjects).values() for row in found}
        unread = sorted(rows - self._asked)
        self._asked.update(unread)
        for event in store.load_events(self._connection, unread):
            if event.position > 0:
                self._known[event.row] = self._entry(event)

    def _entry(self, event: Stored) -> Entry:
        place = self._line(event.kiosk).placement(event.epoch)
        key = SortKey(
            place.at(event.mono), event.kiosk, place.rank, event.epoch, event.seq, event.hash
        )
        stop = event.stop if event.stop is not None else self._stops.get(event.kiosk, "")
        return Entry(key, event, stop, place)

    def _line(self, kiosk: str) -> Timeline:
        line = self._lines.get(kiosk)
        if line is None:
            line = self._lines[kiosk] = store.load_timeline(self._connection, kiosk)
        return line


def _closure(code: str, holders: Mapping[str, set[str]]) -> list[str]:
    seen, pending = [code], [code]
    while pending:
        for group in sorted(holders.get(pending.pop(), ())):
            if group not in seen:
                seen.append(group)
                pending.append(group)
    return seen
