"""A kiosk's lanes, journal and printer desk around a virtual printer, without hub and page.

Drives them as the kiosk's loop does. A cut of power is an image of the folder, taken at any moment
and opened as the next start would; the paper that is out stays out.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import structs
from PIL import Image

from contract import events, topics
from contract.messages import Reply, decode
from drivers.link_faults import gone
from drivers.panel_null import NullPanel
from drivers.ports import BOTH_ROLES, PROFILES, DeviceState, Printer, Role, ScanRead, Signal, Words
from drivers.printer_escpos import EscposLanguage
from drivers.printer_tspl import TsplLanguage
from drivers.printer_wire import WirePrinter
from kiosk.command_desk import CommandDesk
from kiosk.documents import Letterhead, Stamp, layout
from kiosk.inputs import LoopInput, PrintDone
from kiosk.lanes import LaneDesk
from kiosk.paper_desk import PaperDesk
from kiosk.papers import STATUS_S, PrinterThread
from kiosk.screen.moment import Moment
from kiosk.screen.view import Lane
from kiosk.signer import ReceiptSigner
from kiosk.state import LabelJob
from tests.support.journals import KIOSK, WALL, Home, OpenJournal
from tests.support.paper import read_codes
from tests.support.processes import until
from tests.support.virtual_printer import DirectLink, VirtualPrinter

LANE: Final = "door"
LOOK_S: Final = 0.02
"""How long `PrintDesk.work` waits for a printer's word before it looks by itself."""
LETTERHEAD: Final = Letterhead(Words("一号站", "Stop 1"), "http://hub.example", "en")


class CutAtByte(DirectLink):
    """A wire on which the kiosk's power goes when so many bytes have passed since `arm`."""

    def __init__(self, machine: VirtualPrinter) -> None:
        super().__init__(machine)
        self._left: int | None = None
        self._cut: Callable[[], None] = lambda: None
        self._off = False

    def arm(self, at: int, cut: Callable[[], None]) -> None:
        """`cut` is called when `at` more bytes have passed; none does after that."""
        self._left, self._cut = at, cut

    def send(self, data: bytes) -> None:
        if self._off:
            raise gone("the virtual printer", OSError("the kiosk is off"), 0)
        if self._left is None or len(data) < self._left:
            super().send(data)
            self._left = None if self._left is None else self._left - len(data)
            return
        super().send(data[: self._left])
        self._off = True
        self._cut()
        raise gone("the virtual printer", OSError("the kiosk is off"), self._left)


def machine_for(name: str) -> VirtualPrinter:
    """The machine that a profile speaks of."""
    profile = PROFILES[name]
    rows = None if profile.media == "continuous" else 336
    return VirtualPrinter(profile.language, label_rows=rows, chinese=profile.drawing == "gb18030")


def printer_on(
    link: DirectLink,
    name: str,
    *,
    called: str = "printer",
    roles: frozenset[Role] = BOTH_ROLES,
    roll_mm: float = 0.0,
    length: float = 40.0,
) -> Printer:
    """The driver at this end of the wire; ``length`` is of a die-cut label, in millimetres."""
    profile = structs.replace(
        PROFILES[name], speed_mm_s=1e9, settle_s=0.0, label_mm=length, roll_mm=roll_mm
    )
    language = EscposLanguage() if profile.language == "escpos" else TsplLanguage()
    return WirePrinter(called, link, language, profile=profile, roles=roles)


class Lamp(NullPanel):
    """A panel and a page that remember what each lane said."""

    def __init__(self) -> None:
        super().__init__("lamp:")
        self.said: list[tuple[str, Signal, str, str]] = []
        self.before_light: Callable[[], None] | None = None
        """Called when a turn is saved and its light is not on yet."""

    def show(self, lane: str, signal: Signal) -> None:
        if self.before_light is not None:
            self.before_light()

    def publish(self, lane: Lane) -> None:
        """Keeps lane, signal, message key and the English words."""
        assert isinstance(lane, Moment)
        words = lane.drawn(lane.at)
        self.said.append((lane.lane, Signal(lane.signal), lane.message.key, words.message_en))

    def publish_claim(self, lane: str, address: Callable[[], str]) -> None:
        """No page is open."""


