"""Gathers the facts that the rules judge, from the database and the machine."""

import contextlib
import datetime as dt
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509
from msgspec import Struct
from sqlalchemy import Connection, func, select

from hub import db
from hub.alerts import channels, contacts, opening
from hub.alerts.facts import HubFacts, IncidentFacts, KioskFacts
from hub.alerts.rules import INCIDENT_RULES
from hub.backup import state
from hub.config import HubConfig
from hub.fleet import configurations
from hub.fleet.configurations import Staged
from hub.queries import kiosks
from hub.queries.kiosks import Kiosk

HOUR_MS: Final = 3_600_000
REVERTED: Final = "reverted"


def kiosk_facts(connection: Connection, now_ms: int, zone: dt.tzinfo) -> list[KioskFacts]:
    """Every kiosk that is in use."""
    table = db.kiosk.c
    in_use = set(
        connection.scalars(
            select(table.id).where(table.retired_ms.is_(None), table.revoked_ms.is_(None))
        )
    )
    hours = {
        stop: opening.open_since_ms(one, now_ms, zone)
        for stop, one in contacts.hours(connection).items()
    }
    known = _Known(
        _restarts(connection, now_ms),
        _certificates(connection),
        configurations.desired_of(connection),
    )
    return [
        _facts(one, hours.get(one.stop, 0), known)
        for one in kiosks.kiosks(connection)
        if one.id in in_use
    ]


class _Known(Struct, frozen=True):
    """What is known of kiosks beside what they say, by kiosk."""

    restarts: Mapping[str, int]
    ends: Mapping[str, int]
    desired: Mapping[str, Staged]


def _facts(one: Kiosk, open_since_ms: int | None, known: _Known) -> KioskFacts:
    health, desired = one.health, known.desired.get(one.id)
    drifts = desired is not None and configurations.drifts(desired, health)
    reverted = health is not None and health.config_state == REVERTED
    return KioskFacts(
        kiosk=one.id,
        stop=one.stop,
        online=one.online,
        seen_ms=one.seen_ms,
        health=health,
        health_ms=one.health_ms,
        open_since_ms=open_since_ms,
        restarts=known.restarts.get(one.id, 0),
        certificate_ends_ms=known.ends.get(one.id),
        drift_ms=desired.staged_ms if desired is not None and drifts else None,
        reverted=(health.config_detail or REVERTED) if health is not None and reverted else "",
    )


def _restarts(connection: Connection, now_ms: int) -> dict[str, int]:
    """Starts of each kiosk's program within the last hour: every one opens an epoch, which the
    projector places in time."""
    table = db.stream.c
    rows = connection.execute(
        select(table.kiosk, func.count())
        .where(
            table.received_ms > now_ms - HOUR_MS,
            table.placed + table.first_mono > now_ms - HOUR_MS,
        )
        .group_by(table.kiosk)
    )
    return {row[0]: row[1] for row in rows}


def _certificates(connection: Connection) -> dict[str, int]:
    table = db.enrolment.c
    rows = connection.execute(
        select(table.kiosk, table.certificate)
        .where(table.kiosk.is_not(None), table.certificate.is_not(None), table.certificate != "")
        .order_by(table.confirmed_ms)
    )
    found = {row.kiosk: certificate_end_ms(row.certificate) for row in rows}
    return {kiosk: end for kiosk, end in found.items() if end is not None}


@lru_cache(maxsize=256)
def certificate_end_ms(pem: str) -> int | None:
    """When a certificate ends; None for what is none."""
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None
    return int(found.not_valid_after_utc.timestamp() * 1000)


def incident_facts(connection: Connection) -> list[IncidentFacts]:
    """Incidents of the kinds that somebody is called for, open and seen by nobody."""
    table = db.incident.c
    rows = connection.execute(
        select(table.key, table.kind, table.stop, table.kiosk, table.opened_ms).where(
            table.kind.in_(sorted(INCIDENT_RULES)),
            table.closed_ms.is_(None),
            table.acknowledged_ms.is_(None),
        )
    )
    return [IncidentFacts(*row) for row in rows]


def hub_facts(
    connection: Connection,
    config: HubConfig,
    now_ms: int,
    *,
    broker_since_ms: int | None,
    writer: bool,
    data: Path | None,
    watched: bool = True,
) -> HubFacts:
    """The hub itself; ``data`` is the directory of its database, None where that is another
    machine's."""
    backups = state.standing(connection)
    table = db.event.c
    waiting = connection.scalar(select(func.min(table.received_ms)).where(table.position < 0))
    return HubFacts(
        broker_since_ms=broker_since_ms,
        writer=writer,
        backup_late=bool(config.backup_dir)
        and state.late(backups, now_ms, config.backup_late_s * 1000),
        backup_error=backups.failed is not None,
        disk_free_mb=_free_mb(data),
        behind_ms=waiting,
        certificate_ends_ms=_file_end_ms(config.tls_certificate),
        broker_certificate_ends_ms=_file_end_ms(config.broker_certificate),
        watched=watched,
        failing_channels=tuple(one.name for one in channels.every(connection) if one.failing),
    )


def _free_mb(data: Path | None) -> int | None:
    if data is None:
        return None
    with contextlib.suppress(OSError):
        return shutil.disk_usage(data).free // 1_000_000
    return None


def _file_end_ms(path: str) -> int | None:
    if not path:
        return None
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return certificate_end_ms(Path(path).read_text(encoding="ascii"))
    return None
