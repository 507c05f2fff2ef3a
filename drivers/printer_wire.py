"""A printer at the end of a wire: what is common to every language and every transport.

The rules:

* **Ask, then send.** A printer that says it has no paper gets nothing: it would print what it
  holds later, beside the reprint.
* **Who does not answer is asked by the plug.** A USB printer's interface has a word of its own for
  faults (`drivers.port_status`): it stops a silent printer without paper, and says why one takes no
  more bytes. It never makes a printer ready.
* **Silence is not consent.** A document is ``printed`` only when the printer said so after it, or
  when the device cannot fail to keep it (a file). Status requests are answered at once, ahead of
  what waits in the printer's buffer, so an answer counts only when it was asked in order behind
  the document, or when the time that the paper needs has passed.
* **What left us may have arrived.** How far a broken-off document came is judged by the bytes that
  the link took, never by what the printer probably did with them.
* **A broken-off document blocks the printer.** It waits for the rest of a command and would take
  the next document for that. The next thing sent is therefore a filler that ends any command of
  ours; it goes out with the idle status request when there is one, so that no donor waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from drivers.link_faults import LinkError
from drivers.port_status import PortStatus
from drivers.ports import (
    BOTH_ROLES,
    DeviceError,
    Document,
    PrinterProfile,
    PrinterStatus,
    PrintResult,
    Progress,
    Role,
    Words,
)
from drivers.transports import Transport

if TYPE_CHECKING:
    from drivers.layout import Page

ANSWER_S: Final = 1.0
"""How long a status answer may take once the wire is free."""
SILENT_ANSWER_S: Final = 0.05
"""The same for a printer that never answered: most cheap ones are silent, and a donor waits."""
BUSY_POLL_S: Final = 0.05

READY: Final = Words(zh="就绪", en="ready")
PRINTED: Final = Words(zh="已打印", en="printed")
LOW: Final = Words(zh="纸快用完了", en="paper is running low")
OUT: Final = Words(zh="没有纸了，请换纸", en="out of paper: put in a new roll")
COVER: Final = Words(zh="打印机上盖开着", en="the printer's cover is open")
PAUSED: Final = Words(zh="打印机已暂停，请按走纸键", en="the printer is paused: press its button")
OFF_LINE: Final = Words(
    zh="打印机没有联机：合上上盖，按一下它的键",
    en="the printer is off line: close its cover and press its button",
)
FAULT: Final = Words(
    zh="打印机报错，请关机再开", en="the printer reports an error: switch it off and on"
)
SILENT: Final = Words(
    zh="已发送，打印机没有回应，请看一眼纸",
    en="sent; the printer does not answer, look at the paper",
)
MUTE: Final = Words(zh="打印机不报告状态", en="the printer does not report its state")
UNSURE: Final = Words(
    zh="可能没有打印完整，请看一眼纸", en="it may not have come out whole: look at the paper"
)

IS_READY: Final = PrinterStatus("ready", READY, "ready")
IS_LOW: Final = PrinterStatus("ready", LOW, "paper-low")
IS_OUT: Final = PrinterStatus("attention", OUT, "paper-out")
IS_OPEN: Final = PrinterStatus("attention", COVER, "cover-open")
IS_PAUSED: Final = PrinterStatus("attention", PAUSED, "paused")
IS_FAULTY: Final = PrinterStatus("attention", FAULT, "error")
PLUG_SAYS_OUT: Final = PrinterStatus("attention", OUT, "paper-out", by_plug=True)
PLUG_SAYS_OFF_LINE: Final = PrinterStatus("attention", OFF_LINE, "paused", by_plug=True)
PLUG_SAYS_FAULT: Final = PrinterStatus("attention", FAULT, "error", by_plug=True)
NOT_SURE: Final = PrinterStatus("unknown", UNSURE, "unknown")
IS_MUTE: Final = PrinterStatus("unknown", MUTE, "unknown")


class Job(msgspec.Struct, frozen=True):
    """A document in a printer's language.

    As long as the link took no more than the first `safe` bytes, nothing that could be taken for
    the document can come out, whatever happens next.
    """

    data: bytes
    safe: int

    def __repr__(self) -> str:
        return f"Job({len(self.data)} bytes, safe={self.safe})"


class Language(Protocol):
    """What a printer is told and how it is asked. Without state: one serves many printers."""

    @property
    def prints_at_end(self) -> bool:
        """Whether paper moves only when the whole document is there."""

    def encode(self, pages: Sequence[Page], profile: PrinterProfile) -> Job:
        """Raises `LayoutError` for what this printer cannot hold."""

    def guard(self) -> bytes:
        """Ends the head of a command that a broken-off job has left open, so that the bytes of a
        question do not become its sizes; prints nothing."""

    def filler(self, profile: PrinterProfile) -> bytes:
        """Ends whatever command a broken-off job has left open, and prints nothing."""

    def status(self, transport: Transport, patience_s: float) -> PrinterStatus:
        """What the sensors say now. Raises `DeviceError` when it is away."""

    def status_in_order(self, transport: Transport, patience_s: float) -> PrinterStatus | None:
        """The same, answered only when everything before it has been printed.

        None when the language or the printer has no such question.
        """

    def busy(self, transport: Transport, patience_s: float) -> bool:
        """Whether it says that it is printing; False where it cannot say so."""


class WirePrinter:
    """A printer of one language behind any transport."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        language: Language,
        *,
        profile: PrinterProfile,
        roles: frozenset[Role] = BOTH_ROLES,
    ) -> None:
        self.name: Final = name
        self.roles: Final = roles
        self.profile: Final = profile
        self._transport: Final = transport
        self._language: Final = language
        self._broken_off = True
        self._answers: bool | None = None
        self._in_order: bool | None = None

    def warm(self) -> None:
        from drivers.layout import lay_out
        from drivers.raster import SAMPLE, warm

        warm(self.profile)
        endless = msgspec.structs.replace(self.profile, media="continuous")
        self._language.encode(lay_out(SAMPLE, endless), endless)

    def print(self, document: Document) -> PrintResult:
        """Raises `LayoutError`; every fault of the device is in the result."""
        from drivers.layout import lay_out

        pages = lay_out(document, self.profile)
        between = 0.0 if self.profile.media == "continuous" else self.profile.gap_mm
        used_mm = sum(page.height / self.profile.dots_per_mm + between for page in pages)
        try:
            return self._send(self._language.encode(pages, self.profile), used_mm)
        finally:
            self._transport.finish()

    def _send(self, job: Job, used_mm: float) -> PrintResult:
        total = len(job.data)
        try:
            before = self._look()
            if before.state == "attention":
                return PrintResult(
                    "failed", before.detail, progress="none", total=total, before=before
                )
            self._free()
        except DeviceError as error:
            self._forget()
            return PrintResult("failed", _why(error).detail, progress="none", total=total)
        self._broken_off = True
        begun = time.monotonic()
        try:
            self._transport.send(job.data)
        except LinkError as error:
            self._forget()
            progress: Progress = "none"
            if error.taken > job.safe:
                progress = "complete?" if error.taken >= total else "partial"
            paper_mm = 0.0 if progress == "none" else used_mm
            return PrintResult(
                "failed", _why(error).detail, paper_mm, progress, error.taken, total, before
            )
        self._broken_off = False
        try:
            after = self._outcome(used_mm, begun)
        except DeviceError as error:
            # Every byte was taken and then it went away: on paper or not, nobody knows.
            self._forget()
            return PrintResult("unknown", error.words, used_mm, "complete?", total, total, before)
        sure = after.state == "ready" or self._transport.silence == "printed"
        detail = PRINTED if sure else (SILENT if after == IS_MUTE else after.detail)
        return PrintResult(
            status="printed" if sure else "unknown",
            detail=LOW if after.condition == "paper-low" else detail,
            paper_mm=used_mm,
            # The paper sensor sits before the head: on "no paper" now, this document may be
            # whole, cut short or absent.
            progress="confirmed" if sure else "complete?",
            taken=total,
            total=total,
            before=before,
            after=after,
        )

    def _outcome(self, used_mm: float, begun: float) -> PrinterStatus:
        """What the printer says when it must be done with a document whose first byte left at
        `begun`. Raises `DeviceError` when it went away."""
        if not self._answers:
            return IS_MUTE if self._transport.silence == "unknown" else IS_READY
        needs_s = used_mm / self.profile.speed_mm_s + self.profile.settle_s
        if self._language.prints_at_end:
            begun = time.monotonic()
        if self.profile.native and self._in_order is not False:
            said = self._language.status_in_order(self._transport, needs_s + ANSWER_S)
            if said is not None:
                self._in_order = True
                return said
            now = self._look()
            if now.state != "ready":
                return now
            if self._in_order:
                # It could answer once, and now it does not come to it: something is held up.
                return NOT_SURE
            self._in_order = False
        self._transport.drain()
        self._transport.pause(max(self.profile.settle_s, begun + needs_s - time.monotonic()))
        late = time.monotonic() + needs_s + ANSWER_S
        while self._language.busy(self._transport, ANSWER_S):
            if time.monotonic() > late or self._transport.pause(BUSY_POLL_S):
                return NOT_SURE
        return self._look()

    def status(self) -> PrinterStatus:
        try:
            seen = self._look()
            if seen.state != "attention":
                self._free()
            if seen.state == "unknown" and self._transport.silence == "printed":
                return IS_READY
            return seen
        except DeviceError as error:
            self._forget()
            return _why(error)
        finally:
            self._transport.finish()

    def close(self) -> None:
        self._transport.close()

    def _free(self) -> None:
        """Ends a command that an earlier job, perhaps of an earlier process, left open."""
        if self._broken_off and self._transport.silence == "unknown":
            self._transport.send(self._language.filler(self.profile))
        self._broken_off = False

    def _forget(self) -> None:
        """It may be another printer, or another roll, when it answers again."""
        self._answers = None

    def _look(self) -> PrinterStatus:
        """What the sensors say now; raises `DeviceError` when it is away."""
        patience = SILENT_ANSWER_S if self._answers is False else ANSWER_S
        if self._broken_off and self._transport.silence == "unknown":
            self._transport.send(self._language.guard())
        seen = self._language.status(self._transport, patience)
        self._answers = seen.state != "unknown"
        if not self._answers:
            said = self._transport.port()
            if said is not None and said.paper_out:
                return PLUG_SAYS_OUT
        return seen


def _why(error: DeviceError) -> PrinterStatus:
    """What is wrong with a printer whose link broke: as its interface said, or that it is away."""
    said: PortStatus | None = error.port if isinstance(error, LinkError) else None
    if said is not None:
        if said.paper_out:
            return PLUG_SAYS_OUT
        if said.off_line:
            return PLUG_SAYS_OFF_LINE
        if said.error:
            return PLUG_SAYS_FAULT
    return PrinterStatus("away", error.words, "away")
