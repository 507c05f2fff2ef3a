"""Alarms over the API: what is one now, whom to ring, and that somebody takes care of it."""

from typing import Annotated, Final

from flask import abort
from msgspec import Meta, Struct

from hub.access.permissions import Permission
from hub.alerts import acts, contacts, rules, store, words
from hub.alerts.life import Alarm
from hub.alerts.words import Text
from hub.api.models import Said
from hub.api.routes import Call, Nothing, Route
from hub.request import connection, services

AlarmId = Annotated[int, Meta(ge=1, le=2**31)]


class AlarmOut(Struct, frozen=True):
    """An alarm. ``stop`` and ``kiosk`` are empty where it is the hub's own. ``severity`` is urgent
    or soon, ``state`` open or acknowledged; ``flapping``: it comes and goes. ``ring`` is host or
    operator; ``phone`` is told to whoever may acknowledge it. Times are Unix milliseconds."""

    id: int
    kind: str
    severity: str
    state: str
    stop: str
    kiosk: str
    title: Said
    cause: Said
    ask: Said
    ring: str
    phone: str
    flapping: bool
    began_ms: int
    fired_ms: int | None
    acknowledged_ms: int | None
    acknowledged_by: str
    told: int
    told_ms: int | None


class AlarmsOut(Struct, frozen=True):
    """What is an alarm now: what nobody has acknowledged first, the urgent before."""

    alarms: list[AlarmOut]


class WhichAlarm(Struct, frozen=True, forbid_unknown_fields=True):
    """The id of an alarm."""

    alarm: AlarmId


class AlarmSeen(Struct, frozen=True):
    """``changed`` is false when it was over, or somebody else had acknowledged it."""

    alarm: int
    changed: bool


def _said(text: Text) -> Said:
    return Said(text.zh, text.en)


def _out(one: Alarm, phone: str) -> AlarmOut:
    told = words.of(one.kind, one.values)
    return AlarmOut(
        id=one.id,
        kind=one.kind,
        severity=one.severity,
        state="open" if one.acknowledged_ms is None else "acknowledged",
        stop=one.stop,
        kiosk=one.kiosk,
        title=_said(told.title),
        cause=_said(told.cause),
        ask=_said(told.ask),
        ring=rules.ring(one.kind),
        phone=phone,
        flapping=one.flapping,
        began_ms=one.began_ms,
        fired_ms=one.fired_ms,
        acknowledged_ms=one.acknowledged_ms,
        acknowledged_by=one.acknowledged_by,
        told=one.told,
        told_ms=one.told_ms,
    )


def _every(call: Call) -> AlarmsOut:
    here = connection()
    phones = contacts.phones(here)
    return AlarmsOut(
        [
            _out(
                one,
                phones.get(one.stop, "")
                if rules.ring(one.kind) == rules.HOST
                and call.user.may(Permission.RESOLVE_INCIDENT, one.stop)
                else "",
            )
            for one in store.firing(here, call.user.visible)
        ]
    )


def _reach(call: Call) -> int:
    found = store.one(connection(), call.sent(WhichAlarm).alarm)
    if found is None:
        abort(404)
    call.reach(found.stop, Permission.RESOLVE_INCIDENT)
    return found.id


def _acknowledge(call: Call) -> AlarmSeen:
    alarm, by = _reach(call), call.user.by
    done = services().writer.call(lambda writing: acts.acknowledge(writing, alarm, by, call.now_ms))
    return AlarmSeen(alarm, done is not None)


def _take_back(call: Call) -> AlarmSeen:
    alarm, by = _reach(call), call.user.by
    done = services().writer.call(lambda writing: acts.take_back(writing, alarm, by, call.now_ms))
    return AlarmSeen(alarm, done is not None)


ROUTES: Final = (
    Route(
        method="GET",
        path="/alerts",
        name="alerts",
        summary="What is an alarm now, whom to ring and what to ask",
        permission=Permission.VIEW,
        act=_every,
        answer=AlarmsOut,
        query=Nothing,
    ),
    Route(
        method="POST",
        path="/alerts/acknowledge",
        name="acknowledgeAlert",
        summary="Somebody takes care of an alarm: nobody is told again",
        permission=Permission.RESOLVE_INCIDENT,
        act=_acknowledge,
        body=WhichAlarm,
        answer=AlarmSeen,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/alerts/take-back",
        name="takeAlertBack",
        summary="Take one's own acknowledgement back",
        permission=Permission.RESOLVE_INCIDENT,
        act=_take_back,
        body=WhichAlarm,
        answer=AlarmSeen,
        problems=(404,),
    ),
)
"""These routes."""
