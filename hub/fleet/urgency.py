"""Which kiosk needs a human first. A function of its arguments.

Rules
-----
* **One opinion.** What is wrong is what `hub.alerts.judging` finds, and what is an alarm already;
  nothing is judged here a second time. Here it is only put in order.
* **Who is there.** A kiosk is present when it says so *and* has been heard within the limit after
  which a silent one is an alarm. A retained ``online`` that nothing follows is not presence. While
  the hub has no broker nobody can know.
* **Order.** What hurts donors or records now, then what can wait until morning, then kiosks that
  are away although nobody minds (their stop is closed), then those never heard, then the well, then
  those that ended. Within these, what nobody takes care of yet comes first, then the kind of
  trouble as in `KINDS`, then what has lasted longest.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from contract.messages import Health
from hub.alerts import judging, rules
from hub.alerts.facts import KioskFacts
from hub.alerts.judging import Finding
from hub.alerts.life import FIRING, Alarm
from hub.alerts.limits import Limits

PRESENT: Final = "online"
AWAY: Final = "offline"
NEVER: Final = "never"
UNKNOWN: Final = "unknown"
PRESENCES: Final = (PRESENT, AWAY, NEVER, UNKNOWN)

URGENT: Final = rules.URGENT
SOON: Final = rules.SOON
ABSENT: Final = "away"
NEW: Final = "new"
WELL: Final = "well"
ENDED: Final = "ended"
LEVELS: Final = (URGENT, SOON, ABSENT, NEW, WELL, ENDED)
"""The first needs a human first."""

KINDS: Final = (
    "scanner-down",
    "refusing",
    "incident-help-wanted",
    "kiosk-silent",
    "printer-down",
    "paper-out",
    "restarting",
    "incident-fork",
    "incident-journal-lost",
    "incident-journal-damaged",
    "incident-enrolment-replayed",
    "incident-revoked-heard",
    "configuration-reverted",
    "incident-roll-out-halted",
    "update-failed",
    "paper-low",
    "print-queue",
    "under-voltage",
    "hot",
    "throttled",
    "device-down",
    "disk-low",
    "unsent-old",
    "backlog",
    "clock-untrusted",
    "kiosk-certificate",
    "prefixes-low",
    "reference-refused",
    "configuration-drift",
    "incident-recalled-here",
    "incident-left-quarantine",
    "incident-hole",
    "incident-chain-break",
    "incident-journal-behind",
    "incident-unknown-kiosk",
    "incident-sends-too-much",
    "incident-review-waits",
)
"""Every kind of trouble that a kiosk can have, the most pressing first: nobody can give, then
nobody gets a label, then what will come to that."""
_ORDER: Final[Mapping[str, int]] = {kind: n for n, kind in enumerate(KINDS)}


class Trouble(Struct, frozen=True):
    """Something that is the matter. ``alarm`` is None as long as it has not lasted long enough to
    be one; ``since_ms`` is then when it was looked at."""

    kind: str
    severity: str
    values: Mapping[str, str | int]
    since_ms: int
    alarm: Alarm | None

    @property
    def handled(self) -> bool:
        """Whether somebody has said that they take care of it."""
        return self.alarm is not None and self.alarm.acknowledged_ms is not None

    @property
    def ring(self) -> str:
        """Whom to ring: host or operator."""
        return rules.ring(self.kind)


class Standing(Struct, frozen=True):
    """How a kiosk stands: a word of `PRESENCES`, one of `LEVELS`, and its troubles, the first
    first."""

    kiosk: str
    presence: str
    level: str
    troubles: tuple[Trouble, ...]

    @property
    def first(self) -> Trouble | None:
        """What to see to first."""
        return self.troubles[0] if self.troubles else None


def presence(facts: KioskFacts, limits: Limits, now_ms: int, *, broker: bool = True) -> str:
    """Whether a kiosk is there; ``broker`` is whether the hub can hear at all."""
    if facts.online is None:
        return NEVER
    if not broker:
        return UNKNOWN
    return PRESENT if judging.is_present(facts, limits, now_ms) else AWAY


def standing(
    facts: KioskFacts,
    findings: Iterable[Finding],
    alarms: Iterable[Alarm],
    limits: Limits,
    now_ms: int,
    *,
    broker: bool = True,
) -> Standing:
    """One kiosk, from what the rules found about it and its alarms that are open."""
    there = presence(facts, limits, now_ms, broker=broker)
    troubles = _troubles(findings, alarms, now_ms)
    return Standing(facts.kiosk, there, _level(there, troubles), troubles)


def ended(kiosk: str) -> Standing:
    """Of a kiosk that is out of service or revoked: nothing is expected of it."""
    return Standing(kiosk, AWAY, ENDED, ())


def rank(one: Standing) -> tuple[int, bool, int, int, str]:
    """What kiosks are sorted by; the least needs a human first."""
    first = one.first
    if first is None:
        return LEVELS.index(one.level), False, 0, 0, one.kiosk
    return LEVELS.index(one.level), *_pressing(first)[1:], one.kiosk


def usual(versions: Iterable[str]) -> str:
    """The version that most run, of equally many the greater; empty where nobody says one."""
    counted = Counter(one for one in versions if one)
    return max(counted, key=lambda one: (counted[one], one)) if counted else ""


def version(health: Health | None) -> str:
    """What a kiosk runs: its release, or where there is none its software's version."""
    return "" if health is None else health.release or health.software


def paper_mm(health: Health | None) -> int | None:
    """The least paper that any of its printers has left; None where none tells."""
    left = [] if health is None else [one.paper_mm for one in health.devices]
    return min((one for one in left if one is not None), default=None)


def worst(levels: Sequence[str]) -> str:
    """The level of a place with kiosks of these levels; without any it is well."""
    return min(levels, key=LEVELS.index, default=WELL)


def _troubles(
    findings: Iterable[Finding], alarms: Iterable[Alarm], now_ms: int
) -> tuple[Trouble, ...]:
    """What is found now, and alarms about which nobody can know any more whether they are over."""
    firing = {one.key: one for one in alarms if one.state == FIRING}
    found = {one.key: Trouble(one.kind, one.severity, one.values, now_ms, None) for one in findings}
    for key, alarm in firing.items():
        values = found[key].values if key in found else alarm.values
        found[key] = Trouble(alarm.kind, alarm.severity, values, alarm.began_ms, alarm)
    return tuple(sorted(found.values(), key=_pressing))


def _pressing(one: Trouble) -> tuple[int, bool, int, int]:
    order = _ORDER.get(one.kind, len(KINDS))
    return LEVELS.index(one.severity), one.handled, order, one.since_ms


def _level(there: str, troubles: Sequence[Trouble]) -> str:
    if troubles:
        return troubles[0].severity
    return {AWAY: ABSENT, NEVER: NEW}.get(there, WELL)
