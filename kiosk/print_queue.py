"""Papers that were promised and have not left a printer yet; part of the journal's database.

A job is added in the COMMIT that records what it is about, and ends in the COMMIT that records
what became of it. One that had been started when the power went is printed again and says that
it is a copy: a label twice is peeled off and thrown away, a label never printed is an item
without a name.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final

import msgspec

from kiosk.clock import LearntClock
from kiosk.state import LabelJob, PaperJob, ReceiptJob
from kiosk.store import disk_errors

_decoder: Final = msgspec.json.Decoder(PaperJob)


class Job(msgspec.Struct, frozen=True):
    """A paper that waits. ``head`` is the event id of the journal's head when it was promised;
    ``secret`` names the claim in the spool; ``again``: an earlier try was cut off; ``age_ms`` is
    None for a job of an earlier boot."""

    id: int
    lane: str
    paper: PaperJob
    head: str
    secret: str | None
    again: bool
    age_ms: int | None


class PrintQueue:
    """The waiting jobs, oldest first. Its writes run inside the journal's transactions."""

    def __init__(self, db: sqlite3.Connection, clock: LearntClock) -> None:
        self._db: Final = db
        self._clock: Final = clock

    def add(self, lane: str, papers: Iterable[PaperJob], head: str, secret: str | None) -> None:
        """Queues papers; ``secret`` belongs to the receipt among them."""
        self._db.executemany(
            """
            INSERT INTO print_job (lane, data, item, head, secret, boot, mono)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                (
                    lane,
                    msgspec.json.encode(paper),
                    paper.item if isinstance(paper, LabelJob) else None,
                    head,
                    secret if isinstance(paper, ReceiptJob) else None,
                    self._clock.boot,
                    self._clock.mono(),
                )
                for paper in papers
            ],
        )

    def cancel(self, items: Iterable[str]) -> None:
        """Labels of undone items need not be printed any more."""
        self._db.executemany(
            "DELETE FROM print_job WHERE item = ? AND started = 0", [(item,) for item in items]
        )

    def waiting(self) -> list[Job]:
        """Every job, oldest first."""
        now = self._clock.mono()
        rows = self._db.execute(
            "SELECT id, lane, data, head, secret, started, boot, mono FROM print_job ORDER BY id"
        ).fetchall()
        return [
            Job(
                id=row[0],
                lane=row[1],
                paper=_decoder.decode(row[2]),
                head=row[3],
                secret=row[4],
                again=bool(row[5]),
                age_ms=now - row[7] if row[6] == self._clock.boot else None,
            )
            for row in rows
        ]

    def drop_unreadable(self) -> int:
        """Ends jobs that another release wrote in another form; how many there were."""
        lost = []
        for job, data in self._db.execute("SELECT id, data FROM print_job").fetchall():
            try:
                _decoder.decode(data)
            except msgspec.MsgspecError:
                lost.append((job,))
        self._db.executemany("DELETE FROM print_job WHERE id = ?", lost)
        return len(lost)

    def count(self) -> int:
        """How many jobs wait."""
        return int(self._db.execute("SELECT count(*) FROM print_job").fetchone()[0])

    def secrets(self) -> set[str]:
        """The spool names that are still needed."""
        rows = self._db.execute("SELECT secret FROM print_job WHERE secret IS NOT NULL")
        return {row[0] for row in rows}

    def start(self, job: int) -> None:
        """Bytes may reach paper from now on. Raises `JournalError`."""
        with disk_errors():
            self._db.execute("UPDATE print_job SET started = 1 WHERE id = ?", (job,))

    def not_started(self, job: int) -> None:
        """The printer took nothing of it: the next try is no copy."""
        with disk_errors():
            self._db.execute("UPDATE print_job SET started = 0 WHERE id = ?", (job,))

    def remove(self, job: int) -> str | None:
        """Ends a job; the spool name that it no longer needs."""
        row = self._db.execute("SELECT secret FROM print_job WHERE id = ?", (job,)).fetchone()
        self._db.execute("DELETE FROM print_job WHERE id = ?", (job,))
        return None if row is None else row[0]
