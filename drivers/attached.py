"""A scanner that comes and goes: one thread that waits for its device, serves it, and waits again.

What is common to every plugged-in scanner. Its `Line` knows bytes or keys; this knows time:

* Silence is measured from the last thing *taken from the kernel*, and what already waits there
  always counts as arrived: a reader held up by a busy machine never cuts a scan in two.
* An absent device is looked for when udev tells of a new one (`drivers.hotplug`), and every
  `retry_s` in case nobody tells. One that leaves is noticed by its line's error at once, or by its
  name's disappearance within a second.
* What stood half-read when the device left is told as unreadable and never joined to what comes
  next.
* A change of state is posted once, not at every look.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

from drivers.hotplug import Hotplug
from drivers.line_errors import error_number
from drivers.ports import DeviceError, DeviceState, Post, ScanRead, ScanUnreadable, Words
from drivers.scans import SILENCE_S

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
"""How often the name of a device in use is looked for."""
CONNECTED: Final = Words(zh="已连接", en="connected")
_BROKEN: Final = Words(
    zh="扫码枪程序出错，正在重试，请联系维护人员",
    en="the scanner's driver failed and tries again; tell whoever looks after the kiosk",
)


class Line(Protocol):
    """An open device."""

    @property
    def pending(self) -> int:
        """Characters that wait for their end, at least 1 while anything does."""

    @property
    def advice(self) -> Words | None:
        """What is set wrongly at a device that works all the same."""

    def fileno(self) -> int: ...

    def take(self) -> Iterable[ScanRead | ScanUnreadable]:
        """What has arrived. Raises OSError when the device is gone."""

    def silence(self) -> Iterable[ScanRead | ScanUnreadable]:
        """Nothing has arrived for 80 ms."""

    def close(self) -> None: ...


class AttachedScanner:
    """A `Scanner` over the lines that `connect` opens.

    `connect` raises OSError or `DeviceError` while the device cannot be had, and `why_not` puts
    an errno into words. `watch` is asked once, on the scanner's own thread, for udev's events.
    """

    def __init__(
        self,
        *,
        name: str,
        lane: str,
        path: str,
        post: Post,
        connect: Callable[[], Line],
        why_not: Callable[[int | None], Words],
        watch: Callable[[], Hotplug | None],
        retry_s: float,
    ) -> None:
        self.name: Final = name
        self.lane: Final = lane
        self._path = path
        self._post = post
        self._connect = connect
        self._why_not = why_not
        self._watch = watch
        self._retry_s = retry_s
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

    # --- the scanner's thread ---

    def _run(self) -> None:
        # Watched before the first look, so that nothing comes unseen in between.
        hotplug = self._watch()
        try:
            while not self._closing.is_set():
                try:
                    served = self._session(hotplug)
                except Exception:
                    # The end of a thread: a scanner whose driver died of a mistake of ours would
                    # otherwise be dead without a word to anybody.
                    log.exception("the driver of %s failed", self.name)
                    self._tell(False, _BROKEN)
                    served = False
                if not served:
                    self._wait(hotplug)
        finally:
            if hotplug is not None:
                hotplug.close()

    def _session(self, hotplug: Hotplug | None) -> bool:
        """From the device's coming to its going; whether it was there at all."""
        line = self._attach()
        if line is None:
            return False
        try:
            self._serve(line, hotplug)
        finally:
            with contextlib.suppress(OSError):
                line.close()
        return True

    def _attach(self) -> Line | None:
        try:
            line = self._connect()
        except DeviceError as error:
            self._tell(False, error.words)
        except OSError as error:
            self._tell(False, self._why_not(error_number(error)))
        else:
            self._tell(True, CONNECTED)
            return line
        return None

    def _wait(self, hotplug: Hotplug | None) -> None:
        """Until something was plugged in, or `retry_s`."""
        watched = [self._wake_read] if hotplug is None else [self._wake_read, hotplug.fileno()]
        ready, _, _ = select.select(watched, [], [], self._retry_s)
        if hotplug is not None and hotplug.fileno() in ready:
            hotplug.drain()

    def _serve(self, line: Line, hotplug: Hotplug | None) -> None:
        """Until the device leaves or `close`."""
        try:
            self._read(line, hotplug)
        except OSError:
            # evdev: ENODEV. A serial line: EIO, or pyserial's "device reports readiness to read
            # but returned no data" (its SerialException is an OSError).
            if line.pending and not self._closing.is_set():
                self._post(ScanUnreadable(self.lane, line.pending))
            self._tell(False, self._why_not(errno.ENODEV))

    def _read(self, line: Line, hotplug: Hotplug | None) -> None:
        watched = [line.fileno(), self._wake_read]
        if hotplug is not None:
            watched.append(hotplug.fileno())
        look_at = time.monotonic() + LOOK_S
        while not self._closing.is_set():
            ready, _, _ = select.select(watched, [], [], SILENCE_S if line.pending else LOOK_S)
            look = time.monotonic() >= look_at
            if line.fileno() in ready:
                self._hand_over(line, line.take())
            elif not ready:
                self._hand_over(line, line.silence())
            if hotplug is not None and hotplug.fileno() in ready:
                hotplug.drain()
                look = True
            if look:
                look_at = time.monotonic() + LOOK_S
                if not Path(self._path).exists():
                    raise OSError(errno.ENODEV, "the device is gone")

    def _hand_over(self, line: Line, scans: Iterable[ScanRead | ScanUnreadable]) -> None:
        for scan in scans:
            self._post(scan)
            self._tell(True, line.advice or CONNECTED)

    def _tell(self, ok: bool, detail: Words) -> None:
        """Posts a change; waiting for a device is told once, not at every look."""
        if self._told != (ok, detail) and not self._closing.is_set():
            self._told = (ok, detail)
            self._post(DeviceState(self.name, "scanner", ok, detail, self.lane))


def unplugged(path: str) -> Words:
    """What a person should look at first."""
    return Words(
        zh=f"扫码枪断开了，请检查插头（{path}）",
        en=f"the scanner is unplugged, check its plug ({path})",
    )


def refused(number: int | None, path: str, group: str, kind: Words) -> Words:
    """Why a device could not be had. `group` may use it; `kind` is what it should have been."""
    if number in (errno.EACCES, errno.EPERM):
        return Words(
            zh=f"没有使用 {path} 的权限（用户应属于 {group} 组）",
            en=f"no permission for {path} (the user belongs in group {group})",
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        return Words(zh=f"{path} 正被别的程序使用", en=f"another program is using {path}")
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
        return unplugged(path)
    return Words(zh=f"{path} 不能当{kind.zh}使用", en=f"{path} does not work as {kind.en}")
