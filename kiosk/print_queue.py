"""Papers that were promised and have not left a printer yet; part of the journal's database.

A job is promised in the COMMIT that records what it is about (see `kiosk.turns`), and ends in the
COMMIT that records what became of it. A label that had been started when the power went, or that
broke off, is **in doubt**: a second one would be a second item, so it waits until a person's scan
says what became of it (`kiosk.questions`). A receipt, a slip or a copy comes again, as a copy.
"""

import sqlite3
from typing import Final

import msgspec

from contract.fields import Lane
from kiosk.clock import LearntClock
from kiosk.state import LabelJob, PaperJob, ReceiptJob
from kiosk.store import disk_errors, each_row
from kiosk.turns import Redo, TurnLog

_decoder: Final = msgspec.json.Decoder(PaperJob)


def _row(row: tuple[str, bytes, str, str | None, str, int]) -> None:
    """Raises what cannot be read raises: `kiosk.store.UNREADABLE`."""
    lane, data, *_, mono = row
    msgspec.convert((lane, mono), tuple[Lane, int])
    _decoder.decode(data)


class Job(msgspec.Struct, frozen=True):
    """A paper that waits. ``head`` is the event id of the journal's head when it was promised;
    ``secret`` names the claim in the spool; ``again``: bytes of it may have reached paper;
    ``age_ms`` is None for a job of an earlier boot."""

    id: int
    lane: str
    paper: PaperJob
    head: str
    secret: str | None
    again: bool
    age_ms: int | None

    @property
    def in_doubt(self) -> bool:
        """Whether its label may be out, and must not be printed again before somebody looked."""
        return self.again and isinstance(self.paper, LabelJob) and not self.paper.copy


class PrintQueue:
    """The waiting jobs, oldest first. Its writes run inside the journal's transactions."""

    def __init__(self, db: sqlite3.Connection, clock: LearntClock, turns: TurnLog) -> None:
        self._db: Final = db
        self._clock: Final = clock
        self._turns: Final = turns
        self._last = int(db.execute("SELECT coalesce(max(id), 0) FROM print_job").fetchone()[0])
        """The newest number that a job got. SQLite itself would give a deleted job's number to the
        next one, while a printer still has the old paper in hand."""
        turns.spread_by(self._spread)

    def _spread(self, turn: Redo) -> None:
        """Labels of undone items need not be printed any more, and of those that somebody has
        seen or wants again nobody need be asked; the turn's own papers wait now. Its secret belongs
        to the receipt among them."""
        self._db.executemany(
            "DELETE FROM print_job WHERE item = ?", [(item,) for item in turn.cancelled]
        )
        copies = [job.item for job in turn.jobs if isinstance(job, LabelJob) and job.copy]
        self._db.executemany(
            "DELETE FROM print_job WHERE item = ? AND started = 1",
            [(item,) for item in (*turn.settled, *copies)],
        )
        self._db.executemany(
            """
            INSERT INTO print_job (id, lane, data, item, head, secret, boot, mono)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                (
                    number,
                    turn.lane,
                    msgspec.json.encode(paper),
                    paper.item if isinstance(paper, LabelJob) else None,
                    turn.head,
                    turn.secret if isinstance(paper, ReceiptJob) else None,
                    turn.boot,
                    turn.mono,
                )
                for number, paper in enumerate(turn.jobs, start=self._last + 1)
            ],
        )
        self._last += len(turn.jobs)

    def waiting(self) -> list[Job]:
        """Every job, oldest first. Raises `JournalError` when the disk refuses to settle."""
        self._turns.settle()
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

    def in_doubt(self) -> list[tuple[str, str]]:
        """Lane and item of each label that may be out, after a start: none is in a printer's
        hands then. Raises `JournalError` likewise."""
        return [
            (job.lane, job.paper.item)
            for job in self.waiting()
            if job.in_doubt and isinstance(job.paper, LabelJob)
        ]

    def drop_unreadable(self) -> int:
        """Ends jobs that another release wrote in another form, or that are damaged; how many there
        were."""
        _, lost = each_row(self._db, "print_job", "lane, data, head, secret, boot, mono", _row)
        self._db.executemany("DELETE FROM print_job WHERE id = ?", lost)
        return len(lost)

    def count(self) -> int:
        """How many jobs wait, those that are not settled yet among them."""
        settled = int(self._db.execute("SELECT count(*) FROM print_job").fetchone()[0])
        return settled + sum(len(turn.jobs) for turn in self._turns.waiting)

    def secrets(self) -> set[str]:
        """The spool names that are still needed."""
        rows = self._db.execute("SELECT secret FROM print_job WHERE secret IS NOT NULL")
        return {row[0] for row in rows}

    def start(self, job: int) -> None:
        """Bytes may reach paper from now on. Raises `JournalError`."""
        with disk_errors():
            self._db.execute("UPDATE print_job SET started = 1 WHERE id = ?", (job,))

    def not_started(self, job: int) -> None:
        """Nothing of it can be on paper: the next try is the first."""
        with disk_errors():
            self._db.execute("UPDATE print_job SET started = 0 WHERE id = ?", (job,))

    def remove(self, job: int) -> str | None:
        """Ends a job; the spool name that it no longer needs."""
        row = self._db.execute("SELECT secret FROM print_job WHERE id = ?", (job,)).fetchone()
        self._db.execute("DELETE FROM print_job WHERE id = ?", (job,))
        return None if row is None else row[0]
