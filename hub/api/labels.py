"""Labels printed ahead and links for screens, over the API."""

from typing import Annotated, Any, Final, Literal

from flask import abort
from msgspec import Meta, Struct

from contract import codes
from contract.codes import Kind
from hub.access import account_operations, audit, scope, walls
from hub.access.accounts import AccountError
from hub.access.permissions import Permission
from hub.access.walls import MAX_NAME, Wall, WallError
from hub.api.problems import BadParameter
from hub.api.routes import Call, Route
from hub.printing import label_runs
from hub.printing.label_runs import SHEET, LabelError, Run
from hub.printing.ready_made import NoLabelPrefixError
from hub.queries import places
from hub.request import connection, services
from hub.web.login import Denied

Names = Annotated[list[Annotated[str, Meta(max_length=60)]], Meta(max_length=200)]


class RunOut(Struct, frozen=True):
    """A run: ``codes`` in the order of its sheets, ``voided`` those that were spoilt."""

    prefix: str
    kind: str
    stop: str
    made_ms: int
    bound: int
    codes: list[str]
    voided: list[str]


class RunsAsked(Struct, frozen=True):
    """``after`` is the last answer's ``next``."""

    after: Annotated[str, Meta(max_length=8)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class RunsOut(Struct, frozen=True):
    """Runs by prefix; ``next`` is the one to ask ``after`` for more, or null."""

    runs: list[RunOut]
    next: str | None


class ToPrint(Struct, frozen=True, forbid_unknown_fields=True):
    """So many sheets of labels, for items or boxes; of a stop, or (empty) for any."""

    kind: Literal["item", "box"]
    sheets: Annotated[int, Meta(ge=1, le=50)]
    stop: str = ""


class ToVoid(Struct, frozen=True, forbid_unknown_fields=True):
    """The code of a spoilt label."""

    code: Annotated[str, Meta(max_length=40)]


class Spoilt(Struct, frozen=True):
    """The code that is not expected any more."""

    code: str


class WallOut(Struct, frozen=True):
    """A link for a screen, without its secret; no stops and cities: everywhere."""

    id: str
    name: str
    stops: list[str]
    cities: list[str]
    created_ms: int


class WallsOut(Struct, frozen=True):
    """The links, the newest first; there are 200 at most."""

    links: list[WallOut]


class ToHang(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the screen hangs, and what it shows."""

    name: Annotated[str, Meta(max_length=MAX_NAME)]
    stops: Names = []
    cities: Names = []


class Hung(Struct, frozen=True):
    """A new link; the screen's address is ``/wall/at/`` and ``secret``, which is told once."""

    link: WallOut
    secret: str


class Taken(Struct, frozen=True):
    """The id of the link that is no longer there."""

    id: str


# --- labels ----------------------------------------------------------------------------------


def _out(run: Run) -> RunOut:
    spoilt = sorted(label_runs.voided(connection(), run.prefix))
    return RunOut(run.prefix, run.kind, run.stop, run.made_ms, run.bound, run.codes, spoilt)


def _runs(call: Call) -> RunsOut:
    asked = call.asked(RunsAsked)
    found = sorted(
        (
            run
            for run in label_runs.runs(connection())
            if run.prefix > asked.after and (not run.stop or call.user.sees(run.stop))
        ),
        key=lambda run: run.prefix,
    )
    page = found[: asked.limit]
    more = len(found) > asked.limit
    return RunsOut([_out(run) for run in page], page[-1].prefix if more else None)


def _run(call: Call) -> RunOut:
    found = label_runs.runs(connection(), call.path["prefix"][:4])
    if not found or found[0].prefix != call.path["prefix"]:
        abort(404)
    if found[0].stop:  # else it is for any stop
        call.reach(found[0].stop, Permission.VIEW)
    return _out(found[0])


def _print(call: Call) -> RunOut:
    body, user = call.sent(ToPrint), call.user
    if body.stop and body.stop not in places.stops(connection()):
        raise BadParameter("stop", "there is no such stop")
    call.reach(body.stop, Permission.LABELS)
    kind = Kind.BOX if body.kind == "box" else Kind.ITEM
    n = body.sheets * SHEET
    return _out(
        services().writer.call(
            lambda writing: label_runs.make(writing, kind, n, body.stop, user.by, call.now_ms)
        )
    )


def _void(call: Call) -> Spoilt:
    text = codes.normalise(call.sent(ToVoid).code)
    found = label_runs.runs(connection(), text[1:5]) if len(text) > 4 else []
    if found and found[0].stop:
        call.reach(found[0].stop, Permission.LABELS)
    return Spoilt(
        services().writer.call(
            lambda writing: label_runs.void(writing, text, call.user.by, call.now_ms)
        )
    )


# --- screens ---------------------------------------------------------------------------------


def _wall(one: Wall) -> WallOut:
    return WallOut(one.id, one.name, list(one.scope.stops), list(one.scope.cities), one.created_ms)


def _theirs(call: Call) -> list[Wall]:
    here = connection()
    return [
        one
        for one in walls.links(here)
        if scope.contains(call.user.visible, scope.resolve(here, one.scope))
    ]


def _links(call: Call) -> WallsOut:
    return WallsOut([_wall(one) for one in _theirs(call)])


def _hang(call: Call) -> Hung:
    body, user = call.sent(ToHang), call.user
    within = scope.make(body.stops, body.cities)
    try:
        account_operations.require_known(connection(), within)
    except AccountError as error:
        raise BadParameter("stops", str(error)) from None
    if not scope.contains(user.visible, scope.resolve(connection(), within)):
        raise Denied(Permission.SETTINGS)

    def work(writing: Any) -> tuple[Wall, str]:
        made, secret = walls.add(writing, body.name, within, user.id, call.now_ms)
        detail = {"stops": list(within.stops), "cities": list(within.cities)}
        audit.note(writing, user.by, "wall.added", made.id, detail, call.now_ms)
        return made, secret

    made, secret = services().writer.call(work)
    return Hung(_wall(made), secret)


def _take(call: Call) -> Taken:
    wanted = call.path["link"]
    if wanted not in {one.id for one in _theirs(call)}:
        abort(404)

    def work(writing: Any) -> None:
        if walls.remove(writing, wanted):
            audit.note(writing, call.user.by, "wall.removed", wanted, {}, call.now_ms)

    services().writer.call(work)
    return Taken(wanted)


ROUTES: Final = (
    Route(
        method="GET",
        path="/labels",
        name="labelRuns",
        summary="Labels printed ahead, and what became of them",
        permission=Permission.VIEW,
        act=_runs,
        query=RunsAsked,
        answer=RunsOut,
    ),
    Route(
        method="GET",
        path="/labels/{prefix}",
        name="labelRun",
        summary="A run of labels printed ahead",
        permission=Permission.VIEW,
        act=_run,
        answer=RunOut,
        arguments={"prefix": "The four characters that all its codes share."},
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/labels",
        name="drawLabels",
        summary="Draw the codes of some sheets of labels",
        permission=Permission.LABELS,
        act=_print,
        body=ToPrint,
        answer=RunOut,
        refusals={LabelError: 400, NoLabelPrefixError: 409},
    ),
    Route(
        method="POST",
        path="/labels/void",
        name="voidLabel",
        summary="A label printed ahead was spoilt",
        permission=Permission.LABELS,
        act=_void,
        body=ToVoid,
        answer=Spoilt,
        refusals={LabelError: 409},
    ),
    Route(
        method="GET",
        path="/wall-links",
        name="wallLinks",
        summary="Links for screens that nobody signs in at",
        permission=Permission.SETTINGS,
        act=_links,
        answer=WallsOut,
    ),
    Route(
        method="POST",
        path="/wall-links",
        name="addWallLink",
        summary="Make such a link; its secret is told once",
        permission=Permission.SETTINGS,
        act=_hang,
        body=ToHang,
        answer=Hung,
        refusals={WallError: 400},
        secret=True,
    ),
    Route(
        method="DELETE",
        path="/wall-links/{link}",
        name="removeWallLink",
        summary="Take such a link back",
        permission=Permission.SETTINGS,
        act=_take,
        answer=Taken,
        arguments={"link": "The link's id."},
        problems=(404,),
    ),
)
"""These routes."""
