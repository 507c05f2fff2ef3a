"""The journal: every event this kiosk ever signalled, until the hub holds it safely.

Rules
-----
* **Green comes after `Journal.commit` returns.** Events, lane state, codes, print jobs and what
  the kiosk knows of its items go into one transaction; a power cut leaves all of it or nothing.
  All but the events is written as one row first and spread after green: see `kiosk.turns`.
* Each start opens a random epoch. Its first event names the last event before it, so that the
  chain runs through starts, and through what happened before a lost journal as far as the
  identity document (which lives outside) remembers it.
* A journal whose identity document remembers an epoch that the journal does not have was
  deleted or restored: it takes a fresh prefix, since codes beyond what it remembers exist. Every
  start also takes a random unused block of 1,024 serials, so that even a whole copied card does
  not repeat a code.
"""

import logging
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, cast

import msgspec

from contract.codes import BLOCK, Kind, serial_code
from contract.events import (
    ZERO_HASH,
    EpochOpened,
    Event,
    Noticed,
    event_id,
)
from contract.fields import Lane
from kiosk.blocks import Blocks
from kiosk.clock import LearntClock
from kiosk.command_store import CommandStore, Taken
from kiosk.identity import IdentityStore
from kiosk.kept_events import KeptEvents
from kiosk.knowledge import Knowledge
from kiosk.print_queue import PrintQueue
from kiosk.reference import Reference
from kiosk.rolls import Rolls
from kiosk.sealer import Sealer
from kiosk.spool import Spool
from kiosk.state import Allocator, Draft, EventRef, LabelJob, LaneState, Outcome
from kiosk.store import (
    IDLE_CHECKPOINT_CHANGES,
    SCHEMA_VERSION,
    JournalError,
    checkpoint,
    disk_errors,
    each_row,
    event_key,
    open_store,
    transaction,
)
from kiosk.store_schema import SCHEMA, Schema
from kiosk.streams import EventIds, Stream, Streams
from kiosk.tasks.store import TaskStore
from kiosk.turns import Redo, TurnLog

log: Final = logging.getLogger(__name__)

Entropy = Callable[[int], bytes]
"""Random bytes, so many; ``os.urandom`` outside tests."""

SYSTEM_LANE: Final = "system"

COUNTED: Final = ("event", "epoch", "turn", "known", "print_job", "command", "task", "product")
"""Tables whose rows a support bundle counts."""

_JOURNAL_ID: Final = re.compile(rb"[0-9a-f]{16}")
_lane_decoder: Final = msgspec.json.Decoder(LaneState)


def _lane_row(row: tuple[str, bytes]) -> None:
    """Raises what cannot be read raises: `kiosk.store.UNREADABLE`."""
    lane, state = row
    msgspec.convert(lane, Lane)
    _lane_decoder.decode(state)


