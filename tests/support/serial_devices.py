"""A hand scanner and a thermal printer at the other end of a pseudo-terminal.

Each stands behind a stable path (a symbolic link, as udev's ``by-id`` links are) and can be
unplugged and plugged in again, which gives it a new pseudo-terminal behind the same path.
"""

import array
import fcntl
import os
import pty
import select
import termios
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image

from tests.support.paper import Code, PaperReader, read_codes


def wait_until(condition: Callable[[], bool], what: str, *, within_s: float = 10.0) -> None:
    """Polls; fails with `what` when it does not come true in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.005)


class SerialDevice:
    """The device's end of a serial line whose other end is `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ends: tuple[int, int] | None = None
        self.plug()

    def plug(self) -> None:
        device, host = pty.openpty()
        # Raw before anybody opens it: no echo, no newline translation. Our own handle on the
        # host's end stays open, so that a restart of the host is not a hang-up here.
        tty.setraw(host)
        self._ends = device, host
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.symlink_to(os.ttyname(host))
        fresh.replace(self.path)

    def unplug(self) -> None:
        """The path goes, and whoever holds the line open gets a hang-up."""
        if self._ends is None:
            return
        self.path.unlink(missing_ok=True)
        ends, self._ends = self._ends, None
        for end in ends:
            os.close(end)

    def write(self, data: bytes) -> None:
        assert self._ends is not None, "unplugged"
        os.write(self._ends[0], data)

    @property
    def device_end(self) -> int:
        assert self._ends is not None, "unplugged"
        return self._ends[0]

    def close(self) -> None:
        self.unplug()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class HandScanner(SerialDevice):
    """A scanner that ends every scan with CR, as they leave the factory."""

    def scan(self, text: str) -> None:
        self.write(text.encode() + b"\r")


class ThermalPrinter(SerialDevice):
    """Takes bytes like a thermal printer, keeps the paper, and answers status requests if
    `answers`. A byte that makes no sense ends its thread and is told by `pages`.
    """

    READY = 0b0001_0010
    PAPER_OUT = 0b0110_0000
    PAPER_LOW = 0b0000_1100

    def __init__(self, path: Path, *, answers: bool = True, width_dots: int = 384) -> None:
        self.answers = answers
        self.paper_bits = 0
        self.received = bytearray()
        self._reader = PaperReader(width_dots)
        self._fault: Exception | None = None
        self._lock = threading.Lock()
        self._handling = threading.Lock()
        self._stop = threading.Event()
        self._taking = threading.Event()
        self._taking.set()
        super().__init__(path)
        self._thread = threading.Thread(target=self._run, name="thermal printer", daemon=True)
        self._thread.start()

    def plug(self) -> None:
        with self._handling:
            super().plug()

    def unplug(self) -> None:
        # Not while the thread reads: the hang-up would wait for it, and the number of a
        # closed file may by then be another's.
        with self._handling:
            super().unplug()

    def jam(self) -> None:
        """Takes no more bytes, as with an open cover."""
        self._taking.clear()

    def free(self) -> None:
        self._taking.set()

    def bytes_waiting(self) -> int:
        """Bytes that lie ready and that the device has not taken (4 kB at most)."""
        count = array.array("i", [0])
        fcntl.ioctl(self.device_end, termios.FIONREAD, count)
        return count[0]

    def pages(self) -> list[Image.Image]:
        """Every finished piece of paper so far, 1-bit, 0 is black."""
        with self._lock:
            if self._fault is not None:
                raise self._fault
            return list(self._reader.pages)

    def codes(self) -> list[list[Code]]:
        """The codes on every page, read back by zxing-cpp."""
        return [read_codes(page) for page in self.pages()]

    def wait_for_pages(self, count: int, *, within_s: float = 10.0) -> list[Image.Image]:
        wait_until(lambda: len(self.pages()) >= count, f"{count} pages", within_s=within_s)
        return self.pages()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        super().close()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._ends is None or not self._taking.is_set():
                self._stop.wait(0.01)
                continue
            with self._handling:
                if self._ends is None:
                    continue
                end = self._ends[0]
                ready, _, _ = select.select([end], [], [], 0.02)
                if ready and self._taking.is_set():
                    self._take(os.read(end, 65536))
            self._stop.wait(0.001)  # lets `unplug` have the lock

    def _take(self, data: bytes) -> None:
        with self._lock:
            self.received += data
            asked = len(self._reader.requests)
            try:
                self._reader.feed(data)
            except ValueError as error:
                self._fault = error
                self._stop.set()
                return
            requests = self._reader.requests[asked:]
        if self.answers:
            for request in requests:
                bits = self.paper_bits if request == 4 else 0
                self.write(bytes([self.READY | bits]))
