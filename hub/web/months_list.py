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
        Column(
            key="number",
            title=_l("Number"),
            kind=Kind.NUMBER,
            value=lambda one: one.number,
            sort=True,
        ),
        Column(
            key="month",
            title=_l("Month"),
            heading=True,
            value=lambda one: one.month,
            show=lambda one: month_name(one.month),
            link=lambda one: url_for("statements.statement", number=one.number),
            sort=True,
        ),
        Column(
            key="closed",
            title=_l("Closed on"),
            kind=Kind.MOMENT,
            value=lambda one: one.closed_ms,
            sort=True,
        ),
        Column(
            key="position",
            title=_l("Log position"),
            kind=Kind.NUMBER,
            value=lambda one: one.position,
            sort=True,
        ),
        Column(
            key="digest",
            title=_l("Digest"),
            kind=Kind.CODE,
            value=lambda one: one.digest,
            on_page=False,
        ),
        Column(
            key="head", title=_l("Head"), kind=Kind.CODE, value=lambda one: one.head, on_page=False
        ),
    ),
)
