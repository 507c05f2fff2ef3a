"""What a month's statement is made of, and the closed ones."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    false,
    func,
    not_,
    or_,
    select,
)

from hub import db
from hub.access.scope import Stops, within
from hub.folds.movements import NOWHERE, PRESENT, standing
from hub.reporting.statements import (
    HELD,
    IN,
    OUT_OF,
    STANDINGS,
    Balance,
    Line,
    Moved,
    Sample,
    Statement,
    Unheard,
    balanced,
    decode,
    draw,
    next_month,
)
from hub.statuses import DELIVERED, DISPOSED, HERE, SOLD

_MONTHS: Final = ("0001-02-01", "9999-12-01")
"""The days between which months have one before and one behind them."""
_YEARS_MS: Final = (0, 253_370_764_800_000)
"""1970 to 9998: times that a clock may have told."""

BOTH: Final = "changed"
"""What came and what left together."""


class Closed(Struct, frozen=True):
    """A closed month with its place in the log."""

    number: int
    month: str
    closed_ms: int
    account: str
    position: int
    head: str
    digest: str
    event: str


class Restated(Struct, frozen=True):
    """A closed month as it was told again at ``at_ms``."""

    n: int
    at_ms: int
    account: str
    position: int
    digest: str
    statement: Statement


def bounds(month: str, zone: ZoneInfo) -> tuple[int, int]:
    """The month's first moment and the next one's, in Unix milliseconds."""

    def first(name: str) -> int:
        begin = datetime(int(name[:4]), int(name[5:]), 1, tzinfo=zone)
        return int(begin.timestamp() * 1000)

    return first(month), first(next_month(month))


def balances(
    connection: Connection, first_day: str, next_day: str
) -> tuple[list[Balance], list[Balance]]:
    """Pieces by stop, category and standing at the beginning of two days, ``YYYY-MM-DD``, the
    later one last: what counts now, less all that flowed since. A recent month so costs what is
    younger than it, however long the log is."""
    opening: dict[tuple[str, str, str], int] = {}
    for stop, category, status, n in connection.execute(
        select(db.stock.c.stop, db.stock.c.category, db.stock.c.status, db.stock.c.n)
    ):
        key = (stop, category, standing(status))
        if key[2] in HELD:
            opening[key] = opening.get(key, 0) + n
    closing = opening.copy()
    flow = db.flow.c
    pieces = case((flow.way == "in", flow.n), else_=-flow.n)
    keys = (flow.stop, flow.category, flow.status)
    since = connection.execute(
        select(*keys, func.sum(pieces), func.sum(case((flow.day >= next_day, pieces), else_=0)))
        .where(flow.day >= first_day, flow.status.in_(HELD))
        .group_by(*keys)
    )
    for stop, category, status, month, later in since:
        key = (stop, category, status)
        opening[key] = opening.get(key, 0) - int(month)
        closing[key] = closing.get(key, 0) - int(later)
    return _pieces(opening), _pieces(closing)


def _pieces(found: Mapping[tuple[str, str, str], int]) -> list[Balance]:
    return [(*key, n) for key, n in found.items() if n]


def lines(connection: Connection, month: str) -> tuple[Line, ...]:
    """The lines of a month as the ledger has them: what stands now, less what changed in the months
    since, and what came and went in this one.

    Raises:
        hub.reporting.statements.StatementError: they do not add up.
    """
    table = db.ledger.c
    closing: dict[tuple[str, str], dict[str, int]] = {}
    for stop, category, status, n in connection.execute(
        select(db.stock.c.stop, db.stock.c.category, db.stock.c.status, db.stock.c.n)
    ):
        for part, as_what in STANDINGS.items():
            if standing(status) == as_what:
                mine = closing.setdefault((stop, category), dict.fromkeys(STANDINGS, 0))
                mine[part] += n
    later = connection.execute(
        select(table.stop, table.category, *(func.sum(table[part]) for part in STANDINGS))
        .where(table.month > month)
        .group_by(table.stop, table.category)
    )
    for stop, category, *changed in later:
        mine = closing.setdefault((stop, category), dict.fromkeys(STANDINGS, 0))
        for part, n in zip(STANDINGS, changed, strict=True):
            mine[part] -= int(n)
    ways = (*IN, *OUT_OF)
    columns = [table[part] for part in (*ways, *STANDINGS)]
    rows = connection.execute(
        select(table.stop, table.category, *columns).where(table.month == month)
    )
    booked = {(stop, category): figures for stop, category, *figures in rows}
    found = []
    for stop, category in sorted(closing.keys() | booked.keys()):
        ends = closing.get((stop, category), dict.fromkeys(STANDINGS, 0))
        figures = booked.get((stop, category), [0] * len(columns))
        closes = sum(ends.values())
        line = Line(
            stop,
            category,
            opening=closes - sum(figures[len(ways) :]),
            closing=closes,
            **dict(zip(ways, figures, strict=False)),
            **ends,
        )
        if any(ends.values()) or any(figures) or line.opening:
            found.append(line)
    return balanced(found)


def moved(connection: Connection, first_ms: int, last_ms: int) -> list[Moved]:
    """What moved from ``first_ms`` on and before ``last_ms``, added up."""
    one = db.movement.c
    keys = (one.from_status, one.from_stop, one.to_status, one.to_stop, one.category)
    rows = connection.execute(
        select(*keys, func.sum(one.quantity))
        .where(one.t >= first_ms, one.t < last_ms)
        .group_by(*keys)
    )
    return [(row[0], row[1], row[2], row[3], row[4], int(row[5])) for row in rows]


def moves(part: str) -> ColumnElement[bool]:
    """The movements that add up to a figure of the ledger, as `hub.reporting.statements.lines_of`
    does: of what came to a stop where ``to_stop`` is it, of what left one where ``from_stop`` is
    it; `BOTH` are all that change what a stop answers for."""
    one = db.movement.c
    before, after = one.from_status.in_(HELD), one.to_status.in_(HELD)
    elsewhere = one.from_stop != one.to_stop
    came = and_(after, or_(not_(before), elsewhere))
    left = and_(before, or_(not_(after), elsewhere))
    back = one.from_status.in_((DELIVERED, SOLD))
    gone = (DELIVERED, SOLD, DISPOSED)
    return {
        "received": and_(came, one.from_status == NOWHERE),
        "taken_over": and_(came, before),
        "given_back": and_(came, back),
        "found": and_(came, not_(before), not_(back), one.from_status != NOWHERE),
        "came_in": came,
        "handed_over": and_(left, after),
        **{status: and_(left, one.to_status == status) for status in gone},
        "missing": and_(left, not_(after), one.to_status.not_in(gone)),
        "went_out": left,
        BOTH: or_(came, left),
    }.get(part, false())


def held(status: str, stops: Stops) -> ColumnElement[bool]:
    """The movements that change how much stands as ``status`` at ``stops``: what came to stand so
    there, and what no longer does."""
    one = db.movement.c
    into = and_(one.to_status == status, within(one.to_stop, stops))
    out_of = and_(one.from_status == status, within(one.from_stop, stops))
    return or_(and_(into, not_(out_of)), and_(out_of, not_(into)))


def hashes(connection: Connection, after: int, through: int) -> Iterator[str]:
    """The hashes of the events at positions above ``after``, in that order."""
    rows = connection.execute(
        select(db.event.c.hash)
        .where(db.event.c.position > after, db.event.c.position <= through)
        .order_by(db.event.c.position)
    )
    return (row[0] for row in rows)


def unheard(connection: Connection, end_ms: int) -> list[Unheard]:
    """Kiosks in service of which nothing was heard since ``end_ms``."""
    state = db.kiosk_state.c
    rows = connection.execute(
        select(
            db.kiosk.c.id,
            db.kiosk.c.stop,
            state.hello_ms,
            state.health_ms,
            state.last_event_ms,
        )
        .select_from(db.kiosk.outerjoin(db.kiosk_state, db.kiosk_state.c.kiosk == db.kiosk.c.id))
        .where(
            db.kiosk.c.retired_ms.is_(None),
            db.kiosk.c.revoked_ms.is_(None),
            db.kiosk.c.created_ms < end_ms,
        )
        .order_by(db.kiosk.c.stop, db.kiosk.c.id)
    )
    found = []
    for kiosk, stop, *heard in rows:
        newest = max((moment for moment in heard if moment is not None), default=None)
        if newest is None or newest < end_ms:
            found.append(Unheard(kiosk, stop, newest))
    return found


def sample(connection: Connection, head: str, end_ms: int) -> list[Sample]:
    """Items that stood at their stop when the month ended and do now, drawn by ``head``."""
    item = db.item.c
    rows = connection.execute(
        select(item.code).where(
            item.status.in_(HERE), item.changed_t < end_ms, item.category.is_not(None)
        )
    )
    chosen = draw(head, [row[0] for row in rows])
    found = connection.execute(
        select(item.code, item.stop, item.category, item.place).where(item.code.in_(chosen))
    )
    return sorted((Sample(*row) for row in found), key=lambda one: (one.stop, one.place or ""))


def closed(connection: Connection) -> list[Closed]:
    """Every closed month, the newest first."""
    table = db.statement.c
    columns = [table[name] for name in Closed.__struct_fields__]
    return [Closed(*row) for row in connection.execute(select(*columns).order_by(-table.number))]


def one(connection: Connection, number: int) -> tuple[Closed, Statement] | None:
    """A closed month and what it says."""
    table = db.statement.c
    columns = [table[name] for name in Closed.__struct_fields__]
    row = connection.execute(
        select(*columns, table.body).where(table.number == number)
    ).one_or_none()
    return None if row is None else (Closed(*row[:-1]), decode(row[-1]))


def restated(connection: Connection, number: int) -> list[Restated]:
    """How a closed month was told again, the oldest first."""
    table = db.restatement.c
    rows = connection.execute(
        select(table.n, table.at_ms, table.account, table.position, table.digest, table.body)
        .where(table.number == number)
        .order_by(table.n)
    )
    return [Restated(*row[:-1], decode(row[-1])) for row in rows]


class Late(Struct, frozen=True):
    """A movement of a closed month that became known after it was closed."""

    item: str
    t: int
    cause: str
    event: int
    position: int
    received_ms: int
    from_stop: str
    to_stop: str
    to_status: str


def late(
    connection: Connection, span: tuple[int, int], after: int, limit: int, visible: Stops
) -> list[Late]:
    """Movements in ``span`` to or from ``visible`` stops by events at positions above ``after``,
    the newest first."""
    moves, event = db.movement.c, db.event.c
    # Those of the span that came late are found in the index `movement_t` alone: of the others,
    # which are most of a month, no row is looked up.
    known = db.movement.alias("known")
    rows = connection.execute(
        select(
            moves.item,
            moves.t,
            moves.cause,
            moves.event,
            moves.position,
            event.received_ms,
            moves.from_stop,
            moves.to_stop,
            moves.to_status,
        )
        .select_from(
            known.join(db.movement, and_(moves.item == known.c.item, moves.n == known.c.n)).join(
                db.event, event.id == moves.event
            )
        )
        .where(known.c.t >= span[0], known.c.t < span[1], known.c.position > after)
        .where(or_(within(moves.to_stop, visible), within(moves.from_stop, visible)))
        .order_by(moves.position.desc())
        .limit(limit)
    )
    return [Late(*row) for row in rows]


def late_count(connection: Connection, span: tuple[int, int], after: int, visible: Stops) -> int:
    """How many movements `late` has, however many it gives."""
    moves = db.movement.c
    return connection.execute(
        select(func.count())
        .select_from(db.movement)
        .where(moves.t >= span[0], moves.t < span[1], moves.position > after)
        .where(or_(within(moves.to_stop, visible), within(moves.from_stop, visible)))
    ).scalar_one()


def first_month(connection: Connection) -> str | None:
    """The month of the first movement there is, ``YYYY-MM``: of those of whose time a clock that
    was right tells, for a kiosk that never learnt it may say any year. What moved before that
    month is in what it opens with."""
    move, day = db.movement.c, db.flow.c.day
    known = connection.execute(
        select(move.t)
        .select_from(db.movement.join(db.item, db.item.c.code == move.item))
        .where(db.item.c.known_time, move.t >= _YEARS_MS[0], move.t < _YEARS_MS[1])
        .order_by(move.t)
        .limit(1)
    ).scalar()
    first = select(func.min(day)).where(
        db.flow.c.status == PRESENT, day >= _MONTHS[0], day < _MONTHS[1]
    )
    if known is not None:
        # A day begins at most a day before it does in UTC.
        utc = datetime.fromtimestamp(known / 1000, UTC) - timedelta(days=1)
        first = first.where(day >= utc.date().isoformat())
    found = connection.execute(first).scalar()
    return None if found is None else str(found)[:7]
