"""The kiosk's loop: one thread takes one input after another.

Scanner threads, paho's callbacks, printer threads and the page only post inputs to one queue.
The loop hands each to the desk it belongs to: `LaneDesk` (scans), `Uplink` (MQTT), `PaperDesk`
(printers). Time enters here, as the next deadline of any of them. A device's fault is an input
like any other and stops nothing.
"""

import logging
import queue
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from contract import topics
from contract.events import DeviceChanged
from contract.messages import encode
from drivers.ports import Alarm, DeviceState, ScanRead, ScanUnreadable, Words
from kiosk.clock import LearntClock
from kiosk.command_desk import CommandDesk
from kiosk.damage import is_damage
from kiosk.day_figures import DayFigures
from kiosk.garbage import Garbage
from kiosk.health import HealthDesk
from kiosk.inputs import (
    LoopInput,
    MqttConnected,
    MqttDisconnected,
    MqttMessage,
    MqttRefused,
    PrintDone,
    PrinterFound,
    PrinterLost,
    StickFound,
    StickLost,
    Stop,
    Written,
)
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk
from kiosk.paper_desk import PaperDesk
from kiosk.screen.view import LANGUAGES, DayView, DeviceView, KioskView
from kiosk.state import Draft
from kiosk.stick_desk import StickDesk
from kiosk.store import JournalError
from kiosk.tasks.configure import TrialDesk
from kiosk.time_desk import TimeDesk
from kiosk.update_desk import UpdateDesk
from kiosk.uplink import Link, Uplink
from kiosk.watchdog import Facts, Watch, look
from kiosk.work_desk import WorkDesk

log = logging.getLogger(__name__)

IDLE_MS: Final = 1_000
"""With no input for this long the moment is used for housekeeping."""
LOW_PAPER: Final = Words("纸快用完了，请备好新纸卷", "paper is running low: have a new roll ready")
LOOK_MS: Final = 2_000
"""How often the watchdog is fed, or not."""
COMPLAIN_MS: Final = 60_000
"""How often at most the log hears the same complaint of the disk."""


class KioskScreen(Protocol):
    """Where the kiosk's own state is shown."""

    def publish_kiosk(self, kiosk: KioskView) -> None:
        """Replaces what holds for the whole kiosk."""


