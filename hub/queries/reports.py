"""What charts are drawn from: tallies, what stands at the stops, today's flows. Never events.

What a question costs depends on how many stops and categories there are and, for age and expiry, on
how much stands there now; never on how long the log is.
"""

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, func, select, true

from hub import db
from hub.access.scope import Stops, within
from hub.folds.movements import PRESENT
from hub.projections.tallies import ALL, INTAKE, RECEIVED
from hub.reporting.periods import Period, Unit, monday
from hub.statuses import HERE
from hub.tables.projections import HERE_ONLY


class Asked(Struct, frozen=True):
    """Whose figures: those of ``visible`` stops, of one stop or category only if given."""

    visible: Stops = None
    stop: str | None = None
    category: str | None = None

    def of(self, stop: ColumnElement[str], category: ColumnElement[str]) -> ColumnElement[bool]:
        """As a condition."""
        found = within(stop, self.visible)
        if self.stop is not None:
            found = and_(found, stop == self.stop)
        if self.category is not None:
            found = and_(found, category == self.category)
        return found


class Today(Struct, frozen=True):
    """What a stop did on one day, and what stands there."""

    stop: str
    received: int = 0
    out: int = 0
    delivered: int = 0
    sold: int = 0
    here: int = 0


Row = tuple[str, str, str, str, int]
"""Period, stop, category, measure, pieces; empty what was not asked for."""


def _between(unit: Unit, periods: Sequence[Period]) -> ColumnElement[bool]:
    tally = db.tally.c
    weeks = (
        tally.week >= monday(periods[0].first).isoformat(),
        tally.week <= periods[-1].last.isoformat(),
    )
    if unit == "week":
        return and_(*weeks)
    return and_(*weeks, tally.month >= periods[0].key, tally.month <= periods[-1].key)


def _rows(connection: Connection, asked: Asked, by: Sequence[str]) -> ColumnElement[bool]:
    """The rows that answer: sums over all stops or all categories, where they are kept and do."""
    tally = db.tally.c
    wanted = asked.of(tally.stop, tally.category)
    if "stop" not in by and asked.visible is None and asked.stop is None:
        return and_(tally.stop == ALL, tally.category != ALL, wanted)
    places = tally.stop != ALL
    if asked.stop is None:
        places = tally.stop.in_(_stops(connection))
    if "category" not in by and asked.category is None:
        return and_(places, tally.category == ALL, wanted)
    return and_(places, tally.category != ALL, wanted)


def _stops(connection: Connection) -> list[str]:
    """Every stop, and the one of kiosks that are not registered: each a place to look from in the
    table's key."""
    return ["", *(row[0] for row in connection.execute(select(db.stop.c.id)))]


def tallies(
    connection: Connection,
    periods: Sequence[Period],
    measures: Sequence[str],
    asked: Asked,
    *,
    by: Sequence[str],
) -> list[Row]:
    """Pieces in ``periods``, added up over whatever ``by`` does not name (period, stop,
    category)."""
    tally, unit = db.tally.c, periods[0].unit
    known = {
        "period": tally.week if unit == "week" else tally.month,
        "stop": tally.stop,
        "category": tally.category,
    }
    keys = [known[name] for name in by]
    pieces = func.sum(tally.n)
    rows = connection.execute(
        select(*keys, tally.measure, pieces)
        .where(
            tally.measure.in_(measures),
            _between(unit, periods),
            _rows(connection, asked, by),
        )
        .group_by(*keys, tally.measure)
        .having(pieces != 0)
    )
    found: list[Row] = []
    for row in rows:
        named = dict(zip(by, row, strict=False))
        *_, measure, n = row
        period, stop, category = (str(named.get(name, "")) for name in known)
        found.append((period, stop, category, measure, int(n)))
    return found


def standing(connection: Connection, asked: Asked) -> dict[str, int]:
    """Pieces that stand at the stops now, by stop."""
    stock = db.stock.c
    rows = connection.execute(
        select(stock.stop, func.sum(stock.n))
        .where(stock.status.in_(HERE), asked.of(stock.stop, stock.category))
        .group_by(stock.stop)
    )
    return {row[0]: int(row[1]) for row in rows}


def ages(connection: Connection, asked: Asked, since_ms: Sequence[int]) -> list[int]:
    """Pieces that stand at the stops, by when they came: since the first of these moments, before
    it but since the second, …, before the last."""
    item = db.item.c
    found = []
    # Each bucket is a range of `item_here`; one pass that sorts rows into buckets costs five times
    # as much.
    for n in range(len(since_ms) + 1):
        newer = true() if n == 0 else item.received_t < since_ms[n - 1]
        older = true() if n == len(since_ms) else item.received_t >= since_ms[n]
        pieces = connection.scalar(
            select(func.sum(item.quantity)).where(
                HERE_ONLY, newer, older, asked.of(item.stop, item.category)
            )
        )
        found.append(int(pieces or 0))
    return found


def expiring(connection: Connection, asked: Asked, before: dt.date) -> list[tuple[str, int]]:
    """Pieces that stand at the stops, by their last good day, of days before ``before``."""
    item = db.item.c
    rows = connection.execute(
        select(item.good_until, func.sum(item.quantity))
        .where(
            HERE_ONLY,
            item.good_until < before.isoformat(),
            asked.of(item.stop, item.category),
        )
        .group_by(item.good_until)
    )
    return [(row[0], int(row[1])) for row in rows]


def today(connection: Connection, day: dt.date, visible: Stops) -> list[Today]:
    """What each stop that is registered or holds anything did on ``day``."""
    flow, stock, stop = db.flow.c, db.stock.c, db.stop.c
    figures: dict[str, dict[str, int]] = {
        row[0]: {} for row in connection.execute(select(stop.id).where(within(stop.id, visible)))
    }
    rows = connection.execute(
        select(flow.stop, flow.status, flow.cause, func.sum(flow.n))
        .where(flow.day == day.isoformat(), flow.way == "in", within(flow.stop, visible))
        .group_by(flow.stop, flow.status, flow.cause)
    )
    for name, status, cause, n in rows:
        came = status == PRESENT and cause in INTAKE
        measure = RECEIVED if came else status
        if came or status in ("out", "delivered", "sold"):
            mine = figures.setdefault(name, {})
            mine[measure] = mine.get(measure, 0) + int(n)
    held = connection.execute(
        select(stock.stop, func.sum(stock.n))
        .where(stock.status.in_(HERE), within(stock.stop, visible))
        .group_by(stock.stop)
    )
    for name, n in held:
        figures.setdefault(name, {})["here"] = int(n)
    return [Today(name, **figures[name]) for name in sorted(figures)]
