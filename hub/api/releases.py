"""Releases, over the API: what the pages do."""

from typing import Any, Final

import msgspec
from flask import abort
from msgspec import Struct

from hub.access.permissions import Permission
from hub.api.routes import Call, Route, SentFile
from hub.fleet import releases
from hub.fleet.releases import Release, ReleaseRefusedError
from hub.request import connection, services

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


def _release_out(one: Release, needed: set[str]) -> ReleaseOut:
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
    return ReleasesOut([_release_out(one, needed) for one in releases.all_of_them(here)])


def _add(call: Call) -> ReleaseOut:
    assert isinstance(call.body, SentFile)
    config, call_writer = services().config, services().writer.call
    kept = releases.add(call.body.file, config, call_writer, call.user.by, call.now_ms)
    return _release_out(kept, releases.needed(connection()))


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


_WHICH: Final = {"release": "The release.", "target": "Its machine, such as cp313-aarch64."}
_REFUSED: Final[dict[type[Exception], int]] = {ReleaseRefusedError: 409}

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
)
"""These routes."""
