"""The desk for paper: hands waiting jobs to free printers and records what became of them.

Rules
-----
* Called by the loop's thread only. A job is noted as begun on disk before its first byte leaves.
* `kiosk.print_recovery` decides on what did not end well. A label that may be out is printed no
  more: it is in doubt until a person's scan answers (`kiosk.questions`), power cut or not.
* What became of a paper and the disk does not take is remembered and noted before the next one is
  begun: for a full disk no label comes out twice, and none is left neither printed nor asked about.
* A paper looks as the stop wants it when it is printed, not when it was asked for: what the hub
  told last holds from the next paper on.
* Labels that a command of the hub ordered (`kiosk.command_store`) come after everything else, and
  none while somebody is being served.
* A printer of another role prints nothing of ours: labels wait for the printer of labels.
"""

import logging
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from contract.events import LabelAttached, Noticed
from drivers.ports import Document, LayoutError, Printer, PrintResult, Role
from kiosk.clock import LearntClock
from kiosk.documents import Letterhead, Stamp, item_count, layout
from kiosk.inputs import LoopInput, PrintDone
from kiosk.journal import Journal
from kiosk.ordered_labels import ORDERED, OrderedLabels
from kiosk.papers import RETRY_MS, PrinterThread, choose, expired, printer_for
from kiosk.print_queue import Job
from kiosk.print_recovery import Again, after
from kiosk.rolls import LABEL_MM, RECEIPT_MM
from kiosk.signer import ReceiptSigner
from kiosk.state import Draft, LabelJob, PaperJob, ReceiptJob

log = logging.getLogger(__name__)

TEST: Final = -1
"""The number under which printers have the page of a self-test."""


