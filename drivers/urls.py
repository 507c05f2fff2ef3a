"""Devices are named by URL; this reads the URLs. Pure: nothing here touches a device.

Scanners   ``evdev:/dev/input/by-id/…``   ``serial:/dev/serial/by-id/…?baud=9600``   ``screen:``
           ``auto:`` (whatever is plugged in)
Printers   ``serial:/dev/…?baud=115200&profile=58mm&role=both``   ``usb:/dev/usb/lp0``
           ``usb:0416:5011``   ``network:HOST:9100``   ``file:PATH``   ``screen:``
           ``auto:`` (whatever is plugged in)
           (every printer takes ``profile``, ``role`` and ``roll``, those for labels ``length``
           and ``gap``)
Panels     ``gpio:``   ``gpio:?chip=4``   ``none:``

Parsing collects every fault before it complains, so that a command can refuse all of them at
once, before it has started anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from drivers.ports import BOTH_ROLES, DeviceKind, DeviceUrlError, PrinterProfile, Role
from drivers.url_reader import Flow, UrlReader

SCANNER_BAUD: Final = 9600
PRINTER_BAUD: Final = 115200
RAW_PRINT_PORT: Final = 9100
"""TCP port on which network printers take raw bytes (HP JetDirect; IANA: pdl-datastream)."""

# --------------------------------------------------------------------------------------
# What a URL becomes


class EvdevScannerUrl(msgspec.Struct, frozen=True):
    name: str
    path: str


class SerialScannerUrl(msgspec.Struct, frozen=True):
    name: str
    path: str
    baud: int = SCANNER_BAUD


class ScreenScannerUrl(msgspec.Struct, frozen=True):
    name: str = "screen:"


class AutoScannerUrl(msgspec.Struct, frozen=True):
    """Every scanner that is, or comes to be, plugged in: a lane each."""

    name: str = "auto:"
    besides: tuple[str, ...] = ()
    """Paths with another job: a printer behind an adapter looks like a scanner behind one."""


class SerialPrinterUrl(msgspec.Struct, frozen=True):
    name: str
    path: str
    baud: int = PRINTER_BAUD
    profile: PrinterProfile = PrinterProfile()
    roles: frozenset[Role] = BOTH_ROLES
    flow: Flow = "none"
    """How the printer stops us when its buffer is full: not at all, by the line RTS/CTS, or by the
    characters XOFF and XON. Whatever it is set to must stand here."""


class UsbPrinterUrl(msgspec.Struct, frozen=True):
    """The kernel's node at `path`, or else the device of that `vendor` and `product`."""

    name: str
    path: str | None = None
    vendor: int = 0
    product: int = 0
    profile: PrinterProfile = PrinterProfile()
    roles: frozenset[Role] = BOTH_ROLES


class NetworkPrinterUrl(msgspec.Struct, frozen=True):
    name: str
    host: str
    port: int = RAW_PRINT_PORT
    profile: PrinterProfile = PrinterProfile()
    roles: frozenset[Role] = BOTH_ROLES


class FilePrinterUrl(msgspec.Struct, frozen=True):
    name: str
    path: str
    profile: PrinterProfile = PrinterProfile()
    roles: frozenset[Role] = BOTH_ROLES


class ScreenPrinterUrl(msgspec.Struct, frozen=True):
    name: str = "screen:"
    profile: PrinterProfile = PrinterProfile()
    roles: frozenset[Role] = BOTH_ROLES


class AutoPrinterUrl(msgspec.Struct, frozen=True):
    """Every printer that is, or comes to be, plugged in."""

    name: str = "auto:"
    besides: tuple[str, ...] = ()
    """Paths with another job."""


class NullPanelUrl(msgspec.Struct, frozen=True):
    name: str = "none:"


class GpioPanelUrl(msgspec.Struct, frozen=True):
    name: str = "gpio:"
    chip: int | None = None
    """Which ``/dev/gpiochip``; None: the one of the 40-pin header."""


