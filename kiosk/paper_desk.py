"""The desk for paper: hands waiting jobs to free printers and records what became of them.

Called by the loop's thread only. A paper whose end the disk does not take is remembered as printed,
so that no label comes out twice for a full disk.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from contract.events import LabelAttached, Noticed
from drivers.ports import LayoutError
from kiosk.clock import LearntClock
from kiosk.documents import Letterhead, Stamp, item_count, layout
from kiosk.inputs import (
    PrintDone,
)
from kiosk.journal import Journal
from kiosk.papers import RETRY_MS, PrinterThread, choose, expired
from kiosk.print_queue import Job
from kiosk.signer import ReceiptSigner
from kiosk.state import Draft, LabelJob, ReceiptJob

log = logging.getLogger(__name__)


class _Printed(NamedTuple):
    """A job whose paper is out, and whether the printer confirmed it."""

    job: Job
    how: str


class PaperDesk:
    """Hands waiting papers to free printers and records what became of them."""

    def __init__(
        self,
        journal: Journal,
        clock: LearntClock,
        printers: Sequence[PrinterThread],
        letterhead: Letterhead,
        timezone: ZoneInfo,
        signer: ReceiptSigner,
    ) -> None:
        self._journal: Final = journal
        self._clock: Final = clock
        self._printers: Final = printers
        self._letterhead: Final = letterhead
        self._timezone: Final = timezone
        self._signer: Final = signer
        self._in_hand: Final[dict[int, Job]] = {}
        self._printed: Final[dict[int, _Printed]] = {}

    def dispatch(self) -> None:
        """Gives every free printer its oldest waiting paper."""
        self._record_printed()
        now = self._clock.mono()
        taken = {id(t) for t in self._printers if t.busy or t.not_before > now}
        if len(taken) == len(self._printers):
            return
        for job in self._journal.queue.waiting():
            if job.id in self._in_hand:
                continue
            if expired(job):
                self._journal.finish_job(job.id, [Draft(Noticed(kind="receipt-expired"))], job.lane)
                continue
            thread = choose(job, self._printers)
            if thread is None or id(thread) in taken:
                continue
            taken.add(id(thread))
            self._print(job, thread)

    def _print(self, job: Job, thread: PrinterThread) -> None:
        claim = self._journal.secret_of(job.secret) if job.secret is not None else None
        fragment = self._fragment(job, claim)
        stamp = Stamp(job.head, self._when(job), claim, copy=job.again, fragment=fragment)
        try:
            document = layout(job.paper, self._letterhead, stamp)
        except LayoutError as error:
            log.error("a paper cannot be laid out: %s", error.words.en)
            self._journal.finish_job(job.id, [Draft(Noticed(kind="layout-failed"))], job.lane)
            return
        self._journal.queue.start(job.id)
        self._in_hand[job.id] = job
        thread.submit(job.id, document)

    def _fragment(self, job: Job, claim: str | None) -> str | None:
        if claim is None or not isinstance(job.paper, ReceiptJob):
            return None
        return self._signer.fragment(job.head, claim, item_count(job.paper))

    def _when(self, job: Job) -> str | None:
        wall = None if isinstance(job.paper, LabelJob) else job.paper.when
        if wall is None:
            return None
        return (
            datetime.fromtimestamp(wall / 1000, UTC)
            .astimezone(self._timezone)
            .strftime("%Y-%m-%d %H:%M")
        )

    def done(self, done: PrintDone) -> None:
        """A printer finished, or failed and is asked again a little later."""
        thread = next(t for t in self._printers if t.printer.name == done.printer)
        thread.busy = False
        job = self._in_hand.pop(done.job, None)
        if job is None:
            return
        if done.result.status == "failed":
            thread.not_before = self._clock.mono() + RETRY_MS
            if done.result.paper_mm == 0:
                self._journal.queue.not_started(job.id)
            log.warning("%s: %s", done.printer, done.result.detail.en)
            return
        how = "printed" if done.result.status == "printed" else "unconfirmed"
        self._printed[job.id] = _Printed(job, how)
        self._record_printed()

    def _record_printed(self) -> None:
        """Ends the jobs that left a printer. One that the disk refuses to end stays here, so that
        its paper is not printed again."""
        for job, how in list(self._printed.values()):
            drafts = []
            if isinstance(job.paper, LabelJob):
                item = job.paper.item
                if self._journal.knowledge.item_facts(item).status != "voided":
                    drafts.append(Draft(LabelAttached(item=item, how=how)))
            self._journal.finish_job(job.id, drafts, job.lane)
            del self._printed[job.id]

    def next_deadline(self) -> int | None:
        """When a printer that failed is to be tried again: the paper that it failed with waits."""
        now = self._clock.mono()
        due = [t.not_before for t in self._printers if not t.busy and t.not_before > now]
        return min(due, default=None)
