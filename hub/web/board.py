"""The operator's pages: the live board, incidents, quarantine, a kiosk, an item."""

import hashlib
import re

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from msgspec import Struct, structs
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from hub import incidents as log
from hub.access import accounts, audit
from hub.access.permissions import Permission
from hub.kiosks import reference
from hub.log import recording
from hub.queries import events, incidents, items, kiosks, places
from hub.queries.events import Recorded
from hub.queries.items import STATUS_FIELDS, StockRow
from hub.queries.places import Stop
from hub.request import connection, services
from hub.web import devices, incident_words, kiosk_list, listing, story, wording
from hub.web.codes_list import CODES
from hub.web.fleet import commands as fleet_commands
from hub.web.fleet import configurations, watching
from hub.web.fleet import history as fleet_history
from hub.web.login import needs, require, signed_in_user, visible_stops
from hub.web.printing import view as printing
from hub.web.stock import item_page

BOARD_EVENTS = 30
BOARD_INCIDENTS = 5
INCIDENT_ROWS = 100
"""Incidents of one page of their list."""
PAGE_ROWS = 200


class EventLine(Struct, frozen=True):
    """One event of a list."""

    t: int
    known: bool
    text: str
    where: str
    kiosk: str
    item: str | None


class StockTable(Struct, frozen=True):
    """What one stop holds, by category, with its totals."""

    name: str
    rows: list[tuple[str, StockRow]]
    total: StockRow
    columns: list[tuple[str, str]]


def blueprint() -> Blueprint:
    """The operator's pages."""
    pages = Blueprint("board", __name__)
    pages.get("/board")(board)
    pages.get("/board/live")(live)
    pages.get("/incidents")(incident_list)
    pages.post("/incidents/acknowledge")(acknowledge)
    pages.get("/codes")(unnamed)
    pages.get("/kiosks/<kiosk>")(kiosk)
    pages.get("/items/<code>", endpoint="item")(item_page.item)
    return pages


@needs(Permission.VIEW)
def board() -> str:
    """The live board as a whole page; without JavaScript it is simply not live."""
    part = _board_part()
    return render_template("board/board.html", part=part, etag=_etag(part))


@needs(Permission.VIEW)
def live() -> BaseResponse:
    """The part of the board that changes; 304 as long as it does not."""
    part = _board_part()
    response = Response(part)
    response.headers["ETag"] = _etag(part)
    return response.make_conditional(request)


def _etag(part: str) -> str:
    return f'W/"{hashlib.sha256(part.encode()).hexdigest()[:32]}"'


def _board_part() -> str:
    here, mine = connection(), visible_stops()
    stops = places.stops(here)
    known = [one for one in kiosks.kiosks(here, mine) if not one.ended]
    unwell = kiosks.unwell(here, known)
    return render_template(
        "board/_live.html",
        tables=_stock_tables(items.stock(here, mine), stops),
        events=_event_lines(events.newest(here, BOARD_EVENTS, stops=mine), stops),
        kiosks=known,
        presences=kiosk_list.presences(),
        unwell=unwell,
        incidents=_incident_lines(incidents.incidents(here, BOARD_INCIDENTS, stops=mine), stops),
        incident_count=incidents.open_count(here, mine) + len(unwell),
        quarantine_count=events.quarantined(here, 1, stops=mine)[0],
        unnamed_count=reference.unknown_count(here, PAGE_ROWS),
        stops=stops,
        stop_name=lambda stop: story.stop_name(stops, stop),
        device_line=devices.told,
    )


def _stock_tables(rows: list[StockRow], stops: dict[str, Stop]) -> list[StockTable]:
    by_stop: dict[str, list[StockRow]] = {}
    for row in rows:
        by_stop.setdefault(row.stop, []).append(row)
    return [
        StockTable(
            story.stop_name(stops, stop),
            [(story.category_name(row.category), row) for row in those],
            total := _total(stop, those),
            _columns(total),
        )
        for stop, those in by_stop.items()
    ]


def _total(stop: str, rows: list[StockRow]) -> StockRow:
    sums = (sum(getattr(row, name) for row in rows) for name in STATUS_FIELDS)
    return StockRow(stop, "", *sums)


def _columns(total: StockRow) -> list[tuple[str, str]]:
    """Field and heading of what the table shows: what every stop has, and what this one has."""
    headings = {
        "in_stock": _("Free"),
        "reserved": _("Reserved"),
        "unlabelled": _("No label"),
        "quarantined": _("To be checked"),
        "out": _("Out"),
        "delivered": _("Delivered"),
        "sent": _("Sent on"),
        "sold": _("Sold"),
        "missing": _("Missing"),
        "disposed": _("Thrown away"),
    }
    always = ("in_stock", "reserved", "unlabelled", "out", "delivered")
    return [
        (name, words) for name, words in headings.items() if name in always or getattr(total, name)
    ]


