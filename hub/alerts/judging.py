"""Facts in, what is wrong out: the table of rules asked about each kiosk, the hub and incidents.

A function of its arguments.

Rules
-----
* **Three answers.** A rule says that something is wrong, that it is not, or that nobody can know
  now. Nobody can know how a kiosk is that is away, whose stop is closed, or that the hub cannot
  hear. What nobody can know neither begins nor ends an alarm: it is *held*.
* **Closed is not silent.** Outside opening hours a kiosk may be away, and nobody is asked to go and
  look at its paper. In the first minutes after opening it may still be starting.
* **One cause, one alarm.** While the hub's broker is away, all kiosks are held: there is one alarm,
  and it is the hub's. While a kiosk is silent, what else it said last is held.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from hub.alerts.facts import HubFacts, IncidentFacts, KioskFacts
from hub.alerts.limits import Limits
from hub.alerts.rules import (
    HUB_RULES,
    INCIDENT,
    INCIDENT_RULES,
    KIOSK_RULES,
    MINUTE_MS,
    SILENT,
    URGENT,
    Match,
)

STALE_MS: Final = 10 * MINUTE_MS
"""Health that is older says nothing about now; it comes every minute."""


class Finding(Struct, frozen=True):
    """Something that is wrong now; ``key`` is the same as long as it is the same thing."""

    key: str
    kind: str
    severity: str
    stop: str
    kiosk: str
    values: Mapping[str, str | int]


class Verdict(Struct, frozen=True):
    """``held(kiosk, kind)`` is whether nobody can know about such an alarm now."""

    findings: tuple[Finding, ...]
    held: Callable[[str, str], bool]


def judge(
    kiosks: Sequence[KioskFacts],
    hub: HubFacts,
    incidents: Sequence[IncidentFacts],
    limits: Limits,
    now_ms: int,
) -> Verdict:
    """What is wrong now, and about what nobody can know."""
    findings: list[Finding] = []
    unknown: set[tuple[str, str]] = set()
    for rule in HUB_RULES:
        for match in rule.judge(hub, limits, now_ms):
            findings.append(_finding(rule.kind, rule.severity, "", "", match))
    for facts in kiosks:
        here, cannot_know = _judge_kiosk(facts, hub, limits, now_ms)
        findings += here
        unknown |= {(facts.kiosk, kind) for kind in cannot_know}
    for one in incidents:
        rule_of = INCIDENT_RULES.get(one.kind)
        if rule_of is not None:
            kind = INCIDENT + one.kind
            key = f"{INCIDENT}{one.key}"
            findings.append(Finding(key, kind, rule_of[0], one.stop, one.kiosk, {"key": one.key}))
    return Verdict(tuple(findings), lambda kiosk, kind: (kiosk, kind) in unknown)


def _judge_kiosk(
    facts: KioskFacts, hub: HubFacts, limits: Limits, now_ms: int
) -> tuple[list[Finding], set[str]]:
    """What is wrong with a kiosk, and the kinds about which nobody can know."""
    silent = is_silent(facts, hub, limits, now_ms)
    every = {rule.kind for rule in KIOSK_RULES}
    if silent is None or silent:
        found = [_of(facts, SILENT, URGENT, Match())] if silent else []
        return found, every | (set() if silent else {SILENT})
    health = facts.health
    if health is None or facts.health_ms is None or now_ms - facts.health_ms > STALE_MS:
        return [], every
    findings, unknown = [], set()
    for rule in KIOSK_RULES:
        if rule.on_site and facts.open_since_ms is None:
            unknown.add(rule.kind)
            continue
        for match in rule.judge(facts, health, limits, now_ms):
            findings.append(_of(facts, rule.kind, rule.severity, match))
    return findings, unknown


def is_present(facts: KioskFacts, limits: Limits, now_ms: int) -> bool:
    """Whether a kiosk says that it is there, and has been heard lately: a retained ``online`` that
    nothing follows is no proof."""
    wait_ms = limits.get("silent_s", facts.stop) * 1000
    return bool(facts.online) and facts.seen_ms is not None and now_ms - facts.seen_ms <= wait_ms


def is_silent(facts: KioskFacts, hub: HubFacts, limits: Limits, now_ms: int) -> bool | None:
    """Whether a kiosk that should be there is not; None while nobody can know: the hub's broker is
    away or has just come back, the stop is closed or has just opened, or the kiosk never was
    there."""
    wait_ms = limits.get("silent_s", facts.stop) * 1000
    if hub.broker_since_ms is None:
        return None
    if is_present(facts, limits, now_ms):
        return False
    if facts.online is None or facts.open_since_ms is None:
        return None
    if now_ms - max(hub.broker_since_ms, facts.open_since_ms) <= wait_ms:
        return None
    return True


def _of(facts: KioskFacts, kind: str, severity: str, match: Match) -> Finding:
    return _finding(kind, severity, facts.stop, facts.kiosk, match)


def _finding(kind: str, severity: str, stop: str, kiosk: str, match: Match) -> Finding:
    key = ":".join(part for part in (kind, kiosk, match.part) if part)
    return Finding(key, kind, severity, stop, kiosk, match.values)
