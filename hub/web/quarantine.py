"""What arrived and could not be understood, as it was received."""

from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, select
from werkzeug.wrappers import Response as BaseResponse

from hub import db
from hub.access.permissions import Permission
from hub.queries import events
from hub.request import connection
from hub.web import kiosk_columns, listing, wording
from hub.web.listing import Column, Days, Kind, Listing, SqlSource
from hub.web.listing import filters as by
from hub.web.login import needs, visible_stops

MESSAGES: Final = 200
"""So many messages without a place are shown; the incident of their kind counts them all."""
SHOWN_BYTES: Final = 2000

_EVENT: Final = db.event.c


class Line(Struct, frozen=True):
    """A line that nobody understood yet."""

    id: int
    problem: str
    kiosk: str
    epoch: str
    seq: int
    received_ms: int
    raw: str
    hash: str


def blueprint() -> Blueprint:
    """The list under ``/quarantine``."""
    pages = Blueprint("quarantine", __name__)
    pages.get("/quarantine", endpoint="listing")(page)
    return pages


@needs(Permission.SEE_RAW)
def page() -> BaseResponse:
    """The lines, and below them the messages that could not even be placed."""
    return listing.respond(
        QUARANTINE,
        "board/quarantine.html",
        unreadable=events.unreadable(connection(), MESSAGES, visible_stops()),
        problem=wording.problem,
    )


def shown(raw: bytes) -> str:
    """Received bytes as text, whatever they are, cut where it gets long."""
    text = raw[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    kept = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return kept + "…" if len(raw) > SHOWN_BYTES else kept


def _select() -> Select[Any]:
    names = ("id", "problem", "kiosk", "epoch", "seq", "received_ms", "raw", "hash")
    return select(*(_EVENT[name] for name in names)).where(
        _EVENT.problem.is_not(None), events.at_stops(visible_stops())
    )


def _rows(_here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    return [
        Line(
            id=row.id,
            problem=wording.problem(row.problem),
            kiosk=row.kiosk,
            epoch=row.epoch,
            seq=row.seq,
            received_ms=row.received_ms,
            raw=shown(bytes(row.raw)),
            hash=row.hash,
        )
        for row in found
    ]


def _folded(row: Line) -> Markup:
    """The line folded away: it is long, and for whoever knows what it should be."""
    title = _("Show")
    return Markup(  # noqa: S704  # escaped
        f"<details><summary>{escape(title)}</summary>"
        f'<p class="raw">{escape(row.raw)}</p><p class="raw">{escape(row.hash)}</p></details>'
    )


QUARANTINE: Final = Listing[Line](
    name="quarantine",
    title=_l("Quarantine"),
    order="-id",
    empty=_l("Empty: everything that arrived was understood."),
    source=SqlSource(select=_select, key=(_EVENT.id,), rows=_rows),
    columns=(
        Column("id", _l("Number"), lambda row: row.id, Kind.NUMBER, sort=_EVENT.id),
        Column("problem", _l("Why"), lambda row: row.problem, heading=True),
        kiosk_columns.linked(lambda row: row.kiosk),
        kiosk_columns.start(lambda row: row.epoch),
        Column("seq", _l("Place in the journal"), lambda row: row.seq, Kind.NUMBER),
        Column("received", _l("Recorded"), lambda row: row.received_ms, Kind.MOMENT),
        Column("raw", _l("As received"), lambda row: row.raw, show=_folded),
        kiosk_columns.digest(lambda row: row.hash),
    ),
    filters=(
        kiosk_columns.choice(_EVENT.kiosk, first=True),
        Days("day", _l("Recorded"), where=by.moments(_EVENT.received_ms), first=True),
    ),
)
