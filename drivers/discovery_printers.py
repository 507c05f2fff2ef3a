"""Printers that are plugged in, as URLs with the profile that their own words suggest. Pure.

`drivers.discovery` says which devices are printers; this says what they speak. The rules:

* **What a printer says of itself counts**: the command sets and the model of its IEEE 1284 device
  ID, which the kernel keeps beside every USB printer node, then udev's names.
* **A guess is plain.** What draws by itself or cuts must be named in the URL; a plain profile of
  58 mm comes out right on any printer that speaks the language.
* **A language is guessed, ESC/POS where nothing is said.** A label printer is taken to hold labels
  with a gap, as it leaves the shop.
* A USB printer without a kernel node is called by its vendor and product.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from drivers import discovery
from drivers.discovery import PluggedIn

DEVICE_ID: Final = "ieee1284_id"
"""The property of a `PluggedIn` that holds the device ID (the sysfs attribute's name)."""

_TSPL_SETS: Final = re.compile(r"\b(TSPL2?|TSPL-EZ|XPP|TSC)\b", re.IGNORECASE)
"""Command sets that label printers name; ``XPP,XL`` is Xprinter's and its relatives' word for TSPL
(Rollo, Marklife, Phomemo: the driver list of LPrint has their device IDs)."""
_TSPL_MODELS: Final = re.compile(
    r"label|\b(TSC|TTP|TDP|TE2\d\d|XP-?[34]\d\d[A-Z]*|GP-?[123]\d{3}T[A-Z]*|GS-?24\d\d)",
    re.IGNORECASE,
)
_WIDE: Final = re.compile(r"(?<!\d)80(?!\d)|(?<!\d)80mm|\bTM-?[TM]\d", re.IGNORECASE)
"""A model's name with 80 in it, and Epson's: the whole family takes 80 mm."""


class FoundPrinter(msgspec.Struct, frozen=True):
    """A printer, its URL with the suggested profile, and all the paths that lead to it."""

    url: str
    profile: str
    paths: frozenset[str]
    has_node: bool = True
    """False for a USB device that the kernel gives no printer node, or none yet."""


def printer_urls(devices: Sequence[PluggedIn]) -> tuple[FoundPrinter, ...]:
    """The printers among ``devices``, in the order of their URLs."""
    by_node = {device.node: device for device in devices}
    found = []
    nodes: set[tuple[str, str]] = set()
    for printer in discovery.printers(devices):
        device = next(by_node[path] for path in printer.paths if path in by_node)
        profile = suggested_profile(device.properties)
        nodes.add(_ids(device))
        found.append(FoundPrinter(f"{printer.url}?profile={profile}", profile, printer.paths))
    for device in devices:
        ids = _ids(device)
        if device.subsystem == "usb" and _prints(device) and all(ids) and ids not in nodes:
            nodes.add(ids)
            profile = suggested_profile(device.properties)
            url = f"usb:{ids[0]}:{ids[1]}?profile={profile}"
            found.append(FoundPrinter(url, profile, frozenset({device.node}), has_node=False))
    return tuple(sorted(found, key=lambda each: each.url))


def superfluous_names(devices: Sequence[PluggedIn]) -> frozenset[str]:
    """The names by vendor and product of printers that have a node after all."""
    nodes = [device for device in devices if device.subsystem == "usbmisc" and _prints(device)]
    return frozenset(f"usb:{vendor}:{product}" for vendor, product in map(_ids, nodes))


def suggested_profile(properties: Mapping[str, str]) -> str:
    """A plain profile's name for a printer with these properties."""
    said = parse_device_id(properties.get(DEVICE_ID, ""))
    names = (said.get("MDL", ""), said.get("DES", ""), properties.get("ID_MODEL", ""))
    words = " ".join(names).replace("_", " ")
    commands = said.get("CMD", "")
    if commands:
        tspl = _TSPL_SETS.search(commands) is not None and "ESC/POS" not in commands.upper()
    else:
        tspl = _TSPL_MODELS.search(words) is not None
    if tspl:
        return "tspl-58mm-gap"
    return "80mm" if _WIDE.search(words) else "58mm"


def parse_device_id(text: str) -> dict[str, str]:
    """``MFG:…;CMD:…;MDL:…;`` as a mapping with the short keys (IEEE 1284-2000, 7.6)."""
    long = {"MANUFACTURER": "MFG", "MODEL": "MDL", "COMMAND SET": "CMD", "DESCRIPTION": "DES"}
    found = {}
    for part in text.split(";"):
        key, colon, value = part.partition(":")
        if colon:
            key = key.strip().upper()
            found[long.get(key, key)] = value.strip()
    return found


def _ids(device: PluggedIn) -> tuple[str, str]:
    keys = ("ID_VENDOR_ID", "ID_MODEL_ID")
    vendor, product = (device.properties.get(key, "").lower() for key in keys)
    return vendor, product


def _prints(device: PluggedIn) -> bool:
    """USB class 7 (printer), subclass 1."""
    return ":0701" in device.properties.get("ID_USB_INTERFACES", "")
