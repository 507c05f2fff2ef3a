"""One incident: what happened, what was assumed, the events in question, the buttons that settle
it."""

import secrets
import uuid
from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.actions import CATEGORIES
from contract.fields import MAX_IDS_PER_VOID
from hub import rulings
from hub.access import audit
from hub.access.permissions import Permission
from hub.log.recording import Conflict
from hub.queries import events, incidents, items, places
from hub.queries.incidents import Incident
from hub.request import connection, now_ms, services
from hub.rulings import Intake, NotThisRulingError
from hub.stock.stock_actions import Refused
from hub.stock.stock_changes import Keeper
from hub.typed import whole_number
from hub.web import i18n, incident_words, listing, shell, story, wording
from hub.web.incident_table import INCIDENTS
from hub.web.login import needs, require, signed_in_user
from hub.web.ruling_words import WORDS
from hub.web.stock.act import undo_of

MAX_KEY: Final = 512


def blueprint() -> Blueprint:
    """The page of one incident and what its buttons do."""
    pages = Blueprint("incidents", __name__, url_prefix="/incidents")
    pages.get("/one")(one)
    pages.get("/table", endpoint="listing")(table)
    pages.post("/one")(settle)
    pages.post("/undo")(undo)
    return pages


@needs(Permission.VIEW)
def table() -> BaseResponse:
    """Incidents as the address filters them, open and closed."""
    return listing.respond(INCIDENTS)


@needs(Permission.VIEW)
def one() -> str:
    """The incident of the address's ``key``."""
    return _page(_found(request.args.get("key", "")))


def _found(key: str) -> Incident:
    found = incidents.one(connection(), key[:MAX_KEY])
    if found is None:
        abort(404)
    require(Permission.VIEW, found.stop)
    return found


def _page(incident: Incident, problem: str = "") -> str:
    here = connection()
    stops = places.stops(here)
    item = rulings.item_of(incident)
    known = items.item(here, item) if item[:1] in ("G", "B") else None
    told = events.of_item(here, item) if known is not None else []
    asked = {
        str(name)
        for key in ("first", "second", "events", "event")
        for name in rulings.listed(incident.detail.get(key))
    }
    user = signed_in_user()
    return render_template(
        "incidents/one.html",
        words=incident_words.words(incident, story.stop_name(stops, incident.stop)),
        incident=incident,
        item=known,
        headline=story.headline(known.status) if known is not None else "",
        events=[
            (line.id in asked, line.t, wording.describe(line.event.public.body), line.kiosk)
            for line in told
        ],
        rulings=[
            (ruling.key, WORDS[ruling.key])
            for ruling in rulings.rulings_for(incident.kind)
            if (ruling.status is None or known is not None)
            and (incident.acknowledged_ms is None or _settles_what_was_seen(ruling.key, known))
        ],
        may_act=user.may(Permission.RESOLVE_INCIDENT, incident.stop) and incident.closed_ms is None,
        categories=[(one.key, i18n.pick(one.zh, one.en)) for one in CATEGORIES],
        stops=[(stop.id, i18n.pick(stop.zh, stop.en)) for stop in user.stops(stops).values()],
        request_id=str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
        position=known.position if known is not None else None,
        problem=problem,
        grouped=codes.grouped,
    )


def _settles_what_was_seen(ruling: str, known: items.Item | None) -> bool:
    """Whether this can still be said of an incident that somebody has only seen."""
    return ruling != rulings.SEEN and known is not None


@needs(Permission.RESOLVE_INCIDENT)
def settle() -> BaseResponse:
    """A ruling."""
    incident = _found(request.form.get("key", ""))
    user = require(Permission.RESOLVE_INCIDENT, incident.stop)
    ruling, moment = request.form.get("ruling", ""), now_ms()
    keeper = Keeper(user.id, user.sees)
    item = rulings.item_of(incident)
    seen = whole_number(request.form.get("position", ""), 15)
    expects = None if seen is None else {item: seen}
    intake = None
    if ruling == rulings.RECEIVE:
        intake = _intake()
        if intake is None or not user.sees(intake.stop):
            return Response(_page(incident, str(_("Choose a category and a stop."))), status=400)

    def work(writing: Connection) -> tuple[str, ...]:
        done = rulings.rule(
            writing, incident, ruling, keeper, now_ms=moment, intake=intake, expects=expects
        )
        detail = {"ruling": ruling}
        audit.note(
            writing, user.by, "incident.ruled", incident.key, detail, moment, stop=incident.stop
        )
        return done.events

    try:
        written = services().writer.call(work)
    except Conflict as error:
        return _conflict(incident, error)
    except NotThisRulingError:
        again = _found(incident.key)
        return Response(_page(again, str(_("Somebody else has settled it meanwhile."))), status=409)
    except Refused:
        text = str(_("This cannot be done with the item as it is now."))
        return Response(_page(incident, text), status=409)
    if written:
        shell.told_undoable(
            _("Settled: %(what)s", what=WORDS[ruling].button),
            url_for("incidents.undo"),
            {"events": " ".join(written), "key": incident.key},
        )
    else:
        shell.told(_("Settled: %(what)s", what=WORDS[ruling].button))
    return redirect(url_for("board.incident_list"), 303)


def _intake() -> Intake | None:
    category, stop = request.form.get("category", ""), request.form.get("stop", "")
    known = {one.key for one in CATEGORIES}
    if category not in known or stop not in places.stops(connection()):
        return None
    return Intake(category, stop)


def _conflict(incident: Incident, error: Conflict) -> BaseResponse:
    told = {line.id: line for line in events.of_item(connection(), error.subject)}
    changes = [
        shell.Change(wording.describe(line.event.public.body), line.kiosk, line.t)
        for name in error.events
        if (line := told.get(name)) is not None
    ]
    page, status = shell.conflict(changes, url_for("incidents.one", key=incident.key))
    return Response(page, status=status)


@needs(Permission.RESOLVE_INCIDENT)
def undo() -> BaseResponse:
    """Takes a ruling's events back."""
    incident = _found(request.form.get("key", ""))
    user, moment = require(Permission.RESOLVE_INCIDENT, incident.stop), now_ms()
    act = undo_of(request.form.get("events", "").split()[:MAX_IDS_PER_VOID])
    if act is None:
        abort(400)
    keeper = Keeper(user.id, user.sees)

    def work(writing: Connection) -> None:
        rulings.take_back(writing, incident, act.events, keeper, moment)
        audit.note(
            writing, user.by, "incident.reopened", incident.key, {}, moment, stop=incident.stop
        )

    try:
        services().writer.call(work)
    except Refused:
        shell.told(_("That cannot be taken back any more."), "bad")
    else:
        shell.told(_("Taken back: the incident is open again."))
    return redirect(url_for("board.incident_list"), 303)
