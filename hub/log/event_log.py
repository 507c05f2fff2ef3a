"""The event log: the rows that ingest appends.

Rules
-----
* A line is stored as the bytes it came as, under (kiosk of the topic, epoch, seq, hash). What
  cannot be understood is stored all the same, with its ``problem``: quarantined. It counts as
  received and blocks nobody. Repeats change nothing.
* A good line whose hash is that of a quarantined row mends that row: the hash vouches for it.
* Two events of one kiosk with the same non-zero predecessor are a fork (`hub.log.forks`).
* How far a stream is complete, and whether its chain holds, is told by `hub.log.chain`.

All methods run inside the caller's transaction; after a rollback call `forget`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from contract.batches import Batch
from contract.events import Event, type_of
from contract.messages import Ack
from hub import incidents, postgresql
from hub.incidents import Trouble
from hub.log import positions
from hub.log.chain import WINDOW, Streams
from hub.log.forks import Forks
from hub.log.lines import Line, Row, held, read_lines
from hub.log.positions import Numbers

_INSERT: Final = """
INSERT INTO event (id, position, kiosk, epoch, seq, hash, prev, type, mono, received_ms, problem,
                   raw)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_MEND: Final = """
UPDATE event SET repaired = ?, prev = ?, type = ?, mono = ?, problem = NULL, position = ?
WHERE id = ?
"""


class Fresh(Struct, frozen=True):
    """A row that this transaction wrote; ``event`` is None when it is quarantined. A ``position``
    below 0 waits for its number (`hub.log.positions`)."""

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
        self.streams: Final = Streams()
        self._forks: Final = Forks()
        self._numbers: Final = Numbers()

    def begin(self, connection: Connection, kiosks: Iterable[str] = ()) -> None:
        """Call first in every transaction that appends. ``kiosks`` are those whose lines may come:
        where others append as well, they wait until this transaction has ended."""
        postgresql.lock_kiosks(connection, kiosks)
        if not positions.drawn_by_ingest(connection):
            self.forget()  # somebody else may have written since
        self._numbers.begin(connection)
        self.streams.begin()

    def finish(self, connection: Connection, now_ms: int) -> None:
        """Call last in every transaction that appends: writes how far streams came."""
        self.streams.finish(connection, now_ms)

    def forget(self) -> None:
        """Drop what a rolled back transaction may have left in the caches."""
        self._forks.forget()
        self.streams.forget()

    # --- appending -------------------------------------------------------------------------

    def append(self, connection: Connection, kiosk: str, batch: Batch, now_ms: int) -> Appended:
        """Store what is new in ``batch`` and advance its stream."""
        header = batch.header
        first, last = header.first, header.first + header.count - 1
        lines = read_lines(kiosk, batch)
        window: dict[int, list[Row]] = {}
        follows = self.streams.follow(connection, kiosk, header.epoch, lines)
        if follows is not None:
            fresh = self._insert(connection, kiosk, header.epoch, lines, now_ms)
            self._tell_quarantined(connection, kiosk, header.epoch, lines, now_ms)
            self._forks.tell(connection, kiosk, header.epoch, lines, window, now_ms)
            return Appended(follows, fresh)
        for row in connection.exec_driver_sql(WINDOW, (kiosk, header.epoch, first - 1, last + 1)):
            window.setdefault(row[1], []).append(Row(row[2], row[3], row[4], row[0]))
        new = [line for line in lines if not held(line, window)]
        fresh = self._insert(connection, kiosk, header.epoch, new, now_ms)
        fresh += self._mend(connection, kiosk, header.epoch, lines, window, now_ms)
        if new:
            self._tell_quarantined(connection, kiosk, header.epoch, new, now_ms)
            self._forks.tell(connection, kiosk, header.epoch, new, window, now_ms)
        for line in new:
            window.setdefault(line.seq, []).append(Row(line.hash, line.prev, line.problem))
        ack = self.streams.advance(
            connection, kiosk, header.epoch, window, (first, last), now_ms, new
        )
        return Appended(ack, fresh)

    def _insert(
        self, connection: Connection, kiosk: str, epoch: str, new: Sequence[Line], now_ms: int
    ) -> list[Fresh]:
        rows = []
        fresh = []
        drawn = self._numbers.draw(connection, len(new)) if new else ()
        for (row_id, position), line in zip(drawn, new, strict=True):
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
                position = self._numbers.again(row.id)
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


# --- rows ------------------------------------------------------------------------------------


def mend_row(connection: Connection, row: int, event: Event, position: int) -> None:
    """Let ``event`` be folded for a quarantined row, at the row's own place in the order of
    events, but at a new ``position`` (`hub.log.positions.again`)."""
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
