"""What this kiosk knows without asking anybody: its items, what is out, named retail codes."""

import sqlite3
from contextlib import suppress
from typing import Final

from contract.codes import parse
from contract.events import EventError, decode
from contract.papers import Papers
from contract.recalls import same_goods
from contract.reference import Campaign, KnownPlace, NamedCategory, Plan, Recall, StopSettings
from drivers.ports import Words
from kiosk.clock import LearntClock
from kiosk.reference import Reference
from kiosk.state import EventRef, ItemFacts, through_boxes
from kiosk.store import SEQ_BITS
from kiosk.turns import Redo, TurnLog
from kiosk.workflow.turn import Work


class KnownLabels(dict[str, ItemFacts]):
    """What is known of any label, each looked up when it is first asked for: a handover needs
    all of its items, and most scans none."""

    def __init__(self, knowledge: "Knowledge") -> None:
        super().__init__()
        self._knowledge: Final = knowledge

    def __missing__(self, code: str) -> ItemFacts:
        return self._knowledge.item_facts(code)


class OwnLabels(dict[str, ItemFacts]):
    """What was said of any label by itself, likewise."""

    def __init__(self, knowledge: "Knowledge") -> None:
        super().__init__()
        self._knowledge: Final = knowledge

    def __missing__(self, code: str) -> ItemFacts:
        return self._knowledge.own_facts(code)


MINUTE_MS: Final = 60_000


def _passed(raw: bytes | None, clock: LearntClock) -> int:
    """Minutes that have gone by for sure since an event of an earlier boot: those of this one, or
    by the calendar where both knew it."""
    passed = clock.mono()
    began = None
    with suppress(EventError):  # a later release, which was left again, wrote it its own way
        began = decode(raw).public if raw is not None else None
    now = clock.trusted_wall()
    if began is not None and began.clock and now is not None:
        passed = max(passed, now - began.wall)
    return passed // MINUTE_MS


