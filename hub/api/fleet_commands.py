"""What kiosks are told to do and wished to be like, over the API: what the pages do."""

from typing import Annotated, Final

from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection

from contract.configuration import Configuration
from contract.events import KioskId
from contract.messages import MAX_LOG_LINES
from hub.access.permissions import Permission
from hub.access.scope import Stops
from hub.api.printing import CommandOut, command_out
from hub.api.routes import Call, Route
from hub.fleet import configurations, device_commands
from hub.fleet.configurations import ConfigurationError, RefusedError, Staged, Wish
from hub.fleet.device_commands import LINES
from hub.kiosks import command_files, kiosk_commands
from hub.kiosks.kiosk_commands import CommandError
from hub.queries import places
from hub.request import connection, services
from hub.typed import whole_number
from hub.web.fleet.configurations import require_all
from hub.web.login import Denied, visible_stops


class DoIn(Struct, frozen=True, forbid_unknown_fields=True):
    """``name``: identify, self-test, reprint (``code``), open-stocktake (``place``, and ``lane``
    where it is not to be the first that rests), logs (``lines``), support-bundle, restart, reboot.
    """

    name: Annotated[str, Meta(max_length=32)]
    code: Annotated[str, Meta(max_length=40)] = ""
    place: Annotated[str, Meta(max_length=40)] = ""
    lane: Annotated[str, Meta(max_length=40)] = ""
    lines: Annotated[int, Meta(ge=1, le=MAX_LOG_LINES)] = LINES


class FileOut(Struct, frozen=True):
    """A log or a support bundle: ``data`` in base64, its SHA-256 in hex."""

    name: str
    hash: str
    data: bytes
    received_ms: int


class StagedOut(Struct, frozen=True):
    """A kiosk that was told; ``state`` as of its command."""

    kiosk: str
    stage: int
    staged_ms: int
    command: str
    state: str
    detail: str


class ConfigurationOut(Struct, frozen=True):
    """A configuration, and the kiosks that were told it."""

    id: int
    version: str
    note: str
    made_ms: int
    halted_ms: int | None
    values: Configuration
    kiosks: list[StagedOut]


class ConfigurationsOut(Struct, frozen=True):
    """Configurations, the newest first."""

    configurations: list[ConfigurationOut]


class ConfigurationIn(Struct, frozen=True, forbid_unknown_fields=True):
    """What is wished (keys that are left out stay as the kiosk's own settings say), and why."""

    note: Annotated[str, Meta(min_length=1, max_length=configurations.MAX_NOTE)]
    values: Configuration


class StageIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The kiosks of the next stage."""

    kiosks: Annotated[tuple[KioskId, ...], Meta(min_length=1, max_length=500)]


def _do(call: Call) -> CommandOut:
    kiosk, body = call.path["kiosk"], call.sent(DoIn)
    stop = places.stop_of_kiosks(connection()).get(kiosk)
    if stop is None:
        abort(404)
    permission = device_commands.permission_of(body.name)
    if not call.user.may(permission, stop):
        raise Denied(permission, stop)

    def work(writing: Connection) -> CommandOut:
        command = device_commands.order(
            writing,
            kiosk,
            body.name,
            call.user.by,
            call.now_ms,
            code=body.code,
            place=body.place,
            lane=body.lane,
            lines=body.lines,
            key=call.key,
        )
        made = kiosk_commands.one(writing, command)
        assert made is not None
        return command_out(made, writing)

    return services().writer.call(work)


def _file(call: Call) -> FileOut:
    order = kiosk_commands.one(connection(), call.path["command"][:16])
    if order is None:
        abort(404)
    stop = places.stop_of_kiosks(connection()).get(order.kiosk, "")
    call.reach(stop, Permission.SETTINGS)
    found = command_files.file_of(connection(), order.id)
    if found is None:
        abort(404)
    return FileOut(found.name, found.hash, found.content, found.received_ms)


# --- configurations -------------------------------------------------------------------------------


def _out(here: Connection, wish: Wish, mine: Stops) -> ConfigurationOut:
    told = configurations.staged(here, wish.id, mine)
    return ConfigurationOut(
        wish.id,
        wish.version,
        wish.note,
        wish.made_ms,
        wish.halted_ms,
        wish.values,
        [_staged(one) for one in told],
    )


def _staged(one: Staged) -> StagedOut:
    order = one.order
    return StagedOut(
        one.kiosk,
        one.stage,
        one.staged_ms,
        order.id if order is not None else "",
        order.told.state if order is not None else "",
        order.told.detail if order is not None else "",
    )


def _list(call: Call) -> ConfigurationsOut:
    here, mine = connection(), visible_stops()
    return ConfigurationsOut([_out(here, one, mine) for one in configurations.all_of_them(here)])


def _number(call: Call) -> int:
    number = whole_number(call.path["configuration"], 9)
    return abort(404) if number is None else number


def _one(call: Call) -> ConfigurationOut:
    found = configurations.one(connection(), _number(call))
    if found is None:
        abort(404)
    return _out(connection(), found, visible_stops())


def _again(writing: Connection, wish: int, mine: Stops) -> ConfigurationOut:
    found = configurations.one(writing, wish)
    assert found is not None
    return _out(writing, found, mine)


def _make(call: Call) -> ConfigurationOut:
    body, mine = call.sent(ConfigurationIn), visible_stops()

    def work(writing: Connection) -> ConfigurationOut:
        wish = configurations.make(writing, body.values, body.note, call.user.by, call.now_ms)
        return _again(writing, wish, mine)

    return services().writer.call(work)


def _stage(call: Call) -> ConfigurationOut:
    wish, kiosks, mine = _number(call), call.sent(StageIn).kiosks, visible_stops()
    stops = places.stop_of_kiosks(connection())
    for kiosk in kiosks:
        call.reach(stops.get(kiosk, ""), Permission.SETTINGS)

    def work(writing: Connection) -> ConfigurationOut:
        configurations.stage(writing, wish, kiosks, call.user.by, call.now_ms, key=call.key)
        return _again(writing, wish, mine)

    return services().writer.call(work)


def _halt(call: Call) -> ConfigurationOut:
    wish, mine = _number(call), visible_stops()
    require_all(wish)

    def work(writing: Connection) -> ConfigurationOut:
        configurations.halt(writing, wish, call.user.by, call.now_ms)
        return _again(writing, wish, mine)

    return services().writer.call(work)


_REFUSED: Final = {CommandError: 409, ConfigurationError: 409, RefusedError: 409}
_NUMBER: Final = {"configuration": "The configuration's number."}

ROUTES: Final = (
    Route(
        method="POST",
        path="/kiosks/{kiosk}/commands",
        name="commandKiosk",
        summary="Have a kiosk do something, by whoever may order such a thing",
        permission=Permission.VIEW,
        act=_do,
        answer=CommandOut,
        body=DoIn,
        arguments={"kiosk": "The kiosk's id."},
        problems=(404,),
        refusals=_REFUSED,
    ),
    Route(
        method="GET",
        path="/commands/{command}/file",
        name="commandFile",
        summary="The log or support bundle that a command asked for",
        permission=Permission.SETTINGS,
        act=_file,
        answer=FileOut,
        arguments={"command": "The command's id."},
        problems=(404,),
    ),
    Route(
        method="GET",
        path="/configurations",
        name="configurations",
        summary="What kiosks were wished to be like, the newest first",
        permission=Permission.SETTINGS,
        act=_list,
        answer=ConfigurationsOut,
    ),
    Route(
        method="GET",
        path="/configurations/{configuration}",
        name="configuration",
        summary="A configuration, and the kiosks that were told it",
        permission=Permission.SETTINGS,
        act=_one,
        answer=ConfigurationOut,
        arguments=_NUMBER,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/configurations",
        name="makeConfiguration",
        summary="Wish kiosks to be like this; none is told yet",
        permission=Permission.SETTINGS,
        act=_make,
        answer=ConfigurationOut,
        body=ConfigurationIn,
        refusals=_REFUSED,
    ),
    Route(
        method="POST",
        path="/configurations/{configuration}/stages",
        name="stageConfiguration",
        summary="Tell these kiosks, as the next stage",
        permission=Permission.SETTINGS,
        act=_stage,
        answer=ConfigurationOut,
        body=StageIn,
        arguments=_NUMBER,
        problems=(404,),
        refusals=_REFUSED,
    ),
    Route(
        method="POST",
        path="/configurations/{configuration}/halt",
        name="haltConfiguration",
        summary="Tell no further kiosk, and end what no kiosk has begun",
        permission=Permission.SETTINGS,
        act=_halt,
        answer=ConfigurationOut,
        arguments=_NUMBER,
        problems=(404,),
        refusals=_REFUSED,
    ),
)
"""These routes."""
