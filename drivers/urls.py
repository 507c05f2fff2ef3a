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

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias, TypeVar
from urllib.parse import unquote

import msgspec

from drivers.ports import (
    BOTH_ROLES,
    DeviceKind,
    DeviceUrlError,
    PrinterProfile,
    Role,
    Words,
)
from drivers.profiles import FORM, PROFILES, find_profile

BAUD_RATES: Final = (
    1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600,
)  # fmt: skip
SCANNER_BAUD: Final = 9600
PRINTER_BAUD: Final = 115200
LABEL_LENGTHS_MM: Final = (30.0, 300.0)
"""On less, a label in two languages with a note does not fit."""
GAPS_MM: Final = (1.0, 20.0)
ROLLS_MM: Final = (1_000, 200_000)
"""From a pocket printer's roll to the largest that a printer of this kind takes."""
RAW_PRINT_PORT: Final = 9100
"""TCP port on which network printers take raw bytes (HP JetDirect; IANA: pdl-datastream)."""

SCHEMES: Final[Mapping[DeviceKind, tuple[str, ...]]] = {
    "scanner": ("evdev", "serial", "screen", "auto"),
    "printer": ("serial", "usb", "network", "file", "screen", "auto"),
    "panel": ("gpio", "none"),
}
LATER: Final[Mapping[DeviceKind, frozenset[str]]] = {
    "scanner": frozenset({"usb"}),
    "printer": frozenset(),
    "panel": frozenset(),
}
"""Schemes the project has a place for, but no driver in this release."""

_KIND_ZH: Final[Mapping[DeviceKind, str]] = {
    "scanner": "扫码枪",
    "printer": "打印机",
    "panel": "指示灯",
}
Flow: TypeAlias = Literal["none", "rts", "xon"]
_FLOWS: Final[Mapping[str, Flow]] = {"none": "none", "rts": "rts", "xon": "xon"}
_ROLES: Final[Mapping[str, frozenset[Role]]] = {
    "label": frozenset({"label"}),
    "receipt": frozenset({"receipt"}),
    "both": BOTH_ROLES,
}


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


class _Reader:
    """One URL taken apart; collects its faults."""

    def __init__(self, kind: DeviceKind, url: str) -> None:
        self.kind: Final = kind
        self.url: Final = url.strip()
        self.faults: Final[list[Words]] = []
        head, _, query = self.url.partition("?")
        scheme, colon, rest = head.partition(":")
        self.scheme: Final = scheme.lower() if colon else ""
        self.rest: Final = unquote(rest)
        self.name: Final = head
        self._query: Final[dict[str, str]] = {}
        self._allowed: Final[list[str]] = []
        for part in filter(None, query.split("&")):
            key, equals, value = part.partition("=")
            if not equals:
                self.fault(f"“{part}”应写成 名称=值", f"'{part}' should read name=value")
            elif key in self._query:
                self.fault(f"参数 {key} 出现了两次", f"parameter {key} is given twice")
            else:
                self._query[key] = unquote(value)

    def fault(self, zh: str, en: str) -> None:
        kind_zh = _KIND_ZH[self.kind]
        self.faults.append(
            Words(zh=f"{kind_zh} {self.url}：{zh}", en=f"{self.kind} {self.url}: {en}")
        )

    def check_scheme(self) -> bool:
        """Whether the scheme has a driver here; a fault if not."""
        known = SCHEMES[self.kind]
        if self.scheme in known:
            return True
        listed = "、".join(f"{name}:" for name in known)
        listed_en = ", ".join(f"{name}:" for name in known)
        if self.scheme in LATER[self.kind]:
            self.fault(
                f"本版本还不支持 {self.scheme}:，可用的有 {listed}",
                f"{self.scheme}: is not in this release; there is {listed_en}",
            )
        elif not self.scheme:
            self.fault(
                f"缺少类型，应以 {listed} 之一开头", f"has no scheme; begin with {listed_en}"
            )
        else:
            zh, en = _nearest(self.scheme, known, ":")
            self.fault(
                f"未知类型 {self.scheme}:{zh}，可用的有 {listed}",
                f"unknown scheme {self.scheme}:{en}; there is {listed_en}",
            )
        return False

    def device_path(self) -> str:
        if not self.rest.startswith("/"):
            examples = {"evdev": "/dev/input/by-id/…-event-kbd"}
            example = f"{self.scheme}:{examples.get(self.scheme, '/dev/ttyUSB0')}"
            self.fault(
                f"需要以 / 开头的设备路径，例如 {example}",
                f"needs a device path from the root, such as {example}",
            )
        return self.rest

    def nothing_more(self) -> None:
        if self.rest:
            self.fault(f"{self.scheme}: 后面不应有内容", f"nothing belongs after {self.scheme}:")

    def baud(self, default: int) -> int:
        value = self._take("baud")
        if value is None:
            return default
        if not (value.isascii() and value.isdigit()) or int(value) not in BAUD_RATES:
            rates = ", ".join(map(str, BAUD_RATES))
            self.fault(
                f"baud={value} 不是可用的速率（{rates}）", f"baud={value} is none of {rates}"
            )
            return default
        return int(value)

    def chip(self) -> int | None:
        value = self._take("chip")
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 3):
            self.fault(f"chip={value} 应是 0 到 999", f"chip={value} is not from 0 to 999")
            return None
        return int(value)

    def profile(self) -> PrinterProfile:
        """The profile, its label's length and gap where the media has them."""
        value = self._take("profile")
        found = PrinterProfile() if value is None else find_profile(value)
        if found is None:
            zh, en = _nearest(str(value), PROFILES)
            self.fault(
                f"profile={value} 无效{zh}（写法：{FORM}）",
                f"profile={value} is not valid{en} (written {FORM})",
            )
            for key in ("roll", "length", "gap"):
                self._take(key)
            return PrinterProfile()
        found = msgspec.structs.replace(found, roll_mm=self._roll())
        if found.media == "continuous":
            return found
        return msgspec.structs.replace(
            found,
            label_mm=self._millimetres("length", found.label_mm, LABEL_LENGTHS_MM),
            gap_mm=self._millimetres("gap", found.gap_mm, GAPS_MM),
        )

    def _roll(self) -> float:
        """Millimetres of a new roll; 0: it is not said."""
        value = self._take("roll")
        if value is None:
            return 0.0
        least, most = ROLLS_MM
        number = int(value) if re.fullmatch(r"[0-9]{1,6}", value) else -1
        if not least <= number <= most:
            self.fault(
                f"roll={value} 应为 {least} 到 {most} 毫米",
                f"roll={value} should be from {least} to {most} mm",
            )
            return 0.0
        return float(number)

    def _millimetres(self, key: str, default: float, limits: tuple[float, float]) -> float:
        value = self._take(key)
        if value is None:
            return default
        least, most = limits
        number = float(value) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", value) else -1.0
        if not least <= number <= most:
            self.fault(
                f"{key}={value} 应为 {least:g} 到 {most:g} 毫米",
                f"{key}={value} should be from {least:g} to {most:g} mm",
            )
            return default
        return number

    def flow(self) -> Flow:
        return self._choice("flow", _FLOWS, "none")

    def roles(self, profile: PrinterProfile) -> frozenset[Role]:
        """Labels only where the paper is labels: a receipt is longer than any."""
        labels = profile.media != "continuous"
        roles = self._choice("role", _ROLES, "label" if labels else "both")
        if labels and "receipt" in roles:
            self.fault(
                f"{profile.name} 是标签纸，只能 role=label；收据需要连续纸的打印机",
                f"{profile.name} holds labels, so role=label; "
                "receipts need a printer with continuous paper",
            )
        return roles

    def _choice(self, key: str, choices: Mapping[str, _T], default: str) -> _T:
        value = self._take(key)
        if value is None:
            return choices[default]
        if value not in choices:
            zh, en = _nearest(value, choices)
            listed = ", ".join(choices)
            self.fault(
                f"{key}={value} 无效{zh}（可选：{listed}）",
                f"{key}={value} is not valid{en} (one of {listed})",
            )
            return choices[default]
        return choices[value]

    def _take(self, key: str) -> str | None:
        self._allowed.append(key)
        return self._query.pop(key, None)

    def finish(self) -> None:
        """Whatever was not taken is not known. Call it last."""
        for key in self._query:
            zh, en = _nearest(key, self._allowed)
            listed = ", ".join(self._allowed)
            there_zh = f"，可用的有 {listed}" if listed else f"，{self.scheme}: 没有参数"
            there_en = f"; there is {listed}" if listed else f"; {self.scheme}: takes none"
            self.fault(f"未知参数 {key}{zh}{there_zh}", f"unknown parameter {key}{en}{there_en}")


