"""A kiosk's loop around real parts, in the test's own thread: a journal on disk, fake devices, and
a wire that keeps what would go to the broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from drivers.fakes import FakePanel, FakePrinter
from drivers.ports import DeviceState, ScanRead, Words
from kiosk.command_desk import CommandDesk
from kiosk.documents import Letterhead
from kiosk.health import HealthDesk
from kiosk.inputs import LoopInput, Stop
from kiosk.lanes import LaneDesk
from kiosk.loop import Loop
from kiosk.machine import Machine
from kiosk.paper_desk import PaperDesk
from kiosk.papers import PrinterThread
from kiosk.screen.view import KioskView, LaneView, ScreenView
from kiosk.signer import ReceiptSigner
from kiosk.time_desk import TimeDesk
from kiosk.uplink import Uplink
from kiosk.work_desk import WorkDesk
from tests.support.journals import KIOSK, Home, OpenJournal

FINE: Final = Words("好", "ready")


class Wire:
    """A broker that keeps what the kiosk says, in its order."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []
        self.reconnects = 0
        """How often the kiosk wanted another line; it stays what it is."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        user_properties: list[tuple[str, str]] | None = None,
    ) -> None:
        self.said.append((topic, payload))

    def subscribe(self, topic: str) -> None:
        """Nothing is retained here."""

    def unsubscribe(self, topic: str) -> None:
        """Nothing is retained here."""

    def reconnect(self) -> None:
        self.reconnects += 1


class Running:
    """One start of a kiosk on ``home``; ``lanes`` are those that its settings name."""

    def __init__(
        self, home: Home, *, lanes: Sequence[str] = (), printers: Sequence[FakePrinter] = ()
    ) -> None:
        self.home: Final = home
        self.open: Final[OpenJournal] = home.open()
        self.journal: Final = self.open.journal
        journal, clock = self.open.journal, self.open.learnt
        self.wire: Final = Wire()
        self._on = False
        self.fed = 0
        """How often the watchdog was fed."""
        self.panel: Final = FakePanel()
        view = KioskView("站", "Stop")
        self.view: Final = ScreenView(view, clock.mono)
        self.posted: Final[list[LoopInput]] = []
        """What devices have told, whether the loop has taken it or not."""
        self.threads: Final = [PrinterThread(one, self._post) for one in printers]
        self.lanes: Final = LaneDesk(journal, clock, self.panel, self.view, self.open.random)
        self.papers: Final = PaperDesk(
            journal,
            clock,
            self.threads,
            Letterhead(Words("站", "Stop"), "http://hub.example", "en"),
            ZoneInfo("Asia/Shanghai"),
            ReceiptSigner(home.identity),
            self._post,
        )
        commands = CommandDesk(KIOSK, journal, clock, self.wire, self.papers.hindrance)
        time_desk = TimeDesk(journal, clock, lambda: None)
        self.uplink: Final = Uplink(
            KIOSK,
            journal,
            clock,
            self.wire,
            self.open.reference,
            time_desk,
            commands,
            software="test",
            entropy=self.open.random,
        )
        self.devices: Final[dict[tuple[str, str], DeviceState]] = {}
        self.loop: Final = Loop(
            kiosk=KIOSK,
            journal=journal,
            clock=clock,
            lanes=self.lanes,
            uplink=self.uplink,
            time=time_desk,
            work=WorkDesk(journal, clock, self.lanes, self.open.random),
            papers=self.papers,
            commands=commands,
            link=self.wire,
            screen=self.view,
            view=view,
            health=HealthDesk(
                journal,
                clock,
                Machine(home.directory, 0),
                software="test",
                prefixes_left=home.identity.prefixes_left,
                reference=self.uplink.reference.health,
            ),
            devices=self.devices,
            alive=self._feed,
        )
        for lane in lanes:
            self.lanes.open(lane)

    def _post(self, incoming: LoopInput) -> None:
        self.posted.append(incoming)
        self.loop.post(incoming)

    def take(self, *inputs: LoopInput) -> None:
        """The loop takes these, and does what follows from them."""
        for one in inputs:
            self.loop.post(one)
        self.loop.post(Stop())
        self.loop.run()

    def scan(self, *texts: str, lane: str) -> None:
        """Scans; the same code counts again."""
        for text in texts:
            self.home.clock.now += 2_000
            self.take(ScanRead(lane, text))

    def wait(self, milliseconds: int) -> None:
        """So long nothing comes in."""
        self.home.clock.now += milliseconds
        self.take()

    def turns(self) -> bool:
        """The loop takes what devices have told meanwhile."""
        self.take()
        return True

    def switch_on(self) -> None:
        """The printers' threads start."""
        self._on = True
        self.papers.start()

    def find_scanner(self, lane: str) -> None:
        """A scanner is found after the start, as `drivers.scanner_auto` tells it."""
        self.take(DeviceState(f"fake:{lane}", "scanner", True, FINE, lane))

    def shown(self) -> dict[str, LaneView]:
        """Every lane that the page shows."""
        now = self.home.clock.now
        return {lane.lane: lane.drawn(now) for lane in self.view.now().lanes}

    def message(self, lane: str) -> str:
        """What the page says there now."""
        return self.shown()[lane].message_en

    def _feed(self) -> None:
        self.fed += 1

    def off(self) -> None:
        """The process ends."""
        if self._on:
            self.papers.close()
        self.journal.close()
