"""The kernel's input devices, through the evdev library: opened, grabbed, on the monotonic clock.

evdev is published as source. On x86_64 its built twin `evdev-binary` comes with our extra
``kiosk-hid``; elsewhere Debian's ``python3-evdev`` is used from where apt puts it, although a
virtual environment does not look there. It is loaded when the first scanner of this kind opens.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import importlib
import importlib.util
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from drivers.keymap import EV_KEY, EV_LED, LED_CAPSL, KeyEvent
from drivers.ports import DeviceError, Words

if TYPE_CHECKING:
    from types import ModuleType

DEBIAN: Final = Path("/usr/lib/python3/dist-packages/evdev/__init__.py")
_EVIOCSCLOCKID: Final = 0x400445A0
"""``_IOW('E', 0xa0, int)``: which clock stamps this handle's events."""
_MISSING: Final = Words(
    zh="缺少 evdev 软件：请安装 Debian 软件包 python3-evdev（或 make up EXTRAS=kiosk-hid）",
    en="the evdev library is missing: install the Debian package python3-evdev "
    "(or make up EXTRAS=kiosk-hid)",
)


def library(debian: Path = DEBIAN) -> ModuleType:
    """evdev, wherever it is. Raises `DeviceError` naming the package when it is nowhere."""
    with contextlib.suppress(ImportError):
        return importlib.import_module("evdev")
    if sys.base_prefix == "/usr" and debian.exists():
        # Only for Debian's own Python: it was compiled for that one.
        with contextlib.suppress(ImportError):
            return _load(debian)
    raise DeviceError(_MISSING)


def _load(init: Path) -> ModuleType:
    """The package whose ``__init__.py`` this is. Raises ImportError."""
    spec = importlib.util.spec_from_file_location(
        init.parent.name, init, submodule_search_locations=[str(init.parent)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(str(init))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError:
        sys.modules.pop(spec.name, None)
        raise
    return module


def open_grabbed(path: str) -> GrabbedDevice:
    """Raises OSError: not there, not allowed, no input device, or grabbed by another program."""
    evdev = library()
    device = evdev.InputDevice(path)
    try:
        if EV_KEY not in device.capabilities(absinfo=False):
            raise OSError(errno.ENOTTY, "no keys")
        device.grab()
    except OSError:
        device.close()
        raise
    return GrabbedDevice(device)


class GrabbedDevice:
    """A `drivers.scanner_evdev.KeyDevice` over `evdev.InputDevice`."""

    def __init__(self, device: Any) -> None:
        self._device: Final = device
        self.timed: Final = _use_monotonic_clock(device.fileno())

    def fileno(self) -> int:
        return int(self._device.fileno())

    def read(self) -> Iterable[KeyEvent]:
        events: Iterable[KeyEvent] = self._device.read()
        return events

    def caps_lamp_off(self) -> None:
        if LED_CAPSL in self._device.capabilities(absinfo=False).get(EV_LED, ()):
            self._device.set_led(LED_CAPSL, 0)

    def close(self) -> None:
        """The kernel lets go of the grab with the handle."""
        self._device.close()


def _use_monotonic_clock(handle: int) -> bool:
    """Stamps of the wall clock jump with it, and would cut a scan in two."""
    try:
        fcntl.ioctl(handle, _EVIOCSCLOCKID, struct.pack("i", time.CLOCK_MONOTONIC))
    except OSError:
        return False
    return True
