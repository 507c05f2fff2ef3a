"""Releases that are kept for kiosks: what there is, bringing one, taking one away."""

from typing import Final

from flask import Blueprint, Response, abort, redirect, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access import accounts
from hub.access.permissions import Permission
from hub.fleet import releases
from hub.fleet.releases import MAX_BYTES, WORDS, Release, ReleaseRefusedError
from hub.request import connection, now_ms, services
from hub.web import audit_words, i18n, listing, shell
from hub.web.listing import Column, Kind, Link, Listing, MemorySource
from hub.web.login import needs, require, signed_in_user
from hub.web.uploads import takes_file


class Line(Struct, frozen=True):
    """A release for one sort of machine."""

    id: str
    version: str
    commit: str
    target: str
    name: str
    made_ms: int
    size_mb: int
    state: str
    key: str
    sha256: str
    added_ms: int
    who: str


def blueprint() -> Blueprint:
    """The pages under ``/releases``."""
    pages = Blueprint("releases", __name__, url_prefix="/releases")
    pages.get("", endpoint="listing")(overview)
    pages.post("")(upload)
    pages.get("/<release>/<target>/parts")(parts)
    pages.get("/<release>/<target>/remove")(ask_remove)
    pages.post("/<release>/<target>/remove")(remove)
    return pages


def refusal(error: ReleaseRefusedError) -> str:
    """Why one is not taken, in the reader's language."""
    zh, en = WORDS[error.why]
    told = i18n.pick(zh, en)
    return _("%(told)s (%(detail)s)", told=told, detail=error.detail) if error.detail else told


@needs(Permission.SETTINGS)
def overview() -> BaseResponse:
    """What is kept, and the form for more."""
    return _overview()


def _overview(problem: str = "") -> BaseResponse:
    here = connection()
    needed = releases.needed(here)
    missing = ""
    try:
        releases.trusted(services().config)
    except ReleaseRefusedError as error:
        missing = refusal(error)
    return listing.respond(
        RELEASES,
        "fleet/releases.html",
        problem=problem,
        missing=missing,
        megabytes=MAX_BYTES >> 20,
        kept=[(one, one.id not in needed) for one in releases.all_of_them(here)],
    )


@takes_file(MAX_BYTES)
@needs(Permission.SETTINGS)
def upload() -> BaseResponse:
    """Keeps the file of the form, if its signature stands."""
    require(Permission.SETTINGS)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return Response(_overview(_("Choose a file first.")).get_data(), status=400)
    config, call = services().config, services().writer.call
    try:
        kept = releases.add(sent.stream, config, call, signed_in_user().by, now_ms())
    except ReleaseRefusedError as error:
        problem = _("It is not taken: %(why)s.", why=refusal(error))
        return Response(_overview(problem).get_data(), status=400)
    shell.told(_("%(release)s is kept. No kiosk is told yet: plan a roll-out.", release=kept.id))
    return redirect(url_for("releases.listing"), 303)


def _found(release: str, target: str) -> Release:
    found = releases.one(connection(), release, target)
    if found is None:
        abort(404)
    return found


@needs(Permission.SETTINGS)
def parts(release: str, target: str) -> BaseResponse:
    """The list of what is in it, as a CycloneDX file."""
    found = _found(release, target)
    path = releases.folder_of(services().config) / found.sbom
    if not path.is_file():
        abort(404)
    name = f"yicang-{found.id}-{found.name}.sbom.cdx.json"
    return send_file(
        path,
        mimetype="application/vnd.cyclonedx+json",
        as_attachment=True,
        download_name=name,
    )


@needs(Permission.SETTINGS)
def ask_remove(release: str, target: str) -> str:
    """Asks first."""
    found = _found(release, target)
    return shell.confirm(
        heading=_("Take release %(release)s away?", release=found.id),
        text=_("Its file is deleted here. Kiosks that run it go on running it."),
        button=_("Take it away"),
        back=url_for("releases.listing"),
        facts=[(_("Made for"), f"{found.name} ({found.target})")],
    )


@needs(Permission.SETTINGS)
def remove(release: str, target: str) -> BaseResponse:
    """Deletes it."""
    found, user = _found(release, target), signed_in_user()
    config, call = services().config, services().writer.call
    try:
        releases.remove(config, call, found.id, found.target, user.by, now_ms())
    except ReleaseRefusedError as error:
        shell.told(_("It stays: %(why)s.", why=refusal(error)), kind="bad")
    else:
        shell.told(_("It is gone."))
    return redirect(url_for("releases.listing"), 303)


def _rows(here: Connection) -> list[Line]:
    names, needed = accounts.names(here), releases.needed(here)
    return [_line(one, names, needed) for one in releases.all_of_them(here)]


def _line(one: Release, names: dict[str, str], needed: set[str]) -> Line:
    if not releases.is_there(services().config, one):
        state = _("its file is gone: bring it again")
    else:
        state = _("in use") if one.id in needed else _("kept")
    return Line(
        one.id,
        one.version,
        one.commit_id[:12],
        one.target,
        one.name,
        one.made_s * 1000,
        -(-one.size >> 20) or 1,
        state,
        one.key,
        one.sha256,
        one.added_ms,
        audit_words.person(one.account, names),
    )


RELEASES: Final = Listing[Line](
    name="releases",
    title=_l("Releases"),
    order="-made",
    empty=_l("There is no release here yet. Kiosks keep running what they have."),
    source=MemorySource(rows=_rows),
    columns=(
        Column(
            "id",
            _l("Package"),
            lambda row: row.id,
            Kind.CODE,
            heading=True,
            link=Link("roll_outs.new", "release", lambda row: row.id),
            sort=True,
        ),
        Column(
            "version",
            _l("Version"),
            lambda row: row.version,
            on_page=False,  # the package's name begins with it
        ),
        Column("commit", _l("Commit"), lambda row: row.commit, Kind.CODE, on_page=False),
        Column(
            "name",
            _l("Made for"),
            lambda row: row.name,
            show=lambda row: f"{row.name} ({row.target})",
            sort=True,
        ),
        Column("target", _l("Machine"), lambda row: row.target, Kind.CODE, on_page=False),
        Column("made", _l("Made"), lambda row: row.made_ms, Kind.MOMENT, sort=True),
        Column("size", _l("Size, MB"), lambda row: row.size_mb, Kind.NUMBER),
        Column("state", _l("State"), lambda row: row.state, sort=True),
        Column("key", _l("Signed by"), lambda row: row.key, Kind.CODE),
        Column("sha256", _l("Hash"), lambda row: row.sha256, Kind.CODE, on_page=False),
        Column("added", _l("Brought"), lambda row: row.added_ms, Kind.MOMENT, sort=True),
        Column("who", _l("By"), lambda row: row.who),
    ),
    filters=(),
)
