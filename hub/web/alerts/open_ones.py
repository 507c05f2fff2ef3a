"""What is an alarm now, with whom to ring and what to ask; and a table of all there ever were."""

from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, false, select
from werkzeug.wrappers import Response as BaseResponse

from hub import db
from hub.access import accounts
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.alerts import acts, channels, contacts, life, rules, store, words
from hub.alerts.life import Alarm
from hub.queries import places
from hub.queries.places import Stop
from hub.request import connection, now_ms, services
from hub.typed import whole_number
from hub.web import i18n, kiosk_columns, listing, shell, story
from hub.web.listing import Choice, Column, Days, Kind, Listing, SqlSource, filters
from hub.web.login import needs, require, signed_in_user, visible_stops

_ALARM: Final = db.alarm.c
SHOWN: Final = 200


class Line(Struct, frozen=True):
    """An alarm in words. ``host``: whom to ring is at the stop; ``phone`` is empty for whoever may
    not act upon it."""

    alarm: Alarm
    title: str
    cause: str
    ask: str
    whom: str
    where: str
    host: bool
    phone: str
    who: str
    state: str
    severity: str


def install(pages: Blueprint) -> None:
    """``/alerts``, its buttons and its history."""
    pages.get("/alerts")(overview)
    pages.get("/alerts/history", endpoint="history")(history)
    pages.post("/alerts/acknowledge")(acknowledge)
    pages.post("/alerts/take-back")(take_back)


@needs(Permission.VIEW)
def overview() -> str:
    """What is an alarm now."""
    here = connection()
    found = store.firing(here, visible_stops())
    user = signed_in_user()
    return render_template(
        "alerts/overview.html",
        lines=lines(here, found[:SHOWN]),
        more=max(0, len(found) - SHOWN),
        may_act=lambda stop: user.may(Permission.RESOLVE_INCIDENT, stop),
        may_set=user.may(Permission.SETTINGS),
        channels=len(channels.every(here)),
    )


def lines(here: Connection, found: Sequence[Alarm]) -> list[Line]:
    """These alarms in words, as far as the user may know."""
    stops, names = places.stops(here), accounts.names(here)
    user, phones = signed_in_user(), contacts.phones(here)
    return [
        _line(
            one,
            stops,
            names.get(one.acknowledged_by, one.acknowledged_by),
            phones.get(one.stop, "")
            if rules.ring(one.kind) == rules.HOST
            and user.may(Permission.RESOLVE_INCIDENT, one.stop)
            else "",
        )
        for one in found
    ]


def _line(one: Alarm, stops: dict[str, Stop], who: str, phone: str) -> Line:
    told = words.of(one.kind, one.values)
    return Line(
        alarm=one,
        title=_in_language(told.title),
        cause=_in_language(told.cause),
        ask=_in_language(told.ask),
        whom=_in_language(words.RING[rules.ring(one.kind)]),
        where=story.stop_name(stops, one.stop) if one.stop else _("At the hub"),
        host=rules.ring(one.kind) == rules.HOST and bool(one.stop),
        phone=phone,
        who=who,
        state=_state(one),
        severity=_in_language(words.SEVERITY[one.severity]),
    )


def _in_language(text: words.Text) -> str:
    return i18n.pick(text.zh, text.en)


def _state(one: Alarm) -> str:
    if one.state == life.ENDED:
        return _("over")
    if one.acknowledged_ms is not None:
        return _("acknowledged")
    return _("comes and goes") if one.flapping else _("open")


# --- its buttons ----------------------------------------------------------------------------------


def _asked() -> int:
    """The alarm that a form names, at a stop of the user's; 404 for none, a denial for others."""
    number = whole_number(request.form.get("alarm", ""), 12)
    found = None if number is None else store.one(connection(), number)
    if found is None:
        abort(404)
    require(Permission.RESOLVE_INCIDENT, found.stop)
    return found.id


@needs(Permission.RESOLVE_INCIDENT)
def acknowledge() -> BaseResponse:
    """Somebody has seen it."""
    alarm, by, moment = _asked(), signed_in_user().by, now_ms()
    done = services().writer.call(lambda writing: acts.acknowledge(writing, alarm, by, moment))
    if done is None:
        shell.told(_("Somebody had acknowledged it already, or it is over."), "note")
    else:
        shell.told_undoable(
            _("Acknowledged: nobody is told again. It stays here until it is over."),
            url_for("alerts.take_back"),
            {"alarm": str(alarm)},
        )
    return redirect(url_for("alerts.overview"), 303)