_T = TypeVar("_T")


def _nearest(word: str, known: Iterable[str], suffix: str = "") -> tuple[str, str]:
    """A "did you mean" in both languages, empty when nothing is near."""
    found = difflib.get_close_matches(word, list(known), n=1)
    if not found:
        return "", ""
    return f"（是不是 {found[0]}{suffix}？）", f" (did you mean {found[0]}{suffix}?)"


def _read_scanner(reader: _Reader) -> ScannerUrl | None:
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


def _read_printer(reader: _Reader) -> PrinterUrl | AutoPrinterUrl | None:
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


def _usb_printer(reader: _Reader, profile: PrinterProfile, roles: frozenset[Role]) -> UsbPrinterUrl:
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


def _read_panel(reader: _Reader) -> PanelUrl | None:
    if not reader.check_scheme():
        return None
    reader.nothing_more()
    chip = reader.chip() if reader.scheme == "gpio" else None
    reader.finish()
    return GpioPanelUrl(chip=chip) if reader.scheme == "gpio" else NullPanelUrl()


def _host_port(reader: _Reader) -> tuple[str, int]:
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
    reader = _Reader("scanner", url)
    result = _read_scanner(reader)
    if result is None or reader.faults:
        raise DeviceUrlError(tuple(reader.faults))
    return result


def parse_printer(url: str) -> PrinterUrl:
    """Raises `DeviceUrlError` with every fault of `url`; ``auto:`` is no one printer."""
    reader = _Reader("printer", url)
    result = _read_printer(reader)
    if isinstance(result, AutoPrinterUrl):
        reader.fault("不是一台打印机", "is not one printer")
        result = None
    if result is None or reader.faults:
        raise DeviceUrlError(tuple(reader.faults))
    return result


def parse_panel(url: str) -> PanelUrl:
    """Raises `DeviceUrlError` with every fault of `url`."""
    reader = _Reader("panel", url)
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
        *(_Reader("scanner", url) for url in scanners),
        *(_Reader("printer", url) for url in printers),
        _Reader("panel", panel),
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
    readers = [_Reader(kind, url) for url in urls]
    return tuple(reader.rest for reader in readers if reader.rest.startswith("/dev/"))


def _refuse_repeats(readers: Sequence[_Reader]) -> None:
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
