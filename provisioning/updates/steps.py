"""From where an update stands and what can be seen to what is done next. Pure.

Rules
-----
* The way is ``unpacking`` -> ``waiting`` -> ``switching`` -> ``trying`` -> ``confirming``; from
  ``trying`` there is also ``returning``. Every step may be done twice: who was cut off begins at
  the state that is on disk, and does that step again.
* Nothing is switched while somebody may need the kiosk, while it has events that the hub lacks, or
  while it cannot be told whether the way to the hub is whole: a release must not be blamed for
  what was broken before.
* A release is confirmed by what a stop needs of it: every scanner and printer that worked before
  works, the journal takes an event, and the hub acknowledges that event. A process that runs is
  not enough.
* A release under trial is watched from outside. That it crashes, is silent, or takes the whole
  machine down with it is counted, and each is a reason to go back.
* What failed is not tried again by itself, unless the reason lay elsewhere (the hub was silent).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from kiosk.update_words import KioskFacts
from provisioning.updates.progress import Phase, Result, State

PATIENCE_MS: Final = 20 * 60_000
"""How long one run waits for a good moment; the timer brings the next."""
TRIAL_MS: Final = 10 * 60_000
"""How long a new release has to show that it works, for each time it is watched."""
MAX_STARTS: Final = 6
"""How often the watch over one release may begin: a machine that starts counts twice, since it is
looked at before the kiosk and after."""
MAX_FAILURES: Final = 5
"""How often the kiosk's process may end during the trial."""
REST_S: Final = 120
"""Seconds without a scan before somebody's kiosk may be restarted."""

ELSEWHERE: Final = frozenset({"not-acknowledged"})
"""Reasons to go back that say nothing against the release."""
SERVICES: Final = ("scanner", "printer")
"""Kinds of devices without which a kiosk is not one."""


@dataclass(frozen=True)
class Seen:
    """What can be seen. ``complete``: the release is unpacked; ``kiosk`` answers or is None, and
    ``nonce`` was asked; ``waited_ms`` since this phase began in this run; ``failures`` how often
    the kiosk's process has ended since; ``early``: the machine starts, and the kiosk does not run
    yet; ``counted``: this run has counted itself; ``fixed``: the release brings units or accounts,
    and the system they belong into is mounted read-only."""

    complete: bool = False
    kiosk: KioskFacts | None = None
    nonce: str = ""
    """Empty: nothing was asked yet."""
    waited_ms: int = 0
    failures: int = 0
    early: bool = False
    counted: bool = False
    fixed: bool = False


@dataclass(frozen=True)
class Unpack:
    """Make the release's folder complete, from nothing."""

    release: str
    source: str


@dataclass(frozen=True)
class Switch:
    """Let the kiosk run this release from now on."""

    release: str


@dataclass(frozen=True)
class Confirm:
    """Let the updater run it, too, and forget all but these."""

    release: str
    keep: tuple[str, ...]


@dataclass(frozen=True)
class Note:
    """Nothing but the new state."""


@dataclass(frozen=True)
class Pause:
    """Look again in a moment."""


@dataclass(frozen=True)
class Leave:
    """There is nothing to be done in this run."""


Action: TypeAlias = Unpack | Switch | Confirm | Note | Pause | Leave


@dataclass(frozen=True)
class Plan:
    """An action, the state that is saved once it is done, and the one if it fails (``reason`` is
    then filled in by who carried it out)."""

    action: Action
    then: State
    otherwise: State


def plan(state: State, seen: Seen) -> Plan:
    """What is to be done now."""
    match state.phase:
        case Phase.UNPACKING:
            if seen.complete:
                return _note(state.at(Phase.WAITING))
            if seen.early:
                return _stay(Leave(), state)
            refused = state.ended(Result.REFUSED)
            return Plan(
                Unpack(state.release, state.source), state.at(Phase.WAITING, reason=""), refused
            )
        case Phase.WAITING:
            return _waiting(state, seen)
        case Phase.SWITCHING:
            back = state.at(Phase.RETURNING, reason="cannot-switch")
            trying = state.at(Phase.TRYING, starts=0, reason="")
            return Plan(Switch(state.release), trying, back)
        case Phase.TRYING:
            return _trying(state, seen)
        case Phase.CONFIRMING:
            keep = (state.release, state.previous)
            return Plan(Confirm(state.release, keep), state.ended(Result.CONFIRMED), state)
        case Phase.RETURNING:
            again = state.reason in ELSEWHERE
            back = state.ended(Result.REVERTED, state.reason, again=again)
            return Plan(Switch(state.previous), back, state)
        case Phase.IDLE:
            return _stay(Leave(), state)


