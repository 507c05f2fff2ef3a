"""Bundles that somebody carried here: handing one in, and what each brought."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection, Row, Select
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as BaseResponse

from contract.bundles import MAX_BUNDLE_BYTES, SUFFIX
from hub import db
from hub.access import accounts
from hub.access.permissions import Permission
from hub.fleet import bundles
from hub.fleet.bundles import Imported, ImportRefusedError, Opened
from hub.queries import places, reviews
from hub.request import connection, now_ms, services
from hub.web import audit_words, kiosk_columns, listing, shell
from hub.web.lifecycle import words
from hub.web.listing import Column, Days, Kind, Listing, SqlSource
from hub.web.listing import filters as by
from hub.web.login import needs, require, signed_in_user, visible_stops
from hub.web.uploads import takes_file

_TABLE: Final = db.bundle.c


class Line(Struct, frozen=True):
    """A bundle that was taken in."""

    id: int
    imported_ms: int
    kiosk: str
    source: str
    made_ms: int | None
    events: int
    fresh: int
    held: int
    review: int
    who: str
    sha256: str


def blueprint() -> Blueprint:
    """The pages under ``/bundles``."""
    pages = Blueprint("bundles", __name__, url_prefix="/bundles")
    pages.get("")(overview)
    pages.post("")(upload)
    return pages


@needs(Permission.VIEW)
def overview() -> BaseResponse:
    """What was brought, and the form for more."""
    return _overview()


@takes_file(MAX_BUNDLE_BYTES)
@needs(Permission.FLEET)
def upload() -> BaseResponse:
    """Takes in the files of the form, each for itself."""
    require(Permission.FLEET)
    sent = [one for one in request.files.getlist("file") if one.filename]
    if not sent:
        return Response(_overview(_("Choose a file first.")).get_data(), status=400)
    refused = []
    review = False
    for one in sent:
        try:
            done = _take(one)
        except ImportRefusedError as error:
            name = one.filename or ""
            refused.append(_("%(file)s: %(why)s", file=name[:80], why=words.refusal(error)))
        else:
            shell.told(words.imported(done))
            review = review or done.review > 0
    for told in refused:
        shell.told(told, kind="bad")
    return redirect(url_for("review.overview" if review else "bundles.overview"), 303)


def _take(sent: FileStorage) -> Imported:
    key_file, call = services().config.bundle_key_file, services().writer.call
    keys = bundles.hub_keys(key_file)
    opened, lines = bundles.open_bundle(sent.stream, keys, call, Path(key_file).parent)
    with lines:
        require_stop(opened)
        return bundles.take_in(opened, lines, call, signed_in_user().by, now_ms)


def require_stop(opened: Opened) -> None:
    """Raises `Denied` where the bundle's kiosk stands at a stop beyond the user's scope."""
    stop = places.stop_of_kiosks(connection()).get(opened.opening.kiosk, "")
    require(Permission.FLEET, stop)


def _overview(problem: str = "") -> BaseResponse:
    return listing.respond(
        BUNDLES,
        "lifecycle/bundles.html",
        may_bring=signed_in_user().may(Permission.FLEET),
        problem=problem,
        suffix=SUFFIX,
        megabytes=MAX_BUNDLE_BYTES // 2**20,
        ready=bool(services().config.bundle_key_file),
    )


def _select() -> Select[Any]:
    return reviews.bundles(visible_stops())


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    names = accounts.names(here)
    return [
        Line(
            id=row.id,
            imported_ms=row.imported_ms,
            kiosk=row.kiosk,
            source=str(words.SOURCES[row.source]),
            made_ms=row.made_ms if row.clock else None,
            events=row.events,
            fresh=row.fresh,
            held=row.held,
            review=row.review,
            who=audit_words.person(row.imported_by, names),
            sha256=row.sha256,
        )
        for row in found
    ]


BUNDLES: Final = Listing[Line](
    name="bundles",
    title=_l("Bundles"),
    order="-imported",
    empty=_l(
        "Nobody has brought a bundle yet. A kiosk without a network writes one onto any USB stick"
        " that is plugged into it."
    ),
    source=SqlSource(select=_select, key=(_TABLE.id,), rows=_rows),
    columns=(
        Column(
            "imported",
            _l("Brought"),
            lambda row: row.imported_ms,
            Kind.MOMENT,
            heading=True,
            sort=_TABLE.id,
        ),
        kiosk_columns.linked(lambda row: row.kiosk),
        Column("source", _l("From"), lambda row: row.source),
        Column("made", _l("Written"), lambda row: row.made_ms, Kind.MOMENT),
        Column("events", _l("Events"), lambda row: row.events, Kind.NUMBER),
        Column("fresh", _l("New"), lambda row: row.fresh, Kind.NUMBER),
        Column("held", _l("Here already"), lambda row: row.held, Kind.NUMBER),
        Column("review", _l("For review"), lambda row: row.review, Kind.NUMBER),
        Column("who", _l("By"), lambda row: row.who),
        Column("sha256", _l("Hash"), lambda row: row.sha256, Kind.CODE, on_page=False),
    ),
    filters=(
        kiosk_columns.choice(_TABLE.kiosk, first=True),
        Days("day", _l("Brought"), where=by.moments(_TABLE.imported_ms), first=True),
    ),
)
