"""A hand scanner at the other end of a pseudo-terminal (`tests.support.virtual_printer` has one
for printers).

Each stands behind a stable path (a symbolic link, as udev's ``by-id`` links are) and can be
unplugged and plugged in again, which gives it a new pseudo-terminal behind the same path.
"""

import os
import pty
import tty
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.processes import until


def wait_until(condition: Callable[[], bool], what: str, *, within_s: float = 30.0) -> None:
    """Polls; fails with `what` when it does not come true in time."""
    until(what, condition, deadline_s=within_s, pause_s=0.005)


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
