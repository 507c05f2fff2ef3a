"""Every kiosk over the API: the facts of the board (`hub.web.kiosk_list`)."""

from flask import current_app

from hub.api.models import DeviceOut, KioskOut, KiosksOut, TroubleOut
from hub.fleet import standings, urgency
from hub.fleet.standings import Watched
from hub.fleet.urgency import Trouble
from hub.request import connection, now_ms
from hub.web.login import visible_stops


def answer() -> KiosksOut:
    """Those that this token may see."""
    zone = current_app.config["TIMEZONE"]
    found = standings.watched(connection(), now_ms(), zone, visible_stops())
    return KiosksOut([_kiosk(one) for one in found])


def _kiosk(watched: Watched) -> KioskOut:
    one, standing = watched.kiosk, watched.standing
    health = one.health
    return KioskOut(
        id=one.id,
        stop=one.stop,
        registered=one.known_here,
        ended=one.ended,
        presence=standing.presence,
        level=standing.level,
        troubles=[_trouble(each) for each in standing.troubles],
        online=one.online,
        seen_ms=one.seen_ms,
        last_event_ms=one.last_event_ms,
        health_ms=one.health_ms,
        backlog=health.backlog if health else None,
        oldest_unsent_s=health.oldest_unsent_s if health else None,
        clock=health.clock if health else None,
        clock_source=health.clock_source if health else None,
        software=health.software if health else None,
        version=watched.version,
        version_wanted=watched.wanted,
        version_differs=watched.differs,
        uptime_s=health.uptime_s if health else None,
        disk_free_mb=health.disk_free_mb if health else None,
        refusing=health.refusing if health else None,
        temperature_c=health.temperature_c if health else None,
        throttling=list(health.throttling) if health and health.throttling is not None else None,
        paper_mm=urgency.paper_mm(health),
        paper_jobs=health.paper_jobs if health else None,
        prefixes_left=health.prefixes_left if health else None,
        config=health.config if health else None,
        config_state=health.config_state if health else None,
        config_detail=health.config_detail if health else None,
        drift=watched.drifts,
        devices=[
            DeviceOut(device.name, device.kind, device.ok, device.detail, device.paper_mm)
            for device in (health.devices if health else ())
        ],
    )


def _trouble(one: Trouble) -> TroubleOut:
    number = one.alarm.id if one.alarm is not None else None
    return TroubleOut(one.kind, one.severity, one.ring, number, one.handled)
