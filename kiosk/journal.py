"""The journal: every event this kiosk ever signalled, until the hub holds it safely.

Rules
-----
* **Green comes after `Journal.commit` returns.** Events, lane state, codes, print jobs and what
  the kiosk knows of its items go into one transaction; a power cut leaves all of it or nothing.
* Each start opens a random epoch. Its first event names the last event before it, so that the
  chain runs through starts, and through what happened before a lost journal as far as the
  identity document (which lives outside) remembers it.
* A journal whose identity document remembers an epoch that the journal does not have was
  deleted or restored: it takes a fresh prefix, since codes beyond what it remembers exist. Every
  start also takes a random unused block of 1,024 serials, so that even a whole copied card does
  not repeat a code.
* Nothing is pruned that is not both in the hub's verified backup (``safe``) and 30 days old.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from contract.codes import BLOCK, BLOCKS_PER_PREFIX, Kind, parse
from contract.events import (
    ZERO_HASH,
    EpochOpened,
    Event,
    EventError,
    Public,
    encode,
    event_id,
)
from contract.messages import MAX_KEPT, Kept, Product
from drivers.ports import Words
from kiosk.clock import LearntClock
from kiosk.identity import IdentityStore
from kiosk.print_queue import PrintQueue
from kiosk.spool import Spool
from kiosk.state import Allocator, Draft, EventRef, ItemFacts, LaneState, Outcome
from kiosk.store import JournalError, checkpoint_if_due, disk_errors, open_store

Entropy = Callable[[int], bytes]
"""Random bytes, so many; ``secrets.token_bytes`` outside tests."""

KEPT_MS: Final = 30 * 24 * 3600 * 1000
"""How long an event stays at least, in milliseconds: 30 days."""

SYSTEM_LANE: Final = "system"


class Stream(msgspec.Struct):
    """One epoch as the relay sees it. ``hash`` is the head's."""

    epoch: str
    oldest: int
    head: int
    hash: str
    acked: int
    safe: int
    disputed: bool = False


