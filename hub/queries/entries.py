"""Events at their place in the order, as folds take them, for pages that fold by themselves.

What the projector does for every change (`hub.projections.refold`), read-only and for a few hundred
subjects.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from contract.order import SortKey
from hub.folds.entries import Entry, Stored, holder
from hub.folds.epochs import Timeline
from hub.projections import projection_store as store
from hub.queries import places


class Entries:
    """Reads through one connection, and remembers what it read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lines: dict[str, Timeline] = {}
        self._stops = places.stop_of_kiosks(connection)
        self._known: dict[int, Entry] = {}
        self._rows: dict[str, list[int]] = {}

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
        holders: dict[str, set[str]] = {}
        frontier = wanted
        while frontier:
            self._read(frontier)
            found = {subject: self._holders(subject) for subject in frontier}
            holders.update(found)
            every = {group for groups in found.values() for group in groups}
            frontier = sorted(every - holders.keys())
        return {code: self.of(_closure(code, holders)) for code in wanted}

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
        unread = [subject for subject in subjects if subject not in self._rows]
        if not unread:
            return
        touched = store.touched_by(self._connection, unread)
        rows: set[int] = set()
        for subject in unread:
            self._rows[subject] = touched.get(subject, [])
            rows.update(self._rows[subject])
        for event in store.load_events(self._connection, sorted(rows - self._known.keys())):
            if event.position > 0:
                self._known[event.row] = self._entry(event)

    def _entry(self, event: Stored) -> Entry:
        line = self._lines.get(event.kiosk)
        if line is None:
            line = self._lines[event.kiosk] = store.load_timeline(self._connection, event.kiosk)
        place = line.placement(event.epoch)
        key = SortKey(
            place.at(event.mono), event.kiosk, place.rank, event.epoch, event.seq, event.hash
        )
        stop = event.stop if event.stop is not None else self._stops.get(event.kiosk, "")
        return Entry(key, event, stop, place)


def _closure(code: str, holders: Mapping[str, set[str]]) -> list[str]:
    seen, pending = [code], [code]
    while pending:
        for group in sorted(holders.get(pending.pop(), ())):
            if group not in seen:
                seen.append(group)
                pending.append(group)
    return seen
