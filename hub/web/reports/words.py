"""What reports call their figures and periods, in the reader's language."""

from typing import Final

from babel.dates import format_skeleton
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from hub import tallies
from hub.periods import Period
from hub.statuses import DELIVERED, DISPOSED, MISSING, OUT, SOLD
from hub.web import formats, i18n

MEASURES: Final[dict[str, LazyString]] = {
    tallies.RECEIVED: _l("Came in"),
    OUT: _l("Handed to volunteers"),
    DELIVERED: _l("Reached households"),
    SOLD: _l("Sold"),
    DISPOSED: _l("Thrown away"),
    MISSING: _l("Went missing"),
}
"""The measures that people ask for."""


def measure(name: str) -> str:
    """A measure in words."""
    return str(MEASURES[name])


def label(one: Period) -> str:
    """A period under its column, in two short lines: "Wk 45" over "2 Nov"."""
    if one.unit == "month":
        return f"{formats.short_month(one.first)}\n{one.first.year}"
    week = _("Wk %(n)s", n=one.number)
    day = formats.day_of_month(one.first, short=True)
    return f"{week}\n{day}"


def told(one: Period) -> str:
    """A period in full."""
    if one.unit == "month":
        return format_skeleton("yMMMM", one.first, locale=i18n.LOCALES[i18n.language()])
    return _(
        "Week %(n)s of %(year)s (%(first)s–%(last)s)",
        n=one.number,
        year=one.year,
        first=formats.day_of_month(one.first),
        last=formats.day_of_month(one.last),
    )
