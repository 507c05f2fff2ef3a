"""Runs `kiosk.setup.flow` with real devices: one thread takes inputs, performs effects.

Scanners, printers and a worker thread (for the network and the hub, which may take their time) only
post inputs. When the disk refuses to keep something, the turn did not happen: it is said, and
tried again. The log tells which outcome there was, never what was scanned.
"""

from __future__ import annotations

import logging
import queue
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from drivers.ports import (
    DeviceState,
    Document,
    Panel,
    ScanRead,
    ScanUnreadable,
    Signal,
    Speaker,
)
from drivers.prompts import counted
from kiosk.clock import LearntClock
from kiosk.inputs import LoopInput, PrintDone, PrinterFound, PrinterLost, Stop
from kiosk.lanes import REARM_MS, LaneScreen
from kiosk.papers import RETRY_MS, PrinterThread, printer_for
from kiosk.refusing import is_refusal
from kiosk.screen.modes import ModeView
from kiosk.screen.view import LaneView
from kiosk.setup import flow, papers
from kiosk.setup.client import PASSWORD_BYTES, SALT_BYTES, HubClient, HubError, make_keys
from kiosk.setup.network import Network
from kiosk.setup.progress import ProgressStore
from kiosk.setup.wifi import Wifi
from kiosk.setup.words import ROWS, SETTING_UP, filled

log = logging.getLogger(__name__)

WATCH_S: Final = 2.0
"""How often an idle worker looks whether there is a network."""
TICKET_MS: Final = 20_000
"""How long a ticket may take; then page and voice must do."""
NO_PRINTER_MS: Final = 5_000
"""How long a printer may take to be found."""
AGAIN_MS: Final = 5_000
"""When something that the disk refused is tried again."""
IDLE_S: Final = 10.0
"""Without an input it looks around this often, and whoever watches this process hears of it."""
LAST_WORD_S: Final = 6.0
"""How long the last prompt may take until the devices are closed: it asks for the six digits."""
_TICKET: Final = 0
"""Job numbers: slips count from 1."""

MODE: Final = ModeView(SETTING_UP.zh, SETTING_UP.en, "barcode-scan", "white")

Settling: TypeAlias = Callable[[flow.Progress, bool], None]
"""Writes identity and settings; the flag says whether a voice was heard. Raises OSError."""
_Job: TypeAlias = tuple[Callable[[], flow.Input], flow.Input]
"""What the worker does, and what came of it if that cannot even be found out."""
_Posted: TypeAlias = LoopInput | flow.Input


