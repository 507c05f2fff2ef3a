"""What Prometheus reads: the hub and its kiosks as figures.

Rules
-----
* Nothing is counted in memory: figures are what the database says at the moment of a scrape, so
  that any process of the hub gives the same, and a restart loses none.
* No label holds what a kiosk or a person wrote. ``kiosk`` and ``stop`` are those that an operator
  registered, all others are words of this table. A kiosk that ended has no figures any more.
* Names and units are as Prometheus asks: base units, ``_total`` for what only grows.
* What is unknown is left out; it is never 0.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from contract.messages import Health
from hub.alerts import rules
from hub.alerts.facts import HubFacts
from hub.alerts.life import FIRING, Alarm
from hub.fleet import urgency
from hub.fleet.standings import Watched

MB: Final = 1_000_000
KINDS: Final = ("scanner", "printer", "panel", "speaker")
OTHER: Final = "other"
REASONS: Final = ("under-voltage", "frequency-capped", "throttled", "hot")
"""What a board holds against power and heat now."""
_Labels: TypeAlias = tuple[str, ...]
_OF_KIOSK: Final = ("kiosk", "stop")


class Figures(Struct, frozen=True):
    """What the hub knows at a scrape; times are Unix milliseconds. ``position`` only grows: it
    counts what came in."""

    now_ms: int
    version: str
    hub: HubFacts
    watched: Sequence[Watched]
    alarms: Sequence[Alarm]
    incidents: int
    position: int
    backup_ms: int | None


class _Single(Collector):
    """Metric families that were made already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families: Final = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def registry(figures: Figures) -> CollectorRegistry:
    """All figures, to be written by one of `prometheus_client`'s encoders."""
    made = CollectorRegistry(auto_describe=False)
    made.register(_Single(families(figures)))
    return made


def families(figures: Figures) -> Iterator[Metric]:
    """Every family, in order."""
    yield from _of_hub(figures)
    of = [one for one in figures.watched if one.kiosk.in_service]
    yield from _of_kiosks(of)
    yield from _of_health([(_labels(one), one.kiosk.health) for one in of])


# --- the hub --------------------------------------------------------------------------------------


def _of_hub(figures: Figures) -> Iterator[Metric]:
    hub = figures.hub
    yield InfoMetricFamily("yicang_hub_build", "The hub's release.", {"version": figures.version})
    working = _gauge("yicang_hub_working", "Whether a part of the hub does its work.", ("part",))
    working.add_metric(["writer"], int(hub.writer))
    working.add_metric(["broker"], int(hub.broker_since_ms is not None))
    working.add_metric(["alarms"], int(hub.watched))
    yield working
    yield CounterMetricFamily(
        "yicang_hub_events_received", "Events that came in and were stored.", figures.position
    )
    lag = 0 if hub.behind_ms is None else max(0, figures.now_ms - hub.behind_ms) / 1000
    yield _gauge(
        "yicang_hub_projection_lag_seconds",
        "How long the oldest event waits that is stored and not counted yet.",
        value=lag,
    )
    yield _gauge("yicang_hub_incidents_open", "Incidents that are open.", value=figures.incidents)
    alarms = _gauge("yicang_hub_alarms", "Alarms that fire.", ("severity", "acknowledged"))
    counted = Counter(
        (one.severity, one.acknowledged_ms is not None)
        for one in figures.alarms
        if one.state == FIRING
    )
    for severity in rules.SEVERITIES:
        for seen in (False, True):
            alarms.add_metric([severity, str(seen).lower()], counted[severity, seen])
    yield alarms
    yield _gauge(
        "yicang_hub_alarm_channels_failing",
        "Channels whose last message could not be sent.",
        value=len(hub.failing_channels),
    )
    levels = _gauge("yicang_hub_kiosks", "Kiosks by how much they need somebody.", ("level",))
    by_level = Counter(one.standing.level for one in figures.watched)
    for level in urgency.LEVELS:
        levels.add_metric([level], by_level[level])
    yield levels
    yield from _of_machine(figures)


def _of_machine(figures: Figures) -> Iterator[Metric]:
    hub = figures.hub
    failed = int(hub.backup_error)
    yield _gauge("yicang_hub_backup_failed", "Whether the last backup failed.", value=failed)
    if figures.backup_ms is not None:
        yield _gauge(
            "yicang_hub_backup_last_success_timestamp_seconds",
            "When the last verified backup that outlives the machine was taken.",
            value=figures.backup_ms / 1000,
        )
    if hub.disk_free_mb is not None:
        yield _gauge(
            "yicang_hub_disk_free_bytes",
            "Room on the disk with the hub's database.",
            value=hub.disk_free_mb * MB,
        )
    if hub.certificate_ends_ms is not None:
        yield _gauge(
            "yicang_hub_certificate_expiry_timestamp_seconds",
            "When the certificate of the hub's pages ends.",
            value=hub.certificate_ends_ms / 1000,
        )
    if hub.broker_certificate_ends_ms is not None:
        yield _gauge(
            "yicang_hub_broker_certificate_expiry_timestamp_seconds",
            "When the certificate that the broker shows to kiosks ends.",
            value=hub.broker_certificate_ends_ms / 1000,
        )