class Knowledge:
    """Part of the journal's database and of its thread. What reads of items raises
    `JournalError`: turns are settled first (see `kiosk.turns`). What the hub told stands outside
    the journal (see `kiosk.reference`)."""

    def __init__(self, db: sqlite3.Connection, turns: TurnLog, reference: Reference) -> None:
        self._db: Final = db
        self.reference: Final = reference
        self._turns: Final = turns
        turns.spread_by(self._spread)
        self.labels: Final = KnownLabels(self)
        self.own_labels: Final = OwnLabels(self)

    def _spread(self, turn: Redo) -> None:
        """What a turn made of items, and whose work began or ended with it."""
        self._db.executemany(
            "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (code, f.status, f.plan, f.place, f.box, f.category, f.sealed, f.aside)
                for code, f in turn.known.items()
            ],
        )
        for person, began in turn.works.items():
            if began is None:
                self._db.execute("DELETE FROM work WHERE person = ?", (person,))
            else:
                # Undo brings back work that began earlier: the event itself says when.
                self._db.execute(
                    "INSERT OR REPLACE INTO work SELECT ?, epoch, ?, boot, mono"
                    " FROM epoch JOIN event ON id = (number << ? | ?) WHERE epoch = ?",
                    (person, began.seq, SEQ_BITS, began.seq, began.epoch),
                )

    def item_facts(self, code: str) -> ItemFacts:
        """What this journal knows of an item or box label; of what is in a box, through its
        box."""
        return through_boxes(code, self.own_facts)

    def own_facts(self, code: str) -> ItemFacts:
        """What was said of this label itself."""
        for turn in reversed(self._turns.waiting):
            if code in turn.known:
                return turn.known[code]
        row = self._db.execute(
            "SELECT status, plan, place, box, category, sealed, aside FROM known WHERE code = ?",
            (code,),
        ).fetchone()
        if row is not None:
            status, plan, place, box, category, sealed, aside = row
            return ItemFacts(status, plan, place, box, category, bool(sealed), bool(aside))
        return self.unheard(code)

    def unheard(self, code: str) -> ItemFacts:
        """What is known of a label of which no event tells."""
        own = self._db.execute(
            "SELECT 1 FROM block WHERE prefix = ? LIMIT 1", (parse(code).prefix,)
        ).fetchone()
        return ItemFacts("unknown" if own else "foreign")

    def is_blank(self, code: str) -> bool:
        """Whether this is a label printed ahead that nothing was bound to at this kiosk."""
        return parse(code).ready_made and self.item_facts(code).status == "foreign"

    def standing_at(self, place: str) -> tuple[str, ...]:
        """What should stand at this place, boxes and loose items, as far as this kiosk knows.
        Raises `JournalError` when the disk refuses to settle."""
        self._turns.settle()
        rows = self._db.execute(
            "SELECT code FROM known WHERE place = ? AND box IS NULL"
            " AND status IN ('here', 'quarantined') ORDER BY code",
            (place,),
        )
        return tuple(row[0] for row in rows)

    def shelves(self) -> tuple[str, ...]:
        """The places where something should stand, as far as this kiosk knows. Raises
        `JournalError` likewise."""
        self._turns.settle()
        rows = self._db.execute(
            "SELECT DISTINCT place FROM known WHERE place IS NOT NULL AND box IS NULL"
            " AND status IN ('here', 'quarantined') ORDER BY place"
        )
        return tuple(row[0] for row in rows)

    def inside(self, box: str) -> tuple[str, ...]:
        """What is in this box as far as this kiosk knows. Raises `JournalError` likewise."""
        self._turns.settle()
        rows = self._db.execute("SELECT code FROM known WHERE box = ? ORDER BY code", (box,))
        return tuple(row[0] for row in rows)

    def work(self, person: str, clock: LearntClock) -> Work | None:
        """What the bearer of this card began here and has not ended. Raises `JournalError`
        likewise."""
        return next((w for p, w in self.works(clock) if p == person), None)

    def works(self, clock: LearntClock) -> list[tuple[str, Work]]:
        """Everybody's work that has not ended: the card's hash and what it began. Raises
        `JournalError` likewise."""
        self._turns.settle()
        rows = self._db.execute(
            "SELECT person, work.epoch, seq, work.boot, work.mono, raw FROM work"
            " JOIN epoch USING (epoch) LEFT JOIN event ON id = (number << ? | seq)"
            " ORDER BY work.mono",
            (SEQ_BITS,),
        ).fetchall()
        now = clock.mono()
        found = []
        for person, epoch, seq, boot, mono, raw in rows:
            ref = EventRef(epoch, seq)
            if boot == clock.boot:
                found.append((person, Work(ref, (now - mono) // MINUTE_MS)))
            else:
                found.append((person, Work(ref, None, _passed(raw, clock))))
        return found

    def plan_items(self, plan: str) -> tuple[str, ...]:
        """What is out for this plan as far as this kiosk knows. Raises `JournalError` when the
        disk refuses to settle."""
        self._turns.settle()
        rows = self._db.execute(
            "SELECT code FROM known WHERE plan = ? AND status = 'out' ORDER BY code", (plan,)
        )
        return tuple(row[0] for row in rows)

    # --- what the hub told ---------------------------------------------------------------

    def category(self, gtin: str) -> str | None:
        """The category that somebody gave this retail code."""
        known = self.reference.product(gtin)
        return None if known is None else known.category

    def recalls(self, gtin: str) -> tuple[Recall, ...]:
        """The open recalls of goods with this retail code, whatever the lot."""
        return tuple(one for one in self.reference.recalls() if same_goods(one.gtin, gtin))

    def place(self, code: str) -> KnownPlace | None:
        """The place with this code; None for one that nobody has named."""
        return self.reference.place(code)

    def plan(self, code: str) -> Plan | None:
        """The delivery plan with this code; None for one that the hub has not told of."""
        return self.reference.plan(code)

    def capabilities(self, person_hash: str) -> frozenset[str]:
        """What the bearer of this card may do; everything as long as the hub has named nobody."""
        return self.reference.capabilities(person_hash)

    def campaign(self, number: int) -> Campaign | None:
        """The campaign whose cards carry this number; None for one that nobody has named."""
        return self.reference.campaign(number)

    def settings(self) -> StopSettings:
        """How this stop wants its kiosks to behave."""
        return self.reference.settings()

    def papers(self) -> Papers:
        """How this stop wants its labels and receipts."""
        return self.reference.papers()

    def categories(self) -> tuple[NamedCategory, ...]:
        """The categories that can be chosen now, in the order in which they are offered."""
        return self.reference.categories()

    def category_words(self, key: str) -> Words:
        """A category's name; a key that nobody has named shows as itself."""
        return self.reference.category_words(key)
