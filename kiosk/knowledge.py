"""What this kiosk knows without asking anybody: its items, what is out, named retail codes."""

import sqlite3
from typing import Final

from contract.codes import Kind, parse
from contract.reference import Campaign, KnownPlace, NamedCategory, Plan, StopSettings
from drivers.ports import Words
from kiosk.reference import Reference
from kiosk.state import ItemFacts
from kiosk.turns import Redo, TurnLog


class Knowledge:
    """Part of the journal's database and of its thread. What reads of items raises
    `JournalError`: turns are settled first (see `kiosk.turns`). What the hub told stands outside
    the journal (see `kiosk.reference`)."""

    def __init__(self, db: sqlite3.Connection, turns: TurnLog, reference: Reference) -> None:
        self._db: Final = db
        self.reference: Final = reference
        self._turns: Final = turns
        turns.spread_by(self._spread)

    def _spread(self, turn: Redo) -> None:
        """What a turn made of items."""
        self._db.executemany(
            """
            INSERT INTO known VALUES (?, ?, ?)
            ON CONFLICT (code) DO UPDATE SET status = excluded.status, plan = excluded.plan
            """,
            [(code, facts.status, facts.plan) for code, facts in turn.known.items()],
        )

    def item_facts(self, code: str) -> ItemFacts:
        """What this journal knows of an item or box label."""
        for turn in reversed(self._turns.waiting):
            if code in turn.known:
                return turn.known[code]
        row = self._db.execute("SELECT status, plan FROM known WHERE code = ?", (code,)).fetchone()
        if row is not None:
            return ItemFacts(row[0], row[1])
        own = self._db.execute(
            "SELECT 1 FROM block WHERE prefix = ? LIMIT 1", (parse(code).prefix,)
        ).fetchone()
        return ItemFacts("unknown" if own and parse(code).kind is Kind.ITEM else "foreign")

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

    def categories(self) -> tuple[NamedCategory, ...]:
        """The categories that can be chosen now, in the order in which they are offered."""
        return self.reference.categories()

    def category_words(self, key: str) -> Words:
        """A category's name; a key that nobody has named shows as itself."""
        return self.reference.category_words(key)
