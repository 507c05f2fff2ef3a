"""The kiosk's composition root: builds every part, connects them, runs the loop.

``python -m kiosk --config kiosk.toml`` or ``yicang kiosk run --config kiosk.toml``.
"""

import errno
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from contract.events import Noticed
from contract.settings import SettingsError, parse_toml
from drivers.ports import DeviceState, Panel, Speaker, Words
from drivers.registry import open_panel, open_printer
from drivers.service_manager import ServiceManager
from kiosk import lean
from kiosk.clock import LearntClock, SystemClock, synchronised_wall
from kiosk.command_desk import CommandDesk
from kiosk.config import KioskConfig, devices, is_named, load, panel_wiring, time_zone
from kiosk.configuration import FOLDER, ConfigurationStore
from kiosk.damage import DAMAGED, is_damage, open_journal
from kiosk.day_figures import DayFigures
from kiosk.documents import Letterhead, claim_address, item_count
from kiosk.health import HealthDesk
from kiosk.hub_link import hub_link
from kiosk.identity import IdentityError, IdentityStore
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk, LaneScreen, NoScreen
from kiosk.loop import Loop
from kiosk.machine import Machine, runtime_folder
from kiosk.mailbox import Mailbox
from kiosk.metrics import MetricsFile
from kiosk.opening import find_printers, open_speaker, serve_screen, start_scanners, stick_watch
from kiosk.paper_desk import PaperDesk
from kiosk.papers import PrinterThread
from kiosk.reference import ReferenceStore
from kiosk.refusing import RefusingLoop, is_refusal
from kiosk.screen.view import KioskView, ScreenView
from kiosk.signer import ReceiptSigner
from kiosk.spool import Spool
from kiosk.state import Draft, ReceiptJob
from kiosk.stick_desk import StickDesk
from kiosk.store import JournalError
from kiosk.tasks.configure import TrialDesk
from kiosk.tasks.desk import TaskDesk
from kiosk.tasks.outbox import Outbox
from kiosk.tasks.own_log import OwnLog
from kiosk.tasks.wiring import Parts, Start, actions, seen
from kiosk.time_desk import TimeDesk
from kiosk.update_desk import UpdateDesk
from kiosk.uplink import Uplink
from kiosk.work_desk import WorkDesk

if TYPE_CHECKING:
    from kiosk.setup.first_scan import FirstScan

log = logging.getLogger(__name__)

SETUP_FILE: Final = "setup.json"
"""There until the first scan of a kiosk that was set up by scans (`kiosk.setup`)."""
EXIT_USAGE: Final = 2
EXIT_AGAIN: Final = 75
"""Whoever watches starts the kiosk again (EX_TEMPFAIL of <sysexits.h>): the hub asked for it, or
another configuration is to be tried or given up."""
EXIT_DAMAGED: Final = EXIT_AGAIN
"""The journal turned out to be damaged: the next start finds that and goes on with a fresh one."""


def software() -> str:
    """This release, as a machine word."""
    return f"yicang-{metadata.version('yicang-stop')}"


def run(start: Start, mailbox: Mailbox) -> int:
    """Runs a kiosk until SIGTERM or SIGINT; its exit status.

    As long as the disk takes nothing it refuses every scan, and goes on by itself when it does.

    Raises:
        SettingsError: a device URL or the time zone means nothing.
        IdentityError, JournalError: the kiosk's files cannot be used.
    """
    config = start.used.config
    os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"] = str(config.state)
    os.environ.setdefault("LG_WD", str(config.state))  # lgpio keeps a pipe there
    lean.trim()
    manager = ServiceManager.from_environment(os.environ)
    clock = LearntClock(SystemClock())
    while True:
        try:
            _require_mount(config)
            return _run(start, clock, mailbox, manager)
        except (JournalError, OSError) as error:
            if not is_refusal(error):
                raise
            log.error("nothing can be saved: %s", error)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            log.error("the journal is damaged: %s", error)
            return EXIT_DAMAGED
        if not _refuse(config, clock, mailbox, manager):
            return 0


