"""The event log: the rows that ingest appends, and how far each stream is complete.

Rules
-----
* A line is stored as the bytes it came as, under (kiosk of the topic, epoch, seq, hash). What
  cannot be understood is stored all the same, with its ``problem``: quarantined. It counts as
  received and blocks nobody. Repeats change nothing.
* A good line whose hash is that of a quarantined row mends that row: the hash vouches for it.
* ``through`` is the last seq of an unbroken run from 1; holes count as present. The chain is
  verified only across each advance: a row's predecessor must be one of the rows before it. A break
  is an incident, not a stop: what happened is kept, and somebody looks.
* Two events of one kiosk with the same non-zero predecessor are a fork (`hub.forks`).
* A hole is what no journal can fill any more. An event that arrives for it after all makes it
  smaller.

All methods run inside the caller's transaction; after a rollback call `forget`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from contract.batches import Batch
from contract.events import ZERO_HASH, Event, type_of
from contract.messages import Ack
from hub import incidents
from hub.forks import Forks
from hub.holes import Holes
from hub.incidents import Trouble
from hub.lines import Line, Row, held, preferred, read_lines

WALK: Final = 1000
"""Rows read at once when an advance runs into what had arrived early."""

_INSERT: Final = """
INSERT INTO event (id, position, kiosk, epoch, seq, hash, prev, type, mono, received_ms, problem,
                   raw)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_WINDOW: Final = """
SELECT id, seq, hash, prev, problem FROM event
WHERE kiosk = ? AND epoch = ? AND seq BETWEEN ? AND ?
"""
_MEND: Final = """
UPDATE event SET repaired = ?, prev = ?, type = ?, mono = ?, problem = NULL, position = ?
WHERE id = ?
"""
_STREAM: Final = "SELECT through, hash, safe FROM stream WHERE kiosk = ? AND epoch = ?"
_OPEN_STREAM: Final = """
INSERT INTO stream (kiosk, epoch, through, hash, safe, received_ms) VALUES (?, ?, 0, ?, 0, ?)
"""
_ADVANCE: Final = """
UPDATE stream SET through = ?, hash = ?, received_ms = ? WHERE kiosk = ? AND epoch = ?
"""


class Fresh(Struct, frozen=True):
    """A row that this transaction wrote; ``event`` is None when it is quarantined."""

    row: int
    position: int
    kiosk: str
    hash: str
    event: Event | None


class Appended(Struct, frozen=True):
    """What became of a batch: how far its stream is now, and the rows that are new."""

    ack: Ack
    fresh: list[Fresh]


