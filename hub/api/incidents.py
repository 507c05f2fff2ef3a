"""Incidents that somebody has seen, rulings that are taken back, and counting by machine."""

from typing import Annotated, Final
from uuid import uuid4

from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection

from contract.fields import MAX_IDS_PER_VOID, EventId
from hub import incidents as log
from hub import rulings
from hub.access import audit
from hub.access.permissions import Permission
from hub.api.routes import Call, Route
from hub.counts import phone_counts
from hub.counts.counting import CountingError
from hub.counts.phone_counts import CountAct
from hub.log.recording import API
from hub.queries import incidents
from hub.queries.incidents import Incident
from hub.request import connection, services
from hub.stock.stock_actions import Refused
from hub.stock.stock_changes import Keeper

Key = Annotated[str, Meta(min_length=1, max_length=512)]


class WhichIncident(Struct, frozen=True, forbid_unknown_fields=True):
    """The key of an incident."""

    key: Key


class SeenOut(Struct, frozen=True):
    """Its key; ``fresh`` is false when somebody had seen it before."""

    key: str
    fresh: bool


class ToTakeBack(Struct, frozen=True, forbid_unknown_fields=True):
    """The ``events`` that a ruling on this incident became."""

    key: Key
    events: Annotated[list[EventId], Meta(min_length=1, max_length=MAX_IDS_PER_VOID)]


class TakenBack(Struct, frozen=True):
    """The events that take them back; the incident is open again."""

    events: list[str]


class ToScan(Struct, frozen=True, forbid_unknown_fields=True):
    """A step of a count: a turn begins, a shelf is opened, a label is seen, or was not, a shelf is
    done. ``begun`` and ``counted`` in it are the idempotency keys of the requests that they name:
    send such requests with one."""

    act: CountAct


class Scanned(Struct, frozen=True):
    """The events that it became, and the request's key, drawn here where none was sent."""

    request: str
    events: list[str]


def _incident(key: str, call: Call) -> Incident:
    found = incidents.one(connection(), key)
    if found is None:
        abort(404)
    call.reach(found.stop, Permission.RESOLVE_INCIDENT)
    return found


def _see(call: Call) -> SeenOut:
    incident, by = _incident(call.sent(WhichIncident).key, call), call.user.by

    def work(writing: Connection) -> bool:
        fresh = log.acknowledge(writing, incident.key, by.account, call.now_ms)
        if fresh:
            stop = incident.stop
            audit.note(
                writing, by, "incident.acknowledged", incident.key, {}, call.now_ms, stop=stop
            )
        return fresh

    return SeenOut(incident.key, services().writer.call(work))


def _take_back(call: Call) -> TakenBack:
    body = call.sent(ToTakeBack)
    incident, by = _incident(body.key, call), call.user.by
    keeper = Keeper(call.user.id, call.user.sees, API)

    def work(writing: Connection) -> tuple[str, ...]:
        done = rulings.take_back(writing, incident, body.events, keeper, call.now_ms)
        stop = incident.stop
        audit.note(writing, by, "incident.reopened", incident.key, {}, call.now_ms, stop=stop)
        return done.events

    return TakenBack(list(services().writer.call(work)))


def _scan(call: Call) -> Scanned:
    act, asked = call.sent(ToScan).act, call.key or str(uuid4())
    keeper = Keeper(call.user.id, call.user.sees, API)
    done = services().writer.call(
        lambda writing: phone_counts.count(writing, act, keeper, now_ms=call.now_ms, request=asked)
    )
    return Scanned(asked, list(done.events))


ROUTES: Final = (
    Route(
        method="POST",
        path="/incidents/acknowledge",
        name="acknowledgeIncident",
        summary="Somebody has seen an incident",
        permission=Permission.RESOLVE_INCIDENT,
        act=_see,
        body=WhichIncident,
        answer=SeenOut,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/incidents/take-back",
        name="takeRulingBack",
        summary="Take a ruling on an incident back",
        permission=Permission.RESOLVE_INCIDENT,
        act=_take_back,
        body=ToTakeBack,
        answer=TakenBack,
        problems=(404,),
        refusals={Refused: 409},
    ),
    Route(
        method="POST",
        path="/scans",
        name="scanInCount",
        summary="A step of a count, as a phone takes it",
        permission=Permission.COUNT,
        act=_scan,
        body=ToScan,
        answer=Scanned,
        refusals={CountingError: 409},
    ),
)
"""These routes."""
