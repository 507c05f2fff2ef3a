"""Opens what the settings name: scanners, printers, the speaker, memory sticks, the local page.

The same for a kiosk that runs, one that can save nothing, and one that is being set up. Libraries
are imported only by a kiosk that has what they are for.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from drivers.ports import Printer, Scanner, Speaker
from drivers.registry import Devices, open_printer, open_scanner
from drivers.scanner_screen import ScreenScanner
from drivers.sound_files import sound_folders
from drivers.speaker_null import NullSpeaker
from kiosk.config import KioskConfig, lane_names
from kiosk.inputs import PrinterFound, PrinterLost
from kiosk.machine import runtime_folder
from kiosk.mailbox import Mailbox
from kiosk.screen.answers import Entered
from kiosk.screen.view import ScreenView
from kiosk.sticks import StickWatch


def start_scanners(
    found: Devices, mailbox: Mailbox, lane_opens: Callable[[str], object], stack: ExitStack
) -> list[Scanner]:
    """A lane each, which ``lane_opens`` hears of before anything is scanned there."""
    lanes = lane_names([url.name for url in found.scanners])
    scanners = [
        open_scanner(url, lane, mailbox.post)
        for url, lane in zip(found.scanners, lanes, strict=True)
    ]
    for scanner in scanners:
        lane_opens(scanner.lane)
        scanner.start()
        stack.callback(scanner.close)
    return scanners


def find_printers(found: Devices, mailbox: Mailbox, stack: ExitStack) -> None:
    """``auto:`` - looks for printers, now and whenever one is plugged in."""
    if found.auto_printers is None:
        return
    from drivers.printer_auto import AutoPrinters

    printers = AutoPrinters(
        lambda printer: mailbox.post(PrinterFound(printer)),
        lambda name: mailbox.post(PrinterLost(name)),
        mailbox.post,
        open_printer,
        besides=found.auto_printers.besides,
    )
    printers.start()
    stack.callback(printers.close)


def open_speaker(config: KioskConfig, mailbox: Mailbox) -> Speaker:
    """The voice of ``[speaker]``, not yet started."""
    if config.speaker is None:
        return NullSpeaker()
    from drivers.speaker_aplay import AplaySpeaker

    return AplaySpeaker(
        config.speaker.device,
        config.speaker.languages,
        sound_folders(config.state),
        mailbox.post,
        volume=config.speaker.volume,
    )


def stick_watch(config: KioskConfig, mailbox: Mailbox, stack: ExitStack) -> StickWatch | None:
    """Not yet started; None for a kiosk that takes none."""
    if not config.sticks:
        return None
    own = runtime_folder() or config.state
    watch = StickWatch(Path(config.sticks), own / "taken", mailbox.post)
    stack.callback(watch.close)
    return watch


def serve_screen(
    config: KioskConfig,
    screen: ScreenView,
    printers: Sequence[Printer],
    scanners: Sequence[Scanner],
    stack: ExitStack,
) -> None:
    """The local page. Flask is imported only by a kiosk that has one."""
    from drivers.printer_screen import ScreenPrinter
    from kiosk.screen.app import create_app
    from kiosk.screen.server import ScreenServer

    papers = next((printer for printer in printers if isinstance(printer, ScreenPrinter)), None)
    entry = next((scanner for scanner in scanners if isinstance(scanner, ScreenScanner)), None)
    app = create_app(screen, papers, partial(_enter, entry) if entry is not None else None)
    server = ScreenServer(app, screen, config.screen_port, config.screen_host)
    server.start()
    stack.callback(server.close)


def _enter(scanner: ScreenScanner, entered: Entered) -> bool:
    return scanner.enter(entered.text, lane=entered.lane, pressed=entered.pressed)