ScannerUrl: TypeAlias = EvdevScannerUrl | SerialScannerUrl | ScreenScannerUrl | AutoScannerUrl
PrinterUrl: TypeAlias = (
    SerialPrinterUrl | UsbPrinterUrl | NetworkPrinterUrl | FilePrinterUrl | ScreenPrinterUrl
)
PanelUrl: TypeAlias = NullPanelUrl | GpioPanelUrl


class Devices(msgspec.Struct, frozen=True):
    """Every device of a kiosk, parsed; an empty tuple where none was named."""

    scanners: tuple[ScannerUrl, ...]
    printers: tuple[PrinterUrl, ...]
    panel: PanelUrl
    auto_printers: AutoPrinterUrl | None = None


# --------------------------------------------------------------------------------------
# Parsing


def _read_scanner(reader: UrlReader) -> ScannerUrl | None:
    if not reader.check_scheme():
        return None
    result: ScannerUrl
    if reader.scheme == "evdev":
        result = EvdevScannerUrl(reader.name, reader.device_path())
    elif reader.scheme == "auto":
        reader.nothing_more()
        result = AutoScannerUrl()
    elif reader.scheme == "serial":
        result = SerialScannerUrl(reader.name, reader.device_path(), reader.baud(SCANNER_BAUD))
    else:
        reader.nothing_more()
        result = ScreenScannerUrl()
    reader.finish()
    return result


def _read_printer(reader: UrlReader) -> PrinterUrl | AutoPrinterUrl | None:
    if not reader.check_scheme():
        return None
    if reader.scheme == "auto":
        reader.nothing_more()
        reader.finish()
        return AutoPrinterUrl()
    profile = reader.profile()
    roles = reader.roles(profile)
    result: PrinterUrl
    if reader.scheme == "serial":
        path, baud = reader.device_path(), reader.baud(PRINTER_BAUD)
        result = SerialPrinterUrl(reader.name, path, baud, profile, roles, reader.flow())
    elif reader.scheme == "usb":
        result = _usb_printer(reader, profile, roles)
    elif reader.scheme == "network":
        host, port = _host_port(reader)
        result = NetworkPrinterUrl(reader.name, host, port, profile, roles)
    elif reader.scheme == "file":
        if not reader.rest:
            reader.fault("需要文件或目录路径", "needs the path of a file or a directory")
        result = FilePrinterUrl(reader.name, reader.rest, profile, roles)
    else:
        reader.nothing_more()
        result = ScreenPrinterUrl("screen:", profile, roles)
    reader.finish()
    return result


def _usb_printer(
    reader: UrlReader, profile: PrinterProfile, roles: frozenset[Role]
) -> UsbPrinterUrl:
    """``usb:/dev/usb/lp0`` or ``usb:VENDOR:PRODUCT``, four hexadecimal digits each."""
    if reader.rest.startswith("/"):
        return UsbPrinterUrl(reader.name, reader.rest, profile=profile, roles=roles)
    match = re.fullmatch(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})", reader.rest)
    if match is None:
        reader.fault(
            "应写成 usb:/dev/usb/lp0 或 usb:厂商:产品（各四位十六进制，见 lsusb），"
            "例如 usb:0416:5011",
            "should read usb:/dev/usb/lp0, or usb:VENDOR:PRODUCT (four hexadecimal digits each, "
            "as lsusb shows them), such as usb:0416:5011",
        )
        return UsbPrinterUrl(reader.name, profile=profile, roles=roles)
    return UsbPrinterUrl(reader.name, None, int(match[1], 16), int(match[2], 16), profile, roles)


def _read_panel(reader: UrlReader) -> PanelUrl | None:
    if not reader.check_scheme():
        return None
    reader.nothing_more()
    chip = reader.chip() if reader.scheme == "gpio" else None
    reader.finish()
    return GpioPanelUrl(chip=chip) if reader.scheme == "gpio" else NullPanelUrl()


