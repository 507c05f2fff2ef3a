"""Times, numbers and money as people read them, in the request's language and the hub's zone.

A table has hundreds of these on a page, so the common ones are put together here from what Babel
knows of each language, where a call of Babel for every cell would cost more than the page.
"""

import datetime as dt
import re
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_timedelta, get_month_names
from flask import Flask, current_app, g
from markupsafe import Markup, escape

from hub.request import now_ms
from hub.web import i18n

_LOCALES: Final = {language: Locale.parse(name) for language, name in i18n.LOCALES.items()}
_MONTHS: Final = get_month_names("abbreviated", locale=_LOCALES["en"])
_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?")

LONG: Final = 22
"""Characters that stand in one line even in a narrow column."""
_LONG_WORD: Final = re.compile(rf"[^\s\u2e80-\uffdc]{{{LONG + 1},}}")
"""Chinese breaks after every character by itself."""
_PART: Final = re.compile(r"[^\W_]{1,16}[\W_]*|[\W_]{1,16}")
_BREAK: Final = "\u200b"
"""What stands for a place to break at while a text is not yet HTML."""

_UNITS: Final = ((60, "second"), (3600, "minute"), (86_400, "hour"), (2_592_000, "day"))
_HASTE_MS: Final = 60_000
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "month": 2_592_000}


def install(app: Flask) -> None:
    """Give templates these as filters."""
    app.jinja_env.filters.update(
        moment=moment,
        ago=ago,
        number=number,
        money=money,
        iso_date=iso_date,
        percent=percent,
        full_day=long_date,
        breakable=breakable,
        size=size,
    )


def moment(ms: int) -> str:
    """Day and time to the minute: "3 Nov 12:00", "11月3日 12:00"; with its year unless this one."""
    at = i18n.local(ms)
    year = "" if at.year == _this_year() else str(at.year)
    if i18n.language() == "en":
        return f"{at.day} {_MONTHS[at.month]}{year and ' '}{year} {at:%H:%M}"
    return f"{year}{year and '年'}{at.month}月{at.day}日 {at:%H:%M}"


def moment_tag(ms: int) -> Markup:
    """`moment` as HTML that machines read too."""
    at = i18n.local(ms)
    return Markup(f'<time datetime="{at:%Y-%m-%dT%H:%M%z}">{moment(ms)}</time>')  # noqa: S704


def ago(ms: int) -> Markup:
    """How long ago, or how soon: "5 minutes ago", with the exact time as its title. What is ahead
    by less than a minute has just been: another clock was fast."""
    at, ahead = i18n.local(ms), ms - now_ms()
    ahead = -1 if 0 <= ahead < _HASTE_MS else ahead
    return Markup(  # noqa: S704  # Babel's words and digits
        f'<time datetime="{at:%Y-%m-%dT%H:%M%z}" title="{moment(ms)}">{since(ahead)}</time>'
    )


def since(ms: int) -> str:
    """A span of time in words; negative: so long ago."""
    seconds = abs(ms) // 1000
    unit = next((unit for limit, unit in _UNITS if seconds < limit), "month")
    amount = max(1, seconds // _SECONDS[unit])
    return _span(i18n.language(), amount * _SECONDS[unit] * (-1 if ms < 0 else 1), unit)


@lru_cache(maxsize=1024)
def _span(language: str, seconds: int, unit: str) -> str:
    span = dt.timedelta(seconds=seconds)
    return format_timedelta(
        span,
        granularity=unit,  # type: ignore[arg-type]  # one of the literals it names
        threshold=10_000,
        add_direction=True,
        locale=_LOCALES[language],
    )


def short_date(value: dt.date) -> str:
    """ "3 Nov 2026", "2026年11月3日"."""
    if i18n.language() == "en":
        return f"{value.day} {_MONTHS[value.month]} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日"


def long_date(value: dt.date) -> str:
    """The day with its weekday."""
    return format_date(value, "full", _LOCALES[i18n.language()])


def iso_date(text: str) -> str:
    """A date as events carry it (``2026-11-03``, ``2026-11``) in words; anything else as it is."""
    found = _ISO.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12:
        return text
    year, month, day = int(found[1]), int(found[2]), int(found[3] or 0)
    if i18n.language() == "en":
        return f"{day} {_MONTHS[month]} {year}" if day else f"{_MONTHS[month]} {year}"
    return f"{year}年{month}月{day}日" if day else f"{year}年{month}月"


def midnight(value: dt.date) -> int:
    """When a day begins in the hub's time zone, in Unix milliseconds."""
    zone: dt.tzinfo = current_app.config["TIMEZONE"]
    return int(dt.datetime.combine(value, dt.time(), zone).timestamp() * 1000)


def today() -> dt.date:
    """The day in the hub's time zone."""
    return i18n.local(now_ms()).date()


def number(value: int) -> str:
    """Digits in groups of three, which both languages write alike."""
    return f"{value:,}"


def money(fen: int) -> str:
    """Fen (1/100 yuan) as yuan: "¥12.50"."""
    sign = "−" if fen < 0 else ""
    return f"{sign}¥{abs(fen) / 100:,.2f}"


def size(mb: int) -> str:
    """Megabytes in a few digits: "300 MB", "20.5 GB"."""
    return f"{mb} MB" if mb < 1000 else f"{mb / 1000:.1f} GB"


def percent(part: int, whole: int) -> str:
    """A share without decimals; a dash where there is no whole."""
    return f"{part * 100 / whole:.0f}%" if whole else "–"


def breakable(text: str) -> str | Markup:
    """``text`` that may be broken within its long words: after their punctuation, else at sixteen
    characters. A release's name or a digest would widen its column past the page otherwise; what
    is selected and copied stays the same."""
    if len(text) <= LONG or _LONG_WORD.search(text) is None:
        return text
    told = str(escape(_LONG_WORD.sub(_broken, text)))
    # In one element, for a phone sets a cell as a grid, in which each piece would have a place.
    return Markup(f"<span>{told.replace(_BREAK, '<wbr>')}</span>")  # noqa: S704  # escaped


def _broken(word: re.Match[str]) -> str:
    return _BREAK.join(_PART.findall(word[0]))


def _this_year() -> int:
    year: int | None = g.get("this_year")
    if year is None:
        year = g.this_year = today().year
    return year


def day_of_month(value: dt.date, *, short: bool = False) -> str:
    """A day without its year: "3 Nov", "11月3日"; ``short`` where there is no room: "3 Sep" and
    not "3 Sept", "11/3"."""
    if i18n.language() == "en":
        month = _MONTHS[value.month]
        return f"{value.day} {month[:3] if short else month}"
    return f"{value.month}/{value.day}" if short else f"{value.month}月{value.day}日"


def short_month(value: dt.date) -> str:
    """A month without its year: "Nov", "11月"."""
    return _MONTHS[value.month] if i18n.language() == "en" else f"{value.month}月"
