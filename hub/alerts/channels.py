"""Where alarm messages go: group bots, webhooks and mailboxes. Addresses hold keys: they are shown
masked and never logged."""

import re
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select, update

from hub import db
from hub.access import accounts
from hub.alerts import forms
from hub.alerts.forms import EMAIL, HOSTS, KINDS, Outcome
from hub.alerts.telling import Channel

MAX_NAME: Final = 60
MAX_ADDRESS: Final = 1000
MAX_SECRET: Final = 200
MAX_CHANNELS: Final = 300
_MAILBOX: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")


class ChannelError(ValueError):
    """It cannot be so; ``what`` is kind, name, address, host, secret, stop or many."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Line(Struct, frozen=True):
    """A channel as it may be shown."""

    id: str
    stop: str
    kind: str
    name: str
    masked: str
    signed: bool
    added_ms: int
    ok_ms: int | None
    failed_ms: int | None
    error: str

    @property
    def failing(self) -> bool:
        """Whether the last thing that happened there was a failure."""
        return self.failed_ms is not None and self.failed_ms > (self.ok_ms or 0)


class Target(Struct, frozen=True):
    """A channel with its secrets, for sending. Never shown, never logged."""

    id: str
    kind: str
    address: str
    secret: str
    resting_ms: int


def add(
    connection: Connection,
    stop: str,
    kind: str,
    name: str,
    address: str,
    secret: str,
    hosts: Collection[str],
    now_ms: int,
) -> Line:
    """A new channel; ``hosts`` are those that webhooks may lead to, such as ``chat.example`` or
    ``chat.example:8443``.

    Raises:
        ChannelError: see there.
    """
    name, address, secret = name.strip(), address.strip(), secret.strip()
    check(kind, name, address, secret, hosts)
    if stop and connection.scalar(select(db.stop.c.id).where(db.stop.c.id == stop)) is None:
        raise ChannelError("stop")
    if len(every(connection)) >= MAX_CHANNELS:
        raise ChannelError("many")
    made = accounts.new_id()
    connection.execute(
        insert(db.alarm_channel).values(
            id=made,
            stop=stop,
            kind=kind,
            name=name,
            address=address,
            secret=secret,
            added_ms=now_ms,
        )
    )
    found = one(connection, made)
    assert found is not None
    return found


def check(kind: str, name: str, address: str, secret: str, hosts: Collection[str]) -> None:
    """Whether there can be such a channel. Raises `ChannelError`."""
    if kind not in KINDS:
        raise ChannelError("kind")
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise ChannelError("name")
    if len(secret) > MAX_SECRET or (secret and not _VISIBLE.fullmatch(secret)):
        raise ChannelError("secret")
    if kind == EMAIL:
        if not _MAILBOX.fullmatch(address):
            raise ChannelError("address")
        return
    if len(address) > MAX_ADDRESS or not _VISIBLE.fullmatch(address):
        raise ChannelError("address")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ChannelError("address") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.fragment:
        raise ChannelError("address")
    if parts.username is not None or parts.password is not None:
        raise ChannelError("address")
    named = {parts.hostname, f"{parts.hostname}:{port}"} if port else {parts.hostname}
    if port not in (None, 443, 80):
        named.discard(parts.hostname)
    if not named & set(hosts):
        raise ChannelError("host")


def allowed(hosts: Collection[str]) -> list[str]:
    """Where webhooks may lead: the three makers' hosts and those of ``hub.toml``."""
    return sorted({*HOSTS.values(), *hosts})


def remove(connection: Connection, channel: str) -> bool:
    """Take it away with whatever waits for it; False when there was none."""
    message = db.alarm_message
    connection.execute(
        update(message)
        .where(message.c.channel == channel, message.c.due_ms.is_not(None))
        .values(due_ms=None, error="removed")
    )
    gone = connection.execute(delete(db.alarm_channel).where(db.alarm_channel.c.id == channel))
    return bool(gone.rowcount)


def every(connection: Connection) -> list[Line]:
    """All channels, the operator's first, then by stop and name."""
    table = db.alarm_channel.c
    rows = connection.execute(select(db.alarm_channel).order_by(table.stop, table.name, table.id))
    return [_line(row) for row in rows]


def one(connection: Connection, channel: str) -> Line | None:
    """The channel with this id."""
    row = connection.execute(
        select(db.alarm_channel).where(db.alarm_channel.c.id == channel)
    ).one_or_none()
    return None if row is None else _line(row)


def to_tell(connection: Connection) -> list[Channel]:
    """All of them, as `hub.alerts.telling` takes them."""
    table = db.alarm_channel.c
    rows = connection.execute(select(table.id, table.stop).order_by(table.stop, table.id))
    return [Channel(row.id, row.stop) for row in rows]


def targets(connection: Connection) -> dict[str, Target]:
    """All of them, with what it takes to send, by id."""
    return {
        row.id: Target(row.id, row.kind, row.address, row.secret, row.resting_ms or 0)
        for row in connection.execute(select(db.alarm_channel))
    }


def record(connection: Connection, channel: str, outcome: Outcome, now_ms: int) -> None:
    """What came of sending to it."""
    values: dict[str, Any] = {"ok_ms": now_ms, "error": "", "resting_ms": None}
    if not outcome.ok:
        resting = now_ms + outcome.wait_ms if outcome.wait_ms else None
        values = {"failed_ms": now_ms, "error": outcome.error, "resting_ms": resting}
    connection.execute(
        update(db.alarm_channel).where(db.alarm_channel.c.id == channel).values(values)
    )


def _line(row: Row[Any]) -> Line:
    return Line(
        row.id,
        row.stop,
        row.kind,
        row.name,
        forms.masked(row.address),
        bool(row.secret),
        row.added_ms,
        row.ok_ms,
        row.failed_ms,
        row.error,
    )
