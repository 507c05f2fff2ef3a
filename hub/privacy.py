"""How much of a delivery may be public: the finest group that at least k families share. Pure.

Rules
-----
* A delivery is shown only as one of a **group**: stop x week, district x month, city x month or
  city x quarter. The group is shown when it holds at least k distinct families, otherwise its
  items fall through to the next level; what falls through the last is shown without time and
  place.
* Families are counted among the items *left over* at a level. Who reads "district x month" of an
  item also knows that its stop's week stayed below k, so that the families who hide it are only
  those left over there, not everybody in the district.
* A delivery belongs to the day on which the hub **recorded** it. A kiosk that was offline for a
  month reports late; its deliveries join the present week, and a group that was published never
  changes by it.
* A group is shown once its period is over *and* every week that touches it is: all its members
  have then had their turn at each finer level, so that nobody leaves a shown group for a finer
  one later.
* A family hash that was erased counts for nobody: groups then fall through sooner, never later.

A family is known by its one-time token, so that a family served twice in a period counts twice;
k is about deliveries to distinct tokens, the only thing the log holds.
"""

import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from msgspec import Struct

DEFAULT_K: Final = 10
"""Fewest distinct families in a group that is shown."""

MARGIN_DAYS: Final = 6
"""How far a week that touches a quarter reaches out of it, on either side."""


class Level(enum.StrEnum):
    """The fixed levels, finest first."""

    STOP_WEEK = "stop-week"
    DISTRICT_MONTH = "district-month"
    CITY_MONTH = "city-month"
    CITY_QUARTER = "city-quarter"


class Handed(Struct, frozen=True):
    """One item that reached a family. ``day`` is the local date on which the hub recorded it;
    ``district`` and ``city`` are keys that no two places share."""

    item: str
    family: str | None
    stop: str
    district: str
    city: str
    day: dt.date


class Reach(Struct, frozen=True):
    """What may be said: ``place`` is the stop, district or city; the period is inclusive."""

    level: Level
    place: str
    first: dt.date
    last: dt.date


def week_of(day: dt.date) -> tuple[dt.date, dt.date]:
    """Monday and Sunday of ``day``'s week."""
    monday = day - dt.timedelta(days=day.weekday())
    return monday, monday + dt.timedelta(days=6)


def month_of(day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of ``day``'s month."""
    first = day.replace(day=1)
    return first, (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


def quarter_of(day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of ``day``'s quarter."""
    first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return first, month_of(first + dt.timedelta(days=62))[1]


def group_of(level: Level, handed: Handed) -> Reach:
    """The group of ``handed`` at ``level``."""
    match level:
        case Level.STOP_WEEK:
            return Reach(level, handed.stop, *week_of(handed.day))
        case Level.DISTRICT_MONTH:
            return Reach(level, handed.district, *month_of(handed.day))
        case Level.CITY_MONTH:
            return Reach(level, handed.city, *month_of(handed.day))
        case Level.CITY_QUARTER:
            return Reach(level, handed.city, *quarter_of(handed.day))


def is_closed(reach: Reach, today: dt.date) -> bool:
    """Whether the group is complete: the last week that touches its period is over."""
    return today > week_of(reach.last)[1]


def coarsen(
    deliveries: Iterable[Handed], today: dt.date, k: int = DEFAULT_K
) -> dict[str, Reach | None]:
    """What may be said of each item; None is "has reached a household" and no more.

    ``deliveries`` must hold everything of the city in the quarters asked about, and
    `MARGIN_DAYS` on either side; then the answer for these quarters is exact.

    Raises:
        ValueError: ``k`` below 1.
    """
    if k < 1:
        raise ValueError("k counts families, so it is at least 1")
    left = list(deliveries)
    told: dict[str, Reach | None] = {}
    for level in Level:
        groups: defaultdict[Reach, list[Handed]] = defaultdict(list)
        for handed in left:
            groups[group_of(level, handed)].append(handed)
        left = []
        for reach, members in groups.items():
            if is_closed(reach, today) and families(members) >= k:
                told.update((member.item, reach) for member in members)
            else:
                left.extend(members)
    told.update((handed.item, None) for handed in left)
    return told


def families(members: Collection[Handed]) -> int:
    """How many distinct families ``members`` went to; an erased one does not count."""
    return len({member.family for member in members if member.family is not None})