# --- kiosks ---------------------------------------------------------------------------------------


def _labels(one: Watched) -> _Labels:
    return one.kiosk.id, one.kiosk.stop


def _of_kiosks(watched: Sequence[Watched]) -> Iterator[Metric]:
    def told(name: str, text: str, value: Callable[[Watched], float | None]) -> Metric:
        return _each(name, text, ((_labels(one), value(one)) for one in watched))

    yield told(
        "yicang_fleet_kiosk_present",
        "Whether a kiosk says that it is there, and was heard lately.",
        lambda one: int(one.standing.presence == urgency.PRESENT),
    )
    yield told(
        "yicang_fleet_kiosk_expected",
        "Whether a kiosk should be there: its stop is open, and it was there before.",
        lambda one: int(one.open and one.standing.presence != urgency.NEVER),
    )
    yield told(
        "yicang_fleet_kiosk_last_seen_timestamp_seconds",
        "When anything last came from a kiosk.",
        lambda one: None if one.kiosk.seen_ms is None else one.kiosk.seen_ms / 1000,
    )
    yield told(
        "yicang_fleet_kiosk_configuration_drift",
        "Whether a kiosk does not use the configuration that is desired of it.",
        lambda one: int(one.drifts),
    )
    yield told(
        "yicang_fleet_kiosk_version_differs",
        "Whether a kiosk runs another version than most.",
        lambda one: int(one.differs),
    )
    troubles = _gauge(
        "yicang_fleet_kiosk_troubles",
        "What is the matter with a kiosk, by the rules of the alarms.",
        (*_OF_KIOSK, "severity"),
    )
    for one in watched:
        counted = Counter(each.severity for each in one.standing.troubles)
        for severity in rules.SEVERITIES:
            troubles.add_metric([*_labels(one), severity], counted[severity])
    yield troubles


_PLAIN: Final[Mapping[str, tuple[str, Callable[[Health], float | None]]]] = {
    "backlog_events": (
        "Events of a kiosk that the hub has not acknowledged.",
        lambda health: health.backlog,
    ),
    "oldest_unsent_seconds": (
        "Age of the oldest of them.",
        lambda health: health.oldest_unsent_s,
    ),
    "clock_trusted": (
        "Whether a kiosk knows what time it is.",
        lambda health: int(health.clock),
    ),
    "refusing": (
        "Whether a kiosk refuses every scan because it can save nothing.",
        lambda health: int(bool(health.refusing)),
    ),
    "temperature_celsius": (
        "Temperature of a kiosk's processor.",
        lambda health: health.temperature_c,
    ),
    "disk_free_bytes": (
        "Room on a kiosk's disk.",
        lambda health: health.disk_free_mb * MB or None,
    ),
    "paper_left_meters": (
        "What is left on a kiosk's emptiest roll.",
        lambda health: None if (mm := urgency.paper_mm(health)) is None else mm / 1000,
    ),
    "papers_waiting": ("Papers that wait to be printed.", lambda health: health.paper_jobs),
    "prefixes_spare": ("Spare code prefixes.", lambda health: health.prefixes_left),
    "uptime_seconds": ("How long a kiosk's program has run.", lambda health: health.uptime_s),
}


def _of_health(told: Sequence[tuple[_Labels, Health | None]]) -> Iterator[Metric]:
    known = [(labels, health) for labels, health in told if health is not None]
    for name, (text, value) in _PLAIN.items():
        yield _each(
            f"yicang_fleet_kiosk_{name}", text, ((labels, value(one)) for labels, one in known)
        )
    throttled = _gauge(
        "yicang_fleet_kiosk_throttled",
        "What a kiosk's board holds against power and heat now.",
        (*_OF_KIOSK, "reason"),
    )
    devices = _gauge(
        "yicang_fleet_kiosk_devices",
        "Peripherals of a kiosk, apart from its machine.",
        (*_OF_KIOSK, "kind", "state"),
    )
    for labels, one in known:
        if one.throttling is not None:
            for reason in REASONS:
                throttled.add_metric([*labels, reason], int(reason in one.throttling))
        counted = Counter(
            (each.kind if each.kind in KINDS else OTHER, each.ok) for each in one.devices
        )
        for kind in (*KINDS, OTHER):
            for ok, state in ((True, "working"), (False, "failing")):
                if kind != OTHER or counted[kind, ok]:
                    devices.add_metric([*labels, kind, state], counted[kind, ok])
    yield throttled
    yield devices


def _gauge(
    name: str, text: str, labels: Sequence[str] = (), *, value: float | None = None
) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value, labels=None if value is not None else labels)


def _each(name: str, text: str, values: Iterable[tuple[_Labels, float | None]]) -> Metric:
    made = _gauge(name, text, _OF_KIOSK)
    for labels, value in values:
        if value is not None:
            made.add_metric(list(labels), value)
    return made
