"""What is plugged in, as device URLs: a pure function of what udev says.

`plugged_in` (in `drivers.udev`) asks udev; this decides. The rules:

* **A person's keyboard is never taken on a guess.** An input device counts as a scanner when its
  maker makes scanners, or its name says that it is one. An unknown keyboard must be named.
* A serial line on USB counts as a scanner's by the same signs, or when it is a bare RS-232
  adapter: we only listen, which harms nothing behind it. A printer behind an adapter must be named.
* A device is called by its ``by-id`` name, which follows it from port to port. **Where two devices
  have the same by-id name** (cheap ones have no serial number) each is called by its port:
  ``by-path``.
* Printers are those of USB's printer class, and serial lines whose name says printer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

SCANNER_VENDORS: Final[Mapping[str, str]] = {
    "0536": "Hand Held Products (Honeywell)",
    "05e0": "Symbol Technologies (Zebra)",
    "05f9": "PSC Scanning (Datalogic)",
    "065a": "Optoelectronics (Opticon)",
    "080c": "Datalogic",
    "0c2e": "Metrologic Instruments (Honeywell)",
    "1eab": "Fujian Newland",
}
"""USB vendors that make nothing but scanners (http://www.linux-usb.org/usb.ids)."""
ADAPTER_VENDORS: Final[Mapping[str, str]] = {
    "0403": "FTDI", "067b": "Prolific", "10c4": "Silicon Labs CP210x", "1a86": "QinHeng CH340",
}  # fmt: skip
"""Makers of the chips in RS-232 adapters (the same list)."""

_SCANNER_WORDS: Final = re.compile(r"bar.?code|scanner|imager|2d.?reader", re.IGNORECASE)
_PRINTER_WORDS: Final = re.compile(r"printer|thermal|esc.?pos|tspl", re.IGNORECASE)
_PRINTER_INTERFACE: Final = ":0701"
"""USB class 7 (printer), subclass 1, in udev's ID_USB_INTERFACES."""


class PluggedIn(msgspec.Struct, frozen=True):
    """One device node: ``subsystem`` such as ``input``, its ``/dev`` node, udev's properties."""

    subsystem: str
    node: str
    properties: Mapping[str, str]


class Found(msgspec.Struct, frozen=True):
    """A device that can be used, how it is called, and all the paths that lead to it."""

    url: str
    path: str
    paths: frozenset[str]


def scanners(devices: Sequence[PluggedIn]) -> tuple[Found, ...]:
    """The scanners among ``devices``, in the order of their URLs."""
    return _named(
        [("evdev", device) for device in devices if _types_codes(device)]
        + [("serial", device) for device in devices if _sends_codes(device)]
    )


def printers(devices: Sequence[PluggedIn]) -> tuple[Found, ...]:
    """The printers among ``devices``, in the order of their URLs."""
    return _named(
        [("usb", device) for device in devices if _is_usb_printer(device)]
        + [("serial", device) for device in devices if _is_serial_printer(device)]
    )


def unknown_keyboards(devices: Sequence[PluggedIn]) -> tuple[Found, ...]:
    """Keyboards of which nobody can say whether a person types on them."""
    return _named(
        [("evdev", device) for device in devices if _is_keyboard(device) and not _scans(device)]
    )


def shared_paths(devices: Sequence[PluggedIn]) -> frozenset[str]:
    """Names that two devices claim, so that they name neither."""
    claims = Counter(path for device in devices for path in _links(device))
    return frozenset(path for path, count in claims.items() if count > 1)


def _named(candidates: Sequence[tuple[str, PluggedIn]]) -> tuple[Found, ...]:
    shared = shared_paths([device for _, device in candidates])
    found = []
    for scheme, device in candidates:
        links = [path for path in _links(device) if path not in shared]
        best = min(links, key=_preference, default=device.node)
        paths = frozenset((device.node, *links))
        # As `drivers.urls` reads it: these two characters would mean something there.
        written = best.replace("%", "%25").replace("?", "%3F")
        found.append(Found(f"{scheme}:{written}", best, paths))
    return tuple(sorted(found, key=lambda each: each.url))


def _links(device: PluggedIn) -> tuple[str, ...]:
    return tuple(device.properties.get("DEVLINKS", "").split())


def _preference(path: str) -> tuple[bool, bool, str]:
    return ("/by-id/" not in path, "/by-path/" not in path, path)


def _words(device: PluggedIn) -> str:
    keys = ("ID_VENDOR", "ID_MODEL", "ID_VENDOR_FROM_DATABASE", "ID_MODEL_FROM_DATABASE", "NAME")
    return " ".join(device.properties.get(key, "") for key in keys)


def _scans(device: PluggedIn) -> bool:
    vendor = device.properties.get("ID_VENDOR_ID", "").lower()
    return vendor in SCANNER_VENDORS or _SCANNER_WORDS.search(_words(device)) is not None


def _is_keyboard(device: PluggedIn) -> bool:
    return (
        device.subsystem == "input"
        and device.node.startswith("/dev/input/event")
        and device.properties.get("ID_INPUT_KEYBOARD") == "1"
    )


def _types_codes(device: PluggedIn) -> bool:
    return _is_keyboard(device) and _scans(device)


def _is_usb_line(device: PluggedIn) -> bool:
    return device.subsystem == "tty" and device.properties.get("ID_BUS") == "usb"


def _sends_codes(device: PluggedIn) -> bool:
    if not _is_usb_line(device) or _PRINTER_WORDS.search(_words(device)):
        return False
    return _scans(device) or device.properties.get("ID_VENDOR_ID", "").lower() in ADAPTER_VENDORS


def _is_usb_printer(device: PluggedIn) -> bool:
    return (
        device.subsystem == "usbmisc"
        and _PRINTER_INTERFACE in device.properties.get("ID_USB_INTERFACES", "")
    )  # fmt: skip


def _is_serial_printer(device: PluggedIn) -> bool:
    return _is_usb_line(device) and _PRINTER_WORDS.search(_words(device)) is not None
