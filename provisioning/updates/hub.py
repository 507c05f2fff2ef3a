"""A hub's machine takes over a release, because a person said so there.

What is shared with kiosks: bundles, folders, links, keys, the state on disk and its rules (every
step may be cut off and done again; always the old or the new one, never none). What is other:

* **One hub serves all stops, and its database does not go back by itself.** Before anything is
  touched the release brings a copy of the database to its own shape, while the old one serves. Then
  the hub stands for a moment: the database is copied, the release switched, its own provisioning
  done, and the hub started.
* It is confirmed once every part of it has been well for `STEADY_MS`; what ailed before does not
  count against it. Otherwise it goes back, and so does the database (`hub.backup.updating`).
* Cut off by a start of the machine, it always goes back, before the hub starts: nobody may be
  there to look.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from provisioning.updates import folders
from provisioning.updates.alone import BusyError, alone
from provisioning.updates.bundle import BundleError, Manifest, Verify
from provisioning.updates.fitting import Step
from provisioning.updates.judging import installed, judge
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.places import Places
from provisioning.updates.progress import Phase, Result, State
from provisioning.updates.runner import Waiting
from provisioning.updates.state import StateError, load, save

log: Final = logging.getLogger(__name__)

STATE: Final = "hub.json"
LOOK_S: Final = 2.0
STEADY_MS: Final = 30_000
TRIAL_MS: Final = 15 * 60_000
"""How long a release may take until it is well, without the time that it needs to start."""
START_MS: Final = 2 * 3_600_000
"""How long it may say that it is still starting: it may fold every event anew."""
MAX_FAILURES: Final = 3


class HubMachine(Protocol):
    """What an update needs of a hub's machine. ``base`` is a release's folder, whose own program
    does it. Each raises OSError when it cannot be done; the text is for people."""

    def ailments(self) -> frozenset[str] | None:
        """What the hub says of itself on ``/healthz``: nothing when all of it is well; None while
        it does not answer."""

    def is_starting(self) -> bool:
        """Whether its service is."""

    def failures(self) -> int:
        """How often its process has ended by itself since it was started."""

    def stop(self) -> None:
        """Ends the hub, what it was about to write done."""

    def start(self) -> None:
        """Starts the hub, and a kiosk that this machine is besides; waits for neither."""

    def rehearse(self, base: Path, old: Path, release: str) -> None:
        """Has ``base``, of ``release``, bring a copy of the database, made by ``old``, to its own
        shape; a copy that an earlier attempt has left is gone. Raises `BundleError`,
        ``rehearsal``."""

    def keep(self, base: Path, release: str) -> None:
        """Copies the database as it was before ``release``, unless that is done; the hub
        stands."""

    def put_back(self, base: Path, release: str) -> None:
        """Makes the database what it was before ``release``, if that has changed its shape, and
        adds what was recorded since; the hub stands."""

    def forget(self, base: Path, release: str) -> None:
        """Takes copies of earlier updates than the one to ``release`` away."""

    def provision(self, base: Path) -> None:
        """Has the machine be what this release wants a hub's to be; starts nothing of the hub."""

    def fit(self, step: Step) -> None:
        """As `provisioning.updates.fitting.fit`."""


