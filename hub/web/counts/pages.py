"""The list of stocktakes, and one of them while it goes on and afterwards."""

from collections.abc import Sequence
from typing import Any, Final

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection, Select, select
from sqlalchemy import Row as SqlRow
from werkzeug.wrappers import Response as BaseResponse

from hub import db
from hub.access import accounts
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.folds.counted import Stocktake
from hub.queries import places
from hub.queries import planned as lists
from hub.request import connection
from hub.web import audit_words, i18n, story
from hub.web import listing as tables
from hub.web.counts import words
from hub.web.counts.view import View, may_count, view
from hub.web.listing import Choice, Column, Days, Kind, Link, Listing, SqlSource, filters
from hub.web.login import needs, signed_in_user, visible_stops

_COUNT: Final = db.stocktake.c


class Row(Struct, frozen=True):
    """A stocktake in the list."""

    planned: lists.Planned
    stop: str
    named: words.PlaceNames

    @property
    def what(self) -> str:
        """What is to be counted."""
        return what(self.planned.places, self.planned.categories, self.named)


def _select() -> Select[Any]:
    return select(db.stocktake).where(within(_COUNT.stop, visible_stops()))


def _rows(here: Connection, found: Sequence[SqlRow[Any]]) -> list[Row]:
    stops, named = places.stops(here), words.PlaceNames(here)
    return [Row(one, story.stop_name(stops, one.stop), named) for one in lists.read(here, found)]


def what(planned: tuple[str, ...], categories: tuple[str, ...], named: words.PlaceNames) -> str:
    """What is to be counted, in a line."""
    where = _(", ").join(named(place) for place in planned) if planned else _("The whole stop")
    if not categories:
        return where
    kinds = _(", ").join(story.category_name(key) for key in categories)
    return _("%(places)s: %(categories)s", places=where, categories=kinds)


def _states(_connection: Connection) -> list[tuple[str, str]]:
    return [(key, str(name)) for key, name in words.PROGRESS.items()]


COUNTS = Listing[Row](
    name="counts",
    title=_l("Counts"),
    order="-planned",
    empty=_l(
        "No count yet. Plan one: say which stop and which places. Then everybody who counts scans "
        "“Stocktake” at a kiosk, a shelf’s sheet, and every label that stands there."
    ),
    source=SqlSource(select=_select, key=(_COUNT.id,), rows=_rows),
    columns=(
        Column(
            "planned",
            _l("Planned"),
            lambda row: row.planned.planned_t,
            Kind.MOMENT,
            link=Link("counts.one", "code", lambda row: row.planned.id),
            sort=_COUNT.planned_t,
            heading=True,
        ),
        Column("stop", _l("Stop"), lambda row: row.stop, sort=_COUNT.stop),
        Column("what", _l("What is counted"), lambda row: row.what),
        Column(
            "state",
            _l("State"),
            lambda row: str(words.PROGRESS[row.planned.state]),
            sort=_COUNT.state,
        ),
        Column("seen", _l("Seen"), lambda row: row.planned.seen, Kind.NUMBER),
        Column(
            "missing",
            _l("Not found"),
            lambda row: row.planned.missing,
            Kind.NUMBER,
            link=lambda row: (
                url_for("counts.lines", code=row.planned.id, verdict="missing")
                if row.planned.missing
                else None
            ),
            sort=_COUNT.missing,
        ),
        Column("restated", _l("Restated"), lambda row: row.planned.restated or None, Kind.NUMBER),
        Column("decided", _l("Decided"), lambda row: row.planned.decided_t, Kind.MOMENT),
    ),
    filters=(
        filters.stops(_COUNT.stop),
        Choice(
            "state",
            _l("State"),
            options=_states,
            where=lambda value: _COUNT.state == value,
            first=True,
        ),
        Days("planned", _l("Planned"), where=filters.moments(_COUNT.planned_t)),
    ),
)


@needs(Permission.VIEW)
def listing() -> BaseResponse:
    """Every stocktake, the newest first."""
    return tables.respond(
        COUNTS, "counts/list.html", may_plan=signed_in_user().may(Permission.COUNT)
    )


@needs(Permission.VIEW)
def one(code: str) -> BaseResponse:
    """A stocktake: who counts, how far they are, what differs; later what was approved."""
    return page(view(code))


def page(seen: View, problem: str = "", status: int = 200) -> BaseResponse:
    """The page of a stocktake; ``problem`` is why something was not done."""
    part = _part(seen)
    html = render_template(
        "counts/one.html",
        part=part,
        etag=seen.etag(i18n.language()),
        problem=problem,
        **_context(seen),
    )
    return Response(html, status=status)


@needs(Permission.VIEW)
def live(code: str) -> BaseResponse:
    """The part of the page that moves while people count; 304 as long as it does not."""
    seen = view(code)
    response = Response(_part(seen))
    response.headers["ETag"] = seen.etag(i18n.language())
    return response.make_conditional(request)


def _part(seen: View) -> str:
    return render_template("counts/_live.html", **_context(seen))


def _context(seen: View) -> dict[str, object]:
    here = connection()
    count = seen.count
    user = signed_in_user()
    stops = places.stops(here)
    names = accounts.names(here)
    named = words.PlaceNames(here)
    return {
        "view": seen,
        "count": count,
        "stop": story.stop_name(stops, count.stop),
        "what": what(count.places, count.categories, named),
        "place_name": named,
        "category_name": lambda key: story.category_name(key) if key else _("not known"),
        "person": lambda account: audit_words.account(account, names),
        "words": words,
        "may_count": may_count(count) and not count.decided,
        "may_approve": user.may(Permission.APPROVE_COUNT, count.stop),
        "may_edit": user.may(Permission.EDIT_STOCK, count.stop),
        "counted_here": user.id in count.counters,
        "verdict_columns": _columns(seen),
        "stop_of_item": lambda stop: story.stop_name(stops, stop),
        "kiosk_link": _kiosk_link,
    }


def _kiosk_link(kiosk: str) -> str:
    return "" if kiosk in ("", "hub") else url_for("board.kiosk", kiosk=kiosk)


def _columns(seen: View) -> list[str]:
    return [verdict for verdict, n in seen.verdicts if n]


def title(count: Stocktake) -> str:
    """What a stocktake is called."""
    stops = places.stops(connection())
    return _("Count at %(stop)s", stop=story.stop_name(stops, count.stop))
