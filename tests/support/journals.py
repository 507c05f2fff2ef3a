"""Real journals in a directory: identity, database and spool, with a clock that a test sets."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from contract import events
from contract.codes import Kind, from_base32, parse, serial_code
from contract.enrolment import Grant, Identity
from kiosk.clock import LearntClock
from kiosk.identity import IdentityStore
from kiosk.inputs import ItemLabel, PlanSlip, RetailCode, Scan
from kiosk.journal import Journal
from kiosk.knowledge import KnownLabels, OwnLabels
from kiosk.reference import ReferenceStore
from kiosk.spool import Spool
from kiosk.state import Draft, LaneState, Outcome
from kiosk.store_schema import SCHEMA, Schema
from kiosk.workflow import Facts, step

KIOSK: Final = "stop-1"
PREFIXES: Final = ("7K2M", "0001", "ZZZZ")
BOOT: Final = "a" * 32
DAY_MS: Final = 24 * 3600 * 1000
WALL: Final = 1_760_000_000_000
CLAIM: Final = "C1A1M0123456789Z"
"""What `CLAIM_RANDOM` writes."""
CLAIM_RANDOM: Final = from_base32(CLAIM).to_bytes(10)


class SetClock:
    """A machine's clock that stands still until the test moves it."""

    def __init__(self, boot: str = BOOT, mono: int = 1_000_000) -> None:
        self.boot = boot
        self.now = mono

    def mono(self) -> int:
        """Milliseconds since boot."""
        return self.now

    def wall(self) -> int:
        """The machine has no battery: it believes that it is 1970."""
        return self.now


def entropy(seed: str) -> Callable[[int], bytes]:
    """Random bytes that are the same in every run, and others for another seed."""

    def stream() -> Iterator[bytes]:
        number = 0
        while True:
            yield hashlib.sha256(f"{seed}/{number}".encode()).digest()
            number += 1

    blocks = stream()
    return lambda count: next(blocks)[:count]


class Home:
    """One kiosk's state directory. Open it as often as a kiosk is started."""

    def __init__(self, directory: Path, prefixes: tuple[str, ...] = PREFIXES) -> None:
        self.directory: Final = directory
        self.identity: Final = IdentityStore(directory / "identity.json")
        self.clock = SetClock()
        self._starts = 0
        if not directory.exists():
            directory.mkdir(parents=True)
            grants = tuple(Grant(prefix) for prefix in prefixes)
            self.identity.save(Identity(KIOSK, KIOSK, "x" * 32, grants))

    @property
    def path(self) -> Path:
        """The journal's database file."""
        return self.directory / "journal.sqlite3"

    @property
    def spool(self) -> Path:
        """Where claims wait for their receipt."""
        return self.directory / "spool"

    def open(self, seed: str = "", schema: Schema = SCHEMA) -> "OpenJournal":
        """Starts the kiosk: a journal as its process would hold it; ``schema`` is that of the
        release that it runs."""
        self._starts += 1
        return OpenJournal(self, entropy(f"{self.directory}{seed}{self._starts}"), schema)

    def copy(self, name: str) -> "Home":
        """The directory as a power cut, or somebody with a card reader, would find it now."""
        target = self.directory.with_name(name)
        shutil.copytree(self.directory, target, ignore=shutil.ignore_patterns("*-shm"))
        other = Home(target)
        other.clock = SetClock(self.clock.boot, self.clock.now)
        return other

    def delete_journal(self) -> None:
        """Somebody deletes the database."""
        for path in self.directory.glob("journal.sqlite3*"):
            path.unlink()

    def bytes_of_database(self) -> bytes:
        """Everything that stands in the database file and beside it."""
        return b"".join(
            path.read_bytes() for path in sorted(self.directory.glob("journal.sqlite3*"))
        )


