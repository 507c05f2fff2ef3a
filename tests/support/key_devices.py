"""Keyboard-type scanners for tests: the kernel's end of an input device, played from recordings.

A socket stands for ``/dev/input/event…``: what is written into it are the kernel's own
``struct input_event``, and they come out as real `evdev.InputEvent` objects, built by the library's
own reader. What is not here, the grab and the ioctls, needs a real kernel device.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import pytest

from drivers import keymap
from drivers.keymap import EV_KEY, EV_SYN, LEFTALT, LEFTCTRL, LEFTSHIFT, SYN_REPORT, US
from drivers.ports import EndedBy
from drivers.scanner_evdev import KeyDevice

if TYPE_CHECKING:
    from types import TracebackType

    from evdev import InputEvent

_EVENT: Final = struct.Struct("@llHHi")
"""``struct input_event`` of a 64-bit Linux: seconds, microseconds, type, code, value."""
_KEYPAD: Final = {char: code for code, char in keymap.KEYPAD.items()}
_KEYS: Final = {
    char: (code, shift)
    for code in sorted(US, reverse=True)  # the usual key wins over the extra one of ISO
    for shift, char in enumerate(US[code])
}
END_KEYS: Final[dict[EndedBy, int]] = {"cr": 28, "tab": 15, "lf": 101}

Step = tuple[int, int]
"""A key and whether it goes down (1), up (0) or repeats (2)."""


def needs_evdev() -> None:
    """Skips where the library cannot be had without a compiler."""
    pytest.importorskip("evdev", reason="evdev has no wheel for this machine (docs/scanners.md)")


class Recorded(NamedTuple):
    """One line of a recording (docs/scanners.md)."""

    sec: int
    usec: int
    type: int
    code: int
    value: int


def recording(path: Path) -> list[Recorded]:
    """The events of a recorded stream."""
    _, *lines = path.read_text().splitlines()
    return [Recorded(*json.loads(line)) for line in lines]


def input_events(events: Iterable[Recorded]) -> Iterator[InputEvent]:
    """The same as the library's objects."""
    from evdev import InputEvent

    for event in events:
        yield InputEvent(*event)


def press(key: int, *modifiers: int) -> list[Step]:
    """A key pressed and released with modifiers held."""
    return [
        *((held, 1) for held in modifiers),
        (key, 1),
        (key, 0),
        *((held, 0) for held in reversed(modifiers)),
    ]


def typed(text: str, end: EndedBy = "cr", *, gs: str = "ctrl") -> list[Step]:
    """The keys of a scanner on a US keyboard. GS as ``ctrl`` (Ctrl+]), ``f8`` or ``alt``."""
    steps: list[Step] = []
    for char in text:
        if char == "\x1d":
            if gs == "ctrl":
                steps += press(27, LEFTCTRL)
            elif gs == "f8":
                steps += press(keymap.KEY_F8)
            else:
                steps += by_number("029")
        else:
            key, shift = _KEYS[char]
            steps += press(key, *([LEFTSHIFT] if shift else []))
    return steps + (press(END_KEYS[end]) if end != "silence" else [])


def by_number(number: str) -> list[Step]:
    """Alt and digits on the keypad."""
    digits = [step for digit in number for step in press(_KEYPAD[digit])]
    return [(LEFTALT, 1), *digits, (LEFTALT, 0)]


def stream(steps: Sequence[Step], *, start_us: int = 0, step_us: int = 1_000) -> list[Recorded]:
    """`steps` as the kernel reports them, each closed by a report, `step_us` apart."""
    events = []
    for number, (key, value) in enumerate(steps):
        sec, usec = divmod(start_us + number * step_us, 1_000_000)
        events.append(Recorded(sec, usec, EV_KEY, key, value))
        events.append(Recorded(sec, usec, EV_SYN, SYN_REPORT, 0))
    return events


class KeyScanner:
    """A scanner in a test's hand: `scan`, `unplug`, `plug`. `open` is its `KeySource`."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.lamp_switched_off = 0
        self._kernel: socket.socket | None = None
        self._waiting: socket.socket | None = None
        self._udev, self._udev_end = os.pipe()
        self.plug()

    # --- the hand ---

    def plug(self) -> None:
        self._kernel, self._waiting = socket.socketpair()
        self.path.touch()
        os.write(self._udev_end, b"add")

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        for end in (self._kernel, self._waiting):
            if end is not None:
                end.close()
        self._kernel = self._waiting = None
        os.write(self._udev_end, b"remove")

    def scan(self, text: str) -> None:
        self.press(typed(text))

    def press(self, steps: Sequence[Step]) -> None:
        """At once, stamped a millisecond apart from now."""
        self.play(stream(steps, start_us=time.monotonic_ns() // 1000))

    def play(self, events: Iterable[Recorded]) -> None:
        assert self._kernel is not None, "unplugged"
        self._kernel.sendall(b"".join(_EVENT.pack(*event) for event in events))

    # --- the kernel ---

    def open(self, path: str) -> KeyDevice:
        """The `drivers.scanner_evdev.KeySource` of this device. Raises OSError."""
        if path != str(self.path) or not self.path.exists():
            raise FileNotFoundError(errno.ENOENT, "no such device", path)
        if self._waiting is None:
            raise OSError(errno.EBUSY, "grabbed")
        socket_, self._waiting = self._waiting, None
        return _KeyDevice(self, socket_)

    def hotplug(self) -> _Hotplug:
        return _Hotplug(self._udev)

    def close(self) -> None:
        self.unplug()
        os.close(self._udev)
        os.close(self._udev_end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _KeyDevice:
    """What the scanner's driver holds of it."""

    timed = True

    def __init__(self, scanner: KeyScanner, end: socket.socket) -> None:
        self._scanner = scanner
        self._end = end
        self._end.setblocking(False)

    def fileno(self) -> int:
        return self._end.fileno()

    def read(self) -> Iterator[InputEvent]:
        from evdev import InputEvent
        from evdev.eventio import _input  # type: ignore[attr-defined]

        if not self._end.recv(1, socket.MSG_PEEK):
            raise OSError(errno.ENODEV, "No such device")
        for event in _input.device_read_many(self.fileno()):
            yield InputEvent(*event)

    def caps_lamp_off(self) -> None:
        self._scanner.lamp_switched_off += 1

    def close(self) -> None:
        self._end.close()


class _Hotplug:
    """udev's socket."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def fileno(self) -> int:
        return self._handle

    def drain(self) -> None:
        os.read(self._handle, 4096)

    def close(self) -> None:
        """The test's hand closes it."""
