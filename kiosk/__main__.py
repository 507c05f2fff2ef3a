"""The kiosk's composition root: builds every part, connects them, runs the loop.

``python -m kiosk --config kiosk.toml`` or ``yicang kiosk run --config kiosk.toml``.
"""

import logging
import os
import shutil
import signal
import ssl
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from contract.settings import SettingsError
from drivers.ports import Printer, Scanner, Speaker, Words
from drivers.registry import Devices, open_panel, open_printer, open_scanner
from drivers.scanner_screen import ScreenScanner
from drivers.sound_files import sound_folders
from drivers.speaker_null import NullSpeaker
from kiosk.clock import LearntClock, SystemClock, synchronised_wall
from kiosk.config import KioskConfig, devices, lane_names, load, panel_wiring
from kiosk.documents import Letterhead
from kiosk.identity import IdentityError, IdentityStore
from kiosk.inputs import LoopInput, Stop
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk, NoScreen
from kiosk.loop import Loop
from kiosk.mqtt_link import MqttLink
from kiosk.paper_desk import PaperDesk
from kiosk.papers import PrinterThread
from kiosk.reference import ReferenceStore
from kiosk.screen.view import KioskView, ScreenView
from kiosk.signer import ReceiptSigner
from kiosk.spool import Spool
from kiosk.store import JournalError
from kiosk.time_desk import TimeDesk
from kiosk.tls import pinned_context
from kiosk.uplink import Uplink

log = logging.getLogger(__name__)

EXIT_USAGE: Final = 2


class _Mailbox:
    """Where drivers post before there is a loop: the parts need each other in a circle."""

    def __init__(self) -> None:
        self.deliver: Callable[[LoopInput], None] | None = None

    def post(self, incoming: LoopInput) -> None:
        """From any thread."""
        if self.deliver is not None:
            self.deliver(incoming)


def software() -> str:
    """This release, as a machine word."""
    return f"yicang-{metadata.version('yicang-stop')}"


def run(config: KioskConfig, *, stop_on: Callable[[Callable[[], None]], None] | None = None) -> int:
    """Runs a kiosk until SIGTERM, SIGINT or what ``stop_on`` was given to call.

    ``stop_on`` receives the function that ends the loop, callable from any thread.

    Raises:
        SettingsError: a device URL or the time zone means nothing.
        IdentityError, JournalError: the kiosk's files cannot be used.
    """
    os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"] = str(config.state)
    os.environ.setdefault("LG_WD", str(config.state))  # lgpio keeps a pipe there
    found = devices(config)
    wiring = panel_wiring(config)
    timezone = _timezone(config.timezone)
    entropy = os.urandom
    clock = LearntClock(SystemClock())
    identity = IdentityStore(config.state / "identity.json")
    mailbox = _Mailbox()
    reference = ReferenceStore(config.state / "reference", config.kiosk)
    with ExitStack() as stack:
        journal = Journal(
            config.state / "journal.sqlite3",
            identity,
            clock,
            spool=Spool(config.state / "spool"),
            software=software(),
            entropy=entropy,
            reference=reference,
        )
        stack.callback(journal.close)
        view = KioskView(config.stop_zh, config.stop_en, config.language)
        screen = ScreenView(view) if config.screen_port else None
        panel = open_panel(found.panel, mailbox.post, wiring)
        stack.callback(panel.close)
        speaker = open_speaker(config, mailbox)
        stack.callback(speaker.close)
        printers = [open_printer(url) for url in found.printers]
        threads = [PrinterThread(printer, mailbox.post) for printer in printers]
        link = _link(config, identity, clock, mailbox)
        time_desk = TimeDesk(journal, clock, synchronised_wall)
        lanes = LaneDesk(journal, clock, panel, screen or NoScreen(), entropy, speaker, timezone)
        loop = Loop(
            kiosk=config.kiosk,
            journal=journal,
            clock=clock,
            lanes=lanes,
            uplink=Uplink(
                config.kiosk,
                journal,
                clock,
                link,
                reference,
                time_desk,
                software=software(),
                entropy=entropy,
            ),
            time=time_desk,
            papers=PaperDesk(
                journal, clock, threads, _letterhead(config), timezone, ReceiptSigner(identity)
            ),
            link=link,
            screen=screen,
            view=view,
            software=software(),
            prefixes_left=identity.prefixes_left,
            free_mb=lambda: shutil.disk_usage(config.state).free // 2**20,
            min_free_mb=config.min_free_mb,
        )
        mailbox.deliver = loop.post
        panel.start()
        speaker.start()
        for thread in threads:
            thread.start()
            stack.callback(thread.close)
        scanners = _open_scanners(found, mailbox)
        for scanner in scanners:
            lanes.open(scanner.lane)
            scanner.start()
            stack.callback(scanner.close)
        if screen is not None:
            _serve_screen(config, screen, printers, scanners, clock, stack)
        link.start()
        stack.callback(link.close)
        _stop_on_signals(loop)
        if stop_on is not None:
            stop_on(lambda: loop.post(Stop()))
        log.info("kiosk %s is ready, journal %s", config.kiosk, journal.id)
        loop.run()
        log.info("kiosk %s stops", config.kiosk)
    return 0


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError((f"timezone: 没有这个时区 / no such time zone: {name}",)) from None


