"""Releases and their roll-outs, over the API: what the pages do."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection

from contract.events import KioskId
from contract.releases import ReleaseId
from hub.access.permissions import Permission
from hub.access.scope import Stops
from hub.api.routes import Call, Route, SentFile
from hub.fleet import releases, roll_outs
from hub.fleet.releases import Release, ReleaseRefusedError
from hub.fleet.roll_outs import Member, RollOut, RollOutError
from hub.queries import places
from hub.request import connection, services
from hub.web.login import Denied, visible_stops

_WRITE: Final = Permission.SETTINGS


class ReleaseOut(Struct, frozen=True):
    """A release for one sort of machine. ``there``: its file is; else it must be brought again.
    ``needed``: a roll-out or a kiosk needs it."""

    id: str
    target: str
    name: str
    version: str
    commit: str
    made_s: int
    size: int
    sha256: str
    key: str
    added_ms: int
    there: bool
    needed: bool


class ReleasesOut(Struct, frozen=True):
    """What is kept, the newest first."""

    releases: list[ReleaseOut]


class PartsOut(Struct, frozen=True):
    """The list of what is in a release, in CycloneDX."""

    release: str
    target: str
    sbom: dict[str, Any]


class ReleaseRemoved(Struct, frozen=True):
    """It is kept no longer."""

    release: str
    target: str


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
    hours: Annotated[int, Meta(ge=0, le=roll_outs.MAX_HOURS)] = roll_outs.HOURS
    back: bool = False


class LeftOutIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The kiosk that is left out."""

    kiosk: KioskId


# --- releases -------------------------------------------------------------------------------------


def release_out(here: Connection, one: Release, needed: set[str]) -> ReleaseOut:
    """A release as the API tells of it."""
    return ReleaseOut(
        one.id,
        one.target,
        one.name,
        one.version,
        one.commit_id,
        one.made_s,
        one.size,
        one.sha256,
        one.key,
        one.added_ms,
        releases.is_there(services().config, one),
        one.id in needed,
    )


def _releases(_call: Call) -> ReleasesOut:
    here = connection()
    needed = releases.needed(here)
    return ReleasesOut([release_out(here, one, needed) for one in releases.all_of_them(here)])


def _add(call: Call) -> ReleaseOut:
    assert isinstance(call.body, SentFile)
    config, call_writer = services().config, services().writer.call
    kept = releases.add(call.body.file, config, call_writer, call.user.by, call.now_ms)
    return release_out(connection(), kept, releases.needed(connection()))


def _remove(call: Call) -> ReleaseRemoved:
    release, target = call.path["release"], call.path["target"]
    config, call_writer = services().config, services().writer.call
    releases.remove(config, call_writer, release, target, call.user.by, call.now_ms)
    return ReleaseRemoved(release, target)


def _parts(call: Call) -> PartsOut:
    kept = releases.one(connection(), call.path["release"], call.path["target"])
    if kept is None:
        abort(404)
    try:
        raw = (releases.folder_of(services().config) / kept.sbom).read_bytes()
        return PartsOut(kept.id, kept.target, msgspec.json.decode(raw, type=dict[str, Any]))
    except (OSError, msgspec.MsgspecError):
        abort(404)


# --- roll-outs ------------------------------------------------------------------------------------


def roll_out_out(one: RollOut) -> RollOutOut:
    """A roll-out as the API tells of it."""
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
    return RollOutsOut([roll_out_out(one) for one in roll_outs.all_of_them(here, mine)])


def _number(call: Call) -> int:
    text = call.path["number"]
    if not roll_outs.NUMBER.fullmatch(text):
        abort(404)
    return int(text)


def _one(call: Call) -> RollOutOut:
    found = roll_outs.one(connection(), _number(call), visible_stops())
    if found is None:
        abort(404)
    return roll_out_out(found)


def may_act(here: Connection, number: int, mine: Stops) -> None:
    """Raises `Denied` for a roll-out of which some kiosks stand beyond the user's scope."""
    found = roll_outs.one(here, number)
    if found is not None and mine is not None:
        for one in found.members:
            if one.stop not in mine:
                raise Denied(_WRITE, one.stop)


def _plan(call: Call) -> RollOutOut:
    body, stops = call.sent(PlanIn), places.stop_of_kiosks(connection())
    for one in body.kiosks:
        if not call.user.sees(stops.get(one.kiosk, "")):
            raise Denied(_WRITE, stops.get(one.kiosk, ""))

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
    found = roll_outs.one(writing, number)
    assert found is not None
    return roll_out_out(found)


