"""The phone's page, with and without a network, and who is signed in there."""

from typing import Any, Final

import msgspec
from flask import Response, current_app, render_template
from flask_wtf.csrf import generate_csrf
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from hub import db
from hub.access.permissions import Permission
from hub.queries import places
from hub.queries import stocktakes as query
from hub.queries.planned import Planned, open_counts
from hub.request import connection
from hub.web import i18n, security, story
from hub.web.counts import pages as counts
from hub.web.counts.words import PlaceNames
from hub.web.login import needs, signed_in_user
from hub.web.phone import words

MODES: Final = {
    "look": Permission.VIEW,
    "hand": Permission.EDIT_STOCK,
    "count": Permission.COUNT,
}
"""What each part of the page takes."""


@needs(Permission.VIEW)
def scan() -> BaseResponse:
    """The page."""
    return _page(render_template("phone/scan.html", words=words.of_page()))


@needs(Permission.VIEW)
def offline() -> BaseResponse:
    """The page as the phone keeps it for when there is no network: it names nobody, since whoever
    holds the phone next sees it."""
    return _page(render_template("phone/scan.html", words=words.of_page(), current_user=None))


def _page(html: str) -> Response:
    response = Response(html)
    response.headers.update(security.CAMERA)
    return response


@needs(Permission.VIEW)
def worker() -> BaseResponse:
    """The script that keeps the page."""
    response = current_app.send_static_file("phone/worker.js")
    response.headers["Service-Worker-Allowed"] = "/phone"
    response.headers["Cache-Control"] = "no-cache"
    return response


@needs(Permission.VIEW)
def session() -> BaseResponse:
    """Whose requests these are (an opaque id), what they may do, and which counts go on."""
    user, here = signed_in_user(), connection()
    may_count = user.may(Permission.COUNT)
    going = open_counts(here, user.visible) if may_count else []
    found = {
        "account": user.id,
        "csrf": generate_csrf(),  # type: ignore[no-untyped-call]
        "may": [mode for mode, permission in MODES.items() if user.may(permission)],
        "counts": [_count(here, one) for one in going],
        "places": _places(here),
    }
    response = Response(msgspec.json.encode(found), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _count(here: Connection, one: Planned) -> dict[str, Any]:
    named = PlaceNames(here)
    standing = one.places or tuple(code for code, _n in query.places_of(here, one.stop) if code)
    return {
        "id": one.id,
        "stop": story.stop_name(places.stops(here), one.stop),
        "what": counts.what(one.places, one.categories, named),
        "planned": i18n.moment(one.planned_t),
        "only": bool(one.places),
        "places": [{"code": code, "name": named(code)} for code in standing],
    }


def _places(here: Connection) -> dict[str, str]:
    """Names of places: those that somebody named, and the sheets that come printed."""
    found = {one.code: i18n.pick(one.zh, one.en) for one in codes.PLACES}
    table = db.place.c
    rows = here.execute(select(table.code, table.zh, table.en))
    return {**found, **{row.code: i18n.pick(row.zh, row.en) for row in rows}}
