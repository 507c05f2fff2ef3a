"""From when on something is an alarm, and how it is told: the numbers that an operator may change,
for every stop or for one."""

from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from msgspec import Struct
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.alerts import acts, store
from hub.alerts.limits import LIMITS, Limit, LimitError
from hub.alerts.store import Choice
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.typed import whole_number
from hub.web import i18n, shell, story
from hub.web.login import Denied, needs, require, signed_in_user

TELLING: Final = frozenset(
    {
        "hold_s",
        "fine_s",
        "repeat_min",
        "remind_min",
        "escalate_min",
        "flaps",
        "quiet_from",
        "quiet_to",
    }
)
"""Limits of how alarms are told; the others say from when on something is one."""

_UNITS: Final[dict[str, LazyString]] = {
    "s": _l("seconds"),
    "min": _l("minutes"),
    "days": _l("days"),
}


class Field(Struct, frozen=True):
    """A limit as the form shows it; ``value`` is what somebody chose, ``default`` what holds
    otherwise."""

    name: str
    label: str
    value: str
    default: str
    hint: str
    problem: str
    telling: bool


def install(pages: Blueprint) -> None:
    """``/alerts/rules``."""
    pages.get("/alerts/rules", endpoint="rules")(show)
    pages.post("/alerts/rules", endpoint="save_rules")(save)


def _stop(text: str) -> str:
    """The stop that a request is about; "" for everywhere, which takes a scope without bounds."""
    if text and text not in places.stops(connection()):
        abort(404)
    require(Permission.SETTINGS, text)
    return text


@needs(Permission.SETTINGS)
def show() -> BaseResponse:
    """The numbers, for every stop or the one that the address names. Somebody of some stops alone
    is led to the first of theirs."""
    user = signed_in_user()
    asked = request.args.get("stop", "")
    if not asked and user.visible is not None:
        mine = sorted(user.stops(places.stops(connection())))
        if not mine:
            raise Denied(Permission.SETTINGS, "")
        return redirect(url_for("alerts.rules", stop=mine[0]), 303)
    return Response(_page(_stop(asked)))


def _page(stop: str, typed: dict[str, str] | None = None, wrong: str = "") -> str:
    here = connection()
    known = places.stops(here)
    user = signed_in_user()
    return render_template(
        "alerts/rules.html",
        fields=_fields(stop, typed, wrong),
        stop=stop,
        name=story.stop_name(known, stop) if stop else "",
        stops=[(key, story.stop_name(known, key)) for key in user.stops(known)],
        everywhere=user.visible is None,
        wrong=wrong,
    )


def _fields(stop: str, typed: dict[str, str] | None, wrong: str) -> list[Field]:
    chosen = store.chosen(connection())
    limits = store.limits(connection())
    found = []
    for limit in LIMITS:
        if stop and not limit.per_stop:
            continue
        own = chosen.get((stop, limit.name))
        shown = _written(limit, own) if own is not None else ""
        otherwise = limits.get(limit.name) if stop else limit.default
        found.append(
            Field(
                name=limit.name,
                label=i18n.pick(limit.zh, limit.en),
                value=shown if typed is None else typed.get(limit.name, ""),
                default=_told(limit, otherwise),
                hint=_hint(limit),
                problem=_problem(limit) if limit.name == wrong else "",
                telling=limit.name in TELLING,
            )
        )
    return found


def _written(limit: Limit, value: int) -> str:
    return f"{value // 60:02d}:{value % 60:02d}" if limit.unit == "clock" else str(value)


def _told(limit: Limit, value: int) -> str:
    unit = str(_UNITS.get(limit.unit, "" if limit.unit == "clock" else limit.unit))
    return f"{_written(limit, value)} {unit}".strip()


def _hint(limit: Limit) -> str:
    return str(_UNITS.get(limit.unit, "")) or ("" if limit.unit == "clock" else limit.unit)


def _problem(limit: Limit) -> str:
    return _(
        "From %(least)s to %(most)s.",
        least=_written(limit, limit.least),
        most=_written(limit, limit.most),
    )


@needs(Permission.SETTINGS)
def save() -> BaseResponse:
    """What the form says; an empty field goes back to what holds otherwise."""
    stop = _stop(request.form.get("stop", ""))
    shown = [one for one in LIMITS if one.per_stop or not stop]
    typed = {one.name: request.form.get(one.name, "").strip() for one in shown}
    choices = []
    for limit in shown:
        value = _value(limit, typed[limit.name])
        if value is None and typed[limit.name]:
            return Response(_page(stop, typed, limit.name), status=400)
        choices.append(Choice(limit.name, value))
    by, moment = signed_in_user().by, now_ms()
    try:
        services().writer.call(lambda writing: acts.choose(writing, stop, choices, by, moment))
    except LimitError as error:
        return Response(_page(stop, typed, error.name), status=400)
    shell.told(_("Saved"))
    return redirect(url_for("alerts.rules", stop=stop or None), 303)


def _value(limit: Limit, text: str) -> int | None:
    if limit.unit == "clock":
        hours, colon, minutes = text.replace("：", ":").partition(":")
        if not (colon and hours.isdecimal() and minutes.isdecimal()) or len(text) > 5:
            return None
        return int(hours) * 60 + int(minutes) if int(minutes) < 60 else None
    return whole_number(text, 9)
