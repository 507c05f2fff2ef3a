"""Stocktakes as the log tells them: the planned ones, counts that could be joined, what was found.

Lists come from what the projector keeps (`hub.folds.planned`). What one stocktake found is made
from the events each time; only what was approved is kept, as it was then.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, or_, select

from hub import db
from hub.access.scope import Stops, within
from hub.counts import stocktakes
from hub.counts.stocktake_lines import Book
from hub.counts.stocktakes import Result
from hub.folds.counted import Stocktake
from hub.folds.custody import UNCONFIRMED
from hub.folds.entries import COUNT
from hub.folds.movements import PRESENT
from hub.folds.planned import APPROVED as APPROVED
from hub.folds.planned import CANCELLED as CANCELLED
from hub.folds.planned import COUNTING as COUNTING
from hub.folds.stays import Course, Stay, fold_stays
from hub.folds.stocktake import fold_stocktake, parts_of
from hub.projections.projection_store import chunks
from hub.queries import events
from hub.queries.entries import Entries
from hub.statuses import HERE

BEFORE_MS: Final = 12 * 3_600_000
"""A count that began so long before the stocktake was planned may still belong to it."""

_ID: Final = re.compile(r"[0-9a-f]{16}")


class Planned(Struct, frozen=True):
    """A stocktake in a list. ``position`` is that of the log when it was approved."""

    id: str
    stop: str
    planned_t: int
    places: tuple[str, ...]
    categories: tuple[str, ...]
    blind: bool
    state: str
    decided_t: int | None
    seen: int | None
    missing: int | None
    restated: int


class Offered(Struct, frozen=True):
    """A count of a kiosk's lane that belongs to no stocktake yet; ``labels``: events so far."""

    part: str
    kiosk: str
    lane: str
    opened_t: int
    labels: int


class Kept(Struct, frozen=True):
    """What a stocktake found as it was approved (``n`` 0), or as it was told again."""

    n: int
    at_ms: int
    account: str
    position: int
    digest: str
    result: Result


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


def stocktake(connection: Connection, count: str) -> Stocktake | None:
    """The stocktake with this id; None for what is no such id."""
    return _stocktake(Entries(connection), count) if _ID.fullmatch(count) else None


def _stocktake(entries: Entries, count: str) -> Stocktake | None:
    own = f"{COUNT}{count}"
    parts = parts_of(entries.of([own]))
    return fold_stocktake(count, entries.of([own, *(f"{COUNT}{part}" for part in parts)]))


def found(connection: Connection, count: Stocktake) -> Result:
    """What ``count`` found, as the log tells it now.

    Most of what stands at a stop nobody has touched since long before. All that its course says of
    such a thing is where it stands, and that its row says too: its events are not read.
    """
    entries = Entries(connection)
    shown = {one.item for shelf in count.shelves for one in shelf.sightings}
    still = _untouched(count, shown)
    codes = dict.fromkeys(sorted(shown | _concerned(connection, count, shown, still)))
    items = _items(connection, codes)
    courses = entries.of_items(code for code in codes if code in items)
    books = [
        Book(code, items[code][0], items[code][1], fold_stays(code, told, count.own))
        for code, told in courses.items()
        if told
    ]
    books += [book for book in _standing(connection, count, still) if book.item not in codes]
    return stocktakes.result(count, books, events.projected(connection))


def _untouched(count: Stocktake, shown: Iterable[str]) -> ColumnElement[bool]:
    """What stands at the stop and had nothing happen to it since before the stocktake: no custody,
    nobody who had it in hand, and no box around it that somebody has seen."""
    item = db.item.c
    opened = [shelf.opened_t for shelf in count.shelves if shelf.opened_t is not None]
    since = min([count.planned_t, *opened])
    long_ago = and_(
        item.stop == count.stop,
        item.status.in_(HERE),
        item.changed_t < since,
        item.seen_t < since,
    )
    if any(code.startswith("B") for code in shown):
        return and_(long_ago, item.box.is_(None))
    return long_ago


