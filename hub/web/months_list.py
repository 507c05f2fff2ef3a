"""The closed months as a table."""

import datetime as dt
from typing import Final

from flask import url_for
from flask_babel import lazy_gettext as _l

from hub.queries import statements as query
from hub.queries.statements import Closed
from hub.web import i18n
from hub.web.listing import Column, Kind, Listing, MemorySource


def month_name(month: str) -> str:
    """A month as people say it."""
    return i18n.month(dt.date(int(month[:4]), int(month[5:]), 1))


MONTHS: Final = Listing[Closed](
    name="months",
    title=_l("Closed months"),
    order="-number",
    empty=_l("No month has been closed yet."),
    source=MemorySource(rows=query.closed),
    columns=(
        Column("number", _l("Number"), lambda one: one.number, Kind.NUMBER, sort=True),
        Column(
            "month",
            _l("Month"),
            lambda one: one.month,
            heading=True,
            show=lambda one: month_name(one.month),
            link=lambda one: url_for("statements.statement", number=one.number),
            sort=True,
        ),
        Column("closed", _l("Closed on"), lambda one: one.closed_ms, Kind.MOMENT, sort=True),
        Column("position", _l("Log position"), lambda one: one.position, Kind.NUMBER, sort=True),
        Column("digest", _l("Digest"), lambda one: one.digest, Kind.CODE, on_page=False),
        Column("head", _l("Head"), lambda one: one.head, Kind.CODE, on_page=False),
    ),
)
