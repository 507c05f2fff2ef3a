"""The page of charts: what came in, where it went, what stands at the stops, how old, how long it
is still good; by week or month, stop and category. The figures as a file, too."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from msgspec import Struct, structs
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.projections.tallies import CAME, LEFT, RECEIVED
from hub.queries import places
from hub.queries import reports as query
from hub.reporting import charts, reports
from hub.reporting.charts import Bar, Chart, Series
from hub.reporting.periods import DAY, ahead
from hub.request import connection
from hub.statuses import DELIVERED, DISPOSED, MISSING, OUT, SOLD
from hub.web import formats, listing, story
from hub.web.listing import Column, Kind, Listing, MemorySource
from hub.web.login import needs, visible_stops
from hub.web.reports import asking, words
from hub.web.reports.asking import Report

WEEKS_AHEAD: Final = 12
BARS_DRAWN: Final = 40
"""More bars than can be looked at; the stops of a large city."""
WENT: Final = (OUT, DELIVERED, SOLD)


class Cell(Struct, frozen=True):
    """A figure of a chart's table."""

    n: int
    href: str


class Shown(Struct, frozen=True):
    """A chart as the page draws it, with the same figures as a table; the table has all bars, of
    which the chart draws the first where there are very many, ``more`` short of them."""

    chart: Chart
    svg: Markup
    key: Markup
    head: str
    rows: list[tuple[str, list[Cell]]]
    empty: str
    more: int = 0


@needs(Permission.VIEW)
def overview() -> BaseResponse:
    """The charts, or with ``format`` the figures as a file."""
    if request.args.get("format", "") in ("csv", "xlsx"):
        return listing.respond(FIGURES)
    here, visible = connection(), visible_stops()
    stops = places.stops(here)
    wanted = asking.read(request.args, formats.today(), visible, stops)
    page = render_template(
        "reports/overview.html",
        report=wanted,
        shown=_drawn(here, wanted),
        spans=asking.span_options(),
        stops=asking.stop_options(visible, stops),
        categories=asking.category_options(),
        csv=_file("csv", wanted),
        xlsx=_file("xlsx", wanted),
    )
    return Response(page)


def _file(form: str, wanted: Report) -> str:
    given: dict[str, Any] = {
        "span": wanted.span,
        "stop": wanted.asked.stop,
        "category": wanted.asked.category,
        "format": form,
    }
    return url_for("reports.overview", **{key: one for key, one in given.items() if one})


def _drawn(here: Connection, wanted: Report) -> list[Shown]:
    periods, asked = wanted.periods, wanted.asked
    found = query.tallies(
        here, periods, (RECEIVED, *WENT, CAME, LEFT), asked, by=("period", "category")
    )
    by_stop = query.tallies(here, periods, (RECEIVED, OUT), asked, by=("stop",))
    return [
        _intake(wanted, found),
        _handover(wanted, found),
        _level(wanted, found, sum(query.standing(here, asked).values())),
        _expiry(here, wanted),
        _age(here, wanted),
        _by_category(wanted, found),
        _by_stop(wanted, by_stop),
    ]


def _shown(
    chart: Chart,
    draw: Callable[[Chart], Markup],
    head: str,
    href: Callable[[int, int], str],
    empty: str,
) -> Shown:
    """``href`` leads from the table's figure (bar, series) to what it counts."""
    rows = [
        (bar.told, [Cell(one.values[n], href(n, k)) for k, one in enumerate(chart.series)])
        for n, bar in enumerate(chart.bars)
    ]
    key = charts.key(chart, as_lines=draw is charts.lines)
    drawn = draw(_first(chart, BARS_DRAWN))
    return Shown(chart, drawn, key, head, rows, empty, max(0, len(rows) - BARS_DRAWN))


def _first(chart: Chart, most: int) -> Chart:
    """The chart with its first bars alone."""
    series = [Series(one.name, one.values[:most]) for one in chart.series]
    return structs.replace(chart, bars=chart.bars[:most], series=series)


def _period_head(wanted: Report) -> str:
    return _("Week") if wanted.periods[0].unit == "week" else _("Month")


