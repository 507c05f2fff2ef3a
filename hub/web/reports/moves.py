"""The list of movements: what every figure of the reports leads to."""

import re
from collections.abc import Sequence
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select, true
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.actions import CATEGORY_BY_KEY
from hub import db, statuses
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.folds.movements import NOWHERE, PRESENT
from hub.projections import tallies
from hub.queries import places, statements
from hub.reporting.statements import STANDINGS
from hub.web import listing, status_words, story
from hub.web.listing import Choice, Column, Days, Kind, Link, Listing, SqlSource, Text
from hub.web.listing import filters as by
from hub.web.login import needs, visible_stops
from hub.web.reports import words

_MOVE: Final = db.movement.c
EVERYWHERE: Final = "*"
"""All stops that the user sees, where a filter wants one."""
_POSITION: Final = re.compile(r"[0-9]{1,15}")


class Line(Struct, frozen=True):
    """A movement, its names already looked up."""

    item: str
    t: int
    category: str
    from_words: str
    to_words: str
    stop: str
    quantity: int
    event: str


@needs(Permission.VIEW)
def movements() -> BaseResponse:
    """Movements, as the address filters them."""
    lead = _(
        "Each change of where an item counts, newest first. The figures of the reports add up "
        "these lines."
    )
    return listing.respond(MOVES, lead=lead)


def _select() -> Select[Any]:
    event = db.event.c
    return (
        select(
            _MOVE.item,
            _MOVE.n,
            _MOVE.t.label("moved"),  # a row's own `t` is all of it
            _MOVE.category,
            _MOVE.from_status,
            _MOVE.from_stop,
            _MOVE.to_status,
            _MOVE.to_stop,
            _MOVE.quantity,
            event.kiosk,
            event.epoch,
            event.seq,
            event.hash,
        )
        .join_from(db.movement, db.event, event.id == _MOVE.event)
        .where(_visible())
    )


def _counted() -> Select[Any]:
    return select(_MOVE.item).where(_visible())


def _visible() -> ColumnElement[bool]:
    """What left a stop concerns it as much as what came."""
    stops = visible_stops()
    if stops is None:
        return true()
    return or_(within(_MOVE.to_stop, stops), within(_MOVE.from_stop, stops))


def _rows(connection: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    known = places.stops(connection)
    return [
        Line(
            item=row.item,
            t=row.moved,
            category=story.category_name(row.category),
            from_words=_standing(row.from_status),
            to_words=_standing(row.to_status),
            stop=story.stop_name(known, row.to_stop),
            quantity=row.quantity,
            event=f"{row.kiosk}.{row.epoch}.{row.seq}.{row.hash[:16]}",
        )
        for row in found
    ]


def _standing(status: str) -> str:
    if status == NOWHERE:
        return _("not here yet")
    return _("At the stop") if status == PRESENT else status_words.status(status)


def _counts_as(measure: str) -> ColumnElement[bool]:
    if measure == tallies.RECEIVED:
        return and_(_MOVE.from_status == NOWHERE, _MOVE.to_status == PRESENT)
    if measure in tallies.REACHED:
        return _MOVE.to_status == measure
    return _MOVE.to_status == statuses.UNKNOWN


def _categories(_connection: Connection) -> list[tuple[str, str]]:
    return [(key, story.category_name(key)) for key in CATEGORY_BY_KEY]


def _known_categories(typed: str) -> str | None:
    known = [key for key in typed.split(",") if key in CATEGORY_BY_KEY]
    return ",".join(dict.fromkeys(known)) or None


def _stops_or_all(connection: Connection) -> list[tuple[str, str]]:
    return [(EVERYWHERE, _("All stops")), *by.stop_options(connection)]


def _held(part: str, label: Any) -> Choice:
    """What came to stand so at a stop, and what no longer does: the figure is the one less the
    other."""
    status = STANDINGS[part]

    def where(stop: str) -> ColumnElement[bool]:
        return statements.held(status, visible_stops() if stop == EVERYWHERE else frozenset([stop]))

    return Choice(part, label, options=_stops_or_all, where=where)


def _position(typed: str) -> str | None:
    return typed if _POSITION.fullmatch(typed) else None


MOVES: Final = Listing[Line](
    name="movements",
    title=_l("Movements"),
    order="-t",
    empty=_l("Nothing has moved yet. Scan something in at a kiosk: it is here within seconds."),
    source=SqlSource(select=_select, key=(_MOVE.item, _MOVE.n), rows=_rows, counted=_counted),
    columns=(
        Column(
            "item",
            _l("Item"),
            lambda row: row.item,
            Kind.CODE,
            heading=True,
            show=lambda row: codes.grouped(row.item),
            link=Link("board.item", "code", lambda row: row.item),
        ),
        Column("t", _l("When"), lambda row: row.t, Kind.MOMENT, sort=_MOVE.t),
        Column("category", _l("Category"), lambda row: row.category),
        Column("from", _l("Before"), lambda row: row.from_words),
        Column("to", _l("After"), lambda row: row.to_words),
        Column("stop", _l("Stop"), lambda row: row.stop),
        Column("quantity", _l("Pieces"), lambda row: row.quantity, Kind.NUMBER),
        Column(
            "event",
            _l("Event"),
            lambda row: row.event,
            Kind.CODE,
            show=lambda row: _("Show"),
            link=Link("events.listing", "event", lambda row: row.event),
        ),
    ),
    filters=(
        Choice(
            "what",
            _l("What happened"),
            options=lambda _connection: [(name, words.measure(name)) for name in words.MEASURES],
            where=_counts_as,
            first=True,
        ),
        by.stops(_MOVE.to_stop),
        Choice(
            "category",
            _l("Category"),
            options=_categories,
            where=lambda value: _MOVE.category == value,
            first=True,
        ),
        Days("t", _l("When"), where=by.moments(_MOVE.t), first=True),
        Text(
            "without",
            _l("Without the categories"),
            clean=_known_categories,
            where=lambda value: _MOVE.category.not_in(value.split(",")),
        ),
        Choice(
            "from",
            _l("Stop before"),
            options=by.stop_options,
            where=lambda value: _MOVE.from_stop == value,
        ),
        Choice(
            "at",
            _l("Stop before or after"),
            options=by.stop_options,
            where=lambda value: or_(_MOVE.from_stop == value, _MOVE.to_stop == value),
        ),
        Choice(
            "ledger",
            _l("Line of the month's statement"),
            options=lambda _connection: [(part, words.part(part)) for part in words.LEDGER],
            where=statements.moves,
        ),
        _held("here", _l("Into or out of what is at the stop")),
        _held("out", _l("Into or out of what is with volunteers")),
        _held("on_the_way", _l("Into or out of what is on the way")),
        Text(
            "known",
            _l("Known only after this position of the log"),
            clean=_position,
            where=lambda value: _MOVE.position > int(value),
        ),
    ),
)