def _note(then: State) -> Plan:
    return Plan(Note(), then, then)


def _stay(action: Action, state: State) -> Plan:
    return Plan(action, state, state)


def _waiting(state: State, seen: Seen) -> Plan:
    if seen.early:
        return _stay(Leave(), state)
    if not seen.complete:
        return _note(state.at(Phase.UNPACKING))
    why = "" if state.forced else hindrance(state, seen)
    if not why:
        working = seen.kiosk.devices if seen.kiosk is not None else {}
        return _note(state.at(Phase.SWITCHING, baseline=dict(working), reason=""))
    waits = state.at(Phase.WAITING, reason=why)
    if seen.waited_ms >= PATIENCE_MS or why in ("not-the-hour", "read-only"):
        return _stay(Leave(), waits)
    return Plan(Pause(), waits, waits)


def hindrance(state: State, seen: Seen) -> str:
    """Why this is not the moment, as a machine word; empty when it is."""
    kiosk = seen.kiosk
    if seen.fixed:
        return "read-only"
    if kiosk is None:
        return "kiosk-silent"
    if not state.by_hand and not kiosk.open_now:
        return "not-the-hour"
    if kiosk.refusing:
        return "refusing"
    if kiosk.resting_s < (1 if state.by_hand else REST_S):
        return "in-use"
    asked = seen.nonce != "" and kiosk.asked == seen.nonce
    if asked and not kiosk.acked:
        return "not-acknowledged"
    if kiosk.backlog > 0:
        return "backlog"
    return "" if asked else "not-asked"


def wants_answer(state: State, seen: Seen) -> bool:
    """Whether the kiosk is to write its test event now: not before everything else is right, so
    that a journal is not filled by an update that waits."""
    if seen.early or seen.nonce:
        return False
    if state.phase is Phase.TRYING:
        return True
    return state.phase is Phase.WAITING and hindrance(state, seen) == "not-asked"


def _trying(state: State, seen: Seen) -> Plan:
    if not seen.counted:
        return _note(state.at(Phase.TRYING, starts=state.starts + 1))
    if state.starts > MAX_STARTS:
        return _note(state.at(Phase.RETURNING, reason="start-loop"))
    if seen.early:
        return _stay(Leave(), state)
    if seen.failures >= MAX_FAILURES:
        return _note(state.at(Phase.RETURNING, reason="crashes"))
    why = complaint(state, seen)
    if not why:
        return _note(state.at(Phase.CONFIRMING, reason=""))
    if seen.waited_ms >= TRIAL_MS:
        return _note(state.at(Phase.RETURNING, reason=why))
    tells = state.at(Phase.TRYING, reason=why)
    return Plan(Pause(), tells, tells)


def complaint(state: State, seen: Seen) -> str:
    """What a new release lacks still, as a machine word; empty when it works."""
    kiosk = seen.kiosk
    if kiosk is None or kiosk.release != state.release:
        return "kiosk-silent"
    if kiosk.refusing:
        return "refusing"
    for kind in SERVICES:
        if kiosk.devices.get(kind, 0) < state.baseline.get(kind, 0):
            return f"{kind}-missing"
    if not (seen.nonce and kiosk.asked == seen.nonce and kiosk.acked):
        return "not-acknowledged"
    return ""


def begin(
    state: State, release: str, previous: str, *, source: str, by_hand: bool, forced: bool
) -> State:
    """An update to ``release``; the last one's outcome stays known until this one has its own."""
    return State(
        phase=Phase.UNPACKING,
        release=release,
        previous=previous,
        source=source,
        by_hand=by_hand,
        forced=forced,
        result=state.result,
        result_release=state.result_release,
        result_reason=state.result_reason,
        before=state.before,
        refused=state.refused,
    )


def told_words(state: State) -> Mapping[str, str]:
    """What the kiosk reports: a word, the release it is about, and why."""
    if state.phase is not Phase.IDLE:
        return {"update": state.phase.value, "release": state.release, "reason": state.reason}
    return {
        "update": state.result.value,
        "release": state.result_release,
        "reason": state.result_reason,
    }