def _letterhead(config: KioskConfig) -> Letterhead:
    return Letterhead(Words(config.stop_zh, config.stop_en), config.hub_url, config.language)


def _link(
    config: KioskConfig, identity: IdentityStore, clock: LearntClock, mailbox: _Mailbox
) -> MqttLink:
    known = identity.load()
    return MqttLink(
        kiosk=config.kiosk,
        host=config.mqtt_host,
        port=config.mqtt_port,
        post=mailbox.post,
        username=known.username if config.mqtt_auth else None,
        password=known.password if config.mqtt_auth else None,
        tls=_tls(config, clock) if config.mqtt_tls_ca else None,
    )


def _tls(config: KioskConfig, clock: LearntClock) -> ssl.SSLContext:
    try:
        return pinned_context(Path(config.mqtt_tls_ca), clock)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            (f"mqtt_tls_ca: 读不了 / cannot be used: {config.mqtt_tls_ca}: {error}",)
        ) from None


def _open_scanners(found: Devices, mailbox: _Mailbox) -> list[Scanner]:
    lanes = lane_names([url.name for url in found.scanners])
    return [
        open_scanner(url, lane, mailbox.post)
        for url, lane in zip(found.scanners, lanes, strict=True)
    ]


def open_speaker(config: KioskConfig, mailbox: _Mailbox) -> Speaker:
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


def _serve_screen(
    config: KioskConfig,
    screen: ScreenView,
    printers: Sequence[Printer],
    scanners: Sequence[Scanner],
    clock: LearntClock,
    stack: ExitStack,
) -> None:
    """The local page. Flask is imported only by a kiosk that has one."""
    from drivers.printer_screen import ScreenPrinter
    from kiosk.screen.app import create_app
    from kiosk.screen.server import ScreenServer

    papers = next((printer for printer in printers if isinstance(printer, ScreenPrinter)), None)
    entry = next((scanner for scanner in scanners if isinstance(scanner, ScreenScanner)), None)
    post = entry.enter if entry is not None else _no_entry
    app = create_app(screen, papers, post, now_ms=clock.mono)
    server = ScreenServer(app, screen, config.screen_port, config.screen_host)
    server.start()
    stack.callback(server.close)


def _no_entry(_text: str) -> bool:
    """A kiosk whose page only shows: it takes no scans."""
    return False


def _stop_on_signals(loop: Loop) -> None:
    def stop(_number: int, _frame: object) -> None:
        loop.post(Stop())

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def run_file(path: Path, *, stop_on: Callable[[Callable[[], None]], None] | None = None) -> int:
    """Runs the kiosk of a settings file; says on one line each what is wrong, and exits 2."""
    try:
        return run(load(path), stop_on=stop_on)
    except SettingsError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
    except (IdentityError, JournalError) as error:
        click.echo(str(error.words), err=True)
    return EXIT_USAGE


@click.command()
@click.option(
    "--config",
    "path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="设置文件 kiosk.toml / the settings file",
)
def main(path: Path) -> None:
    """运行一台扫码终端。/ Run one kiosk."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    sys.exit(run_file(path))


if __name__ == "__main__":
    main()
