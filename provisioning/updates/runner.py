"""Carries out what `provisioning.updates.steps` plans, and saves each step before the next.

The order is what makes it safe: an action is done first and its outcome saved after, so whoever is
cut off in between does the same action again, and every action may be done twice.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from kiosk.update_facts import read_facts, write_ask, write_told
from kiosk.update_words import Told
from provisioning.updates import fitting, folders, links, steps
from provisioning.updates.alone import BusyError, alone
from provisioning.updates.bundle import BundleError, Manifest, Verify, is_release_id
from provisioning.updates.host import Host
from provisioning.updates.judging import installed, judge
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.places import Places
from provisioning.updates.progress import Phase, Result, State
from provisioning.updates.state import StateError, load, save

log: Final = logging.getLogger(__name__)

LOOK_S: Final = 1.0
"""How often a kiosk under trial is looked at."""


class Waiting(Protocol):
    """Time as the updater needs it."""

    def mono_ms(self) -> int:
        """Milliseconds since some fixed moment."""

    def sleep(self, seconds: float) -> None:
        """Waits."""


class RealTime:
    """This machine's clock."""

    def mono_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Updater:
    """One run of the updater over the machine at ``places``.

    ``make`` makes a release's environment, ``verify`` believes signatures, ``fits`` raises
    `BundleError` for a manifest that is not for this machine.
    """

    def __init__(
        self,
        places: Places,
        host: Host,
        clock: Waiting,
        *,
        verify: Verify,
        make: folders.Make,
        fits: Callable[[Manifest], None],
        early: bool = False,
    ) -> None:
        self._places: Final = places
        self._host: Final = host
        self._clock: Final = clock
        self._verify: Final = verify
        self._make: Final = make
        self._fits: Final = fits
        self._early: Final = early

    def state(self) -> State:
        """The state on disk. One that cannot be read is forgotten: the links tell what runs."""
        try:
            return load(self._places.state)
        except StateError as error:
            log.error("%s", error)
            return State()

    def install(self, source: Path, *, forced: bool = False, older: bool = False) -> State:
        """Begins an update to the bundle at ``source``, by hand, and goes on with it.

        Raises:
            BundleError: it is not for this machine, not trusted, older, or in use already.
            BusyError: another update is going on.
            OSError: it cannot be read.
        """
        with alone(self._places.data):
            self._heal()
            manifest = folders.read_manifest(source, self._verify)
            self._judge(manifest, older=older)
            self._begin(manifest.id, str(source.absolute()), by_hand=True, forced=forced)
            return self._go_on()

    def roll_back(self, *, forced: bool = False) -> State:
        """Begins an update to the release that was confirmed before the present one.

        Raises:
            BundleError: ``no-previous``: there is none.
            BusyError, OSError: as `install`.
        """
        with alone(self._places.data):
            self._heal()
            before = self.state().before
            if not self._places.is_complete(before):
                raise BundleError("no-previous", "没有上一版可退回 / there is none to go back to")
            self._begin(before, "", by_hand=True, forced=forced)
            return self._go_on()

    def run(self) -> State:
        """Goes on with what was begun; with nothing begun, with what was fetched.

        Raises `BusyError`, OSError.
        """
        with alone(self._places.data):
            self._heal()
            if not self._early:
                self._forget_withdrawn()
                if self.state().phase is Phase.IDLE:
                    self._take_fetched()
            return self._go_on()

    def _begin(self, release: str, source: str, *, by_hand: bool, forced: bool) -> None:
        state = self.state()
        if state.phase in (Phase.SWITCHING, Phase.TRYING, Phase.CONFIRMING, Phase.RETURNING):
            raise BusyError(f"正在试用 {state.release} / {state.release} is under trial")
        previous = self._places.linked(CONFIRMED) or ""
        self._save(
            steps.begin(state, release, previous, source=source, by_hand=by_hand, forced=forced)
        )

    def _judge(self, manifest: Manifest, *, older: bool) -> None:
        self._fits(manifest)
        in_use = self._places.linked(CONFIRMED) or ""
        judge(manifest, in_use, installed(self._places, in_use), older=older)

    def _take_fetched(self) -> None:
        state = self.state()
        for source in sorted(self._places.incoming.glob("*.yrel"), reverse=True):
            name = source.name.removesuffix(".yrel")
            if not is_release_id(name) or name in state.refused:
                continue
            try:
                manifest = folders.read_manifest(source, self._verify)
                if manifest.id != name:
                    raise BundleError("other-release", f"{name}: {manifest.id}")
                if "hub" in links.kinds(self._places.root):
                    # What runs the hub is not replaced under it, nor without its database.
                    raise BundleError("hub-here", f"{name}: 本机也是中心 / this is a hub, too")
                # Back to what was confirmed before this one, and no further: a signature never
                # expires, and whoever has the kiosk's account could offer any old release.
                self._judge(manifest, older=manifest.id == state.before)
            except BundleError as error:
                if error.word == "installed":
                    continue
                log.error("%s: %s", name, error)
                refused = steps.begin(state, name, "", source="", by_hand=False, forced=False)
                state = refused.ended(Result.REFUSED, error.word)
                self._save(state)
            except OSError as error:
                # The folder is not root's: what lies there may be a link, or gone again.
                log.error("%s", error)
            else:
                self._begin(name, str(source), by_hand=False, forced=False)
                return

    def _forget_withdrawn(self) -> None:
        """What was fetched and is fetched no more (the roll-out was halted) is not begun."""
        state = self.state()
        if (
            state.phase in (Phase.UNPACKING, Phase.WAITING)
            and not state.by_hand
            and not Path(state.source).exists()
        ):
            log.info("%s is not wanted any more", state.release)
            self._save(state.ended(Result.NONE, again=True))

    def _heal(self) -> None:
        """Both links point to releases that are there. (They are only ever replaced by a rename; a
        card that was edited, or a disk that lost files, is put right as far as it goes.)"""
        there = self._places.complete()
        current, confirmed = (self._places.linked(link) for link in (CURRENT, CONFIRMED))
        if confirmed not in there and current in there:
            log.error("the confirmed release is not there: %s stands in", current)
            self._places.link(CONFIRMED, str(current))
        elif current not in there and confirmed in there:
            log.error("the current release is not there: back to %s", confirmed)
            self._places.link(CURRENT, str(confirmed))
        elif {current, confirmed} <= set(there) and current != confirmed:
            self._leave_unwatched(str(current), str(confirmed))

    def _leave_unwatched(self, current: str, confirmed: str) -> None:
        """Goes back from a release that is under trial by its link alone: how far it was is lost,
        and so is the count of its starts. (A hub's trial has a state of its own.)"""
        state = self.state()
        if "hub" in links.kinds(self._places.root) or state.phase is not Phase.IDLE:
            return
        log.error("%s was never confirmed: back to %s", current, confirmed)
        lost = steps.begin(state, current, confirmed, source="", by_hand=False, forced=False)
        self._save(lost.at(Phase.RETURNING, reason="cut-off"))

    def _go_on(self) -> State:
        nonce, counted, since, ended = "", False, self._clock.mono_ms(), 0
        state = self.state()
        self._tell(state)
        while True:
            seen = self._look(state, nonce, since, counted, ended)
            if steps.wants_answer(state, seen):
                nonce = secrets.token_hex(8)
                write_ask(self._places.told, nonce)
                seen = replace(seen, nonce=nonce)
            plan = steps.plan(state, seen)
            after = self._do(plan, state)
            if after is None:
                return state
            self._save(after)
            if isinstance(plan.action, steps.Leave):
                write_ask(self._places.told, "")
                return after
            if isinstance(plan.action, steps.Pause):
                self._clock.sleep(LOOK_S)
            counted = counted or state.phase is after.phase is Phase.TRYING
            if after.phase is not state.phase:
                log.info("%s: %s %s", state.release, after.phase.value, after.reason)
                nonce, since = "", self._clock.mono_ms()
                if after.phase is Phase.TRYING and not self._early:
                    ended = self._host.failures()
            state = after

    def _look(self, state: State, nonce: str, since: int, counted: bool, ended: int) -> steps.Seen:
        watched = state.phase is Phase.TRYING and not self._early
        ends = self._host.failures() if watched else 0
        return steps.Seen(
            complete=self._places.is_complete(state.release),
            kiosk=None if self._early else read_facts(self._places.heard),
            nonce=nonce,
            waited_ms=self._clock.mono_ms() - since,
            failures=ends - ended if ends >= ended else ends,  # systemd counts anew after a start
            early=self._early,
            counted=counted,
            fixed=self._is_fixed(state),
        )

    def _is_fixed(self, state: State) -> bool:
        current = self._places.linked(CURRENT)
        if state.phase is not Phase.WAITING or not self._places.is_complete(state.release):
            return False
        step = fitting.Step(current or "", state.release, CURRENT)
        return fitting.writes(self._places, step) and self._host.is_fixed()

    def _do(self, plan: steps.Plan, state: State) -> State | None:
        """The state after the plan's action; None when it failed and is to be tried later."""
        try:
            match plan.action:
                case steps.Unpack(release, source):
                    source_path = Path(source)
                    folders.unpack(self._places, release, source_path, self._verify, self._make)
                case steps.Switch(release):
                    self._switch(release, state)
                case steps.Confirm(release, keep):
                    self._places.link(CONFIRMED, release)
                    self._fit(state)
                    self._host.reload()
                    folders.prune(self._places, keep)
        except (BundleError, OSError) as error:
            log.error("%s: %s: %s", state.release, state.phase.value, error)
            if plan.otherwise == state:
                return None
            word = error.word if isinstance(error, BundleError) else "disk"
            if plan.otherwise.phase is Phase.IDLE:
                if word == "source":  # which says nothing against the release
                    return state.ended(Result.REFUSED, word, again=True)
                return replace(plan.otherwise, result_reason=word)
            return plan.otherwise
        return plan.then

    def _switch(self, release: str, state: State) -> None:
        if not self._places.is_complete(release):
            raise BundleError("incomplete", f"{release} 不完整 / is not complete")
        self._places.link(CURRENT, release)
        try:
            self._fit(state)
        except OSError:
            if state.phase is not Phase.RETURNING:
                raise
            # Whatever of the machine's cannot be undone: what worked before runs again.
            log.exception("%s: not everything is as it was before", state.release)
        self._host.reload()
        if not self._early:
            self._host.restart()

    def _fit(self, state: State) -> None:
        for step in fitting.steps(self._places, state):
            if fitting.matters(self._places, step):
                self._host.fit(step)

    def _save(self, state: State) -> None:
        if state != self.state() or not self._places.state.exists():
            save(self._places.state, state)
            self._tell(state)

    def _tell(self, state: State) -> None:
        self._places.told.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_told(self._places.told, Told(**steps.told_words(state)))
