"""Stocktakes as the log tells them: the planned ones, counts that could be joined, what was found.

Everything is made from the events each time; only what was approved is kept, as it was then.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, TextClause, and_, case, func, or_, select, text

from contract.events import (
    CountApproved,
    CountCancelled,
    CountJoined,
    CountOpened,
    CountPlanned,
    Event,
    decode,
)
from hub import db
from hub.access.scope import Stops
from hub.counts import stocktakes
from hub.counts.stocktake_lines import Book
from hub.counts.stocktakes import Result
from hub.folds.counted import Stocktake
from hub.folds.custody import UNCONFIRMED
from hub.folds.entries import COUNT
from hub.folds.movements import PRESENT
from hub.folds.stays import Course, Stay, fold_stays
from hub.folds.stocktake import fold_stocktake, parts_of
from hub.log.voids import VOID
from hub.projections.projection_store import chunks
from hub.queries import events
from hub.queries.entries import Entries
from hub.queries.events import Recorded
from hub.statuses import HERE

BEFORE_MS: Final = 12 * 3_600_000
"""A count that began so long before the stocktake was planned may still belong to it."""

REMEMBERED: Final = 4096
"""How many events of stocktakes are kept decoded, about 2 kB each: what they say never changes, and
each list of stocktakes goes through all of them."""

_ID: Final = re.compile(r"[0-9a-f]{16}")

COUNTING: Final = "counting"
APPROVED: Final = "approved"
CANCELLED: Final = "cancelled"


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


def _told(kind: str) -> TextClause:
    """The condition of the index `event_stocktake`, word for word, and one of its types."""
    return text(f"{db.STOCKTAKE_EVENTS} AND event.type = '{kind}'")


def planned(connection: Connection, stops: Stops = None) -> list[Planned]:
    """Every stocktake of ``stops``, the newest first."""
    decided: dict[str, tuple[str, Recorded]] = {}
    for kind, state in (("count.approved", APPROVED), ("count.cancelled", CANCELLED)):
        for one in _of_type(connection, kind):
            body = one.event.public.body
            assert isinstance(body, CountApproved | CountCancelled)
            decided.setdefault(body.count, (state, one))
    told = _restatements(connection)
    found = []
    for one in _of_type(connection, "count.planned"):
        body, stop = one.event.public.body, one.event.public.stop or ""
        assert isinstance(body, CountPlanned)
        if stops is not None and stop not in stops:
            continue
        state, end = decided.get(body.count, (COUNTING, None))
        said = end.event.public.body if end is not None else None
        approved = said if isinstance(said, CountApproved) else None
        found.append(
            Planned(
                id=body.count,
                stop=stop,
                planned_t=one.t,
                places=body.places,
                categories=body.categories,
                blind=body.blind,
                state=state,
                decided_t=end.t if end is not None else None,
                seen=approved.seen if approved is not None else None,
                missing=approved.missing if approved is not None else None,
                restated=told.get(body.count, 0),
            )
        )
    return sorted(found, key=lambda one: (-one.planned_t, one.id))


def open_counts(connection: Connection, stops: Stops = None) -> list[Planned]:
    """The stocktakes of ``stops`` that are going on."""
    return [one for one in planned(connection, stops) if one.state == COUNTING]


def _of_type(connection: Connection, kind: str) -> Iterator[Recorded]:
    rows = connection.execute(events.good().where(_told(kind), db.event.c.position > 0))
    return (events.read(row, _decoded) for row in rows)


@lru_cache(maxsize=REMEMBERED)
def _decoded(raw: bytes) -> Event:
    return decode(raw)


def _taken_back(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Those of these events that somebody voided."""
    gone: set[str] = set()
    for part in chunks(f"{VOID}{one}" for one in ids):
        rows = connection.execute(
            select(db.touch.c.subject).where(db.touch.c.subject.in_(part)).distinct()
        )
        gone.update(str(row[0]).removeprefix(VOID) for row in rows)
    return gone


def _restatements(connection: Connection) -> dict[str, int]:
    table = db.stocktake_result.c
    rows = connection.execute(
        select(table.count, func.max(table.n)).where(table.n > 0).group_by(table.count)
    )
    return {row[0]: int(row[1]) for row in rows}


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
    at_stop = select(db.kiosk.c.id).where(db.kiosk.c.stop == count.stop)
    rows = connection.execute(
        events.good().where(_told("count.opened"), db.event.c.kiosk.in_(at_stop))
    )
    begun = [events.read(row) for row in rows]
    joins = list(_of_type(connection, "count.joined"))
    gone = _taken_back(connection, (one.id for one in (*begun, *joins)))
    taken = {
        body.part
        for one in joins
        if isinstance(body := one.event.public.body, CountJoined) and one.id not in gone
    }
    found = []
    for one in begun:
        body = one.event.public.body
        if not isinstance(body, CountOpened) or body.count in taken or one.id in gone:
            continue
        if one.t >= count.planned_t - BEFORE_MS:
            labels = _labels(connection, body.count)
            lane = one.event.public.lane
            found.append(Offered(body.count, one.kiosk, lane, one.t, labels))
    return sorted(found, key=lambda one: (one.opened_t, one.part))


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
