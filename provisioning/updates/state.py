"""How far an update is: the one file that outlives the process, the power and the release."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from kiosk.durable import write_durably

FORMAT: Final = 1
REMEMBERED: Final = 20
"""Releases that are not tried again of themselves."""


class Phase(StrEnum):
    """What is to be done next; see `provisioning.updates.steps`."""

    IDLE = "idle"
    UNPACKING = "unpacking"
    WAITING = "waiting"
    SWITCHING = "switching"
    TRYING = "trying"
    CONFIRMING = "confirming"
    RETURNING = "returning"


class Result(StrEnum):
    """How the last one ended."""

    NONE = ""
    CONFIRMED = "confirmed"
    REVERTED = "reverted"
    """It was tried, and left again."""
    REFUSED = "refused"
    """It was never in use."""


@dataclass(frozen=True)
class State:
    """``release`` is in question, ``previous`` is what to go back to, ``source`` the bundle.

    ``by_hand``: a person wants it now, whatever the hour; ``forced``: even if the kiosk is silent.
    ``baseline`` counts the devices that worked before, by kind. ``starts`` counts how often the
    updater has begun to watch this release. ``reason`` is a machine word: what it waits for, or why
    it goes back. ``result`` and ``result_reason`` tell of ``result_release``. ``before`` is the
    release that was confirmed before the present one, ``refused`` what is not tried by itself.
    """

    phase: Phase = Phase.IDLE
    release: str = ""
    previous: str = ""
    source: str = ""
    by_hand: bool = False
    forced: bool = False
    baseline: Mapping[str, int] = field(default_factory=dict)
    starts: int = 0
    reason: str = ""
    result: Result = Result.NONE
    result_release: str = ""
    result_reason: str = ""
    before: str = ""
    refused: tuple[str, ...] = ()

    def ended(self, result: Result, reason: str = "", *, again: bool = False) -> "State":
        """Nothing to be done any more; ``again``: it may be tried again by itself."""
        refused = tuple(one for one in self.refused if one != self.release)
        if result is not Result.CONFIRMED and not again:
            refused = (*refused, self.release)[-REMEMBERED:]
        return State(
            result=result,
            result_release=self.release,
            result_reason=reason,
            before=self.previous if result is Result.CONFIRMED else self.before,
            refused=refused,
        )

    def at(self, phase: Phase, **changes: Any) -> "State":
        """The same update in another phase."""
        return replace(self, phase=phase, **changes)


class StateError(Exception):
    """The state file is there and cannot be read; the text says so in both languages."""


def load(path: Path) -> State:
    """The state in the file; a fresh one without a file.

    Raises:
        StateError: it is damaged, or of a later release.
        OSError: it cannot be read.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return State()
    try:
        found = json.loads(raw)
        if found.pop("format") != FORMAT:
            raise ValueError("format")
        known = {name: found[name] for name in State.__dataclass_fields__ if name in found}
        known["phase"] = Phase(known.get("phase", "idle"))
        known["result"] = Result(known.get("result", ""))
        known["refused"] = tuple(str(one) for one in known.get("refused", ()))
        known["baseline"] = {str(k): int(v) for k, v in known.get("baseline", {}).items()}
        return State(**known)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"{path}: 升级状态读不懂 / cannot be understood: {error}") from None


def save(path: Path, state: State) -> None:
    """On disk when this returns; anybody may read it. Raises OSError."""
    document = {"format": FORMAT, **asdict(state)}
    write_durably(path, json.dumps(document, sort_keys=True, indent=1).encode() + b"\n", mode=0o644)
