"""From a device URL to its driver.

Opening imports only the driver that is named. A device that is not there yet is no fault: serial
devices are waited for. How URLs are written is in `drivers.urls`, whose names are offered here
as well, since whoever opens devices has read them before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from drivers.ports import Panel, Post, Printer, PrinterProfile, Scanner, Words
from drivers.urls import (
    AutoScannerUrl,
    Devices,
    EvdevScannerUrl,
    FilePrinterUrl,
    GpioPanelUrl,
    NetworkPrinterUrl,
    NullPanelUrl,
    PanelUrl,
    PrinterUrl,
    ScannerUrl,
    ScreenPrinterUrl,
    ScreenScannerUrl,
    SerialPrinterUrl,
    SerialScannerUrl,
    UsbPrinterUrl,
    parse_devices,
    parse_panel,
    parse_printer,
    parse_scanner,
)
from drivers.wiring import Wiring

if TYPE_CHECKING:
    from drivers.printer_wire import Language
    from drivers.transports import Transport

__all__ = [
    "AutoScannerUrl",
    "Devices",
    "EvdevScannerUrl",
    "FilePrinterUrl",
    "GpioPanelUrl",
    "NetworkPrinterUrl",
    "NullPanelUrl",
    "PanelUrl",
    "PrinterUrl",
    "ScannerUrl",
    "ScreenPrinterUrl",
    "ScreenScannerUrl",
    "SerialPrinterUrl",
    "SerialScannerUrl",
    "UsbPrinterUrl",
    "missing",
    "open_panel",
    "open_printer",
    "open_scanner",
    "parse_devices",
    "parse_panel",
    "parse_printer",
    "parse_scanner",
]


_WITH_PATH: Final = (EvdevScannerUrl, SerialScannerUrl, SerialPrinterUrl, UsbPrinterUrl)


def missing(url: ScannerUrl | PrinterUrl | PanelUrl) -> Words | None:
    """What is not there yet, for a line at start; never a reason not to start."""
    if isinstance(url, _WITH_PATH) and url.path is not None and not Path(url.path).exists():
        return Words(
            zh=f"{url.path} 还没有接上，接上后自动使用",
            en=f"{url.path} is not there yet; it is used as soon as it is plugged in",
        )
    if isinstance(url, GpioPanelUrl):
        from drivers.pin_factory import absent

        return absent(url.chip)
    return None


def open_scanner(url: ScannerUrl, lane: str, post: Post) -> Scanner:
    """The driver for `url`, not yet started."""
    match url:
        case EvdevScannerUrl():
            from drivers.scanner_evdev import EvdevScanner

            return EvdevScanner(url.name, url.path, lane, post)
        case AutoScannerUrl():
            from drivers.scanner_auto import AutoScanners

            return AutoScanners(lane, post, open_scanner, besides=url.besides)
        case SerialScannerUrl():
            from drivers.scanner_serial import SerialScanner

            return SerialScanner(url.name, url.path, lane, post, baud=url.baud)
        case ScreenScannerUrl():
            from drivers.scanner_screen import ScreenScanner

            return ScreenScanner(lane, post)


def open_printer(url: PrinterUrl) -> Printer:
    """The driver for `url`. Does not touch the device before the first print or status."""
    if isinstance(url, ScreenPrinterUrl):
        from drivers.printer_screen import ScreenPrinter

        return ScreenPrinter(name=url.name, profile=url.profile, roles=url.roles)

    from drivers.printer_wire import WirePrinter

    return WirePrinter(
        url.name,
        _transport(url),
        _language(url.profile),
        profile=url.profile,
        roles=url.roles,
    )


def _language(profile: PrinterProfile) -> Language:
    if profile.language == "tspl":
        from drivers.printer_tspl import TsplLanguage

        return TsplLanguage()
    from drivers.printer_escpos import EscposLanguage

    return EscposLanguage()


def _transport(
    url: SerialPrinterUrl | UsbPrinterUrl | NetworkPrinterUrl | FilePrinterUrl,
) -> Transport:
    match url:
        case SerialPrinterUrl():
            from drivers.transports import SerialTransport

            return SerialTransport(url.path, baud=url.baud, flow=url.flow)
        case UsbPrinterUrl(path=str(path)):
            from drivers.transports import UsbNodeTransport

            return UsbNodeTransport(path)
        case UsbPrinterUrl():
            from drivers.transport_usb import UsbTransport

            return UsbTransport(url.vendor, url.product)
        case NetworkPrinterUrl():
            from drivers.transport_network import TcpTransport

            return TcpTransport(url.host, url.port)
        case FilePrinterUrl():
            from drivers.transports import FileTransport

            return FileTransport(Path(url.path), suffix=url.profile.language)


def open_panel(url: PanelUrl, post: Post, wiring: Wiring | None = None) -> Panel:
    """The driver for `url`, not yet started. Only ``gpio:`` has a wiring."""
    match url:
        case GpioPanelUrl():
            from drivers.panel_gpio import GpioPanel
            from drivers.pin_factory import open_pins

            return GpioPanel(url.name, wiring or Wiring(()), post, lambda: open_pins(url.chip))
        case NullPanelUrl():
            from drivers.panel_null import NullPanel

            return NullPanel(url.name)
