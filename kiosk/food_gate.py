"""The food gate: what is past its date, or too near it, does not go out to a family.

Pure: dates in, a verdict out.

Rules
-----
* The last good day counts as good: an expiry of today is not past. A month without a day is good
  to its end.
* **Margin**: food with fewer days left than the stop's margin cannot be handed on in time. With a
  margin of 3, what is good until the day after tomorrow is too near. Other goods have no margin;
  what carries a date and is past it is judged like food.
* What carries no date passes: most packs say theirs in print only, and a card says it then.
* **Refuse or quarantine** is the stop's choice. A kiosk that does not know today's date never
  refuses: today is then a range of days that begins with the last day it knew, and what would
  not be good on all of them is put aside. One that never knew a date puts aside all that has one.
* A recalled batch is always put aside, whatever its date: somebody has to look, and to count it.
"""

import calendar
import enum
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct

from contract.events import Retail
from contract.recalls import plain_lot, same_goods
from contract.reference import Recall


class FoodPolicy(enum.StrEnum):
    """What happens to goods that may not go out."""

    REFUSE = "refuse"
    QUARANTINE = "quarantine"


class Why(enum.StrEnum):
    """Machine words of the events `FoodRefused` and `Quarantined`, and of the texts."""

    EXPIRED = "expired"
    SOON = "expires-soon"
    UNSURE = "date-unsure"
    RECALLED = "recalled"
    PERHAPS_RECALLED = "perhaps-recalled"


class Today(Struct, frozen=True):
    """Today as far as the kiosk knows, from ``first`` to ``last``: one day for a trusted clock."""

    first: date
    last: date

    @property
    def known(self) -> bool:
        """Whether it is one day."""
        return self.first == self.last


HORIZON_DAYS: Final = 400
"""A kiosk that knew the time once and lost it is used again within so many days: without a
network it is made to work for thirty."""


class Accept(Struct, frozen=True, tag=True):
    """Into the shelf with it."""


class Refuse(Struct, frozen=True, tag=True):
    """Back to whoever brought it."""

    why: Why


class Quarantine(Struct, frozen=True, tag=True):
    """Taken in, and put aside until somebody has looked at it."""

    why: Why


Verdict: TypeAlias = Accept | Refuse | Quarantine


class Recalled(Struct, frozen=True):
    """A recall that meets scanned goods; ``certain`` False: the scan named no lot, so the pack
    has to be looked at."""

    recall: Recall
    certain: bool


def gate(
    *,
    food: bool,
    last_day: date | None,
    today: Today | None,
    margin_days: int,
    policy: FoodPolicy,
) -> Verdict:
    """Whether goods with this last good day may go to the shelf.

    ``today`` None: nothing at all is known of the date.
    """
    if last_day is None:
        return Accept()
    if today is None:
        return Quarantine(Why.UNSURE)
    best = _judged(food, last_day, today.first, margin_days)
    if today.known:
        if best is None:
            return Accept()
        return Refuse(best) if policy is FoodPolicy.REFUSE else Quarantine(best)
    if best is not None:
        return Quarantine(best)  # even on the earliest day that it can be
    worst = _judged(food, last_day, today.last, margin_days)
    return Quarantine(Why.UNSURE) if worst is not None else Accept()


def _judged(food: bool, last_day: date, day: date, margin_days: int) -> Why | None:
    left = (last_day - day).days
    if left < 0:
        return Why.EXPIRED
    return Why.SOON if food and left < margin_days else None


def admit(
    retail: Retail | None,
    *,
    food: bool,
    today: Today | None,
    margin_days: int,
    policy: FoodPolicy,
    recalls: Iterable[Recall] = (),
) -> Verdict:
    """The verdict on goods with this retail code: recalls first, then the date."""
    if retail is not None:
        match = recalled(retail.gtin, retail.lot, recalls)
        if match is not None:
            return Quarantine(Why.RECALLED if match.certain else Why.PERHAPS_RECALLED)
    return gate(
        food=food,
        last_day=last_day_of(retail),
        today=today,
        margin_days=margin_days,
        policy=policy,
    )


def last_day_of(retail: Retail | None) -> date | None:
    """The last good day that a retail code names."""
    named = retail.last_day if retail is not None else None
    return date.fromisoformat(named) if named is not None else None


def end_of_month(month: str) -> date:
    """The last day of ``YYYY-MM``, as an expiry card says it."""
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, calendar.monthrange(year, number)[1])


def today_of(wall: int | None, zone: tzinfo, *, not_before: int | None = None) -> Today | None:
    """Today from Unix milliseconds in the stop's time zone.

    ``wall``: the trusted time, or None; ``not_before``: a time that is surely past, such as the
    last one this kiosk ever knew, or None.
    """
    if wall is not None:
        day = _day(wall, zone)
        return Today(day, day)
    if not_before is None:
        return None
    first = _day(not_before, zone)
    return Today(first, first + timedelta(days=HORIZON_DAYS))


_QUARTER_MS: Final = 15 * 60 * 1000
"""Every time zone's day begins on a quarter of an hour (tz database, since 1972)."""


def _day(milliseconds: int, zone: tzinfo) -> date:
    return _day_of_quarter(milliseconds // _QUARTER_MS, zone)


@lru_cache(maxsize=4)
def _day_of_quarter(quarter: int, zone: tzinfo) -> date:
    """The day of this quarter of an hour since 1970. Every scan asks for it; a calendar takes
    2 µs."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + quarter * timedelta(milliseconds=_QUARTER_MS)
    return moment.astimezone(zone).date()


def recalled(gtin: str, lot: str | None, recalls: Iterable[Recall]) -> Recalled | None:
    """The recall that meets these goods; a certain one before a possible one.

    `contract.recalls` says when that is.
    """
    possible: Recalled | None = None
    for recall in recalls:
        if not same_goods(recall.gtin, gtin):
            continue
        lots = {plain_lot(one) for one in recall.lots}
        if not lots or (lot is not None and plain_lot(lot) in lots):
            return Recalled(recall, certain=True)
        if lot is None:
            possible = Recalled(recall, certain=False)
    return possible
