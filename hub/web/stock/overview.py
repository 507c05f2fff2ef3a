"""The stock at a glance: free beside reserved by category and stop, dates ahead, what is aside."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Struct
from sqlalchemy import Row, func, select
from werkzeug.wrappers import Response as BaseResponse

from contract.actions import CATEGORY_BY_KEY
from hub import db, statuses
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.queries import items, places
from hub.request import connection
from hub.tables.projections import ASIDE_ONLY, HERE_ONLY
from hub.web import formats, status_words, story
from hub.web.login import needs, visible_stops
from hub.web.stock import acting, words

SHELF_ROWS: Final = 100
"""Rows of a page that lists goods to be decided about; the list of items has them all."""
AHEAD_DAYS: Final = 90
COLUMNS: Final = (
    statuses.IN_STOCK,
    statuses.RESERVED,
    statuses.QUARANTINED,
    statuses.UNLABELLED,
    statuses.OUT,
    statuses.SENT,
    statuses.MISSING,
)


class Cell(Struct, frozen=True):
    """A figure and the list that shows exactly what it counts."""

    n: int
    href: str


class Line(Struct, frozen=True):
    """A stop, or a category, by its key and name."""

    key: str
    name: str
    cells: list[Cell]


class Shelved(Struct, frozen=True):
    """An item that somebody has to decide about."""

    code: str
    category: str
    status: str
    stop: str
    place: str
    good_until: str
    lot: str
    quantity: int


class Dated(Struct, frozen=True):
    """What is here and good until ``day`` (YYYY-MM-DD)."""

    day: str
    pieces: int
    items: int


def blueprint() -> Blueprint:
    """``/stock`` and the lists under it."""
    pages = Blueprint("stock", __name__)
    pages.get("/stock")(overview)
    pages.get("/stock/expiry")(expiry)
    pages.get("/stock/aside")(aside)
    return pages


@needs(Permission.VIEW)
def overview() -> BaseResponse:
    """Free, reserved and the rest, by stop and by category, of one stop if the address names it;
    every figure leads to its items."""
    here, stop = connection(), request.args.get("stop", "")
    known = places.stops(here)
    rows = [one for one in items.stock(here, visible_stops()) if not stop or one.stop == stop]
    by_category = _lines(rows, lambda row: row.category, story.category_name, "category", stop)
    by_stop = _lines(rows, lambda row: row.stop, lambda one: words.stop(known, one), "stop", "")
    page = render_template(
        "stock/overview.html",
        stop=words.stop(known, stop) if stop else "",
        by_category=by_category,
        by_stop=by_stop if not stop else [],
        headings=_headings(),
        total=_total(rows, stop),
        ahead=_ahead(_dated(stop), stop),
    )
    return Response(page)


def _headings() -> list[str]:
    return [
        _("Free"),
        _("Reserved"),
        _("To be checked"),
        _("No label"),
        _("Out"),
        _("On the way"),
        _("Missing"),
    ]


def _lines(
    rows: list[items.StockRow],
    of: Callable[[items.StockRow], str],
    name: Callable[[str], str],
    parameter: str,
    stop: str,
) -> list[Line]:
    """The rows added up by what ``of`` gives, each figure with its address: put together here,
    since building each by its route would cost more than the page."""
    listed = url_for("items.listing")
    sums: dict[str, list[int]] = {}
    for row in rows:
        found = sums.setdefault(of(row), [0] * len(COLUMNS))
        for place, status in enumerate(COLUMNS):
            found[place] += getattr(row, status)
    more = f"&stop={quote(stop)}" if stop else ""
    return [
        Line(
            key,
            name(key),
            [
                Cell(n, f"{listed}?status={status}&{parameter}={quote(key)}{more}")
                for n, status in zip(found, COLUMNS, strict=True)
            ],
        )
        for key, found in sums.items()
        if any(found)
    ]


def _total(rows: list[items.StockRow], stop: str) -> list[tuple[str, int, str]]:
    more = {"stop": stop} if stop else {}
    return [
        (
            heading,
            sum(getattr(row, status) for row in rows),
            url_for("items.listing", status=status, **more),  # type: ignore[arg-type]
        )
        for heading, status in zip(_headings(), COLUMNS, strict=True)
    ]


def _ahead(dated: list[Dated], stop: str = "") -> list[tuple[str, int, str]]:
    """Pieces here whose date is over, or is within so many days."""
    today = formats.today()
    spans = (
        (_("Past their date"), None, today - dt.timedelta(days=1)),
        (_("Within 7 days"), today, today + dt.timedelta(days=7)),
        (_("Within 30 days"), today, today + dt.timedelta(days=30)),
        (_("Within 90 days"), today, today + dt.timedelta(days=AHEAD_DAYS)),
    )
    found = []
    for label, first, last in spans:
        address: dict[str, Any] = {"status": "here", "expiry_to": last.isoformat()}
        if stop:
            address["stop"] = stop
        if first is not None:
            address["expiry_from"] = first.isoformat()
        since, until = first.isoformat() if first is not None else "", last.isoformat()
        n = sum(one.pieces for one in dated if since <= one.day <= until)
        found.append((label, n, url_for("items.listing", **address)))
    return found


def _dated(stop: str = "") -> list[Dated]:
    """What is here and has a date in the next `AHEAD_DAYS` days or before, by day, the soonest
    first."""
    table = db.item.c
    until = formats.today() + dt.timedelta(days=AHEAD_DAYS)
    query = (
        select(table.good_until, func.sum(table.quantity), func.count())
        .where(HERE_ONLY, table.good_until <= until.isoformat())
        .where(within(table.stop, visible_stops()))
        .group_by(table.good_until)
    )
    if stop:
        query = query.where(table.stop == stop)
    rows = [Dated(row[0], int(row[1]), int(row[2])) for row in connection().execute(query)]
    return sorted(rows, key=lambda one: one.day)


@needs(Permission.VIEW)
def expiry() -> BaseResponse:
    """What is here and has a date, the soonest first: what has to go out first (FEFO)."""
    table = db.item.c
    dated = _dated()
    rows = _shelved(
        _goods().where(table.code.in_(_soonest(dated))).order_by(table.good_until, table.code)
    )
    today = formats.today()
    return Response(
        render_template(
            "stock/expiry.html",
            rows=rows,
            status_words=status_words.status,
            ahead=_ahead(dated),
            today=today.isoformat(),
            soon=(today + dt.timedelta(days=30)).isoformat(),
            may_edit=acting.may_edit(),
            limit=SHELF_ROWS,
        )
    )


def _soonest(dated: list[Dated]) -> list[str]:
    """The codes of the page's rows: found in the index that `_dated` reads, up to the day that the
    last of them is of."""
    items, last = 0, dt.date.max.isoformat()  # if those of `AHEAD_DAYS` are too few
    for one in dated:
        items += one.items
        if items >= SHELF_ROWS:
            last = one.day
            break
    table = db.item.c
    query = (
        select(table.code)
        .where(HERE_ONLY, table.good_until <= last, within(table.stop, visible_stops()))
        .order_by(table.good_until, table.code)
        .limit(SHELF_ROWS)
    )
    return list(connection().scalars(query))


@needs(Permission.VIEW)
def aside() -> BaseResponse:
    """What waits to be checked, what came last first."""
    table = db.item.c
    rows = _shelved(_goods().where(ASIDE_ONLY).order_by(table.changed_t.desc(), table.code))
    return Response(
        render_template("stock/aside.html", rows=rows, may_edit=acting.may_edit(), limit=SHELF_ROWS)
    )


def _goods() -> Any:
    table = db.item.c
    return select(
        table.code,
        table.category,
        table.status,
        table.stop,
        table.place,
        table.good_until,
        table.lot,
        table.quantity,
    ).where(within(table.stop, visible_stops()))


def _shelved(query: Any) -> list[Shelved]:
    here = connection()
    known = places.stops(here)
    found: list[Row[Any]] = list(here.execute(query.limit(SHELF_ROWS)))
    names = words.place_names(here, (row.place for row in found))
    return [
        Shelved(
            row.code,
            story.category_name(row.category) if row.category in CATEGORY_BY_KEY else row.category,
            row.status,
            words.stop(known, row.stop),
            names[row.place],
            row.good_until or "",
            row.lot or "",
            row.quantity,
        )
        for row in found
    ]