class _Ended(NamedTuple):
    """A job that is over: ``how`` its paper is known to be out, None where it fits no paper."""

    job: Job
    how: str | None


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
        post: Callable[[LoopInput], None],
    ) -> None:
        """``post`` is where printers that are found later tell how they are."""
        self._journal: Final = journal
        self._clock: Final = clock
        self._printers: Final = list(printers)
        self._post: Final = post
        self._letterhead: Final = letterhead
        self._timezone: Final = timezone
        self._signer: Final = signer
        self._in_hand: Final[dict[int, Job]] = {}
        self._ended: Final[dict[int, _Ended]] = {}
        self._not_begun: Final[set[int]] = set()
        """Jobs of which nothing is out, though the disk says that they were begun."""
        self.in_doubt: Final[list[tuple[str, str]]] = []
        """Lane and item of labels that nobody knows of whether they came out, for the loop to
        take. The queue keeps them back."""
        self.ordered: Final = OrderedLabels(journal, clock, self._document)
        self._tested: dict[str, PrintResult | None] = {}

    def dispatch(self) -> None:
        """Gives every free printer its oldest waiting paper."""
        self._record()
        now = self._clock.mono()
        taken = {id(t) for t in self._printers if t.busy or t.not_before > now}
        if len(taken) == len(self._printers):
            return
        for job in self._journal.queue.waiting():
            if job.id in self._in_hand or job.in_doubt:
                continue
            if expired(job):
                self._journal.finish_job(job.id, [Draft(Noticed(kind="receipt-expired"))], job.lane)
                continue
            thread = choose(job, self._printers)
            if thread is None or id(thread) in taken:
                continue
            taken.add(id(thread))
            self._print(job, thread)
        self._print_ordered(taken)

    def _print(self, job: Job, thread: PrinterThread) -> None:
        claim = self._journal.secret_of(job.secret) if job.secret is not None else None
        fragment = self._fragment(job, claim)
        stamp = Stamp(job.head, self._when(job), claim, copy=job.again, fragment=fragment)
        document = self._document(job.paper, stamp)
        if document is None:
            self._journal.finish_job(job.id, [Draft(Noticed(kind="layout-failed"))], job.lane)
            return
        self._journal.queue.start(job.id)
        self._in_hand[job.id] = job
        thread.submit(job.id, document)

    def _print_ordered(self, taken: set[int]) -> None:
        """What the hub ordered comes when no paper of this stop's own waits for that printer."""
        thread = printer_for("label", self._printers)
        if thread is not None and id(thread) not in taken and thread.ok is not False:
            self.ordered.print_next(thread)

    def _document(self, paper: PaperJob, stamp: Stamp) -> Document | None:
        """As the stop wants it; None when it cannot be laid out."""
        known = self._journal.knowledge
        letterhead = self._letterhead.spoken(known.settings().language)
        try:
            return layout(paper, letterhead, stamp, known.papers(), known.category_words)
        except LayoutError as error:
            log.error("a paper cannot be laid out: %s", error.words.en)
            return None

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
        """A printer finished, or failed and is tried again a little later. Raises `JournalError`
        when the disk refuses to note it; what became of it is remembered all the same."""
        thread = next((t for t in self._printers if t.printer.name == done.printer), None)
        result = done.result
        job = self._in_hand.pop(done.job, None)
        if thread is not None:
            thread.busy = False
            if result.status == "failed" and done.fits:
                thread.not_before = self._clock.mono() + RETRY_MS
        if result.status == "failed":
            log.warning("%s: %s", done.printer, result.detail.en)
        answers = thread is not None and thread.answers
        if done.job == TEST:
            self._tested[done.printer] = result
        elif done.job == ORDERED:
            self.ordered.done(done, answers=answers)
        elif job is not None and not done.fits:
            # It would be tried for ever, and hold up what comes behind it.
            self._ended[job.id] = _Ended(job, None)
        elif job is not None:
            match after(job.paper, result, again=job.again, answers=answers):
                case Again.DONE:
                    how = "printed" if result.progress == "confirmed" else "unconfirmed"
                    self._ended[job.id] = _Ended(job, how)
                case Again.PLAIN:
                    self._not_begun.add(job.id)
                case Again.COPY:
                    pass  # it was begun, and says so on the next one
                case Again.ASK:
                    self._doubt(job)
        self._journal.rolls.used(done.printer, result.paper_mm)
        self._record()

    def print_test(self, page: Document, label: Document) -> bool:
        """Hands a page to every printer at once, or a label where its paper has an end; False
        while one of them is busy."""
        if any(thread.busy for thread in self._printers):
            return False
        self._tested = {thread.printer.name: None for thread in self._printers}
        for thread in self._printers:
            rolls = thread.printer.profile.media == "continuous"
            thread.submit(TEST, page if rolls else label)
        return True

    def tested(self) -> dict[str, PrintResult | None]:
        """How that ended by printer, None: not yet."""
        return self._tested

    def letter(self) -> Letterhead:
        """As the stop's papers begin now."""
        return self._letterhead.spoken(self._journal.knowledge.settings().language)

    def _doubt(self, job: Job) -> None:
        """Somebody must look whether this label came out, unless its item was taken back."""
        assert isinstance(job.paper, LabelJob)
        if self._is_voided(job.paper.item):
            self._ended[job.id] = _Ended(job, "unconfirmed")
        else:
            self.in_doubt.append((job.lane, job.paper.item))

    # --- the printers ---------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the printers that are named."""
        for thread in self._printers:
            thread.start()

    def attach(self, printer: Printer) -> None:
        """A printer was found: it takes its share from now on."""
        thread = PrinterThread(printer, self._post)
        self._printers.append(thread)
        thread.start()

    def detach(self, name: str) -> None:
        """A printer goes by another name from now on. What it has in hand it tells the end of."""
        for thread in [t for t in self._printers if t.printer.name == name]:
            self._printers.remove(thread)
            thread.close()

    def close(self) -> None:
        """Ends every printer's thread, and the print that it may be blocked in."""
        for thread in self._printers:
            thread.close()

    def label_printer_is_silent(self) -> bool:
        """Whether nobody can know of a label that it came out before it is scanned."""
        thread = printer_for("label", self._printers)
        return thread is not None and thread.silent

    def label_printer_waits(self) -> bool:
        """Whether the printer of labels needs somebody."""
        thread = printer_for("label", self._printers)
        return thread is not None and thread.ok is False

    def hindrance(self) -> str:
        """Why no label that the hub ordered can be printed now, as a machine word; "" when nothing
        hinders."""
        thread = printer_for("label", self._printers)
        if thread is None:
            return "no-printer"
        if thread.ok is False:
            return "printer-waits"
        return "" if self._clock.trusted else "no-time"

    def new_roll(self, role: Role) -> None:
        """Somebody put a fresh roll into the printer with this role. Raises `JournalError`."""
        thread = printer_for(role, self._printers)
        if thread is not None:
            self._journal.rolls.renewed(thread.printer.name)

    def paper_left(self) -> dict[str, int]:
        """Millimetres of paper left by the printer's name, where its roll is counted."""
        left = {}
        for thread in self._printers:
            used = self._journal.rolls.used_mm(thread.printer.name)
            if used is not None:
                left[thread.printer.name] = max(0, round(thread.printer.profile.new_roll_mm) - used)
        return left

    def running_low(self) -> frozenset[str]:
        """The printers with paper for three labels and a receipt at most, and those that say so
        themselves."""
        left = self.paper_left()
        return frozenset(
            thread.printer.name
            for thread in self._printers
            if thread.low or left.get(thread.printer.name, math.inf) <= reserve_mm(thread.printer)
        )

    def _record(self) -> None:
        """Notes what became of papers. What the disk does not take stays here for the next time."""
        for number in list(self._not_begun):
            self._journal.queue.not_started(number)
            self._not_begun.discard(number)
        for job, how in list(self._ended.values()):
            self._journal.finish_job(job.id, self._said_of(job.paper, how), job.lane)
            del self._ended[job.id]
        self.ordered.record()

    def _said_of(self, paper: PaperJob, how: str | None) -> list[Draft]:
        if how is None:
            return [Draft(Noticed(kind="layout-failed"))]
        if not isinstance(paper, LabelJob) or self._is_voided(paper.item):
            return []
        return [Draft(LabelAttached(item=paper.item, how=how))]

    def _is_voided(self, item: str) -> bool:
        return self._journal.knowledge.item_facts(item).status == "voided"

    def next_deadline(self) -> int | None:
        """When a printer that failed is to be tried again: the paper that it failed with waits."""
        now = self._clock.mono()
        due = [t.not_before for t in self._printers if not t.busy and t.not_before > now]
        return min(due, default=None)


def reserve_mm(printer: Printer) -> float:
    """What three labels and a receipt need, as far as this printer prints them."""
    profile = printer.profile
    label = LABEL_MM if profile.media == "continuous" else profile.label_mm + profile.gap_mm
    labels = 3 * label if "label" in printer.roles else 0.0
    return labels + (RECEIPT_MM if "receipt" in printer.roles else 0.0)