def _standing(
    connection: Connection, count: Stocktake, still: ColumnElement[bool]
) -> Iterator[Book]:
    """What stands untouched at the places to be counted."""
    item = db.item.c
    query = select(
        item.code, item.category, item.quantity, item.place, item.label, item.changed_t
    ).where(still)
    if count.places:
        query = query.where(item.place.in_(count.places))
    for code, category, quantity, place, label, t in connection.execute(query):
        stay = Stay(t, "", "", PRESENT, count.stop, place, (), shown=True)
        labelled = label not in (None, UNCONFIRMED)
        yield Book(code, category or "", int(quantity), Course((stay,), labelled=labelled))


def _concerned(
    connection: Connection, count: Stocktake, shown: Iterable[str], still: ColumnElement[bool]
) -> set[str]:
    """What stands at the stop but for what ``still`` does, what left it since the stocktake was
    planned, and what is in a box that was seen."""
    item, move = db.item.c, db.movement.c
    untouched = case((still, 1), else_=0)
    here = select(item.code).where(item.stop == count.stop, item.status.in_(HERE), untouched == 0)
    left = select(move.item).where(
        move.from_stop == count.stop, move.from_status == PRESENT, move.t >= count.planned_t
    )
    codes = {row[0] for query in (here, left) for row in connection.execute(query)}
    for part in chunks(code for code in shown if code.startswith("B")):
        inside = select(item.code).where(item.box.in_(part))
        codes.update(row[0] for row in connection.execute(inside))
    return codes


def _items(connection: Connection, codes: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Category ("" for none) and pieces of those that are items."""
    item = db.item.c
    known = {}
    for part in chunks(codes):
        rows = connection.execute(
            select(item.code, item.category, item.quantity).where(item.code.in_(part))
        )
        known.update({row[0]: (row[1] or "", int(row[2])) for row in rows})
    return known


def offered(connection: Connection, count: Stocktake) -> list[Offered]:
    """Counts of kiosks at the stop since shortly before it was planned, which belong to no
    stocktake, in order."""
    part = db.count_part.c
    rows = connection.execute(
        select(part.id, part.kiosk, part.lane, part.opened_t)
        .join(db.kiosk, db.kiosk.c.id == part.kiosk)
        .where(
            db.kiosk.c.stop == count.stop,
            part.count.is_(None),
            part.opened_t >= count.planned_t - BEFORE_MS,
        )
        .order_by(part.opened_t, part.id)
    )
    return [Offered(*row, labels=_labels(connection, row.id)) for row in rows.all()]


def _labels(connection: Connection, part: str) -> int:
    rows = connection.scalar(
        select(func.count())
        .select_from(db.touch.join(db.event, db.event.c.id == db.touch.c.event_id))
        .where(
            db.touch.c.subject == f"{COUNT}{part}",
            or_(db.event.c.type == "counted", db.event.c.type == "found.unlabelled"),
        )
    )
    return int(rows or 0)


def kept(connection: Connection, count: str) -> list[Kept]:
    """What was approved, and how it was told again since, in order."""
    table = db.stocktake_result.c
    rows = connection.execute(
        select(table.n, table.at_ms, table.account, table.position, table.digest, table.body)
        .where(table.count == count)
        .order_by(table.n)
    )
    return [Kept(*row[:-1], stocktakes.decode(row[-1])) for row in rows]


class FoundAgain(Struct, frozen=True):
    """Something that was missing, and is not any more."""

    item: str
    category: str | None
    status: str
    stop: str
    place: str | None
    changed_t: int


def found_again(connection: Connection, missing: Sequence[str]) -> list[FoundAgain]:
    """Those of ``missing`` that count as missing no longer."""
    item = db.item.c
    again: list[FoundAgain] = []
    for part in chunks(missing):
        rows = connection.execute(
            select(item.code, item.category, item.status, item.stop, item.place, item.changed_t)
            .where(item.code.in_(part), item.status != "missing")
            .order_by(item.changed_t, item.code)
        )
        again += [FoundAgain(*row) for row in rows]
    return again


def places_of(connection: Connection, stop: str) -> list[tuple[str, int]]:
    """The places at ``stop`` where something stands, and how many items, by code."""
    item = db.item.c
    rows = connection.execute(
        select(item.place, func.count())
        .where(item.stop == stop, item.status.in_(HERE), item.place.is_not(None))
        .group_by(item.place)
        .order_by(item.place)
    )
    return [(row[0], int(row[1])) for row in rows]