class EventLog:
    """Appends batches. Holds only caches, which `forget` empties."""

    def __init__(self) -> None:
        self.holes: Final = Holes()
        self._forks: Final = Forks()
        self._next_row = 0
        self._next_position = 0
        # Streams of this transaction: (through, hash, safe), and those to be written.
        self._streams: dict[tuple[str, str], tuple[int, str, int]] = {}
        self._advanced: set[tuple[str, str]] = set()

    def begin(self, connection: Connection) -> None:
        """Call first in every transaction that appends."""
        newest = connection.exec_driver_sql("SELECT max(id) FROM event").scalar()
        self._next_row = (newest or 0) + 1
        self._next_position = next_position(connection)
        self._streams.clear()
        self._advanced.clear()

    def finish(self, connection: Connection, now_ms: int) -> None:
        """Call last in every transaction that appends: writes how far streams came."""
        rows = [(*self._streams[key][:2], now_ms, *key) for key in sorted(self._advanced)]
        if rows:
            connection.exec_driver_sql(_ADVANCE, rows)
        self._advanced.clear()

    def forget(self) -> None:
        """Drop what a rolled back transaction may have left in the caches."""
        self._forks.forget()
        self.holes.forget()

    # --- appending -------------------------------------------------------------------------

    def append(self, connection: Connection, kiosk: str, batch: Batch, now_ms: int) -> Appended:
        """Store what is new in ``batch`` and advance its stream."""
        header = batch.header
        first, last = header.first, header.first + header.count - 1
        lines = read_lines(kiosk, batch)
        window: dict[int, list[Row]] = {}
        for row in connection.exec_driver_sql(_WINDOW, (kiosk, header.epoch, first - 1, last + 1)):
            window.setdefault(row[1], []).append(Row(row[2], row[3], row[4], row[0]))
        new = [line for line in lines if not held(line, window)]
        fresh = self._insert(connection, kiosk, header.epoch, new, now_ms)
        fresh += self._mend(connection, kiosk, header.epoch, lines, window, now_ms)
        if new:
            self._tell_quarantined(connection, kiosk, header.epoch, new, now_ms)
            self._forks.tell(connection, kiosk, header.epoch, new, window, now_ms)
        if len(new) == len(lines) and not any(seq >= first for seq in window):
            ack = self._continue(connection, kiosk, header.epoch, lines)
            if ack is not None:
                return Appended(ack, fresh)
        for line in new:
            window.setdefault(line.seq, []).append(Row(line.hash, line.prev, line.problem))
        ack = self._advance(connection, kiosk, header.epoch, window, (first, last), now_ms, new)
        return Appended(ack, fresh)

    def _insert(
        self, connection: Connection, kiosk: str, epoch: str, new: Sequence[Line], now_ms: int
    ) -> list[Fresh]:
        rows = []
        fresh = []
        ahead = self._next_position - self._next_row
        for row_id, line in enumerate(new, start=self._next_row):
            position = row_id + ahead
            event = line.event
            kind = type_of(event.public.body) if event is not None else None
            mono = event.public.mono if event is not None else None
            rows.append(
                (
                    row_id,
                    position,
                    kiosk,
                    epoch,
                    line.seq,
                    line.hash,
                    line.prev,
                    kind,
                    mono,
                    now_ms,
                    line.problem,
                    line.raw,
                )
            )
            fresh.append(Fresh(row_id, position, kiosk, line.hash, event))
        if rows:
            self._next_row += len(rows)
            self._next_position += len(rows)
            connection.exec_driver_sql(_INSERT, rows)
        return fresh

    def _mend(
        self,
        connection: Connection,
        kiosk: str,
        epoch: str,
        lines: Iterable[Line],
        window: Mapping[int, list[Row]],
        now_ms: int,
    ) -> list[Fresh]:
        mended = []
        for line in lines:
            for row in window.get(line.seq, ()):
                if line.event is None or row.hash != line.hash or row.problem is None:
                    continue
                position = self._next_position
                self._next_position += 1
                mend_row(connection, row.id, line.event, position)
                settle_quarantine(connection, kiosk, epoch, row.problem, now_ms)
                mended.append(Fresh(row.id, position, kiosk, line.hash, line.event))
        return mended

    # --- quarantine ------------------------------------------------------------------------

    def _tell_quarantined(
        self, connection: Connection, kiosk: str, epoch: str, new: Sequence[Line], now_ms: int
    ) -> None:
        counts: dict[str, int] = {}
        for line in new:
            if line.problem is not None:
                counts[line.problem] = counts.get(line.problem, 0) + 1
        for problem, count in counts.items():
            key = quarantine_key(kiosk, epoch, problem)
            detail = {"epoch": epoch, "why": problem}
            incidents.note(
                connection, Trouble(key, "quarantined", epoch, kiosk, detail, count), now_ms
            )

    # --- advancing -------------------------------------------------------------------------

    def position(self, connection: Connection, kiosk: str, epoch: str) -> tuple[int, str, int]:
        """``(through, hash, safe)`` of a stream; ``(0, zeros, 0)`` for an unknown one."""
        known = self._streams.get((kiosk, epoch))
        if known is not None:
            return known
        row = connection.exec_driver_sql(_STREAM, (kiosk, epoch)).first()
        if row is None:
            return 0, ZERO_HASH, 0
        self._streams[kiosk, epoch] = (row[0], row[1], row[2])
        return row[0], row[1], row[2]

    def open_hole(
        self, connection: Connection, kiosk: str, epoch: str, last: int, now_ms: int
    ) -> None:
        """Nothing that the stream lacks through ``last`` will come any more: record it, advance."""
        through, _ = self._open(connection, kiosk, epoch, now_ms)
        present = {
            row[0]
            for row in connection.exec_driver_sql(
                "SELECT DISTINCT seq FROM event WHERE kiosk = ? AND epoch = ?"
                " AND seq BETWEEN ? AND ?",
                (kiosk, epoch, through + 1, last),
            )
        }
        start = through + 1
        for seq in (*sorted(present), last + 1):
            if seq > start:
                self.holes.add(connection, kiosk, epoch, start, seq - 1, now_ms)
            start = seq + 1
        self._tell_holes(connection, kiosk, epoch, now_ms)
        window: dict[int, list[Row]] = {}
        self._advance(connection, kiosk, epoch, window, (through + 1, through), now_ms, [])

    def _open(self, connection: Connection, kiosk: str, epoch: str, now_ms: int) -> tuple[int, str]:
        """``(through, hash)`` of a stream, which is there afterwards."""
        through, digest, _ = self.position(connection, kiosk, epoch)
        if (kiosk, epoch) not in self._streams:
            connection.exec_driver_sql(_OPEN_STREAM, (kiosk, epoch, ZERO_HASH, now_ms))
            self._streams[kiosk, epoch] = (0, ZERO_HASH, 0)
        return through, digest

    def _continue(
        self, connection: Connection, kiosk: str, epoch: str, lines: Sequence[Line]
    ) -> Ack | None:
        """The usual case of `_advance`: nothing but the next lines of the chain, one by one."""
        through, digest, safe = self.position(connection, kiosk, epoch)
        key = (kiosk, epoch)
        if key not in self._streams or lines[0].seq != through + 1 or digest == ZERO_HASH:
            return None
        if self.holes.of(connection, kiosk, epoch):
            return None
        for line in lines:
            if line.prev != digest:
                return None
            digest = line.hash
        self._streams[key] = (lines[-1].seq, digest, safe)
        self._advanced.add(key)
        return Ack(epoch, lines[-1].seq, digest)

    def _advance(
        self,
        connection: Connection,
        kiosk: str,
        epoch: str,
        window: dict[int, list[Row]],
        loaded: tuple[int, int],
        now_ms: int,
        new: Sequence[Line],
    ) -> Ack:
        """Move ``through`` as far as rows and holes reach, verifying the chain on the way.

        ``window`` holds all rows of the seqs ``loaded`` (both ends included) and of one on
        either side.
        """
        through, digest = self._open(connection, kiosk, epoch, now_ms)
        ranges = self.holes.of(connection, kiosk, epoch)
        if ranges and self.holes.fill(connection, kiosk, epoch, {line.seq for line in new}):
            self._tell_holes(connection, kiosk, epoch, now_ms)
        self._mend_chain(connection, kiosk, epoch, through, new, now_ms)
        before = through
        known_to = loaded[1] + 1 if loaded[0] - 1 <= through else -1
        while True:
            seq = through + 1
            if seq > known_to:
                window = self._load(connection, kiosk, epoch, through)
                known_to = through + WALK
            rows = window.get(seq)
            if rows:
                digest = self._next_hash(connection, kiosk, epoch, seq, digest, window, now_ms)
                through = seq
                continue
            end = next((last for first, last in ranges if first <= seq <= last), None)
            if end is None:
                break
            through, digest = end, ZERO_HASH
        if through != before or new:
            safe = self._streams[kiosk, epoch][2]
            self._streams[kiosk, epoch] = (through, digest, safe)
            self._advanced.add((kiosk, epoch))
        return Ack(epoch, through, digest)

    def _load(
        self, connection: Connection, kiosk: str, epoch: str, through: int
    ) -> dict[int, list[Row]]:
        window: dict[int, list[Row]] = {}
        found = connection.exec_driver_sql(_WINDOW, (kiosk, epoch, through, through + WALK))
        for row in found:
            window.setdefault(row[1], []).append(Row(row[2], row[3], row[4], row[0]))
        return window

    def _next_hash(
        self,
        connection: Connection,
        kiosk: str,
        epoch: str,
        seq: int,
        digest: str,
        window: Mapping[int, list[Row]],
        now_ms: int,
    ) -> str:
        """The hash of the row at ``seq`` that continues the chain; a break is told."""
        rows = window[seq]
        if seq == 1 or digest == ZERO_HASH:
            return preferred(rows, window.get(seq + 1, ()))
        direct = [row for row in rows if row.prev == digest]
        if direct:
            return preferred(direct, window.get(seq + 1, ()))
        before = {row.hash for row in window.get(seq - 1, ())} | {digest}
        if any(row.prev in before for row in rows):
            return preferred([row for row in rows if row.prev in before], ())
        unsure = all(row.prev is None for row in rows) or any(
            row.prev is None for row in window.get(seq - 1, ())
        )
        if not unsure:
            detail: dict[str, str | int] = {"epoch": epoch, "seq": seq}
            key = f"chain-break:{kiosk}:{epoch}:{seq}"
            incidents.note(connection, Trouble(key, "chain-break", epoch, kiosk, detail), now_ms)
        return preferred(rows, window.get(seq + 1, ()))

    def _mend_chain(
        self,
        connection: Connection,
        kiosk: str,
        epoch: str,
        through: int,
        new: Sequence[Line],
        now_ms: int,
    ) -> None:
        """Close the break after each late line that turns out to be the missing predecessor."""
        for line in new:
            if line.seq >= through:
                continue
            after = connection.exec_driver_sql(
                "SELECT 1 FROM event WHERE kiosk = ? AND epoch = ? AND seq = ? AND prev = ?",
                (kiosk, epoch, line.seq + 1, line.hash),
            ).first()
            if after is not None:
                key = f"chain-break:{kiosk}:{epoch}:{line.seq + 1}"
                incidents.close(connection, key, now_ms)

    def _tell_holes(self, connection: Connection, kiosk: str, epoch: str, now_ms: int) -> None:
        """One incident for all holes of a stream; it goes when the last is filled."""
        ranges = self.holes.of(connection, kiosk, epoch)
        key = f"hole:{kiosk}:{epoch}"
        if not ranges:
            incidents.close(connection, key, now_ms)
            return
        missing = sum(last - first + 1 for first, last in ranges)
        detail: dict[str, str | int] = {
            "epoch": epoch,
            "first": ranges[0][0],
            "last": ranges[-1][1],
            "missing": missing,
        }
        incidents.note(connection, Trouble(key, "hole", epoch, kiosk, detail), now_ms)