class SetupDesk:
    """Sets a kiosk up. ``post`` may be called from any thread."""

    def __init__(
        self,
        *,
        store: ProgressStore,
        network: Network,
        client: HubClient,
        clock: LearntClock,
        entropy: Callable[[int], bytes],
        settle: Settling,
        panel: Panel,
        speaker: Speaker,
        screen: LaneScreen,
        printers: Sequence[PrinterThread] = (),
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._store: Final = store
        self._network: Final = network
        self._client: Final = client
        self._clock: Final = clock
        self._entropy: Final = entropy
        self._settle: Final = settle
        self._panel: Final = panel
        self._speaker: Final = speaker
        self._screen: Final = screen
        self._printers: Final = list(printers)
        self._alive: Final = alive
        self._queue: Final[queue.SimpleQueue[_Posted]] = queue.SimpleQueue()
        self._work: Final[queue.SimpleQueue[_Job | None]] = queue.SimpleQueue()
        self._worker: Final = threading.Thread(target=self._do_work, name="setup", daemon=True)
        self._state = flow.State(store.load() or flow.Progress())
        self._lanes: Final[dict[str, int]] = {}
        self._last_read: tuple[int, int] = (0, 0)
        self._again: tuple[flow.Input, int] | None = None
        self._slips: Final[list[Document]] = []
        self._slips_made = 0
        self._ticket: Document | None = None
        self._printing: Document | None = None
        self._ticket_by: int | None = None
        self._told: flow.Tell | None = None
        self._voice = False
        self._done = False

    def post(self, incoming: _Posted) -> None:
        """From any thread: an input."""
        self._queue.put(incoming)

    def open(self, lane: str) -> None:
        """A scanner's lane exists."""
        self._lanes.setdefault(lane, 0)

    def run(self) -> bool:
        """Until the kiosk is set up (True) or somebody stops it (False)."""
        for printer in self._printers:
            printer.start()
        self._worker.start()
        try:
            if self._state.progress.anew:
                self._tell(flow.Tell("anew"))
            self._take(flow.Begun(self._network.online(), self._store.brought()))
            while not self._done:
                self._alive()
                try:
                    incoming = self._queue.get(timeout=self._wait_s())
                except queue.Empty:
                    incoming = flow.Time()
                if isinstance(incoming, Stop):
                    return False
                self._sort(incoming)
                self._on_time()
            self._speaker.wait(LAST_WORD_S)
            return True
        finally:
            self._work.put(None)
            for printer in self._printers:
                printer.close()

    # --- inputs -----------------------------------------------------------------------------

    def _sort(self, incoming: _Posted) -> None:
        match incoming:
            case ScanRead():
                self._scan(incoming)
            case ScanUnreadable():
                self._tell(flow.Tell("code-damaged"))
            case PrintDone():
                self._printed(incoming)
            case PrinterFound(printer):
                thread = PrinterThread(printer, self.post)
                self._printers.append(thread)
                thread.start()
            case PrinterLost(name):
                for thread in [t for t in self._printers if t.printer.name == name]:
                    self._printers.remove(thread)
                    thread.close()
            case DeviceState(kind="speaker", ok=ok):
                self._voice = ok
            case DeviceState(lane=lane) if lane is not None and lane not in self._lanes:
                self.open(lane)
                self._show()
            case (
                flow.NetworkSeen()
                | flow.JoinEnded()
                | flow.AuthoritySeen()
                | flow.Answered()
                | flow.Failed()
                | flow.Time()
            ):
                self._take(incoming)
            case _:
                pass

    def _scan(self, read: ScanRead) -> None:
        """What still lies in the beam is no further scan."""
        now, digest = self._clock.mono(), hash(read.text)
        before, self._last_read = self._last_read, (digest, now)
        if not read.pressed and before[0] == digest and now - before[1] < REARM_MS:
            return
        self.open(read.lane)
        self._take(flow.Read(read.text), read.lane)

    def _take(self, incoming: flow.Input, lane: str | None = None) -> None:
        """One turn, and those that follow from it at once."""
        todo = [incoming]
        while todo:
            current = todo.pop(0)
            before = self._state
            self._state, effects = flow.step(before, current, self._clock.mono())
            try:
                for effect in effects:
                    todo += self._perform(effect, lane)
            except OSError as error:
                if not is_refusal(error):
                    raise
                log.error("nothing can be saved: %s", error)
                self._state = before
                self._tell(flow.Tell("not-saved"), lane)
                if not isinstance(current, flow.Read):
                    self._again = current, self._clock.mono() + AGAIN_MS
                return

    def _perform(self, effect: flow.Effect, lane: str | None) -> list[flow.Input]:
        match effect:
            case flow.Tell():
                self._tell(effect, lane)
            case flow.Keep(progress):
                self._store.save(progress)
                if progress.invitation:
                    self._store.forget_brought()
            case flow.Join(wifi):
                joining = partial(self._join, wifi)
                self._work.put((joining, flow.JoinEnded("failed")))
            case flow.MakeKeys():
                return [flow.KeysMade(make_keys(self._entropy(PASSWORD_BYTES + SALT_BYTES)))]
            case flow.FetchAuthority() | flow.Enrol():
                missed = flow.Failed(effect.invitation.code, "unreachable")
                self._work.put((partial(self._ask, effect), missed))
            case flow.PrintTicket(enrolled, digits):
                self._slips.clear()
                self._ticket = papers.ticket(enrolled, digits)
                self._ticket_by = self._clock.mono() + TICKET_MS
            case flow.Settle(progress):
                self._store.save(progress)
                self._settle(progress, self._voice)
                self._done = True
        return []

    def _join(self, wifi: Wifi) -> flow.Input:
        """In the worker: the Wi-Fi that was scanned."""
        return flow.JoinEnded(self._network.join(wifi).value)

    def _ask(self, effect: flow.FetchAuthority | flow.Enrol) -> flow.Input:
        """In the worker: one request to the hub."""
        code = effect.invitation.code
        try:
            match effect:
                case flow.FetchAuthority(invitation):
                    return flow.AuthoritySeen(code, self._client.authority(invitation))
                case flow.Enrol(invitation, authority, keys):
                    return flow.Answered(code, self._client.enrol(invitation, authority, keys))
        except HubError as error:
            return flow.Failed(code, error.problem)

    def _do_work(self) -> None:
        online = None
        while True:
            try:
                job = self._work.get(timeout=WATCH_S)
            except queue.Empty:
                now = self._network.online()
                if now != online:
                    online = now
                    self.post(flow.NetworkSeen(now))
                continue
            if job is None:
                return
            work, otherwise = job
            try:
                self.post(work())
            except Exception as error:  # noqa: BLE001 - the thread's rim: without it nothing goes on
                # Where, not what: its words may hold the network's password.
                where = "".join(traceback.format_tb(error.__traceback__))
                log.error("setup: a step met an error: %s\n%s", type(error).__name__, where)
                self.post(otherwise)
            online = None

    # --- time -------------------------------------------------------------------------------

    def _on_time(self) -> None:
        now = self._clock.mono()
        if self._again is not None and now >= self._again[1]:
            (incoming, _), self._again = self._again, None
            self._take(incoming)
        if self._state.retry_at is not None and now >= self._state.retry_at:
            self._take(flow.Time())
        self._dispatch(now)
        if self._ticket_by is not None:
            waited = now - (self._ticket_by - TICKET_MS)
            if now >= self._ticket_by or (not self._printers and waited >= NO_PRINTER_MS):
                self._ticket_over()

    def _wait_s(self) -> float:
        due = [self._state.retry_at, self._ticket_by, self._again[1] if self._again else None]
        if self._ticket_by is not None and not self._printers:
            due.append(self._ticket_by - TICKET_MS + NO_PRINTER_MS)
        if self._ticket is not None or self._slips:
            due += [thread.not_before for thread in self._printers if not thread.busy]
        now = self._clock.mono()
        return min([IDLE_S, *((at - now) / 1000 for at in due if at is not None and at > now)])

    # --- telling ----------------------------------------------------------------------------

    def _tell(self, told: flow.Tell, lane: str | None = None) -> None:
        row = ROWS[told.key]
        log.info("setup: %s", told.key)
        self._told = told
        if told.of:
            self._speaker.say(*counted(told.have, told.of))
        else:
            self._speaker.say(row.prompt)
        where = lane if lane is not None else next(iter(self._lanes), None)
        for name in self._lanes:
            self._panel.show(name, row.signal if name == where else Signal.IDLE)
        if where is not None and row.signal is not Signal.IDLE:
            self._lanes[where] = self._lanes.get(where, 0) + 1
        self._show()
        if row.slip:
            self._slips[:] = [papers.slip(told.key, told.have, told.of)]  # only the newest is true
            self._dispatch(self._clock.mono())

    def _show(self) -> None:
        """The page of every lane."""
        if self._told is None:
            return
        row = ROWS[self._told.key]
        values = {
            "have": self._told.have,
            "of": self._told.of,
            "digits": papers.grouped(self._state.progress.digits),
        }
        words, then = filled(row.words, **values), filled(row.then, **values)
        for name, beep in self._lanes.items():
            self._screen.publish(
                LaneView(
                    state="setup",
                    signal=row.signal.value,
                    message_zh=words.zh,
                    message_en=words.en,
                    next_zh=then.zh,
                    next_en=then.en,
                    beep=beep,
                    lane=name,
                    mode=MODE,
                )
            )

    # --- paper ------------------------------------------------------------------------------

    def _dispatch(self, now: int) -> None:
        """Hands the ticket, else the newest slip, to a printer that is free."""
        free = [t for t in self._printers if not t.busy and now >= t.not_before]
        printer = printer_for("receipt", free) or printer_for("label", free)
        if printer is None:
            return
        if self._ticket is not None:
            document, self._ticket = self._ticket, None
            printer.submit(_TICKET, document)
            self._printing = document
        elif self._slips:
            self._slips_made += 1
            printer.submit(self._slips_made, self._slips.pop(0))

    def _printed(self, done: PrintDone) -> None:
        failed = done.result.status == "failed"
        for thread in self._printers:
            if thread.printer.name == done.printer:
                thread.busy = False
                if failed:
                    thread.not_before = self._clock.mono() + RETRY_MS
        if done.job == _TICKET and self._ticket_by is not None:
            if failed:
                self._ticket = self._printing
            else:
                self._ticket_over()

    def _ticket_over(self) -> None:
        self._ticket = self._ticket_by = None
        self._take(flow.TicketEnded())
