"""From added-up figures to what charts and tables show. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from hub.projections.tallies import CAME, LEFT, RECEIVED
from hub.reporting.periods import Period
from hub.statuses import DELIVERED, DISPOSED, MISSING, OUT, SOLD

TOP: Final = 5
"""Categories that a chart tells apart; the rest are one series more."""
REST: Final = ""
"""The key of that one."""
AGES: Final = (7, 30, 90, 180)
"""Days that part what stands at a stop by age."""

Figure = tuple[str, str, str, str, int]
"""`hub.queries.reports.Row`: period, stop, category, measure, pieces."""


def over(
    periods: Sequence[Period], found: Iterable[Figure], measure: str, at: int = 2
) -> dict[str, list[int]]:
    """The pieces of ``measure`` in each period, by the figure's field ``at`` (1 stop, 2
    category)."""
    places = {one.key: n for n, one in enumerate(periods)}
    made: dict[str, list[int]] = {}
    for row in found:
        if row[3] == measure and row[0] in places:
            series = made.setdefault(str(row[at]), [0] * len(periods))
            series[places[row[0]]] += row[4]
    return made


def largest(series: Mapping[str, Sequence[int]], top: int = TOP) -> dict[str, list[int]]:
    """The ``top`` series with the largest sums, the largest first, and the rest as `REST`; if only
    one more is left, itself."""
    order = sorted(series, key=lambda name: (-sum(series[name]), name))
    keep = order if len(order) <= top + 1 else order[:top]
    found = {name: list(series[name]) for name in keep}
    others = [series[name] for name in order[len(keep) :]]
    if others:
        found[REST] = [sum(values) for values in zip(*others, strict=True)]
    return found


def summed(series: Mapping[str, Sequence[int]], count: int) -> list[int]:
    """All series together, of ``count`` values."""
    return [sum(values[n] for values in series.values()) for n in range(count)]


def levels(now: int, came: Sequence[int], left: Sequence[int]) -> list[int]:
    """What stood there at the end of each period, going back from what stands there now. Never
    below 0: times that a clock made up may disagree."""
    found, level = [], now
    for more, less in zip(reversed(came), reversed(left), strict=True):
        found.append(max(0, level))
        level -= more - less
    return found[::-1]


class Line(Struct, frozen=True):
    """A line of the exported figures."""

    period: str
    stop: str
    category: str
    received: int = 0
    out: int = 0
    delivered: int = 0
    sold: int = 0
    disposed: int = 0
    missing: int = 0
    more: int = 0


LINED: Final = (RECEIVED, OUT, DELIVERED, SOLD, DISPOSED, MISSING)


def table(found: Iterable[Figure]) -> list[Line]:
    """A line for each period, stop and category, the newest period first. ``more`` is by how much
    the stock grew."""
    sums: dict[tuple[str, str, str], dict[str, int]] = {}
    for period, stop, category, measure, n in found:
        line = sums.setdefault((period, stop, category), {})
        if measure in LINED:
            line[measure] = line.get(measure, 0) + n
        if measure in (RECEIVED, CAME, LEFT):
            line["more"] = line.get("more", 0) + (-n if measure == LEFT else n)
    names = (*LINED, "more")
    lines = [
        Line(*key, *(line.get(name, 0) for name in names))
        for key, line in sums.items()
        if any(line.values())
    ]
    lines.sort(key=lambda one: (one.stop, one.category))
    lines.sort(key=lambda one: one.period, reverse=True)
    return lines


def by_week(
    weeks: Sequence[Period], found: Iterable[tuple[str, int]], today: dt.date
) -> tuple[int, list[int]]:
    """Pieces whose last good day is past, and those of each week from ``today`` on."""
    past, ahead = 0, [0] * len(weeks)
    for day, n in found:
        if day < today.isoformat():
            past += n
            continue
        for place, one in enumerate(weeks):
            if one.first.isoformat() <= day <= one.last.isoformat():
                ahead[place] += n
    return past, ahead
