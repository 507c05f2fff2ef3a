"""Closed months over the API: what they say, closing, restating."""

from typing import Any, Final

from flask import abort
from msgspec import Struct

from contract.fields import Month
from hub.access.permissions import Permission
from hub.api.routes import Call, Route
from hub.queries import statements as query
from hub.reporting import closing
from hub.reporting.closing import ClosingError
from hub.reporting.statements import Change, Statement, StatementError
from hub.request import connection, services
from hub.typed import whole_number


class MonthOut(Struct, frozen=True):
    """A closed month: ``digest`` is the SHA-256 of its statement, ``event`` the event that holds
    it."""

    number: int
    month: str
    closed_ms: int
    position: int
    head: str
    digest: str
    event: str


class MonthsOut(Struct, frozen=True):
    """Closed months, the newest first, and the one that comes next (None: nothing came in yet)."""

    months: list[MonthOut]
    next: str | None


class StatementOut(Struct, frozen=True):
    """A closed month with all it says, and the figures that the log tells differently now."""

    month: MonthOut
    statement: Statement
    changed: list[Change]


class ToClose(Struct, frozen=True, forbid_unknown_fields=True):
    """The month to be closed."""

    month: Month


def _month(one: query.Closed) -> MonthOut:
    return MonthOut(
        one.number, one.month, one.closed_ms, one.position, one.head, one.digest, one.event
    )


def _list(_call: Call) -> MonthsOut:
    here = connection()
    found = [_month(one) for one in query.closed(here)]
    return MonthsOut(found, closing.to_close(here))


def _number(call: Call) -> int:
    number = whole_number(call.path["number"], 6)
    return abort(404) if number is None else number


def _one(call: Call) -> StatementOut:
    call.reach("", Permission.VIEW)  # a statement is of the whole hub
    number = _number(call)
    found = query.one(connection(), number)
    if found is None:
        abort(404)
    *_states, changed = closing.differences(connection(), number)
    return StatementOut(_month(found[0]), found[1], changed)


def _close(call: Call) -> MonthOut:
    call.reach("", Permission.CLOSE_MONTH)
    body, zone = call.sent(ToClose), services().config.timezone

    def work(writing: Any) -> query.Closed:
        number, _ = closing.close(writing, body.month, call.user.by, call.now_ms, zone)
        found = query.one(writing, number)
        assert found is not None
        return found[0]

    return _month(services().writer.call(work))


def _restate(call: Call) -> StatementOut:
    call.reach("", Permission.CLOSE_MONTH)
    number = _number(call)
    if query.one(connection(), number) is None:
        abort(404)

    def work(writing: Any) -> tuple[tuple[query.Closed, Statement], list[Change]]:
        changed = closing.restate(writing, number, call.user.by, call.now_ms)
        found = query.one(writing, number)
        assert found is not None
        return found, changed

    (month, said), changed = services().writer.call(work)
    return StatementOut(_month(month), said, changed)


_REFUSED: Final = {ClosingError: 409, StatementError: 409}
_NUMBER: Final = {"number": "The statement's number."}

ROUTES: Final = (
    Route(
        method="GET",
        path="/months",
        name="months",
        summary="Closed months",
        permission=Permission.VIEW,
        act=_list,
        answer=MonthsOut,
    ),
    Route(
        method="POST",
        path="/months",
        name="closeMonth",
        summary="Close the month that comes next",
        permission=Permission.CLOSE_MONTH,
        act=_close,
        answer=MonthOut,
        body=ToClose,
        refusals=_REFUSED,
    ),
    Route(
        method="GET",
        path="/months/{number}",
        name="month",
        summary="A closed month and its statement",
        permission=Permission.VIEW,
        act=_one,
        answer=StatementOut,
        arguments=_NUMBER,
        problems=(404,),
        refusals={StatementError: 409},
    ),
    Route(
        method="POST",
        path="/months/{number}/restate",
        name="restateMonth",
        summary="Record what the log tells differently now of a closed month",
        permission=Permission.CLOSE_MONTH,
        act=_restate,
        answer=StatementOut,
        arguments=_NUMBER,
        problems=(404,),
        refusals=_REFUSED,
    ),
)
"""The routes of months."""
