"""Which old backups go: the newest few stay, and one a day, a week and a month. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo

from msgspec import Struct


class Keep(Struct, frozen=True):
    """How many stay: of the newest, and the last of so many days, weeks and months that have
    one."""

    last: int = 3
    daily: int = 7
    weekly: int = 5
    monthly: int = 12


def superfluous(taken_ms: Mapping[str, int], keep: Keep, zone: tzinfo) -> list[str]:
    """The names that may go. ``taken_ms`` is when each was taken (Unix milliseconds); days, weeks
    and months are those of ``zone``. The newest never goes."""
    newest_first = sorted(taken_ms, key=lambda name: (taken_ms[name], name), reverse=True)
    times = {name: datetime.fromtimestamp(taken_ms[name] / 1000, zone) for name in newest_first}
    kept = set(newest_first[: max(keep.last, 1)])
    for count, period in (
        (keep.daily, lambda t: t.date()),
        (keep.weekly, lambda t: t.isocalendar()[:2]),
        (keep.monthly, lambda t: (t.year, t.month)),
    ):
        kept |= _last_of_each(newest_first, times, count, period)
    return [name for name in newest_first if name not in kept]


def _last_of_each(
    newest_first: Iterable[str],
    times: Mapping[str, datetime],
    count: int,
    period: Callable[[datetime], object],
) -> set[str]:
    found: dict[object, str] = {}
    for name in newest_first:
        found.setdefault(period(times[name]), name)
    return set(list(found.values())[:count])