class PrintDesk:
    """One start of the kiosk."""

    def __init__(
        self, home: Home, *printers: Printer, seed: str = "", status_s: float = STATUS_S
    ) -> None:
        self.home: Final = home
        self.open: Final[OpenJournal] = home.open(seed)
        self.journal: Final = self.open.journal
        self.lamp: Final = Lamp()
        self._posted: Final[queue.SimpleQueue[LoopInput]] = queue.SimpleQueue()
        self.devices: Final[dict[str, DeviceState]] = {}
        self.threads: Final = [
            PrinterThread(printer, self._posted.put, status_s=status_s) for printer in printers
        ]
        self.lanes: Final = LaneDesk(
            self.journal, self.open.learnt, self.lamp, self.lamp, self.open.random
        )
        self.papers: Final = PaperDesk(
            self.journal,
            self.open.learnt,
            self.threads,
            LETTERHEAD,
            ZoneInfo("Asia/Shanghai"),
            ReceiptSigner(home.identity),
            self._posted.put,
        )
        self.replies: Final[list[Reply]] = []
        self.commands: Final = CommandDesk(
            KIOSK, self.journal, self.open.learnt, self, self.papers.hindrance
        )
        self.lanes.open(LANE)

    def publish(self, topic: str, payload: bytes) -> None:
        """What the kiosk answers the hub."""
        assert topic == topics.up(KIOSK, topics.REPLY)
        self.replies.append(decode(payload, Reply))

    def learn_the_time(self) -> None:
        """The hub says what time it is."""
        self.open.learnt.learn(WALL - self.home.clock.now)

    def switch_on(self) -> None:
        """The printers' threads start."""
        for thread in self.threads:
            thread.start()
        self.work(lambda: all(thread.ok is not None for thread in self.threads))

    def off(self) -> None:
        """The process ends; nothing of it is written any more."""
        for thread in self.threads:
            thread.close()
        self.journal.close()

    def scan(self, *texts: str, lane: str = LANE) -> None:
        """Scans; the same code counts again."""
        for text in texts:
            self.take(text, lane)
            self.between()

    def take(self, text: str, lane: str = LANE) -> None:
        """Scans, and nothing else happens yet."""
        self.home.clock.now += 2_000
        self.lanes.take(ScanRead(lane, text))

    def between(self) -> None:
        """What the loop does between two inputs."""
        self.papers.ordered.donors_first = self.lanes.serving
        self.lanes.tick()
        self.papers.dispatch()
        self.commands.tick()
        while self.lanes.new_rolls:
            self.papers.new_roll(self.lanes.new_rolls.pop(0))
        while self.papers.in_doubt:
            self.lanes.ask(*self.papers.in_doubt.pop(0))
        self.lanes.scan_back = self.papers.label_printer_is_silent()
        self.lanes.labels_wait = self.papers.label_printer_waits()

    def work(self, done: Callable[[], bool] | None = None) -> None:
        """The loop runs until ``done``, or until no printer has anything to do."""

        def step() -> bool:
            while not self._posted.empty():
                self._hear(self._posted.get())
            self.between()
            if done() if done is not None else not any(thread.busy for thread in self.threads):
                return True
            with suppress(queue.Empty):
                self._hear(self._posted.get(timeout=LOOK_S))
            return False

        until("the printers have done their work", step, pause_s=0.0)

    def _hear(self, posted: LoopInput) -> None:
        if isinstance(posted, PrintDone):
            self.papers.done(posted)
        elif isinstance(posted, DeviceState):
            self.devices[posted.device] = posted

    def wait_for_paper(self, there: Callable[[], bool]) -> None:
        """The printers go on, and nothing of what they tell is heard yet."""
        until("the paper is there", lambda: there() and not self._posted.empty())

    def wait(self, milliseconds: int) -> None:
        """So long nothing is scanned."""
        self.home.clock.now += milliseconds
        self.between()

    @property
    def said(self) -> tuple[Signal, str]:
        """Signal and message key of what was said last."""
        _, signal, key, _ = self.lamp.said[-1]
        return signal, key

    def bodies(self) -> list[events.Body]:
        """Every event's body, oldest first."""
        return [event.public.body for event in self.open.lines()]

    def attached(self, item: str) -> list[str]:
        """What is known of this item's label, as the hub hears it."""
        return [
            body.how
            for body in self.bodies()
            if isinstance(body, events.LabelAttached) and body.item == item
        ]

    def items(self) -> list[str]:
        """Items that came in and were not taken back."""
        known = self.journal.knowledge
        return [code for code in self.open.issued() if known.item_facts(code).status != "voided"]


@lru_cache(maxsize=256)
def picture_of(name: str, item: str, category: str, *, copy: bool) -> Image.Image:
    """The whole label of an item as this kind of printer gives it."""
    machine = machine_for(name)
    document = layout(LabelJob(item, category, copy=copy), LETTERHEAD, Stamp("head"))
    assert printer_on(DirectLink(machine), name).print(document).progress == "confirmed"
    [piece] = machine.pieces
    return piece


@lru_cache(maxsize=100_000)
def _codes(size: tuple[int, int], dots: bytes) -> tuple[str, ...]:
    return tuple(code.text for code in read_codes(Image.frombytes("1", size, dots)))


def carrying(machine: VirtualPrinter, item: str, *, since: int = 0) -> list[Image.Image]:
    """The pieces of paper, from number ``since`` on, on which a scanner reads this code."""
    return [p for p in machine.pieces[since:] if item in _codes(p.size, p.tobytes())]


def is_picture(piece: Image.Image, other: Image.Image) -> bool:
    """Whether a piece is this picture, dot for dot."""
    return piece.size == other.size and piece.tobytes() == other.tobytes()
