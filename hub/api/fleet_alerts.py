"""Alarms, the channels that they go to, their limits, and when stops are open, over the API."""

from typing import Annotated, Final, Literal

from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection

from hub.access.permissions import Permission
from hub.alerts import acts, channels, contacts, rules, store, words
from hub.alerts.channels import MAX_ADDRESS, MAX_NAME, MAX_SECRET, ChannelError, Line
from hub.alerts.contacts import Contact, ContactChangedError, ContactError
from hub.alerts.forms import EMAIL
from hub.alerts.life import Alarm
from hub.alerts.limits import LIMITS, LimitError
from hub.alerts.opening import Hours
from hub.alerts.store import Choice
from hub.alerts.words import Text
from hub.api.problems import BadParameter
from hub.api.routes import Call, Nothing, Route
from hub.queries import places
from hub.request import connection, services
from hub.web.login import Denied

AlarmId = Annotated[int, Meta(ge=1, le=2**31)]
StopId = Annotated[str, Meta(max_length=64)]


class Said(Struct, frozen=True):
    """A text in both languages."""

    zh: str
    en: str


class AlarmOut(Struct, frozen=True):
    """An alarm. ``stop`` and ``kiosk`` are empty where it is the hub's own. ``severity`` is urgent
    or soon, ``state`` open or acknowledged; ``flapping``: it comes and goes. ``ring`` is host or
    operator; ``phone`` is told to whoever may acknowledge it. Times are Unix milliseconds."""

    id: int
    kind: str
    severity: str
    state: str
    stop: str
    kiosk: str
    title: Said
    cause: Said
    ask: Said
    ring: str
    phone: str
    flapping: bool
    began_ms: int
    fired_ms: int | None
    acknowledged_ms: int | None
    acknowledged_by: str
    told: int
    told_ms: int | None


class AlarmsOut(Struct, frozen=True):
    """What is an alarm now: what nobody has acknowledged first, the urgent before."""

    alarms: list[AlarmOut]


class WhichAlarm(Struct, frozen=True, forbid_unknown_fields=True):
    """The id of an alarm."""

    alarm: AlarmId


class AlarmSeen(Struct, frozen=True):
    """``changed`` is false when it was over, or somebody else had acknowledged it."""

    alarm: int
    changed: bool


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
    stop: StopId = ""


class ChannelTold(Struct, frozen=True):
    """The channel's id; ``done`` is false when it was gone."""

    id: str
    done: bool


class WhichStop(Struct, frozen=True):
    """A stop; empty: every stop."""

    stop: StopId = ""


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
    stop: StopId = ""


class ContactOut(Struct, frozen=True):
    """When a stop is open, and its host's telephone; ``version`` goes into the next change."""

    stop: str
    week: list[str]
    holidays: list[str]
    phone: str
    version: str


class ContactIn(Struct, frozen=True, forbid_unknown_fields=True):
    """``week`` has seven texts such as ``09:00-12:00 14:00-18:00``, Monday first, or none at all
    (always open); ``seen`` is the version that was read."""

    week: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=7)] = []
    holidays: Annotated[list[Annotated[str, Meta(max_length=21)]], Meta(max_length=60)] = []
    phone: Annotated[str, Meta(max_length=30)] = ""
    seen: str | None = None


# --- alarms ---------------------------------------------------------------------------------------


def _said(text: Text) -> Said:
    return Said(text.zh, text.en)


def _out(one: Alarm, phone: str) -> AlarmOut:
    told = words.of(one.kind, one.values)
    return AlarmOut(
        id=one.id,
        kind=one.kind,
        severity=one.severity,
        state="open" if one.acknowledged_ms is None else "acknowledged",
        stop=one.stop,
        kiosk=one.kiosk,
        title=_said(told.title),
        cause=_said(told.cause),
        ask=_said(told.ask),
        ring=rules.ring(one.kind),
        phone=phone,
        flapping=one.flapping,
        began_ms=one.began_ms,
        fired_ms=one.fired_ms,
        acknowledged_ms=one.acknowledged_ms,
        acknowledged_by=one.acknowledged_by,
        told=one.told,
        told_ms=one.told_ms,
    )


def _every(call: Call) -> AlarmsOut:
    here = connection()
    phones = contacts.phones(here)
    return AlarmsOut(
        [
            _out(
                one,
                phones.get(one.stop, "")
                if rules.ring(one.kind) == rules.HOST
                and call.user.may(Permission.RESOLVE_INCIDENT, one.stop)
                else "",
            )
            for one in store.firing(here, call.user.visible)
        ]
    )


