"""The board of kiosks: what needs a human first, whom to ring, and how every device is."""

import hashlib
from typing import Final

from flask import Blueprint, Response, current_app, g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.alerts import contacts, store
from hub.alerts.limits import Limits
from hub.fleet import standings, urgency
from hub.queries import kiosks, places
from hub.request import connection, now_ms
from hub.web import listing
from hub.web.fleet import watching
from hub.web.fleet.watching import Line
from hub.web.listing import Choice, Column, Kind, Listing, MemorySource, stops
from hub.web.listing.render import address
from hub.web.login import needs, signed_in_user, visible_stops

LIVE: Final = "live"
"""The part of the page that asks for itself."""
STOPS: Final = "stops"
"""The other view: a mark for each stop, by city and district."""
_STATES: Final = (*urgency.PRESENCES, kiosks.RETIRED, kiosks.REVOKED)


def blueprint() -> Blueprint:
    """The board under ``/kiosks``."""
    pages = Blueprint("kiosks", __name__)
    pages.get("/kiosks", endpoint="listing")(page)
    return pages


@needs(Permission.VIEW)
def page() -> BaseResponse:
    """Every kiosk that the user may see; to the page itself, only the part that changes, and 304 as
    long as it does not."""
    if request.args.get("format", "") in listing.FORMS:
        return listing.respond(KIOSKS)
    view, here = listing.view(KIOSKS), connection()
    found, by_stop = _rows(here), request.args.get("view") == STOPS
    part = render_template(
        "fleet/_kiosks.html",
        table=view,
        views=_views(by_stop) if found else (),
        counts=[
            (word, watching.level(word), watching.MARKS[word], n)
            for word in urgency.LEVELS
            if (n := sum(one.level == word for one in found))
        ],
        groups=watching.groups(_kept(here), places.stops(here)) if by_stop else None,
        level_name=watching.level,
        marks=watching.MARKS,
    )
    etag = f'W/"{hashlib.sha256(part.encode()).hexdigest()[:32]}"'
    if request.headers.get("HX-Target") == LIVE:
        response = Response(part)
        response.headers["ETag"] = etag
        return response.make_conditional(request)
    return Response(render_template("fleet/kiosks.html", table=view, part=part, etag=etag))


def _views(by_stop: bool) -> list[tuple[str, str, bool]]:
    """Both ways to look at what the filters leave: name, address, and whether it is this one."""
    args = request.args.to_dict()
    return [
        (_("As a list"), address(args, view=None), not by_stop),
        (_("By stop"), address(args, view=STOPS), by_stop),
    ]


def _kept(here: Connection) -> list[Line]:
    return list(KIOSKS.source.every(here, KIOSKS, KIOSKS.asked(request.args)))


def _rows(here: Connection) -> list[Line]:
    """The board's lines, made once for a request: the page counts and lists the same ones."""
    made: list[Line] | None = g.get("board_lines")
    if made is None:
        user, limits = signed_in_user(), store.limits(here)
        zone = current_app.config["TIMEZONE"]
        found = standings.watched(here, now_ms(), zone, visible_stops())
        phones = {
            stop: phone
            for stop, phone in contacts.phones(here).items()
            if user.may(Permission.RESOLVE_INCIDENT, stop)
        }
        made = g.board_lines = watching.lines(found, places.stops(here), phones, limits)
    return made


def line(kiosk: str) -> Line | None:
    """The board's line about this kiosk, as far as the user may see it."""
    return next((one for one in _rows(connection()) if one.id == kiosk), None)


def presences() -> dict[str, str]:
    """Whether each kiosk is there, as `hub.fleet.urgency` says it, by id."""
    return {one.id: one.watched.standing.presence for one in _rows(connection())}


def _limits() -> Limits:
    found: Limits | None = g.get("board_limits")
    if found is None:
        found = g.board_limits = store.limits(connection())
    return found


def _states(_here: Connection) -> list[tuple[str, str]]:
    return [(word, watching.state(word)) for word in _STATES]


def _levels(_here: Connection) -> list[tuple[str, str]]:
    return [(word, watching.level(word)) for word in urgency.LEVELS]


def _cities(here: Connection) -> list[tuple[str, str]]:
    return sorted({(one.city, one.city_name) for one in _rows(here) if one.city})


def _matters(here: Connection) -> list[tuple[str, str]]:
    found = {
        one.kind: watching.title(one)
        for line in _rows(here)
        for one in line.watched.standing.troubles
    }
    return sorted(found.items(), key=lambda one: urgency.KINDS.index(one[0]))


def _versions(here: Connection) -> list[tuple[str, str]]:
    found = sorted({line.watched.version for line in _rows(here)} - {""}, reverse=True)
    return [(one, one) for one in found]


def _configured(line: Line) -> str:
    if line.watched.reverted:
        return "reverted"
    return "drift" if line.watched.drifts else ""


