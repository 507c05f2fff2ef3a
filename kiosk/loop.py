"""The kiosk's loop: one thread takes one input after another.

Scanner threads, paho's callbacks, printer threads and the page only post inputs to one queue.
The loop hands each to the desk it belongs to: `LaneDesk` (scans), `Uplink` (MQTT), `PaperDesk`
(printers). Time enters here, as the next deadline of any of them. A device's fault is an input
like any other and stops nothing.
"""

import logging
import queue
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from contract import topics
from contract.events import DeviceChanged, LabelAttached, Noticed
from contract.messages import (
    HEALTH_INTERVAL_S,
    DeviceHealth,
    Health,
    LaneHealth,
    encode,
)
from drivers.ports import DeviceState, LayoutError, ScanRead, ScanUnreadable
from kiosk.clock import LearntClock
from kiosk.documents import Letterhead, Stamp, item_count, layout
from kiosk.inputs import (
    LoopInput,
    MqttConnected,
    MqttDisconnected,
    MqttMessage,
    MqttRefused,
    PrintDone,
    Stop,
)
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk
from kiosk.papers import RETRY_MS, PrinterThread, choose, expired
from kiosk.print_queue import Job
from kiosk.screen.view import DeviceView, KioskView
from kiosk.signer import ReceiptSigner
from kiosk.state import Draft, LabelJob, ReceiptJob
from kiosk.store import JournalError
from kiosk.uplink import Link, Uplink

log = logging.getLogger(__name__)

IDLE_MS: Final = 1_000
"""With no input for this long the moment is used for housekeeping."""
COMPLAIN_MS: Final = 60_000
"""How often at most the log hears the same complaint of the disk."""


class _Printed(NamedTuple):
    """A job whose paper is out, and the events that say so."""

    job: Job
    drafts: list[Draft]


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
        drafts = []
        if isinstance(job.paper, LabelJob):
            item = job.paper.item
            how = "printed" if done.result.status == "printed" else "unconfirmed"
            if self._journal.knowledge.item_facts(item).status != "voided":
                drafts.append(Draft(LabelAttached(item=item, how=how)))
        self._printed[job.id] = _Printed(job, drafts)
        self._record_printed()

    def _record_printed(self) -> None:
        """Ends the jobs that left a printer. One that the disk refuses to end stays here, so that
        its paper is not printed again."""
        for printed in list(self._printed.values()):
            self._journal.finish_job(printed.job.id, printed.drafts, printed.job.lane)
            del self._printed[printed.job.id]

    def next_deadline(self) -> int | None:
        """When a printer that failed is to be tried again, if papers wait."""
        now = self._clock.mono()
        due = [t.not_before for t in self._printers if not t.busy and t.not_before > now]
        return min(due, default=None) if due and self._journal.queue.count() else None


class KioskScreen(Protocol):
    """Where the kiosk's own state is shown."""

    def publish_kiosk(self, kiosk: KioskView) -> None:
        """Replaces what holds for the whole kiosk."""


