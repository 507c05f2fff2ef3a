"""The life of an alarm: a state machine over stored rows. A function of its arguments.

Rules
-----
* **Pending.** What a rule finds becomes an alarm only after it has lasted (``hold_s``): a restart
  or a cable pushed back in wakes nobody.
* **Firing**, and told again (``repeat_min``, ``remind_min``) until somebody has acknowledged it or
  it is over. First the stop's group is told; when nobody there has acknowledged it after
  ``escalate_min``, the operator is told as well, once and at each repetition.
* **Over** only after it has been fine for ``fine_s``. Whoever was told that it began is told that
  it is over.
* **Flapping.** After so many changes within an hour (``flaps``) one message says that it comes and
  goes, and none its comings and goings. It is over when it has stayed fine and the hour has calmed.
* **Held.** What nobody can know (`hub.alerts.judging`) changes nothing, and repeats nothing.
* An alarm says what is *owed* to people (`Owed`); `hub.alerts.telling` pays. What is owed stays
  owed until it is told, or until it is no longer true.
"""

from typing import Final

import msgspec
from msgspec import Struct

from hub.alerts.judging import Finding
from hub.alerts.limits import Limits
from hub.alerts.rules import URGENT

PENDING: Final = "pending"
FIRING: Final = "firing"
ENDED: Final = "ended"

NOTHING: Final = ""
BEGAN: Final = "began"
AGAIN: Final = "again"
ESCALATED: Final = "escalated"
FLAPPING: Final = "flapping"
OVER: Final = "over"

NOBODY: Final = 0
GROUP: Final = 1
EVERYBODY: Final = 2

HOUR_MS: Final = 3_600_000
MOST_CHANGES: Final = 60
"""Changes that a row remembers; beyond so many in an hour their number tells no more."""


class Alarm(Struct, frozen=True):
    """A row. ``id`` is 0 before it is stored. ``since_ms``: since when a rule finds it without a
    break; ``fine_ms``: since when it does not. ``changes`` are the moments of both within the last
    hour. ``level`` is who has been told so far, ``told_ms`` when last, ``first_told_ms`` when
    first."""

    key: str
    kind: str
    severity: str
    stop: str
    kiosk: str
    values: dict[str, str | int]
    state: str
    began_ms: int
    since_ms: int
    id: int = 0
    fired_ms: int | None = None
    fine_ms: int | None = None
    ended_ms: int | None = None
    acknowledged_ms: int | None = None
    acknowledged_by: str = ""
    changes: tuple[int, ...] = ()
    flapping: bool = False
    owed: str = NOTHING
    level: int = NOBODY
    told: int = 0
    told_ms: int | None = None
    first_told_ms: int | None = None


def begin(finding: Finding, limits: Limits, now_ms: int, earlier: tuple[int, ...] = ()) -> Alarm:
    """A new alarm; ``earlier`` are the changes of the one before it with the same key."""
    made = Alarm(
        key=finding.key,
        kind=finding.kind,
        severity=finding.severity,
        stop=finding.stop,
        kiosk=finding.kiosk,
        values=dict(finding.values),
        state=PENDING,
        began_ms=now_ms,
        since_ms=now_ms,
        changes=_recent((*earlier, now_ms), now_ms),
    )
    return _settle(made, limits, now_ms)


def step(alarm: Alarm, finding: Finding | None, limits: Limits, now_ms: int) -> Alarm:
    """The alarm a moment later, given what the rules find of it now. One that ended stays so."""
    if alarm.state == ENDED:
        return alarm
    alarm = _not_ahead(alarm, now_ms)
    changes = alarm.changes
    if finding is not None:
        if alarm.fine_ms is not None:
            changes = (*changes, now_ms)
            alarm = msgspec.structs.replace(alarm, fine_ms=None, since_ms=now_ms)
        alarm = msgspec.structs.replace(
            alarm, severity=finding.severity, stop=finding.stop, values=dict(finding.values)
        )
    elif alarm.fine_ms is None:
        changes = (*changes, now_ms)
        alarm = msgspec.structs.replace(alarm, fine_ms=now_ms)
    alarm = msgspec.structs.replace(alarm, changes=_recent(changes, now_ms))
    return _settle(alarm, limits, now_ms)


def acknowledge(alarm: Alarm, who: str, now_ms: int) -> Alarm:
    """Somebody has seen it: nothing more is owed, but that it is over."""
    owed = OVER if alarm.owed == OVER else NOTHING
    return msgspec.structs.replace(alarm, acknowledged_ms=now_ms, acknowledged_by=who, owed=owed)


