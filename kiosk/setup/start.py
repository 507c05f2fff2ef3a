"""Starts setting up on this machine's devices, and finds what is left of it afterwards.

Devices are opened as those of a kiosk that runs (`kiosk.opening`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from drivers.ports import Panel, Signal, Speaker
from drivers.registry import open_panel, open_printer
from drivers.service_manager import ServiceManager
from kiosk.clock import LearntClock, SystemClock
from kiosk.config import KioskConfig, devices, lane_names, load_setup, panel_wiring
from kiosk.lanes import NoScreen
from kiosk.mailbox import Mailbox
from kiosk.opening import find_printers, open_speaker, serve_screen, start_scanners
from kiosk.papers import PrinterThread
from kiosk.screen.view import KioskView, ScreenView
from kiosk.setup.client import HubClient, board_serial
from kiosk.setup.desk import SetupDesk
from kiosk.setup.first_scan import FirstScan
from kiosk.setup.flow import Progress
from kiosk.setup.network import NmcliNetwork
from kiosk.setup.progress import ProgressStore
from kiosk.setup.settle import settle, settle_certificate

log = logging.getLogger(__name__)


def set_up(path: Path, software: str, mailbox: Mailbox) -> bool:
    """Sets a kiosk up that nobody has enrolled (docs/fleet.md). True once ``path`` holds the
    settings of one that is enrolled, False when it was stopped before.

    Raises:
        SettingsError: the settings cannot be used.
    """
    config = load_setup(path)
    os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"] = str(config.state)
    found, clock = devices(config), LearntClock(SystemClock())
    manager = ServiceManager(os.environ.get("NOTIFY_SOCKET"))  # the kiosk takes it out, later
    view = KioskView(config.stop_zh, config.stop_en, config.language)
    screen = ScreenView(view, clock.mono) if config.screen_port else None
    with ExitStack() as stack:
        panel = open_panel(found.panel, mailbox.post, panel_wiring(config))
        stack.callback(panel.close)
        speaker = open_speaker(config, mailbox)
        stack.callback(speaker.close)
        printers = [open_printer(url) for url in found.printers]
        desk = SetupDesk(
            store=ProgressStore(config.state, config.data_mount),
            network=NmcliNetwork(),
            client=HubClient(clock, software=software, serial=board_serial()),
            clock=clock,
            entropy=os.urandom,
            settle=lambda progress, voice: settle(path, config.state, progress, voice=voice),
            panel=panel,
            speaker=speaker,
            screen=screen or NoScreen(),
            printers=[PrinterThread(printer, mailbox.post) for printer in printers],
            alive=manager.alive,
        )
        mailbox.deliver = desk.post
        panel.start()
        speaker.start()
        scanners = start_scanners(found, mailbox, desk.open, stack)
        if screen is not None:
            serve_screen(config, screen, printers, scanners, stack)
        find_printers(found, mailbox, stack)
        log.info("a kiosk that is to be set up is ready")
        manager.ready()
        return desk.run()


def first_scan(
    path: Path,
    config: KioskConfig,
    software: str,
    clock: LearntClock,
    speaker: Speaker,
    panel: Panel,
    again: Callable[[], None],
) -> FirstScan | None:
    """What is left of setting up; None for a kiosk that has had its first scan. ``path`` is that of
    its settings, ``again`` has it started anew."""
    store = ProgressStore(config.state)
    progress = store.load()
    if progress is None or progress.enrolled is None or progress.enrolled.kiosk != config.kiosk:
        return None
    lanes = lane_names(config.scanners)

    def light() -> None:
        for lane in lanes:
            panel.show(lane, Signal.ATTENTION)

    def renew(found: Progress) -> None:
        try:
            settle_certificate(path, config.state, found)
            store.save(found)
        except OSError as error:
            log.error("the kiosk's certificate cannot be saved: %s", error)
            return
        log.info("setup: certificate")
        again()

    client = HubClient(clock, software=software, serial=board_serial())
    return FirstScan(store, progress, client, speaker, light, renew, again)