def _act(act: Callable[[Connection, int, Call], object]) -> Callable[[Call], RollOutOut]:
    def view(call: Call) -> RollOutOut:
        number = _number(call)
        may_act(connection(), number, visible_stops())

        def work(writing: Connection) -> RollOutOut:
            act(writing, number, call)
            return _again(writing, number)

        return services().writer.call(work)

    return view


def _back(call: Call) -> BackOut:
    number = _number(call)
    may_act(connection(), number, visible_stops())
    return BackOut(
        services().writer.call(
            lambda writing: roll_outs.go_back(writing, number, call.user.by, call.now_ms)
        )
    )


_advance: Final = _act(lambda here, n, call: roll_outs.advance(here, n, call.user.by, call.now_ms))
_pause: Final = _act(lambda here, n, call: roll_outs.pause(here, n, call.user.by, call.now_ms))
_resume: Final = _act(lambda here, n, call: roll_outs.resume(here, n, call.user.by, call.now_ms))
_halt: Final = _act(lambda here, n, call: roll_outs.halt(here, n, call.user.by, call.now_ms))
_leave: Final = _act(
    lambda here, n, call: roll_outs.leave_out(
        here, n, call.sent(LeftOutIn).kiosk, call.user.by, call.now_ms
    )
)

_REFUSED: Final = {ReleaseRefusedError: 409, RollOutError: 409}
_NUMBER: Final = {"number": "The roll-out's number."}
_WHICH: Final = {"release": "The release.", "target": "Its machine, such as cp313-aarch64."}


def _acting(path: str, name: str, summary: str, act: Callable[[Call], Any]) -> Route:
    return Route(
        method="POST",
        path=f"/roll-outs/{{number}}/{path}",
        name=name,
        summary=summary,
        permission=_WRITE,
        act=act,
        answer=BackOut if name == "goBack" else RollOutOut,
        body=LeftOutIn if name == "leaveOut" else None,
        arguments=_NUMBER,
        problems=(404,),
        refusals=_REFUSED,
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/releases",
        name="releases",
        summary="Releases that are kept for kiosks, the newest first",
        permission=_WRITE,
        act=_releases,
        answer=ReleasesOut,
    ),
    Route(
        method="POST",
        path="/releases",
        name="addRelease",
        summary="Keep a signed release; it is verified at once",
        permission=_WRITE,
        act=_add,
        answer=ReleaseOut,
        refusals=_REFUSED,
        file_bytes=releases.MAX_BYTES,
    ),
    Route(
        method="POST",
        path="/releases/{release}/{target}/remove",
        name="removeRelease",
        summary="Keep a release no longer, when nothing needs it",
        permission=_WRITE,
        act=_remove,
        answer=ReleaseRemoved,
        arguments=_WHICH,
        refusals=_REFUSED,
    ),
    Route(
        method="GET",
        path="/releases/{release}/{target}/parts",
        name="releaseParts",
        summary="The list of what is in a release (SBOM)",
        permission=_WRITE,
        act=_parts,
        answer=PartsOut,
        arguments=_WHICH,
        problems=(404,),
    ),
    Route(
        method="GET",
        path="/roll-outs",
        name="rollOuts",
        summary="Roll-outs, the newest first",
        permission=_WRITE,
        act=_list,
        answer=RollOutsOut,
    ),
    Route(
        method="GET",
        path="/roll-outs/{number}",
        name="rollOut",
        summary="A roll-out, and how far each kiosk is",
        permission=_WRITE,
        act=_one,
        answer=RollOutOut,
        arguments=_NUMBER,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/roll-outs",
        name="planRollOut",
        summary="Plan a roll-out; no kiosk is told yet",
        permission=_WRITE,
        act=_plan,
        answer=RollOutOut,
        body=PlanIn,
        refusals=_REFUSED,
    ),
    _acting("stages", "beginStage", "Begin the next stage", _advance),
    _acting("pause", "pauseRollOut", "No kiosk begins until it is resumed", _pause),
    _acting("resume", "resumeRollOut", "Go on, without the kiosks on which it failed", _resume),
    _acting("halt", "haltRollOut", "No further kiosk begins", _halt),
    _acting("back", "goBack", "Have kiosks run again what they ran before", _back),
    _acting("left-out", "leaveOut", "Go on without one kiosk", _leave),
)
"""These routes."""
