"""The table of rules: what is wrong with a kiosk that is heard, or with the hub. Pure.

`hub.alerts.judging` asks them, and says about what nobody can know.

* **A Pi that is up with a dead scanner is an alarm**: each device counts by itself, and so does a
  kiosk to which no scanner is attached at all.
* ``urgent`` means that donors or records are hurt now and is told at any hour; ``soon`` waits for
  the end of the quiet hours.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from contract.messages import DeviceHealth, Health
from hub.alerts.facts import HubFacts, KioskFacts
from hub.alerts.limits import Limits

URGENT: Final = "urgent"
SOON: Final = "soon"
SEVERITIES: Final = (URGENT, SOON)
HOST: Final = "host"
OPERATOR: Final = "operator"

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000


class Match(Struct, frozen=True):
    """What a rule found: ``part`` tells it from others of the same rule and kiosk, ``values`` are
    for the words."""

    part: str = ""
    values: Mapping[str, str | int] = {}


Found: TypeAlias = Sequence[Match]
"""What a rule says is wrong."""


class KioskRule(Struct, frozen=True):
    """A rule about a kiosk that is connected and whose health is known. With ``on_site`` somebody
    must be there, so that it waits for the stop to open."""

    kind: str
    severity: str
    ring: str
    judge: Callable[[KioskFacts, Health, Limits, int], Found]
    on_site: bool = True


class HubRule(Struct, frozen=True):
    """A rule about the hub."""

    kind: str
    severity: str
    judge: Callable[[HubFacts, Limits, int], Found]
    ring: str = OPERATOR


# --- a kiosk's devices ----------------------------------------------------------------------------


def _scanner(facts: KioskFacts, health: Health, _limits: Limits, _now: int) -> Found:
    scanners = [one for one in health.devices if one.kind == "scanner"]
    if not scanners and health.devices:
        return (Match("none", {"device": "", "detail": "none attached"}),)
    return _down(scanners)


def _printer(_facts: KioskFacts, health: Health, _limits: Limits, _now: int) -> Found:
    return _down(
        one for one in health.devices if one.kind == "printer" and not _about_paper(one.detail)
    )


def _paper_out(_facts: KioskFacts, health: Health, _limits: Limits, _now: int) -> Found:
    return _down(
        one for one in health.devices if one.kind == "printer" and _about_paper(one.detail)
    )


def _paper_low(facts: KioskFacts, health: Health, limits: Limits, _now: int) -> Found:
    least = limits.get("paper_mm", facts.stop)
    return [
        Match(one.name, {"device": one.name, "mm": one.paper_mm})
        for one in health.devices
        if one.kind == "printer" and one.ok and one.paper_mm is not None and one.paper_mm < least
    ]


def _other_device(_facts: KioskFacts, health: Health, _limits: Limits, _now: int) -> Found:
    return _down(one for one in health.devices if one.kind not in ("scanner", "printer"))


def _down(devices: Iterable[DeviceHealth]) -> list[Match]:
    return [
        Match(one.name, {"device": one.name, "detail": one.detail}) for one in devices if not one.ok
    ]


def _about_paper(detail: str) -> bool:
    return "paper" in detail.lower()


# --- a kiosk's machine and data -------------------------------------------------------------------


def _refusing(_facts: KioskFacts, health: Health, _limits: Limits, _now: int) -> Found:
    return [Match("", {"detail": health.refusing})] if health.refusing else []


def _backlog(facts: KioskFacts, health: Health, limits: Limits, _now: int) -> Found:
    most = limits.get("backlog", facts.stop)
    return [Match("", {"n": health.backlog})] if health.backlog > most else []


def _unsent(facts: KioskFacts, health: Health, limits: Limits, _now: int) -> Found:
    minutes = health.oldest_unsent_s // 60
    return [Match("", {"n": minutes})] if minutes >= limits.get("unsent_min", facts.stop) else []


def _clock(facts: KioskFacts, health: Health, limits: Limits, _now: int) -> Found:
    late = health.uptime_s >= limits.get("clock_min", facts.stop) * 60
    return [Match()] if late and not health.clock else []


def _hot(facts: KioskFacts, health: Health, limits: Limits, _now: int) -> Found:
    warm = health.temperature_c
    hot = warm is not None and warm >= limits.get("hot_c", facts.stop)
    return [Match("", {"n": round(warm or 0)})] if hot else []


def _power(_facts: KioskFacts, health: Health, _limits: Limits, _now: int) -> Found:
    return [Match()] if "under-voltage" in (health.throttling or ()) else []


def _throttled(_facts: KioskFacts, health: Health, _limits: Limits, _now: int) -> Found:
    slow = {"throttled", "frequency-capped"} & set(health.throttling or ())
    return [Match()] if slow and "under-voltage" not in (health.throttling or ()) else []


def _disk(facts: KioskFacts, health: Health, limits: Limits, _now: int) -> Found:
    """A kiosk that does not know how much room there is says 0, and so does a full disk, which
    refuses scans: that is another alarm."""
    low = 0 < health.disk_free_mb < limits.get("disk_mb", facts.stop)
    return [Match("", {"n": health.disk_free_mb})] if low else []


def _reference(_facts: KioskFacts, health: Health, _limits: Limits, _now: int) -> Found:
    return [
        Match(part.name, {"part": part.name, "detail": part.detail})
        for part in health.reference
        if not part.ok
    ]


def _queue(facts: KioskFacts, health: Health, limits: Limits, _now: int) -> Found:
    most = limits.get("queue", facts.stop)
    return [Match("", {"n": health.paper_jobs})] if health.paper_jobs > most else []


def _prefixes(facts: KioskFacts, health: Health, limits: Limits, _now: int) -> Found:
    few = health.prefixes_left <= limits.get("prefixes", facts.stop)
    return [Match("", {"n": health.prefixes_left})] if few else []


def _restarts(facts: KioskFacts, _health: Health, limits: Limits, _now: int) -> Found:
    often = facts.restarts >= limits.get("restarts", facts.stop)
    return [Match("", {"n": facts.restarts})] if often else []


def _certificate(facts: KioskFacts, _health: Health, limits: Limits, now: int) -> Found:
    return _ending(facts.certificate_ends_ms, limits, now)


def _drift(facts: KioskFacts, _health: Health, limits: Limits, now: int) -> Found:
    late_ms = limits.get("drift_min") * MINUTE_MS
    late = facts.drift_ms is not None and now - facts.drift_ms >= late_ms
    return [Match()] if late and not facts.reverted else []


def _reverted(facts: KioskFacts, _health: Health, _limits: Limits, _now: int) -> Found:
    return [Match("", {"detail": facts.reverted})] if facts.reverted else []


def _update_failed(_facts: KioskFacts, health: Health, _limits: Limits, _now: int) -> Found:
    """Until the next update; what a kiosk tries again by itself is none yet."""
    failed = health.update in ("reverted", "refused")
    again = health.update_detail.startswith("not-acknowledged")
    told = {"release": health.update_release, "detail": health.update_detail}
    return [Match(health.update_release, told)] if failed and not again else []


def _ending(ends_ms: int | None, limits: Limits, now: int) -> list[Match]:
    if ends_ms is None or ends_ms - now > limits.get("certificate_days") * DAY_MS:
        return []
    return [Match("", {"n": max(0, (ends_ms - now) // DAY_MS)})]


KIOSK_RULES: Final = (
    KioskRule("refusing", URGENT, HOST, _refusing, on_site=False),
    KioskRule("scanner-down", URGENT, HOST, _scanner),
    KioskRule("printer-down", URGENT, HOST, _printer),
    KioskRule("paper-out", URGENT, HOST, _paper_out),
    KioskRule("paper-low", SOON, HOST, _paper_low),
    KioskRule("device-down", SOON, HOST, _other_device),
    KioskRule("print-queue", SOON, HOST, _queue),
    KioskRule("unsent-old", SOON, OPERATOR, _unsent, on_site=False),
    KioskRule("backlog", SOON, OPERATOR, _backlog, on_site=False),
    KioskRule("clock-untrusted", SOON, OPERATOR, _clock, on_site=False),
    KioskRule("under-voltage", SOON, HOST, _power),
    KioskRule("hot", SOON, HOST, _hot),
    KioskRule("throttled", SOON, HOST, _throttled),
    KioskRule("disk-low", SOON, OPERATOR, _disk, on_site=False),
    KioskRule("reference-refused", SOON, OPERATOR, _reference, on_site=False),
    KioskRule("prefixes-low", SOON, OPERATOR, _prefixes, on_site=False),
    KioskRule("restarting", URGENT, HOST, _restarts),
    KioskRule("kiosk-certificate", SOON, OPERATOR, _certificate, on_site=False),
    KioskRule("configuration-drift", SOON, OPERATOR, _drift, on_site=False),
    KioskRule("configuration-reverted", SOON, OPERATOR, _reverted, on_site=False),
    KioskRule("update-failed", SOON, OPERATOR, _update_failed, on_site=False),
)
SILENT: Final = "kiosk-silent"


# --- the hub --------------------------------------------------------------------------------------


def _broker(hub: HubFacts, _limits: Limits, _now: int) -> Found:
    return [Match()] if hub.broker_since_ms is None else []


def _writer(hub: HubFacts, _limits: Limits, _now: int) -> Found:
    return [] if hub.writer else [Match()]


def _behind(hub: HubFacts, _limits: Limits, now: int) -> Found:
    late = hub.behind_ms is not None and now - hub.behind_ms > 5 * MINUTE_MS
    return [Match()] if late else []


def _backup(hub: HubFacts, _limits: Limits, _now: int) -> Found:
    return [Match()] if hub.backup_late else []


def _backup_error(hub: HubFacts, _limits: Limits, _now: int) -> Found:
    return [Match()] if hub.backup_error and not hub.backup_late else []


def _hub_disk(hub: HubFacts, limits: Limits, _now: int) -> Found:
    free = hub.disk_free_mb
    low = free is not None and free < limits.get("hub_disk_mb")
    return [Match("", {"n": free or 0})] if low else []


def _hub_certificate(hub: HubFacts, limits: Limits, now: int) -> Found:
    return _ending(hub.certificate_ends_ms, limits, now)


def _broker_certificate(hub: HubFacts, limits: Limits, now: int) -> Found:
    return _ending(hub.broker_certificate_ends_ms, limits, now)


def _channels(hub: HubFacts, _limits: Limits, _now: int) -> Found:
    return [Match(name, {"channel": name}) for name in hub.failing_channels]


HUB_RULES: Final = (
    HubRule("broker-away", URGENT, _broker),
    HubRule("hub-cannot-write", URGENT, _writer),
    HubRule("projector-behind", URGENT, _behind),
    HubRule("backup-late", SOON, _backup),
    HubRule("backup-failed", SOON, _backup_error),
    HubRule("hub-disk-low", URGENT, _hub_disk),
    HubRule("hub-certificate", SOON, _hub_certificate),
    HubRule("broker-certificate", SOON, _broker_certificate),
    HubRule("channel-failing", SOON, _channels),
)

INCIDENT_RULES: Final[Mapping[str, tuple[str, str]]] = {
    "help-wanted": (URGENT, HOST),
    "fork": (URGENT, OPERATOR),
    "journal-lost": (URGENT, OPERATOR),
    "journal-damaged": (URGENT, OPERATOR),
    "hole": (SOON, OPERATOR),
    "chain-break": (SOON, OPERATOR),
    "journal-behind": (SOON, OPERATOR),
    "unknown-kiosk": (SOON, OPERATOR),
    "sends-too-much": (SOON, OPERATOR),
    "enrolment-replayed": (URGENT, OPERATOR),
    "revoked-heard": (URGENT, OPERATOR),
    "review-waits": (SOON, OPERATOR),
    "recalled-here": (SOON, HOST),
    "left-quarantine": (SOON, HOST),
    "roll-out-halted": (URGENT, OPERATOR),
}
"""Kinds of incidents that somebody is called for, with severity and whom to ring."""

INCIDENT: Final = "incident-"


def ring(kind: str) -> str:
    """Whom to ring about an alarm of this kind: host or operator."""
    if kind.startswith(INCIDENT):
        return INCIDENT_RULES.get(kind.removeprefix(INCIDENT), (SOON, OPERATOR))[1]
    if kind == SILENT:
        return HOST
    return next((one.ring for one in (*KIOSK_RULES, *HUB_RULES) if one.kind == kind), OPERATOR)


def kinds() -> tuple[str, ...]:
    """Every kind of alarm that there can be."""
    return (
        SILENT,
        *(one.kind for one in KIOSK_RULES),
        *(one.kind for one in HUB_RULES),
        *(INCIDENT + kind for kind in INCIDENT_RULES),
    )
