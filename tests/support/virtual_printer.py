"""A printer that can be jammed: both languages, on any link, with a fault at any byte.

`VirtualPrinter` is the machine: it takes bytes, prints on `paper`, answers requests, and fails when
told to. `PtyPrinter` puts it behind a pseudo-terminal that carries bytes at a baud rate (a serial
line; as a kernel's printer node, the same without a rate), `TcpPrinter` behind a raw port.

What it is asked is answered as real ones do: status requests at once, ahead of what waits; the
ordered one when everything before it is on the paper.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import threading
import time
from pathlib import Path
from typing import Final, Literal

from PIL import Image

from drivers.link_faults import gone, stuck
from drivers.port_status import NO_ERROR, PAPER_EMPTY, SELECTED, PortStatus, port_status
from tests.support.escpos_head import EscposHead
from tests.support.paper import Code, read_codes
from tests.support.serial_devices import SerialDevice, wait_until
from tests.support.tspl_head import TsplHead

Fault = Literal["paper-out", "cover-open", "silence", "garbage", "disconnect", "power-cut"]
Language = Literal["escpos", "tspl"]

BUFFER_BYTES: Final = 4096
"""What a printer holds while it cannot print."""


class VirtualPrinter:
    """One printer. Safe to use from the link's thread and the test's.

    `label_rows` is the length of a label and its gap for ESC/POS, None for continuous paper.
    """

    def __init__(
        self,
        language: Language = "escpos",
        *,
        width: int = 384,
        label_rows: int | None = None,
        chinese: bool = False,
        answers: bool = True,
        ordered: bool = True,
    ) -> None:
        self.language: Final = language
        self.answers = answers
        self.ordered = ordered
        self.garbage = False
        self.paper_out = False
        self.paper_low = False
        self.cover_open = False
        self.error = False
        self.connected = True
        self.on = True
        self.taken = 0
        """Bytes that have come since it was built or `arm` was called."""
        self.last_byte_at = 0.0
        """When the last of them had passed the wire (``time.monotonic``)."""
        self._arrivals: list[tuple[int, float]] = []
        self.busy_s = 0.0
        """How long a TSPL printer says that it is printing."""
        self._busy_until = 0.0
        self._fault: tuple[int, Fault] | None = None
        self._held = bytearray()
        self._tail = b""
        self._out = bytearray()
        self._lock = threading.RLock()
        self._head: EscposHead | TsplHead
        if language == "escpos":
            self._head = EscposHead(width, self._in_order, label_rows=label_rows)
        else:
            self._head = TsplHead(width, self._prints, chinese=chinese)

    # --- what a test does to it ---

    def arm(self, fault: Fault, at: int) -> None:
        """`fault` strikes when `at` more bytes have been taken."""
        with self._lock:
            self.taken = 0
            self._fault = (at, fault)

    def mend(self) -> None:
        """A new roll, a shut cover, the plug in again; what it held goes on to the paper."""
        with self._lock:
            self.paper_out = self.cover_open = self.error = False
            self.garbage = False
            self.answers = self.connected = True
            self._fault = None
            if not self.on:
                self.on = True
            held = bytes(self._held)
            self._held.clear()
            if held:
                self._head.feed(held)

    def power_off(self) -> None:
        """Everything but the paper is gone."""
        with self._lock:
            self.on = False
            self._held.clear()
            self._out.clear()
            self._tail = b""
            self._head.power_off()

    # --- what a test sees ---

    @property
    def pieces(self) -> list[Image.Image]:
        """Every piece of paper that somebody could hold, oldest first."""
        with self._lock:
            return self._head.paper.pieces

    @property
    def pages(self) -> list[Image.Image]:
        """Those of them that are finished: cut, begun anew, or followed by a question."""
        with self._lock:
            return self._head.paper.pages

    @property
    def texts(self) -> list[str]:
        """What its own letters say on each of `pages`."""
        with self._lock:
            return self._head.paper.texts

    @property
    def strays(self) -> bytes:
        """Bytes that came out as rubbish, or would have."""
        with self._lock:
            return bytes(self._head.strays)

    @property
    def commands(self) -> list[str]:
        """Names of what it understood."""
        with self._lock:
            return list(self._head.commands)

    @property
    def idle(self) -> bool:
        """Whether it waits for the rest of nothing."""
        with self._lock:
            return self._head.idle and not self._held

    def codes(self) -> list[list[Code]]:
        """The codes on each piece of paper, as zxing-cpp reads them."""
        return [read_codes(piece) for piece in self.pieces]

    def wait_for_pages(self, count: int, *, within_s: float = 60.0) -> list[Image.Image]:
        """The finished pages, when there are so many."""
        wait_until(lambda: len(self.pages) >= count, f"{count} pages", within_s=within_s)
        return self.pages

    def arrived_at(self, count: int) -> float:
        """When the `count`th byte had passed the wire (``time.monotonic``)."""
        with self._lock:
            return next(at for taken, at in self._arrivals if taken >= count)

    # --- the link's side ---

    def arrived(self, at: float) -> None:
        """The link says when the bytes that it just handed over had passed the wire."""
        with self._lock:
            self.last_byte_at = at
            self._arrivals.append((self.taken, at))

    @property
    def room(self) -> int:
        """Bytes that it would take now."""
        with self._lock:
            if self._stopped():
                return max(0, BUFFER_BYTES - len(self._held))
            return BUFFER_BYTES

    def take(self, data: bytes) -> int:
        """Bytes from the wire; how many were taken before it was gone."""
        with self._lock:
            taken = 0
            if self._fault is not None and self.taken + len(data) >= self._fault[0]:
                before = max(0, self._fault[0] - self.taken)
                taken = self._receive(data[:before])
                data = data[before:]
                fault, self._fault = self._fault[1], None
                self._strike(fault)
            return taken + self._receive(data)

    def answer(self) -> bytes:
        """What it sends back, once."""
        with self._lock:
            out = bytes(self._out)
            self._out.clear()
            return out

    @property
    def port_byte(self) -> int:
        """What a USB interface answers for it, beside the data."""
        with self._lock:
            byte = PAPER_EMPTY if self.paper_out else 0
            byte |= 0 if self.cover_open else SELECTED
            return byte | (0 if self.cover_open or self.error else NO_ERROR)

    def _receive(self, data: bytes) -> int:
        if not self.connected:
            return 0
        self.taken += len(data)
        if not self.on:
            return len(data)
        self._requests(data)
        if self._stopped():
            self._held += data
        else:
            self._head.feed(data)
        return len(data)

    def _stopped(self) -> bool:
        return self.paper_out or self.cover_open or self.error

    def _strike(self, fault: Fault) -> None:
        match fault:
            case "paper-out":
                self.paper_out = True
            case "cover-open":
                self.cover_open = True
            case "silence":
                self.answers = False
            case "garbage":
                self.garbage = True
            case "disconnect":
                # A printer on the bus's power is off when it is unplugged.
                self.power_off()
                self.connected = False
            case "power-cut":
                self.power_off()

    def _requests(self, data: bytes) -> None:
        """Those that are answered when they arrive, wherever they stand."""
        stream = self._tail + data
        if self.language == "escpos":
            for at in range(len(stream) - 2):
                if stream[at : at + 2] == b"\x10\x04" and at + 3 > len(self._tail):
                    self._say(self._escpos_status(stream[at + 2]))
        else:
            for at in range(len(stream) - 2):
                if at + 3 <= len(self._tail):
                    continue
                if stream[at : at + 3] == b"\x1b!?":
                    self._say(self._tspl_status())
                elif stream[at : at + 2] in (b"\x1b!", b"~!"):
                    # Restart, dump mode and worse: no job of ours may hold one.
                    self._head.strays += stream[at : at + 3]
        self._tail = stream[-2:]

    def _say(self, status: int) -> None:
        if self.answers:
            self._out += b"\xffA\x00" if self.garbage else bytes([status])

    def _escpos_status(self, which: int) -> int:
        if which == 4:
            return 0x12 | (0x60 if self.paper_out else 0) | (0x0C if self.paper_low else 0)
        cover = 0x04 if self.cover_open else 0
        return 0x12 | cover | (0x20 if self.paper_out else 0) | (0x40 if self.error else 0)

    def _in_order(self, which: int) -> None:
        if self.ordered and which == 1:
            self._say((0x0C if self.paper_out else 0) | (0x03 if self.paper_low else 0))

    def _tspl_status(self) -> int:
        status = (1 if self.cover_open else 0) | (4 if self.paper_out else 0)
        if self.error:
            return 0x80
        return status or (0x20 if time.monotonic() < self._busy_until else 0)

    def _prints(self, rows: int) -> None:
        self._busy_until = time.monotonic() + self.busy_s


class PtyPrinter(SerialDevice):
    """A virtual printer behind `path`; with `baud` the line carries 10 bits a byte at that rate."""

    def __init__(self, path: Path, printer: VirtualPrinter, *, baud: int | None = None) -> None:
        self.printer: Final = printer
        self._baud = baud
        self._handling = threading.Lock()
        self._stop = threading.Event()
        super().__init__(path)
        self._thread = threading.Thread(target=self._run, name="printer on a pty", daemon=True)
        self._thread.start()

    def plug(self) -> None:
        with self._handling:
            super().plug()

    def unplug(self) -> None:
        with self._handling:
            super().unplug()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        super().close()

    def _run(self) -> None:
        rate = self._baud / 10 if self._baud else None
        most = max(1, int(rate * 0.004)) if rate else 4096
        free_at = time.monotonic()
        waiting = False
        while not self._stop.is_set():
            with self._handling:
                end = self._ends[0] if self._ends is not None else None
                room = min(most, self.printer.room)
                data = b""
                if end is not None and room and select.select([end], [], [], 0.005)[0]:
                    with contextlib.suppress(OSError):
                        data = os.read(end, room)
            if not data:
                waiting = False
                # Not while the lock is held: it lets `unplug` in.
                self._stop.wait(0.001 if end is not None and room else 0.01)
                continue
            if rate:
                # Bytes that lay ready follow each other without a gap, however late we look.
                start = free_at if waiting else max(free_at, time.monotonic())
                free_at = start + len(data) / rate
                self._stop.wait(max(0.0, free_at - time.monotonic()))
            self.printer.take(data)
            self.printer.arrived(free_at if rate else time.monotonic())
            if said := self.printer.answer():
                with self._handling, contextlib.suppress(OSError):
                    if self._ends is not None:
                        os.write(self._ends[0], said)
            if not self.printer.connected:
                self.unplug()
            with self._handling:
                end = self._ends[0] if self._ends is not None else None
                waiting = end is not None and bool(select.select([end], [], [], 0)[0])


class TcpPrinter:
    """A virtual printer's raw port on the loopback, one connection at a time."""

    def __init__(self, printer: VirtualPrinter) -> None:
        self.printer: Final = printer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="printer on TCP", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            # Little room, so that a printer that takes nothing is felt.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            with connection, contextlib.suppress(OSError):
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        while not self._stop.is_set():
            room = self.printer.room
            if not room or not select.select([connection], [], [], 0.02)[0]:
                self._stop.wait(0.005)
                continue
            data = connection.recv(room)
            if not data:
                return
            self.printer.take(data)
            self.printer.arrived(time.monotonic())
            if not self.printer.connected:
                # A reset, as from a printer that lost its power.
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return
            if said := self.printer.answer():
                connection.sendall(said)


