"""The wall display: a city's board for a large screen, all at once, read from across the room.

A signed-in user opens ``/wall``. A screen that nobody signs in at opens ``/wall/at/<secret>``, an
address that can be taken back (`hub.access.walls`). Both ask for the part that changes every few
seconds and get a 304 while it does not; what the screen last heard, and when, is the screen's to
say.
"""

import hashlib
from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract.messages import DeviceHealth
from hub.access import audit, scope, walls
from hub.access.permissions import Permission
from hub.access.scope import Scope, Stops
from hub.access.walls import Wall, WallError
from hub.fleet import standings
from hub.queries import incidents, kiosks, places
from hub.queries import reports as query
from hub.queries.kiosks import Kiosk
from hub.request import connection, now_ms, services
from hub.web import formats, i18n, incident_words, shell, story
from hub.web.login import needs, require, visible_stops

STOPS: Final = 30
"""Stops on the screen at once; more of them take turns."""
TURN_S: Final = 15
"""Seconds of a turn."""
INCIDENTS: Final = 4
AWAY: Final = 3


class Line(Struct, frozen=True):
    """A stop's line."""

    name: str
    today: query.Today
    kiosks: int
    away: int


class Trouble(Struct, frozen=True):
    """An open incident: what and where, never about whom."""

    title: str
    stop: str
    opened_ms: int | None


class Away(Struct, frozen=True):
    """A kiosk that is not connected."""

    stop: str
    kiosk: str
    seen_ms: int | None


def blueprint() -> Blueprint:
    """``/wall`` and its links."""
    pages = Blueprint("wall", __name__)
    pages.get("/wall")(show)
    pages.get("/wall/live")(live)
    pages.get("/wall/links")(links)
    pages.post("/wall/links")(add)
    pages.get("/wall/links/remove")(ask_remove)
    pages.post("/wall/links/remove")(remove)
    pages.get("/wall/at/<secret>")(linked)
    pages.get("/wall/at/<secret>/live")(linked_live)
    return pages


# --- the display ----------------------------------------------------------------------------------


@needs(Permission.VIEW)
def show() -> str:
    """The display for who is signed in."""
    return _page(url_for("wall.live"), visible_stops(), "")


@needs(Permission.VIEW)
def live() -> BaseResponse:
    """The part that changes; 304 as long as it does not."""
    return _part_or_304(visible_stops())


def linked(secret: str) -> BaseResponse:
    """The display for a screen with a link."""
    found, refused = _opened(secret)
    if found is None:
        return refused
    at = url_for("wall.linked_live", secret=secret)
    page = _page(at, scope.resolve(connection(), found.scope), found.name)
    return Response(page)


def linked_live(secret: str) -> BaseResponse:
    """The part that changes, for a screen with a link; 404 once it was taken back."""
    found, refused = _opened(secret)
    if found is None:
        return refused
    return _part_or_304(scope.resolve(connection(), found.scope))


def _opened(secret: str) -> tuple[Wall | None, BaseResponse]:
    """Guessing is as slow as with a donor's private list."""
    throttle, address = services().guesses, request.remote_addr or ""
    if throttle.wait_s(address) > 0:
        return None, Response(_("Too many attempts."), status=429)
    found = walls.opened(connection(), secret)
    if found is None:
        throttle.spend(address)
        page = render_template("wall/gone.html")
        return None, Response(page, status=404)
    return found, Response()


def _page(at: str, stops: Stops, name: str) -> str:
    part = _part(stops)
    return render_template("wall/show.html", part=part, etag=_etag(part), live_at=at, screen=name)


def _part_or_304(stops: Stops) -> BaseResponse:
    part = _part(stops)
    response = Response(part)
    response.headers["ETag"] = _etag(part)
    return response.make_conditional(request)


def _etag(part: str) -> str:
    return f'W/"{hashlib.sha256(part.encode()).hexdigest()[:32]}"'


