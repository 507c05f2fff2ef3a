"""Stocktakes in lists, as the projector keeps them (`hub.folds.planned`)."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from hub import db
from hub.access.scope import Stops, within
from hub.folds.planned import PlannedState
from hub.projections.projection_store import chunks


class Planned(PlannedState, frozen=True):
    """A stocktake in a list, and how often what it found was told again."""

    restated: int


def planned(connection: Connection, stops: Stops = None) -> list[Planned]:
    """Every stocktake of ``stops``, the newest first."""
    return read(connection, connection.execute(rows(stops)).all())


def open_counts(connection: Connection, stops: Stops = None) -> list[Planned]:
    """The stocktakes of ``stops`` that are going on, the newest first."""
    return read(connection, connection.execute(rows(stops).where(db.GOING_ONLY)).all())


def planned_one(connection: Connection, count: str) -> Planned | None:
    """The stocktake with this id in a list."""
    found = connection.execute(select(db.stocktake).where(db.stocktake.c.id == count)).all()
    return next(iter(read(connection, found)), None)


def some(
    connection: Connection,
    stops: Stops,
    *,
    stop: str | None,
    state: str | None,
    after: Planned | None,
    limit: int,
) -> list[Planned]:
    """Of those of ``stops``, of one ``stop`` and in this ``state`` where these are given, the next
    behind ``after``."""
    table = db.stocktake.c
    query = rows(stops).limit(limit)
    if stop is not None:
        query = query.where(table.stop == stop)
    if state is not None:
        query = query.where(table.state == state)
    if after is not None:
        same = and_(table.planned_t == after.planned_t, table.id > after.id)
        behind = or_(table.planned_t < after.planned_t, same)
        query = query.where(table.planned_t <= after.planned_t, behind)
    return read(connection, connection.execute(query).all())


def rows(stops: Stops) -> Select[Any]:
    """The rows of the stocktakes of ``stops``, the newest first."""
    table = db.stocktake.c
    order = (table.planned_t.desc(), table.id)
    return select(db.stocktake).where(within(table.stop, stops)).order_by(*order)


def read(connection: Connection, found: Sequence[Row[Any]]) -> list[Planned]:
    """What these rows say, with how often each was told again."""
    told = _restatements(connection, [row.id for row in found])
    return [
        Planned(
            id=row.id,
            stop=row.stop,
            planned_t=row.planned_t,
            places=tuple(row.places.split()),
            categories=tuple(row.categories.split()),
            blind=row.blind,
            state=row.state,
            decided_t=row.decided_t,
            seen=row.seen,
            missing=row.missing,
            restated=told.get(row.id, 0),
        )
        for row in found
    ]


def _restatements(connection: Connection, counts: Iterable[str]) -> dict[str, int]:
    table = db.stocktake_result.c
    found: dict[str, int] = {}
    for part in chunks(counts):
        rows = connection.execute(
            select(table.count, func.max(table.n))
            .where(table.n > 0, table.count.in_(part))
            .group_by(table.count)
        )
        found.update({row[0]: int(row[1]) for row in rows})
    return found