def _run(start: Start, clock: LearntClock, mailbox: Mailbox, manager: ServiceManager) -> int:
    """A kiosk with its journal. Raises also OSError: the disk refuses at start."""
    config = start.used.config
    found = devices(config)
    wiring = panel_wiring(config)
    timezone = time_zone(config)
    entropy = os.urandom
    identity = IdentityStore(config.state / "identity.json")
    reference = ReferenceStore(config.state / "reference", config.kiosk)
    machine = Machine(config.state, config.min_free_mb)
    with ExitStack() as stack:
        path = config.state / "journal.sqlite3"
        journal, aside = open_journal(
            path,
            identity,
            clock,
            lambda: Journal(
                path,
                identity,
                clock,
                spool=Spool(config.state / "spool"),
                software=software(),
                entropy=entropy,
                reference=reference,
            ),
        )
        stack.callback(journal.close)
        journal.append(
            [Draft(Noticed(kind=DAMAGED)) for _ in aside]
            + [Draft(Noticed(kind="reference-damaged")) for _ in reference.damaged]
        )
        view = KioskView(config.stop_zh, config.stop_en, config.language)
        screen = ScreenView(view, clock.mono) if config.screen_port else None
        panel = open_panel(found.panel, mailbox.post, wiring)
        stack.callback(panel.close)
        speaker = open_speaker(config, mailbox)
        first = _first_scan(start, clock, speaker, panel, lambda: loop.leave())
        speaker = first or speaker
        stack.callback(speaker.close)
        printers = [open_printer(url) for url in found.printers]
        threads = [PrinterThread(printer, mailbox.post) for printer in printers]
        link = hub_link(config, identity, clock, mailbox)
        time_desk = TimeDesk(journal, clock, synchronised_wall)
        letterhead, signer = _letterhead(config), ReceiptSigner(identity)
        figures = DayFigures(journal, clock, timezone) if screen is not None else None
        shown: LaneScreen = screen or NoScreen()
        shown = first.screen(shown) if first is not None else shown
        lanes = LaneDesk(
            journal,
            clock,
            panel,
            shown,
            entropy,
            speaker,
            timezone,
            partial(_claim_address, letterhead, signer),
            figures,
        )
        papers = PaperDesk(journal, clock, threads, letterhead, timezone, signer, mailbox.post)
        known: dict[tuple[str, str], DeviceState] = {}
        trial = TrialDesk(
            start.store,
            start.used,
            clock,
            lambda: (
                seen(known),
                not (lanes.unsaved or health.refusing or loop.damaged),
                uplink.online,
            ),
            lambda: loop.leave(),
        )
        tasks = TaskDesk(
            config.kiosk,
            journal,
            clock,
            link,
            actions(
                Parts(start, journal, clock, identity, lanes, papers, timezone, known),
                software=software(),
                health=lambda: health.aside(known.values(), lanes.states),
                online=lambda: uplink.online,
                leave=lambda: loop.leave(),
            ),
            Outbox(config.state / "files"),
            lambda: lanes.serving,
        )
        commands = CommandDesk(config.kiosk, journal, clock, link, papers.hindrance, tasks)
        uplink = Uplink(
            config.kiosk,
            journal,
            clock,
            link,
            reference,
            time_desk,
            commands,
            software=software(),
            entropy=entropy,
        )
        runtime = runtime_folder()
        updates = UpdateDesk(
            journal,
            clock,
            config.kiosk,
            own=runtime,
            hour=config.update_hour,
            zone=timezone,
        )
        health = HealthDesk(
            journal,
            clock,
            machine,
            software=software(),
            prefixes_left=identity.prefixes_left,
            reference=uplink.reference.health,
            paper_left=papers.paper_left,
            config=trial.told,
            update=updates.words,
        )
        metrics = MetricsFile(
            runtime,
            config.kiosk,
            clock.mono,
            lambda: health.measured(known.values(), lanes.states),
            lambda: uplink.online,
        )
        watch = stick_watch(config, mailbox, stack)
        sticks = StickDesk(
            config.kiosk,
            journal.streams,
            clock,
            identity,
            lanes,
            watch.take_out if watch is not None else _nowhere,
            mailbox.post,
            software=software(),
            hub_url=config.hub_url,
        )
        stack.callback(sticks.close)
        loop = Loop(
            sticks=sticks,
            kiosk=config.kiosk,
            journal=journal,
            clock=clock,
            lanes=lanes,
            uplink=uplink,
            time=time_desk,
            work=WorkDesk(journal, clock, lanes, entropy),
            papers=papers,
            commands=commands,
            link=link,
            screen=screen,
            view=view,
            health=health,
            figures=figures,
            devices=known,
            trial=trial,
            updates=updates,
            metrics=metrics.tick,
            alive=manager.alive,
        )
        mailbox.deliver = first.scans(loop.post) if first is not None else loop.post
        if watch is not None:
            watch.start()
        panel.start()
        speaker.start()
        scanners = start_scanners(found, mailbox, lanes.open, stack)
        if screen is not None:
            serve_screen(config, screen, printers, scanners, stack)
        link.start()
        stack.callback(link.close)
        log.info("kiosk %s is ready, journal %s", config.kiosk, journal.id)
        papers.start()  # after the scanners: printers' libraries load while nobody waits
        stack.callback(papers.close)
        find_printers(found, mailbox, stack)
        manager.ready()
        loop.run()
        manager.stopping()
        log.info("kiosk %s stops", config.kiosk)
    if loop.damaged:
        return EXIT_DAMAGED
    return EXIT_AGAIN if loop.again else 0