@needs(Permission.RESOLVE_INCIDENT)
def take_back() -> BaseResponse:
    """Nobody has seen it after all."""
    alarm, by, moment = _asked(), signed_in_user().by, now_ms()
    done = services().writer.call(lambda writing: acts.take_back(writing, alarm, by, moment))
    if done is None:
        shell.told(_("It is over, or somebody else acknowledged it."), "note")
    else:
        shell.told(_("Taken back: people are told again until somebody acknowledges it."))
    return redirect(url_for("alerts.overview"), 303)


# --- history --------------------------------------------------------------------------------------


@needs(Permission.VIEW)
def history() -> BaseResponse:
    """Every alarm as the address filters them."""
    return listing.respond(ALARMS)


def _select() -> Select[Any]:
    return select(*store.COLUMNS).where(
        within(_ALARM.stop, visible_stops()), _ALARM.fired_ms.is_not(None)
    )


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    return lines(here, [store.read(row) for row in found])


def _states(_here: Connection) -> list[tuple[str, str]]:
    return [("open", _("open")), ("acknowledged", _("acknowledged")), ("over", _("over"))]


def _state_of(value: str) -> Any:
    firing, seen = _ALARM.state == life.FIRING, _ALARM.acknowledged_ms
    return {
        "open": firing & seen.is_(None),
        "acknowledged": firing & seen.is_not(None),
        "over": _ALARM.state == life.ENDED,
    }.get(value, false())


def _kinds(_here: Connection) -> list[tuple[str, str]]:
    found = [(kind, _in_language(words.WORDS[kind].title)) for kind in rules.kinds()]
    return sorted(found, key=lambda one: one[1])


def _severities(_here: Connection) -> list[tuple[str, str]]:
    return [(one, _in_language(words.SEVERITY[one])) for one in rules.SEVERITIES]


ALARMS: Final = Listing[Line](
    name="alerts",
    title=_l("All alarms"),
    order="-fired",
    empty=_l("There has been no alarm yet. What somebody had to be called for is listed here."),
    source=SqlSource(select=_select, key=(_ALARM.id,), rows=_rows),
    columns=(
        Column("what", _l("What happened"), lambda row: row.title, heading=True, sort=_ALARM.kind),
        Column("state", _l("State"), lambda row: row.state),
        Column("severity", _l("How urgent"), lambda row: row.severity, sort=_ALARM.severity),
        Column("stop", _l("Stop"), lambda row: row.where, sort=_ALARM.stop),
        kiosk_columns.kiosk(lambda row: row.alarm.kiosk, sort=_ALARM.kiosk),
        Column(
            "fired", _l("Since"), lambda row: row.alarm.fired_ms, Kind.MOMENT, sort=_ALARM.fired_ms
        ),
        Column("ended", _l("Until"), lambda row: row.alarm.ended_ms, Kind.MOMENT),
        Column("who", _l("Acknowledged by"), lambda row: row.who),
        Column(
            "acknowledged",
            _l("Acknowledged at"),
            lambda row: row.alarm.acknowledged_ms,
            Kind.MOMENT,
            on_page=False,
        ),
        Column(
            "told",
            _l("Times told"),
            lambda row: row.alarm.told,
            Kind.NUMBER,
            on_page=False,  # a number that nobody acts on; the columns that are left fit
        ),
        Column("cause", _l("Likely cause"), lambda row: row.cause, on_page=False),
        kiosk_columns.kind(lambda row: row.alarm.kind),
    ),
    filters=(
        Choice("state", _l("State"), options=_states, where=_state_of, first=True),
        filters.stops(_ALARM.stop),
        Choice(
            "kind",
            _l("What happened"),
            options=_kinds,
            where=lambda value: _ALARM.kind == value,
            first=True,
        ),
        Choice(
            "severity",
            _l("How urgent"),
            options=_severities,
            where=lambda value: _ALARM.severity == value,
        ),
        kiosk_columns.choice(_ALARM.kiosk),
        Days("fired", _l("Since"), where=filters.moments(_ALARM.fired_ms)),
    ),
)