def _intake(wanted: Report, found: Sequence[reports.Figure]) -> Shown:
    series = reports.largest(reports.over(wanted.periods, found, RECEIVED))
    keys = list(series)
    chart = Chart(
        "intake",
        _("What came in"),
        _("Pieces received, by category. Each column leads to its items."),
        _bars(wanted, RECEIVED),
        [Series(_category(key), series[key]) for key in keys],
    )

    def href(n: int, k: int) -> str:
        one = wanted.periods[n]
        if keys[k] == reports.REST:
            named = ",".join(key for key in keys if key != reports.REST)
            return wanted.moves(RECEIVED, one.first, one.last, without=named)
        return wanted.moves(RECEIVED, one.first, one.last, category=keys[k])

    empty = _("Nothing came in. Scan something in at a kiosk: its column is here within seconds.")
    return _shown(chart, charts.columns, _period_head(wanted), href, empty)


def _category(key: str) -> str:
    return _("Other categories") if key == reports.REST else story.category_name(key)


def _bars(wanted: Report, what: str) -> list[Bar]:
    return [
        Bar(words.label(one), words.told(one), wanted.moves(what, one.first, one.last))
        for one in wanted.periods
    ]


def _handover(wanted: Report, found: Sequence[reports.Figure]) -> Shown:
    count = len(wanted.periods)
    chart = Chart(
        "handover",
        _("What went to people"),
        _("Pieces handed to volunteers, delivered to households, and sold at the market."),
        _bars(wanted, OUT),
        [
            Series(
                words.measure(what),
                reports.summed(reports.over(wanted.periods, found, what), count),
            )
            for what in WENT
        ],
    )

    def href(n: int, k: int) -> str:
        return wanted.moves(WENT[k], wanted.periods[n].first, wanted.periods[n].last)

    empty = _("Nothing went out. Hand items to a volunteer at a kiosk: they are counted here.")
    return _shown(chart, charts.lines, _period_head(wanted), href, empty)


def _level(wanted: Report, found: Sequence[reports.Figure], now: int) -> Shown:
    count = len(wanted.periods)
    received, came, left = (
        reports.summed(reports.over(wanted.periods, found, what), count)
        for what in (RECEIVED, CAME, LEFT)
    )
    came = [first + again for first, again in zip(received, came, strict=True)]
    bars = [
        Bar(words.label(one), words.told(one), wanted.items() if n == count - 1 else "")
        for n, one in enumerate(wanted.periods)
    ]
    chart = Chart(
        "level",
        _("What stood at the stops"),
        _("Pieces at the stops at the end of each period, free or not; the last is now."),
        bars,
        [Series(_("At the stop"), reports.levels(now, came, left))],
    )
    empty = _("Nothing stood at the stops.")
    return _shown(chart, charts.columns, _period_head(wanted), lambda n, k: bars[n].href, empty)


def _expiry(here: Connection, wanted: Report) -> Shown:
    today = formats.today()
    weeks = ahead(today, WEEKS_AHEAD)
    expiring = query.expiring(here, wanted.asked, weeks[-1].last + DAY)
    past, values = reports.by_week(weeks, expiring, today)
    bars = [
        Bar(
            _("past"),
            _("Past its date, and still here"),
            wanted.items(expiry_to=today - DAY),
        ),
        *(
            Bar(
                words.label(one),
                words.told(one),
                wanted.items(expiry_from=max(one.first, today), expiry_to=one.last),
            )
            for one in weeks
        ),
    ]
    chart = Chart(
        "expiry",
        _("Dates ahead"),
        _("Pieces at the stops by the week in which their date runs out."),
        bars,
        [Series(_("Pieces"), [past, *values])],
    )
    empty = _("Nothing here runs out in the next weeks.")
    return _shown(chart, charts.columns, _("Week"), lambda n, k: bars[n].href, empty)


