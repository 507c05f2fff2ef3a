"""The list of events, newest first as the hub recorded them: behind every number are some of these.

Positions grow with the hub's clock, so a range of days is a range of positions, found by halving:
the log has no index over times, which every event that comes in would have to pay for.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, true
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract import events as contract
from hub import db
from hub.access import accounts
from hub.access.permissions import Permission
from hub.log import recording
from hub.queries import events, places
from hub.request import connection
from hub.web import audit_words, kiosk_columns, listing, story, wording
from hub.web.event_words import type_name
from hub.web.listing import Choice, Column, Days, Kind, Link, Listing, SqlSource, Text
from hub.web.listing import filters as by
from hub.web.listing.filters import Span
from hub.web.login import needs, visible_stops

_EVENT: Final = db.event.c
_STOCKTAKE: Final = re.compile(r"N[0-9a-f]{16}")
"""The subject of a stocktake's events (`hub.folds.entries.COUNT`), which is no code to be read."""


class Line(Struct, frozen=True):
    """A line of the list, its names already looked up; ``about`` is what the event names first."""

    id: str
    position: int
    type: str
    text: str
    about: str
    t: int
    known: bool
    received_ms: int
    kiosk: str
    stop: str
    who: str


def blueprint() -> Blueprint:
    """The list under ``/events``."""
    pages = Blueprint("events", __name__)
    pages.get("/events", endpoint="listing")(page)
    return pages


@needs(Permission.VIEW)
def page() -> BaseResponse:
    """Events, as the address filters them."""
    return listing.respond(
        EVENTS,
        lead=_("What happened, as the hub recorded it. Nothing here is ever changed or removed."),
    )


def _select() -> Select[Any]:
    return events.good().where(events.at_stops(visible_stops()))


def _counted() -> Select[Any]:
    there = _EVENT.problem.is_(None)
    return select(_EVENT.position).where(there, events.at_stops(visible_stops()))


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    known = places.stops(here)
    stop_of = places.stop_of_kiosks(here)
    read = [events.read(row) for row in found]
    decided = any(one.event.private.account for one in read)
    names = accounts.names(here) if decided else {}
    return [_line(one, known, stop_of, names) for one in read]


def _line(
    one: events.Recorded,
    known: dict[str, places.Stop],
    stop_of: dict[str, str],
    names: dict[str, str],
) -> Line:
    public, account = one.event.public, one.event.private.account
    stop = public.stop or stop_of.get(one.kiosk, "")
    return Line(
        id=one.id,
        position=one.position,
        type=one.type,
        text=wording.describe(public.body),
        about=_about(public.body),
        t=one.t,
        known=one.known,
        received_ms=one.received_ms,
        kiosk="" if one.kiosk == recording.KIOSK else one.kiosk,
        stop=story.stop_name(known, stop) if stop else _("At the hub"),
        who=audit_words.account(account, names) if account else "",
    )


def _about(body: contract.Body) -> str:
    for name in ("item", "box", "plan", "place"):
        value = getattr(body, name, None)
        if isinstance(value, str) and value:
            return value
    items = getattr(body, "items", ())
    return items[0] if isinstance(items, tuple) and len(items) == 1 else ""


def _concerning(subject: str) -> ColumnElement[bool]:
    touched = select(db.touch.c.event_id).where(db.touch.c.subject == subject)
    return _EVENT.id.in_(touched)


def _named(event: str) -> ColumnElement[bool]:
    kiosk, epoch, seq, start = event.split(".")
    return and_(
        _EVENT.kiosk == kiosk,
        _EVENT.epoch == epoch,
        _EVENT.seq == int(seq),
        _EVENT.hash.startswith(start, autoescape=True),
    )


def _event_id(typed: str) -> str | None:
    parts = typed.lower().split(".")
    if len(parts) != 4 or re.fullmatch(r"[0-9]{1,18}", parts[2]) is None:
        return None
    return typed.lower()


def _subject(typed: str) -> str | None:
    if _STOCKTAKE.fullmatch(typed):
        return typed
    return codes.normalise(typed) or None


def _kiosk_options(here: Connection) -> list[tuple[str, str]]:
    return [(recording.KIOSK, _("At the hub")), *kiosk_columns.options(here)]


def _account_options(here: Connection) -> list[tuple[str, str]]:
    return sorted(accounts.names(here).items(), key=lambda one: one[1])


def _type_options(_here: Connection) -> list[tuple[str, str]]:
    return sorted(((word, type_name(word)) for word in contract.TYPES), key=lambda one: one[1])


def _recorded_in(span: Span) -> ColumnElement[bool]:
    first, last = span.ms()
    return and_(
        by.moments(_EVENT.received_ms)(span),
        true() if first is None else _EVENT.position >= _first_since(connection(), first),
        true() if last is None else _EVENT.position < _first_since(connection(), last),
    )


def _first_since(here: Connection, ms: int) -> int:
    """The position of the first event that the hub recorded at ``ms`` or later."""
    low, high = 1, (here.scalar(select(func.max(_EVENT.position))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        found = here.execute(
            select(_EVENT.position, _EVENT.received_ms)
            .where(_EVENT.position >= middle)
            .order_by(_EVENT.position)
            .limit(1)
        ).one_or_none()
        if found is None or found.received_ms >= ms:
            high = middle
        else:
            low = found.position + 1
    return low


EVENTS: Final = Listing[Line](
    name="events",
    title=_l("Events"),
    order="-position",
    empty=_l(
        "No events yet: open the kiosk’s page and scan or type something. Each scan appears here "
        "by itself."
    ),
    source=SqlSource(select=_select, key=(_EVENT.position,), rows=_rows, counted=_counted),
    columns=(
        Column(
            "position", _l("Number"), lambda row: row.position, Kind.NUMBER, sort=_EVENT.position
        ),
        Column("text", _l("What happened"), lambda row: row.text, heading=True),
        Column(
            "about",
            _l("Concerns"),
            lambda row: row.about,
            Kind.CODE,
            show=lambda row: codes.grouped(row.about),
            link=Link("events.listing", "subject", lambda row: row.about),
        ),
        Column("t", _l("When"), lambda row: row.t, Kind.MOMENT),
        Column("known", _l("Clock"), lambda row: "" if row.known else _("guessed"), on_page=False),
        Column("received", _l("Recorded"), lambda row: row.received_ms, Kind.MOMENT),
        Column("stop", _l("Stop"), lambda row: row.stop),
        kiosk_columns.linked(lambda row: row.kiosk),
        Column("who", _l("Who"), lambda row: row.who),
        Column("kind", _l("Type"), lambda row: type_name(row.type), on_page=False),
        Column("type", _l("Type in the log"), lambda row: row.type, Kind.CODE, on_page=False),
        Column("id", _l("Event"), lambda row: row.id, Kind.CODE, on_page=False),
    ),
    filters=(
        Choice(
            "type",
            _l("Type"),
            options=_type_options,
            where=lambda value: _EVENT.type == value,
            first=True,
        ),
        kiosk_columns.choice(_EVENT.kiosk, first=True, options=_kiosk_options),
        Text("subject", _l("Item, box or plan"), clean=_subject, where=_concerning, first=True),
        Days("day", _l("Recorded"), where=_recorded_in),
        Choice("who", _l("Who"), options=_account_options, where=events.decided_by),
        Text("event", _l("Event"), clean=_event_id, where=_named),
    ),
)