# --- rows ------------------------------------------------------------------------------------


def next_position(connection: Connection) -> int:
    """The position for the next row; the one writer draws them in the order of commits."""
    newest = connection.exec_driver_sql("SELECT max(position) FROM event").scalar()
    return (newest or 0) + 1


def mend_row(connection: Connection, row: int, event: Event, position: int) -> None:
    """Let ``event`` be folded for a quarantined row, at the row's own place in the order of
    events, but at a new ``position``: whoever follows positions must see it again."""
    kind = type_of(event.public.body)
    mono = event.public.mono
    connection.exec_driver_sql(_MEND, (event.raw, event.prev, kind, mono, position, row))


def quarantine_key(kiosk: str, epoch: str, problem: str) -> str:
    """The key of the incident that counts an epoch's quarantined lines of one kind."""
    return f"quarantined:{kiosk}:{epoch}:{problem}"


def settle_quarantine(
    connection: Connection, kiosk: str, epoch: str, problem: str, now_ms: int
) -> None:
    """Close the incident when no such line is left in quarantine."""
    left = connection.exec_driver_sql(
        "SELECT 1 FROM event WHERE problem = ? AND kiosk = ? AND epoch = ? LIMIT 1",
        (problem, kiosk, epoch),
    ).first()
    if left is None:
        incidents.close(connection, quarantine_key(kiosk, epoch, problem), now_ms)
