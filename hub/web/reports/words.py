"""What reports call their figures and periods, in the reader's language."""

from typing import Final

from babel.dates import format_skeleton
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from hub.projections import tallies
from hub.queries.statements import BOTH
from hub.reporting.periods import Period
from hub.reporting.statements import IN, OUT_OF
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

PARTS: Final[dict[str, LazyString]] = {
    "opening": _l("Opening"),
    "received": _l("Donated"),
    "found": _l("Found again"),
    "given_back": _l("Given back"),
    "taken_over": _l("Taken over"),
    "delivered": _l("Delivered"),
    "sold": _l("Sold"),
    "handed_over": _l("Handed over"),
    "disposed": _l("Thrown away"),
    "missing": _l("Missing"),
    "closing": _l("Closing"),
    "here": _l("At the stop"),
    "out": _l("With volunteers"),
    "on_the_way": _l("On the way"),
    "market_sales": _l("Sales"),
    "market_sold": _l("Sold (yuan)"),
    "market_taken_back": _l("Given back (yuan)"),
    "market_counted": _l("Cash counted (yuan)"),
}
"""The figures of a month's statement."""

LEDGER: Final[dict[str, LazyString]] = {
    **{name: PARTS[name] for name in (*IN, *OUT_OF)},
    "came_in": _l("All that came in"),
    "went_out": _l("All that went out"),
    BOTH: _l("All that came in or went out"),
}
"""Those that movements are listed by."""


def part(name: str) -> str:
    """A figure of a statement, or what movements are listed by, in words."""
    return str(LEDGER[name] if name in LEDGER else PARTS[name])


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
