"""Calendar weeks and months as reports count them. Pure.

A week is that of ISO 8601: it begins on Monday, and belongs to the year that its Thursday is in.
"""

import datetime as dt
from typing import Final, Literal, TypeAlias

from msgspec import Struct

Unit: TypeAlias = Literal["week", "month"]

WEEK: Final = dt.timedelta(days=7)
DAY: Final = dt.timedelta(days=1)


class Period(Struct, frozen=True):
    """A week or month, both days included. ``key`` is what `hub.tables.tallies` calls it: the
    week's Monday, ``YYYY-MM-DD``, or the month, ``YYYY-MM``."""

    unit: Unit
    key: str
    first: dt.date
    last: dt.date

    @property
    def number(self) -> int:
        """The number of the week in its year, or of the month."""
        return self.first.isocalendar().week if self.unit == "week" else self.first.month

    @property
    def year(self) -> int:
        """The year that the number is counted in."""
        return self.first.isocalendar().year if self.unit == "week" else self.first.year


def monday(day: dt.date) -> dt.date:
    """The Monday of the week that ``day`` is in; in year 1, the first day that there is."""
    return dt.date.fromordinal(max(1, day.toordinal() - day.weekday()))


def week(day: dt.date) -> Period:
    """The week that ``day`` is in."""
    first = monday(day)
    return Period("week", first.isoformat(), first, first + 6 * DAY)


def month(day: dt.date) -> Period:
    """The month that ``day`` is in."""
    first = day.replace(day=1)
    last = (first + dt.timedelta(days=31)).replace(day=1) - DAY
    return Period("month", first.isoformat()[:7], first, last)


def back(unit: Unit, today: dt.date, count: int) -> list[Period]:
    """The last ``count`` periods, the oldest first; the last is the one that ``today`` is in."""
    found: list[Period] = []
    day = today
    for _ in range(count):
        one = week(day) if unit == "week" else month(day)
        found.append(one)
        day = one.first - DAY
    return found[::-1]


def ahead(today: dt.date, count: int) -> list[Period]:
    """This week and those that follow, ``count`` together."""
    return [week(today + n * WEEK) for n in range(count)]


def keys_of(day: str) -> tuple[str, str]:
    """The keys of the week and the month of a day ``YYYY-MM-DD``."""
    return monday(dt.date.fromisoformat(day)).isoformat(), day[:7]
