"""The projector: keeps what is so up to date with the events that were committed.

Rules
-----
* Only the projector writes projections, in transactions of its own, after ingest's COMMIT. It
  takes rows by position, the order of commits, and remembers in the same transaction how far it
  came. A row that is mended gets a new position, so that it comes by again. Where several
  workers ingest, the projector itself numbers what they committed (`hub.log.positions`). It never
  waits for a gap in a kiosk's seqs.
* What is so is a function of the set of good events (`hub.folds`). A changed key is refolded from
  all events that concern it, never patched; so repeats, order and batching cannot matter, and
  `rebuild` gives the same.
* A fold declares what it read. An item depends on its own events, on those of every box that it
  was ever packed in, and those boxes' boxes, and of every plan it was ever out for. An event on a
  box or plan therefore refolds what was ever in or on it.
* A void names events and concerns whatever they concern (`hub.log.voids`).
* A clock learnt later, or a boot that turns up late, moves whole epochs in the order: the items of
  every epoch whose place changed are refolded. So are a kiosk's when it moves to another stop.
* What a kiosk says of itself (`hub.folds.watch`) depends on its own events alone, and on which of
  its epochs is the last: these are refolded whenever its epochs are placed anew.
* An event that a fold cannot take is quarantined as ``fold-failed``, with an incident; the rest
  goes on without it.
"""
# Table and column names in statements come from constants here, never from data.
# ruff: noqa: S608

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from contract.events import SessionClosed, Voided
from hub import incidents
from hub.folds.entries import (
    BOX_ALONE,
    CAMPAIGN,
    COUNT,
    MARKET,
    RECALL,
    Stored,
    changed,
    stored,
    subjects,
)
from hub.folds.epochs import Timeline
from hub.folds.watch import WATCHED, is_watched, watched
from hub.log import positions
from hub.log.event_log import Fresh, quarantine_key
from hub.log.voids import VOID, Voids
from hub.projections import projection_store as store
from hub.projections.movement_store import Days
from hub.projections.refold import REFOLD, Fold, Refolder

VERSION: Final = 13
"""Rises when a fold changes what it makes of the same events: the next start rebuilds."""

TIMEZONE: Final = "Asia/Shanghai"
"""Where days begin, unless the hub is told otherwise."""

MOVED: Final = "moved"
"""The meta row with the position at which an epoch was last placed, or placed anew."""

STOPS: Final = "stops"
"""The meta row with where kiosks stood when items were made of their events last."""

GROUP: Final = 4000
"""Most events projected in one transaction."""

EVERY: Final = 2**62
"""More events than there will ever be."""

TABLES: Final = (
    "touch",
    "item",
    "stock",
    "movement",
    "flow",
    "tally",
    "ledger",
    "sale",
    "market",
    "proceeds",
    "box",
    "leg",
    "recall",
    "met",
    "stocktake",
    "count_part",
    "claim",
    "delivery",
    "given",
)
"""What a rebuild empties and makes anew."""

_CLAIM: Final = """
INSERT INTO claim (hash, kiosk, session, position) VALUES (?, ?, ?, ?)
ON CONFLICT (hash) DO UPDATE SET kiosk = excluded.kiosk, session = excluded.session,
  position = excluded.position
WHERE (excluded.kiosk, excluded.session) < (claim.kiosk, claim.session)
"""
_NEW: Final = "SELECT id, position FROM event WHERE position > ? ORDER BY position LIMIT ?"


def projected(connection: Connection) -> int:
    """The position through which the projections are made; 0 at first."""
    found = connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'projected'").scalar()
    return int(found) if found is not None else 0


