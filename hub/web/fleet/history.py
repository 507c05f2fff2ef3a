"""How a kiosk was lately: small charts on its page, and the same as a table."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Blueprint, current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, select
from werkzeug.wrappers import Response as BaseResponse

from hub import db
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.fleet import history
from hub.fleet.history import DAY_MS, HOUR_MS, Period
from hub.queries import kiosks
from hub.reporting import sparklines
from hub.request import connection, now_ms
from hub.web import formats, kiosk_columns, listing
from hub.web.listing import Choice, Column, Days, Kind, Listing, SqlSource, filters
from hub.web.login import needs, visible_stops

_C: Final = db.kiosk_history.c
DAYS: Final = (1, 7, 30, 365)
"""How far back the charts may go, in days; from the last but one on by the hour."""
BY_HOUR: Final = 30
USUAL: Final = 7


class Chart(Struct, frozen=True):
    """A small chart: what it is of, the line, and its figures in words."""

    name: str
    drawn: Markup
    told: str


def blueprint() -> Blueprint:
    """``/kiosks/history``."""
    pages = Blueprint("kiosk_history", __name__)
    pages.get("/kiosks/history", endpoint="listing")(page)
    return pages


@needs(Permission.VIEW)
def page() -> BaseResponse:
    """Hours and days as a table."""
    return listing.respond(HISTORY)


# --- on the kiosk's page --------------------------------------------------------------------------


def part(kiosk: str) -> str:
    """The section with the charts; ``days`` of the address says how far back they go."""
    wish = request.args.get("days", "")
    days = int(wish) if wish in {str(one) for one in DAYS} else USUAL
    found = _steps(connection(), kiosk, days)
    return render_template(
        "fleet/_history.html",
        kiosk=kiosk,
        days=days,
        choices=[(one, _how_long(one)) for one in DAYS],
        charts=_charts(found, days) if any(found) else [],
        table=url_for("kiosk_history.listing", kiosk=kiosk),
    )


def _how_long(days: int) -> str:
    match days:
        case 1:
            return _("24 hours")
        case 7:
            return _("7 days")
        case 30:
            return _("30 days")
        case _:
            return _("a year")


def _steps(here: Connection, kiosk: str, days: int) -> list[Period | None]:
    """A period for each hour or day, the oldest first; None of which nothing is known."""
    now = now_ms()
    if days <= BY_HOUR:
        first = now - now % HOUR_MS - (days * 24 - 1) * HOUR_MS
        found = {one.start_ms: one for one in history.periods(here, kiosk, history.HOUR, first)}
        return [found.get(first + n * HOUR_MS) for n in range(days * 24)]
    zone = current_app.config["TIMEZONE"]
    first = history.day_start_ms(now - (days - 1) * DAY_MS, zone)
    known = {one.start_ms: one for one in history.periods(here, kiosk, history.DAY, first)}
    for one in history.periods(here, kiosk, history.HOUR, first):  # the newest are hours still
        start = history.day_start_ms(one.start_ms, zone)
        known[start] = known[start].then(one, 24 * 60) if start in known else one
    half = DAY_MS // 2  # a day is 23 or 25 hours long where clocks change
    starts = [history.day_start_ms(first + half + n * DAY_MS, zone) for n in range(days)]
    return [known.get(start) for start in starts]


def _charts(found: Sequence[Period | None], days: int) -> list[Chart]:
    whole = 60 if days <= BY_HOUR else 24 * 60
    seen = [one for one in found if one is not None]
    online = sum(one.minutes for one in seen) / (whole * len(found))
    return [
        _bars(_("Online"), found, lambda one: one.minutes, f"{online:.0%}", most=whole),
        _line(
            _("Not yet sent"),
            found,
            lambda one: one.backlog.most,
            _("most: %(n)s", n=formats.number(max(one.backlog.most for one in seen))),
        ),
        *_measured(found, seen),
        _bars(_("Events"), found, lambda one: one.events, _sum(one.events for one in seen)),
        _bars(
            _("Connections"),
            found,
            lambda one: one.reconnects,
            _sum(one.reconnects for one in seen),
        ),
        _bars(
            _("Printer failures"),
            found,
            lambda one: one.print_failures,
            _sum(one.print_failures for one in seen),
        ),
    ]


def _measured(found: Sequence[Period | None], seen: Sequence[Period]) -> list[Chart]:
    made = []
    warm = [one.warm.most for one in seen if one.warm is not None]
    if warm:
        told = _("most: %(n)s", n=f"{max(warm) / 10:.0f} °C")
        made.append(
            _line(
                _("Temperature"),
                found,
                lambda one: None if one.warm is None else one.warm.most / 10,
                told,
                floor=None,
            )
        )
    disk = [one.disk.least for one in seen if one.disk is not None]
    if disk:
        told = _("least: %(n)s", n=f"{min(disk):,} MB")
        made.append(
            _line(
                _("Free disk"),
                found,
                lambda one: None if one.disk is None else one.disk.least,
                told,
            )
        )
    return made


_Value = Callable[[Period], float | None]


def _values(found: Sequence[Period | None], value: _Value) -> list[float | None]:
    return [None if one is None else value(one) for one in found]


def _line(
    name: str,
    found: Sequence[Period | None],
    value: _Value,
    told: str,
    *,
    floor: float | None = 0,
) -> Chart:
    title = _("%(name)s: %(told)s", name=name, told=told)
    return Chart(name, sparklines.line(title, _values(found, value), floor=floor), told)


def _bars(
    name: str,
    found: Sequence[Period | None],
    value: _Value,
    told: str,
    *,
    most: float | None = None,
) -> Chart:
    title = _("%(name)s: %(told)s", name=name, told=told)
    return Chart(name, sparklines.bars(title, _values(found, value), most=most), told)


def _sum(values: Any) -> str:
    return formats.number(sum(values))


# --- as a table -----------------------------------------------------------------------------------


class Line(Struct, frozen=True):
    """A row: whose it is, whether an hour or a day, and how it was."""

    kiosk: str
    span: str
    period: Period


def _select() -> Select[Any]:
    here = db.kiosk.c
    query = select(db.kiosk_history).join(db.kiosk, here.id == _C.kiosk)
    return query.where(within(here.stop, visible_stops()))


def _rows(_here: Connection, rows: Sequence[Row[Any]]) -> list[Line]:
    return [Line(row.kiosk, row.span, history.read(row)) for row in rows]


def _kiosks(here: Connection) -> list[tuple[str, str]]:
    return [(one.id, one.id) for one in kiosks.kiosks(here, visible_stops()) if one.known_here]


def _spans(_here: Connection) -> list[tuple[str, str]]:
    return [(history.HOUR, _("an hour")), (history.DAY, _("a day"))]


def _number(key: str, title: Any, value: Callable[[Period], int | None]) -> Column[Line]:
    return Column(key, title, lambda row: value(row.period), Kind.NUMBER)


HISTORY: Final = Listing[Line](
    name="kiosk-history",
    title=_l("How kiosks were"),
    order="-start",
    empty=_l("Nothing yet. Once a kiosk is connected, a row comes with every hour."),
    source=SqlSource(select=_select, key=(_C.kiosk, _C.span, _C.start_ms), rows=_rows),
    columns=(
        Column(
            "start",
            _l("Period begins"),
            lambda row: row.period.start_ms,
            Kind.MOMENT,
            sort=_C.start_ms,
            heading=True,
        ),
        kiosk_columns.linked(lambda row: row.kiosk, sort=_C.kiosk),
        Column(
            "span",
            _l("How long"),
            lambda row: _("an hour") if row.span == history.HOUR else _("a day"),
        ),
        _number("minutes", _l("Minutes online"), lambda one: one.minutes),
        _number("backlog", _l("Not yet sent, at most"), lambda one: one.backlog.most),
        _number("backlog_last", _l("Not yet sent, at its end"), lambda one: one.backlog.last),
        _number(
            "warm",
            _l("Temperature at most, °C"),
            lambda one: None if one.warm is None else round(one.warm.most / 10),
        ),
        _number(
            "disk",
            _l("Free disk at least, MB"),
            lambda one: None if one.disk is None else one.disk.least,
        ),
        _number("events", _l("Events"), lambda one: one.events),
        _number("reconnects", _l("Connections"), lambda one: one.reconnects),
        _number("print_failures", _l("Printer failures"), lambda one: one.print_failures),
    ),
    filters=(
        kiosk_columns.choice(_C.kiosk, first=True, options=_kiosks),
        Choice(
            "span", _l("How long"), options=_spans, where=lambda value: _C.span == value, first=True
        ),
        Days("start", _l("Period begins"), where=filters.moments(_C.start_ms)),
    ),
)