def _require_mount(config: KioskConfig) -> None:
    """Raises OSError: the data partition is not there."""
    if config.data_mount and not Path(config.data_mount).is_mount():
        raise OSError(errno.EROFS, "the data partition is not mounted", config.data_mount)


def _refuse(
    config: KioskConfig, clock: LearntClock, mailbox: Mailbox, manager: ServiceManager
) -> bool:
    """Scanners, lights and page of a kiosk that can save nothing; True when it can again."""
    found = devices(config)
    machine = Machine(config.state, config.min_free_mb)
    view = KioskView(config.stop_zh, config.stop_en, config.language, unsaved=True)
    screen = ScreenView(view, clock.mono) if config.screen_port else None
    with ExitStack() as stack:
        panel = open_panel(found.panel, mailbox.post, panel_wiring(config))
        stack.callback(panel.close)
        loop = RefusingLoop(panel, screen or NoScreen(), manager.alive)
        mailbox.deliver = loop.post
        panel.start()
        scanners = start_scanners(found, mailbox, loop.open, stack)
        if screen is not None:
            serve_screen(config, screen, (), scanners, stack)
        manager.ready()
        return loop.run(lambda: _usable(config, machine))


def _usable(config: KioskConfig, machine: Machine) -> bool:
    try:
        _require_mount(config)
    except OSError:
        return False
    return not machine.refusing()


def _first_scan(
    start: Start,
    clock: LearntClock,
    speaker: Speaker,
    panel: Panel,
    again: Callable[[], None],
) -> "FirstScan | None":
    """What is left of setting up. Its libraries are loaded only where something is."""
    config = start.used.config
    if start.settings is None or not (config.state / SETUP_FILE).exists():
        return None
    from kiosk.setup.start import first_scan

    return first_scan(start.settings, config, software(), clock, speaker, panel, again)


def _begins_anew(path: Path) -> bool:
    """Whether this was a kiosk whose enrolment came to nothing, and is to be set up once more."""
    state = path.parent / str(parse_toml(path.read_bytes, str(path)).get("state_dir", "."))
    if not (state / SETUP_FILE).exists():
        return False
    from kiosk.setup.anew import put_aside

    return put_aside(path)


def _set_up(path: Path, mailbox: Mailbox) -> bool:
    """Sets up a kiosk that nobody has enrolled; False when it was stopped before the end."""
    if is_named(path) and not _begins_anew(path):
        return True
    from kiosk.setup.start import set_up

    return set_up(path, software(), mailbox)


def _letterhead(config: KioskConfig) -> Letterhead:
    return Letterhead(Words(config.stop_zh, config.stop_en), config.hub_url, config.language)


def _claim_address(
    letterhead: Letterhead, signer: ReceiptSigner, claim: str, head: str, receipt: ReceiptJob
) -> str:
    """What the receipt's QR code says, for a phone that is held to the screen."""
    fragment = signer.fragment(head, claim, item_count(receipt))
    return claim_address(letterhead.hub_url, claim, fragment)


def _nowhere(_folder: str) -> None:
    """No stick was ever found."""


def _stop_on_signals(mailbox: Mailbox) -> None:
    def stop(_number: int, _frame: object) -> None:
        mailbox.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def run_file(path: Path) -> int:
    """Runs the kiosk of a settings file; says on one line each what is wrong, and exits 2."""
    mailbox = Mailbox()
    _stop_on_signals(mailbox)
    try:
        if not _set_up(path, mailbox):
            return 0
        base = load(path)
        store = ConfigurationStore(base.state / FOLDER)
        logging.getLogger().addHandler(OwnLog(base.state))
        return run(Start(base, store.choose(base), store, path), mailbox)
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
