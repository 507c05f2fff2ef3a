"""Labels that a command of the hub ordered, on their way through a printer.

Donors come first: one label is in a printer's hands at a time, and none while somebody is being
served, so that no blank one lies between those that a donor takes. A label that may be out is in
doubt: nobody stands there to be asked, so it is not printed again, and the hub hears of it.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from contract.codes import parse
from contract.events import LabelAttached
from contract.messages import CommandState
from drivers.ports import Document
from kiosk.clock import LearntClock
from kiosk.command_store import Ordered
from kiosk.documents import Stamp
from kiosk.inputs import PrintDone
from kiosk.journal import Journal
from kiosk.papers import PrinterThread
from kiosk.print_recovery import Again, after
from kiosk.state import Draft, LabelJob

ORDERED: Final = 0
"""The number under which a printer has such a label; the print queue's jobs count from 1."""


class _Ended(NamedTuple):
    """A label that left its printer, and how that is known, or that it is ``doubtful``."""

    label: Ordered
    how: str
    doubtful: bool


class OrderedLabels:
    """Part of the desk for paper, and of its thread. ``document`` lays a label out, or gives None
    where it does not fit. What writes raises `JournalError`."""

    def __init__(
        self,
        journal: Journal,
        clock: LearntClock,
        document: Callable[[LabelJob, Stamp], Document | None],
    ) -> None:
        self._journal: Final = journal
        self._clock: Final = clock
        self._document: Final = document
        self._in_hand: Ordered | None = None
        self._ended: _Ended | None = None
        self.donors_first = False
        """Somebody is being served now."""

    def print_next(self, thread: PrinterThread) -> None:
        """Hands the next one to this printer, which is free."""
        if self.donors_first or self._ended is not None:
            return
        ordered = self._journal.commands.next(self._clock.trusted_wall())
        if ordered is None:
            return
        document = self._document(ordered.job, Stamp(self._journal.head_id))
        if document is None:
            self._journal.commands.end(ordered.taken, CommandState.FAILED, "layout")
            return
        self._journal.commands.start(ordered.taken)
        self._in_hand = ordered
        thread.submit(ORDERED, document)

    def done(self, done: PrintDone, *, answers: bool) -> None:
        """A printer finished with it, or failed."""
        label, self._in_hand = self._in_hand, None
        if label is None:
            return
        if not done.fits:
            # What the disk does not take is tried again with the label; it is in no printer now.
            self._journal.commands.not_started(label.taken)
            self._journal.commands.end(label.taken, CommandState.FAILED, "layout")
            return
        again = after(label.job, done.result, again=False, answers=answers)
        if again in (Again.PLAIN, Again.COPY):
            self._journal.commands.not_started(label.taken)
            return
        how = "printed" if done.result.progress == "confirmed" else "unconfirmed"
        self._ended = _Ended(label, how, again is Again.ASK)
        self.record()

    def record(self) -> None:
        """Notes what left a printer. What the disk refuses stays here, so that no label comes out
        twice. One of goods is on them from now on; a blank one is bound at its first scan."""
        if self._ended is None:
            return
        label, how, doubtful = self._ended
        item = label.job.item
        attached = not (doubtful or parse(item).ready_made)
        self._journal.end_ordered(
            label.taken,
            [Draft(LabelAttached(item=item, how=how))] if attached else [],
            doubtful=item if doubtful else None,
        )
        self._ended = None