class HubUpdater:
    """One run over the hub at ``places``; otherwise as `provisioning.updates.runner.Updater`."""

    def __init__(
        self,
        places: Places,
        machine: HubMachine,
        clock: Waiting,
        *,
        verify: Verify,
        make: folders.Make,
        fits: Callable[[Manifest], None],
    ) -> None:
        self._places: Final = places
        self._machine: Final = machine
        self._clock: Final = clock
        self._verify: Final = verify
        self._make: Final = make
        self._fits: Final = fits

    @property
    def _path(self) -> Path:
        return self._places.data / STATE

    def state(self) -> State:
        """How far it is, or how it ended."""
        try:
            return load(self._path)
        except StateError as error:
            log.error("%s", error)
            return State()

    def install(self, source: Path, *, forced: bool = False, older: bool = False) -> State:
        """Brings the hub to the bundle at ``source``. ``forced``: though the hub is not well.

        Raises:
            BundleError: it is not for this machine, not trusted, older, in use, or the hub is not
                well now.
            BusyError: another update is going on.
            OSError: it cannot be read.
        """
        with alone(self._places.data):
            if self.state().phase is not Phase.IDLE:
                raise BusyError(
                    "上一次升级被打断了，请先输入 yicang update run --hub"
                    " / an earlier update was cut off; type first: yicang update run --hub"
                )
            manifest = folders.read_manifest(source, self._verify)
            current = self._name(CURRENT)
            self._fits(manifest)
            judge(manifest, current, installed(self._places, current), older=older)
            ails = self._machine.ailments()
            if ails != frozenset() and not forced:
                said = "、".join(sorted(ails)) if ails is not None else "?"
                raise BundleError(
                    "unwell",
                    f"中心现在就不正常（{said}），先修好，或加 --force"
                    f" / the hub is not well now ({said}): mend that first, or add --force",
                )
            if self._name(CONFIRMED) != current:
                self._places.link(CONFIRMED, current)
            save(
                self._path,
                State(
                    phase=Phase.UNPACKING,
                    release=manifest.id,
                    previous=current,
                    source=str(source.absolute()),
                    by_hand=True,
                    forced=forced,
                    baseline=dict.fromkeys(ails if ails is not None else ("silent",), 1),
                ),
            )
            return self._go_on()

    def run(self, *, early: bool = False) -> State:
        """Goes on with what was cut off; ``early``, at the machine's start, back from it.

        Raises `BusyError`, OSError.
        """
        with alone(self._places.data):
            state = self.state()
            if early and state.phase in (Phase.SWITCHING, Phase.TRYING):
                save(self._path, state.at(Phase.RETURNING, reason="cut-off"))
            elif early and state.phase is Phase.UNPACKING:
                save(self._path, state.ended(Result.REFUSED, "cut-off", again=True))
            return self._go_on(early=early)

    # --- inside ----------------------------------------------------------------------------

    def _name(self, link: str) -> str:
        """The folder that a link leads to, which need not be a release's: a hub may have been set
        up from a checkout."""
        try:
            return (self._places.home / link).readlink().name
        except OSError:
            return ""

    def _base(self, name: str) -> Path:
        return self._places.releases / name

    def _go_on(self, *, early: bool = False) -> State:
        state = self.state()
        while state.phase is not Phase.IDLE:
            log.info("%s: %s %s", state.release, state.phase.value, state.reason)
            try:
                state = self._step(state, early=early)
            except (BundleError, OSError) as error:
                log.error("%s: %s: %s", state.release, state.phase.value, error)
                failed = self._failed(state, error)
                if failed is None:
                    raise
                state = failed
            save(self._path, state)
        return state

    def _failed(self, state: State, error: Exception) -> State | None:
        """What becomes of an update whose step cannot be done; None: that is tried again later."""
        word = error.word if isinstance(error, BundleError) else ""
        if state.phase is Phase.UNPACKING:
            ended = state.ended(Result.REFUSED, again=True)
            return replace(ended, result_reason=word or "disk")
        if state.phase is Phase.SWITCHING:
            return state.at(Phase.RETURNING, reason=word or "cannot-switch")
        return None

    def _step(self, state: State, *, early: bool) -> State:
        new, old = self._base(state.release), self._base(state.previous)
        match state.phase:
            case Phase.UNPACKING:
                source = Path(state.source)
                folders.unpack(self._places, state.release, source, self._verify, self._make)
                self._machine.rehearse(new, old, state.release)
                return state.at(Phase.SWITCHING)
            case Phase.SWITCHING:
                self._machine.stop()
                self._machine.keep(old, state.release)
                self._switch(state.release, Step(state.previous, state.release, CURRENT))
                self._machine.start()
                return state.at(Phase.TRYING)
            case Phase.TRYING:
                why = self._trial(frozenset(state.baseline))
                return state.at(Phase.RETURNING if why else Phase.CONFIRMING, reason=why)
            case Phase.CONFIRMING:
                self._places.link(CONFIRMED, state.release)
                self._machine.fit(Step(state.previous, state.release, CONFIRMED))
                self._machine.forget(new, state.release)
                folders.prune(self._places, (state.release, state.previous))
                return state.ended(Result.CONFIRMED)
            case _:
                if not early:  # a start that is waited for would be taken out of the queue
                    self._machine.stop()
                self._places.link(CURRENT, state.previous)
                self._machine.put_back(old, state.release)
                self._switch(state.previous, Step(state.release, state.previous, CURRENT))
                if not early:
                    self._machine.start()
                return state.ended(Result.REVERTED, state.reason, again=True)

    def _switch(self, release: str, step: Step) -> None:
        self._places.link(CURRENT, release)
        self._machine.fit(step)
        self._machine.provision(self._base(release))

    def _trial(self, before: frozenset[str]) -> str:
        """Watches the hub until it is well for long enough, or not; why not."""
        waited = starting = steady = 0
        since = self._clock.mono_ms()
        while True:
            ails = self._machine.ailments()
            passed, since = self._clock.mono_ms() - since, self._clock.mono_ms()
            if ails is not None and ails <= before:
                steady += passed
            else:
                steady = 0
            if steady >= STEADY_MS:
                return ""
            if self._machine.failures() >= MAX_FAILURES:
                return "crashes"
            if ails is None and self._machine.is_starting():
                starting += passed
            else:
                waited += passed
            if waited >= TRIAL_MS or starting >= START_MS:
                return "hub-silent" if ails is None else "hub-unwell"
            self._clock.sleep(LOOK_S)


def state_of(places: Places) -> State | None:
    """How far the last update of a hub here is; None when there was none, or it cannot be told."""
    path = places.data / STATE
    try:
        return load(path) if path.exists() else None
    except (StateError, OSError):
        return None
