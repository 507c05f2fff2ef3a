"""Another configuration is tried, kept or given up: the hub's command, and the watch over it."""

import logging
from collections.abc import Callable
from typing import Final

from contract.configuration import read, version_of
from contract.messages import Check, Command
from contract.settings import SettingsError
from kiosk.clock import LearntClock
from kiosk.config import KioskConfig, devices
from kiosk.configuration import (
    CONFIRMED,
    EMPTY,
    REVERTED,
    TRYING,
    Candidate,
    ConfigurationStore,
    InUse,
    applied,
)
from kiosk.tasks.actions import LEAVE_MS, Once
from kiosk.tasks.step import DONE, INTERRUPTED, RUNNING, Step, failed, refused
from kiosk.trial import Before, Facts, Seen, Verdict, before, judge

log = logging.getLogger(__name__)

LOOK_MS: Final = 500


class TrialDesk:
    """Watches over what this start tries. Called by the loop's thread only. ``look`` gives devices,
    whether the journal takes events, and whether the hub has answered; ``leave`` ends the process,
    which is started anew."""

    def __init__(
        self,
        store: ConfigurationStore,
        used: InUse,
        clock: LearntClock,
        look: Callable[[], tuple[tuple[Seen, ...], bool, bool]],
        leave: Callable[[], None],
    ) -> None:
        self._store: Final = store
        self._clock: Final = clock
        self._look: Final = look
        self._leave: Final = leave
        self._since: Final = clock.mono()
        self._look_at = self._since
        self._trial = used.trial
        self._wished, self._named = _wished(used.config)
        given_up = store.reverted()
        self.version: Final = version_of(used.text) if used.text != EMPTY else ""
        self.state = CONFIRMED if self.version else ""
        self.detail = ""
        if used.trial is not None:
            self.state = TRYING
        elif given_up is not None:
            self.state, self.detail = REVERTED, given_up.why

    def next_deadline(self) -> int | None:
        """When to look, in monotonic milliseconds."""
        return self._look_at if self._trial is not None else None

    def tick(self) -> None:
        """Keeps it or gives it up, when it is time. What the disk does not take is tried again."""
        now = self._clock.mono()
        if self._trial is None or now < self._look_at:
            return
        self._look_at = now + LOOK_MS
        devices, saves, welcomed = self._look()
        facts = Facts(now - self._since, devices, saves, welcomed, self._wished, self._named)
        verdict, why = judge(self._trial.before, facts)
        try:
            self._decide(self._trial, verdict, why)
        except OSError as error:
            log.error("the disk does not take the configuration: %s", error.strerror)

    def _decide(self, trial: Candidate, verdict: Verdict, why: str) -> None:
        if verdict is Verdict.KEEP:
            self._store.confirm(trial)
            self._trial, self.state = None, CONFIRMED
        elif verdict is Verdict.REVERT:
            self._store.revert(trial, why)
            self._trial = None
            self._leave()

    def told(self) -> tuple[str, str, str]:
        """The version in use, how it came to that, and why: for `Health`."""
        return self.version, self.state, self.detail


def _wished(config: KioskConfig) -> tuple[frozenset[str], frozenset[str]]:
    """The kinds of device that are named, and the names of printers that must be heard of."""
    kinds = set()
    if config.scanners:
        kinds.add("scanner")
    if config.printers:
        kinds.add("printer")
    if not config.panel.strip().lower().startswith("none:"):
        kinds.add("panel")
    if config.speaker is not None:
        kinds.add("speaker")
    return frozenset(kinds), frozenset(url.name for url in devices(config).printers)


class Configure(Once):
    """Takes a configuration as a candidate and starts the process anew; `TrialDesk` of that process
    decides."""

    waits_for_rest = True

    def __init__(
        self,
        store: ConfigurationStore,
        base: KioskConfig,
        used: InUse,
        clock: LearntClock,
        devices: Callable[[], tuple[Seen, ...]],
        leave: Callable[[], None],
    ) -> None:
        self._store: Final = store
        self._base: Final = base
        self._used: Final = used
        self._clock: Final = clock
        self._devices: Final = devices
        self._leave: Final = leave
        self._at: int | None = None

    def begin(self, command: Command) -> Step:
        """Checks it again, keeps it and leaves."""
        if version_of(command.configuration) != command.version:
            return refused("bad-version")
        try:
            applied(self._base, read(command.configuration))
        except SettingsError as error:
            return refused("bad-configuration", tuple(map(_check, error.problems[:64])))
        if self._used.trial is None and command.configuration == self._used.text:
            return DONE
        was: Before = before(self._devices())
        try:
            self._store.propose(command.configuration, command.id, was)
        except OSError:
            return failed("no-disk")
        self._at = self._clock.mono() + LEAVE_MS
        return RUNNING

    def look(self, command: Command) -> Step:
        """Leaves, or says how the trial came out."""
        if self._at is None:
            return self.resume(command, "")
        if self._clock.mono() >= self._at:
            self._at = None
            self._leave()
        return RUNNING

    def resume(self, command: Command, mark: str) -> Step:
        """How it came out, as far as it is known."""
        given_up = self._store.reverted()
        if given_up is not None and given_up.command == command.id:
            return failed(given_up.why)
        candidate = self._store.candidate()
        if candidate is not None and candidate.command == command.id:
            return RUNNING
        confirmed = self._store.confirmed()
        return DONE if version_of(confirmed) == command.version else INTERRUPTED


def _check(problem: str) -> Check:
    key, colon, rest = problem.partition(":")
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in key)[:64]
    return Check(name, False, (rest if colon else problem).strip()[:300])
