"""From when on something is an alarm, over the API."""

from typing import Final

from flask import abort
from msgspec import Struct
from sqlalchemy import Connection

from hub.access.permissions import Permission
from hub.alerts import acts, store
from hub.alerts.limits import LIMITS, LimitError
from hub.alerts.store import Choice
from hub.api.models import Said, StopKey
from hub.api.problems import BadParameter
from hub.api.routes import Call, Route
from hub.queries import places
from hub.request import connection, services


class WhichStop(Struct, frozen=True):
    """A stop; empty: every stop."""

    stop: StopKey = ""


class LimitOut(Struct, frozen=True):
    """A limit: ``value`` is what holds, ``chosen`` what somebody chose for this very stop.
    ``unit`` is s, min, days, mm, MB, °C, clock (minutes since midnight) or empty."""

    name: str
    value: int
    chosen: int | None
    default: int
    least: int
    most: int
    unit: str
    per_stop: bool
    told: Said


class LimitsOut(Struct, frozen=True):
    """From when on something is an alarm, and how it is told."""

    stop: str
    limits: list[LimitOut]


class LimitsIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits by name; null takes back what was chosen."""

    limits: dict[str, int | None]
    stop: StopKey = ""


def require_stop(call: Call, stop: str) -> None:
    """Raises 404 for an unknown stop, `Denied` beyond the token's scope."""
    if stop and stop not in places.stops(connection()):
        abort(404)
    call.reach(stop, Permission.SETTINGS)


def _limits_out(here: Connection, stop: str) -> LimitsOut:
    limits, chosen = store.limits(here), store.chosen(here)
    return LimitsOut(
        stop,
        [
            LimitOut(
                one.name,
                limits.get(one.name, stop),
                chosen.get((stop, one.name)),
                one.default,
                one.least,
                one.most,
                one.unit,
                one.per_stop,
                Said(one.zh, one.en),
            )
            for one in LIMITS
            if one.per_stop or not stop
        ],
    )


def _limits(call: Call) -> LimitsOut:
    stop = call.asked(WhichStop).stop
    require_stop(call, stop)
    return _limits_out(connection(), stop)


def _choose(call: Call) -> LimitsOut:
    body = call.sent(LimitsIn)
    require_stop(call, body.stop)
    choices = [Choice(name, value) for name, value in body.limits.items()]

    def work(writing: Connection) -> LimitsOut:
        acts.choose(writing, body.stop, choices, call.user.by, call.now_ms)
        return _limits_out(writing, body.stop)

    try:
        return services().writer.call(work)
    except LimitError as error:
        raise BadParameter(f"limits.{error.name}"[:200], f"cannot be so: {error}"[:300]) from None


ROUTES: Final = (
    Route(
        method="GET",
        path="/alert-limits",
        name="alertLimits",
        summary="From when on something is an alarm, and how it is told",
        permission=Permission.SETTINGS,
        act=_limits,
        query=WhichStop,
        answer=LimitsOut,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/alert-limits",
        name="setAlertLimits",
        summary="Change limits, everywhere or at one stop",
        permission=Permission.SETTINGS,
        act=_choose,
        body=LimitsIn,
        answer=LimitsOut,
        problems=(404,),
    ),
)
"""These routes."""