def _host_port(reader: UrlReader) -> tuple[str, int]:
    """HOST, HOST:PORT, [IPV6] or [IPV6]:PORT."""
    rest = reader.rest
    if rest.startswith("["):
        host, bracket, after = rest[1:].partition("]")
        colon, port = after[:1], after[1:]
        well_formed = bool(bracket) and colon in ("", ":")
    else:
        host, colon, port = rest.partition(":")
        well_formed = ":" not in port
    if not well_formed or not host or "/" in host:
        reader.fault(
            "应写成 network:主机:端口，例如 network:192.0.2.5:9100",
            "should read network:HOST:PORT, such as network:192.0.2.5:9100",
        )
        return host, RAW_PRINT_PORT
    if not colon:
        return host, RAW_PRINT_PORT
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        reader.fault(f"端口 {port} 不在 1 到 65535 之间", f"port {port} is not from 1 to 65535")
        return host, RAW_PRINT_PORT
    return host, int(port)


def parse_scanner(url: str) -> ScannerUrl:
    """Raises `DeviceUrlError` with every fault of `url`."""
    reader = UrlReader("scanner", url)
    result = _read_scanner(reader)
    if result is None or reader.faults:
        raise DeviceUrlError(tuple(reader.faults))
    return result


def parse_printer(url: str) -> PrinterUrl:
    """Raises `DeviceUrlError` with every fault of `url`; ``auto:`` is no one printer."""
    reader = UrlReader("printer", url)
    result = _read_printer(reader)
    if isinstance(result, AutoPrinterUrl):
        reader.fault("不是一台打印机", "is not one printer")
        result = None
    if result is None or reader.faults:
        raise DeviceUrlError(tuple(reader.faults))
    return result


def parse_panel(url: str) -> PanelUrl:
    """Raises `DeviceUrlError` with every fault of `url`."""
    reader = UrlReader("panel", url)
    result = _read_panel(reader)
    if result is None or reader.faults:
        raise DeviceUrlError(tuple(reader.faults))
    return result


def parse_devices(
    scanners: Sequence[str] = (), printers: Sequence[str] = (), panel: str = "none:"
) -> Devices:
    """Everything at once. Raises one `DeviceUrlError` with every fault of every URL,
    the same device named twice included.
    """
    readers = [
        *(UrlReader("scanner", url) for url in scanners),
        *(UrlReader("printer", url) for url in printers),
        UrlReader("panel", panel),
    ]
    found_scanners: list[ScannerUrl] = []
    found_printers: list[PrinterUrl] = []
    found_panel: PanelUrl | None = None
    auto: AutoPrinterUrl | None = None
    for reader in readers:
        if reader.kind == "scanner":
            if (scanner := _read_scanner(reader)) is not None:
                if isinstance(scanner, AutoScannerUrl):
                    scanner = AutoScannerUrl(besides=_paths("printer", printers))
                found_scanners.append(scanner)
        elif reader.kind == "printer":
            printer = _read_printer(reader)
            if isinstance(printer, AutoPrinterUrl):
                auto = AutoPrinterUrl(besides=_paths("scanner", scanners))
            elif printer is not None:
                found_printers.append(printer)
        else:
            found_panel = _read_panel(reader)
    _refuse_repeats(readers)
    faults = tuple(fault for reader in readers for fault in reader.faults)
    if faults or found_panel is None:
        raise DeviceUrlError(faults)
    return Devices(tuple(found_scanners), tuple(found_printers), found_panel, auto)


def _paths(kind: DeviceKind, urls: Sequence[str]) -> tuple[str, ...]:
    readers = [UrlReader(kind, url) for url in urls]
    return tuple(reader.rest for reader in readers if reader.rest.startswith("/dev/"))


def _refuse_repeats(readers: Sequence[UrlReader]) -> None:
    """One device has one job; only the screen is both a scanner and a printer. Whatever is
    plugged in is all there is: beside ``auto:`` of its kind only the screen is named."""
    seen: set[tuple[str, str]] = set()
    for reader in readers:
        key = (reader.kind if reader.scheme in ("screen", "auto") else "any", reader.name)
        if key in seen:
            reader.fault("这个设备出现了两次", "this device is named twice")
        seen.add(key)
    for reader in readers:
        others = {other.scheme for other in readers if other.kind == reader.kind}
        if reader.scheme == "auto" and others - {"auto", "screen"}:
            reader.fault(
                "auto: 已包括所有接上的设备，只能与 screen: 并用",
                "auto: is whatever is plugged in; only screen: goes with it",
            )
