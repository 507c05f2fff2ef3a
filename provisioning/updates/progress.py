"""How far an update is, as a value; `provisioning.updates.state` keeps it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

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
