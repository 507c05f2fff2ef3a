"""API version 1. Every route needs a bearer token but the OpenAPI document and ``/healthz``."""

import hashlib
from typing import Final

import msgspec
from flask import Blueprint, Response, abort, g, request

from contract import codes
from contract.actions import CATEGORY_BY_KEY
from contract.codes import CodeError, Kind
from contract.events import Line
from hub.access import tokens
from hub.access.permissions import Permission
from hub.api import openapi, parts, problems, routes, watched_kiosks
from hub.api.models import (
    EventOut,
    EventPage,
    HealthOut,
    IncidentOut,
    IncidentsOut,
    ItemOut,
    Names,
    Problem,
    StockLine,
    StockOut,
    UnnamedCode,
    UnnamedCodes,
)
from hub.api.problems import BadParameter
from hub.kiosks import reference
from hub.queries import events, incidents, items
from hub.queries.events import Recorded
from hub.request import connection, now_ms, services
from hub.typed import whole_number
from hub.web.login import require, visible_stops

PREFIX: Final = "/api/v1"
DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
MAX_POSITION: Final = 2**53 - 1
MAX_INCIDENTS: Final = 1000

_line_decoder: Final = msgspec.json.Decoder(Line)


def blueprint() -> Blueprint:
    """The routes under ``/api/v1``."""
    api = Blueprint("api", __name__, url_prefix=PREFIX)
    api.before_request(_require_token)
    api.register_error_handler(BadParameter, problems.bad_parameter)
    api.get("/items/<code>")(item)
    api.get("/stock")(stock)
    api.get("/kiosks")(kiosk_list)
    api.get("/codes-to-name")(codes_to_name)
    api.get("/incidents")(incident_list)
    api.get("/events")(event_page)
    api.get("/openapi.json")(document)
    routes.register(api, parts.ROUTES)
    return api


def health_blueprint() -> Blueprint:
    """``/healthz``, for whoever watches the hub."""
    machine = Blueprint("health", __name__)
    machine.get("/healthz")(healthz)
    return machine


def _require_token() -> Response | None:
    if request.endpoint == "api.document":
        return None
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        return problems.unauthorised("Send a token: Authorization: Bearer <token>")
    moment = now_ms()
    found = tokens.bearer(connection(), token.strip(), moment)
    if found is None:
        return problems.unauthorised("This token is not known here")
    if found.stale:
        sender = found.user.id
        services().writer.call(lambda writing: tokens.touch(writing, sender, moment))
    g.user = found.user
    require(Permission.VIEW)
    return None


def item(code: str) -> Response:
    """An item, or a box that came in whole, with its events."""
    try:
        parsed = codes.parse(code[:64])
    except CodeError as error:
        raise BadParameter("code", f"not an item code: {error.problem.value}") from None
    if parsed.kind not in (Kind.ITEM, Kind.BOX):
        raise BadParameter("code", "not an item code: it names something else")
    found = items.item(connection(), parsed.text)
    if found is None:
        abort(404, "The code is well formed, but no event has spoken of it.")
    require(Permission.VIEW, found.stop)
    category = CATEGORY_BY_KEY.get(found.category or "")
    return _answer(
        ItemOut(
            code=found.code,
            status=found.status,
            stop=found.stop,
            kiosk=found.kiosk,
            category=found.category,
            category_name=Names(category.zh, category.en) if category else None,
            place=found.place,
            plan=found.plan,
            reserved=found.reserved,
            box=found.box,
            label=found.label,
            gtin=found.gtin,
            expiry=found.expiry,
            lot=found.lot,
            grade=found.grade,
            quantity=found.quantity,
            received_t=found.received_t,
            changed_t=found.changed_t,
            t_known=found.known_time,
            position=found.position,
            events=[_event(one) for one in events.of_item(connection(), found.code)],
        )
    )


def stock() -> Response:
    """Stock by stop and category."""
    lines = [
        StockLine(row.stop, row.category, *(getattr(row, name) for name in items.STATUS_FIELDS))
        for row in items.stock(connection(), visible_stops())
    ]
    return _answer(StockOut(lines, events.projected(connection())))


def kiosk_list() -> Response:
    """Every kiosk, what needs a human first before all others."""
    return _answer(watched_kiosks.answer())


def codes_to_name() -> Response:
    """Retail codes that nobody has named yet."""
    found = reference.unknown_codes(connection(), MAX_LIMIT)
    return _answer(
        UnnamedCodes([UnnamedCode(c.gtin, c.items, c.last_t, c.category) for c in found])
    )


def incident_list() -> Response:
    """Open incidents; closed ones with ``closed=true``."""
    wish = request.args.get("closed", "false")
    if wish not in ("true", "false"):
        raise BadParameter("closed", "true or false")
    found = incidents.incidents(
        connection(), MAX_INCIDENTS, closed=wish == "true", stops=visible_stops()
    )
    return _answer(
        IncidentsOut(
            [
                IncidentOut(
                    key=one.key,
                    kind=one.kind,
                    subject=one.subject,
                    kiosk=one.kiosk,
                    stop=one.stop,
                    detail=one.detail,
                    count=one.count,
                    first_t=one.first_t,
                    opened_ms=one.opened_ms,
                    last_ms=one.last_ms,
                    acknowledged_ms=one.acknowledged_ms,
                    closed_ms=one.closed_ms,
                )
                for one in found
            ]
        )
    )


def event_page() -> Response:
    """Events by position."""
    after = _whole("after", 0, 0, MAX_POSITION)
    limit = _whole("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    found = events.after(connection(), after, limit, visible_stops())
    last = found[-1].position if found else after
    return _answer(EventPage([_event(one) for one in found], last))


def document() -> Response:
    """The OpenAPI document."""
    return Response(msgspec.json.encode(openapi.document()), content_type="application/json")


def healthz() -> Response:
    """200 while the hub does its work, 503 with the reasons while it does not."""
    reasons = list(services().ailments())
    if reasons:
        return problems.answer(
            Problem(
                title="Service Unavailable",
                status=503,
                detail="The hub cannot do its work right now.",
                reasons=reasons,
            )
        )
    return _answer(HealthOut("ok", events.projected(connection())))


def _whole(name: str, default: int, lowest: int, highest: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    value = whole_number(text, 16)
    if value is None or not lowest <= value <= highest:
        raise BadParameter(name, f"a whole number from {lowest} to {highest}")
    return value


def _event(recorded: Recorded) -> EventOut:
    line = _line_decoder.decode(recorded.event.raw)
    digest = hashlib.sha256(bytes.fromhex(line.salt) + bytes(line.private)).hexdigest()
    return EventOut(
        id=recorded.id,
        position=recorded.position,
        kiosk=recorded.kiosk,
        epoch=recorded.epoch,
        seq=recorded.seq,
        type=recorded.type,
        t=recorded.t,
        t_known=recorded.known,
        received_ms=recorded.received_ms,
        hash=recorded.hash,
        prev=recorded.event.prev,
        private_digest=digest,
        repaired=recorded.repaired,
        public=line.public,
    )


def _answer(value: object) -> Response:
    response = Response(msgspec.json.encode(value), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
