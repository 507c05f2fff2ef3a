"""How bytes reach a printer: the contract of every link, and those that are a file descriptor.

Here are the serial line, the kernel's USB printer node and the file; `drivers.transport_network`
has raw TCP, `drivers.transport_usb` USB without a kernel driver. No printer language in here.

The rules of every link:

* **Bounded in time.** A link that takes no byte for `STALL_S` is stuck; an answer that does not
  come is empty. `close` from another thread ends whatever is under way within `SLICE_S`.
* **Broken means how far.** `LinkError.taken` is the most that can have reached the printer.
* **It opens when the first bytes are due**, and after a failure anew with the next ones, so a
  printer may be switched off and on again at will.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import struct
import termios
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from drivers.line_errors import as_os_errors, error_number
from drivers.link_faults import closed, gone, no_line, stuck
from drivers.port_status import LPGETSTATUS, PortStatus, port_status

if TYPE_CHECKING:
    from serial import Serial

STALL_S: Final = 5.0
"""A printer that takes no byte for this long is stuck: cover open, no paper, switched off."""
SLICE_S: Final = 0.05
"""A wait is cut into such pieces, between which it notices that it is to end."""
CHUNK_BYTES: Final = 1024
AHEAD_S: Final = 0.1
"""Wire time handed to the kernel at once. Less, and a busy machine leaves the wire idle between
two pieces; more, and after a break nobody knows whether the kernel or the printer had it."""
ANSWER_BYTES: Final = 64
MORE_S: Final = 0.005
"""An answer is one byte; this much later whatever else was under way has come."""

Silence = Literal["printed", "unknown"]


class Transport(Protocol):
    """A way to one printer. `close` may come from another thread; the rest may not."""

    @property
    def silence(self) -> Silence:
        """What it means when a job was taken and the device says nothing."""

    def send(self, data: bytes) -> None:
        """All of `data`, or a `LinkError` that says why not and how far."""

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        """Sends a request; what came back, empty for silence.

        `timeout_s` counts from when bytes that were sent before have passed the wire.
        Raises `DeviceError` when the device is gone.
        """

    def port(self) -> PortStatus | None:
        """What the link itself knows of the printer, beside the data; None where it does not.

        Raises `DeviceError` when the device is gone.
        """

    def drain(self) -> None:
        """Waits until what was sent has passed the wire, as far as that can be reckoned."""

    def pause(self, seconds: float) -> bool:
        """Waits at most `seconds`; whether the link was closed meanwhile."""

    def finish(self) -> None:
        """A job is over; a transport that serves one job a connection ends it."""

    def close(self) -> None:
        """Ends whatever is under way, for good."""


class _DescriptorTransport(ABC):
    """A link that is an open file: non-blocking writes in slices, answers where it can be read.

    With a `baud` rate, bytes are handed over at the pace of the line, `AHEAD_S` ahead of it: how
    far a job came is then known to within a hundred bytes instead of the kernel's four thousand.
    """

    def __init__(self, where: str, *, stall_s: float, baud: int | None = None) -> None:
        self._where: Final = where
        self._stall_s: Final = stall_s
        self._baud: Final = baud
        self._free_at = 0.0
        self._closed: Final = threading.Event()
        self._in_use: Final = threading.Lock()

    @property
    def silence(self) -> Silence:
        return "unknown"

    def send(self, data: bytes) -> None:
        with self._in_use:
            self._send(data)

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        with self._in_use:
            try:
                target = self._open()
                self._forget_answers(target)
                self._send(request)
                return self._answer(target, self._wire_free_at() + timeout_s)
            except OSError as error:
                self._drop()
                raise gone(self._where, error) from error

    def port(self) -> PortStatus | None:
        return None

    def drain(self) -> None:
        self.pause(self._wire_free_at() - time.monotonic())

    def pause(self, seconds: float) -> bool:
        return self._closed.wait(max(0.0, seconds))

    def close(self) -> None:
        self._closed.set()
        with self._in_use:
            self._drop()

    @abstractmethod
    def _open(self) -> int:
        """Its file descriptor, open and non-blocking. Raises `LinkError`."""

    @abstractmethod
    def _drop(self) -> None:
        """Closes the descriptor, throwing away what the kernel still holds."""

    def _room(self) -> int:
        """How many bytes to hand over next; waits for its turn."""
        if self._baud is None:
            return CHUNK_BYTES
        self.pause(self._free_at - time.monotonic() - AHEAD_S / 2)
        return max(16, int(self._baud / 10 * AHEAD_S / 2))

    def _sent(self, count: int) -> None:
        if self._baud is not None:
            # 8 data bits, a start and a stop bit.
            self._free_at = max(time.monotonic(), self._free_at) + count * 10 / self._baud

    def _wire_free_at(self) -> float:
        """When all that was sent has passed the wire (``time.monotonic``)."""
        return max(time.monotonic(), self._free_at)

    def _send(self, data: bytes) -> None:
        target = self._open()
        taken = 0
        while taken < len(data):
            room = self._room()
            try:
                count = self._write(target, data[taken : taken + room])
            except OSError as error:
                self._drop()
                raise gone(self._where, error, taken) from error
            if not count:
                taken -= min(taken, _unsent(target))
                said = None if self._closed.is_set() else self._port_of(target)
                self._drop()
                raise closed(taken) if self._closed.is_set() else stuck(self._where, taken, said)
            taken += count
            self._sent(count)

    def _port_of(self, target: int) -> PortStatus | None:
        """`port`, of what is open."""
        return None

    def _write(self, target: int, piece: bytes) -> int:
        """How many bytes it took; none when it is stuck or was closed."""
        until = time.monotonic() + self._stall_s
        while not self._closed.is_set():
            left = until - time.monotonic()
            if select.select([], [target], [], max(0.0, min(SLICE_S, left)))[1]:
                # Ready does not mean that there is room for this much.
                with contextlib.suppress(BlockingIOError):
                    return os.write(target, piece)
                self.pause(0.001)
            if left <= 0:
                break
        return 0

    def _forget_answers(self, target: int) -> None:
        """Throws away what came unasked or too late."""
        while select.select([target], [], [], 0)[0]:
            if not os.read(target, ANSWER_BYTES):
                raise OSError(errno.ENODEV, "hung up")

    def _answer(self, target: int, until: float) -> bytes:
        answer = b""
        while not self._closed.is_set():
            left = until - time.monotonic()
            ready, _, _ = select.select([target], [], [], max(0.0, min(SLICE_S, left)))
            if ready:
                piece = os.read(target, ANSWER_BYTES)
                if not piece:
                    # Readable without a byte is how a terminal says that it was hung up.
                    raise OSError(errno.ENODEV, "hung up")
                if not answer:
                    until = time.monotonic() + MORE_S
                answer += piece
            elif left <= 0:
                return answer
        raise closed()


def _unsent(target: int) -> int:
    """Bytes that the kernel surely still holds, of a terminal that can tell."""
    with contextlib.suppress(OSError):
        waiting = fcntl.ioctl(target, termios.TIOCOUTQ, struct.pack("i", 0))
        return int(struct.unpack("i", waiting)[0])
    return 0


class SerialTransport(_DescriptorTransport):
    """A serial line, RS-232 or USB; opened exclusively, 8 data bits, no parity."""

    def __init__(
        self,
        path: str,
        *,
        baud: int,
        flow: Literal["none", "rts", "xon"] = "none",
        stall_s: float = STALL_S,
    ) -> None:
        super().__init__(path, stall_s=stall_s, baud=baud)
        self._flow: Final = flow
        self._path: Final = path
        self._rate: Final = baud
        self._port: Serial | None = None

    def finish(self) -> None:
        """The line stays open and ours."""

    def _open(self) -> int:
        from serial import Serial

        if self._closed.is_set():
            raise closed()
        if self._port is None:
            try:
                with as_os_errors():
                    self._port = Serial(
                        self._path,
                        self._rate,
                        timeout=0,
                        exclusive=True,
                        rtscts=self._flow == "rts",
                        xonxoff=self._flow == "xon",
                    )
            except OSError as error:
                number = error_number(error)
                if number in (None, errno.ENOTTY, errno.EINVAL):
                    raise no_line(self._path) from error
                raise gone(self._path, OSError(number, str(error))) from error
            self._free_at = 0.0
        return self._port.fileno()

    def _drop(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            # Without this, the kernel waits half a minute at close for the line to drain.
            with contextlib.suppress(OSError), as_os_errors():
                port.reset_output_buffer()
            with contextlib.suppress(OSError):
                port.close()


def ask_node(target: int) -> int:
    """The byte of `drivers.port_status`, from usblp's node. Raises OSError where it is none, or
    does not answer."""
    answer = fcntl.ioctl(target, LPGETSTATUS, bytes(4))
    return int(struct.unpack("i", answer)[0]) & 0xFF


class UsbNodeTransport(_DescriptorTransport):
    """The kernel's printer node, such as ``/dev/usb/lp0`` (module usblp): both directions, and
    the kernel lets only one program have it.

    `ask_port` gives the byte of `drivers.port_status` for the open node, or raises OSError: then it
    is not asked again while the node is open, since a refusal may take the kernel five seconds.
    """

    def __init__(
        self,
        path: str,
        *,
        stall_s: float = STALL_S,
        ask_port: Callable[[int], int] = ask_node,
    ) -> None:
        super().__init__(path, stall_s=stall_s)
        self._path: Final = path
        self._ask_port: Final = ask_port
        self._target: int | None = None
        self._mute_port = False

    def port(self) -> PortStatus | None:
        with self._in_use:
            return self._port_of(self._open())

    def finish(self) -> None:
        """The node stays open and ours."""

    def _port_of(self, target: int) -> PortStatus | None:
        if self._mute_port:
            return None
        try:
            return port_status(self._ask_port(target))
        except OSError:
            self._mute_port = True
            return None

    def _open(self) -> int:
        if self._closed.is_set():
            raise closed()
        if self._target is None:
            flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            try:
                self._target = os.open(self._path, flags)
            except OSError as error:
                raise gone(self._path, error) from error
            self._mute_port = False
        return self._target

    def _drop(self) -> None:
        target, self._target = self._target, None
        if target is not None:
            with contextlib.suppress(OSError):
                os.close(target)


class FileTransport(_DescriptorTransport):
    """Appends to a file, or to a device that takes bytes and gives none; in a directory, writes
    one numbered file a job, its name ending in `suffix`.
    """

    def __init__(self, path: Path, *, suffix: str = "escpos", stall_s: float = STALL_S) -> None:
        super().__init__(str(path), stall_s=stall_s)
        self._path: Final = path
        self._suffix: Final = suffix
        self._target: int | None = None

    @property
    def silence(self) -> Silence:
        """What was written to a file stays there; a device may have lost it."""
        device = self._path.exists() and not (self._path.is_file() or self._path.is_dir())
        return "unknown" if device else "printed"

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        """A file has no answer, and a request would only be noise in it."""
        if self._closed.is_set():
            raise closed()
        return b""

    def finish(self) -> None:
        self._drop()

    def _drop(self) -> None:
        target, self._target = self._target, None
        if target is not None:
            os.close(target)

    def _open(self) -> int:
        if self._closed.is_set():
            raise closed()
        if self._target is None:
            path = _next_in(self._path, self._suffix) if self._path.is_dir() else self._path
            flags = (
                os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            )
            try:
                self._target = os.open(path, flags, 0o600)
            except OSError as error:
                raise gone(str(path), error) from error
        return self._target


def _next_in(directory: Path, suffix: str) -> Path:
    numbers = [int(p.stem) for p in directory.glob(f"*.{suffix}") if p.stem.isdecimal()]
    return directory / f"{max(numbers, default=0) + 1:06d}.{suffix}"
