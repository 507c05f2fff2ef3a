"""Scanners on a serial line: RS-232, or USB in its COM-port mode (CDC ACM).

Bytes become scans by the rules of `drivers.scans`; coming and going is `drivers.attached`'s.
The line is ours alone: a lock (flock) that others like us respect, and the kernel's own exclusive
mode (TIOCEXCL), which refuses every further open, a modem manager's for instance.
"""

from __future__ import annotations

import contextlib
import fcntl
import termios
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from drivers.attached import AttachedScanner, refused
from drivers.line_errors import as_os_errors
from drivers.ports import EndedBy, Post, ScanRead, ScanUnreadable, Words
from drivers.scans import ENDS, MAX_CHARACTERS, EndRule, finished

if TYPE_CHECKING:
    from serial import Serial

RETRY_S: Final = 0.5
_KIND: Final = Words(zh="串口", en="a serial line")


class SerialScanner(AttachedScanner):
    """Posts scans of one serial device to one lane."""

    def __init__(self, name: str, path: str, lane: str, post: Post, *, baud: int = 9600) -> None:
        rule = EndRule()
        super().__init__(
            name=name,
            lane=lane,
            path=path,
            post=post,
            connect=lambda: SerialLine(path, baud, lane, rule),
            why_not=partial(refused, path=path, group="dialout", kind=_KIND),
            # A look at one name twice a second costs less than a library that listens.
            watch=lambda: None,
            retry_s=RETRY_S,
        )


class SerialLine:
    """One open line. Raises OSError when it cannot be opened or is in use."""

    advice: Words | None = None

    def __init__(self, path: str, baud: int, lane: str, rule: EndRule) -> None:
        from serial import Serial

        with as_os_errors():
            self._port: Final[Serial] = Serial(path, baud, timeout=0, exclusive=True)
        try:
            fcntl.ioctl(self._port.fileno(), termios.TIOCEXCL)
        except OSError:
            self._port.close()
            raise
        self._gather: Final = _Gatherer(lane, rule)

    @property
    def pending(self) -> int:
        return self._gather.pending

    def fileno(self) -> int:
        return int(self._port.fileno())

    def take(self) -> Iterator[ScanRead | ScanUnreadable]:
        # A readable line without bytes is a hang-up; pyserial raises for it.
        with as_os_errors():
            data = self._port.read(MAX_CHARACTERS)
        return self._gather.take(data)

    def silence(self) -> Iterator[ScanRead | ScanUnreadable]:
        return self._gather.end("silence")

    def close(self) -> None:
        # Exclusive mode belongs to the line, not to our handle: it would outlive us while
        # anybody else still holds one.
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._port.fileno(), termios.TIOCNXCL)
        self._port.close()


class _Gatherer:
    """Bytes to scans."""

    def __init__(self, lane: str, rule: EndRule) -> None:
        self._lane = lane
        self._rule = rule
        self._bytes = bytearray()
        self._dropped = 0

    @property
    def pending(self) -> int:
        return self._dropped or len(self._bytes)

    def take(self, data: bytes) -> Iterator[ScanRead | ScanUnreadable]:
        for byte in data:
            ended_by = ENDS.get(chr(byte))
            if ended_by is not None:
                yield from self.end(ended_by)
            elif self._dropped:
                self._dropped += 1
            else:
                self._bytes.append(byte)
                if len(self._bytes) > MAX_CHARACTERS:
                    self._dropped = len(self._bytes)
                    self._bytes.clear()

    def end(self, ended_by: EndedBy) -> Iterator[ScanRead | ScanUnreadable]:
        """The scan is over."""
        dropped, self._dropped = self._dropped, 0
        if dropped:
            yield ScanUnreadable(self._lane, dropped)
            return
        text = self._bytes.decode("utf-8", errors="replace")
        self._bytes.clear()
        scan = finished(self._lane, text, ended_by, self._rule)
        if scan is not None:
            yield scan
