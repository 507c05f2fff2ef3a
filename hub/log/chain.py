"""How far each stream is complete, and whether its chain holds.

Rules
-----
* ``through`` is the last seq of an unbroken run from 1; holes count as present.
* The chain is verified only across each advance: a row's predecessor must be one of the rows
  before it. A break is an incident, not a stop: what happened is kept, and somebody looks. It goes
  when the missing predecessor arrives.
* A hole is what no journal can fill any more. An event that arrives for it after all makes it
  smaller.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from contract.events import ZERO_HASH
from contract.messages import Ack
from hub import incidents
from hub.incidents import Trouble
from hub.log.holes import Holes
from hub.log.lines import Line, Row, preferred

WALK: Final = 1000
"""Rows read at once when an advance runs into what had arrived early."""

WINDOW: Final = """
SELECT id, seq, hash, prev, problem FROM event
WHERE kiosk = ? AND epoch = ? AND seq BETWEEN ? AND ?
"""
"""The rows of a stretch, as `hub.log.lines.Row` has them behind their seq."""
_STREAM: Final = "SELECT through, hash, safe FROM stream WHERE kiosk = ? AND epoch = ?"
_BEYOND: Final = "SELECT 1 FROM event WHERE kiosk = ? AND epoch = ? AND seq > ? LIMIT 1"
_OPEN_STREAM: Final = """
INSERT INTO stream (kiosk, epoch, through, hash, safe, received_ms) VALUES (?, ?, 0, ?, 0, ?)
"""
_ADVANCE: Final = """
UPDATE stream SET through = ?, hash = ?, received_ms = ? WHERE kiosk = ? AND epoch = ?
"""


class Streams:
    """The streams of one transaction. Keeps holes in memory between them, which `forget` drops."""

    def __init__(self) -> None:
        self._holes: Final = Holes()
        # Streams of this transaction: (through, hash, safe), and those to be written.
        self._streams: dict[tuple[str, str], tuple[int, str, int]] = {}
        self._advanced: set[tuple[str, str]] = set()
        self._bare: set[tuple[str, str]] = set()  # those with nothing stored beyond ``through``

    def begin(self) -> None:
        """Call first in every transaction that appends."""
        self._streams.clear()
        self._advanced.clear()
        self._bare.clear()

    def finish(self, connection: Connection, now_ms: int) -> None:
        """Call last in every transaction that appends: writes how far streams came."""
        rows = [(*self._streams[key][:2], now_ms, *key) for key in sorted(self._advanced)]
        if rows:
            connection.exec_driver_sql(_ADVANCE, rows)
        self._advanced.clear()

    def forget(self) -> None:
        """Drop what a rolled back transaction may have left in memory."""
        self._holes.forget()

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
                self._holes.add(connection, kiosk, epoch, start, seq - 1, now_ms)
            start = seq + 1
        self._tell_holes(connection, kiosk, epoch, now_ms)
        window: dict[int, list[Row]] = {}
        self.advance(connection, kiosk, epoch, window, (through + 1, through), now_ms, [])

    def _open(self, connection: Connection, kiosk: str, epoch: str, now_ms: int) -> tuple[int, str]:
        """``(through, hash)`` of a stream, which is there afterwards."""
        through, digest, _ = self.position(connection, kiosk, epoch)
        if (kiosk, epoch) not in self._streams:
            connection.exec_driver_sql(_OPEN_STREAM, (kiosk, epoch, ZERO_HASH, now_ms))
            self._streams[kiosk, epoch] = (0, ZERO_HASH, 0)
        return through, digest

    def follow(
        self, connection: Connection, kiosk: str, epoch: str, lines: Sequence[Line]
    ) -> Ack | None:
        """The usual case of `advance`, told before the lines are stored: nothing but the next lines
        of the chain, one by one, and nothing stands at their place or beyond."""
        through, digest, safe = self.position(connection, kiosk, epoch)
        key = (kiosk, epoch)
        if key not in self._streams or lines[0].seq != through + 1 or digest == ZERO_HASH:
            return None
        if self._holes.of(connection, kiosk, epoch):
            return None
        for line in lines:
            if line.prev != digest:
                return None
            digest = line.hash
        if not self._is_bare(connection, kiosk, epoch, through):
            return None
        self._streams[key] = (lines[-1].seq, digest, safe)
        self._advanced.add(key)
        return Ack(epoch, lines[-1].seq, digest)

    def _is_bare(self, connection: Connection, kiosk: str, epoch: str, through: int) -> bool:
        if (kiosk, epoch) in self._bare:
            return True
        if connection.exec_driver_sql(_BEYOND, (kiosk, epoch, through)).first() is not None:
            return False
        self._bare.add((kiosk, epoch))
        return True

    def advance(
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
        self._bare.discard((kiosk, epoch))
        ranges = self._holes.of(connection, kiosk, epoch)
        if ranges and self._holes.fill(connection, kiosk, epoch, {line.seq for line in new}):
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
        found = connection.exec_driver_sql(WINDOW, (kiosk, epoch, through, through + WALK))
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
        ranges = self._holes.of(connection, kiosk, epoch)
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