def _part(mine: Stops) -> str:
    here, known = connection(), places.stops(connection())
    zone = current_app.config["TIMEZONE"]
    found = [one for one in standings.heard(here, now_ms(), zone, mine) if not one.ended]
    today = query.today(here, formats.today(), mine)
    lines = _lines(today, found, known)
    turns = max(1, -(-len(lines) // STOPS))
    turn = int(services().now()) // TURN_S % turns
    away = [one for one in found if one.online is False]
    unwell = kiosks.unwell(here, found)
    return render_template(
        "wall/_live.html",
        city=_city(mine, known),
        day=formats.today(),
        clock=i18n.local(now_ms()),
        total=_total(today),
        lines=lines[turn * STOPS : (turn + 1) * STOPS],
        turn=turn + 1,
        turns=turns,
        incidents=_troubles(here, mine, known, unwell)[:INCIDENTS],
        incident_count=incidents.open_count(here, mine) + len(unwell),
        kiosks=len(found),
        online=sum(1 for one in found if one.online),
        away=[_away(one, known) for one in away[:AWAY]],
        away_count=len(away),
    )


def _lines(
    today: list[query.Today], found: list[Kiosk], known: dict[str, places.Stop]
) -> list[Line]:
    every: dict[str, int] = {}
    gone: dict[str, int] = {}
    for kiosk in found:
        every[kiosk.stop] = every.get(kiosk.stop, 0) + 1
        gone[kiosk.stop] = gone.get(kiosk.stop, 0) + (kiosk.online is False)
    return [
        Line(_name(known, one.stop), one, every.get(one.stop, 0), gone.get(one.stop, 0))
        for one in today
    ]


def _name(known: dict[str, places.Stop], stop: str) -> str:
    """A stop's name without the words that all of them end in."""
    name = story.stop_name(known, stop)
    return name.removesuffix(_("Yicang Stop")).strip() or name


def _total(today: list[query.Today]) -> query.Today:
    fields = ("received", "out", "delivered", "sold", "here")
    return query.Today("", *(sum(getattr(one, name) for one in today) for name in fields))


def _city(mine: Stops, known: dict[str, places.Stop]) -> str:
    cities = {
        i18n.pick(one.city_zh, one.city_en)
        for key, one in known.items()
        if one.city and (mine is None or key in mine)
    }
    return cities.pop() if len(cities) == 1 else ""


def _troubles(
    here: Connection,
    mine: Stops,
    known: dict[str, places.Stop],
    unwell: list[tuple[Kiosk, DeviceHealth]],
) -> list[Trouble]:
    found = [
        Trouble(_("A device does not work"), _name(known, kiosk.stop), None)
        for kiosk, _device in unwell
    ]
    whereabouts = incident_words.Whereabouts(here)
    for one in incidents.incidents(here, INCIDENTS, stops=mine):
        stop = _name(known, one.stop) if one.stop else _("At the hub")
        title = incident_words.words(one, stop, whereabouts).title
        found.append(Trouble(title, stop, one.opened_ms))
    return found


def _away(one: Kiosk, known: dict[str, places.Stop]) -> Away:
    return Away(_name(known, one.stop), one.id, one.seen_ms)


# --- its links ------------------------------------------------------------------------------------


@needs(Permission.SETTINGS)
def links() -> str:
    """The links that there are, and a new one."""
    return _links_page()


def _links_page(problem: str = "", secret: str = "", name: str = "") -> str:
    here = connection()
    known, mine = places.stops(here), visible_stops()
    shown = [
        one for one in walls.links(here) if scope.contains(mine, scope.resolve(here, one.scope))
    ]
    base = services().config.public_url.rstrip("/") or request.host_url.rstrip("/")
    address = base + url_for("wall.linked", secret=secret) if secret else ""
    return render_template(
        "wall/links.html",
        links=shown,
        shows=lambda one: _shows(one.scope, known),
        problem=problem,
        address=address,
        name=name,
        choices=_choices(mine, known),
    )


def _choices(mine: Stops, known: dict[str, places.Stop]) -> list[tuple[str, str]]:
    """What a link may show: everything, a city, a stop; of that, what the user may see."""
    found = [("", _("All stops"))] if mine is None else []
    cities: dict[str, places.Stop] = {}
    for one in known.values():
        if one.city:
            cities.setdefault(one.city, one)
    for key, one in sorted(cities.items()):
        inside = frozenset(stop.id for stop in known.values() if stop.city == key)
        if scope.contains(mine, inside):
            name = i18n.pick(one.city_zh, one.city_en)
            found.append((f"city:{key}", _("All stops of %(city)s", city=name)))
    found += [
        (f"stop:{key}", story.stop_name(known, key)) for key in known if mine is None or key in mine
    ]
    return found


def _shows(within: Scope, known: dict[str, places.Stop]) -> str:
    if within.everywhere:
        return _("All stops")
    names = [story.stop_name(known, key) for key in within.stops]
    return _(", ").join([*within.cities, *names])


@needs(Permission.SETTINGS)
def add() -> BaseResponse:
    """A new link, whose address is shown this once."""
    user, moment = require(Permission.SETTINGS), now_ms()
    choice, name = request.form.get("shows", ""), request.form.get("name", "")
    known = places.stops(connection())
    if choice not in dict(_choices(user.visible, known)):
        abort(400)
    kind, _colon, key = choice.partition(":")
    within = scope.make([key] if kind == "stop" else [], [key] if kind == "city" else [])

    def write(writing: Connection) -> str:
        made, secret = walls.add(writing, name, within, user.id, moment)
        detail = {"stops": list(within.stops), "cities": list(within.cities)}
        audit.note(writing, user.by, "wall.added", made.id, detail, moment)
        return secret

    try:
        secret = services().writer.call(write)
    except WallError:
        problem = _("Say where the screen hangs, in at most %(n)s characters.", n=walls.MAX_NAME)
        return Response(_links_page(problem, name=name), status=400)
    response = Response(_links_page(secret=secret))
    response.headers["Cache-Control"] = "no-store"
    return response


@needs(Permission.SETTINGS)
def ask_remove() -> str:
    """Asks: nobody can tell the screen its address again."""
    found = _link(request.args.get("link", ""))
    return shell.confirm(
        heading=_("Take back the link of %(name)s?", name=found.name),
        text=_(
            "Its screen goes dark within seconds. This cannot be undone: a new link has a new "
            "address, which somebody has to open on the screen."
        ),
        button=_("Take back"),
        back=url_for("wall.links"),
        fields={"link": found.id},
        facts=[(_("What it shows"), _shows(found.scope, places.stops(connection())))],
    )


def _link(wanted: str) -> Wall:
    """A link that the user may take back; 404 for any other."""
    here = connection()
    found = next((one for one in walls.links(here) if one.id == wanted), None)
    if found is None or not scope.contains(visible_stops(), scope.resolve(here, found.scope)):
        abort(404)
    return found


@needs(Permission.SETTINGS)
def remove() -> BaseResponse:
    """Take a link back."""
    user, moment, link = require(Permission.SETTINGS), now_ms(), request.form.get("link", "")
    _link(link)

    def write(writing: Connection) -> None:
        if walls.remove(writing, link):
            audit.note(writing, user.by, "wall.removed", link, {}, moment)

    services().writer.call(write)
    shell.told(_("The link was taken back. Its screen goes dark within seconds."))
    return redirect(url_for("wall.links"), 303)
