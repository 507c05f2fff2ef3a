"""The list of items: where every figure about stock leads, with the filters that show what it
counted."""

from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.codes import PLACE_BY_CODE, CodeError
from hub import db, statuses
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.kiosks import catalogue
from hub.queries import places
from hub.request import now_ms
from hub.typed import narrow
from hub.web import i18n, listing, status_words, story
from hub.web.listing import Choice, Column, Days, Kind, Link, Listing, Numbers, SqlSource, Text
from hub.web.listing import filters as by
from hub.web.login import needs, visible_stops

DAY_MS: Final = 86_400_000

_ITEM: Final = db.item.c


class Line(Struct, frozen=True):
    """A line of the list, its names already looked up."""

    code: str
    category: str
    status: str
    stop: str
    stop_id: str
    place: str
    place_code: str
    box: str
    plan: str
    expiry: str
    grade: str
    gtin: str
    lot: str
    quantity: int
    received_t: int | None
    changed_t: int


def blueprint() -> Blueprint:
    """The list under ``/stock/items``."""
    pages = Blueprint("items", __name__)
    pages.get("/stock/items", endpoint="listing")(page)
    return pages


@needs(Permission.VIEW)
def page() -> BaseResponse:
    """Items, as the address filters and sorts them."""
    lead = _("Every item that a stop ever told of. A figure about stock leads here, filtered.")
    return listing.respond(ITEMS, lead="" if request.args else lead)


def _select() -> Select[Any]:
    return select(
        _ITEM.code,
        _ITEM.category,
        _ITEM.status,
        _ITEM.stop,
        _ITEM.place,
        _ITEM.box,
        _ITEM.plan,
        _ITEM.reserved,
        _ITEM.expiry,
        _ITEM.grade,
        _ITEM.gtin,
        _ITEM.lot,
        _ITEM.quantity,
        _ITEM.received_t,
        _ITEM.changed_t,
    ).where(within(_ITEM.stop, visible_stops()))


