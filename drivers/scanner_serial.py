"""Scanners on a serial line: RS-232, or USB in its COM-port mode (CDC ACM).

One thread reads bytes; CR, LF, Tab or 80 ms of silence ends a scan. Silence is measured from the
last byte *taken from the kernel*, and a byte that already waits there always counts as arrived:
a reader held up by a busy machine therefore never cuts a scan in two. Only a sender that itself
pauses for 80 ms within a scan is cut; at 1,200 baud a character takes 8 ms.

An absent device is waited for, looked for twice a second. A device that leaves is noticed by the
line's hang-up at once, or by its name's disappearance within a second.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drivers.line_errors import as_os_errors, error_number
from drivers.ports import DeviceState, Post, ScanRead, ScanUnreadable, Words

if TYPE_CHECKING:
    from serial import Serial

SILENCE_S: Final = 0.080
MAX_BYTES: Final = 4096
"""Longest scan; a QR code holds 2,953 bytes. Longer runs are noise: a wrong baud rate, a loop."""
RETRY_S: Final = 0.5
LOOK_S: Final = 1.0
"""How often an idle line's device name is looked for."""

_ENDS: Final = b"\r\n\t"
_GS: Final = "\x1d"
_AIM: Final = re.compile(r"\A(\][A-Za-z][0-9A-Za-z])(?=.)", re.DOTALL)
"""AIM symbology identifier (ISO/IEC 15424), where the scanner is set to send one."""

_CONNECTED: Final = Words(zh="已连接", en="connected")


class SerialScanner:
    """Posts scans of one serial device to one lane."""

    def __init__(self, name: str, path: str, lane: str, post: Post, *, baud: int = 9600) -> None:
        self.name: Final = name
        self.lane: Final = lane
        self._path = path
        self._baud = baud
        self._post = post
        self._closing = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name=f"scanner {lane}", daemon=True)
        self._told: tuple[bool, Words] | None = None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        if self._closing.is_set():
            return
        self._closing.set()
        os.write(self._wake_write, b"x")
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    # --- the reader thread ---

    def _run(self) -> None:
        while not self._closing.is_set():
            port = self._open()
            if port is None:
                self._closing.wait(RETRY_S)
                continue
            self._tell(True, _CONNECTED)
            try:
                self._read(port)
            except OSError:
                # Hang-up: EIO, or pyserial's "device reports readiness to read but returned
                # no data" (its SerialException is an OSError).
                self._tell(False, self._unplugged())
            finally:
                with contextlib.suppress(OSError):
                    port.close()

    def _open(self) -> Serial | None:
        from serial import Serial

        try:
            with as_os_errors():
                return Serial(self._path, self._baud, timeout=0, exclusive=True)
        except OSError as error:
            self._tell(False, self._why_not(error_number(error)))
        return None

    def _read(self, port: Serial) -> None:
        """Until the device leaves (OSError) or `close`."""
        gather = _Gatherer(self.lane, self._post)
        look_at = time.monotonic() + LOOK_S
        while not self._closing.is_set():
            patience = SILENCE_S if gather.pending else LOOK_S
            ready, _, _ = select.select([port.fileno(), self._wake_read], [], [], patience)
            if port.fileno() in ready:
                # A readable line without bytes is a hang-up; pyserial raises for it.
                gather.take(port.read(MAX_BYTES))
            elif not ready:
                gather.silence()
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_S
                if not Path(self._path).exists():
                    raise OSError(errno.ENODEV, "the device is gone")

    def _tell(self, ok: bool, detail: Words) -> None:
        """Posts a change; waiting for a device is told once, not twice a second."""
        if self._told != (ok, detail) and not self._closing.is_set():
            self._told = (ok, detail)
            self._post(DeviceState(self.name, "scanner", ok, detail, self.lane))

    def _unplugged(self) -> Words:
        return Words(
            zh=f"扫码枪断开了，请检查插头（{self._path}）",
            en=f"the scanner is unplugged, check its plug ({self._path})",
        )

    def _why_not(self, number: int | None) -> Words:
        if number in (errno.EACCES, errno.EPERM):
            return Words(
                zh=f"没有使用 {self._path} 的权限（用户应属于 dialout 组）",
                en=f"no permission for {self._path} (the user belongs in group dialout)",
            )
        if number in (errno.EBUSY, errno.EAGAIN):
            return Words(
                zh=f"{self._path} 正被别的程序使用",
                en=f"another program is using {self._path}",
            )
        if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
            return self._unplugged()
        return Words(
            zh=f"{self._path} 不能当串口使用", en=f"{self._path} does not work as a serial line"
        )


class _Gatherer:
    """Bytes to scans."""

    def __init__(self, lane: str, post: Post) -> None:
        self._lane = lane
        self._post = post
        self._bytes = bytearray()
        self._dropped = 0

    @property
    def pending(self) -> bool:
        return bool(self._bytes or self._dropped)

    def take(self, data: bytes) -> None:
        for byte in data:
            if byte in _ENDS:
                self.silence()
            elif self._dropped:
                self._dropped += 1
            else:
                self._bytes.append(byte)
                if len(self._bytes) > MAX_BYTES:
                    self._dropped = len(self._bytes)
                    self._bytes.clear()

    def silence(self) -> None:
        """The scan is over, whatever ended it."""
        dropped, self._dropped = self._dropped, 0
        if dropped:
            self._post(ScanUnreadable(self._lane, dropped))
            return
        text = _decode(bytes(self._bytes))
        self._bytes.clear()
        if not text:
            return
        found = _AIM.match(text)
        if found:
            self._post(ScanRead(self._lane, text[found.end() :], found[1]))
        else:
            self._post(ScanRead(self._lane, text))


def _decode(data: bytes) -> str:
    """UTF-8, damaged sequences replaced; control characters go, except GS, which separates
    GS1 elements. (Framing such as STX and ETX is the scanner's, not the code's.)
    """
    text = data.decode("utf-8", errors="replace")
    return "".join(char for char in text if char == _GS or (char >= " " and char != "\x7f"))