class Loop:
    """Takes inputs until `Stop`, or until the journal turns out to be damaged (`damaged`)."""

    def __init__(
        self,
        *,
        kiosk: str,
        journal: Journal,
        clock: LearntClock,
        lanes: LaneDesk,
        uplink: Uplink,
        time: TimeDesk,
        work: WorkDesk,
        papers: PaperDesk,
        commands: CommandDesk,
        link: Link,
        screen: KioskScreen | None,
        view: KioskView,
        health: HealthDesk,
        figures: DayFigures | None = None,
        devices: dict[tuple[str, str], DeviceState] | None = None,
        trial: TrialDesk | None = None,
        updates: UpdateDesk | None = None,
        alive: Callable[[], None] = lambda: None,
        sticks: StickDesk | None = None,
        metrics: Callable[[], None] = lambda: None,
    ) -> None:
        """``devices`` is where the loop notes how each one is, for others to look at; ``alive`` is
        called now and then as long as `kiosk.watchdog` finds that the kiosk does its work;
        ``metrics`` while there is nothing else to do."""
        self._kiosk: Final = kiosk
        self._journal: Final = journal
        self._clock: Final = clock
        self._lanes: Final = lanes
        self._uplink: Final = uplink
        self._time: Final = time
        self._work: Final = work
        self._papers: Final = papers
        self._commands: Final = commands
        self._sticks: Final = sticks
        self._metrics: Final = metrics
        self._link: Final = link
        self._screen: Final = screen
        self._view = view
        self._health: Final = health
        self._figures: Final = figures
        self._alive: Final = alive
        self._watch = Watch(clock.mono())
        self._look_at = 0
        self._failing_since: int | None = None
        self._trial: Final = trial
        self._updates: Final = updates
        self.damaged = False
        self.again = False
        """Set when the process is to be started anew."""
        self._queue: Final[queue.SimpleQueue[LoopInput]] = queue.SimpleQueue()
        self._garbage: Final = Garbage()
        self._devices: Final = devices if devices is not None else {}
        self._low: frozenset[str] = frozenset()
        self._complaint = ""
        self._complain_after = 0
        self._connected = False

    def post(self, incoming: LoopInput) -> None:
        """From any thread: an input for the loop."""
        self._queue.put(incoming)

    def leave(self) -> None:
        """Ends, to be started anew."""
        self.again = True
        self.post(Stop())

    def run(self) -> None:
        """Takes inputs until `Stop`."""
        with self._garbage.kept_for_idle():
            self._take_inputs()

    def _take_inputs(self) -> None:
        self._on_time(idle=False)
        while True:
            try:
                incoming = self._queue.get(timeout=self._wait_s())
            except queue.Empty:
                self._on_time(idle=True)
                if self.damaged:
                    return
                continue
            if isinstance(incoming, Stop):
                return
            self._guarded(partial(self._take, incoming))
            self._on_time(idle=False)
            if self.damaged:
                return

    def _guarded(self, step: Callable[[], None]) -> None:
        """Does a step that no donor waits for. When the disk refuses it, the others go on, and it
        is tried again: acks by resend, papers by the queue. (Of a scan that failed the lamp has
        told.) The same words are logged once a minute at most."""
        try:
            step()
        except JournalError as error:
            self.damaged = self.damaged or is_damage(error)
            now = self._clock.mono()
            self._failing_since = now if self._failing_since is None else self._failing_since
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
            case PrinterFound(printer):
                self._papers.attach(printer)
            case PrinterLost(name):
                self._papers.detach(name)
            case StickFound() | StickLost() | Written():
                if self._sticks is not None:
                    self._sticks.take(incoming)
            case DeviceState():
                self._device(incoming)
            case MqttConnected():
                self._connected = True
                self._health.untold()
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
        self._papers.ordered.donors_first = self._lanes.serving
        for step in (
            self._lanes.tick,
            self._time.tick,
            self._work.tick,
            self._uplink.tick,
            self._uplink.appended,
            self._papers.dispatch,
            self._commands.tick,
        ):
            self._guarded(step)
        if self._sticks is not None:
            self._guarded(self._sticks.tick)
        if self._trial is not None:
            self._trial.tick()
        self._guarded(self._about_papers)
        self._guarded(self._tell_health)
        self._guarded(self._tell_updater)
        self.damaged = self.damaged or self._lanes.damaged
        self._lanes.alarm(Alarm.OFFLINE, not self._uplink.online)
        low = self._papers.running_low()
        if low != self._low:
            self._low = low
            self._health.hurry()
        self._lanes.alarm(Alarm.PAPER, bool(self._low) or self._printer_is_waiting())
        self._show_kiosk()
        self._feed()
        if idle:
            self._guarded(self._journal.idle)
            self._guarded(self._metrics)
            if self._figures is not None:
                self._guarded(self._figures.refresh)
            self._garbage.idle()

    def _feed(self) -> None:
        """Feeds the watchdog now and then, if `kiosk.watchdog` says so."""
        now = self._clock.mono()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_MS
        if self._lanes.unsaved and self._failing_since is None:
            self._failing_since = now
        if self._failing_since is not None and self._journal.takes():
            self._failing_since = None
            self._lanes.saves_again()
        counted = [s for s in self._journal.streams.by_epoch.values() if not s.disputed]
        facts = Facts(
            now,
            self._failing_since,
            bool(self._health.refusing),
            self._uplink.online,
            sum(stream.acked for stream in counted),
            sum(stream.head - stream.acked for stream in counted),
        )
        self._watch, fed = look(self._watch, facts)
        if fed:
            self._alive()

    def _about_papers(self) -> None:
        """Takes word from the lanes to the printers, and from the printers to the lanes."""
        while self._lanes.new_rolls:
            self._papers.new_roll(self._lanes.new_rolls.pop(0))
            self._health.hurry()
        while self._papers.in_doubt:
            self._lanes.ask(*self._papers.in_doubt.pop(0))
        self._lanes.scan_back = self._papers.label_printer_is_silent()
        self._lanes.labels_wait = self._papers.label_printer_waits()

    def _wait_s(self) -> float:
        now = self._clock.mono()
        due = [
            self._lanes.next_deadline(),
            self._uplink.next_deadline(),
            self._time.next_deadline(),
            self._papers.next_deadline(),
            self._sticks.next_deadline() if self._sticks is not None else None,
            self._commands.next_deadline(),
            self._trial.next_deadline() if self._trial is not None else None,
            now + IDLE_MS,
        ]
        nearest = min(moment for moment in due if moment is not None)
        return max(0.0, (nearest - now) / 1000)

    def _device(self, state: DeviceState) -> None:
        before = self._devices.get((state.kind, state.device))
        self._devices[state.kind, state.device] = state
        if state.lane is not None:
            self._lanes.open(state.lane)  # of a scanner that was found after the start
        if before is not None and before.ok == state.ok:
            if before.detail != state.detail:
                self._health.hurry()
            return
        if before is not None or not state.ok:
            name = "".join(c if c.isascii() and c.isalnum() else "-" for c in state.device)[-48:]
            self._journal.append([Draft(DeviceChanged(device=name, kind=state.kind, ok=state.ok))])
        self._health.hurry()

    def _tell_health(self) -> None:
        """Looks at the machine, and tells the hub when there is something to tell."""
        self._health.look()
        self._lanes.refusing = bool(self._health.refusing)
        if self._connected and self._health.due():
            health = self._health.health(self._devices.values(), self._lanes.states)
            self._link.publish(topics.up(self._kiosk, topics.HEALTH), encode(health))

    def _tell_updater(self) -> None:
        if self._updates is not None:
            self._updates.tick(self._devices.values(), self._lanes.states, self._health.refusing)

    def _printer_is_waiting(self) -> bool:
        return any(s.kind == "printer" and not s.ok for s in self._devices.values())

    def _show_kiosk(self) -> None:
        if self._screen is None:
            return
        chosen = self._journal.knowledge.settings().language
        self._screen.publish_kiosk(
            KioskView(
                stop_zh=self._view.stop_zh,
                stop_en=self._view.stop_en,
                language=LANGUAGES.get(chosen, self._view.language),
                online=self._uplink.online,
                backlog=self._journal.streams.backlog(),
                devices=tuple(
                    _seen(s, low=s.kind == "printer" and s.device in self._low)
                    for s in self._devices.values()
                ),
                papers_waiting=self._journal.queue.count(),
                labels_ordered=self._journal.commands.waiting(),
                unsaved=self._lanes.unsaved,
                day=self._figures.view() if self._figures is not None else DayView(),
            )
        )


def _seen(state: DeviceState, *, low: bool) -> DeviceView:
    """A device as the page shows it; paper that is running low wants somebody."""
    detail = LOW_PAPER if state.ok and low else state.detail
    return DeviceView(state.device, state.kind, state.ok and not low, detail.zh, detail.en)
