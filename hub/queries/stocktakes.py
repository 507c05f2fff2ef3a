"""One stocktake as the log tells it: who counts, what was found, which counts could be joined.

It is made from the events each time; only what was approved is kept, as it was then. Lists of them
are `hub.queries.planned`'s.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, tuple_

from contract.events import Body, BoxReceived, FoundUnlabelled, Received, Voided, decode
from hub import db
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
from hub.folds.stays import Course, Stay
from hub.folds.stocktake import fold_stocktake, parts_of
from hub.projections.projection_store import chunks
from hub.projections.projector import MOVED, STOPS
from hub.queries import events
from hub.queries.entries import Entries
from hub.queries.remembered import Found, Remembered
from hub.statuses import HERE

BEFORE_MS: Final = 12 * 3_600_000
"""A count that began so long before the stocktake was planned may still belong to it."""

TOLD: Final = 2000
"""Most intakes and voids that are looked at to know whether a decided stocktake is as it was."""

_TOLD_LATER: Final = ("received", "box.received", "found.unlabelled", "voided")
_ID: Final = re.compile(r"[0-9a-f]{16}")


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


def stocktake(
    connection: Connection, count: str, known: Remembered | None = None
) -> Stocktake | None:
    """The stocktake with this id, None for what is no such id; ``known`` is what earlier requests
    read."""
    if not _ID.fullmatch(count):
        return None
    entries = Entries(connection)
    same = known.stocktake(entries, count) if known is not None else None
    if same is not None:
        return same
    own = f"{COUNT}{count}"
    subjects = [own, *(f"{COUNT}{part}" for part in parts_of(entries.of([own])))]
    told = fold_stocktake(count, entries.of(subjects))
    if known is not None and told is not None:
        known.keep_stocktake(entries, subjects, told)
    return told


def found(connection: Connection, count: Stocktake, known: Remembered | None = None) -> Result:
    """What ``count`` found, as the log tells it now; ``known`` is what earlier requests read.

    Most of what stands at a stop nobody has touched since long before. All that its course says of
    such a thing is where it stands, and that its row says too: its events are not read.
    """
    entries, position = Entries(connection), events.projected(connection)
    same = known.found(count) if known is not None else None
    if known is not None and same is not None and _holds(connection, entries, same):
        found = same._replace(result=structs.replace(same.result, position=position))
        known.keep_found(found)
        return found.result
    shown = {one.item for shelf in count.shelves for one in shelf.sightings}
    touched, still = _here(connection, count, shown)
    boxed = set(connection.scalars(_inside([db.item.c.code], shown)))
    left = set(connection.scalars(_left([db.item.c.code], count)))
    codes = sorted(shown | touched | boxed | left)
    items = _items(connection, codes)
    wanted = [code for code in codes if code in items]
    courses, places = (known or Remembered()).courses(entries, wanted, count.own)
    books = [Book(code, *items[code], course) for code, course in courses.items()]
    books += [book for code, book in still.items() if code not in items]
    made = stocktakes.result(count, books, position)
    if known is not None:
        sets: tuple[Any, ...] = ()
        if count.decided_t is None:
            codes = sorted(shown - touched - still.keys() - left - boxed)
            sets = _sets(connection, count, codes)
        else:
            codes = sorted({*codes, *still})
        stops = _stops(connection, entries)
        known.keep_found(Found(count, codes, sets, places, stops, made))
    return made


def _stops(connection: Connection, entries: Entries) -> tuple[Mapping[str, str], str | None]:
    told = connection.scalar(select(db.meta.c.value).where(db.meta.c.key == STOPS))
    return entries.stops, told


def _holds(connection: Connection, entries: Entries, same: Found) -> bool:
    """Whether it would be found again."""
    if _stops(connection, entries) != same.stops:
        return False
    if same.stocktake.decided_t is None:
        return (
            _sets(connection, same.stocktake, same.codes) == same.sets
            and entries.places(same.places) == same.places
        )
    position, item, event, stream = same.result.position, db.item.c, db.event.c, db.stream.c
    moved = connection.scalar(select(db.meta.c.value).where(db.meta.c.key == MOVED))
    if moved is not None and int(moved) > position:
        return False
    behind = select(event.id).where(event.position > position)
    same_epoch = and_(stream.kiosk == event.kiosk, stream.epoch == event.epoch)
    late = behind.join(db.stream, same_epoch).where(_until(same.stocktake.decided_t))
    newer = [
        select(item.code).where(item.code.in_(part), item.position > position)
        for part in chunks(same.codes)
    ]
    if any(connection.execute(one.limit(1)).first() is not None for one in (late, *newer)):
        return False
    return not _told_of_before(connection, same, same.stocktake.decided_t)


def _told_of_before(connection: Connection, same: Found, t: int) -> bool:
    """Whether anything that became known since ``same`` was found is of ``t`` or before, though it
    was written later: that something came in counts before all else that happened to it, and a
    void takes out what it names. More of these than `TOLD` are not looked at one by one."""
    event, item = db.event.c, db.item.c
    rows = connection.execute(
        select(event.raw, event.repaired)
        .where(event.position > same.result.position, event.problem.is_(None))
        .where(event.type.in_(_TOLD_LATER))
        .limit(TOLD + 1)
    ).all()
    if len(rows) > TOLD:
        return True
    bodies = [decode(bytes(row.repaired or row.raw)).public.body for row in rows]
    born = {_born(body) for body in bodies} - {*same.codes, ""}
    undone = {name for body in bodies if isinstance(body, Voided) for name in body.events}
    came = [select(item.code).where(item.code.in_(part), _came_before(t)) for part in chunks(born)]
    gone = [
        select(event.id)
        .select_from(
            db.event.join(
                db.stream,
                and_(db.stream.c.kiosk == event.kiosk, db.stream.c.epoch == event.epoch),
            )
        )
        .where(tuple_(event.kiosk, event.epoch, event.seq).in_(part), _until(t))
        for part in chunks({_row_of(name) for name in undone})
    ]
    return any(connection.execute(one.limit(1)).first() is not None for one in (*came, *gone))


def _born(body: Body) -> str:
    if isinstance(body, BoxReceived):
        return body.box
    return body.item if isinstance(body, Received | FoundUnlabelled) else ""


def _row_of(name: str) -> tuple[str, str, int]:
    """Kiosk, epoch and seq of the event with this id."""
    kiosk, epoch, seq, _short = name.rsplit(".", 3)
    return kiosk, epoch, int(seq)


def _until(t: int) -> ColumnElement[bool]:
    """That an event, joined with its stream, is of ``t`` or earlier (`contract.order`)."""
    stream = db.stream.c
    return or_(stream.placed.is_(None), stream.placed + db.event.c.mono <= t, stream.ceiling <= t)


def _sets(connection: Connection, count: Stocktake, codes: Sequence[str]) -> tuple[Any, ...]:
    """Of what stands at the stop, of what left it, of what is in boxes that were seen and of
    ``codes``, which were seen: how many they are, and the newest event that concerns any of
    them."""
    item = db.item.c
    shown = {one.item for shelf in count.shelves for one in shelf.sightings}
    told: tuple[ColumnElement[Any], ...] = (func.count(), func.max(item.position))
    queries: list[Select[Any]]
    queries = [_standing(told, count), _left(told, count), _inside(told, shown)]
    queries += [select(*told).where(item.code.in_(part)) for part in chunks(codes)]
    return tuple(tuple(connection.execute(query).one()) for query in queries)


def _standing(columns: Sequence[ColumnElement[Any]], count: Stocktake) -> Select[Any]:
    """What stands at the stop; what came in only after the stocktake was decided is no part of
    it."""
    item = db.item.c
    query = select(*columns).where(item.stop == count.stop, item.status.in_(HERE))
    return query if count.decided_t is None else query.where(_came_before(count.decided_t))


def _here(
    connection: Connection, count: Stocktake, shown: Iterable[str]
) -> tuple[set[str], dict[str, Book]]:
    """What stands at the stop: the codes of what something happened to since the stocktake began,
    and the rest, as far as it stands at the places to be counted.

    Of the rest nobody changed the custody, nobody had it in hand, and it is in no box if any box
    was seen.
    """
    item = db.item.c
    opened = [shelf.opened_t for shelf in count.shelves if shelf.opened_t is not None]
    since = min([count.planned_t, *opened])
    untouched = and_(item.changed_t < since, item.seen_t < since)
    if any(code.startswith("B") for code in shown):
        untouched = and_(untouched, item.box.is_(None))
    still = case((untouched, 1), else_=0)
    columns = (item.code, item.category, item.quantity, item.place, item.label, item.changed_t)
    query = _standing((*columns, still), count)
    if count.places:
        query = query.where(or_(still == 0, item.place.in_(count.places)))
    touched: set[str] = set()
    books: dict[str, Book] = {}
    for code, category, quantity, place, label, t, unmoved in connection.execute(query):
        if unmoved:
            stay = Stay(t, "", "", PRESENT, count.stop, place, (), shown=True)
            labelled = label not in (None, UNCONFIRMED)
            course = Course((stay,), labelled=labelled)
            books[code] = Book(code, category or "", int(quantity), course)
        else:
            touched.add(code)
    return touched, books


def _left(columns: Sequence[ColumnElement[Any]], count: Stocktake) -> Select[Any]:
    """What left the stop since the stocktake was planned, and came before it was decided."""
    move = db.movement.c
    query = (
        select(*columns)
        .select_from(db.movement.join(db.item, db.item.c.code == move.item))
        .where(move.from_stop == count.stop, move.from_status == PRESENT)
        .where(move.t >= count.planned_t)
    )
    return query if count.decided_t is None else query.where(_came_before(count.decided_t))


def _came_before(t: int) -> ColumnElement[bool]:
    """It came in at ``t`` or earlier, or something is told of it from then on: clocks go wrong."""
    item, event, stream, touch = db.item.c, db.event.c, db.stream.c, db.touch.c
    early = (
        select(touch.event_id)
        .select_from(
            db.touch.join(db.event, event.id == touch.event_id).join(
                db.stream, and_(stream.kiosk == event.kiosk, stream.epoch == event.epoch)
            )
        )
        .where(touch.subject == item.code, _until(t))
    )
    return or_(item.received_t.is_(None), item.received_t <= t, early.exists())


def _inside(columns: Sequence[ColumnElement[Any]], shown: Iterable[str]) -> Select[Any]:
    """What is in the boxes that were seen."""
    boxes = [code for code in shown if code.startswith("B")]
    return select(*columns).where(db.item.c.box.in_(boxes))


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
