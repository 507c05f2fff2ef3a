"""A kiosk without devices: the real journal, workflow, relay and link, with scans that nobody made.

Its printer is one that never fails and prints nothing; it hands on the codes of the labels that
would be out. What is measured is measured where the kiosk itself knows it: from the COMMIT of an
event to the hub's acknowledgement of it.
"""

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from contract.enrolment import Identity
from drivers.panel_null import NullPanel
from drivers.ports import (
    BOTH_ROLES,
    Code128,
    Document,
    PrinterProfile,
    PrinterStatus,
    PrintResult,
    Role,
    ScanRead,
    Words,
)
from kiosk.clock import LearntClock, SystemClock, synchronised_wall
from kiosk.command_desk import CommandDesk
from kiosk.documents import Letterhead
from kiosk.health import HealthDesk
from kiosk.identity import IdentityStore
from kiosk.inputs import LoopInput, MqttMessage, Stop
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk, NoScreen
from kiosk.loop import Loop
from kiosk.machine import Machine
from kiosk.mqtt_link import MqttLink
from kiosk.paper_desk import PaperDesk
from kiosk.papers import PrinterThread
from kiosk.reference import ReferenceStore
from kiosk.screen.view import KioskView
from kiosk.signer import ReceiptSigner
from kiosk.spool import Spool
from kiosk.time_desk import TimeDesk
from kiosk.uplink import Uplink
from kiosk.work_desk import WorkDesk

LANE: Final = "lane-1"
SOFTWARE: Final = "yicang-simulated"
END_S: Final = 10.0
_READY: Final = Words("就绪", "ready")
_LABEL_MM: Final = 30.0
MOST_WAITS: Final = 20_000
"""Of so many events a kiosk's waits are kept."""


class Where(Struct, frozen=True):
    """The broker. ``auth`` sends each kiosk's own user name and password; ``authority`` is the file
    (PEM) of the one that its certificate comes from, None for no TLS."""

    host: str
    port: int
    auth: bool = False
    authority: Path | None = None


class Measured(Struct):
    """What one kiosk has seen so far. ``waits`` are seconds from COMMIT to acknowledgement, of the
    newest events from after ``connected`` (monotonic seconds); ``caught_up`` is how long those from
    before then took, counted from there."""

    events: int = 0
    acked: int = 0
    connected: float = math.inf
    caught_up: float = 0.0
    waits: deque[float] = deque(maxlen=MOST_WAITS)


class PaperlessPrinter:
    """Takes every document, and tells the code on each label."""

    def __init__(self, label: Callable[[str], None]) -> None:
        self.name: Final = "simulated:"
        self.roles: Final[frozenset[Role]] = BOTH_ROLES
        self.profile: Final = PrinterProfile()
        self._label: Final = label

    def warm(self) -> None:
        """There is nothing to load."""

    def print(self, document: Document) -> PrintResult:
        """It came out."""
        if document.kind == "label":
            for block in document.blocks:
                if isinstance(block, Code128):
                    self._label(block.value)
        return PrintResult("printed", _READY, _LABEL_MM, progress="confirmed")

    def status(self) -> PrinterStatus:
        """Nothing is ever the matter."""
        return PrinterStatus("ready", _READY, "ready")

    def close(self) -> None:
        """There is nothing to give back."""


class _WatchedUplink(Uplink):
    """The uplink, and how long the hub took. Called by the loop's thread, as the uplink is."""

    def watch(self, journal: Journal, measured: Measured) -> None:
        """Counts from now on; what waits already has waited since now."""
        self._watched: Journal = journal
        self._measured: Measured = measured
        self._waiting: dict[str, deque[tuple[int, int, float]]] = {}
        self._head: dict[str, int] = {}
        self._look()

    def appended(self) -> None:
        self._look()
        super().appended()

    def message(self, message: MqttMessage) -> None:
        super().message(message)
        self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for epoch, stream in self._watched.streams.by_epoch.items():
            head = self._head.get(epoch, stream.acked)
            if stream.head > head:
                waiting = self._waiting.setdefault(epoch, deque())
                waiting.append((head, stream.head, now))
                self._measured.events += stream.head - head
            self._head[epoch] = stream.head
            self._count_acked(epoch, stream.acked, now)

    def _count_acked(self, epoch: str, acked: int, now: float) -> None:
        waiting = self._waiting.get(epoch)
        while waiting and waiting[0][0] < acked:
            before, through, since = waiting.popleft()
            upto = min(through, acked)
            self._measured.acked += upto - before
            if since >= self._measured.connected:
                self._measured.waits.extend([now - since] * (upto - before))
            else:
                self._measured.caught_up = now - self._measured.connected
            if upto < through:
                waiting.appendleft((upto, through, since))


