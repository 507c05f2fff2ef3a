"""What a kiosk tells of itself: every minute, and whenever something changed that counts.

What counts: a device came or went, the backlog is gone, the time became known, scans are refused
or taken again, a part of the reference data is refused or in use, the board is throttled.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import structs

from contract.messages import (
    HEALTH_INTERVAL_S,
    DeviceHealth,
    Health,
    LaneHealth,
    PartHealth,
)
from drivers.ports import DeviceState
from kiosk.clock import LearntClock
from kiosk.journal import Journal
from kiosk.machine import Machine
from kiosk.state import LaneState

LOOK_MS: Final = 5_000
"""How often the machine is looked at: a disk that fills or fails is seen before the next donor."""

CHANGES_MS: Final = 500
"""What changes several times at once, as after a start, is told together."""

PaperLeft = Callable[[], Mapping[str, int]]
"""Millimetres of paper left, by the printer's device name."""


class HealthDesk:
    """Puts `Health` together. Called by the loop's thread only; what reads raises
    `JournalError`."""

    def __init__(
        self,
        journal: Journal,
        clock: LearntClock,
        machine: Machine,
        *,
        software: str,
        prefixes_left: Callable[[], int],
        reference: Callable[[], tuple[PartHealth, ...]],
        paper_left: PaperLeft = dict,
        config: Callable[[], tuple[str, str, str]] = lambda: ("", "", ""),
        update: Callable[[], tuple[str, str, str, str]] = lambda: ("", "", "", ""),
    ) -> None:
        """``config`` tells the version in use, how it came to that, and why; ``update`` the release
        in use, how far another is, which one that is, and why."""
        self._journal: Final = journal
        self._clock: Final = clock
        self._machine: Final = machine
        self._software: Final = software
        self._prefixes_left: Final = prefixes_left
        self._reference: Final = reference
        self._paper_left: Final = paper_left
        self._config: Final = config
        self._update: Final = update
        self._started: Final = clock.mono()
        self._look_at = 0
        self._due = 0
        self._told: Health | None = None
        self._told_at = 0
        self.refusing = ""
        """Why every scan is refused now, as a machine word; empty when none is."""
        self._throttling: tuple[str, ...] | None = None

    def look(self) -> None:
        """Looks at the machine now and then; `refusing` says what came of it."""
        now = self._clock.mono()
        if now >= self._look_at:
            self._look_at = now + LOOK_MS
            self.refusing = self._machine.refusing()
            self._throttling = self._machine.throttling()

    def hurry(self) -> None:
        """Something changed: `due` at once."""
        self._due = 0

    def due(self) -> bool:
        """Whether the hub is to be told now: a minute has passed, or what it heard is untrue."""
        told, now = self._told, self._clock.mono()
        if now >= self._due or told is None:
            return True
        return now >= self._told_at + CHANGES_MS and (
            (told.backlog > 0 and self._journal.streams.backlog() == 0)
            or told.clock != self._clock.trusted
            or told.refusing != self.refusing
            or told.throttling != self._throttling
            or told.reference != self._reference()
            or (told.config, told.config_state, told.config_detail) != self._config()
            or _update_told(told) != self._update()
        )

    def next_deadline(self) -> int:
        """When there is something to do next, in monotonic milliseconds."""
        return min(self._look_at, self._due)

    def health(self, devices: Iterable[DeviceState], lanes: Mapping[str, LaneState]) -> Health:
        """How the kiosk is now, to be told at once."""
        self._told_at = self._clock.mono()
        self._due = self._told_at + HEALTH_INTERVAL_S * 1000
        self._told = self.measured(devices, lanes)
        return self._told

    def measured(self, devices: Iterable[DeviceState], lanes: Mapping[str, LaneState]) -> Health:
        """The same, told to nobody."""
        paper = self._paper_left()
        config, config_state, config_detail = self._config()
        release, update, update_release, update_detail = self._update()
        streams = self._journal.streams
        return Health(
            backlog=streams.backlog(),
            oldest_unsent_s=streams.age_of_oldest_unacked_ms() // 1000,
            events=streams.events(),
            clock=self._clock.trusted,
            software=self._software,
            uptime_s=(self._clock.mono() - self._started) // 1000,
            disk_free_mb=self._machine.free_mb(),
            prefixes_left=self._prefixes_left(),
            paper_jobs=self._journal.queue.count() + self._journal.commands.waiting(),
            devices=tuple(_device(state, paper.get(state.device)) for state in devices),
            lanes=tuple(LaneHealth(lane, state.phase.value) for lane, state in lanes.items()),
            clock_source=self._clock.source,
            refusing=self.refusing,
            temperature_c=self._machine.temperature_c(),
            throttling=self._throttling,
            reference=self._reference(),
            config=config,
            config_state=config_state,
            config_detail=config_detail,
            release=release,
            update=update,
            update_release=update_release,
            update_detail=update_detail,
        )

    def aside(self, devices: Iterable[DeviceState], lanes: Mapping[str, LaneState]) -> Health:
        """The same, for somebody else than the hub: it is told once more."""
        found = self.health(devices, lanes)
        self.untold()
        return found

    def untold(self) -> None:
        """The line was lost: what was told may not have been heard."""
        self._told = None
        self._due = 0


def _update_told(told: Health) -> tuple[str, str, str, str]:
    return told.release, told.update, told.update_release, told.update_detail


def _device(state: DeviceState, paper_mm: int | None) -> DeviceHealth:
    told = DeviceHealth(word(state.device), state.kind, state.ok, word(state.detail.en))
    return told if paper_mm is None else structs.replace(told, paper_mm=max(0, paper_mm))


def word(text: str) -> str:
    """``text`` as a machine word of the contract: other characters become hyphens."""
    return "".join(
        char if char.isascii() and (char.isalnum() or char in "_.+ -") else "-" for char in text
    )[:64]
