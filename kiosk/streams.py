"""The journal's epochs as the relay sees them: what is kept, sent, acknowledged and safe.

Nothing is pruned that is not both in the hub's verified backup (``safe``) and 30 days old, nor
what the hub lacks by its newest word, whatever it held before, or tells another story of.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from contract.events import ZERO_HASH, EventError, decode, event_id
from contract.fields import EpochId, Hash
from contract.messages import MAX_KEPT, Kept
from kiosk.clock import LearntClock
from kiosk.state import EventRef
from kiosk.store import DamagedError, event_key, repeatable, seq_of, transaction

KEPT_MS: Final = 30 * 24 * 3600 * 1000
"""How long an event stays at least, in milliseconds: 30 days."""


_MOST_NUMBER: Final = 2**22
"""More starts than a journal ever sees, and room for its events' keys."""


class Stream(msgspec.Struct):
    """One epoch as the relay sees it. ``hash`` is the head's, ``number`` the epoch's in here."""

    epoch: str
    oldest: int
    head: int
    hash: str
    acked: int
    safe: int
    disputed: bool = False
    number: int = 0


class Streams:
    """Every epoch that is kept, oldest first; ``by_epoch`` is the memory of it.

    ``current`` is the epoch that events are appended to. Part of the journal's database and of its
    thread. What writes raises `JournalError`.
    """

    current: Stream

    def __init__(self, db: sqlite3.Connection, clock: LearntClock) -> None:
        self._db: Final = db
        self._clock: Final = clock
        self._named = 0
        self.by_epoch: Final[dict[str, Stream]] = self._load()
        for stream in self.by_epoch.values():
            self.current = stream
        self.time_before: Final = self._time_before()
        """Unix milliseconds that were past for sure when this process started, or None."""

    def _load(self) -> dict[str, Stream]:
        streams: dict[str, Stream] = {}
        for number, epoch, acked, safe, disputed in self._db.execute(
            "SELECT number, epoch, acked, safe, disputed FROM epoch ORDER BY number"
        ).fetchall():
            if not 0 < number <= _MOST_NUMBER:
                raise DamagedError(f"epoch {number}")
            bounds = (event_key(number, 0), event_key(number + 1, 0))
            between = "FROM event WHERE id > ? AND id < ? ORDER BY id"
            oldest = self._db.execute(f"SELECT id {between} LIMIT 1", bounds).fetchone()
            head = self._db.execute(f"SELECT id, hash {between} DESC LIMIT 1", bounds).fetchone()
            if head is None:
                raise DamagedError(f"epoch {number} has no events")
            _require(epoch, EpochId)
            _require(head[1], Hash)
            streams[epoch] = Stream(
                epoch, seq_of(oldest[0]), seq_of(head[0]), head[1], acked, safe,
                disputed=bool(disputed), number=number,
            )  # fmt: skip
        return streams

    def _time_before(self) -> int | None:
        """The newest trusted time that is written down here."""
        row = self._db.execute("SELECT max(closed_wall) FROM epoch").fetchone()
        times = [] if row[0] is None else [int(row[0])]
        last = self._db.execute("SELECT raw FROM event ORDER BY id DESC LIMIT 1").fetchone()
        if last is not None:
            try:
                public = decode(last[0]).public
            except EventError:
                pass  # written by a later release, before this one was put back
            else:
                times += [public.wall] if public.clock else []
        return max(times, default=None)

    def open(self, stream: Stream) -> None:
        """From now on events are appended to this epoch."""
        self.by_epoch[stream.epoch] = self.current = stream

    def kept(self) -> tuple[Kept, ...]:
        """What a hello names. Of more epochs than fit: the newest, those that the hub lacks,
        oldest first, and of the others each time the next ones in turn."""
        streams = list(self.by_epoch.values())
        if len(streams) > MAX_KEPT:
            *older, newest = streams
            lacking = [s for s in older if s.acked < s.head and not s.disputed]
            others = [s for s in older if s.acked >= s.head or s.disputed]
            named = lacking[: MAX_KEPT - 1]
            room = MAX_KEPT - 1 - len(named)
            if others and room:
                start = self._named % len(others)
                named += (others[start:] + others[:start])[:room]
                self._named = start + room
            wanted = {stream.epoch for stream in (*named, newest)}
            streams = [stream for stream in streams if stream.epoch in wanted]
        return tuple(Kept(s.epoch, s.oldest, s.head, s.hash) for s in streams)

    def read(self, epoch: str, first: int, limit: int) -> list[tuple[str, bytes]]:
        """Up to ``limit`` events of ``epoch`` from seq ``first`` on, as (hash, line)."""
        stream = self.by_epoch.get(epoch)
        if stream is None:
            return []
        return self._db.execute(
            "SELECT hash, raw FROM event WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?",
            (event_key(stream.number, first), event_key(stream.number, stream.head), limit),
        ).fetchall()

    def newest_first(self) -> Iterator[bytes]:
        """Every event that is still here, as its line, the newest first."""
        for (raw,) in self._db.execute("SELECT raw FROM event ORDER BY id DESC"):
            yield raw

    def hash_at(self, epoch: str, seq: int) -> str | None:
        """The hash of an event that is still here, zeros for seq 0, else None."""
        if seq == 0:
            return ZERO_HASH
        stream = self.by_epoch.get(epoch)
        if stream is None:
            return None
        row = self._db.execute(
            "SELECT hash FROM event WHERE id = ?", (event_key(stream.number, seq),)
        ).fetchone()
        return None if row is None else str(row[0])

    def required_hash(self, epoch: str, seq: int) -> str:
        found = self.hash_at(epoch, seq)
        if found is None:
            raise KeyError(f"no event {epoch}.{seq} in this journal")
        return found

    def age_of_oldest_unacked_ms(self) -> int:
        """How long the oldest event without acknowledgement has waited, in milliseconds; of an
        earlier boot, at least this boot's length."""
        for stream in self.by_epoch.values():
            if stream.acked < stream.head and not stream.disputed:
                row = self._db.execute(
                    "SELECT mono, boot FROM event, epoch WHERE id = ? AND epoch = ?",
                    (
                        event_key(stream.number, max(stream.acked + 1, stream.oldest)),
                        stream.epoch,
                    ),
                ).fetchone()
                if row is not None:
                    now = self._clock.mono()
                    return now - int(row[0]) if row[1] == self._clock.boot else now
        return 0

    def backlog(self) -> int:
        """How many events the hub has not acknowledged."""
        return sum(stream.head - stream.acked for stream in self.by_epoch.values())

    def events(self) -> int:
        """How many events are kept."""
        return sum(stream.head - stream.oldest + 1 for stream in self.by_epoch.values())

    def store_positions(self, positions: Mapping[str, tuple[int, int]]) -> None:
        """Remembers (acked, safe) by epoch. Losing it costs a resend, never an event, so it is
        the one write that only the next COMMIT makes durable."""
        changed = [
            (acked, safe, epoch)
            for epoch, (acked, safe) in positions.items()
            if epoch in self.by_epoch
            and (self.by_epoch[epoch].acked, self.by_epoch[epoch].safe) != (acked, safe)
        ]
        if not changed:
            return
        with repeatable(self._db):
            self._db.executemany("UPDATE epoch SET acked = ?, safe = ? WHERE epoch = ?", changed)
        for acked, safe, epoch in changed:
            self.by_epoch[epoch].acked, self.by_epoch[epoch].safe = acked, safe

    def dispute(self, epochs: Sequence[str]) -> None:
        """Inside a transaction: the hub holds other stories under these epochs' seqs."""
        self._db.executemany(
            "UPDATE epoch SET disputed = 1 WHERE epoch = ?", [(epoch,) for epoch in epochs]
        )

    def note_disputed(self, epochs: Sequence[str]) -> None:
        """After its COMMIT: they are no longer sent."""
        for epoch in epochs:
            self.by_epoch[epoch].disputed = True

    def clock_learnt(self, wall: int) -> None:
        """Epochs before this one ended no later than now: their age can be told from here on."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE epoch SET closed_wall = ? WHERE closed_wall IS NULL AND epoch <> ?",
                (wall, self.current.epoch),
            )

    def prune(self, wall: int) -> int:
        """Drops events that are safe and 30 days old at trusted time ``wall``; how many."""
        gone = 0
        current = self.current
        old = {
            row[0]
            for row in self._db.execute(
                "SELECT epoch FROM epoch WHERE closed_wall <= ?", (wall - KEPT_MS,)
            )
        }
        over = [s for e, s in self.by_epoch.items() if e in old and _kept_by_hub(s) >= s.head]
        with transaction(self._db):
            for stream in over:
                gone += self._delete(stream, stream.head)
                self._db.execute("DELETE FROM epoch WHERE epoch = ?", (stream.epoch,))
            cutoff = self._clock.mono() - KEPT_MS
            row = self._db.execute(
                "SELECT max(id) FROM event WHERE id > ? AND id <= ? AND mono <= ?",
                (
                    event_key(current.number, 0),
                    event_key(current.number, min(_kept_by_hub(current), current.head - 1)),
                    cutoff,
                ),
            ).fetchone()
            if row[0] is not None:
                gone += self._delete(current, seq_of(row[0]))
        for stream in over:
            del self.by_epoch[stream.epoch]
        if row[0] is not None:
            current.oldest = seq_of(row[0]) + 1
        return gone

    def _delete(self, stream: Stream, through: int) -> int:
        cursor = self._db.execute(
            "DELETE FROM event WHERE id > ? AND id <= ?",
            (event_key(stream.number, 0), event_key(stream.number, through)),
        )
        return cursor.rowcount


def _require(text: object, form: object) -> None:
    """Raises `DamagedError`."""
    try:
        msgspec.convert(text, form)
    except msgspec.ValidationError as error:
        raise DamagedError(str(error)) from None


def _kept_by_hub(stream: Stream) -> int:
    """The seq up to which the hub holds an epoch, and its backup too; none of one in dispute."""
    return 0 if stream.disputed else min(stream.acked, stream.safe)


class EventIds(dict[EventRef, str]):
    """The ids of this journal's events by index, each looked up when it is asked for: an undo needs
    them, and every scan hands them to the workflow. Raises KeyError for an event that is gone."""

    def __init__(self, kiosk: str, streams: Streams) -> None:
        super().__init__()
        self._kiosk: Final = kiosk
        self._streams: Final = streams

    def __missing__(self, ref: EventRef) -> str:
        digest = self._streams.required_hash(ref.epoch, ref.seq)
        # Not kept in the dictionary: few are asked for, and hardly one twice.
        return event_id(self._kiosk, ref.epoch, ref.seq, digest)