def take_back(alarm: Alarm) -> Alarm:
    """Nobody has seen it after all."""
    return msgspec.structs.replace(alarm, acknowledged_ms=None, acknowledged_by="")


def paid(alarm: Alarm, level: int, now_ms: int) -> Alarm:
    """People were told what was owed."""
    first = alarm.first_told_ms if alarm.first_told_ms is not None else now_ms
    return msgspec.structs.replace(
        alarm,
        owed=NOTHING,
        level=max(alarm.level, level),
        told=alarm.told + 1,
        told_ms=now_ms,
        first_told_ms=first,
    )


def _settle(alarm: Alarm, limits: Limits, now_ms: int) -> Alarm:
    if alarm.state == PENDING:
        return _settle_pending(alarm, limits, now_ms)
    alarm = _settle_flapping(alarm, limits)
    fine_for = now_ms - alarm.fine_ms if alarm.fine_ms is not None else -1
    if not alarm.flapping and fine_for >= limits.get("fine_s") * 1000:
        owed = OVER if alarm.told else NOTHING
        return msgspec.structs.replace(alarm, state=ENDED, ended_ms=now_ms, owed=owed)
    return _settle_repeats(alarm, limits, now_ms)


def _settle_pending(alarm: Alarm, limits: Limits, now_ms: int) -> Alarm:
    often = len(alarm.changes) >= limits.get("flaps")
    if alarm.fine_ms is not None and not often:
        # Forgotten only when its changes are: what comes for a moment each few minutes counts.
        if now_ms - alarm.fine_ms >= HOUR_MS:
            return msgspec.structs.replace(alarm, state=ENDED, ended_ms=now_ms)
        return alarm
    lasted = alarm.fine_ms is None and now_ms - alarm.since_ms >= limits.get("hold_s") * 1000
    if not lasted and not often:
        return alarm
    return msgspec.structs.replace(
        alarm,
        state=FIRING,
        fired_ms=now_ms,
        flapping=often,
        owed=FLAPPING if often else BEGAN,
    )


def _settle_flapping(alarm: Alarm, limits: Limits) -> Alarm:
    if not alarm.flapping and len(alarm.changes) >= limits.get("flaps"):
        owed = alarm.owed if alarm.acknowledged_ms is not None else FLAPPING
        return msgspec.structs.replace(alarm, flapping=True, owed=owed)
    if alarm.flapping and len(alarm.changes) < (limits.get("flaps") + 1) // 2:
        return msgspec.structs.replace(alarm, flapping=False)
    return alarm


def _settle_repeats(alarm: Alarm, limits: Limits, now_ms: int) -> Alarm:
    if alarm.acknowledged_ms is not None or alarm.owed in (BEGAN, FLAPPING):
        return alarm
    if alarm.fine_ms is not None and not alarm.flapping:
        # It may be over: nobody is sent to look at something that works again.
        return msgspec.structs.replace(alarm, owed=NOTHING)
    if alarm.told_ms is None or alarm.first_told_ms is None:
        return msgspec.structs.replace(alarm, owed=FLAPPING if alarm.flapping else BEGAN)
    if alarm.level < EVERYBODY:
        if now_ms - alarm.first_told_ms >= limits.get("escalate_min") * 60_000:
            return msgspec.structs.replace(alarm, owed=ESCALATED)
        return alarm
    every = limits.get("repeat_min" if alarm.severity == URGENT else "remind_min")
    if now_ms - alarm.told_ms >= every * 60_000:
        return msgspec.structs.replace(alarm, owed=AGAIN)
    return alarm


def _not_ahead(alarm: Alarm, now_ms: int) -> Alarm:
    """Without moments that are to come: the hub's clock was ahead when they were noted, and nobody
    would be told anything until it is there again."""

    def past(moment: int | None) -> int | None:
        return None if moment is None else min(moment, now_ms)

    return msgspec.structs.replace(
        alarm,
        began_ms=min(alarm.began_ms, now_ms),
        since_ms=min(alarm.since_ms, now_ms),
        fired_ms=past(alarm.fired_ms),
        fine_ms=past(alarm.fine_ms),
        told_ms=past(alarm.told_ms),
        first_told_ms=past(alarm.first_told_ms),
    )


def _recent(changes: tuple[int, ...], now_ms: int) -> tuple[int, ...]:
    return tuple(one for one in changes if now_ms - HOUR_MS < one <= now_ms)[-MOST_CHANGES:]
