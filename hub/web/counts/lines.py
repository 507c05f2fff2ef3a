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
    """A line; ``n`` numbers them, what differs first. Of its words only those are put together that
    are shown."""

    n: int
    line: Line
    named: words.PlaceNames

    @property
    def category(self) -> str:
        """By its name."""
        return story.category_name(self.line.category) if self.line.category else ""

    @property
    def place(self) -> str:
        """Where it should be, by name."""
        return self.named(self.line.place) if self.line.place else ""

    @property
    def seen(self) -> str:
        """Where it was seen, by name."""
        return self.named(self.line.seen) if self.line.seen else ""


@needs(Permission.VIEW)
def lines(code: str) -> BaseResponse:
    """The items of one stocktake."""
    found = view(code)
    if found.result is None:
        abort(403)
    result = found.result
    named = words.PlaceNames(connection())
    rows = [Row(n, line, named) for n, line in enumerate(sorted(result.lines, key=_rank), start=1)]
    places = sorted({place for line in result.lines for place in (line.place, line.seen)})
    categories = sorted({line.category for line in result.lines})
    table = _listing(
        rows,
        [(place, named(place)) for place in places if place],
        [(key, story.category_name(key)) for key in categories if key],
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
            Column("n", _l("No."), lambda row: row.n, Kind.NUMBER, sort=True),
            Column(
                "item",
                _l("Item"),
                lambda row: row.line.item,
                Kind.CODE,
                show=lambda row: codes.grouped(row.line.item),
                link=Link("board.item", "code", lambda row: row.line.item),
                sort=True,
                heading=True,
            ),
            Column("category", _l("Category"), lambda row: row.category, sort=True),
            Column(
                "verdict", _l("Outcome"), lambda row: words.verdict(row.line.verdict), sort=True
            ),
            Column("reason", _l("Why"), lambda row: words.reason(row.line) or None, sort=True),
            Column("place", _l("Should be at"), lambda row: row.place, sort=True),
            Column("seen", _l("Seen at"), lambda row: row.seen, sort=True),
            Column(
                "t",
                _l("When"),
                lambda row: row.line.t or None,
                Kind.MOMENT,
                link=lambda row: (
                    url_for("events.listing", event=row.line.event) if row.line.event else None
                ),
                sort=True,
            ),
            Column(
                "quantity", _l("Pieces"), lambda row: row.line.quantity, Kind.NUMBER, on_page=False
            ),
            Column("event", _l("Event"), lambda row: row.line.event, Kind.CODE, on_page=False),
        ),
        filters=(
            Choice(
                "verdict",
                _l("Outcome"),
                options=among(verdicts),
                keep=lambda row, value: row.line.verdict == value,
                first=True,
            ),
            Choice(
                "place",
                _l("Place"),
                options=among(places),
                keep=lambda row, value: value in (row.line.place, row.line.seen),
                first=True,
            ),
            Choice(
                "should",
                _l("Should be at"),
                options=among(places),
                keep=lambda row, value: row.line.place == value,
            ),
            Choice(
                "seen",
                _l("Seen at"),
                options=among(places),
                keep=lambda row, value: row.line.seen == value,
            ),
            Choice(
                "category",
                _l("Category"),
                options=among(categories),
                keep=lambda row, value: row.line.category == value,
            ),
            Text("item", _l("Item"), keep=lambda row, value: value.upper() in row.line.item),
        ),
    )