def _reach(call: Call) -> int:
    found = store.one(connection(), call.sent(WhichAlarm).alarm)
    if found is None:
        abort(404)
    if not call.user.sees(found.stop):
        raise Denied(Permission.RESOLVE_INCIDENT, found.stop)
    return found.id


def _acknowledge(call: Call) -> AlarmSeen:
    alarm, by = _reach(call), call.user.by
    done = services().writer.call(lambda writing: acts.acknowledge(writing, alarm, by, call.now_ms))
    return AlarmSeen(alarm, done is not None)


def _take_back(call: Call) -> AlarmSeen:
    alarm, by = _reach(call), call.user.by
    done = services().writer.call(lambda writing: acts.take_back(writing, alarm, by, call.now_ms))
    return AlarmSeen(alarm, done is not None)


# --- channels -------------------------------------------------------------------------------------


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
    if not call.user.sees(body.stop):
        raise Denied(Permission.SETTINGS, body.stop)
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


# --- limits ---------------------------------------------------------------------------------------


def _require_stop(call: Call, stop: str) -> None:
    if stop and stop not in places.stops(connection()):
        abort(404)
    if not call.user.sees(stop):
        raise Denied(Permission.SETTINGS, stop)


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
    _require_stop(call, stop)
    return _limits_out(connection(), stop)


def _choose(call: Call) -> LimitsOut:
    body = call.sent(LimitsIn)
    _require_stop(call, body.stop)
    choices = [Choice(name, value) for name, value in body.limits.items()]

    def work(writing: Connection) -> LimitsOut:
        acts.choose(writing, body.stop, choices, call.user.by, call.now_ms)
        return _limits_out(writing, body.stop)

    try:
        return services().writer.call(work)
    except LimitError as error:
        raise BadParameter(f"limits.{error.name}"[:200], f"cannot be so: {error}"[:300]) from None


# --- stops ----------------------------------------------------------------------------------------


def _contact_out(stop: str, one: Contact) -> ContactOut:
    return ContactOut(
        stop, list(one.hours.week), list(one.hours.holidays), one.phone, contacts.version(one)
    )


def _contact(call: Call) -> ContactOut:
    stop = call.path["stop"][:64]
    _require_stop(call, stop)
    return _contact_out(stop, contacts.contact(connection(), stop))


def _put_contact(call: Call) -> ContactOut:
    stop, body = call.path["stop"][:64], call.sent(ContactIn)
    _require_stop(call, stop)
    wish = Contact(Hours(tuple(body.week), tuple(body.holidays)), body.phone)
    try:
        kept = services().writer.call(
            lambda writing: contacts.put(writing, stop, wish, call.user.by, call.now_ms, body.seen)
        )
    except ContactError as error:
        name = {"day": "week", "holiday": "holidays"}.get(error.what, error.what)
        raise BadParameter(name, f"cannot be so: {error.text or 'see the description'}") from None
    return _contact_out(stop, kept)


_CHANNEL: Final = {"channel": "The channel's id."}
_STOP: Final = {"stop": "The stop's id."}

ROUTES: Final = (
    Route(
        method="GET",
        path="/alerts",
        name="alerts",
        summary="What is an alarm now, whom to ring and what to ask",
        permission=Permission.VIEW,
        act=_every,
        answer=AlarmsOut,
        query=Nothing,
    ),
    Route(
        method="POST",
        path="/alerts/acknowledge",
        name="acknowledgeAlert",
        summary="Somebody takes care of an alarm: nobody is told again",
        permission=Permission.RESOLVE_INCIDENT,
        act=_acknowledge,
        body=WhichAlarm,
        answer=AlarmSeen,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/alerts/take-back",
        name="takeAlertBack",
        summary="Take one's own acknowledgement back",
        permission=Permission.RESOLVE_INCIDENT,
        act=_take_back,
        body=WhichAlarm,
        answer=AlarmSeen,
        problems=(404,),
    ),
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
    Route(
        method="GET",
        path="/stops/{stop}/contact",
        name="stopContact",
        summary="When a stop is open, and its host's telephone",
        permission=Permission.SETTINGS,
        act=_contact,
        answer=ContactOut,
        arguments=_STOP,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/stops/{stop}/contact",
        name="setStopContact",
        summary="Set a stop's opening hours and its host's telephone",
        permission=Permission.SETTINGS,
        act=_put_contact,
        body=ContactIn,
        answer=ContactOut,
        arguments=_STOP,
        problems=(404,),
        refusals={ContactChangedError: 409},
    ),
)
"""These routes."""
