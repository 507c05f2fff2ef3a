"""Reports over the API: what moved by week or month, what stands at the stops and how old it is."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from hub.access.permissions import Permission
from hub.api.routes import Call, Route
from hub.projections.tallies import CAME, LEFT
from hub.queries import reports as query
from hub.queries.reports import Asked
from hub.reporting import reports as shape
from hub.reporting.periods import DAY, Unit, ahead, back
from hub.request import connection
from hub.web import formats

LINES: Final = 1000
"""Most lines of one answer."""
_Key = Annotated[str, Meta(max_length=64)]


class FlowsOf(Struct, frozen=True):
    """Which figures: of the last ``count`` weeks or months (this one too), of one stop or category
    if given. ``after`` is the ``next`` of the answer before."""

    by: Unit = "week"
    count: Annotated[int, Meta(ge=1, le=104)] = 12
    stop: _Key | None = None
    category: _Key | None = None
    after: Annotated[str, Meta(max_length=160)] = ""
    limit: Annotated[int, Meta(ge=1, le=LINES)] = LINES


class Flow(Struct, frozen=True):
    """Pieces of one category at one stop in one period: that came in, were handed to volunteers,
    reached households, were sold, thrown away or lost. ``more`` is by how much the stock grew;
    negative: shrank. ``period`` is a week's Monday or a month."""

    period: str
    stop: str
    category: str
    received: int
    out: int
    delivered: int
    sold: int
    disposed: int
    missing: int
    more: int


class Flows(Struct, frozen=True):
    """The newest period first; periods in which nothing moved have no lines. ``next``: there is
    more."""

    by: Literal["week", "month"]
    first: str
    last: str
    flows: list[Flow]
    next: str | None


class ShelfOf(Struct, frozen=True):
    """Whose shelves: of one stop or category if given; ``weeks`` is how far dates are looked
    ahead."""

    stop: _Key | None = None
    category: _Key | None = None
    weeks: Annotated[int, Meta(ge=1, le=104)] = 12


class Age(Struct, frozen=True):
    """Pieces that came from ``from_days`` to ``to_days`` ago; None: however long."""

    from_days: int
    to_days: int | None
    pieces: int


class Week(Struct, frozen=True):
    """Pieces whose last good day is in the week that begins on ``monday``, today or later."""

    monday: str
    pieces: int


class Shelf(Struct, frozen=True):
    """What stands at the stops: by age, and by date. ``past`` are pieces past their date."""

    pieces: int
    ages: list[Age]
    past: int
    ahead: list[Week]


def _flows(call: Call) -> Flows:
    wanted = call.asked(FlowsOf)
    periods = back(wanted.by, formats.today(), wanted.count)
    asked = Asked(call.user.visible, wanted.stop, wanted.category)
    measures, keys = (*shape.LINED, CAME, LEFT), ("period", "stop", "category")
    found = shape.table(query.tallies(connection(), periods, measures, asked, by=keys))
    left = [line for line in found if not wanted.after or _follows(line, wanted.after)]
    given = left[: wanted.limit]
    return Flows(
        wanted.by,
        periods[0].first.isoformat(),
        periods[-1].last.isoformat(),
        [Flow(*(getattr(line, name) for name in Flow.__struct_fields__)) for line in given],
        _cursor(given[-1]) if len(given) < len(left) else None,
    )


def _cursor(line: shape.Line) -> str:
    return f"{line.period}/{line.category}/{line.stop}"


def _follows(line: shape.Line, cursor: str) -> bool:
    """Whether a line comes after the one of ``cursor`` in the order of
    `hub.reporting.reports.table`."""
    period, _, rest = cursor.partition("/")
    category, _, stop = rest.partition("/")
    return line.period < period or (
        line.period == period and (line.stop, line.category) > (stop, category)
    )


def _shelf(call: Call) -> Shelf:
    wanted, here, today = call.asked(ShelfOf), connection(), formats.today()
    asked = Asked(call.user.visible, wanted.stop, wanted.category)
    since = [formats.midnight(today - days * DAY) for days in shape.AGES]
    pieces = query.ages(here, asked, since)
    starts = (0, *(days + 1 for days in shape.AGES))
    ages = [
        Age(first, last, n)
        for first, last, n in zip(starts, (*shape.AGES, None), pieces, strict=True)
    ]
    weeks = ahead(today, wanted.weeks)
    past, coming = shape.by_week(weeks, query.expiring(here, asked, weeks[-1].last + DAY), today)
    return Shelf(
        sum(pieces),
        ages,
        past,
        [Week(one.key, n) for one, n in zip(weeks, coming, strict=True)],
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/reports/flows",
        name="reportFlows",
        summary="What moved, by week or month, stop and category",
        permission=Permission.VIEW,
        act=_flows,
        answer=Flows,
        query=FlowsOf,
    ),
    Route(
        method="GET",
        path="/reports/shelf",
        name="reportShelf",
        summary="What stands at the stops, by age and by date",
        permission=Permission.VIEW,
        act=_shelf,
        answer=Shelf,
        query=ShelfOf,
    ),
)
"""The routes of reports."""
