"""Language and local time of a page: a switch, else the browser's wish, else Chinese."""

import datetime as dt
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from flask import Flask, Response, current_app, g, request
from flask_babel import Babel, get_locale
from werkzeug.wrappers import Response as BaseResponse

from hub.moments import in_calendar

COOKIE: Final = "lang"
COOKIE_AGE_S: Final = 365 * 24 * 3600
LANGUAGES: Final = ("zh", "en")
HTML_LANG: Final = {"zh": "zh-Hans", "en": "en"}
LOCALES: Final = {"zh": "zh", "en": "en_GB"}
"""British English for its dates: "Tuesday 3 November" needs no comma and no ordinal."""

CATALOGUES: Final = Path(__file__).parent / "translations"


def install(app: Flask, timezone: str) -> None:
    """Teach ``app`` to choose a language and to write times in ``timezone``.

    Raises:
        LookupError: no such time zone.
    """
    # Babel's own would be one of pytz, which flask-babel brings along: put into a time as others
    # are, it stands for the city's time of 1900, in Shanghai six minutes from what clocks say.
    app.config["TIMEZONE"] = ZoneInfo(timezone)
    Babel(  # type: ignore[no-untyped-call]
        app,
        default_locale="zh",
        default_translation_directories=str(CATALOGUES),
        locale_selector=lambda: LOCALES[language()],
        timezone_selector=lambda: timezone,
    )
    app.after_request(_remember)
    app.jinja_env.globals.update(language=language, html_lang=lambda: HTML_LANG[language()])
    app.jinja_env.filters.update(clock=clock, moment=moment, number=number)


def language() -> str:
    """The language of this request, ``zh`` or ``en``."""
    chosen = g.get("language")
    if chosen is None:
        chosen = g.language = _choose()
    return str(chosen)


def _choose() -> str:
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    return request.accept_languages.best_match(LANGUAGES, default="zh") or "zh"


def _remember(response: Response) -> Response:
    response.vary.update(("Accept-Language", "Cookie"))
    wish = request.args.get("lang")
    if wish in LANGUAGES and wish != request.cookies.get(COOKIE):
        remember(response, wish)
    return response


def remember(response: BaseResponse, wish: str) -> None:
    """Have this browser ask for pages in the language ``wish``, zh or en, from now on."""
    response.set_cookie(
        COOKIE,
        wish,
        max_age=COOKIE_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )


def forget(response: BaseResponse) -> None:
    """Have this browser ask for pages in its own language again."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)


def pick(zh: str, en: str) -> str:
    """The text in this request's language; the other one where it is empty."""
    return (zh or en) if language() == "zh" else (en or zh)


def local(ms: int) -> dt.datetime:
    """Unix milliseconds as a date and time in the hub's time zone (`hub.moments.in_calendar`)."""
    zone: dt.tzinfo = current_app.config["TIMEZONE"]
    return dt.datetime.fromtimestamp(in_calendar(ms) / 1000, zone)


def _locale() -> Locale:
    return get_locale() or Locale.parse("zh")


def day(ms: int) -> str:
    """The day with its weekday: "Tuesday 3 November 2026", "2026年11月3日星期二"."""
    return format_date(local(ms).date(), "full", _locale()).replace(",", "")


def date(value: dt.date) -> str:
    """The day without its weekday."""
    return format_date(value, "long", _locale())


def month(value: dt.date) -> str:
    """Month and year."""
    return format_skeleton("yMMMM", value, locale=_locale())


def moment(ms: int) -> str:
    """Day and time to the minute, for operators."""
    return format_datetime(local(ms), "d MMM HH:mm" if language() == "en" else "M月d日 HH:mm")


def clock(ms: int) -> str:
    """Hours, minutes and seconds, for operators."""
    return format_time(local(ms), "HH:mm:ss", locale=_locale())


def number(value: int) -> str:
    """Digits in groups of three."""
    return f"{value:,}"
