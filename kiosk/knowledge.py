"""What this kiosk knows without asking anybody: its items, what is out, named retail codes."""

import sqlite3
from collections.abc import Iterable
from typing import Final

from contract.codes import Kind, parse
from contract.messages import Product
from kiosk.state import ItemFacts
from kiosk.store import transaction
from kiosk.turns import Redo, TurnLog


class Knowledge:
    """Part of the journal's database and of its thread. What writes raises `JournalError`, and so
    does what reads of items: turns are settled first (see `kiosk.turns`)."""

    def __init__(self, db: sqlite3.Connection, turns: TurnLog) -> None:
        self._db: Final = db
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
        """What is out for this plan as far as this kiosk knows."""
        self._turns.settle()
        rows = self._db.execute(
            "SELECT code FROM known WHERE plan = ? AND status = 'out' ORDER BY code", (plan,)
        )
        return tuple(row[0] for row in rows)

    def category(self, gtin: str) -> str | None:
        """The category that somebody gave this retail code, from the reference data."""
        row = self._db.execute("SELECT category FROM product WHERE gtin = ?", (gtin,)).fetchone()
        return None if row is None else str(row[0])

    def reference_digest(self, name: str) -> str | None:
        """The SHA-256 of the reference part that is held now."""
        row = self._db.execute(
            "SELECT value FROM meta WHERE key = ?", (f"reference:{name}",)
        ).fetchone()
        return None if row is None else str(row[0])

    def store_products(self, digest: str, products: Iterable[Product]) -> None:
        """Replaces the named retail codes."""
        with transaction(self._db):
            self._db.execute("DELETE FROM product")
            self._db.executemany(
                "INSERT OR REPLACE INTO product VALUES (?, ?, ?, ?)",
                [(p.gtin, p.category, p.zh, p.en) for p in products],
            )
            self._db.execute(
                "INSERT OR REPLACE INTO meta VALUES ('reference:products', ?)", (digest,)
            )
