"""Incidents as a table: with filters, and as a file. The page of cards says what to do."""

from collections.abc import Sequence
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, false, func, select

from contract import codes
from contract.codes import CodeError
from hub import db
from hub.access import accounts
from hub.access.scope import within
from hub.queries import incidents, places
from hub.queries.incidents import Incident
from hub.web import incident_words, kiosk_columns, story
from hub.web.incident_words import Words
from hub.web.listing import Choice, Column, Days, Kind, Link, Listing, SqlSource, Text, filters
from hub.web.login import visible_stops

_INCIDENT: Final = db.incident.c


class Line(Struct, frozen=True):
    """An incident of the table, its names looked up."""

    words: Words
    state: str
    who: str

    @property
    def incident(self) -> Incident:
        """What it is about."""
        return self.words.incident


def _select() -> Select[Any]:
    return select(*incidents.COLUMNS).where(within(_INCIDENT.stop, visible_stops()))


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    stops, names = places.stops(here), accounts.names(here)
    lines, known = [], incident_words.Whereabouts(here)
    for one in map(incidents.read, found):
        who = one.acknowledged_by or ""
        words = incident_words.words(one, story.stop_name(stops, one.stop), known)
        lines.append(Line(words, _state(one), names.get(who, who)))
    return lines


def _state(one: Incident) -> str:
    if one.closed_ms is not None:
        return _("closed")
    return _("open") if one.acknowledged_ms is None else _("seen")


def _state_of(value: str) -> ColumnElement[bool]:
    closed, seen = _INCIDENT.closed_ms, _INCIDENT.acknowledged_ms
    match value:
        case "open":
            return and_(closed.is_(None), seen.is_(None))
        case "seen":
            return and_(closed.is_(None), seen.is_not(None))
        case "closed":
            return closed.is_not(None)
        case _:
            return false()


def _code(subject: str) -> str:
    """The code that it is about, as labels show it; nothing of what only machines read."""
    try:
        return codes.grouped(codes.parse(subject).text)
    except CodeError:
        return ""


def _states(_here: Connection) -> list[tuple[str, str]]:
    return [("open", _("open")), ("seen", _("seen")), ("closed", _("closed"))]


def _kinds(_here: Connection) -> list[tuple[str, str]]:
    return sorted(incident_words.kinds(), key=lambda one: one[1])


INCIDENTS: Final = Listing[Line](
    name="incidents",
    title=_l("Incidents as a table"),
    order="-opened",
    empty=_l("No incident yet. Whatever cannot be right becomes one, and is listed here for ever."),
    source=SqlSource(
        select=_select,
        key=(_INCIDENT.key,),
        rows=_rows,
        counted=lambda: select(_INCIDENT.key).where(within(_INCIDENT.stop, visible_stops())),
    ),
    columns=(
        Column(
            "what",
            _l("What happened"),
            lambda row: row.words.title,
            heading=True,
            link=Link("incidents.one", "key", lambda row: row.incident.key),
            sort=_INCIDENT.kind,
        ),
        Column("state", _l("State"), lambda row: row.state),
        Column("stop", _l("Stop"), lambda row: row.words.stop, sort=_INCIDENT.stop),
        kiosk_columns.kiosk(lambda row: row.incident.kiosk, sort=_INCIDENT.kiosk),
        Column(
            "about",
            _l("Concerns"),
            lambda row: row.incident.subject,
            Kind.CODE,
            show=lambda row: _code(row.incident.subject),
        ),
        Column(
            "opened",
            _l("Since"),
            lambda row: row.incident.opened_ms,
            Kind.MOMENT,
            sort=_INCIDENT.opened_ms,
        ),
        Column(
            "times", _l("Times"), lambda row: row.incident.count, Kind.NUMBER, sort=_INCIDENT.count
        ),
        Column(
            "closed",
            _l("Closed at"),
            lambda row: row.incident.closed_ms,
            Kind.MOMENT,
            on_page=False,
        ),
        Column("who", _l("Seen by"), lambda row: row.who),
        Column("told", _l("In detail"), lambda row: row.words.happened, on_page=False),
        kiosk_columns.kind(lambda row: row.incident.kind),
    ),
    filters=(
        Choice("state", _l("State"), options=_states, where=_state_of, first=True),
        Choice(
            "kind",
            _l("What happened"),
            options=_kinds,
            where=lambda value: _INCIDENT.kind == value,
            first=True,
        ),
        filters.stops(_INCIDENT.stop),
        kiosk_columns.choice(_INCIDENT.kiosk),
        Text(
            "about",
            _l("Concerns"),
            where=lambda value: func.lower(_INCIDENT.subject) == value.lower(),
        ),
        Days("opened", _l("Since"), where=filters.moments(_INCIDENT.opened_ms)),
    ),
)
