"""A stop's kiosk in a guest, with what is plugged into it and the paper that comes out of it."""

import contextlib
import json
import secrets
import select
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from contract import events
from contract.events import Event, Received
from kiosk.screen.app import KEY_HEADER
from tests.support.guest.image import INSIDE, KIOSK, Snapshot
from tests.support.guest.qemu import GuestError
from tests.support.processes import until
from tests.support.virtual_printer import VirtualPrinter

ORIGIN: Final = "http://127.0.0.1:8081"
SCANNER: Final = "Area Imaging Scanner"
PRINTER: Final = "POS58 Printer USB"
PAUSE_MS: Final = 50.0
"""Well below the silence that ends a code (`drivers.scans.SILENCE_S`)."""
SCANS: Final = 5


class Cable:
    """Between the guest's USB printer and a virtual one."""

    def __init__(self, path: Path, printer: VirtualPrinter) -> None:
        self._printer: Final = printer
        self._socket: Final = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._stop: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="cable", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Nothing more goes through it."""
        self._stop.set()
        self._thread.join(5)
        self._socket.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # the guest is gone
            while not self._stop.is_set():
                room = self._printer.room
                if not room or not select.select([self._socket], [], [], 0.02)[0]:
                    self._stop.wait(0.005)
                    continue
                data = self._socket.recv(room)
                if not data:
                    return
                self._printer.take(data)
                if said := self._printer.answer():
                    self._socket.sendall(said)


class Stop:
    """As a context manager: a guest with a running kiosk into which nothing is plugged yet."""

    def __init__(self, snapshot: Snapshot, folder: Path) -> None:
        self.snapshot: Final = snapshot
        self.guest: Final = snapshot.guest(folder)
        self.paper: Final = VirtualPrinter()
        self._cable: Cable | None = None

    def __enter__(self) -> Self:
        self.guest.__enter__()
        try:
            self.guest.ask("hwclock", "--hctosys")  # it slept since the snapshot
            gadgets = (INSIDE / "gadgets.py").read_bytes()
            self.guest.write("/usr/local/lib/guest/gadgets.py", gadgets)
            self.guest.call("reseed", secrets.token_hex(32))
            self.guest.call("carry")
            self._cable = Cable(self.guest.printer_socket, self.paper)
        except BaseException:
            self.guest.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            with contextlib.suppress(Exception):  # it may be gone; the first error counts
                (self.guest.folder / "kiosk.log").write_text(self.log())
        if self._cable is not None:
            self._cable.close()
        self.guest.__exit__(kind, error, trace)

    @contextlib.contextmanager
    def until_killed(self) -> Iterator[None]:
        """What is asked of the guest in here may break off: somebody pulls its plug."""
        try:
            yield
        except (AssertionError, GuestError, OSError, ValueError):
            if self.guest.is_on:
                raise

    # --- the kiosk ------------------------------------------------------------------------------

    def process(self) -> int:
        """The kiosk's."""
        return int(self.guest.ask("systemctl", "show", "--property=MainPID", "--value", KIOSK))

    def log(self, unit: str = KIOSK) -> str:
        """What a service said."""
        return self.guest.ask("journalctl", "--output=cat", "--no-pager", "--unit", unit)

    def state(self) -> dict[str, Any]:
        """What the local page would show."""
        found: dict[str, Any] = json.loads(self.guest.call("fetch", f"{ORIGIN}/state"))
        return found

    def is_ready(self, name: str) -> bool:
        """Whether the kiosk says of a device with ``name`` in its own that it can be used."""
        return any(name in one["name"] and one["ok"] for one in self.state()["kiosk"]["devices"])

    def said(self) -> str:
        """What stands on all lanes, in English."""
        return " ".join(str(lane["message_en"]) for lane in self.state()["lanes"])

    def events(self) -> list[Event]:
        """What its journal holds."""
        return [events.decode(raw.encode()) for raw in self.guest.call("events")]

    def received(self) -> list[Received]:
        """Everything that came in."""
        bodies = [event.public.body for event in self.events()]
        return [body for body in bodies if isinstance(body, Received)]

    # --- what is plugged in ---------------------------------------------------------------------

    def enter(self, text: str) -> None:
        """A scan at the page."""
        key = self.state()["key"]
        self.guest.call("enter", ORIGIN, {KEY_HEADER: key, "Origin": ORIGIN}, text)

    def plug_scanner(self) -> str:
        """A scanner that types; its node, when the kiosk has it."""
        ids, words = ["0c2e", "0200"], ["Metrologic", SCANNER, "A1"]
        self.guest.call("make", "scanner", "keyboard", ids, words)
        self.guest.call("plug", "scanner")
        until("the scanner is ready", lambda: self.is_ready("Area_Imaging_Scanner"))
        [node] = self.guest.call("nodes", SCANNER)
        return str(node)

    def scan(self, text: str) -> None:
        """A code and Enter, two milliseconds a key.

        A scanner makes no pause, an emulated one may: the kiosk then rightly hears two codes that
        are none, and the code is scanned once more, as a person does at the "no" sound.
        """
        for _ in range(SCANS):
            last = self.last_sound()
            if self.guest.call("scan", "scanner", text + "\r") < PAUSE_MS:
                return
            with contextlib.suppress(AssertionError):  # it said nothing
                until("a sound", partial(self._has_sounded_since, last), deadline_s=3)
                if self.signal() in ("saved", "attention"):
                    return
        raise AssertionError("this machine is too busy to play a scanner")

    def _has_sounded_since(self, last: int) -> bool:
        return self.last_sound() > last

    def last_sound(self) -> int:
        """The number of the last sound."""
        return max((sound["no"] for sound in self.state()["sounds"]), default=0)

    def signal(self) -> str:
        """The last one."""
        sounds = self.state()["sounds"]
        return str(max(sounds, key=lambda sound: sound["no"])["signal"]) if sounds else ""

    def plug_printer(self) -> None:
        """A receipt printer on USB."""
        said = f"MFG:XPrinter;CMD:ESC/POS;MDL:{PRINTER};CLS:PRINTER;"
        words = ["XPrinter", PRINTER, "P1", said]
        self.guest.call("make", "printer", "printer", ["0416", "5011"], words)
        self.guest.call("plug", "printer")
        until("the printer is ready", lambda: self.is_ready("/dev/usb/lp0"))

    def labels(self) -> Counter[str]:
        """How often each code is on paper."""
        return Counter(code.text for piece in self.paper.codes() for code in piece)
