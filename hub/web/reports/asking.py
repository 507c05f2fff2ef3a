"""What the address of a report asks for: whose figures, and of how long."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from flask import url_for
from flask_babel import gettext as _
from msgspec import Struct

from contract.actions import CATEGORY_BY_KEY
from hub.access.scope import Stops
from hub.queries import places
from hub.queries.reports import Asked
from hub.reporting.periods import Period, Unit, back
from hub.web import story

SPANS: Final[dict[str, tuple[Unit, int]]] = {
    "w12": ("week", 12),
    "w26": ("week", 26),
    "m12": ("month", 12),
    "m24": ("month", 24),
}
DEFAULT: Final = "w12"


class Report(Struct, frozen=True):
    """What was asked; ``asked`` is for queries."""

    span: str
    periods: list[Period]
    asked: Asked
    stops: dict[str, places.Stop]

    def moves(self, what: str, first: dt.date, last: dt.date, **more: str) -> str:
        """The address of the movements behind a figure."""
        return self._list("reports.movements", what=what, t_from=first, t_to=last, **more)

    def items(self, **wanted: Any) -> str:
        """The address of the items behind a figure of what stands at the stops."""
        return self._list("items.listing", status="here", **wanted)

    def _list(self, endpoint: str, **wanted: Any) -> str:
        given = {"stop": self.asked.stop, "category": self.asked.category, **wanted}
        values: dict[str, Any] = {key: str(one) for key, one in given.items() if one is not None}
        return url_for(endpoint, **values)


def read(
    args: Mapping[str, str], today: dt.date, visible: Stops, stops: dict[str, places.Stop]
) -> Report:
    """The report that an address asks for; what cannot be read counts as not being there."""
    span = args.get("span", "")
    unit, count = SPANS.get(span, SPANS[DEFAULT])
    stop, category = args.get("stop", ""), args.get("category", "")
    return Report(
        span if span in SPANS else DEFAULT,
        back(unit, today, count),
        Asked(
            visible,
            stop if stop in stops else None,
            category if category in CATEGORY_BY_KEY else None,
        ),
        stops,
    )


def span_options() -> list[tuple[str, str]]:
    """The spans in words."""
    return [
        ("w12", _("12 weeks")),
        ("w26", _("26 weeks")),
        ("m12", _("12 months")),
        ("m24", _("24 months")),
    ]


def stop_options(visible: Stops, stops: dict[str, places.Stop]) -> list[tuple[str, str]]:
    """The stops that the user may see."""
    return [
        (key, story.stop_name(stops, key)) for key in stops if visible is None or key in visible
    ]


def category_options() -> list[tuple[str, str]]:
    """All categories."""
    return [(key, story.category_name(key)) for key in CATEGORY_BY_KEY]
