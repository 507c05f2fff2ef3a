"""Adding a stop, and naming one anew: ``/stops/new`` and ``/stops/<id>/name``.

Who may add kiosks may name the stops of their account. A new stop, or one that moves to another
city, must be within the account's scope afterwards: all stops, or that city.
"""

from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.fleet import stops
from hub.fleet.stops import Stop, StopChangedError, StopError, StopTakenError
from hub.request import connection, now_ms, services
from hub.web import i18n, shell
from hub.web.login import Denied, needs, require, signed_in_user

LABELS: Final = {
    "zh": _l("Name in Chinese"),
    "en": _l("Name in English"),
    "district_zh": _l("District in Chinese"),
    "district_en": _l("District in English"),
    "city_zh": _l("City in Chinese"),
    "city_en": _l("City in English"),
}
REFUSED: Final = {
    "id": _l("1 to 32 small letters, digits or hyphens, beginning with a letter or digit."),
    "name": _l("1 to 60 characters on one line."),
    "pair": _l("In both languages, or in neither."),
}
_KIOSK: Final = "kiosk"
"""In ``then``: whoever adds the stop goes on to add a kiosk to it."""


def blueprint() -> Blueprint:
    """See the module."""
    pages = Blueprint("stops", __name__, url_prefix="/stops")
    pages.get("/new")(new)
    pages.post("/new")(add)
    pages.get("/<stop>/name")(names)
    pages.post("/<stop>/name")(rename)
    return pages


def _typed(stop: str) -> Stop:
    texts = {key: request.form.get(key, "")[:200] for key in LABELS}
    return stops.tidy(Stop(stop, **texts))


def _city_problem(wish: Stop) -> dict[str, str]:
    """What is wrong with its city, where the user's account is for certain ones."""
    user = signed_in_user()
    if user.reaches(wish.city):
        return {}
    known = _(", ").join(user.cities)
    if not known:
        return {"city_zh": _("Your account may not move a stop to another city.")}
    return {"city_zh": _("Your account is for stops in: %(cities)s", cities=known)}


def _problem(error: StopError) -> dict[str, str]:
    return {error.field: str(REFUSED[error.what])}


# --- a new one ------------------------------------------------------------------------------------


def _require_opening() -> None:
    if not signed_in_user().opens_stops:
        raise Denied(Permission.FLEET, "")


@needs(Permission.FLEET)
def new() -> str:
    """The form; for an account of certain cities, with the first of them."""
    _require_opening()
    cities = signed_in_user().cities
    like = next((one for one in stops.every(connection()) if one.city in cities), None)
    if like is not None:
        return _new(Stop("", "", "", city_zh=like.city_zh, city_en=like.city_en), {})
    return _new(Stop("", "", "", city_zh=cities[0] if cities else ""), {})


def _new(typed: Stop, problems: dict[str, str]) -> str:
    then = _KIOSK if request.values.get("then", "") == _KIOSK else ""
    user = signed_in_user()
    to_kiosk = then or not user.may(Permission.SETTINGS)
    return render_template(
        "fleet/stop.html",
        stop="",
        typed=typed,
        problems=problems,
        labels=LABELS,
        needed=("city_zh", "city_en") if user.cities else (),
        then=then,
        back=url_for("invitations.new") if to_kiosk else url_for("alerts.stops"),
    )


@needs(Permission.FLEET)
def add() -> BaseResponse:
    """Adds it, and leads to where its first kiosk is added or to the list."""
    _require_opening()
    user, moment = signed_in_user(), now_ms()
    wish = _typed(request.form.get("id", "").strip()[:100])
    problems = _city_problem(wish)
    if problems:
        return Response(_new(wish, problems), status=400)
    try:
        made = services().writer.call(lambda writing: stops.add(writing, wish, user.by, moment))
    except StopTakenError:
        text = _("There is a stop with this id already.")
        return Response(_new(wish, {"id": text}), status=409)
    except StopError as error:
        problems = _problem(error)
        if error.what == "id" and not wish.id:
            problems = {"id": _("Type one: none can be made from this English name.")}
        return Response(_new(wish, problems), status=400)
    shell.told(_("%(stop)s was added.", stop=i18n.pick(made.zh, made.en)))
    if request.form.get("then", "") == _KIOSK or not user.may(Permission.SETTINGS):
        return redirect(url_for("invitations.new", stop=made.id), 303)
    return redirect(url_for("alerts.stops"), 303)


# --- other names ----------------------------------------------------------------------------------


def _found(stop: str) -> Stop:
    found = stops.one(connection(), stop[:64])
    if found is None:
        abort(404)
    require(Permission.FLEET, found.id)
    return found


@needs(Permission.FLEET)
def names(stop: str) -> str:
    """Its names as they are."""
    found = _found(stop)
    return _names(found, found, stops.version(found), {})


def _names(found: Stop, typed: Stop, version: str, problems: dict[str, str]) -> str:
    if signed_in_user().may(Permission.SETTINGS):
        back = url_for("alerts.contact", stop=found.id)
    else:
        back = url_for("invitations.new", stop=found.id)
    return render_template(
        "fleet/stop.html",
        stop=found.id,
        name=i18n.pick(found.zh, found.en),
        typed=typed,
        version=version,
        problems=problems,
        labels=LABELS,
        needed=() if signed_in_user().visible is None else ("city_zh", "city_en"),
        back=back,
    )


@needs(Permission.FLEET)
def rename(stop: str) -> BaseResponse:
    """Gives it the names that were typed."""
    found, user, moment = _found(stop), signed_in_user(), now_ms()
    wish, seen = _typed(found.id), request.form.get("version", "")[:64]
    problems = {} if wish.city == found.city else _city_problem(wish)
    if problems:
        return Response(_names(found, wish, seen, problems), status=400)
    try:
        services().writer.call(lambda writing: stops.name(writing, wish, user.by, moment, seen))
    except StopChangedError:
        page, status = shell.conflict((), url_for("stops.names", stop=found.id))
        return Response(page, status=status)
    except StopError as error:
        return Response(_names(found, wish, seen, _problem(error)), status=400)
    shell.told(_("Saved"))
    return redirect(url_for("stops.names", stop=found.id), 303)
