"""Retail codes that came in and that nobody has named yet."""

from collections.abc import Sequence
from typing import Final

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection

from contract.actions import CATEGORIES
from hub.kiosks import reference
from hub.kiosks.reference import UnknownCode
from hub.web import story
from hub.web.listing import Choice, Column, Kind, Listing, MemorySource, Text

MOST: Final = 5_000
"""Codes that are looked at: the most frequent ones."""


def _rows(here: Connection) -> Sequence[UnknownCode]:
    return reference.unknown_codes(here, MOST)


def _address(row: UnknownCode) -> str:
    return url_for("names.entry", part="products", key=row.gtin, category=row.category or "", new=1)


CODES: Final = Listing[UnknownCode](
    name="codes",
    title=_l("Codes to name"),
    order="-items",
    empty=_l("Every code that came in has a name."),
    source=MemorySource(rows=_rows),
    columns=(
        Column(
            "gtin",
            _l("Code"),
            lambda row: row.gtin,
            Kind.CODE,
            heading=True,
            link=_address,
            sort=True,
        ),
        Column(
            "category",
            _l("Category that people chose"),
            lambda row: story.category_name(row.category) if row.category else None,
            sort=True,
        ),
        Column("last", _l("Last one"), lambda row: row.last_t, Kind.MOMENT, sort=True),
        Column(
            "items",
            _l("Items"),
            lambda row: row.items,
            Kind.NUMBER,
            link=lambda row: url_for("items.listing", gtin=row.gtin),
            sort=True,
        ),
    ),
    filters=(
        Choice(
            "category",
            _l("Category"),
            options=lambda _here: [(one.key, story.category_name(one.key)) for one in CATEGORIES],
            keep=lambda row, value: row.category == value,
            first=True,
        ),
        Text("gtin", _l("Code"), keep=lambda row, value: value in row.gtin),
    ),
)