class OpenJournal:
    """A journal and its lanes, turned as the kiosk's loop turns them."""

    def __init__(self, home: Home, random: Callable[[int], bytes], schema: Schema = SCHEMA) -> None:
        self.clock: Final = home.clock
        self.learnt: Final = LearntClock(home.clock)
        self.random: Final = random
        self.reference: Final = ReferenceStore(home.directory / "reference", KIOSK)
        self.journal: Final = Journal(
            home.path,
            home.identity,
            self.learnt,
            spool=Spool(home.spool),
            software="test",
            entropy=random,
            reference=self.reference,
            schema=schema,
        )

    def state(self, lane: str = "door") -> LaneState:
        """What the journal remembers of a lane."""
        return self.journal.lanes().get(lane, LaneState())

    def turn(
        self,
        scan: Scan,
        lane: str = "door",
        claim: bytes = CLAIM_RANDOM,
        state: LaneState | None = None,
    ) -> Outcome:
        """One turn without its commit; ``state`` is the lane's where it need not be looked up."""
        journal = self.journal
        state = self.state(lane) if state is None else state
        plan = scan.code if isinstance(scan, PlanSlip) else state.plan
        facts = Facts(
            now=self.clock.mono(),
            next=journal.next_ref,
            sessions=(self.random(8).hex(), self.random(8).hex()),
            claim=claim,
            wall=self.learnt.trusted_wall(),
            item=journal.knowledge.item_facts(scan.code) if isinstance(scan, ItemLabel) else None,
            plan_items=journal.knowledge.plan_items(plan) if plan is not None else (),
            category=journal.knowledge.category(scan.retail.gtin)
            if isinstance(scan, RetailCode)
            else None,
            event_ids=journal.event_ids,
            blocks=journal.spare_blocks(),
            known=KnownLabels(journal.knowledge),
            own=OwnLabels(journal.knowledge),
            history=journal.history,
        )
        return step(state, journal.allocator, scan, facts)

    def scan(self, *scans: Scan, lane: str = "door") -> Outcome:
        """Turns and their commits; the last one's outcome."""
        for scan in scans:
            outcome = self.turn(scan, lane)
            self.journal.commit(lane, outcome)
        return outcome

    def burst(self, *scans: Scan, lane: str = "door") -> LaneState:
        """Turns so quick that nothing reads between them: none of them is settled. The state."""
        state = self.state(lane)
        for scan in scans:
            outcome = self.turn(scan, lane, state=state)
            self.journal.commit(lane, outcome)
            state = outcome.state
        return state

    def append(self, *bodies: events.Body) -> None:
        """Events that belong to no turn."""
        self.journal.append([Draft(body) for body in bodies])

    def lines(self) -> list[events.Event]:
        """Every event that is kept, epoch by epoch."""
        return [
            events.decode(raw)
            for epoch, stream in self.journal.streams.by_epoch.items()
            for _, raw in self.journal.streams.read(epoch, stream.oldest, stream.head)
        ]

    def issued(self) -> list[str]:
        """Every item code in the journal."""
        return issued(self.lines())

    def close(self) -> None:
        """A clean stop."""
        self.journal.close()


def issued(lines: list[events.Event]) -> list[str]:
    """The codes that these events gave to items."""
    return [
        line.public.body.item for line in lines if isinstance(line.public.body, events.Received)
    ]


def lines_on_disk(path: Path) -> list[tuple[str, events.Event]]:
    """(hash column, event) of a closed journal in the chain's order, by our own connection."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT hash, raw FROM event ORDER BY id").fetchall()
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return [(digest, events.decode(raw)) for digest, raw in rows]


def check_chain(lines: list[tuple[str, events.Event]], first: str = events.ZERO_HASH) -> None:
    """Each event names the one before it, through every epoch, and its hash is that of its bytes.

    Raises AssertionError.
    """
    before = first
    seqs: dict[str, int] = {}
    for digest, event in lines:
        assert event.prev == before, f"{event.id} does not follow what stands before it"
        assert event.hash == digest, f"{event.id} is not what its hash says"
        epoch = event.public.epoch
        assert event.public.seq == seqs.get(epoch, 0) + 1, f"a gap before {event.id}"
        seqs[epoch] = event.public.seq
        before = event.hash


def blank(prefix: str, serial: int) -> ItemLabel:
    """A label of that prefix."""
    return ItemLabel(serial_code(Kind.ITEM, prefix, serial))


def prefixes(codes: list[str]) -> set[str]:
    """The prefixes of item codes."""
    return {parse(code).prefix for code in codes}
