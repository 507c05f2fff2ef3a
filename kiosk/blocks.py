"""Blocks of serials: which of a prefix's 32,768 this journal has used, and random ones that it has
not."""

import sqlite3
from collections.abc import Callable
from typing import Final

from contract.codes import BLOCK, BLOCKS_PER_PREFIX
from kiosk.state import Allocator


class Blocks:
    """Part of the journal's database and of its thread."""

    def __init__(self, db: sqlite3.Connection, entropy: Callable[[int], bytes]) -> None:
        self._db: Final = db
        self._entropy: Final = entropy

    def draw(self, prefix: str) -> int | None:
        """The number of a random block that was never used; None when all were."""
        used = {
            row[0]
            for row in self._db.execute("SELECT block FROM block WHERE prefix = ?", (prefix,))
        }
        if len(used) >= BLOCKS_PER_PREFIX:
            return None
        while True:
            block = int.from_bytes(self._entropy(4)) % BLOCKS_PER_PREFIX
            if block not in used:
                return block

    def keep(self, allocator: Allocator) -> None:
        """Inside a transaction: the block that codes come from now is used."""
        if allocator.prefix is not None:
            self._db.execute(
                "INSERT OR IGNORE INTO block VALUES (?, ?)",
                (allocator.prefix, (allocator.end - 1) // BLOCK),
            )
