"""The channels that alarm messages go to, over the API."""

from typing import Annotated, Final, Literal

from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection

from hub.access.permissions import Permission
from hub.alerts import acts, channels
from hub.alerts.channels import MAX_ADDRESS, MAX_NAME, MAX_SECRET, ChannelError, Line
from hub.alerts.forms import EMAIL
from hub.api.models import StopKey
from hub.api.problems import BadParameter
from hub.api.routes import Call, Route
from hub.request import connection, services


class ChannelOut(Struct, frozen=True):
    """A channel; ``masked`` is its address without its key. An empty ``stop``: the operator's."""

    id: str
    stop: str
    kind: str
    name: str
    masked: str
    signed: bool
    failing: bool
    error: str
    ok_ms: int | None
    failed_ms: int | None


class ChannelsOut(Struct, frozen=True):
    """The channels of the token's stops; the operator's too where it sees all of them."""

    channels: list[ChannelOut]


class ChannelIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A new channel: the whole webhook address, or a mailbox."""

    kind: Literal["wecom", "dingtalk", "feishu", "webhook", "email"]
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    address: Annotated[str, Meta(min_length=1, max_length=MAX_ADDRESS)]
    secret: Annotated[str, Meta(max_length=MAX_SECRET)] = ""
    stop: StopKey = ""


class ChannelTold(Struct, frozen=True):
    """The channel's id; ``done`` is false when it was gone."""

    id: str
    done: bool


def _channel_out(one: Line) -> ChannelOut:
    return ChannelOut(
        one.id,
        one.stop,
        one.kind,
        one.name,
        one.masked,
        one.signed,
        one.failing,
        one.error,
        one.ok_ms,
        one.failed_ms,
    )


def _channels(call: Call) -> ChannelsOut:
    found = channels.every(connection())
    return ChannelsOut([_channel_out(one) for one in found if call.user.sees(one.stop)])


def _add(call: Call) -> ChannelOut:
    body, config = call.sent(ChannelIn), services().config
    call.reach(body.stop, Permission.SETTINGS)
    if body.kind == EMAIL and not config.smtp_host:
        raise BadParameter("kind", "the hub has no mail server (smtp_host in hub.toml)")
    hosts = channels.allowed(config.alert_hosts)

    def work(writing: Connection) -> Line:
        return acts.add_channel(
            writing,
            body.stop,
            body.kind,
            body.name,
            body.address,
            body.secret,
            hosts,
            call.user.by,
            call.now_ms,
        )

    try:
        return _channel_out(services().writer.call(work))
    except ChannelError as error:
        parameter = "address" if error.what == "host" else error.what
        raise BadParameter(parameter, _REFUSALS.get(error.what, "it cannot be so")) from None


_REFUSALS: Final = {
    "address": "an https address with its key, or one mailbox",
    "host": "a host that hub.toml allows (alert_hosts)",
    "name": "1 to 60 printable characters",
    "secret": "visible ASCII characters",
    "stop": "no such stop",
    "many": "there are too many channels",
}


def _one_channel(call: Call) -> Line:
    found = channels.one(connection(), call.path["channel"][:32])
    if found is None or not call.user.sees(found.stop):
        abort(404)
    return found


def _remove(call: Call) -> ChannelTold:
    found, by = _one_channel(call), call.user.by
    done = services().writer.call(
        lambda writing: acts.remove_channel(writing, found, by, call.now_ms)
    )
    return ChannelTold(found.id, done)


def _test(call: Call) -> ChannelTold:
    found, by = _one_channel(call), call.user.by
    services().writer.call(lambda writing: acts.test_channel(writing, found, by, call.now_ms))
    return ChannelTold(found.id, True)


_CHANNEL: Final = {"channel": "The channel's id."}

ROUTES: Final = (
    Route(
        method="GET",
        path="/alert-channels",
        name="alertChannels",
        summary="Where alarm messages go, without their keys",
        permission=Permission.SETTINGS,
        act=_channels,
        answer=ChannelsOut,
    ),
    Route(
        method="POST",
        path="/alert-channels",
        name="addAlertChannel",
        summary="A new channel for alarm messages",
        permission=Permission.SETTINGS,
        act=_add,
        body=ChannelIn,
        answer=ChannelOut,
    ),
    Route(
        method="POST",
        path="/alert-channels/{channel}/remove",
        name="removeAlertChannel",
        summary="Take a channel away and forget its key",
        permission=Permission.SETTINGS,
        act=_remove,
        answer=ChannelTold,
        arguments=_CHANNEL,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/alert-channels/{channel}/test",
        name="testAlertChannel",
        summary="Have a test message sent within seconds",
        permission=Permission.SETTINGS,
        act=_test,
        answer=ChannelTold,
        arguments=_CHANNEL,
        problems=(404,),
    ),
)
"""These routes."""