def _rows(connection: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    known = places.stops(connection)
    named = places.names_of(connection, (row.place for row in found if row.place))
    return [
        Line(
            code=row.code,
            category=story.category_name(row.category),
            status=row.status,
            stop=story.stop_name(known, row.stop),
            stop_id=row.stop,
            place=_place(row.place, named),
            place_code=row.place or "",
            box=row.box or "",
            plan=row.plan or row.reserved or "",
            expiry=row.expiry or "",
            grade=status_words.grade(row.grade),
            gtin=row.gtin or "",
            lot=row.lot or "",
            quantity=row.quantity,
            received_t=row.received_t,
            changed_t=row.changed_t,
        )
        for row in found
    ]


def _place(code: str | None, named: dict[str, tuple[str, str]]) -> str:
    if code is None:
        return ""
    if code in named:
        return i18n.pick(*named[code])
    known = PLACE_BY_CODE.get(code)
    return codes.grouped(code) if known is None else i18n.pick(known.zh, known.en)


def _of_status(value: str) -> ColumnElement[bool]:
    if value == status_words.HERE:
        return _ITEM.status.in_(statuses.HERE)
    return _ITEM.status == value


def _status_options(_connection: Connection) -> list[tuple[str, str]]:
    here = (status_words.HERE, _("At the stop"))
    return [here, *((word, str(words)) for word, words in status_words.WORDS.items())]


def _category_options(connection: Connection) -> list[tuple[str, str]]:
    keys = sorted(catalogue.category_keys(connection))
    return [(key, story.category_name(key)) for key in keys]


def _older_than(days: int) -> ColumnElement[bool]:
    return _ITEM.received_t <= now_ms() - min(days, 100_000) * DAY_MS


def _code(typed: str) -> str | None:
    return codes.normalise(typed) or None


def _parsed(typed: str) -> str | None:
    """A code of ours in its canonical form; anything else as it was typed, which finds nothing."""
    try:
        return codes.parse(typed).text
    except CodeError:
        return typed


def _gtin(typed: str) -> str | None:
    digits = "".join(char for char in narrow(typed) if char in "0123456789")
    return digits.zfill(14) if digits else None


def _starts(value: str) -> ColumnElement[bool]:
    return (value <= _ITEM.code) & (_ITEM.code < f"{value}~")


def _for_plan(value: str) -> ColumnElement[bool]:
    return (_ITEM.plan == value) | (_ITEM.reserved == value)


ITEMS: Final = Listing[Line](
    name="items",
    title=_l("All items"),
    order="code",
    empty=_l(
        "No items yet. Scan a retail code or a category card at a kiosk: the item is here within "
        "seconds."
    ),
    source=SqlSource(select=_select, key=(_ITEM.code,), rows=_rows),
    columns=(
        Column(
            "code",
            _l("Code"),
            lambda row: row.code,
            Kind.CODE,
            heading=True,
            show=lambda row: codes.grouped(row.code),
            link=Link("board.item", "code", lambda row: row.code),
            sort=_ITEM.code,
        ),
        Column("category", _l("Category"), lambda row: row.category),
        Column(
            "status",
            _l("Status"),
            lambda row: status_words.status(row.status),
            show=lambda row: status_words.status_tag(row.status),
        ),
        Column("quantity", _l("Pieces"), lambda row: row.quantity, Kind.NUMBER, on_page=False),
        Column("stop", _l("Stop"), lambda row: row.stop, sort=_ITEM.stop),
        Column("place", _l("Place"), lambda row: row.place),
        Column(
            "place-code",
            _l("Code of the place"),
            lambda row: row.place_code,
            Kind.CODE,
            on_page=False,
        ),
        Column("box", _l("Box"), lambda row: row.box, Kind.CODE, on_page=False),
        Column("plan", _l("Plan"), lambda row: row.plan, Kind.CODE, on_page=False),
        Column("expiry", _l("Use by"), lambda row: row.expiry, Kind.DATE, sort=_ITEM.good_until),
        Column("grade", _l("Condition"), lambda row: row.grade),
        Column("gtin", _l("Retail code"), lambda row: row.gtin, Kind.CODE, on_page=False),
        Column("lot", _l("Lot"), lambda row: row.lot, on_page=False),
        Column(
            "received",
            _l("Received"),
            lambda row: row.received_t,
            Kind.MOMENT,
            sort=_ITEM.received_t,
        ),
        Column(
            "changed",
            _l("Last change"),
            lambda row: row.changed_t,
            Kind.MOMENT,
            sort=_ITEM.changed_t,
            on_page=False,
        ),
    ),
    filters=(
        by.stops(_ITEM.stop),
        Choice(
            "category",
            _l("Category"),
            options=_category_options,
            where=lambda value: _ITEM.category == value,
            first=True,
        ),
        Choice("status", _l("Status"), options=_status_options, where=_of_status, first=True),
        Text("code", _l("Code begins with"), clean=_code, where=_starts),
        Text("place", _l("Place"), clean=_parsed, where=lambda value: _ITEM.place == value),
        Text("box", _l("Box"), clean=_parsed, where=lambda value: _ITEM.box == value),
        Text("plan", _l("Plan"), clean=_parsed, where=_for_plan),
        Text("gtin", _l("Retail code"), clean=_gtin, where=lambda value: _ITEM.gtin == value),
        Text("lot", _l("Lot"), clean=narrow, where=lambda value: _ITEM.lot == value),
        Choice(
            "grade",
            _l("Condition"),
            options=lambda _connection: status_words.grades(),
            where=lambda value: _ITEM.grade == value,
        ),
        Days("expiry", _l("Use by"), where=by.dates(_ITEM.good_until)),
        Days("received", _l("Received"), where=by.moments(_ITEM.received_t)),
        Numbers("age", _l("Days since it came, at least"), where=_older_than),
    ),
)
