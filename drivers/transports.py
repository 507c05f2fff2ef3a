"""How bytes reach a printer: serial line, network, file. No ESC/POS in here.

Every call is bounded in time. A transport opens when the first bytes are due and, after a
failure, anew with the next ones, so a printer may be switched off and on again at will.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from drivers.line_errors import as_os_errors, error_number
from drivers.ports import DeviceError, Words

if TYPE_CHECKING:
    from serial import Serial

STALL_S: Final = 5.0
"""A printer that takes no byte for this long is stuck: cover open, no paper, switched off."""
CONNECT_S: Final = 3.0
CHUNK_BYTES: Final = 1024

Silence = Literal["printed", "unknown"]


class Transport(Protocol):
    """A way to one printer. `close` may come from another thread; the rest may not."""

    silence: Silence
    """What it means when a job was taken and the device says nothing."""

    def send(self, data: bytes) -> None:
        """All of `data`, or a `DeviceError` that says why not."""

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        """Sends a real-time request; the first byte of the answer, empty for silence.

        `timeout_s` counts from when bytes that were sent before have passed the wire.
        Raises `DeviceError` when the device is gone.
        """

    def finish(self) -> None:
        """A job is over; a transport that serves one job a connection ends it."""

    def close(self) -> None:
        """Ends whatever is under way, for good."""


def _gone(where: str, error: OSError) -> DeviceError:
    # pyserial gives no number when a line hangs up under it.
    if error.errno in (None, errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
        return DeviceError(
            Words(
                zh=f"找不到打印机 {where}，请检查电源和插头",
                en=f"printer {where} is away: check its power and plug",
            )
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return DeviceError(
            Words(
                zh=f"没有使用 {where} 的权限（用户应属于 dialout 或 lp 组）",
                en=f"no permission for {where} (the user belongs in group dialout or lp)",
            )
        )
    if error.errno in (errno.EBUSY, errno.EAGAIN):
        return DeviceError(
            Words(zh=f"{where} 正被别的程序使用", en=f"another program is using {where}")
        )
    reason = error.strerror or type(error).__name__
    return DeviceError(
        Words(zh=f"打印机 {where} 出错（{reason}）", en=f"printer {where}: {reason}")
    )


def _no_line(where: str) -> DeviceError:
    return DeviceError(
        Words(zh=f"{where} 不能当串口使用", en=f"{where} does not work as a serial line")
    )


def _stuck(where: str) -> DeviceError:
    return DeviceError(
        Words(
            zh=f"打印机 {where} 不接收数据，请检查纸和上盖",
            en=f"printer {where} takes no data: check its paper and cover",
        )
    )


def _closed() -> DeviceError:
    return DeviceError(Words(zh="打印机已关闭", en="the printer is closed"))


class SerialTransport:
    """A serial line, RS-232 or USB; opened exclusively, 8 data bits, no parity."""

    silence: Silence = "unknown"

    def __init__(self, path: str, *, baud: int, stall_s: float = STALL_S) -> None:
        self._path = path
        self._baud = baud
        self._stall_s = stall_s
        self._port: Serial | None = None
        self._closed = threading.Event()
        self._in_use = threading.Lock()
        self._wire_free_at = 0.0

    def send(self, data: bytes) -> None:
        with self._in_use:
            port = self._open()
            for start in range(0, len(data), CHUNK_BYTES):
                chunk = data[start : start + CHUNK_BYTES]
                self._write(port, chunk)
                now = time.monotonic()
                # 8 data bits, a start and a stop bit. The kernel and a USB adapter take bytes
                # faster than the line carries them; an answer can come only after them.
                self._wire_free_at = max(now, self._wire_free_at) + len(chunk) * 10 / self._baud

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        with self._in_use:
            port = self._open()
            try:
                with as_os_errors():
                    port.reset_input_buffer()
                self._write(port, request)
                now = time.monotonic()
                until = max(now, self._wire_free_at) + timeout_s
                ready, _, _ = select.select([port.fileno()], [], [], until - now)
                if not ready:
                    return b""
                if answer := os.read(port.fileno(), 1):
                    return answer
                # Readable without a byte is how a terminal says that it was hung up.
                raise OSError(errno.ENODEV, "hung up")
            except OSError as error:
                self._drop()
                raise _gone(self._path, error) from error

    def finish(self) -> None:
        """The line stays open and ours."""

    def close(self) -> None:
        self._closed.set()
        port = self._port
        if port is not None:
            with contextlib.suppress(OSError):
                port.cancel_write()
        with self._in_use:
            self._drop()

    def _open(self) -> Serial:
        from serial import Serial

        if self._closed.is_set():
            raise _closed()
        if self._port is None:
            try:
                with as_os_errors():
                    self._port = Serial(
                        self._path,
                        self._baud,
                        timeout=0,
                        write_timeout=self._stall_s,
                        exclusive=True,
                    )
            except OSError as error:
                number = error_number(error)
                if number in (None, errno.ENOTTY, errno.EINVAL):
                    raise _no_line(self._path) from error
                raise _gone(self._path, OSError(number, str(error))) from error
            self._wire_free_at = 0.0
        return self._port

    def _write(self, port: Serial, data: bytes) -> None:
        from serial import SerialTimeoutException

        try:
            written = port.write(data)
        except SerialTimeoutException as error:
            # Without this, the kernel waits half a minute at close for the line to drain.
            with contextlib.suppress(OSError), as_os_errors():
                port.reset_output_buffer()
            self._drop()
            raise _stuck(self._path) from error
        except OSError as error:
            self._drop()
            raise _gone(self._path, error) from error
        if written != len(data):
            # Only `close` from another thread cuts a write short.
            self._drop()
            raise _closed()

    def _drop(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError):
                port.close()


class TcpTransport:
    """A network printer's raw port; one connection a job, since an idle one may be dead
    without either side knowing, and swallow a label.
    """

    silence: Silence = "unknown"

    def __init__(self, host: str, port: int, *, stall_s: float = STALL_S) -> None:
        self._host = host
        self._port = port
        self._where = f"{host}:{port}"
        self._stall_s = stall_s
        self._socket: socket.socket | None = None
        self._closed = threading.Event()

    def send(self, data: bytes) -> None:
        connection = self._open()
        for start in range(0, len(data), CHUNK_BYTES):
            try:
                connection.sendall(data[start : start + CHUNK_BYTES])
            except TimeoutError as error:
                self.finish()
                raise _stuck(self._where) from error
            except OSError as error:
                self.finish()
                raise _closed() if self._closed.is_set() else _gone(self._where, error) from error

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        self.send(request)
        connection = self._open()
        try:
            ready, _, _ = select.select([connection], [], [], timeout_s)
            return connection.recv(1) if ready else b""
        except OSError as error:
            self.finish()
            raise _gone(self._where, error) from error

    def finish(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            connection.close()

    def close(self) -> None:
        self._closed.set()
        connection = self._socket
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _open(self) -> socket.socket:
        if self._closed.is_set():
            self.finish()
            raise _closed()
        if self._socket is None:
            try:
                self._socket = socket.create_connection((self._host, self._port), CONNECT_S)
            except OSError as error:
                away = OSError(errno.ENXIO, str(error))
                raise _gone(self._where, away) from error
            self._socket.settimeout(self._stall_s)
        return self._socket


class FileTransport:
    """Appends to a file, or to a kernel printer device such as ``/dev/usb/lp0``; in a directory,
    writes one numbered file a job.
    """

    def __init__(self, path: Path, *, stall_s: float = STALL_S) -> None:
        self._path = path
        self._stall_s = stall_s
        self._target: int | None = None
        self._closed = threading.Event()
        self.silence: Silence = "printed"

    def send(self, data: bytes) -> None:
        target = self._open()
        rest = memoryview(data)
        while rest:
            try:
                _, writable, _ = select.select([], [target], [], self._stall_s)
                if not writable:
                    self.finish()
                    raise _stuck(str(self._path))
                rest = rest[os.write(target, rest[:CHUNK_BYTES]) :]
            except OSError as error:
                self.finish()
                raise _gone(str(self._path), error) from error

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        """A file has no answer, and a request would only be noise in it."""
        if self._closed.is_set():
            raise _closed()
        return b""

    def finish(self) -> None:
        target, self._target = self._target, None
        if target is not None:
            os.close(target)

    def close(self) -> None:
        self._closed.set()

    def _open(self) -> int:
        if self._closed.is_set():
            self.finish()
            raise _closed()
        if self._target is None:
            path = _next_in(self._path) if self._path.is_dir() else self._path
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOCTTY | os.O_CLOEXEC
            try:
                self._target = os.open(path, flags, 0o600)
            except OSError as error:
                raise _gone(str(path), error) from error
            regular = stat.S_ISREG(os.fstat(self._target).st_mode)
            self.silence = "printed" if regular else "unknown"
        return self._target


def _next_in(directory: Path) -> Path:
    numbers = [int(p.stem) for p in directory.glob("*.escpos") if p.stem.isdecimal()]
    return directory / f"{max(numbers, default=0) + 1:06d}.escpos"
