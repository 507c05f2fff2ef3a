"""When a stop is open: closed is not silent.

Rules
-----
* Without hours a stop counts as open at any time: a stop that nobody described is watched.
* A day has any number of spans, none of which passes midnight; spans that meet at midnight are one.
* On a holiday it is closed whatever the weekday says.

Times of day are minutes since midnight in the hub's time zone; 1440 is the end of the day.
"""

import datetime as dt
import itertools
import re
from typing import Final, TypeAlias

from msgspec import Struct

Span: TypeAlias = tuple[int, int]

DAYS: Final = 7
MAX_SPANS: Final = 6
MAX_HOLIDAYS: Final = 60
MAX_HOLIDAY_DAYS: Final = 60
DAY_MINUTES: Final = 1440

_PUNCTUATION: Final = str.maketrans("：，、；—–－~～至到", ":   -------")
_SPAN: Final = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_HOLIDAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:/(\d{4}-\d{2}-\d{2}))?")


class HoursError(ValueError):
    """Hours that cannot be; ``what`` is day or holiday, ``text`` the part in question."""

    def __init__(self, what: str, text: str) -> None:
        super().__init__(f"{what}: {text}")
        self.what = what
        self.text = text


class Hours(Struct, frozen=True, forbid_unknown_fields=True):
    """``week`` has seven texts, Monday first, such as ``09:00-12:00 14:00-18:00``, an empty one
    for a day on which the stop is closed; no texts at all: always open. ``holidays`` are days
    ``2026-10-01`` or ranges ``2026-10-01/2026-10-07`` with both ends in it."""

    week: tuple[str, ...] = ()
    holidays: tuple[str, ...] = ()


def tidy(hours: Hours) -> Hours:
    """The same hours, each text as we write it.

    Raises:
        HoursError: a span or day that cannot be, or too many of them.
    """
    if hours.week and len(hours.week) != DAYS:
        raise HoursError("day", str(len(hours.week)))
    week = tuple(" ".join(_written(span) for span in spans(text)) for text in hours.week)
    if len(hours.holidays) > MAX_HOLIDAYS:
        raise HoursError("holiday", str(len(hours.holidays)))
    named = {text.strip() for text in hours.holidays if text.strip()}
    holidays = tuple(sorted(named))
    for text in holidays:
        _holiday(text)
    return Hours(week, holidays)


def spans(text: str) -> tuple[Span, ...]:
    """The spans of one day, in order; Chinese punctuation is understood.

    Raises:
        HoursError: not hours and minutes, an end that is not after its start, or two that overlap.
    """
    plain = re.sub(r"\s*-\s*", "-", text.translate(_PUNCTUATION))
    words = re.split(r"[\s,;]+", plain.strip())
    found = sorted(_span(word, text) for word in words if word)
    if len(found) > MAX_SPANS:
        raise HoursError("day", text)
    for before, after in itertools.pairwise(found):
        if after[0] < before[1]:
            raise HoursError("day", text)
    return tuple(found)


def open_since_ms(hours: Hours, now_ms: int, zone: dt.tzinfo) -> int | None:
    """Since when the stop has been open without a break, in Unix milliseconds; None while it is
    closed, 0 when it always is open."""
    if not hours.week:
        return None if _is_holiday(hours, _local(now_ms, zone).date()) else 0
    now = _local(now_ms, zone)
    minute = now.hour * 60 + now.minute
    begun = _begin(hours, now.date(), minute)
    if begun is None:
        return None
    day = now.date()
    for _ in range(DAYS):
        if begun != 0:
            break
        before = day - dt.timedelta(days=1)
        earlier = _begin(hours, before, DAY_MINUTES - 1)
        if earlier is None:
            break
        day, begun = before, earlier
    start = dt.datetime.combine(day, dt.time(begun // 60, begun % 60), zone)
    return int(start.timestamp() * 1000)


def is_quiet(now_ms: int, zone: dt.tzinfo, begin: int, end: int) -> bool:
    """Whether the time of day is between these minutes; the span may pass midnight. Never when both
    are the same."""
    now = _local(now_ms, zone)
    minute = now.hour * 60 + now.minute
    return begin <= minute < end if begin < end else begin != end and not end <= minute < begin


def _begin(hours: Hours, day: dt.date, minute: int) -> int | None:
    """When the span that holds this minute of the day begins."""
    if _is_holiday(hours, day):
        return None
    for start, end in spans(hours.week[day.weekday()]):
        if start <= minute < end:
            return start
    return None


def _is_holiday(hours: Hours, day: dt.date) -> bool:
    return any(first <= day <= last for first, last in map(_holiday, hours.holidays))


def _span(word: str, text: str) -> Span:
    found = _SPAN.fullmatch(word)
    if found is None:
        raise HoursError("day", text)
    numbers = [int(one) for one in found.groups()]
    start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if max(numbers[1], numbers[3]) > 59 or not 0 <= start < end <= DAY_MINUTES:
        raise HoursError("day", text)
    return start, end


def _written(span: Span) -> str:
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in span)


def _holiday(text: str) -> tuple[dt.date, dt.date]:
    found = _HOLIDAY.fullmatch(text)
    if found is None:
        raise HoursError("holiday", text)
    try:
        first = dt.date.fromisoformat(found[1])
        last = dt.date.fromisoformat(found[2] or found[1])
    except ValueError:
        raise HoursError("holiday", text) from None
    if not 0 <= (last - first).days < MAX_HOLIDAY_DAYS:
        raise HoursError("holiday", text)
    return first, last


def _local(ms: int, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1000, zone)
