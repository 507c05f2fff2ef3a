"""The tables of a statement: which stops and categories, and where each figure leads.

A statement of a city has thirty stops with thirty categories each. Shown at once are the categories
over all stops and the stops over all categories; one stop's own ledger is a click away.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Final
from urllib.parse import urlencode

from flask import url_for
from flask_babel import gettext as _
from msgspec import Struct

from hub.access.users import User
from hub.queries.statements import BOTH
from hub.reporting.statements import (
    IN,
    OUT_OF,
    STANDINGS,
    Line,
    Statement,
    by_category,
    by_stop,
    next_month,
    total,
)
from hub.web.reports.moves import EVERYWHERE

CAME: Final = frozenset({*IN, "came_in"})
LEFT: Final = frozenset({*OUT_OF, "went_out"})


class Section(Struct, frozen=True):
    """A table of the page. ``by`` tells what its lines are of: category or stop."""

    name: str
    by: str
    lines: list[Line]
    total: Line


def sections(
    said: Statement, stop: str, user: User, stop_name: Callable[[str], str]
) -> list[Section]:
    """The tables for ``user``: of ``stop`` if it is one they see, else of all that they see."""
    seen = [line for line in said.lines if user.sees(line.stop)]
    stops = list(dict.fromkeys(line.stop for line in seen))
    if len(stops) == 1:
        stop = stops[0]
    if stop in stops:
        lines = [line for line in seen if line.stop == stop]
        return [Section(stop_name(stop), "category", lines, total(lines, stop))]
    if not seen:
        return []
    everything = total(seen)
    return [
        Section(_("All stops, by category"), "category", by_category(seen), everything),
        Section(_("Each stop"), "stop", by_stop(seen), everything),
    ]


class Figures:
    """Addresses of the movements behind the figures of one month."""

    def __init__(self, month: str) -> None:
        self._page: Final = url_for("reports.movements")
        first = dt.date.fromisoformat(f"{month}-01")
        last = dt.date.fromisoformat(f"{next_month(month)}-01") - dt.timedelta(days=1)
        self._month: Final = (("t_from", first.isoformat()), ("t_to", last.isoformat()))
        self._before: Final = (("t_to", (first - dt.timedelta(days=1)).isoformat()),)
        self._through: Final = self._month[1:]

    def __call__(self, line: Line, part: str) -> str:
        """Where the figure ``part`` of a line leads: balances to all that they add up from."""
        wanted: list[tuple[str, str]] = [("ledger", part)]
        days: Sequence[tuple[str, str]] = self._month
        at = "stop"
        if part in STANDINGS:
            wanted = [(part, line.stop or EVERYWHERE)]
            at, days = "", self._through
        elif part in LEFT:
            at = "from"
        elif part not in CAME:
            wanted = [("ledger", BOTH)]
            at = "at"
            days = self._before if part == "opening" else self._through
        wanted += _given(((at, line.stop if at else ""), ("category", line.category)))
        return f"{self._page}?{urlencode((*wanted, *days))}"

    def late(self, position: int) -> str:
        """The movements of the month that became known after this position of the log."""
        return f"{self._page}?{urlencode((('known', position), *self._month))}"


def _given(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(key, value) for key, value in pairs if value]