class Journal:
    """One kiosk's journal. Used by the loop's thread only.

    Raises `JournalError` from its constructor when the file cannot be used, and from
    `commit` and `append` when the disk refuses; then nothing of that commit happened.
    """

    def __init__(
        self,
        path: Path,
        identity: IdentityStore,
        clock: LearntClock,
        *,
        spool: Spool,
        software: str,
        entropy: Entropy = secrets.token_bytes,
    ) -> None:
        self._path: Final = path
        self._identity: Final = identity
        self._clock: Final = clock
        self._spool: Final = spool
        self._software: Final = software
        self._entropy: Final = entropy
        self._kiosk: Final = identity.load().kiosk
        self._db: Final = open_store(path)
        self.queue: Final = PrintQueue(self._db, clock)
        self.allocator = Allocator()
        try:
            with disk_errors():
                self.id: Final = self._journal_id()
                self.streams: Final[dict[str, Stream]] = self._load_streams()
                self._open_first_epoch()
                spool.sweep(self.queue.secrets())
        except BaseException:
            self._db.close()  # another process, or another try, may open it
            raise

    # --- starting ------------------------------------------------------------------------

    def _journal_id(self) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = 'journal'").fetchone()
        if row is not None:
            return str(row[0])
        fresh = self._entropy(8).hex()
        self._db.execute("INSERT INTO meta VALUES ('journal', ?)", (fresh,))
        return fresh

    def _load_streams(self) -> dict[str, Stream]:
        rows = self._db.execute(
            """
            SELECT epoch.epoch, min(event.seq), max(event.seq), acked, safe, disputed
            FROM epoch JOIN event ON event.epoch = epoch.epoch
            GROUP BY epoch.epoch ORDER BY epoch.number
            """
        ).fetchall()
        return {
            epoch: Stream(epoch, oldest, head, self._hash(epoch, head), acked, safe, bool(disputed))
            for epoch, oldest, head, acked, safe, disputed in rows
        }

    def _open_first_epoch(self) -> None:
        remembered = self._identity.load().last_epoch
        restored = remembered is not None and remembered not in self._all_epochs()
        # Restored with no spare left: its old prefix stays barred at the next start as well.
        fresh = self._lacks_prefix() or (restored and bool(self.streams))
        prefix = self._identity.take_prefix(self.id, fresh=fresh)
        last_known = None if self.streams else remembered
        self._open_epoch("restored" if restored else "start", prefix, last_known)

    def _lacks_prefix(self) -> bool:
        query = "SELECT 1 FROM meta WHERE key = 'lacks-prefix'"
        return self._db.execute(query).fetchone() is not None

    def _all_epochs(self) -> set[str]:
        return {row[0] for row in self._db.execute("SELECT epoch FROM epoch")}

    def open_epoch(self, why: str) -> None:
        """Goes on in a new epoch, and with a fresh prefix when one is left: the hub holds
        another story of the present one."""
        prefix = self._identity.take_prefix(self.id, fresh=True)
        self._open_epoch(why, prefix or self.allocator.prefix, None)

    def _open_epoch(self, why: str, prefix: str | None, last_known: str | None) -> None:
        before = next(reversed(self.streams.values()), None)
        epoch = self._entropy(8).hex()
        allocator = Allocator()
        if prefix is not None:
            blocks = self._draw_blocks(prefix, 1)  # empty after 32,768 starts on one prefix
            if blocks:
                start = blocks[0] * BLOCK
                allocator = Allocator(prefix, start, start + BLOCK)
        body = EpochOpened(
            journal=self.id,
            prefix=prefix,
            prev_epoch=before.epoch if before else last_known,
            software=self._software,
            why=why,
        )
        event = self._seal(
            Draft(body), SYSTEM_LANE, EventRef(epoch, 1), before.hash if before else ZERO_HASH
        )
        with self._transaction():
            self._db.execute(
                "INSERT INTO epoch (epoch, boot) VALUES (?, ?)", (epoch, self._clock.boot)
            )
            self._insert([event])
            self._store_allocator(allocator)
            if prefix is None:
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('lacks-prefix', '1')")
            else:
                self._db.execute("DELETE FROM meta WHERE key = 'lacks-prefix'")
        self.streams[epoch] = Stream(epoch, 1, 1, event.hash, 0, 0)
        self.allocator = allocator
        self._identity.remember_epoch(epoch, event.prev)

    def _draw_blocks(self, prefix: str, count: int) -> tuple[int, ...]:
        """Random block numbers of this prefix that this journal has never used."""
        used = {
            row[0]
            for row in self._db.execute("SELECT block FROM block WHERE prefix = ?", (prefix,))
        }
        if len(used) + count > BLOCKS_PER_PREFIX:
            return tuple(sorted(set(range(BLOCKS_PER_PREFIX)) - used)[:count])
        drawn: list[int] = []
        while len(drawn) < count:
            block = int.from_bytes(self._entropy(4)) % BLOCKS_PER_PREFIX
            if block not in used:
                used.add(block)
                drawn.append(block)
        return tuple(drawn)

    # --- writing -------------------------------------------------------------------------

    @property
    def current(self) -> Stream:
        """The epoch that events are appended to."""
        return next(reversed(self.streams.values()))

    @property
    def next_ref(self) -> EventRef:
        """Where the next event will stand."""
        return EventRef(self.current.epoch, self.current.head + 1)

    def commit(self, lane: str, outcome: Outcome) -> None:
        """Makes a turn of ``lane`` happen, all of it in one COMMIT."""
        events = self._seal_all(outcome.drafts, lane)
        head = events[-1] if events else None
        with self._spooled(outcome.claim) as secret, self._transaction():
            self._insert(events)
            self._db.execute(
                """
                INSERT INTO lane VALUES (?, ?)
                ON CONFLICT (lane) DO UPDATE SET state = excluded.state
                """,
                (lane, msgspec.json.encode(outcome.state)),
            )
            if outcome.allocator != self.allocator:
                self._store_allocator(outcome.allocator)
            self._db.executemany(
                """
                INSERT INTO known VALUES (?, ?, ?)
                ON CONFLICT (code) DO UPDATE SET status = excluded.status, plan = excluded.plan
                """,
                [(code, facts.status, facts.plan) for code, facts in outcome.known.items()],
            )
            self.queue.cancel(outcome.cancelled)
            self.queue.add(lane, outcome.jobs, self._head_text(head), secret)
        self.allocator = outcome.allocator
        self._advanced(head)

    def append(self, drafts: Sequence[Draft], lane: str = SYSTEM_LANE) -> None:
        """Appends events that belong to no turn: devices, clock, notices."""
        events = self._seal_all(drafts, lane)
        with self._transaction():
            self._insert(events)
        self._advanced(events[-1] if events else None)

    def finish_job(self, job: int, drafts: Sequence[Draft], lane: str) -> None:
        """A paper left the printer (or never will): its job ends with the events that say so."""
        events = self._seal_all(drafts, lane)
        with self._transaction():
            self._insert(events)
            secret = self.queue.remove(job)
        self._advanced(events[-1] if events else None)
        if secret is not None:
            self._spool.drop(secret)

    def secret_of(self, name: str) -> str | None:
        """The claim that waits under ``name`` for its receipt."""
        return self._spool.get(name)

    def _head_text(self, head: Event | None) -> str:
        if head is not None:
            return head.id
        stream = self.current
        return event_id(self._kiosk, stream.epoch, stream.head, stream.hash)

    def _seal_all(self, drafts: Sequence[Draft], lane: str) -> list[Event]:
        events: list[Event] = []
        stream = self.current
        prev = stream.hash
        for seq, draft in enumerate(drafts, start=stream.head + 1):
            event = self._seal(draft, lane, EventRef(stream.epoch, seq), prev)
            events.append(event)
            prev = event.hash
        return events

    def _seal(self, draft: Draft, lane: str, ref: EventRef, prev: str) -> Event:
        public = Public(
            v=1,
            kiosk=self._kiosk,
            epoch=ref.epoch,
            seq=ref.seq,
            boot=self._clock.boot,
            mono=self._clock.mono(),
            wall=self._clock.wall(),
            clock=self._clock.trusted,
            lane=lane,
            body=draft.body,
        )
        try:
            return encode(public, draft.private, prev=prev, salt=self._entropy(16))
        except EventError as error:  # a fault of ours, and no reason to stop recording
            raise JournalError(
                Words(zh=f"事件无法保存：{error}", en=f"an event cannot be kept: {error}")
            ) from error

    def _insert(self, events: Sequence[Event]) -> None:
        self._db.executemany(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?)",
            [
                (event.public.epoch, event.public.seq, event.hash, event.public.mono, event.raw)
                for event in events
            ],
        )

    def _advanced(self, head: Event | None) -> None:
        if head is not None:
            stream = self.current
            stream.head = head.public.seq
            stream.hash = head.hash

    def _store_allocator(self, allocator: Allocator) -> None:
        if allocator.prefix is not None:
            self._db.execute(
                "INSERT OR IGNORE INTO block VALUES (?, ?)",
                (allocator.prefix, (allocator.end - 1) // BLOCK),
            )

    @contextmanager
    def _spooled(self, claim: str | None) -> Iterator[str | None]:
        """A claim is on disk before the COMMIT that promises it, and gone when that fails."""
        if claim is None:
            yield None
            return
        secret = self._entropy(16).hex()
        with disk_errors():
            self._spool.put(secret, claim)
        try:
            yield secret
        except BaseException:
            self._spool.drop(secret)
            raise

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with disk_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # --- what a turn needs to know ---------------------------------------------------------

    def lanes(self) -> dict[str, LaneState]:
        """The lanes' states as they were last committed."""
        rows = self._db.execute("SELECT lane, state FROM lane").fetchall()
        return {lane: msgspec.json.decode(state, type=LaneState) for lane, state in rows}

    def item_facts(self, code: str) -> ItemFacts:
        """What this journal knows of an item or box label."""
        row = self._db.execute("SELECT status, plan FROM known WHERE code = ?", (code,)).fetchone()
        if row is not None:
            return ItemFacts(row[0], row[1])
        own = self._db.execute(
            "SELECT 1 FROM block WHERE prefix = ? LIMIT 1", (parse(code).prefix,)
        ).fetchone()
        return ItemFacts("unknown" if own and parse(code).kind is Kind.ITEM else "foreign")

    def plan_items(self, plan: str) -> tuple[str, ...]:
        """What is out for this plan as far as this kiosk knows."""
        rows = self._db.execute(
            "SELECT code FROM known WHERE plan = ? AND status = 'out' ORDER BY code", (plan,)
        )
        return tuple(row[0] for row in rows)

    def category(self, gtin: str) -> str | None:
        """The category that somebody gave this retail code, from the reference data."""
        row = self._db.execute("SELECT category FROM product WHERE gtin = ?", (gtin,)).fetchone()
        return None if row is None else str(row[0])

    def event_ids(self, refs: Iterable[EventRef]) -> dict[EventRef, str]:
        """The ids of events of this journal."""
        return {
            ref: event_id(self._kiosk, ref.epoch, ref.seq, self._hash(ref.epoch, ref.seq))
            for ref in refs
        }

    def spare_blocks(self) -> tuple[int, ...]:
        """A random unused block to go on with, when the present one is about to end."""
        allocator = self.allocator
        if allocator.prefix is None or allocator.end - allocator.next > 64:
            return ()
        return self._draw_blocks(allocator.prefix, 1)

    # --- the relay's side --------------------------------------------------------------------

    def kept(self) -> tuple[Kept, ...]:
        """What a hello says: the newest epochs and, of more than fit, those not yet safe."""
        streams = list(self.streams.values())
        if len(streams) > MAX_KEPT:
            unsafe = [stream for stream in streams[:-1] if stream.safe < stream.head]
            streams = [*unsafe[: MAX_KEPT - 1], streams[-1]]
        return tuple(Kept(s.epoch, s.oldest, s.head, s.hash) for s in streams)

    def read(self, epoch: str, first: int, limit: int) -> list[tuple[str, bytes]]:
        """Up to ``limit`` events of ``epoch`` from seq ``first`` on, as (hash, line)."""
        return self._db.execute(
            "SELECT hash, raw FROM event WHERE epoch = ? AND seq >= ? ORDER BY seq LIMIT ?",
            (epoch, first, limit),
        ).fetchall()

    def hash_at(self, epoch: str, seq: int) -> str | None:
        """The hash of an event that is still here, zeros for seq 0, else None."""
        if seq == 0:
            return ZERO_HASH
        row = self._db.execute(
            "SELECT hash FROM event WHERE epoch = ? AND seq = ?", (epoch, seq)
        ).fetchone()
        return None if row is None else str(row[0])

    def _hash(self, epoch: str, seq: int) -> str:
        found = self.hash_at(epoch, seq)
        if found is None:
            raise KeyError(f"no event {epoch}.{seq} in this journal")
        return found

    def age_of_oldest_unacked_ms(self) -> int:
        """How long the oldest event without acknowledgement has waited, in milliseconds; of an
        earlier boot, at least this boot's length."""
        for stream in self.streams.values():
            if stream.acked < stream.head and not stream.disputed:
                row = self._db.execute(
                    """
                    SELECT mono, boot FROM event JOIN epoch USING (epoch)
                    WHERE epoch = ? AND seq > ? ORDER BY seq LIMIT 1
                    """,
                    (stream.epoch, stream.acked),
                ).fetchone()
                if row is not None:
                    now = self._clock.mono()
                    return now - int(row[0]) if row[1] == self._clock.boot else now
        return 0

    def backlog(self) -> int:
        """How many events the hub has not acknowledged."""
        return sum(stream.head - stream.acked for stream in self.streams.values())

    def events(self) -> int:
        """How many events are kept."""
        return sum(stream.head - stream.oldest + 1 for stream in self.streams.values())

    def store_positions(self, positions: Mapping[str, tuple[int, int]]) -> None:
        """Remembers (acked, safe) by epoch. Losing it costs a resend, never an event, so it is
        the one write that only the next COMMIT makes durable."""
        changed = [
            (acked, safe, epoch)
            for epoch, (acked, safe) in positions.items()
            if epoch in self.streams
            and (self.streams[epoch].acked, self.streams[epoch].safe) != (acked, safe)
        ]
        if not changed:
            return
        with self._transaction():
            self._db.executemany("UPDATE epoch SET acked = ?, safe = ? WHERE epoch = ?", changed)
        for acked, safe, epoch in changed:
            self.streams[epoch].acked, self.streams[epoch].safe = acked, safe

    def dispute(self, epoch: str) -> None:
        """The hub holds another story under this epoch's seqs: keep ours, stop sending it."""
        with self._transaction():
            self._db.execute("UPDATE epoch SET disputed = 1 WHERE epoch = ?", (epoch,))
        self.streams[epoch].disputed = True

    def clock_learnt(self, wall: int) -> None:
        """Epochs before this one ended no later than now: their age can be told from here on."""
        with self._transaction():
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
        with self._transaction():
            for epoch in [e for e, s in self.streams.items() if e in old and s.safe >= s.head]:
                gone += self._delete(epoch, self.streams[epoch].head)
                self._db.execute("DELETE FROM epoch WHERE epoch = ?", (epoch,))
            cutoff = self._clock.mono() - KEPT_MS
            row = self._db.execute(
                "SELECT max(seq) FROM event WHERE epoch = ? AND seq <= ? AND mono <= ?",
                (current.epoch, min(current.safe, current.head - 1), cutoff),
            ).fetchone()
            if row[0] is not None:
                gone += self._delete(current.epoch, int(row[0]))
        for epoch in old:
            stream = self.streams.get(epoch)
            if stream is not None and stream.safe >= stream.head:
                del self.streams[epoch]
        if row[0] is not None:
            current.oldest = int(row[0]) + 1
        return gone

    def _delete(self, epoch: str, through: int) -> int:
        cursor = self._db.execute(
            "DELETE FROM event WHERE epoch = ? AND seq <= ?", (epoch, through)
        )
        return cursor.rowcount

    # --- reference data ----------------------------------------------------------------------

    def reference_digest(self, name: str) -> str | None:
        """The SHA-256 of the reference part that is held now."""
        row = self._db.execute(
            "SELECT value FROM meta WHERE key = ?", (f"reference:{name}",)
        ).fetchone()
        return None if row is None else str(row[0])

    def store_products(self, digest: str, products: Iterable[Product]) -> None:
        """Replaces the named retail codes."""
        with self._transaction():
            self._db.execute("DELETE FROM product")
            self._db.executemany(
                "INSERT OR REPLACE INTO product VALUES (?, ?, ?, ?)",
                [(p.gtin, p.category, p.zh, p.en) for p in products],
            )
            self._db.execute(
                "INSERT OR REPLACE INTO meta VALUES ('reference:products', ?)", (digest,)
            )

    # --- housekeeping --------------------------------------------------------------------------

    def idle(self) -> None:
        """Uses a moment in which nobody waits for a checkpoint."""
        with disk_errors():
            checkpoint_if_due(self._db, self._path)

    def close(self) -> None:
        """Ends with a checkpoint and leaves the head's hash in the identity document."""
        self._identity.remember_epoch(self.current.epoch, self.current.hash)
        self._db.close()
