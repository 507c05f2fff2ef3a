"""Scanners that type: USB keyboards by make, grabbed so that nobody else hears their keys.

The device is ours alone (EVIOCGRAB): no key reaches a console or a desktop, and no layout or input
method stands in between. `drivers.keymap` turns keys into runs, `drivers.scans` runs into scans,
`drivers.attached` sees to coming and going; here they meet.

`KeySource` is the port to the kernel. The real one is `drivers.evdev_source`; tests play recorded
streams of events through another.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, Protocol

from msgspec import structs

from drivers.attached import AttachedScanner, refused
from drivers.hotplug import Hotplug, watch
from drivers.keymap import EV_LED, LED_CAPSL, Decoded, KeyDecoder, KeyEvent, Lost
from drivers.ports import Post, ScanRead, ScanUnreadable, Words
from drivers.scans import EndRule, finished

RETRY_S: Final = 1.0
"""Only where udev is silent; else its event comes first."""
TYPES_NUMBERS: Final = Words(
    zh="扫码枪设成了 Alt+数字输入，又慢又容易出错：请扫设置页，把键盘布局设为美国英语",
    en="the scanner types every character as Alt and a number, which is slow and error-prone: "
    "scan the settings sheet and set its keyboard layout to USA",
)
_KIND: Final = Words(zh="键盘式扫码枪", en="a keyboard-type scanner")


class KeyDevice(Protocol):
    """An open and grabbed input device."""

    @property
    def timed(self) -> bool:
        """Whether its time stamps are monotonic."""

    def fileno(self) -> int: ...

    def read(self) -> Iterable[KeyEvent]:
        """What waits. Raises OSError (ENODEV) when the device is gone, BlockingIOError when
        nothing waits.
        """

    def caps_lamp_off(self) -> None:
        """Switches the device's Caps Lock lamp off. Raises OSError."""

    def close(self) -> None: ...


class KeySource(Protocol):
    """Opens and grabs. Raises OSError, or `DeviceError` where the library is missing."""

    def __call__(self, path: str) -> KeyDevice: ...


class EvdevScanner(AttachedScanner):
    """Posts scans of one input device to one lane."""

    def __init__(
        self,
        name: str,
        path: str,
        lane: str,
        post: Post,
        *,
        source: KeySource | None = None,
        hotplug: Callable[[], Hotplug | None] = lambda: watch("input"),
    ) -> None:
        rule = EndRule()
        super().__init__(
            name=name,
            lane=lane,
            path=path,
            post=post,
            connect=lambda: KeyLine((source or _real_source())(path), lane, rule),
            why_not=partial(refused, path=path, group="input", kind=_KIND),
            watch=hotplug,
            retry_s=RETRY_S,
        )


def _real_source() -> KeySource:
    from drivers.evdev_source import open_grabbed

    return open_grabbed


class KeyLine:
    """One open keyboard: a `drivers.attached.Line`."""

    def __init__(self, device: KeyDevice, lane: str, rule: EndRule) -> None:
        self._device: Final = device
        self._lane: Final = lane
        self._rule: Final = rule
        self._decoder: Final = KeyDecoder(timed=device.timed)
        self._by_numbers = False
        self._lamp_off()

    @property
    def pending(self) -> int:
        return self._decoder.pending

    @property
    def advice(self) -> Words | None:
        return TYPES_NUMBERS if self._by_numbers else None

    def fileno(self) -> int:
        return self._device.fileno()

    def take(self) -> Iterator[ScanRead | ScanUnreadable]:
        with contextlib.suppress(BlockingIOError):
            for event in self._device.read():
                if (event.type, event.code, event.value) == (EV_LED, LED_CAPSL, 1):
                    self._lamp_off()
                yield from self._told(self._decoder.take(event))

    def silence(self) -> Iterator[ScanRead | ScanUnreadable]:
        yield from self._told(self._decoder.silence())

    def close(self) -> None:
        self._device.close()

    def _lamp_off(self) -> None:
        """Another keyboard's Caps Lock lights this one's lamp too, and some scanners then send
        capitals for small letters to make up for it.
        """
        with contextlib.suppress(OSError):  # it has no such lamp
            self._device.caps_lamp_off()

    def _told(self, decoded: Decoded | None) -> Iterator[ScanRead | ScanUnreadable]:
        if decoded is None:
            return
        if isinstance(decoded, Lost):
            yield ScanUnreadable(self._lane, decoded.length)
            return
        self._by_numbers = decoded.by_numbers
        scan = finished(self._lane, decoded.text, decoded.ended_by, self._rule)
        if isinstance(scan, ScanRead) and decoded.by_numbers:
            scan = structs.replace(scan, by_numbers=True)
        if scan is not None:
            yield scan