class Loop:
    """Takes inputs until `Stop`. ``free_mb`` tells how much room the disk has, in MiB."""

    def __init__(
        self,
        *,
        kiosk: str,
        journal: Journal,
        clock: LearntClock,
        lanes: LaneDesk,
        uplink: Uplink,
        papers: PaperDesk,
        link: Link,
        screen: KioskScreen | None,
        view: KioskView,
        software: str,
        prefixes_left: Callable[[], int],
        free_mb: Callable[[], int],
        min_free_mb: int,
    ) -> None:
        self._kiosk: Final = kiosk
        self._journal: Final = journal
        self._clock: Final = clock
        self._lanes: Final = lanes
        self._uplink: Final = uplink
        self._papers: Final = papers
        self._link: Final = link
        self._screen: Final = screen
        self._view = view
        self._software: Final = software
        self._prefixes_left: Final = prefixes_left
        self._free_mb: Final = free_mb
        self._min_free_mb: Final = min_free_mb
        self._queue: Final[queue.SimpleQueue[LoopInput]] = queue.SimpleQueue()
        self._devices: Final[dict[tuple[str, str], DeviceState]] = {}
        self._health_due = 0
        self._complaint = ""
        self._complain_after = 0
        self._connected = False
        self._started = clock.mono()

    def post(self, incoming: LoopInput) -> None:
        """From any thread: an input for the loop."""
        self._queue.put(incoming)

    def run(self) -> None:
        """Takes inputs until `Stop`."""
        self._on_time(idle=False)
        while True:
            try:
                incoming = self._queue.get(timeout=self._wait_s())
            except queue.Empty:
                self._on_time(idle=True)
                continue
            if isinstance(incoming, Stop):
                return
            self._guarded(partial(self._take, incoming))
            self._on_time(idle=False)

    def _guarded(self, step: Callable[[], None]) -> None:
        """Does a step that no donor waits for. When the disk refuses it, the others go on, and it
        is tried again: acks by resend, papers by the queue. (Of a scan that failed the lamp has
        told.) The same words are logged once a minute at most."""
        try:
            step()
        except JournalError as error:
            now = self._clock.mono()
            if error.words.en != self._complaint or now >= self._complain_after:
                log.error("%s", error.words.en)
                self._complaint, self._complain_after = error.words.en, now + COMPLAIN_MS

    def _take(self, incoming: LoopInput) -> None:
        match incoming:
            case ScanRead() | ScanUnreadable():
                self._lanes.take(incoming)
            case MqttMessage():
                self._uplink.message(incoming)
            case PrintDone():
                self._papers.done(incoming)
            case DeviceState():
                self._device(incoming)
            case MqttConnected():
                self._connected = True
                self._health_due = 0
                self._uplink.connected()
            case MqttDisconnected(reason):
                if self._connected:
                    log.info("the broker is gone: %s", reason)
                self._connected = False
                self._uplink.disconnected()
            case MqttRefused(reason):
                log.warning("the broker refused a message: %s", reason)
            case Stop():
                pass

    def _on_time(self, *, idle: bool) -> None:
        for step in (
            self._lanes.tick,
            self._uplink.tick,
            self._uplink.appended,
            self._papers.dispatch,
        ):
            self._guarded(step)
        if self._clock.mono() >= self._health_due:
            self._guarded(self._housekeeping)
        self._show_kiosk()
        if idle:
            self._guarded(self._journal.idle)

    def _wait_s(self) -> float:
        now = self._clock.mono()
        due = [
            self._lanes.next_deadline(),
            self._uplink.next_deadline(),
            self._papers.next_deadline(),
            self._health_due,
            now + IDLE_MS,
        ]
        nearest = min(moment for moment in due if moment is not None)
        return max(0.0, (nearest - now) / 1000)

    def _device(self, state: DeviceState) -> None:
        before = self._devices.get((state.kind, state.device))
        self._devices[state.kind, state.device] = state
        if before is not None and before.ok == state.ok:
            return
        if before is not None or not state.ok:
            name = "".join(c if c.isascii() and c.isalnum() else "-" for c in state.device)[-48:]
            self._journal.append([Draft(DeviceChanged(device=name, kind=state.kind, ok=state.ok))])
        self._health_due = 0

    def _housekeeping(self) -> None:
        """Every half minute, and when something changed: disk, health."""
        self._health_due = self._clock.mono() + HEALTH_INTERVAL_S * 1000
        free = self._free_mb()
        self._lanes.refusing = free < self._min_free_mb
        if not self._connected:
            return
        health = Health(
            backlog=self._journal.streams.backlog(),
            oldest_unsent_s=self._journal.streams.age_of_oldest_unacked_ms() // 1000,
            events=self._journal.streams.events(),
            clock=self._clock.trusted,
            software=self._software,
            uptime_s=(self._clock.mono() - self._started) // 1000,
            disk_free_mb=free,
            prefixes_left=self._prefixes_left(),
            paper_jobs=self._journal.queue.count(),
            devices=tuple(
                DeviceHealth(_word(s.device), s.kind, s.ok, _word(s.detail.en))
                for s in self._devices.values()
            ),
            lanes=tuple(
                LaneHealth(lane, state.phase.value) for lane, state in self._lanes.states.items()
            ),
        )
        self._link.publish(topics.up(self._kiosk, topics.HEALTH), encode(health))

    def _show_kiosk(self) -> None:
        if self._screen is None:
            return
        self._screen.publish_kiosk(
            KioskView(
                stop_zh=self._view.stop_zh,
                stop_en=self._view.stop_en,
                language=self._view.language,
                online=self._uplink.online,
                backlog=self._journal.streams.backlog(),
                devices=tuple(
                    DeviceView(s.device, s.kind, s.ok, s.detail.zh, s.detail.en)
                    for s in self._devices.values()
                ),
            )
        )


def _word(text: str) -> str:
    """``text`` as a machine word of the contract: other characters become hyphens."""
    return "".join(
        char if char.isascii() and (char.isalnum() or char in "_.+ -") else "-" for char in text
    )[:64]
