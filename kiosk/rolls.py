"""How much paper each printer has left: counted from the card that says "new roll".

Part of the journal's database. A printer of which nobody ever said that its roll is new is not
counted: no figure is better than a wrong one. What a cut of power takes of the count is the last
paper's length.
"""

import math
import sqlite3
from typing import Final

from kiosk.store import disk_errors, repeatable

_KEY: Final = "roll:"
LABEL_MM: Final = 45.0
"""One label on continuous paper with the way to the tear bar, at most."""
RECEIPT_MM: Final = 200.0
"""A receipt of half a dozen things with its codes."""


class Rolls:
    """Millimetres used of each printer's roll, by the printer's name. The loop's thread only."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db: Final = db
        rows = db.execute(
            "SELECT CAST(substr(key, ?) AS BLOB), CAST(value AS INTEGER) FROM meta"
            " WHERE key LIKE ? || '%'",
            (len(_KEY) + 1, _KEY),
        )
        self._used: Final[dict[str, int]] = {
            name.decode(errors="replace"): max(0, value) for name, value in rows
        }

    def used_mm(self, printer: str) -> int | None:
        """What it used of its roll; None: nobody said when that was new."""
        return self._used.get(printer)

    def renewed(self, printer: str) -> None:
        """A fresh roll is in. Raises `JournalError`."""
        with disk_errors():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, '0')", (_KEY + printer,))
        self._used[printer] = 0

    def used(self, printer: str, mm: float) -> None:
        """So much came out at most. Raises `JournalError`; it is counted all the same."""
        before = self._used.get(printer)
        if before is None or mm <= 0:
            return
        now = self._used[printer] = before + math.ceil(mm)
        with repeatable(self._db):
            self._db.execute("UPDATE meta SET value = ? WHERE key = ?", (str(now), _KEY + printer))