def _age(here: Connection, wanted: Report) -> Shown:
    today = formats.today()
    days = [today - limit * DAY for limit in reports.AGES]
    values = query.ages(here, wanted.asked, [formats.midnight(day) for day in days])
    bars = []
    for n in range(len(values)):
        oldest = reports.AGES[n] if n < len(reports.AGES) else None
        newest = reports.AGES[n - 1] + 1 if n else 0
        name = (
            _("more than %(n)s days", n=newest - 1)
            if oldest is None
            else _("%(first)s–%(last)s days", first=newest, last=oldest)
        )
        span: dict[str, dt.date] = {}
        if oldest is not None:
            span["received_from"] = days[n]
        if n:
            span["received_to"] = days[n - 1] - DAY
        bars.append(Bar(name, name, wanted.items(**span)))
    chart = Chart(
        "age",
        _("How long it has been here"),
        _("Pieces at the stops by the days since they came in."),
        bars,
        [Series(_("Pieces"), values)],
    )
    empty = _("Nothing stands at the stops.")
    return _shown(chart, charts.rows, _("Since it came in"), lambda n, k: bars[n].href, empty)


def _by_category(wanted: Report, found: Sequence[reports.Figure]) -> Shown:
    sums = {
        what: {
            key: sum(values) for key, values in reports.over(wanted.periods, found, what).items()
        }
        for what in (RECEIVED, OUT)
    }
    title = _("By category")
    about = _("Pieces that came in and that were handed to volunteers in all these periods.")
    return _compared(wanted, sums, ("categories", title, about), "category", story.category_name)


def _by_stop(wanted: Report, found: Sequence[reports.Figure]) -> Shown:
    sums: dict[str, dict[str, int]] = {RECEIVED: {}, OUT: {}}
    for _period, stop, _category, what, n in found:
        sums[what][stop] = n
    title = _("By stop")
    about = _("Pieces that came in and that were handed to volunteers in all these periods.")
    return _compared(
        wanted,
        sums,
        ("stops", title, about),
        "stop",
        lambda key: story.stop_name(wanted.stops, key),
    )


def _compared(
    wanted: Report,
    sums: dict[str, dict[str, int]],
    said: tuple[str, str, str],
    field: str,
    name: Callable[[str], str],
) -> Shown:
    """Rows of what came in and what was handed over, the largest first."""
    keys = sorted(sums[RECEIVED].keys() | sums[OUT].keys())
    keys.sort(key=lambda key: -sums[RECEIVED].get(key, 0) - sums[OUT].get(key, 0))
    first, last = wanted.periods[0].first, wanted.periods[-1].last

    def href(n: int, k: int) -> str:
        return wanted.moves((RECEIVED, OUT)[k], first, last, **{field: keys[n]})

    chart = Chart(
        *said,
        [Bar(name(key), name(key), href(n, 0)) for n, key in enumerate(keys)],
        [
            Series(words.measure(what), [sums[what].get(key, 0) for key in keys])
            for what in (RECEIVED, OUT)
        ],
    )
    head = _("Category") if field == "category" else _("Stop")
    return _shown(chart, charts.rows, head, href, _("Nothing moved."))


def _figures(here: Connection) -> list[reports.Line]:
    wanted = asking.read(request.args, formats.today(), visible_stops(), places.stops(here))
    measures = (*reports.LINED, CAME, LEFT)
    keys = ("period", "stop", "category")
    return reports.table(query.tallies(here, wanted.periods, measures, wanted.asked, by=keys))


def _stop_name(row: reports.Line) -> str:
    return story.stop_name(places.stops(connection()), row.stop)


def _number(key: str, title: Any) -> Column[reports.Line]:
    return Column(key, title, lambda row: int(getattr(row, key)), Kind.NUMBER, sort=True)


FIGURES: Final = Listing[reports.Line](
    name="figures",
    title=_l("Reports"),
    order="-period",
    empty=_l("Nothing moved."),
    source=MemorySource(rows=_figures),
    columns=(
        Column(
            "period",
            _l("Week from, or month"),
            lambda row: row.period,
            Kind.DATE,
            heading=True,
            sort=True,
        ),
        Column("stop-id", _l("Stop’s key"), lambda row: row.stop, sort=True),
        Column("stop", _l("Stop"), _stop_name),
        Column("category", _l("Category"), lambda row: story.category_name(row.category)),
        *(_number(what, words.MEASURES[what]) for what in (RECEIVED, OUT, DELIVERED, SOLD)),
        *(_number(what, words.MEASURES[what]) for what in (DISPOSED, MISSING)),
        _number("more", _l("Stock grew by")),
    ),
)
"""The figures as a file; the page itself draws them."""