class _Opened(NamedTuple):
    """A new epoch's number and first events, and the allocator that goes with it."""

    number: int
    events: list[Event]
    allocator: Allocator


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
        entropy: Entropy = os.urandom,
        reference: Reference | None = None,
        schema: Schema = SCHEMA,
    ) -> None:
        self._identity: Final = identity
        self._clock: Final = clock
        self._spool: Final = spool
        self._software: Final = software
        self._entropy: Final = entropy
        self._kiosk: Final = identity.load().kiosk
        self._sealer: Final = Sealer(self._kiosk, clock, entropy)
        self._db: Final = open_store(path, schema)
        self.allocator = Allocator()
        self._checkpointed = 0
        try:
            with disk_errors():
                self.id: Final = self._journal_id()
                self.streams: Final = Streams(self._db, clock)
                self.event_ids: Final = EventIds(self._kiosk, self.streams)
                self._blocks: Final = Blocks(self._db, entropy)
                self._turns: Final = TurnLog(self._db)
                self._turns.place_by(self._place_lane)
                self.knowledge: Final = Knowledge(self._db, self._turns, reference or Reference())
                self.history: Final = KeptEvents(self._db, self.knowledge.unheard)
                self.queue: Final = PrintQueue(self._db, clock, self._turns)
                self.rolls: Final = Rolls(self._db)
                self.commands: Final = CommandStore(self._db)
                self.tasks: Final = TaskStore(self._db)
                self._open_first_epoch()
                self._forget_unreadable()
                spool.sweep(self.queue.secrets())
        except BaseException:
            self._db.close()  # another process, or another try, may open it
            raise

    # --- starting ------------------------------------------------------------------------

    def _journal_id(self) -> str:
        """What the identity document grants prefixes to. One that is damaged is another journal's:
        that one takes a fresh prefix."""
        query = "SELECT CAST(value AS BLOB) FROM meta WHERE key = 'journal'"
        row = self._db.execute(query).fetchone()
        if row is not None and _JOURNAL_ID.fullmatch(row[0]):
            return str(row[0].decode())
        fresh = self._entropy(8).hex()
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('journal', ?)", (fresh,))
        return fresh

    def _open_first_epoch(self) -> None:
        remembered = self._identity.load().last_epoch
        restored = remembered is not None and remembered not in self._all_epochs()
        # Restored with no spare left: its old prefix stays barred at the next start as well.
        fresh = self._lacks_prefix() or (restored and bool(self.streams.by_epoch))
        prefix = self._identity.take_prefix(self.id, fresh=fresh)
        last_known = None if self.streams.by_epoch else remembered
        self._open_epoch("restored" if restored else "start", prefix, last_known)

    def _lacks_prefix(self) -> bool:
        query = "SELECT 1 FROM meta WHERE key = 'lacks-prefix'"
        return self._db.execute(query).fetchone() is not None

    def _all_epochs(self) -> set[str]:
        return {row[0] for row in self._db.execute("SELECT epoch FROM epoch")}

    def _forget_unreadable(self) -> None:
        """Turns, lanes and papers that another release wrote in another form, or that are
        damaged: said, not stumbled over.

        The events are whole; what is lost is where a lane stood and papers that waited.
        """
        if self._turns.lost:
            events = self._seal_all([Draft(Noticed(kind=k)) for k in self._turns.lost], SYSTEM_LANE)
            with transaction(self._db):
                self._insert(events)
                self._turns.give_up()
            self._advanced(events[-1])
        self.settle()
        _, lost = each_row(self._db, "lane", "lane, state", _lane_row)
        self._db.executemany("DELETE FROM lane WHERE rowid = ?", lost)
        notices = [Draft(Noticed(kind="state-lost"))] * len(lost)
        notices += [Draft(Noticed(kind="job-lost"))] * self.queue.drop_unreadable()
        if notices:
            self.append(notices)

    def go_on_elsewhere(self, disputed: Sequence[EventRef]) -> None:
        """The hub holds other stories under these seqs: ours stay, are no longer sent, and what
        happens now goes into a new epoch, with a fresh prefix when one is left. One COMMIT."""
        prefix = self._identity.take_prefix(self.id, fresh=True)
        notices = [Draft(Noticed(kind="hash-disputed", epoch=d.epoch, seq=d.seq)) for d in disputed]
        with transaction(self._db):
            self.streams.dispute([ref.epoch for ref in disputed])
            opened = self._write_epoch("disputed", prefix or self.allocator.prefix, None, notices)
        self.streams.note_disputed([ref.epoch for ref in disputed])
        self._opened(opened)

    def _open_epoch(self, why: str, prefix: str | None, last_known: str | None) -> None:
        with transaction(self._db):
            opened = self._write_epoch(why, prefix, last_known, ())
        self._opened(opened)

    def _write_epoch(
        self, why: str, prefix: str | None, last_known: str | None, notices: Sequence[Draft]
    ) -> _Opened:
        """Inside a transaction: the opening event, ``notices`` after it, and the allocator."""
        before = next(reversed(self.streams.by_epoch.values()), None)
        epoch = self._entropy(8).hex()
        allocator = Allocator()
        if prefix is not None:
            block = self._blocks.draw(prefix)  # none after 32,768 starts on one prefix
            if block is not None:
                start = block * BLOCK
                allocator = Allocator(prefix, start, start + BLOCK)
        body = EpochOpened(
            journal=self.id,
            prefix=prefix,
            prev_epoch=before.epoch if before else last_known,
            software=self._software,
            why=why,
        )
        prev = before.hash if before else ZERO_HASH
        drafts = (Draft(body), *notices)
        events = self._sealer.seal(drafts, SYSTEM_LANE, EventRef(epoch, 0), prev)
        row = self._db.execute(
            "INSERT INTO epoch (epoch, boot) VALUES (?, ?)", (epoch, self._clock.boot)
        )
        number = cast(int, row.lastrowid)
        self._insert(events, number)
        self._blocks.keep(allocator)
        if prefix is None:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('lacks-prefix', '1')")
        else:
            self._db.execute("DELETE FROM meta WHERE key = 'lacks-prefix'")
        return _Opened(number, events, allocator)

    def _opened(self, opened: _Opened) -> None:
        """After the COMMIT: memory and the identity document follow the disk."""
        first, head = opened.events[0], opened.events[-1]
        epoch = first.public.epoch
        self.streams.open(Stream(epoch, 1, head.public.seq, head.hash, 0, 0, number=opened.number))
        self.allocator = opened.allocator
        self._identity.remember_epoch(epoch, first.prev)

    # --- writing -------------------------------------------------------------------------

    @property
    def next_ref(self) -> EventRef:
        """Where the next event will stand."""
        stream = self.streams.current
        return EventRef(stream.epoch, stream.head + 1)

    def commit(self, lane: str, outcome: Outcome) -> None:
        """Makes a turn of ``lane`` happen, all of it in one COMMIT."""
        events = self._seal_all(outcome.drafts, lane)
        head = events[-1] if events else None
        secret = None if outcome.claim is None else self._spooled(outcome.claim)
        redo = Redo(
            lane,
            outcome.state,
            self._head_text(head),
            self._clock.boot,
            self._clock.mono(),
            secret,
            outcome.known,
            outcome.jobs,
            outcome.cancelled,
            outcome.works,
            settled=outcome.settled,
        )
        try:
            with transaction(self._db):
                self._insert(events)
                self._turns.write(redo)
                if outcome.allocator.end != self.allocator.end:
                    self._blocks.keep(outcome.allocator)
        except BaseException:
            if secret is not None:
                self._spool.drop(secret)
            raise
        self._turns.written(redo)
        self.allocator = outcome.allocator
        self._advanced(head)

    def foresee(self) -> None:
        """Works out what the next scan needs while nobody waits for it: its item's code."""
        allocator = self.allocator
        if allocator.prefix is not None:
            serial_code(Kind.ITEM, allocator.prefix, allocator.next)

    def settle(self, at: int = 1) -> None:
        """Spreads committed turns into the tables that are read, when ``at`` of them wait. Raises
        `JournalError`; green stays true then, and they wait on."""
        if len(self._turns.waiting) >= at:
            self._turns.settle()

    def _place_lane(self, turn: Redo) -> None:
        self._db.execute(
            """
            INSERT INTO lane VALUES (?, ?)
            ON CONFLICT (lane) DO UPDATE SET state = excluded.state
            """,
            (turn.lane, msgspec.json.encode(turn.state)),
        )

    def append(self, drafts: Sequence[Draft], lane: str = SYSTEM_LANE) -> None:
        """Appends events that belong to no turn: devices, clock, notices."""
        events = self._seal_all(drafts, lane)
        with transaction(self._db):
            self._insert(events)
        self._advanced(events[-1] if events else None)

    def finish_job(self, job: int, drafts: Sequence[Draft], lane: str) -> None:
        """A paper left the printer (or never will): its job ends with the events that say so."""
        events = self._seal_all(drafts, lane)
        with transaction(self._db):
            self._insert(events)
            secret = self.queue.remove(job)
        self._advanced(events[-1] if events else None)
        if secret is not None:
            self._spool.drop(secret)

    def take_command(
        self,
        command: str,
        expires: int,
        labels: Sequence[LabelJob],
        ending: str = "",
        drafts: Sequence[Draft] = (),
    ) -> Taken:
        """A command of the hub is taken, with all that it has to print and the events that say so:
        one COMMIT. With ``ending`` nothing of it is ever printed."""
        events = self._seal_all(drafts, SYSTEM_LANE)
        with transaction(self._db):
            self._insert(events)
            taken = self.commands.insert(command, expires, labels, ending)
        self._advanced(events[-1] if events else None)
        self.commands.taken(taken)
        return taken

    def end_ordered(
        self, taken: Taken, drafts: Sequence[Draft], *, doubtful: str | None = None
    ) -> None:
        """The label that a command had in a printer's hands is out, or in doubt, with the events
        that say so."""
        events = self._seal_all(drafts, SYSTEM_LANE)
        with transaction(self._db):
            self._insert(events)
            self.commands.write_ended(taken, doubtful)
        self._advanced(events[-1] if events else None)
        self.commands.ended(taken, doubtful)

    def about(self, code: str) -> list[Event]:
        """Every event that names this item or box, oldest first. Reads all that is kept: for what
        somebody asks once in a while. Raises `JournalError`."""
        return [event for _, event in self.history.about([code])]

    def secret_of(self, name: str) -> str | None:
        """The claim that waits under ``name`` for its receipt."""
        return self._spool.get(name)

    @property
    def head_id(self) -> str:
        """The id of the newest event."""
        stream = self.streams.current
        return event_id(self._kiosk, stream.epoch, stream.head, stream.hash)

    def _head_text(self, head: Event | None) -> str:
        return head.id if head is not None else self.head_id

    def _seal_all(self, drafts: Sequence[Draft], lane: str) -> list[Event]:
        stream = self.streams.current
        after = EventRef(stream.epoch, stream.head)
        return self._sealer.seal(drafts, lane, after, stream.hash)

    def _insert(self, events: Sequence[Event], epoch: int | None = None) -> None:
        """Inside a transaction; ``epoch`` is the epoch's number where it is not the current."""
        number = self.streams.current.number if epoch is None else epoch
        for event in events:
            key = event_key(number, event.public.seq)
            self._db.execute(
                "INSERT INTO event VALUES (?, ?, ?, ?)",
                (key, event.hash, event.public.mono, event.raw),
            )

    def _advanced(self, head: Event | None) -> None:
        if head is not None:
            stream = self.streams.current
            stream.head = head.public.seq
            stream.hash = head.hash

    def _spooled(self, claim: str) -> str:
        """A claim is on disk before the COMMIT that promises it; the name that it waits under."""
        secret = self._entropy(16).hex()
        with disk_errors():
            self._spool.put(secret, claim)
        return secret

    # --- what a turn needs to know ---------------------------------------------------------

    def lanes(self) -> dict[str, LaneState]:
        """The lanes' states as they were last committed."""
        self.settle()
        rows = self._db.execute("SELECT lane, state FROM lane").fetchall()
        return {lane: _lane_decoder.decode(state) for lane, state in rows}

    def spare_blocks(self) -> tuple[int, ...]:
        """A random unused block to go on with, when the present one is about to end."""
        allocator = self.allocator
        if allocator.prefix is None or allocator.end - allocator.next > 64:
            return ()
        block = self._blocks.draw(allocator.prefix)
        return () if block is None else (block,)

    # --- for support ---------------------------------------------------------------------------

    def inspected(self) -> dict[str, object]:
        """Whether the database is whole, and how much it holds; nothing of what. Reads all of it.
        Raises `JournalError`."""
        with disk_errors():
            whole = [str(row[0]) for row in self._db.execute("PRAGMA quick_check(10)")]
            counts = {
                name: self._db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
                for name in COUNTED
            }
            pages = self._db.execute("PRAGMA page_count").fetchone()[0]
        return {
            "whole": whole == ["ok"],
            "faults": [] if whole == ["ok"] else len(whole),
            "rows": counts,
            "pages": pages,
            "backlog": self.streams.backlog(),
            "epochs": [
                {"epoch": s.epoch, "oldest": s.oldest, "head": s.head, "acked": s.acked}
                for s in self.streams.by_epoch.values()
            ][-20:],
        }

    # --- housekeeping --------------------------------------------------------------------------

    def idle(self) -> None:
        """Uses a moment in which nobody waits for a checkpoint."""
        self.settle()
        with disk_errors():
            if self._db.total_changes - self._checkpointed >= IDLE_CHECKPOINT_CHANGES:
                checkpoint(self._db)
                self._checkpointed = self._db.total_changes

    def takes(self) -> bool:
        """Whether the disk takes a write: one that changes nothing is tried."""
        try:
            with transaction(self._db):
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except JournalError:
            return False
        return True

    def close(self) -> None:
        """Ends with a checkpoint and leaves the head's hash in the identity document."""
        current = self.streams.current
        try:
            self.settle()
        except JournalError as error:  # the next start does it
            log.warning("%s", error.words.en)
        try:
            self._identity.remember_epoch(current.epoch, current.hash)
        except OSError as error:  # a full disk: the next start knows the epoch all the same
            log.warning("the identity document could not be written: %s", error)
        self._db.close()
