"""Sends waiting papers to printers, one at a time each, and tells what became of them.

The loop owns the queue; each printer has a thread that prints one document and posts `PrintDone`.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final

from drivers.ports import (
    DeviceState,
    Document,
    LayoutError,
    Printer,
    PrinterStatus,
    PrintResult,
    Role,
    Words,
)
from kiosk.garbage import sweep
from kiosk.inputs import LoopInput, PrintDone
from kiosk.print_queue import Job
from kiosk.state import LabelJob, ReceiptJob

log = logging.getLogger(__name__)

RECEIPT_EXPIRES_MS: Final = 120_000
"""A receipt never prints long after its session: somebody else would take it."""
RETRY_MS: Final = 3_000
"""How long a printer that failed is left alone."""
STATUS_S: Final = 5.0
"""How often an idle printer is asked how it is, in seconds."""
WARM_S: Final = 1.0
"""How long after its start a printer that has nothing to do waits before it loads what printing
needs (a third of a second of processor time, more on a small board): whoever scans right after
the start comes first."""


class PrinterThread:
    """One printer and the thread that feeds it; an idle one is asked every ``status_s`` seconds how
    it is."""

    def __init__(
        self,
        printer: Printer,
        post: Callable[[LoopInput], None],
        *,
        status_s: float = STATUS_S,
    ) -> None:
        self.printer: Final = printer
        self.busy = False
        self.not_before = 0
        self.ok: bool | None = None
        """Whether it needs nobody; None before the first look."""
        self.silent = False
        """It says nothing of itself: its labels count once they are scanned."""
        self.answers = False
        """It has said something of itself since it was plugged in: when it falls silent, something
        is wrong with it."""
        self.low = False
        """It says that its paper is running low."""
        self._post: Final = post
        self._status_s: Final = status_s
        self._todo: Final[queue.SimpleQueue[tuple[int, Document] | None]] = queue.SimpleQueue()
        self._thread: Final = threading.Thread(
            target=self._run, name=f"printer {printer.name}", daemon=True
        )

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def submit(self, job: int, document: Document) -> None:
        """Prints ``document``; the answer is posted as `PrintDone`."""
        self.busy = True
        self._todo.put((job, document))

    def close(self) -> None:
        """Ends a blocked print and the thread."""
        self._todo.put(None)
        self.printer.close()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        warm = False
        while True:
            try:
                todo = self._todo.get(timeout=self._patience_s(warm=warm))
            except queue.Empty:
                if self.ok is not None and not warm:
                    self._warm()
                    warm = True
                self._look()
                continue
            if todo is None:
                return
            job, document = todo
            fits = True
            try:
                result = self.printer.print(document)
            except LayoutError as error:
                fits = False
                result = PrintResult("failed", error.words, progress="none")
            except Exception:  # the thread's rim: a driver's bug must not silence the printer
                log.exception("the driver of %s failed", self.printer.name)
                words = Words("打印机驱动出错", "the printer's driver failed")
                result = PrintResult("failed", words)
            self._hear(result.before)
            self._hear(result.after)
            if fits:
                self._tell(result.status != "failed", result.detail)
            self._post(PrintDone(job, self.printer.name, result, fits))
            warm = True
            sweep()

    def _warm(self) -> None:
        """Loads what printing needs, while nobody waits."""
        try:
            self.printer.warm()
        except Exception:  # the thread's rim: a print says what is wrong, to whoever stands there
            log.exception("the driver of %s cannot be loaded yet", self.printer.name)

    def _patience_s(self, *, warm: bool) -> float:
        """How long to wait for a document before looking after the printer."""
        if self.ok is None:
            return 0.0
        return self._status_s if warm else min(WARM_S, self._status_s)

    def _look(self) -> None:
        """Asks the printer how it is, and posts it when that changed."""
        try:
            status = self.printer.status()
        except Exception:  # the thread's rim, as above
            log.exception("the driver of %s failed", self.printer.name)
            self._tell(False, Words("打印机驱动出错", "the printer's driver failed"))
            return
        self._hear(status)
        self._tell(status.state in ("ready", "unknown"), status.detail)

    def _hear(self, status: PrinterStatus | None) -> None:
        """Keeps what it said of itself. One that is away may be another one when it is back; one
        that never answers is still silent when its plug says that its paper is out."""
        if status is None:
            return
        if status.state == "away":
            self.answers = False
        else:
            if not status.by_plug:
                self.silent = status.state == "unknown"
                self.answers = self.answers or not self.silent
            self.low = status.condition in ("paper-low", "paper-out")

    def _tell(self, ok: bool, detail: Words) -> None:
        if ok != self.ok:
            self.ok = ok
            self._post(DeviceState(self.printer.name, "printer", ok, detail))


def expired(job: Job) -> bool:
    """Whether a receipt is too old to come out. One of an earlier boot is."""
    if not isinstance(job.paper, ReceiptJob):
        return False
    return job.age_ms is None or job.age_ms > RECEIPT_EXPIRES_MS


def choose(job: Job, threads: Sequence[PrinterThread]) -> PrinterThread | None:
    """The printer for a job: labels and papers have roles; None when none has the role."""
    return printer_for("label" if isinstance(job.paper, LabelJob) else "receipt", threads)


def printer_for(role: Role, threads: Sequence[PrinterThread]) -> PrinterThread | None:
    """The first printer with this role that has no other, else the first that has it."""
    able = [thread for thread in threads if role in thread.printer.roles]
    return min(able, key=lambda thread: len(thread.printer.roles), default=None)