def _told(name: str) -> Column[Line]:
    """A plain field of the last health, for files."""
    titles = {
        "oldest_unsent_s": _l("Oldest not yet sent, seconds"),
        "disk_free_mb": _l("Free disk, MB"),
        "prefixes_left": _l("Spare prefixes"),
        "paper_jobs": _l("Paper waiting"),
        "uptime_s": _l("Runs since, seconds"),
    }
    return Column(
        name.removesuffix("_s").removesuffix("_mb"),
        titles[name],
        lambda row: None if row.health is None else getattr(row.health, name),
        Kind.NUMBER,
        on_page=False,
        sort=True,
    )


def _temperature(row: Line) -> int | None:
    warm = None if row.health is None else row.health.temperature_c
    return None if warm is None else round(warm)


def _yes(wish: bool | None) -> str:
    return "" if wish is None else "1" if wish else "0"


KIOSKS: Final = Listing[Line](
    name="kiosks",
    title=_l("Kiosks"),
    order="need",
    empty=_l("No kiosk is registered yet. Add one: it needs a sheet with a code, and a scanner."),
    source=MemorySource(rows=_rows),
    columns=(
        Column(
            "id",
            _l("Kiosk"),
            lambda row: row.id,
            Kind.CODE,
            heading=True,
            show=watching.kiosk_cell,
            sort=True,
        ),
        Column("stop", _l("Stop"), lambda row: row.stop, on_page=False, sort=True),
        Column("city", _l("City"), lambda row: row.city_name, on_page=False, sort=True),
        Column(
            "need",
            _l("Needs somebody"),
            lambda row: row.order,
            show=watching.needs_cell,
            in_files=False,
            sort=True,
        ),
        Column("level", _l("How urgent"), lambda row: watching.level(row.level), on_page=False),
        Column("matter", _l("What is the matter"), watching.matter, on_page=False),
        Column("ring", _l("Whom to ring"), watching.whom, on_page=False),
        Column(
            "handled", _l("Taken care of"), lambda row: _yes(watching.handled(row)), on_page=False
        ),
        Column(
            "state",
            _l("State"),
            lambda row: watching.state(row.state),
            show=watching.state_cell,
            sort=True,
        ),
        Column(
            "seen",
            _l("Last seen"),
            lambda row: row.watched.kiosk.seen_ms,
            Kind.MOMENT,
            on_page=False,
            sort=True,
        ),
        Column(
            "event",
            _l("Last event"),
            lambda row: row.watched.kiosk.last_event_ms,
            Kind.MOMENT,
            on_page=False,
            sort=True,
        ),
        Column(
            "backlog",
            _l("Not yet sent"),
            lambda row: None if row.health is None else row.health.backlog,
            Kind.NUMBER,
            show=watching.backlog_cell,
            sort=True,
        ),
        _told("oldest_unsent_s"),
        Column(
            "devices",
            _l("Devices and paper"),
            watching.broken,
            show=watching.devices_cell,
            in_files=False,
        ),
        Column("trouble", _l("Does not work"), watching.broken, on_page=False),
        Column(
            "paper_mm",
            _l("Paper left, mm"),
            lambda row: urgency.paper_mm(row.health),
            Kind.NUMBER,
            on_page=False,
            sort=True,
        ),
        _told("paper_jobs"),
        Column(
            "machine",
            _l("Machine"),
            _temperature,
            show=lambda row: watching.machine_cell(row, _limits()),
            in_files=False,
        ),
        Column(
            "clock",
            _l("Clock trusted"),
            lambda row: _yes(None if row.health is None else row.health.clock),
            on_page=False,
        ),
        Column(
            "temperature",
            _l("Temperature, °C"),
            _temperature,
            Kind.NUMBER,
            on_page=False,
            sort=True,
        ),
        Column(
            "throttling",
            _l("Power and heat"),
            lambda row: " ".join((row.health and row.health.throttling) or ()),
            on_page=False,
        ),
        _told("disk_free_mb"),
        _told("uptime_s"),
        Column(
            "software",
            _l("Software"),
            lambda row: row.watched.version,
            show=watching.software_cell,
            sort=True,
        ),
        Column(
            "differs", _l("Not what most run"), lambda row: _yes(row.watched.differs), on_page=False
        ),
        Column("configuration", _l("Configuration not as wished"), _configured, on_page=False),
        _told("prefixes_left"),
    ),
    filters=(
        Choice(
            "level",
            _l("How urgent"),
            options=_levels,
            keep=lambda row, value: row.level == value,
            first=True,
        ),
        stops(keep=lambda row, value: row.stop_id == value),
        Choice(
            "state",
            _l("State"),
            options=_states,
            keep=lambda row, value: row.state == value,
            first=True,
        ),
        Choice(
            "matter",
            _l("What is the matter"),
            options=_matters,
            keep=lambda row, value: any(one.kind == value for one in row.watched.standing.troubles),
        ),
        Choice("city", _l("City"), options=_cities, keep=lambda row, value: row.city == value),
        Choice(
            "version",
            _l("Software"),
            options=_versions,
            keep=lambda row, value: row.watched.version == value,
        ),
    ),
)
