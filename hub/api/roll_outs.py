"""Roll-outs of releases, over the API: what the pages do."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, TypeVar

from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection

from contract.events import KioskId
from contract.releases import ReleaseId
from hub.access.audit import By
from hub.access.permissions import Permission
from hub.api.routes import Call, Route
from hub.fleet import roll_out_rows, roll_outs
from hub.fleet.roll_out_rows import Member, RollOut
from hub.fleet.roll_outs import RollOutError
from hub.queries import places
from hub.request import connection, services
from hub.web.fleet.reach import may_act
from hub.web.login import visible_stops

T = TypeVar("T")
_WRITE: Final = Permission.SETTINGS


class MemberOut(Struct, frozen=True):
    """A kiosk of a roll-out; ``state`` planned, told, a phase of its updater, well, again,
    reverted, refused, lost or left-out."""

    kiosk: str
    stage: int
    told_ms: int | None
    before: str
    state: str
    state_ms: int
    detail: str
    well_ms: int | None


class RollOutOut(Struct, frozen=True):
    """``state`` ready, running, paused, halted or done; ``due_ms`` when the next stage begins by
    itself."""

    id: int
    release: str
    note: str
    made_ms: int
    state: str
    why: dict[str, Any]
    stage: int
    hours: int
    back: bool
    back_of: int | None
    due_ms: int | None
    kiosks: list[MemberOut]


class RollOutsOut(Struct, frozen=True):
    """Roll-outs, the newest first."""

    roll_outs: list[RollOutOut]


class BackOut(Struct, frozen=True):
    """The roll-outs by which kiosks go back."""

    roll_outs: list[int]


class PlannedIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A kiosk and its stage."""

    kiosk: KioskId
    stage: Annotated[int, Meta(ge=1, le=roll_outs.STAGES)]


class PlanIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A roll-out. ``hours`` that all must run it well until the next stage begins by itself, 0:
    never. ``back``: where it is worse, kiosks go back by themselves."""

    release: ReleaseId
    note: Annotated[str, Meta(min_length=1, max_length=roll_outs.MAX_NOTE)]
    kiosks: Annotated[tuple[PlannedIn, ...], Meta(min_length=1, max_length=1000)]
    hours: Annotated[int, Meta(ge=0, le=roll_outs.MAX_HOURS)] = roll_out_rows.HOURS
    back: bool = False


class LeftOutIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The kiosk that is left out."""

    kiosk: KioskId


def _out(one: RollOut) -> RollOutOut:
    return RollOutOut(
        one.id,
        one.release,
        one.note,
        one.made_ms,
        one.state,
        dict(one.why),
        one.stage,
        one.hours,
        one.back,
        one.back_of,
        one.due_ms,
        [_member(each) for each in one.members],
    )


def _member(one: Member) -> MemberOut:
    return MemberOut(
        one.kiosk,
        one.stage,
        one.told_ms,
        one.before,
        one.state,
        one.state_ms,
        one.detail,
        one.well_ms,
    )


def _list(_call: Call) -> RollOutsOut:
    here, mine = connection(), visible_stops()
    return RollOutsOut([_out(one) for one in roll_out_rows.all_of_them(here, mine)])


def _number(call: Call) -> int:
    text = call.path["number"]
    if not roll_out_rows.NUMBER.fullmatch(text):
        abort(404)
    return int(text)


def _one(call: Call) -> RollOutOut:
    found = roll_out_rows.one(connection(), _number(call), visible_stops())
    if found is None:
        abort(404)
    return _out(found)


def _plan(call: Call) -> RollOutOut:
    body, stops = call.sent(PlanIn), places.stop_of_kiosks(connection())
    for one in body.kiosks:
        call.reach(stops.get(one.kiosk, ""), _WRITE)

    def work(writing: Connection) -> RollOutOut:
        number = roll_outs.make(
            writing,
            body.release,
            {one.kiosk: one.stage for one in body.kiosks},
            body.note,
            call.user.by,
            call.now_ms,
            hours=body.hours,
            back=body.back,
        )
        return _again(writing, number)

    return services().writer.call(work)


def _again(writing: Connection, number: int) -> RollOutOut:
    found = roll_out_rows.one(writing, number)
    assert found is not None
    return _out(found)


def _on_one(call: Call, work: Callable[[Connection, int, By, int], T]) -> T:
    """Has the writer do ``work`` with the roll-out of the path, in the caller's name and now."""
    number = _number(call)
    may_act(connection(), number, visible_stops())
    return services().writer.call(lambda writing: work(writing, number, call.user.by, call.now_ms))


def _act(act: Callable[[Connection, int, By, int], object]) -> Callable[[Call], RollOutOut]:
    def work(writing: Connection, number: int, by: By, now_ms: int) -> RollOutOut:
        act(writing, number, by, now_ms)
        return _again(writing, number)

    return lambda call: _on_one(call, work)


def _leave(call: Call) -> RollOutOut:
    kiosk = call.sent(LeftOutIn).kiosk
    leave = _act(lambda here, n, by, now_ms: roll_outs.leave_out(here, n, kiosk, by, now_ms))
    return leave(call)


def _back(call: Call) -> BackOut:
    return BackOut(_on_one(call, roll_outs.go_back))


_NUMBER: Final = {"number": "The roll-out's number."}
_ASKING: Final = partial(Route, method="GET", permission=_WRITE)
_ACTING: Final = partial(
    Route,
    method="POST",
    permission=_WRITE,
    answer=RollOutOut,
    refusals={RollOutError: 409},
)
_ON_ONE: Final = partial(_ACTING, arguments=_NUMBER, problems=(404,))

ROUTES: Final = (
    _ASKING(
        path="/roll-outs",
        name="rollOuts",
        summary="Roll-outs, the newest first",
        act=_list,
        answer=RollOutsOut,
    ),
    _ASKING(
        path="/roll-outs/{number}",
        name="rollOut",
        summary="A roll-out, and how far each kiosk is",
        act=_one,
        answer=RollOutOut,
        arguments=_NUMBER,
        problems=(404,),
    ),
    _ACTING(
        path="/roll-outs",
        name="planRollOut",
        summary="Plan a roll-out; no kiosk is told yet",
        act=_plan,
        body=PlanIn,
    ),
    _ON_ONE(
        path="/roll-outs/{number}/stages",
        name="beginStage",
        summary="Begin the next stage",
        act=_act(roll_outs.advance),
    ),
    _ON_ONE(
        path="/roll-outs/{number}/pause",
        name="pauseRollOut",
        summary="No kiosk begins until it is resumed",
        act=_act(roll_outs.pause),
    ),
    _ON_ONE(
        path="/roll-outs/{number}/resume",
        name="resumeRollOut",
        summary="Go on, without the kiosks on which it failed",
        act=_act(roll_outs.resume),
    ),
    _ON_ONE(
        path="/roll-outs/{number}/halt",
        name="haltRollOut",
        summary="No further kiosk begins",
        act=_act(roll_outs.halt),
    ),
    _ON_ONE(
        path="/roll-outs/{number}/back",
        name="goBack",
        summary="Have kiosks run again what they ran before",
        act=_back,
        answer=BackOut,
    ),
    _ON_ONE(
        path="/roll-outs/{number}/left-out",
        name="leaveOut",
        summary="Go on without one kiosk",
        act=_leave,
        body=LeftOutIn,
    ),
)
"""These routes."""
