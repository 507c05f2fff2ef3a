"""Stocktakes over the API: all that their pages do."""

from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from flask import abort
from msgspec import Struct
from sqlalchemy import Connection

from contract import codes
from contract.codes import CodeError, Kind
from hub.access.permissions import Permission
from hub.api.problems import BadParameter
from hub.api.routes import Call, Route
from hub.api.stocktake_models import (
    Cell,
    CountOut,
    CountsAsked,
    CountsOut,
    Find,
    LinesAsked,
    LinesOut,
    ToApprove,
    ToCancel,
    ToCountAgain,
    ToIdentify,
    ToJoin,
    Told,
    ToLeave,
    ToPlan,
)
from hub.counts import counting, identifying
from hub.counts.counting import CountingError, Plan
from hub.counts.identifying import Match
from hub.folds.counted import Sighting, Stocktake
from hub.log.recording import API
from hub.queries import places
from hub.queries import planned as lists
from hub.queries import stocktakes as query
from hub.request import connection, services
from hub.web.counts.view import View, may_see, of
from hub.web.login import require, visible_stops


def _list(call: Call) -> CountsOut:
    asked = call.asked(CountsAsked)
    here, stops = connection(), visible_stops()
    after = None
    if asked.after is not None:
        after = lists.planned_one(here, asked.after)
        if after is None or (stops is not None and after.stop not in stops):
            raise BadParameter("after", "no such stocktake among these")
    found = lists.some(
        here, stops, stop=asked.stop, state=asked.state, after=after, limit=asked.limit + 1
    )
    page = found[: asked.limit]
    return CountsOut(page, page[-1].id if len(found) > asked.limit else None)


def _plan(call: Call) -> CountOut:
    body = call.sent(ToPlan)
    if body.stop not in places.stops(connection()):
        raise BadParameter("stop", "no such stop")
    require(Permission.COUNT, body.stop)
    for place in body.places:
        _require_place(place)
    wish = Plan(body.stop, tuple(body.places), tuple(body.categories), body.blind, body.recount)
    asked = call.key or str(uuid4())
    return _after(
        call,
        lambda writing: counting.plan(writing, wish, call.actor, call.now_ms, asked),
        lambda made: made,
    )


def _require_place(place: str) -> None:
    try:
        kind = codes.parse(place).kind
    except CodeError as error:
        raise BadParameter("places", f"{place}: {error.problem.value}") from None
    if kind is not Kind.PLACE:
        raise BadParameter("places", f"{place} is no place")


def _known(call: Call, permission: Permission) -> Stocktake:
    found = query.stocktake(connection(), call.path["count"][:64])
    if found is None:
        abort(404, "There is no such stocktake.")
    require(permission, found.stop)
    return found


def _one(call: Call) -> CountOut:
    return _out(of(connection(), call.user, _known(call, Permission.VIEW)))


def _lines(call: Call) -> LinesOut:
    asked = call.asked(LinesAsked)
    seen = of(connection(), call.user, _known(call, Permission.VIEW))
    if seen.result is None:
        abort(403, "This count is blind.")
    found = sorted(
        (
            line
            for line in seen.result.lines
            if asked.verdict in (None, line.verdict)
            and (asked.place is None or asked.place in (line.place, line.seen))
            and (asked.after is None or line.item > asked.after)
        ),
        key=lambda line: line.item,
    )
    page = found[: asked.limit]
    return LinesOut(page, page[-1].item if len(found) > asked.limit else None)


def _join(call: Call) -> CountOut:
    count, parts = _known(call, Permission.COUNT).id, call.sent(ToJoin).parts
    return _done(
        call,
        count,
        lambda writing: counting.join(writing, count, parts, call.actor, call.now_ms, call.key),
    )


def _leave(call: Call) -> CountOut:
    count, joined = _known(call, Permission.COUNT).id, call.sent(ToLeave).joined
    return _done(
        call,
        count,
        lambda writing: counting.leave(writing, count, joined, call.actor, call.now_ms, call.key),
    )


def _again(call: Call) -> CountOut:
    count, chosen = _known(call, Permission.COUNT).id, call.sent(ToCountAgain).places
    return _done(
        call,
        count,
        lambda writing: counting.ask_again(
            writing, count, chosen, call.actor, call.now_ms, call.key
        ),
    )


def _approve(call: Call) -> CountOut:
    count, seal = _known(call, Permission.APPROVE_COUNT).id, call.sent(ToApprove).seal
    return _done(
        call,
        count,
        lambda writing: counting.approve(
            writing, count, seal, call.user.by, call.now_ms, API, call.key
        ),
    )


def _cancel(call: Call) -> CountOut:
    count, why = _known(call, Permission.COUNT).id, call.sent(ToCancel).why
    return _done(
        call,
        count,
        lambda writing: counting.give_up(writing, count, why, call.actor, call.now_ms, call.key),
    )


