"""Puts the actions together that a kiosk carries out for the hub: part of its composition root."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from contract.messages import (
    CONFIGURE,
    IDENTIFY,
    LOGS,
    OPEN_STOCKTAKE,
    REBOOT,
    RESTART,
    SELF_TEST,
    SUPPORT_BUNDLE,
    Check,
    Health,
)
from drivers.ports import DeviceState, Document
from kiosk.clock import LearntClock
from kiosk.config import KioskConfig
from kiosk.configuration import ConfigurationStore, InUse
from kiosk.identity import IdentityStore
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk
from kiosk.machine import runtime_folder
from kiosk.paper_desk import PaperDesk
from kiosk.tasks import result_page
from kiosk.tasks.actions import (
    Identify,
    OpenStocktake,
    Reboot,
    RequestFile,
    Restart,
    SendBundle,
    SendLogs,
)
from kiosk.tasks.bundle import bundle
from kiosk.tasks.configure import Configure
from kiosk.tasks.self_test import SelfTest
from kiosk.tasks.step import Action
from kiosk.trial import Seen

NO_HUB: Final = "中心没有回答 / the hub does not answer"

Devices = Mapping[tuple[str, str], DeviceState]
"""Every device that was heard of, by kind and name; it changes."""


class Start(NamedTuple):
    """What a start of the process begins with: the kiosk's own settings, what is in use of the
    hub's wishes, and where these are kept. ``settings`` is the file."""

    base: KioskConfig
    used: InUse
    store: ConfigurationStore
    settings: Path | None = None


class Parts(NamedTuple):
    """What the actions are made of."""

    start: Start
    journal: Journal
    clock: LearntClock
    identity: IdentityStore
    lanes: LaneDesk
    papers: PaperDesk
    timezone: ZoneInfo
    devices: Devices


def seen(devices: Devices) -> tuple[Seen, ...]:
    """Devices as a trial looks at them."""
    return tuple(Seen(one.kind, one.device, one.ok) for one in devices.values())


def actions(
    parts: Parts,
    *,
    software: str,
    health: Callable[[], Health],
    online: Callable[[], bool],
    leave: Callable[[], None],
) -> dict[str, Action]:
    """By the name of the command."""
    start, clock, state = parts.start, parts.clock, parts.start.used.config.state

    def secrets() -> tuple[str, ...]:
        known = parts.identity.load()
        return known.password, known.signing_key or ""

    def rest() -> list[Check]:
        return [
            Check("clock", clock.trusted, clock.source),
            Check("network", online(), "" if online() else NO_HUB),
        ]

    def page(checks: list[Check]) -> tuple[Document, Document]:
        wall = clock.trusted_wall()
        moment = (
            None
            if wall is None
            else datetime.fromtimestamp(wall / 1000, UTC)
            .astimezone(parts.timezone)
            .strftime("%Y-%m-%d %H:%M")
        )
        kiosk, letter = start.used.config.kiosk, parts.papers.letter()
        return (
            result_page.page(checks, kiosk, software, letter, moment),
            result_page.label(checks, kiosk, letter),
        )

    def gathered() -> bytes:
        told: dict[str, Any] = msgspec.to_builtins(health())
        return bundle(state, start.settings, told, parts.journal.inspected(), secrets())

    return {
        IDENTIFY: Identify(parts.lanes, clock),
        OPEN_STOCKTAKE: OpenStocktake(parts.lanes),
        RESTART: Restart(clock, leave),
        REBOOT: Reboot(clock, RequestFile(runtime_folder())),
        LOGS: SendLogs(state, secrets),
        SUPPORT_BUNDLE: SendBundle(gathered),
        SELF_TEST: SelfTest(
            parts.lanes,
            clock,
            parts.papers,
            state,
            lambda: tuple(parts.devices.values()),
            rest,
            page,
            speaks=start.used.config.speaker is not None,
        ),
        CONFIGURE: Configure(
            start.store, start.base, start.used, clock, lambda: seen(parts.devices), leave
        ),
    }
