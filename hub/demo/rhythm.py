"""When people give: weekdays, seasons and the holidays of a Chinese city. Pure."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SPRING_FESTIVALS: Final = {
    2017: date(2017, 1, 28),
    2018: date(2018, 2, 16),
    2019: date(2019, 2, 5),
    2020: date(2020, 1, 25),
    2021: date(2021, 2, 12),
    2022: date(2022, 2, 1),
    2023: date(2023, 1, 22),
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 3),
    2031: date(2031, 1, 23),
    2032: date(2032, 2, 11),
}
"""The first day of the lunar year, as the Purple Mountain Observatory's calendar has it. A year
that is not here goes by without the festival."""

_WEEKDAYS: Final = (0.85, 0.8, 0.85, 0.9, 1.0, 1.55, 1.2)
"""From Monday: most people tidy up at the weekend."""

_MONTHS: Final = (1.1, 0.7, 1.05, 1.2, 1.0, 0.9, 0.75, 0.8, 1.1, 1.15, 1.1, 1.2)
"""Clothes change with the seasons in April and October; July and August are hot and empty."""

_HOLIDAYS: Final = {(1, 1), (4, 4), (4, 5), *((5, day) for day in range(1, 6))} | {
    (10, day) for day in range(1, 8)
}
"""New Year, Qingming, Labour Day, National Day."""

CHARITY_DAY: Final = (9, 5)
"""China's Charity Day, by the Charity Law of 2016."""

SCHOOL_STARTS: Final = {(2, 24), (2, 25), (9, 1), (9, 2)}


def giving(day: date) -> float:
    """How much is given on ``day``, against 1.0 for a plain day; 0.0 when everything is closed."""
    left = days_to_festival(day)
    if left is not None and -2 <= left <= 0:
        return 0.0  # the eve and two days of the festival
    weight = _WEEKDAYS[day.weekday()] * _MONTHS[day.month - 1]
    if left is not None and 0 < left <= 21:
        weight *= 1.7  # every home is cleaned before the festival
    if left is not None and -12 <= left < -2:
        weight *= 0.5
    if (day.month, day.day) in _HOLIDAYS:
        weight *= 0.6
    if (day.month, day.day) == CHARITY_DAY:
        weight *= 2.2
    return weight


def handing_out(day: date) -> float:
    """How busy the volunteers are who carry things to families."""
    left = days_to_festival(day)
    if left is not None and -2 <= left <= 0:
        return 0.0
    weight = 1.3 if day.weekday() in (2, 5) else 0.9  # rounds on Wednesday and Saturday
    if left is not None and 0 < left <= 14:
        weight *= 1.8  # something on every table for the festival
    if day.month in (11, 12) or (day.month, day.day) in SCHOOL_STARTS:
        weight *= 1.2
    return weight


def is_market_day(day: date) -> bool:
    """The first and third Saturday of a month, and Charity Day."""
    if giving(day) == 0.0:
        return False
    third = day.weekday() == 5 and (day.day - 1) // 7 in (0, 2)
    return third or (day.month, day.day) == CHARITY_DAY


def opening_minutes(day: date) -> tuple[int, int]:
    """Minutes of the day between which stops are open."""
    return (9 * 60, 17 * 60) if day.weekday() == 6 else (8 * 60 + 30, 19 * 60)


def days_to_festival(day: date) -> int | None:
    """Days until the nearest Spring Festival, negative after it; None when it is far."""
    for festival in (SPRING_FESTIVALS.get(day.year), SPRING_FESTIVALS.get(day.year + 1)):
        if festival is not None and abs((festival - day).days) <= 40:
            return (festival - day).days
    return None


def years_before(until: date, years: int = 1) -> list[date]:
    """The days, 365 for each year, of which ``until`` is the last."""
    return [until - timedelta(days=back) for back in range(365 * years - 1, -1, -1)]


def midnight_ms(day: date, zone: ZoneInfo) -> int:
    """When ``day`` begins in ``zone``, in Unix milliseconds."""
    return round(datetime.combine(day, time(), zone).timestamp() * 1000)