def _restate(call: Call) -> CountOut:
    count = _known(call, Permission.APPROVE_COUNT).id
    return _done(
        call,
        count,
        lambda writing: counting.restate(writing, count, call.user.by, call.now_ms),
    )


def _identify(call: Call) -> CountOut:
    count, body = _known(call, Permission.EDIT_STOCK), call.sent(ToIdentify)
    if not may_see(call.user, count):
        abort(403, "This count is blind.")
    match = Match(body.find, body.item)
    return _done(
        call,
        count.id,
        lambda writing: identifying.identify(
            writing,
            count.id,
            match,
            call.actor,
            call.now_ms,
            request=call.key,
            expects=body.seen,
        ),
    )


def _done(call: Call, count: str, work: Callable[[Connection], Any]) -> CountOut:
    return _after(call, work, lambda _made: count)


def _after(
    call: Call, work: Callable[[Connection], Any], count_of: Callable[[Any], str]
) -> CountOut:
    """Does it, then tells how the stocktake is: through a connection that sees what was done."""
    made = services().writer.call(work)
    with services().reader.connect() as fresh:
        found = query.stocktake(fresh, count_of(made))
        if found is None:
            abort(404, "It is written, and not known here yet: ask again.")
        return _out(of(fresh, call.user, found))


def _out(seen: View) -> CountOut:
    count, result = seen.count, seen.result
    return CountOut(
        id=count.id,
        stop=count.stop,
        state=seen.state,
        planned_t=count.planned_t,
        planned_places=list(count.places),
        categories=list(count.categories),
        blind=count.blind,
        recount=count.recount,
        parts=list(count.parts),
        offered=seen.offered,
        places=None if result is None else list(result.places),
        verdicts=None if result is None else [Cell(*one) for one in seen.verdicts],
        seal=None if result is None or count.decided else seen.seal,
        hindrances=seen.hindrances,
        unheard=[one.kiosk for one in seen.unheard],
        told=[Told(one.n, one.at_ms, one.position, one.digest) for one in seen.kept],
        changes=seen.changes,
        found_again=seen.found_again,
        finds=None if result is None else [_find(count, one) for one in count.finds],
    )


def _find(count: Stocktake, one: Sighting) -> Find:
    known = count.identified.get(one.item)
    return Find(one.item, one.category, one.place, one.t, one.event, known)


_COUNT: Final = {"count": "The stocktake's id."}
_REFUSED: Final[dict[type[Exception], int]] = {CountingError: 409}


def _act(
    name: str, summary: str, act: Callable[[Call], Any], body: type[Struct] | None, last: str,
    permission: Permission = Permission.COUNT,
) -> Route:  # fmt: skip
    return Route(
        method="POST",
        path=f"/counts/{{count}}/{last}",
        name=name,
        summary=summary,
        permission=permission,
        act=act,
        answer=CountOut,
        body=body,
        arguments=_COUNT,
        problems=(404,),
        refusals=_REFUSED,
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/counts",
        name="counts",
        summary="Stocktakes, the newest first",
        permission=Permission.VIEW,
        act=_list,
        answer=CountsOut,
        query=CountsAsked,
    ),
    Route(
        method="POST",
        path="/counts",
        name="planCount",
        summary="Plan a stocktake",
        permission=Permission.COUNT,
        act=_plan,
        answer=CountOut,
        body=ToPlan,
        problems=(404,),
        refusals=_REFUSED,
    ),
    Route(
        method="GET",
        path="/counts/{count}",
        name="count",
        summary="A stocktake: who counts, how far they are, what differs",
        permission=Permission.VIEW,
        act=_one,
        answer=CountOut,
        arguments=_COUNT,
        problems=(404,),
    ),
    Route(
        method="GET",
        path="/counts/{count}/items",
        name="countItems",
        summary="The items of a stocktake, each with its verdict",
        permission=Permission.VIEW,
        act=_lines,
        answer=LinesOut,
        query=LinesAsked,
        arguments=_COUNT,
        problems=(404,),
    ),
    _act("joinCount", "Counts of kiosk lanes belong to it", _join, ToJoin, "join"),
    _act("leaveCount", "A kiosk's count does not belong to it", _leave, ToLeave, "leave"),
    _act("countAgain", "Have places counted again", _again, ToCountAgain, "again"),
    _act(
        "approveCount",
        "Approve it: what nobody found is presumed missing",
        _approve,
        ToApprove,
        "approve",
        Permission.APPROVE_COUNT,
    ),
    _act(
        "identifyFind",
        "A find without a label is an item that is missing",
        _identify,
        ToIdentify,
        "identify",
        Permission.EDIT_STOCK,
    ),
    _act("cancelCount", "Give it up", _cancel, ToCancel, "cancel"),
    _act(
        "restateCount",
        "Record what the log tells differently now",
        _restate,
        None,
        "restate",
        Permission.APPROVE_COUNT,
    ),
)
"""The routes of stocktakes."""
