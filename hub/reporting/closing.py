"""Closing a month: its statement is made from the log, recorded as an event, and kept for ever.

What arrives later changes what the month would be told as now. That is a restatement: dated, with a
digest and an event of its own, beside the closed statement and never in its place.
"""

import contextlib
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import Connection, func, insert, select

from contract.events import ZERO_HASH, MonthClosed, MonthRestated
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.log import recording
from hub.log.recording import Actor, Draft
from hub.projections.projector import projected
from hub.queries import market
from hub.queries import statements as query
from hub.reporting.statements import (
    Change,
    Line,
    Statement,
    StatementError,
    chained,
    changes,
    digest,
    encode,
    lines_of,
    next_month,
)


class ClosingError(ValueError):
    """It cannot be closed or restated; ``reason`` is a machine word: not-over, closed, not-next,
    unknown, unchanged."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _UnchangedError(ClosingError):
    """There is nothing to restate."""

    def __init__(self) -> None:
        super().__init__("unchanged")


def make(connection: Connection, month: str, timezone: str) -> Statement:
    """The statement of ``month`` as the log tells it now.

    Raises:
        hub.reporting.statements.StatementError: the projections do not add up.
    """
    shown = preview(connection, month, timezone)
    zone = ZoneInfo(timezone)
    if shown.lines != _lines(connection, month, zone):
        raise StatementError(f"{month}: the ledger is not what the movements add up to")
    _first_ms, end_ms = query.bounds(month, zone)
    head = _head(connection, shown.position)
    return replace(shown, head=head, sample=tuple(query.sample(connection, head, end_ms)))


def preview(connection: Connection, month: str, timezone: str) -> Statement:
    """The figures of ``month`` as the ledger has them now. It has no digest of the log and so no
    items to go and find: both are made once, at closing, from every event there is.

    Raises:
        hub.reporting.statements.StatementError: the projections do not add up.
    """
    zone = ZoneInfo(timezone)
    first_ms, end_ms = query.bounds(month, zone)
    return Statement(
        month=month,
        timezone=timezone,
        position=projected(connection),
        head="",
        lines=query.lines(connection, month),
        takings=tuple(market.takings(connection, first_ms, end_ms)),
        unheard=tuple(query.unheard(connection, end_ms)),
    )


def _lines(connection: Connection, month: str, zone: ZoneInfo) -> tuple[Line, ...]:
    """The figures of ``month`` from every movement in it, held against what the flows add up to: so
    nothing is closed on sums alone. Raises `hub.reporting.statements.StatementError`."""
    opening, closing = query.balances(connection, f"{month}-01", f"{next_month(month)}-01")
    return lines_of(opening, query.moved(connection, *query.bounds(month, zone)), closing)


def to_close(connection: Connection) -> str | None:
    """The month that is to be closed next: the one after the last closed, or the first that
    anything happened in; None when nothing has happened yet."""
    newest = connection.execute(select(func.max(db.statement.c.month))).scalar()
    if newest is not None:
        return next_month(str(newest))
    return query.first_month(connection)


def is_over(month: str, now_ms: int, timezone: str) -> bool:
    """Whether the month has ended where the hub's days do."""
    today = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(timezone))
    return month < f"{today.year:04d}-{today.month:02d}"


def close(
    connection: Connection, month: str, by: By, now_ms: int, timezone: str
) -> tuple[int, Statement]:
    """Close ``month``, in the caller's transaction; its number and statement.

    What later events changed in earlier months is recorded as their restatement first: the month
    opens with what the log says now, and the books must say why that is not what the last one
    closed with.

    Raises:
        ClosingError: it is closed, not over, or not the next one.
        hub.reporting.statements.StatementError: the projections do not add up.
    """
    table = db.statement.c
    if connection.execute(select(1).where(table.month == month)).first() is not None:
        raise ClosingError("closed")
    if not is_over(month, now_ms, timezone):
        raise ClosingError("not-over")
    if month != to_close(connection):
        raise ClosingError("not-next")
    for earlier in reversed(query.closed(connection)):
        with contextlib.suppress(_UnchangedError):
            restate(connection, earlier.number, by, now_ms)
    statement = make(connection, month, timezone)
    text = encode(statement)
    number = int(connection.execute(select(func.max(table.number))).scalar() or 0) + 1
    body = MonthClosed(
        number=number,
        month=month,
        position=statement.position,
        head=statement.head,
        digest=digest(text),
    )
    [event] = recording.record(connection, [Draft(body)], Actor(by.account), now_ms=now_ms).events
    connection.execute(
        insert(db.statement).values(
            number=number,
            month=month,
            closed_ms=now_ms,
            account=by.account,
            position=statement.position,
            head=statement.head,
            digest=digest(text),
            body=text,
            event=event,
        )
    )
    audit.note(connection, by, "month.closed", month, {"number": number}, now_ms)
    return number, statement


def differences(
    connection: Connection, number: int
) -> tuple[query.Closed, Statement, list[Change]]:
    """A closed month, what it said last, and which figures the log tells otherwise now.

    Raises:
        ClosingError: unknown.
    """
    found = query.one(connection, number)
    if found is None:
        raise ClosingError("unknown")
    closed, said = found
    told = query.restated(connection, number)
    last = told[-1].statement if told else said
    return closed, last, changes(last, preview(connection, closed.month, said.timezone))


def restate(connection: Connection, number: int, by: By, now_ms: int) -> list[Change]:
    """Record how a closed month is told now; the changes since it was last told.

    Raises:
        ClosingError: unknown or unchanged.
    """
    closed, last, changed = differences(connection, number)
    if not changed:
        raise _UnchangedError
    now = make(connection, closed.month, last.timezone)
    text = encode(now)
    body = MonthRestated(number=number, position=now.position, digest=digest(text))
    [event] = recording.record(connection, [Draft(body)], Actor(by.account), now_ms=now_ms).events
    n = len(query.restated(connection, number)) + 1
    connection.execute(
        insert(db.restatement).values(
            number=number,
            n=n,
            at_ms=now_ms,
            account=by.account,
            position=now.position,
            digest=digest(text),
            body=text,
            event=event,
        )
    )
    audit.note(connection, by, "month.restated", closed.month, {"number": number, "n": n}, now_ms)
    return changed


def _head(connection: Connection, position: int) -> str:
    """The digest of the log through ``position``, going on from the last closed month."""
    table = db.statement.c
    last = connection.execute(
        select(table.head, table.position)
        .where(table.position <= position)
        .order_by(table.number.desc())
        .limit(1)
    ).one_or_none()
    head, after = (last.head, last.position) if last is not None else (ZERO_HASH, 0)
    return chained(head, query.hashes(connection, after, position))
