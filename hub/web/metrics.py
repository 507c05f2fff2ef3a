"""``/metrics`` for Prometheus: with a token that sees the whole hub, and for nobody else.

There is no way in without one, not even from the hub's own machine: behind a web server on it,
every request comes from there.
"""

from importlib import metadata
from pathlib import Path

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, request
from sqlalchemy import func, select

from hub import db
from hub.access import tokens
from hub.access.permissions import Permission
from hub.alerts import gathering, store
from hub.api import problems
from hub.api.models import Problem
from hub.backup import state
from hub.fleet import standings
from hub.queries import incidents
from hub.request import connection, now_ms, services


def blueprint() -> Blueprint:
    """``/metrics``."""
    machine = Blueprint("metrics", __name__)
    machine.get("/metrics", endpoint="scrape")(scrape)
    return machine


def scrape() -> Response:
    """Everything at once, in the format that was asked for."""
    refused = _refused()
    if refused is not None:
        return refused
    # With the first scrape: most hubs are never asked.
    from prometheus_client.exposition import choose_encoder

    from hub import metrics

    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    here, now = connection(), now_ms()
    config, ailments = services().config, services().ailments()
    hub = gathering.hub_facts(
        here,
        config,
        now,
        broker_since_ms=None if "broker" in ailments else 0,
        writer="writer" not in ailments,
        data=_data(config.database),
        watched="alarms" not in ailments,
    )
    apart = state.standing(here).apart
    figures = metrics.Figures(
        now_ms=now,
        version=metadata.version("yicang-stop"),
        hub=hub,
        watched=standings.watched(here, now, current_app.config["TIMEZONE"]),
        alarms=tuple(store.open_alarms(here).values()),
        incidents=incidents.open_count(here),
        position=max(0, here.scalar(select(func.max(db.event.c.position))) or 0),
        backup_ms=None if apart is None else apart.taken_ms,
    )
    response = Response(encode(metrics.registry(figures)), content_type=content_type)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused() -> Response | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        return problems.unauthorised("Send a token: Authorization: Bearer <token>")
    moment = now_ms()
    found = tokens.bearer(connection(), token.strip(), moment)
    if found is None:
        return problems.unauthorised("This token is not known here")
    if found.user.visible is not None or not found.user.may(Permission.VIEW):
        return problems.answer(Problem("Forbidden", 403, "This token does not see the whole hub."))
    if found.stale:
        sender = found.user.id
        services().writer.call(lambda writing: tokens.touch(writing, sender, moment))
    return None


def _data(database: str) -> Path | None:
    url = sa.make_url(database)
    return Path(url.database).parent if url.drivername == "sqlite" and url.database else None
