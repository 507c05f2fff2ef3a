"""Stops over the API: which there are, a new one, and other names for one."""

from typing import Annotated, Final

import msgspec
from flask import abort
from msgspec import Meta, Struct

from contract.fields import StopId
from hub.access.permissions import Permission
from hub.api.problems import BadParameter
from hub.api.routes import Call, Route
from hub.fleet import stops
from hub.fleet.stops import MAX_NAME, Stop, StopChangedError, StopError, StopTakenError
from hub.request import connection, services
from hub.web.login import Denied

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Place = Annotated[str, Meta(max_length=MAX_NAME)]


class StopOut(Struct, frozen=True):
    """A stop; a district or city that nobody said is empty. ``version`` goes into the next
    change."""

    id: str
    zh: str
    en: str
    district_zh: str
    district_en: str
    city_zh: str
    city_en: str
    version: str


class StopsOut(Struct, frozen=True):
    """The stops of the token's scope."""

    stops: list[StopOut]


class StopNames(Struct, frozen=True, forbid_unknown_fields=True):
    """A stop's names; district and city in both languages or in neither. ``seen`` is the version
    that was read."""

    zh: Name
    en: Name
    district_zh: Place = ""
    district_en: Place = ""
    city_zh: Place = ""
    city_en: Place = ""
    seen: Annotated[str, Meta(max_length=64)] | None = None


class NewStop(Struct, frozen=True, forbid_unknown_fields=True):
    """A new stop; without ``id`` it gets one made from its English name, which it keeps for
    ever."""

    zh: Name
    en: Name
    id: StopId | None = None
    district_zh: Place = ""
    district_en: Place = ""
    city_zh: Place = ""
    city_en: Place = ""


_REFUSALS: Final = {
    "id": "none can be made from this English name: choose one",
    "name": f"1 to {MAX_NAME} printable characters",
    "pair": "in both languages, or in neither",
}


def _out(one: Stop) -> StopOut:
    return StopOut(**msgspec.structs.asdict(one), version=stops.version(one))


def _wish(stop: str, body: NewStop | StopNames) -> Stop:
    return stops.tidy(
        Stop(
            stop,
            body.zh,
            body.en,
            body.district_zh,
            body.district_en,
            body.city_zh,
            body.city_en,
        )
    )


def _found(call: Call, permission: Permission) -> Stop:
    found = stops.one(connection(), call.path["stop"][:64])
    if found is None:
        abort(404)
    call.reach(found.id, permission)
    return found


def _every(call: Call) -> StopsOut:
    return StopsOut([_out(one) for one in stops.every(connection()) if call.user.sees(one.id)])


def _one(call: Call) -> StopOut:
    return _out(_found(call, Permission.VIEW))


def _add(call: Call) -> StopOut:
    body = call.sent(NewStop)
    wish = _wish(body.id or "", body)
    if not call.user.reaches(wish.city):
        raise Denied(Permission.FLEET, body.id or "")
    try:
        return _out(
            services().writer.call(
                lambda writing: stops.add(writing, wish, call.user.by, call.now_ms)
            )
        )
    except StopError as error:
        raise BadParameter(error.field, _REFUSALS[error.what]) from None
    except StopTakenError:
        raise StopTakenError(f"There is a stop {wish.id} already.") from None


def _name(call: Call) -> StopOut:
    found, body = _found(call, Permission.FLEET), call.sent(StopNames)
    wish = _wish(found.id, body)
    if wish.city != found.city and not call.user.reaches(wish.city):
        raise Denied(Permission.FLEET, found.id)
    try:
        return _out(
            services().writer.call(
                lambda writing: stops.name(writing, wish, call.user.by, call.now_ms, body.seen)
            )
        )
    except StopError as error:
        raise BadParameter(error.field, _REFUSALS[error.what]) from None
    except StopChangedError:
        raise StopChangedError("Somebody has named it anew; read it again.") from None


_STOP: Final = {"stop": "The stop's id."}

ROUTES: Final = (
    Route(
        method="GET",
        path="/stops",
        name="stops",
        summary="The stops, their names and where they are",
        permission=Permission.VIEW,
        act=_every,
        answer=StopsOut,
    ),
    Route(
        method="POST",
        path="/stops",
        name="addStop",
        summary="Add a stop, within the token's scope: all stops, or its cities",
        permission=Permission.FLEET,
        act=_add,
        body=NewStop,
        answer=StopOut,
        refusals={StopTakenError: 409},
    ),
    Route(
        method="GET",
        path="/stops/{stop}",
        name="stop",
        summary="One stop's names and where it is",
        permission=Permission.VIEW,
        act=_one,
        answer=StopOut,
        arguments=_STOP,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/stops/{stop}",
        name="nameStop",
        summary="Name a stop anew; its id stays",
        permission=Permission.FLEET,
        act=_name,
        body=StopNames,
        answer=StopOut,
        arguments=_STOP,
        problems=(404,),
        refusals={StopChangedError: 409},
    ),
)
"""These routes."""
