"""Refolding: what changed keys make anew, from all events that concern them, set-wise.

A fold declares what it read (`hub.folds.entries.holder`): an item depends on its own events, on
those of every box that it was ever packed in, and those boxes' boxes, and of every plan it was ever
out for. Decoded events stay in a bounded memory: what a kiosk sent a moment ago is what is refolded
next.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import Connection, select

from contract.events import SaleTakenBack, Sold
from contract.order import SortKey
from hub import db, incidents
from hub.folds.boxes import BoxState, fold_box
from hub.folds.entries import (
    BOX_ALONE,
    CAMPAIGN,
    COUNT,
    HOLDING,
    MARKET,
    RECALL,
    Entry,
    Stored,
    held,
    holder,
)
from hub.folds.epochs import Timeline
from hub.folds.findings import Finding
from hub.folds.gifts import given
from hub.folds.item import FoldError, ItemState
from hub.folds.planned import fold_part, fold_planned
from hub.folds.recalls import fold_recall
from hub.folds.sales import fold_market
from hub.folds.watch import fold_watched
from hub.incidents import Trouble
from hub.log.event_log import quarantine_key
from hub.projections import count_store, movement_store, sale_store, stock_store
from hub.projections import projection_store as store
from hub.projections.movement_store import Days
from hub.projections.recalled import Recalled
from hub.projections.touches import Touches
from hub.statuses import COUNTED

REFOLD: Final = 2000
"""Most items refolded at once: bounds memory, not the transaction."""

REMEMBERED: Final = 20_000
"""Decoded events kept in memory, about 1 kB each."""

SALES: Final = frozenset({Sold, SaleTakenBack})

Fold: TypeAlias = Callable[[str, Sequence[Entry]], ItemState | None]


class _Needed(NamedTuple):
    """The events of each subject that a refold needs, and the boxes and plans by which these led
    on."""

    events: dict[str, list[Stored]]
    groups: dict[str, list[str]]

    def around(self, code: str) -> Iterable[Stored]:
        """The events of ``code`` and of everything it leads to, each once."""
        found: dict[int, Stored] = {}
        seen = {code}
        pending = [code]
        while pending:
            subject = pending.pop()
            for event in self.events[subject]:
                found[event.row] = event
            for group in self.groups.get(subject, ()):
                if group not in seen:
                    seen.add(group)
                    pending.append(group)
        return found.values()


class Refolder:
    """See the module. ``line`` gives a kiosk's epochs, ``stop`` where it stands; both are asked
    inside the caller's transaction. ``days`` tells a movement's day."""

    def __init__(
        self,
        fold: Fold,
        line: Callable[[Connection, str], Timeline],
        stop: Callable[[Connection, str], str],
        days: Days,
    ) -> None:
        self.touches: Final = Touches()
        self._days: Final = days
        self._fold: Final = fold
        self._line: Final = line
        self._stop: Final = stop
        self._memory: Final[OrderedDict[int, Stored]] = OrderedDict()
        # Entries, as long as all epochs stay in their places and kiosks at their stops.
        self._placed: Final[dict[int, Entry]] = {}
        # The months and stops whose proceeds are to be added up anew.
        self._proceeds: Final[set[tuple[str, str]]] = set()
        self._recalled: Final = Recalled()

    def forget(self) -> None:
        """Drop what a rolled back transaction may have left in memory."""
        self.touches.forget()
        self._memory.clear()
        self._placed.clear()
        self._proceeds.clear()
        self._recalled.forget()

    def forget_places(self) -> None:
        """A kiosk stands at another stop, or an epoch elsewhere in the order: entries say both."""
        self._placed.clear()

    def remember(self, events: Iterable[Stored]) -> None:
        """Keep events that will be folded soon."""
        memory = self._memory
        for event in events:
            memory[event.row] = event
        while len(memory) > REMEMBERED:
            memory.popitem(last=False)

    def events_of(self, connection: Connection, wanted: Iterable[str]) -> dict[str, list[Stored]]:
        """The good events that concern each of ``wanted``."""
        touched = self.touches.of(connection, wanted)
        memory = self._memory
        try:  # as a rule all of them are in memory
            return {subject: [memory[row] for row in rows] for subject, rows in touched.items()}
        except KeyError:
            pass
        wanted_rows = {row for rows in touched.values() for row in rows}
        known = {row: memory[row] for row in wanted_rows if row in memory}
        missing = sorted(wanted_rows - known.keys())
        known.update((event.row, event) for event in store.load_events(connection, missing))
        self.remember(known[row] for row in missing if row in known)
        return {
            subject: [known[row] for row in rows if row in known]
            for subject, rows in touched.items()
        }

    def dependants(self, connection: Connection, dirty: Iterable[str]) -> Iterator[str]:
        """The items to refold when these subjects changed."""
        items: set[str] = set()
        frontier = set(dirty)
        seen: set[str] = set()
        while frontier:
            items.update(subject for subject in frontier if subject[0] in "GB")
            groups = {subject for subject in frontier if subject[0] != "G"} - seen
            seen |= groups
            frontier = set()
            for subject, events in self.events_of(connection, groups).items():
                for event in events:
                    frontier.update(held(subject, event.body))
        return iter(sorted(items))

    @staticmethod
    def every(connection: Connection, sort: str) -> Sequence[str]:
        """Every subject of this sort (`CAMPAIGN`, `RECALL`, `COUNT`, `MARKET`) that an event speaks
        of."""
        subject = db.touch.c.subject
        there = select(subject).where(subject > sort, subject < chr(ord(sort) + 1)).distinct()
        return connection.scalars(there).all()

    @staticmethod
    def every_item(connection: Connection) -> Iterator[str]:
        """Every item and box that an event speaks of, by code."""
        for last, end in (("B", "C"), ("G", "H")):
            while True:
                rows = connection.exec_driver_sql(
                    "SELECT DISTINCT subject FROM touch WHERE subject > ? AND subject < ?"
                    " ORDER BY subject LIMIT ?",
                    (last, end, REFOLD),
                ).fetchall()
                if not rows:
                    break
                last = rows[-1][0]
                yield from (row[0] for row in rows)

    def refold_watched(self, connection: Connection, watch: Iterable[str], now_ms: int) -> None:
        """Write what kiosks now say of themselves under these subjects."""
        for chunk in store.chunks(watch):
            findings: list[Finding] = []
            for subject, events in self.events_of(connection, chunk).items():
                if events:
                    newest = self._line(connection, events[0].kiosk).newest
                    entries = self._in_order(connection, events)
                    findings += fold_watched(subject, entries, newest)
            stale = store.open_findings(connection, chunk)
            incidents.replace_findings(connection, stale, findings, now_ms)

    def refold_gifts(self, connection: Connection, campaigns: Iterable[str]) -> bool:
        """Write how many gifts these campaigns have now; whether any is a tenth further on, which
        is what the boxes on its tickets show."""
        moved = False
        for subject, events in self.events_of(connection, campaigns).items():
            if store.save_gifts(connection, int(subject.removeprefix(CAMPAIGN)), given(events)):
                moved = True
        return moved

    def refold_markets(self, connection: Connection, markets: Iterable[str]) -> None:
        """Write what was sold at these markets."""
        for market, entries in self._each(connection, MARKET, markets):
            lines = fold_market(entries)
            self._proceeds.update(sale_store.replace(connection, market, lines, self._days))

    def add_up_proceeds(self, connection: Connection) -> None:
        """Write what sales come to where any changed, or what was sold counts as something else:
        once, when markets and items are both as they are now."""
        sale_store.add_up_proceeds(connection, self._proceeds)
        self._proceeds.clear()

    def refold_boxes(self, connection: Connection, alone: Iterable[str]) -> None:
        """Write these boxes' own rows anew (`hub.folds.entries.BOX_ALONE`)."""
        for chunk in store.chunks(sorted(subject.removeprefix(BOX_ALONE) for subject in alone)):
            needed = self._closure(connection, chunk)
            stock_store.save_boxes(
                connection,
                {code: fold_box(code, self._entries(connection, code, needed)) for code in chunk},
            )

    def refold_recalls(self, connection: Connection, recalls: Iterable[str]) -> None:
        """Write what these recalls are now."""
        for recall, entries in self._each(connection, RECALL, recalls):
            state = fold_recall(recall, entries)
            stock_store.save_recall(connection, recall, state)
            self._recalled.save(connection, recall, state)

    def refold_counts(self, connection: Connection, counts: Iterable[str]) -> None:
        """Write what these stocktakes and counts of lanes are now in lists."""
        for name, entries in self._each(connection, COUNT, counts):
            planned, part = fold_planned(name, entries), fold_part(name, entries)
            count_store.save(connection, name, planned, part)

    def _each(
        self, connection: Connection, sort: str, subjects: Iterable[str]
    ) -> Iterator[tuple[str, list[Entry]]]:
        """These subjects by their ids, each with its events in order."""
        for chunk in store.chunks(sorted(subjects), 50):
            for subject, events in self.events_of(connection, chunk).items():
                yield subject.removeprefix(sort), self._in_order(connection, events)

    def _in_order(self, connection: Connection, events: Iterable[Stored]) -> list[Entry]:
        return sorted(self._entry(connection, event) for event in events)

    def refold_all(self, connection: Connection, codes: Iterator[str], now_ms: int) -> None:
        """Fold these items anew; an event that a fold cannot take is quarantined."""
        for chunk in store.chunks(codes, REFOLD):
            while (failed := self._refold(connection, chunk, now_ms)) is not None:
                self._quarantine(connection, failed, now_ms)

    def _refold(self, connection: Connection, codes: list[str], now_ms: int) -> int | None:
        """Refold these items and write what changed; or the row of an event that no fold takes,
        with nothing written."""
        needed = self._closure(connection, codes)
        states: list[ItemState] = []
        boxes: dict[str, BoxState | None] = {}
        gone: list[str] = []
        try:
            for code in codes:
                entries = self._entries(connection, code, needed)
                state = self._fold(code, entries)
                if code[0] == "B":
                    boxes[code] = fold_box(code, entries)
                if state is None:
                    gone.append(code)
                else:
                    states.append(state)
        except FoldError as error:
            return error.row
        self._write(connection, codes, needed, states, gone, now_ms)
        if boxes:
            stock_store.save_boxes(connection, boxes)
        return None

    def _write(
        self,
        connection: Connection,
        codes: list[str],
        needed: "_Needed",
        states: list[ItemState],
        gone: list[str],
        now_ms: int,
    ) -> None:
        old = store.old_items(connection, codes)
        deltas: dict[tuple[str, str, str], int] = {}
        for row in old.values():
            if row.category is not None and row.status in COUNTED:
                key = (row.stop, row.category, row.status)
                deltas[key] = deltas.get(key, 0) - row.quantity
        findings: list[Finding] = []
        for state in states:
            findings += state.findings
            if state.category is not None and state.status in COUNTED:
                key = (state.stop, state.category, state.status)
                deltas[key] = deltas.get(key, 0) + state.quantity
        # What was sold before anybody knows that it came in may have no row yet: a box has none.
        other = [
            one.code
            for one in states
            if (
                old[one.code].category != one.category
                if one.code in old
                else any(type(event.body) in SALES for event in needed.events[one.code])
            )
        ]
        other += [code for code in gone if code in old]
        if other:
            self._proceeds.update(sale_store.of_items(connection, other))
        movement_store.replace(connection, old, states, gone, self._days)
        stock_store.save_legs(connection, old, states, gone)
        self._recalled.change(connection, old, states)
        store.save_items(connection, states, old)
        store.delete_items(connection, [code for code in gone if code in old])
        store.change_stock(connection, deltas)
        troubled = [code for code, row in old.items() if row.incidents]
        stale = store.open_findings(connection, troubled)
        if findings or stale:
            incidents.replace_findings(connection, stale, findings, now_ms)

    def _closure(self, connection: Connection, codes: Iterable[str]) -> "_Needed":
        """The events of these items, of all boxes around them, and of all plans they were on."""
        events: dict[str, list[Stored]] = {}
        groups: dict[str, list[str]] = {}
        frontier = set(codes)
        while frontier:
            found = self.events_of(connection, frontier)
            for subject in frontier:
                events[subject] = found.get(subject, [])
            frontier = set()
            for subject, its in found.items():
                if subject[0] == "D":
                    continue
                for event in its:
                    if type(event.body) in HOLDING:
                        group = holder(subject, event.body)
                        if group is not None:
                            groups.setdefault(subject, []).append(group)
                            if group not in events:
                                frontier.add(group)
        return _Needed(events, groups)

    def _entries(self, connection: Connection, code: str, needed: "_Needed") -> list[Entry]:
        events: Iterable[Stored] = needed.events[code]
        if code in needed.groups:
            events = needed.around(code)
        known = self._placed
        entries = []
        for event in events:
            entry = known.get(event.row)
            if entry is None or entry.stored is not event:
                entry = known[event.row] = self._entry(connection, event)
            entries.append(entry)
        if len(known) > REMEMBERED:
            known.clear()
        entries.sort()
        return entries

    def _entry(self, connection: Connection, event: Stored) -> Entry:
        place = self._line(connection, event.kiosk).placement(event.epoch)
        key = SortKey(
            place.at(event.mono), event.kiosk, place.rank, event.epoch, event.seq, event.hash
        )
        stop = event.stop if event.stop is not None else self._stop(connection, event.kiosk)
        return Entry(key, event, stop, place)

    def _quarantine(self, connection: Connection, row: int, now_ms: int) -> None:
        """Set an event aside that a fold cannot take."""
        self._memory.pop(row, None)
        kiosk, epoch = connection.exec_driver_sql(
            "UPDATE event SET problem = 'fold-failed' WHERE id = ? RETURNING kiosk, epoch", (row,)
        ).one()
        key = quarantine_key(kiosk, epoch, "fold-failed")
        detail: dict[str, str | int] = {"epoch": epoch, "why": "fold-failed"}
        incidents.note(connection, Trouble(key, "quarantined", epoch, kiosk, detail, 1), now_ms)
