"""What labels and receipts look like, over the API: what the pages do
(`hub.printing.paper_changes`)."""

import base64
from typing import Annotated, Any, Final, Literal

from flask import abort, request
from msgspec import Meta, Struct

from contract.papers import Papers
from drivers.papers import Letterhead
from drivers.ports import LayoutError
from hub.access.permissions import Permission
from hub.api.problems import BadParameter
from hub.api.routes import Call, Route
from hub.kiosks.reference import TooManyNamesError
from hub.printing import paper_changes, paper_pictures, papers
from hub.printing.paper_changes import ChangedError, PapersError, UnknownVersionError
from hub.printing.paper_pictures import OF_PAPER, USUAL
from hub.printing.papers import EVERY
from hub.queries import places
from hub.request import connection, services
from hub.web.papers import EVERY_KEY

Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class PapersOut(Struct, frozen=True):
    """What a stop's kiosks print by; ``own`` when the stop chose it itself. ``version`` is the
    newest that was saved for the stop, 0: none."""

    stop: str
    own: bool
    version: int
    papers: Papers


class ToSave(Struct, frozen=True, forbid_unknown_fields=True):
    """New papers of a stop. ``seen`` is the version that they were made from (409 if another was
    saved since)."""

    papers: Papers
    seen: Number


class VersionOut(Struct, frozen=True):
    """A version that was saved; ``papers`` None: as every stop."""

    version: int
    made_ms: int
    account: str
    papers: Papers | None


class VersionsOut(Struct, frozen=True):
    """The last versions of a stop's papers, the newest first."""

    stop: str
    versions: list[VersionOut]


class ToPutBack(Struct, frozen=True, forbid_unknown_fields=True):
    """An earlier version, saved once more; 0: as every stop. ``seen`` as in saving."""

    version: Number
    seen: Number


class ToSee(Struct, frozen=True, forbid_unknown_fields=True):
    """Papers to be looked at. ``printer``: 58mm, 80mm, and labels by their length, 58mm-40,
    58mm-30 and 80mm-50, on which there are no receipts."""

    papers: Papers
    paper: Literal["label", "receipt"]
    printer: Annotated[str, Meta(max_length=20)] = USUAL


class PictureOut(Struct, frozen=True):
    """A paper with made-up goods as it would be printed: ``png`` is base64, one bit and one pixel a
    dot; ``lines`` are the texts on it."""

    png: str
    width: int
    height: int
    lines: list[str]


def _stop(call: Call) -> str:
    """The stop of the path; 404 for none, 403 for one that the token does not reach."""
    key = call.path["stop"]
    if key == EVERY_KEY:
        return EVERY
    if key not in places.stops(connection()):
        abort(404)
    call.reach(key, Permission.VIEW)
    return key


def _mine(call: Call) -> str:
    """The same, for a change: what holds for every stop takes a token for every stop."""
    stop = _stop(call)
    call.reach(stop, Permission.PAPERS)
    return stop


def _out(here: Any, stop: str) -> PapersOut:
    newest = papers.newest(here, stop)
    return PapersOut(
        stop=stop or EVERY_KEY,
        own=newest is not None and newest.papers is not None,
        version=0 if newest is None else newest.n,
        papers=papers.of_stop(here, stop),
    )


def _read(call: Call) -> PapersOut:
    return _out(connection(), _stop(call))


def _versions(call: Call) -> VersionsOut:
    stop = _mine(call)
    found = papers.versions(connection(), stop)
    return VersionsOut(
        stop or EVERY_KEY,
        [VersionOut(one.n, one.made_ms, one.account, one.papers) for one in found],
    )


def _save(call: Call) -> PapersOut:
    stop, body = _mine(call), call.sent(ToSave)
    _require_sense(body.papers)

    def work(writing: Any) -> PapersOut:
        paper_changes.put(writing, stop, body.papers, body.seen, call.user.by, call.now_ms)
        return _out(writing, stop)

    return services().writer.call(work)


def _put_back(call: Call) -> PapersOut:
    stop, body = _mine(call), call.sent(ToPutBack)

    def work(writing: Any) -> PapersOut:
        n, by = body.version, call.user.by
        paper_changes.put_back(writing, stop, n, body.seen, by, call.now_ms)
        return _out(writing, stop)

    try:
        return services().writer.call(work)
    except UnknownVersionError:
        abort(404)


def _see(call: Call) -> PictureOut:
    stop, body = _stop(call), call.sent(ToSee)
    _require_sense(body.papers)
    if body.printer not in OF_PAPER[body.paper]:
        raise BadParameter("printer", f"one of {', '.join(OF_PAPER[body.paper])}")
    seen = paper_pictures.drawn(body.paper, body.papers, _head(stop), body.printer)
    texts = zip(seen.kinds, seen.lines, strict=True)
    return PictureOut(
        base64.b64encode(seen.png).decode(),
        seen.width,
        seen.height,
        [line for kind, line in texts if kind == "text"],
    )


def _require_sense(given: Papers) -> None:
    if found := papers.faults_of(given):
        raise BadParameter("papers", ", ".join(found))


def _head(stop: str) -> Letterhead:
    hub_url = services().config.public_url or request.host_url
    return paper_pictures.letterhead(connection(), stop, hub_url)


_STOP: Final = {"stop": f"The stop's id; `{EVERY_KEY}` for all that have none of their own."}
_CHANGED: Final = {ChangedError: 409, TooManyNamesError: 409, PapersError: 400}

ROUTES: Final = (
    Route(
        method="GET",
        path="/papers/{stop}",
        name="papers",
        summary="What a stop's labels and receipts look like",
        permission=Permission.VIEW,
        act=_read,
        answer=PapersOut,
        arguments=_STOP,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/papers/{stop}",
        name="savePapers",
        summary="Change what a stop's labels and receipts look like",
        permission=Permission.PAPERS,
        act=_save,
        answer=PapersOut,
        body=ToSave,
        arguments=_STOP,
        problems=(404,),
        refusals=_CHANGED,
    ),
    Route(
        method="GET",
        path="/papers/{stop}/versions",
        name="paperVersions",
        summary="What was saved before",
        permission=Permission.PAPERS,
        act=_versions,
        answer=VersionsOut,
        arguments=_STOP,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/papers/{stop}/back",
        name="putPapersBack",
        summary="Put an earlier version back, or what every stop has",
        permission=Permission.PAPERS,
        act=_put_back,
        answer=PapersOut,
        body=ToPutBack,
        arguments=_STOP,
        problems=(404,),
        refusals=_CHANGED,
    ),
    Route(
        method="POST",
        path="/papers/{stop}/preview",
        name="seePapers",
        summary="A label or receipt as it would be printed; changes nothing",
        permission=Permission.VIEW,
        act=_see,
        answer=PictureOut,
        body=ToSee,
        arguments=_STOP,
        problems=(404,),
        refusals={LayoutError: 400},
    ),
)
"""The routes of papers."""