class DirectLink:
    """A virtual printer without any wire between: for a break at each of a thousand bytes.

    `ahead` is how many bytes a kernel would still have taken before it noticed the break; a break
    is then reported with so many bytes more than the printer got.
    """

    def __init__(self, printer: VirtualPrinter, *, ahead: int = 0) -> None:
        self.printer: Final = printer
        self._ahead: Final = ahead
        self._closed = False

    @property
    def silence(self) -> Literal["printed", "unknown"]:
        return "unknown"

    def send(self, data: bytes) -> None:
        taken = 0
        for start in range(0, len(data), 256):
            piece = data[start : start + 256]
            room = self.printer.room
            got = self.printer.take(piece[:room])
            taken += got
            if not self.printer.connected:
                most = min(len(data), taken + self._ahead)
                raise gone("the virtual printer", OSError(errno.ENODEV, "gone"), most)
            if got < len(piece):
                raise stuck("the virtual printer", min(len(data), taken + self._ahead))

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        self.printer.answer()
        self.send(request)
        return self.printer.answer()

    def port(self) -> PortStatus | None:
        return port_status(self.printer.port_byte)

    def drain(self) -> None:
        """There is no wire."""

    def pause(self, seconds: float) -> bool:
        """No time passes here."""
        return self._closed

    def finish(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        self._closed = True