class Projector:
    """See the module. One instance, used by the one writer; ``fold`` is `hub.folds.item.fold_item`,
    ``timezone`` says where days begin.

    After a rolled back transaction call `forget`.
    """

    def __init__(self, fold: Fold, timezone: str = TIMEZONE) -> None:
        self._lines: dict[str, Timeline] = {}
        self._stops: dict[str, str] | None = None
        self._version: Final = f"{VERSION} {timezone}"
        self._refolder: Final = Refolder(fold, self._line, self._stop, Days(ZoneInfo(timezone)))
        self._projected: int | None = None
        self._voids: Final = Voids()
        self.campaigns_moved = False
        """Set when a campaign is a tenth further on: kiosks show that on its tickets."""

    def forget(self) -> None:
        """Drop what a rolled back transaction may have left in memory."""
        self._lines.clear()
        self._stops = None
        self._refolder.forget()
        self._projected = None
        self._voids.forget()

    # --- the two ways in -------------------------------------------------------------------

    def project(
        self, connection: Connection, fresh: Mapping[int, Fresh], now_ms: int, limit: int = GROUP
    ) -> int:
        """Fold the first rows behind those already projected; how many there were.

        ``fresh`` are rows that ingest still has in memory; others are read.
        """
        done = self._done(connection)
        positions.number(connection, done, limit)
        dirty = self._moved_kiosks(connection)
        rows = self._next(connection, done, fresh, limit)
        if rows:
            self._voids.recall(connection, done)  # while these rows are still to come
            self._projected = done = rows[-1][1]
            store.set_meta(connection, "projected", str(done))
            dirty |= self._absorb(connection, self._read(connection, rows, fresh))
        dirty |= self._settle(connection, now_ms)
        if dirty:
            watch = {subject for subject in dirty if is_watched(subject)}
            self._refolder.refold_watched(connection, watch, now_ms)
            campaigns = {subject for subject in dirty if subject.startswith(CAMPAIGN)}
            if campaigns and self._refolder.refold_gifts(connection, campaigns):
                self.campaigns_moved = True
            markets = {subject for subject in dirty if subject.startswith(MARKET)}
            self._refolder.refold_markets(connection, markets)
            recalls = {subject for subject in dirty if subject.startswith(RECALL)}
            self._refolder.refold_recalls(connection, recalls)
            counts = {subject for subject in dirty if subject.startswith(COUNT)}
            self._refolder.refold_counts(connection, counts)
            alone = {subject for subject in dirty if subject.startswith(BOX_ALONE)}
            self._refolder.refold_boxes(connection, alone)
            goods = dirty - watch - campaigns - markets - recalls - counts - alone
            self._refolder.refold_all(
                connection, self._refolder.dependants(connection, goods), now_ms
            )
            self._refolder.add_up_proceeds(connection)
        self._save_lines(connection)
        return len(rows)

    def _done(self, connection: Connection) -> int:
        """The position through which projections are made."""
        if self._projected is None:
            self._projected = projected(connection)
        return self._projected

    def rebuild(self, connection: Connection, now_ms: int) -> None:
        """Drop the projections and fold everything anew, in bounded memory.

        Positions stay. Incidents keep when they were opened and who acknowledged them.
        """
        self.forget()
        self._retry_failed(connection, now_ms)
        for table in TABLES:
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.exec_driver_sql(
            "UPDATE stream SET first_seq = NULL, rank = NULL, placed = NULL, ceiling = NULL,"
            ' known = NULL, boot = NULL, "offset" = NULL, offset_seq = NULL, prev_epoch = NULL,'
            " prev_hash = NULL, journal = NULL, first_hash = NULL, first_wall = NULL,"
            " first_mono = NULL, last_mono = NULL"
        )
        connection.exec_driver_sql(
            "UPDATE incident SET closed_ms = ? WHERE origin = 'fold' AND closed_ms IS NULL",
            (now_ms,),
        )
        positions.number(connection, projected(connection), EVERY)
        self._projected = positions.newest(connection)
        store.set_meta(connection, "projected", str(self._projected))
        self._voids.start_anew()
        self._stops = dict(self._registry(connection))
        self._remember_stops(connection, self._stops)
        for events in self._whole_log(connection):
            self._absorb(connection, events, refolding=False)
        for line in self._lines.values():
            line.unsettled = True
        for part in store.chunks(sorted(self._settle(connection, now_ms)), REFOLD):
            self._refolder.refold_watched(connection, filter(is_watched, part), now_ms)
        self._refolder.refold_gifts(connection, self._refolder.every(connection, CAMPAIGN))
        self._refolder.refold_markets(connection, self._refolder.every(connection, MARKET))
        self._refolder.refold_recalls(connection, self._refolder.every(connection, RECALL))
        self._refolder.refold_counts(connection, self._refolder.every(connection, COUNT))
        self._refolder.refold_all(connection, self._refolder.every_item(connection), now_ms)
        self._refolder.add_up_proceeds(connection)
        self._save_lines(connection)
        store.set_meta(connection, "projection", self._version)

    def is_current(self, connection: Connection) -> bool:
        """Whether the projections were made by folds of this version, with days of this time zone
        (or there are none yet)."""
        found = connection.exec_driver_sql(
            "SELECT value FROM meta WHERE key = 'projection'"
        ).scalar()
        return bool(found == self._version)

    # --- reading new rows ------------------------------------------------------------------

    @staticmethod
    def _next(
        connection: Connection, done: int, fresh: Mapping[int, Fresh], limit: int
    ) -> list[tuple[int, int]]:
        """(row, position) of the first rows behind ``done``. What ingest has just written as the
        very next is not asked for."""
        rows: list[tuple[int, int]] = []
        if fresh:
            drawn = {new.position: row for row, new in fresh.items()}
            last = min(done + limit, max(drawn))
            for position in range(done + 1, last + 1):
                row = drawn.get(position)
                if row is None:
                    break
                rows.append((row, position))
        if len(rows) < limit:
            last = rows[-1][1] if rows else done
            behind = connection.exec_driver_sql(_NEW, (last, limit - len(rows)))
            rows += [(row, position) for row, position in behind.fetchall()]
        return rows

    def _read(
        self,
        connection: Connection,
        rows: Sequence[tuple[int, int]],
        fresh: Mapping[int, Fresh],
    ) -> list[Stored]:
        """The good events among these (row, position), in that order."""
        found: dict[int, Stored] = {}
        missing: list[int] = []
        for row, position in rows:
            known = fresh.get(row)
            if known is None or known.position not in (position, -row):
                missing.append(row)
            elif known.event is not None:
                found[row] = stored(row, position, known.kiosk, known.hash, known.event)
        for event in store.load_events(connection, missing):
            found[event.row] = event
        events = [found[row] for row, _ in rows if row in found]
        self._refolder.remember(events)
        return events

    def _whole_log(self, connection: Connection) -> Iterator[list[Stored]]:
        last = 0
        while True:
            rows = connection.exec_driver_sql(
                f"SELECT {store.EVENT_COLUMNS} FROM event WHERE id > ? AND position > 0"
                " AND problem IS NULL ORDER BY id LIMIT ?",
                (last, GROUP),
            ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield [event for event in map(store.read_event, rows) if event is not None]

    # --- absorbing: touches, facts, voids, claims ------------------------------------------

    def _absorb(
        self, connection: Connection, events: Sequence[Stored], *, refolding: bool = True
    ) -> set[str]:
        """Record what each event concerns; the subjects that must be refolded, ``refolding`` them
        soon."""
        dirty: set[str] = set()
        touches: list[tuple[str, int]] = []
        voids: list[Stored] = []
        claims = []
        lines = self._lines
        for event in events:
            body, row = event.body, event.row
            (lines.get(event.kiosk) or self._line(connection, event.kiosk)).take(event)
            for subject in subjects(body):
                touches.append((subject, row))
            dirty.update(changed(body))
            if type(body) in WATCHED:
                watch = watched(event.kiosk, event.lane, body)
                if watch is not None:
                    touches.append((watch, row))
                    dirty.add(watch)
            elif isinstance(body, SessionClosed):
                if body.claim is not None:
                    claims.append((body.claim, event.kiosk, body.session, event.position))
            elif isinstance(body, Voided):
                voids.append(event)
                touches += [(VOID + target, row) for target in body.events]
        if refolding:
            self._refolder.touches.of(connection, {subject for subject, _ in touches})
        self._refolder.touches.add(connection, touches)
        if claims:
            connection.exec_driver_sql(_CLAIM, claims)
        late = self._voids.links(connection, events, voids, self._done(connection))
        self._refolder.touches.add(connection, late)
        dirty.update(subject for subject, _ in late)
        return dirty

    # --- the order of epochs ---------------------------------------------------------------

    def _line(self, connection: Connection, kiosk: str) -> Timeline:
        line = self._lines.get(kiosk)
        if line is None:
            line = store.load_timeline(connection, kiosk)
            self._lines[kiosk] = line
        return line

    def _settle(self, connection: Connection, now_ms: int) -> set[str]:
        """Place epochs anew where their facts changed; the subjects of those that moved."""
        dirty: set[str] = set()
        for line in self._lines.values():
            if line.unsettled:
                moved = line.settle()
                self._refolder.forget_places()
                findings = line.findings(self._stop(connection, line.kiosk))
                stale = connection.exec_driver_sql(
                    "SELECT key FROM incident WHERE origin = 'fold' AND closed_ms IS NULL"
                    " AND kiosk = ? AND kind = 'journal-lost'",
                    (line.kiosk,),
                )
                keys = [row[0] for row in stale]
                incidents.replace_findings(connection, keys, findings, now_ms)
                if moved:
                    store.set_meta(connection, MOVED, str(self._done(connection)))
                for epoch in moved:
                    dirty |= self._partin(connection, line.kiosk, epoch)
                dirty |= store.watched_of(connection, line.kiosk)
        return dirty

    def _save_lines(self, connection: Connection) -> None:
        """Last in a transaction, and in the order in which ingest writes to streams: where others
        ingest at the same time, neither waits long for the other, nor both for each other."""
        for kiosk in sorted(kiosk for kiosk, line in self._lines.items() if line.dirty):
            store.save_timeline(connection, self._lines[kiosk])

    def _partin(self, connection: Connection, kiosk: str, epoch: str | None = None) -> set[str]:
        """Whatever the events of an epoch, or of all a kiosk's epochs, concern."""
        found: set[str] = set()
        last = 0
        while True:
            rows = connection.exec_driver_sql(
                f"SELECT {store.EVENT_COLUMNS} FROM event WHERE kiosk = ?"
                " AND epoch = COALESCE(?, epoch) AND id > ? AND problem IS NULL"
                " ORDER BY id LIMIT ?",
                (kiosk, epoch, last, GROUP),
            ).fetchall()
            if not rows:
                return found
            last = rows[-1][0]
            for read in map(store.read_event, rows):
                if read is not None:
                    found.update(changed(read.body))

    # --- where kiosks stand ----------------------------------------------------------------

    @staticmethod
    def _registry(connection: Connection) -> list[tuple[str, str]]:
        rows = connection.exec_driver_sql("SELECT id, stop FROM kiosk")
        return [(row[0], row[1]) for row in rows]

    def _moved_kiosks(self, connection: Connection) -> set[str]:
        """The subjects of kiosks that the registry has at another stop than before."""
        now = dict(self._registry(connection))
        before = self._stops if self._stops is not None else self._known_stops(connection)
        self._stops = now
        if before == now:
            return set()
        self._remember_stops(connection, now)
        self._refolder.forget_places()
        dirty: set[str] = set()
        for kiosk in before.keys() | now.keys():
            if before.get(kiosk, "") != now.get(kiosk, ""):
                dirty |= self._partin(connection, kiosk)
                self._line(connection, kiosk).unsettled = True
        return dirty

    @staticmethod
    def _known_stops(connection: Connection) -> dict[str, str]:
        text = connection.exec_driver_sql("SELECT value FROM meta WHERE key = ?", (STOPS,)).scalar()
        return msgspec.json.decode(text, type=dict[str, str]) if text is not None else {}

    @staticmethod
    def _remember_stops(connection: Connection, stops: Mapping[str, str]) -> None:
        store.set_meta(connection, STOPS, msgspec.json.encode(stops).decode())

    def _stop(self, connection: Connection, kiosk: str) -> str:
        if self._stops is None:
            self._stops = dict(self._registry(connection))
        return self._stops.get(kiosk, "")

    @staticmethod
    def _retry_failed(connection: Connection, now_ms: int) -> None:
        """Give what no fold of an earlier release could take another chance."""
        rows = connection.exec_driver_sql(
            "UPDATE event SET problem = NULL WHERE problem = 'fold-failed' RETURNING kiosk, epoch"
        ).fetchall()
        for kiosk, epoch in set(map(tuple, rows)):
            incidents.close(connection, quarantine_key(kiosk, epoch, "fold-failed"), now_ms)
