"""Printing labels at kiosks, and labels printed ahead, over the API: what the pages do."""

from typing import Annotated, Final, Literal

from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection

from contract.codes import Kind
from contract.events import KioskId
from contract.messages import MAX_LABELS, Check
from hub.access.permissions import Permission
from hub.api.routes import Call, Route
from hub.fleet.device_commands import permission_of
from hub.kiosks import command_files, kiosk_commands
from hub.kiosks.kiosk_commands import CommandError, Order
from hub.printing import label_orders, label_runs
from hub.printing.label_runs import LabelError, Run
from hub.printing.ready_made import NoLabelPrefixError
from hub.queries import places
from hub.request import connection, services
from hub.stock import donations
from hub.web.login import Denied

Count = Annotated[int, Meta(ge=1, le=MAX_LABELS)]


class CommandOut(Struct, frozen=True):
    """What a kiosk was told to do, and what became of it.

    ``state``: waiting (not answered), accepted, printing; for good: done, cancelled, expired,
    failed, refused, unknown. ``detail`` is a machine word for what it waits for, or why it failed.
    ``about`` is what it is for: ``labels:`` and a run's prefix, or ``donation:`` and a list's id.
    ``printed`` + ``doubtful`` of ``codes``, the first ones, were begun; nobody knows whether the
    doubtful ones are out. ``cancel_ms``: when somebody asked to end it. ``checks`` are the lines of
    a self-test, or what is wrong with a configuration; ``file`` names what it sent.
    """

    id: str
    kiosk: str
    name: str
    about: str
    state: str
    detail: str
    final: bool
    made_ms: int
    expires_ms: int
    answered_ms: int | None
    cancel_ms: int | None
    total: int
    printed: int
    doubtful: list[str]
    codes: list[str]
    checks: list[Check]
    file: str | None


class CommandsOut(Struct, frozen=True):
    """Commands, the newest first."""

    commands: list[CommandOut]


class BlanksToPrint(Struct, frozen=True, forbid_unknown_fields=True):
    """The next ``n`` blank labels of a run at this kiosk."""

    kiosk: KioskId
    n: Count


class GoodsToLabel(Struct, frozen=True, forbid_unknown_fields=True):
    """Labels of a list at this kiosk: the next ``n``, or as many as there are; or copies of all
    those that are in doubt."""

    kiosk: KioskId
    n: Count | None = None
    copies: bool = False


class RollIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A roll of new blank labels for items or boxes, printed at this kiosk at once."""

    kiosk: KioskId
    n: Count
    kind: Literal["item", "box"] = "item"


class RollOut(Struct, frozen=True):
    """The run that the labels belong to, and the command that prints them."""

    prefix: str
    command: CommandOut


# --- commands -------------------------------------------------------------------------------------


def command_out(order: Order, here: Connection | None = None) -> CommandOut:
    """A command as the API tells of it; ``here`` is the transaction that made it."""
    said = order.told
    files = command_files.sizes(here if here is not None else connection(), [order.id])
    return CommandOut(
        id=order.id,
        kiosk=order.kiosk,
        name=order.name,
        about=order.about,
        state=said.state,
        detail=said.detail,
        final=said.is_final,
        made_ms=order.made_ms,
        expires_ms=order.expires_ms,
        answered_ms=order.answered_ms,
        cancel_ms=order.cancel_ms,
        total=order.total,
        printed=said.printed,
        doubtful=list(said.doubtful),
        codes=[label.code for label in order.message.labels],
        checks=list(said.checks),
        file=files[order.id][0] if order.id in files else None,
    )


def _stop_of(kiosk: str) -> str | None:
    return places.stop_of_kiosks(connection()).get(kiosk)


def _reach(call: Call, kiosk: str, permission: Permission) -> None:
    """Raises `Denied` where the kiosk's stop is beyond the token's scope."""
    stop = _stop_of(kiosk)
    call.reach(stop or "", permission)


def _of_kiosk(call: Call) -> CommandsOut:
    kiosk = call.path["kiosk"]
    if _stop_of(kiosk) is None:
        abort(404)
    _reach(call, kiosk, Permission.VIEW)
    found = kiosk_commands.of_kiosk(connection(), kiosk, 100)
    return CommandsOut([command_out(one) for one in found])


def _found(call: Call, permission: Permission) -> Order:
    found = kiosk_commands.one(connection(), call.path["command"][:16])
    if found is None:
        abort(404)
    _reach(call, found.kiosk, permission)
    return found


def _one(call: Call) -> CommandOut:
    return command_out(_found(call, Permission.VIEW))


def _cancel(call: Call) -> CommandOut:
    found = _found(call, Permission.VIEW)
    permission = permission_of(found.name)
    if not call.user.may(permission):
        raise Denied(permission, _stop_of(found.kiosk) or "")

    def work(writing: Connection) -> CommandOut:
        kiosk_commands.cancel(writing, found.id, call.user.by, call.now_ms)
        return _made(writing, found.id)

    return services().writer.call(work)


def _made(writing: Connection, command: str) -> CommandOut:
    made = kiosk_commands.one(writing, command)
    assert made is not None
    return command_out(made, writing)


# --- labels printed ahead -------------------------------------------------------------------------


def _run(call: Call, permission: Permission) -> Run:
    found = label_runs.runs(connection(), call.path["prefix"][:4])
    if not found:
        abort(404)
    if found[0].stop:  # else it is for any stop
        call.reach(found[0].stop, permission)
    return found[0]


def _roll(call: Call) -> RollOut:
    body = call.sent(RollIn)
    _reach(call, body.kiosk, Permission.LABELS)
    stop = _stop_of(body.kiosk) or ""
    kind = Kind.BOX if body.kind == "box" else Kind.ITEM

    def work(writing: Connection) -> RollOut:
        prefix, command = label_orders.print_roll(
            writing, kind, body.n, stop, body.kiosk, call.user.by, call.now_ms, call.key
        )
        return RollOut(prefix, _made(writing, command))

    return services().writer.call(work)


def _require(call: Call, stop: str) -> None:
    call.reach(stop, Permission.LABELS)


def _print_run(call: Call) -> CommandOut:
    run, body = _run(call, Permission.LABELS), call.sent(BlanksToPrint)
    _reach(call, body.kiosk, Permission.LABELS)

    def work(writing: Connection) -> CommandOut:
        command = label_orders.print_blanks(
            writing, run, body.kiosk, body.n, call.user.by, call.now_ms, call.key
        )
        return _made(writing, command)

    return services().writer.call(work)


# --- labels of a list -----------------------------------------------------------------------------


def _print_list(call: Call) -> CommandOut:
    found, body = donations.one(connection(), call.path["donation"][:32]), call.sent(GoodsToLabel)
    if found is None:
        abort(404)
    _require(call, found.stop)
    _reach(call, body.kiosk, Permission.LABELS)

    def work(writing: Connection) -> CommandOut:
        command = label_orders.print_goods(
            writing,
            found,
            body.kiosk,
            body.n,
            call.user.by,
            call.now_ms,
            call.key,
            copies=body.copies,
        )
        return _made(writing, command)

    return services().writer.call(work)


_REFUSED: Final = {CommandError: 409, LabelError: 409, NoLabelPrefixError: 409}
_COMMAND: Final = {"command": "The command's id."}
_PREFIX: Final = {"prefix": "The four characters that all codes of the run share."}

ROUTES: Final = (
    Route(
        method="GET",
        path="/kiosks/{kiosk}/commands",
        name="kioskCommands",
        summary="What a kiosk was told to do, the newest first",
        permission=Permission.VIEW,
        act=_of_kiosk,
        answer=CommandsOut,
        arguments={"kiosk": "The kiosk's id."},
        problems=(404,),
    ),
    Route(
        method="GET",
        path="/commands/{command}",
        name="command",
        summary="A command, and what became of it",
        permission=Permission.VIEW,
        act=_one,
        answer=CommandOut,
        arguments=_COMMAND,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/commands/{command}/cancel",
        name="cancelCommand",
        summary="Do no more of what is left of a command, by whoever may order such a one",
        permission=Permission.VIEW,
        act=_cancel,
        answer=CommandOut,
        arguments=_COMMAND,
        problems=(404,),
        refusals=_REFUSED,
    ),
    Route(
        method="POST",
        path="/labels/rolls",
        name="printRoll",
        summary="Make new blank labels and print them at a kiosk",
        permission=Permission.LABELS,
        act=_roll,
        answer=RollOut,
        body=RollIn,
        refusals=_REFUSED,
    ),
    Route(
        method="POST",
        path="/labels/{prefix}/print",
        name="printLabels",
        summary="Print the next blank labels of a run at a kiosk",
        permission=Permission.LABELS,
        act=_print_run,
        answer=CommandOut,
        body=BlanksToPrint,
        arguments=_PREFIX,
        problems=(404,),
        refusals=_REFUSED,
    ),
    Route(
        method="POST",
        path="/donations/{donation}/print",
        name="printDonation",
        summary="Print the labels of a list at a kiosk, or copies of those in doubt",
        permission=Permission.LABELS,
        act=_print_list,
        answer=CommandOut,
        body=GoodsToLabel,
        arguments={"donation": "The list's id."},
        problems=(404,),
        refusals=_REFUSED,
    ),
)
"""These routes."""
