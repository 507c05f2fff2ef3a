"""A kiosk's end: out of service, or not to be trusted any more."""

from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.fleet import lifecycle
from hub.fleet.lifecycle import LifecycleError
from hub.queries import kiosks, places
from hub.request import connection, now_ms, services
from hub.web import shell, story
from hub.web.lifecycle import words
from hub.web.login import needs, require

_FIELDS: Final = ("why", "anyway", "replaced_by")


def blueprint() -> Blueprint:
    """The pages under a kiosk's own address."""
    pages = Blueprint("ending", __name__, url_prefix="/kiosks/<kiosk>")
    pages.get("/end")(page)
    pages.post("/retire")(retire)
    pages.post("/revoke")(revoke)
    pages.add_app_template_global(_ended, "kiosk_ended")
    pages.add_app_template_global(words.ended, "ended_words")
    return pages


def _ended(kiosk: str) -> lifecycle.Ended | None:
    return lifecycle.ended(connection(), kiosk)


@needs(Permission.FLEET)
def page(kiosk: str) -> BaseResponse:
    """The two ways to end, and what each means."""
    return _page(kiosk)


@needs(Permission.FLEET)
def retire(kiosk: str) -> BaseResponse:
    """An ordinary end."""
    by, form = require(Permission.FLEET, _stop(kiosk)).by, request.form
    moment = now_ms()

    def work(writing: Connection) -> None:
        lifecycle.retire(
            writing,
            kiosk,
            form.get("why", ""),
            by,
            moment,
            anyway=form.get("anyway") == "1",
            replaced_by=form.get("replaced_by", ""),
        )

    try:
        services().writer.call(work)
    except LifecycleError as error:
        return _page(kiosk, retiring=words.why_not(error), status=409)
    shell.told(_("%(kiosk)s is out of service.", kiosk=kiosk))
    return redirect(url_for("board.kiosk", kiosk=kiosk), 303)


@needs(Permission.FLEET)
def revoke(kiosk: str) -> BaseResponse:
    """Trusts it no more."""
    by, why = require(Permission.FLEET, _stop(kiosk)).by, request.form.get("why", "")
    moment = now_ms()
    try:
        services().writer.call(lambda writing: lifecycle.revoke(writing, kiosk, why, by, moment))
    except LifecycleError as error:
        return _page(kiosk, revoking=words.why_not(error), status=409)
    shell.told(_("%(kiosk)s is cut off. What it still sends waits for review.", kiosk=kiosk))
    return redirect(url_for("board.kiosk", kiosk=kiosk), 303)


def _stop(kiosk: str) -> str:
    stop = places.stop_of_kiosks(connection()).get(kiosk[:32])
    if stop is None:
        abort(404)
    return stop


def _page(kiosk: str, retiring: str = "", revoking: str = "", status: int = 200) -> BaseResponse:
    here, stop = connection(), _stop(kiosk)
    require(Permission.FLEET, stop)
    others = [
        one.id
        for one in kiosks.kiosks(here)
        if one.stop == stop and one.id != kiosk and not one.ended
    ]
    ended = lifecycle.ended(here, kiosk)
    page = render_template(
        "lifecycle/end.html",
        kiosk=kiosk,
        stop=story.stop_name(places.stops(here), stop),
        ended=ended,
        unsent=lifecycle.unsent(here, kiosk),
        retired_why=[(key, str(told)) for key, told in words.RETIRED.items()],
        revoked_why=[(key, str(told)) for key, told in words.REVOKED.items()],
        others=[(one, one) for one in others],
        retiring=retiring,
        revoking=revoking,
        form=request.form,
    )
    return Response(page, status=status)
