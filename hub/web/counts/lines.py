"""Every item of a stocktake with its verdict: where the figures of its page lead."""

from collections.abc import Callable
from typing import Final

from flask import abort, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from hub.access.permissions import Permission
from hub.counts.stocktake_lines import DIFFERENT, EXPLAINED, FINE, OPEN_YET, Line
from hub.request import connection
from hub.web import listing, story
from hub.web.counts import words
from hub.web.counts.pages import title
from hub.web.counts.view import view
from hub.web.listing import Choice, Column, Kind, Link, Listing, MemorySource, Text
from hub.web.login import needs

_GROUPS: Final = (DIFFERENT, EXPLAINED, OPEN_YET, FINE)


class Row(Struct, frozen=True):
    """A line, its names looked up; ``n`` numbers them, what differs first."""

    n: int
    item: str
    category: str
    category_key: str
    verdict: str
    verdict_key: str
    reason: str
    place: str
    place_code: str
    seen: str
    seen_code: str
    t: int | None
    event: str
    quantity: int


@needs(Permission.VIEW)
def lines(code: str) -> BaseResponse:
    """The items of one stocktake."""
    found = view(code)
    if found.result is None:
        abort(403)
    result = found.result
    named = words.PlaceNames(connection())
    rows = [
        Row(
            n,
            line.item,
            story.category_name(line.category) if line.category else "",
            line.category,
            words.verdict(line.verdict),
            line.verdict,
            words.reason(line),
            named(line.place) if line.place else "",
            line.place,
            named(line.seen) if line.seen else "",
            line.seen,
            line.t or None,
            line.event,
            line.quantity,
        )
        for n, line in enumerate(sorted(result.lines, key=_rank), start=1)
    ]
    places = sorted({row.place_code for row in rows} | {row.seen_code for row in rows})
    table = _listing(
        rows,
        [(place, named(place)) for place in places if place],
        sorted({(row.category_key, row.category) for row in rows if row.category_key}),
    )
    return listing.respond(
        table,
        "counts/lines.html",
        count=found.count,
        heading=_("Items: %(count)s", count=title(found.count)),
    )


def _rank(line: Line) -> tuple[int, str, str]:
    group = next(n for n, verdicts in enumerate(_GROUPS) if line.verdict in verdicts)
    return group, line.verdict, line.place


def _listing(
    rows: list[Row], places: list[tuple[str, str]], categories: list[tuple[str, str]]
) -> Listing[Row]:
    def among(options: list[tuple[str, str]]) -> Callable[[Connection], list[tuple[str, str]]]:
        return lambda _connection: options

    verdicts = [(key, str(name)) for key, name in words.VERDICTS.items()]
    return Listing[Row](
        name="count-items",
        title=_l("Items of the count"),
        order="n",
        empty=_l("Nothing stands at these places by the book, and nothing was seen."),
        source=MemorySource(rows=lambda _connection: rows),
        columns=(
            Column(key="n", title=_l("No."), kind=Kind.NUMBER, value=lambda row: row.n, sort=True),
            Column(
                key="item",
                title=_l("Item"),
                kind=Kind.CODE,
                value=lambda row: row.item,
                show=lambda row: codes.grouped(row.item),
                link=Link("board.item", "code", lambda row: row.item),
                sort=True,
                heading=True,
            ),
            Column(key="category", title=_l("Category"), value=lambda row: row.category, sort=True),
            Column(key="verdict", title=_l("Outcome"), value=lambda row: row.verdict, sort=True),
            Column(key="reason", title=_l("Why"), value=lambda row: row.reason or None, sort=True),
            Column(key="place", title=_l("Should be at"), value=lambda row: row.place, sort=True),
            Column(key="seen", title=_l("Seen at"), value=lambda row: row.seen, sort=True),
            Column(
                key="t",
                title=_l("When"),
                kind=Kind.MOMENT,
                value=lambda row: row.t,
                link=lambda row: url_for("events.listing", event=row.event) if row.event else None,
                sort=True,
            ),
            Column(
                key="quantity",
                title=_l("Pieces"),
                kind=Kind.NUMBER,
                value=lambda row: row.quantity,
                on_page=False,
            ),
            Column(
                key="event",
                title=_l("Event"),
                kind=Kind.CODE,
                value=lambda row: row.event,
                on_page=False,
            ),
        ),
        filters=(
            Choice(
                key="verdict",
                label=_l("Outcome"),
                options=among(verdicts),
                keep=lambda row, value: row.verdict_key == value,
                first=True,
            ),
            Choice(
                key="place",
                label=_l("Place"),
                options=among(places),
                keep=lambda row, value: value in (row.place_code, row.seen_code),
                first=True,
            ),
            Choice(
                key="should",
                label=_l("Should be at"),
                options=among(places),
                keep=lambda row, value: row.place_code == value,
            ),
            Choice(
                key="seen",
                label=_l("Seen at"),
                options=among(places),
                keep=lambda row, value: row.seen_code == value,
            ),
            Choice(
                key="category",
                label=_l("Category"),
                options=among(categories),
                keep=lambda row, value: row.category_key == value,
            ),
            Text(
                key="item",
                label=_l("Item"),
                keep=lambda row, value: value.upper() in row.item,
            ),
        ),
    )
