"""The audit log's page: who changed what, when, on what and from which session."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection, Row
from werkzeug.wrappers import Response as BaseResponse

from hub import db
from hub.access import accounts, audit
from hub.access.permissions import Permission
from hub.queries import audit as log
from hub.queries import places
from hub.web import audit_details, audit_words, listing, story
from hub.web.listing import Choice, Column, Days, Kind, Link, Listing, SqlSource, Text
from hub.web.listing.filters import moments
from hub.web.login import needs, signed_in_user


class Line(Struct, frozen=True):
    """A row of the page; names are None where the account has gone."""

    entry: log.Entry
    who: str
    subject: str
    stop: str


def blueprint() -> Blueprint:
    """The page ``/audit``."""
    pages = Blueprint("audit", __name__)
    pages.get("/audit", endpoint="listing")(page)
    return pages


@needs(Permission.AUDIT)
def page() -> BaseResponse:
    """The log, newest first, with its filters; and its exports."""
    return listing.respond(_listing(), lead=_LEAD)


_LEAD = _l(
    "Every change of accounts, settings and reference data, and every export. Nothing here can be "
    "changed or removed. What happened to goods is in the events of each item."
)


def _listing() -> Listing[Line]:
    reader, table = signed_in_user(), db.audit.c
    return Listing(
        name="audit",
        title=_l("Audit log"),
        order="-at",
        empty=_l("Nothing has been changed here yet. The next change will be the first row."),
        source=SqlSource(select=log.entries(reader), key=[table.id], rows=_lines),
        columns=(
            Column("at", _l("When"), lambda line: line.entry.at_ms, Kind.MOMENT, sort=table.at_ms),
            Column("who", _l("Who"), lambda line: line.who, sort=table.who),
            Column(
                "what",
                _l("What"),
                lambda line: audit_words.act(line.entry.what),
                sort=table.what,
                heading=True,
            ),
            Column("subject", _l("On what"), lambda line: line.subject),
            Column(
                "detail",
                _l("In detail"),
                lambda line: audit_details.detail(line.entry.what, line.entry.detail),
            ),
            Column("stop", _l("Stop"), lambda line: line.stop, sort=table.stop),
            Column(
                "session",
                _l("Session"),
                lambda line: line.entry.session,
                Kind.CODE,
                link=Link("audit.listing", "session", lambda line: line.entry.session),
            ),
        ),
        filters=(
            Choice(
                "who",
                _l("Who"),
                options=_people,
                where=lambda who: table.who == who,
                other=True,
                first=True,
            ),
            Choice(
                "what",
                _l("What"),
                options=lambda _: sorted(
                    ((what, str(words)) for what, words in audit_words.ACTS.items()),
                    key=lambda option: option[1],
                ),
                where=lambda what: table.what == what,
                other=True,
                first=True,
            ),
            Days("at", _l("When"), where=moments(table.at_ms), first=True),
            Text("subject", _l("On what"), where=lambda text: table.subject == text),
            Text("session", _l("Session"), where=lambda text: table.session == text),
        ),
    )


def _people(connection: Connection) -> Sequence[tuple[str, str]]:
    known = sorted(accounts.names(connection).items(), key=lambda one: one[1])
    return [*known, (audit.COMMAND_LINE.account, audit_words.command_line())]


def _lines(connection: Connection, rows: Sequence[Row[Any]]) -> Sequence[Line]:
    who = accounts.names(connection)
    stops = places.stops(connection)
    return [_line(log.read(row), who, stops) for row in rows]


def _line(entry: log.Entry, who: dict[str, str], stops: dict[str, places.Stop]) -> Line:
    return Line(
        entry,
        audit_words.person(entry.who, who),
        who.get(entry.subject, entry.subject),
        story.stop_name(stops, entry.stop) if entry.stop else "",
    )