class SimulatedKiosk:
    """One kiosk in ``folder``, which keeps its identity and journal between two runs.

    Raises `IdentityError` and `JournalError` when these cannot be used.
    """

    def __init__(self, folder: Path, where: Where, label: Callable[[str], None]) -> None:
        self.measured: Final = Measured(waits=deque(maxlen=MOST_WAITS))
        self.clock: Final = LearntClock(SystemClock())
        store = IdentityStore(folder / "identity.json")
        known = store.load()
        self.name: Final = known.kiosk
        self.prefix: Final = known.prefixes[0].prefix
        reference = ReferenceStore(folder / "reference", self.name)
        self._journal: Final = Journal(
            folder / "journal.sqlite3",
            store,
            self.clock,
            spool=Spool(folder / "spool"),
            software=SOFTWARE,
            entropy=os.urandom,
            reference=reference,
        )
        self._loop: Loop | None = None
        self._link: Final = _link(known, where, self.clock, self._post)
        self._printer: Final = PrinterThread(PaperlessPrinter(label), self._post)
        self._loop = self._build(folder, store, reference)
        self._thread: Final = threading.Thread(
            target=self._loop.run, name=f"loop {self.name}", daemon=True
        )

    def _build(self, folder: Path, store: IdentityStore, reference: ReferenceStore) -> Loop:
        journal, clock, entropy = self._journal, self.clock, os.urandom
        view = KioskView(self.name, self.name)
        zone = ZoneInfo("Asia/Shanghai")
        letterhead = Letterhead(Words(self.name, self.name), "https://hub.invalid", "both")
        time_desk = TimeDesk(journal, clock, synchronised_wall)
        lanes = LaneDesk(journal, clock, NullPanel(), NoScreen(), entropy)
        lanes.open(LANE)
        papers = PaperDesk(
            journal, clock, [self._printer], letterhead, zone, ReceiptSigner(store), self._post
        )
        commands = CommandDesk(self.name, journal, clock, self._link, papers.hindrance)
        uplink = _WatchedUplink(
            self.name,
            journal,
            clock,
            self._link,
            reference,
            time_desk,
            commands,
            software=SOFTWARE,
            entropy=entropy,
        )
        uplink.watch(journal, self.measured)
        self._uplink = uplink
        self._papers = papers
        return Loop(
            kiosk=self.name,
            journal=journal,
            clock=clock,
            lanes=lanes,
            uplink=uplink,
            time=time_desk,
            work=WorkDesk(journal, clock, lanes, entropy),
            papers=papers,
            commands=commands,
            link=self._link,
            screen=None,
            view=view,
            health=HealthDesk(
                journal,
                clock,
                Machine(folder, min_free_mb=1),
                software=SOFTWARE,
                prefixes_left=store.prefixes_left,
                reference=uplink.reference.health,
                paper_left=papers.paper_left,
            ),
        )

    def start(self) -> None:
        """Records from now on; without `connect`, into its journal alone."""
        self._papers.start()
        self._thread.start()

    def connect(self) -> None:
        """Goes online, and stays so."""
        self.measured.connected = time.monotonic()
        self._link.start()

    def scan(self, text: str) -> None:
        """Somebody scans this."""
        self._post(ScanRead(LANE, text))

    def cut(self) -> None:
        """The line is lost for a moment."""
        self._link.reconnect()

    @property
    def online(self) -> bool:
        """Whether the hub has answered."""
        return self._uplink.online

    def backlog(self) -> int:
        """Events that the hub has not acknowledged."""
        return self.measured.events - self.measured.acked

    def close(self) -> None:
        """Says goodbye and closes the journal."""
        self._link.close()
        self._post(Stop())
        if self._thread.ident is not None:
            self._thread.join(END_S)
        self._papers.close()
        self._journal.close()

    def _post(self, incoming: LoopInput) -> None:
        if self._loop is not None:
            self._loop.post(incoming)


def _link(
    known: Identity, where: Where, clock: LearntClock, post: Callable[[LoopInput], None]
) -> MqttLink:
    from kiosk.tls import pinned_context

    return MqttLink(
        kiosk=known.kiosk,
        host=where.host,
        port=where.port,
        post=post,
        username=known.username if where.auth else None,
        password=known.password if where.auth else None,
        tls=pinned_context(where.authority, clock) if where.authority is not None else None,
    )
