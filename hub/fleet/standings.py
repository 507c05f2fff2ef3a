"""How every kiosk stands, read from the database: the facts and the rules of the alarms
(`hub.alerts`), put in order by `hub.fleet.urgency`."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, structs
from sqlalchemy import Connection, select

from hub import db
from hub.access.scope import Stops
from hub.alerts import gathering, judging, store
from hub.alerts.facts import HubFacts, KioskFacts
from hub.alerts.judging import Finding
from hub.alerts.life import Alarm
from hub.fleet import configurations, urgency
from hub.fleet.roll_out_states import LEFT_OUT
from hub.fleet.urgency import Standing
from hub.queries import kiosks
from hub.queries.kiosks import Kiosk

BROKER: Final = "broker-away"


class Watched(Struct, frozen=True):
    """A kiosk with everything that the board says of it. ``open``: its stop is open now, or no
    hours are known. ``drifts``: it does not use the configuration that is desired of it.
    ``wanted`` is the release that a roll-out has told it, if one has. ``differs``: it runs another
    version than that, or without it than most."""

    kiosk: Kiosk
    standing: Standing
    open: bool
    drifts: bool
    reverted: str
    version: str
    wanted: str
    differs: bool


def watched(
    connection: Connection, now_ms: int, zone: dt.tzinfo, stops: Stops = None
) -> list[Watched]:
    """Every kiosk of ``stops``, what needs a human first before all others. What most run is
    counted over all kiosks, whoever asks."""
    every = kiosks.kiosks(connection)
    facts = {one.kiosk: one for one in gathering.kiosk_facts(connection, now_ms, zone)}
    standings = _standings(connection, list(facts.values()), now_ms)
    desired = configurations.desired_of(connection)
    wanted = _wanted(connection)
    usual = urgency.usual(urgency.version(one.health) for one in facts.values())
    found = []
    for one in every:
        if stops is not None and one.stop not in stops:
            continue
        known, runs = facts.get(one.id), urgency.version(one.health)
        found.append(
            Watched(
                kiosk=one,
                standing=standings.get(one.id) or _unknown_here(one),
                open=known is None or known.open_since_ms is not None,
                drifts=known is not None and configurations.drifts(desired.get(one.id), one.health),
                reverted=known.reverted if known is not None else "",
                version=runs,
                wanted=wanted.get(one.id, ""),
                differs=known is not None and bool(runs) and runs != (wanted.get(one.id) or usual),
            )
        )
    return sorted(found, key=lambda one: urgency.rank(one.standing))


def heard(connection: Connection, now_ms: int, zone: dt.tzinfo, stops: Stops = None) -> list[Kiosk]:
    """Kiosks by id, with ``online`` only where they were heard lately too."""
    known = {urgency.PRESENT: True, urgency.AWAY: False, urgency.NEVER: None}
    found = [
        structs.replace(one.kiosk, online=known.get(one.standing.presence, one.kiosk.online))
        for one in watched(connection, now_ms, zone, stops)
    ]
    return sorted(found, key=lambda one: one.id)


def _standings(
    connection: Connection, facts: Sequence[KioskFacts], now_ms: int
) -> dict[str, Standing]:
    limits = store.limits(connection)
    alarms = store.open_alarms(connection)
    hub = HubFacts(broker_since_ms=_broker_since_ms(alarms.get(BROKER)))
    incidents = gathering.incident_facts(connection)
    verdict = judging.judge(facts, hub, incidents, limits, now_ms)
    findings: dict[str, list[Finding]] = {}
    for finding in verdict.findings:
        findings.setdefault(finding.kiosk, []).append(finding)
    of: dict[str, list[Alarm]] = {}
    for alarm in alarms.values():
        of.setdefault(alarm.kiosk, []).append(alarm)
    return {
        one.kiosk: urgency.standing(
            one,
            findings.get(one.kiosk, ()),
            of.get(one.kiosk, ()),
            limits,
            now_ms,
            broker=hub.broker_since_ms is not None,
        )
        for one in facts
    }


def _wanted(connection: Connection) -> dict[str, str]:
    """The release of the newest roll-out that has told each kiosk."""
    told, roll_out = db.roll_out_kiosk.c, db.roll_out.c
    rows = connection.execute(
        select(told.kiosk, roll_out.release)
        .join(db.roll_out, roll_out.id == told.roll_out)
        .where(told.told_ms.is_not(None), told.state != LEFT_OUT)
        .order_by(roll_out.id)
    )
    return {row.kiosk: row.release for row in rows}


def _broker_since_ms(away: Alarm | None) -> int | None:
    """Since when the hub hears kiosks, by the alarm about its broker: 0 where there is none, None
    while it does not."""
    return 0 if away is None else away.fine_ms


def _unknown_here(one: Kiosk) -> Standing:
    """Of a kiosk that ended, or that sends and is not registered: about that one there is an
    incident."""
    if one.ended:
        return urgency.ended(one.id)
    there = urgency.PRESENT if one.online else urgency.AWAY
    return Standing(one.id, urgency.NEVER if one.online is None else there, urgency.WELL, ())