def _event_lines(recorded: list[Recorded], stops: dict[str, Stop]) -> list[EventLine]:
    stop_of = places.stop_of_kiosks(connection())
    return [
        EventLine(
            one.t,
            one.known,
            wording.describe(one.event.public.body),
            _where(one, stops, stop_of),
            one.kiosk,
            _item_of(one),
        )
        for one in recorded
    ]


def _where(recorded: Recorded, stops: dict[str, Stop], stop_of: dict[str, str]) -> str:
    """At which stop it was: what the hub itself decided names one or none."""
    stop = recorded.event.public.stop or stop_of.get(recorded.kiosk, "")
    if not stop and recorded.kiosk == recording.KIOSK:
        return _("At the hub")
    return story.stop_name(stops, stop)


def _item_of(recorded: Recorded) -> str | None:
    named: str = getattr(recorded.event.public.body, "item", "") or ""
    return named if named.startswith(codes.Kind.ITEM.value) else None


def _incident_lines(
    found: list[incidents.Incident], stops: dict[str, Stop]
) -> list[incident_words.Words]:
    who = accounts.names(connection()) if any(one.acknowledged_by for one in found) else {}
    known = incident_words.Whereabouts(connection())
    return [
        incident_words.words(
            structs.replace(one, acknowledged_by=who.get(one.acknowledged_by, one.acknowledged_by))
            if one.acknowledged_by
            else one,
            story.stop_name(stops, one.stop),
            known,
        )
        for one in found
    ]


@needs(Permission.VIEW)
def incident_list() -> str | BaseResponse:
    """Every open incident, or those that are closed."""
    closed = request.args.get("closed") == "1"
    page, here = _page_asked(), connection()
    stops = places.stops(here)
    found = incidents.incidents(
        here,
        INCIDENT_ROWS + 1,
        closed=closed,
        stops=visible_stops(),
        skip=page * INCIDENT_ROWS,
    )
    if page and not found:  # they were settled meanwhile, which is not the same as none at all
        return redirect(_incident_page(closed, 0))
    return render_template(
        "board/incidents.html",
        closed=closed,
        incidents=_incident_lines(found[:INCIDENT_ROWS], stops),
        before=_incident_page(closed, page - 1) if page else None,
        after=_incident_page(closed, page + 1) if len(found) > INCIDENT_ROWS else None,
        may_act=signed_in_user().may(Permission.RESOLVE_INCIDENT),
    )


def _page_asked() -> int:
    asked = request.args.get("page", "")
    return int(asked) - 1 if re.fullmatch(r"[1-9][0-9]{0,3}", asked) else 0


def _incident_page(closed: bool, page: int) -> str:
    return url_for("board.incident_list", closed="1" if closed else None, page=page + 1)


@needs(Permission.RESOLVE_INCIDENT)
def acknowledge() -> BaseResponse:
    """An operator has seen an incident; it stays open until its cause is gone, unless it is about
    a moment."""
    key = request.form.get("key", "")
    stop = incidents.stop_of(connection(), key)
    if stop is None:
        abort(404)
    by = require(Permission.RESOLVE_INCIDENT, stop).by
    seen_ms = int(services().now() * 1000)

    def acknowledge(writing: Connection) -> None:
        if log.acknowledge(writing, key, by.account, seen_ms):
            audit.note(writing, by, "incident.acknowledged", key, {}, seen_ms, stop=stop)

    services().writer.call(acknowledge)
    return redirect(url_for("board.incident_list"), 303)


@needs(Permission.VIEW)
def kiosk(kiosk: str) -> str:
    """One kiosk: how it is, what it last did, how far the hub has its journal."""
    here = connection()
    found = next((one for one in kiosks.kiosks(here) if one.id == kiosk), None)
    if found is None:
        abort(404)
    require(Permission.VIEW, found.stop)
    stops = places.stops(here)
    return render_template(
        "board/kiosk.html",
        kiosk=found,
        stop=story.stop_name(stops, found.stop),
        streams=kiosks.streams(here, kiosk),
        events=_event_lines(events.newest_of(here, BOARD_EVENTS, kiosk), stops),
        incidents=_incident_lines(incidents.incidents(here, PAGE_ROWS, kiosk=kiosk), stops),
        quarantine_count=events.quarantined(here, 1, kiosk)[0],
        orders=printing.for_kiosk(here, kiosk),
        device_line=devices.told,
        machine=[
            *(devices.machine(found.health) if found.health else []),
            *configurations.facts(here, found),
        ],
        doing=fleet_commands.part(found),
        history=fleet_history.part(found.id),
        **_watched(found.id),
    )


def _watched(kiosk: str) -> dict[str, Markup]:
    """What the board of kiosks says of it: whether it is there, and what it needs."""
    line = kiosk_list.line(kiosk)
    if line is None:
        return {}
    every = watching.needs_cell(line, shown=len(line.watched.standing.troubles))
    return {
        "presence": watching.state_cell(line),
        "needs": every if line.watched.standing.troubles else Markup(""),
        "runs": watching.software_cell(line),
    }


@needs(Permission.VIEW)
def unnamed() -> BaseResponse:
    """Retail codes that want a name."""
    return listing.respond(CODES, "board/codes.html")
