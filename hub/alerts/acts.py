"""What people do about alarms, by page, API or command line: each act with its audit row."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection

from hub.access import audit
from hub.access.audit import By
from hub.alerts import channels, outbox, store
from hub.alerts.channels import Line
from hub.alerts.life import Alarm
from hub.alerts.store import Choice

TEST_TITLE: Final = "【义仓】测试消息 / Test message"
TEST_TEXT: Final = (
    "【义仓】这是一条测试消息：告警会发到这里。\nThis is a test: alarms will arrive here."
)


def acknowledge(connection: Connection, alarm: int, by: By, now_ms: int) -> Alarm | None:
    """Somebody has seen it; None when nobody needs to, or somebody had."""
    found = store.acknowledge(connection, alarm, by.account, now_ms)
    if found is not None:
        _note(connection, by, "alarm.acknowledged", found, now_ms)
    return found


def take_back(connection: Connection, alarm: int, by: By, now_ms: int) -> Alarm | None:
    """Nobody has seen it after all; None when it was not theirs to take back, or it is over."""
    found = store.take_back(connection, alarm, by.account)
    if found is not None:
        _note(connection, by, "alarm.reopened", found, now_ms)
    return found


def add_channel(
    connection: Connection,
    stop: str,
    kind: str,
    name: str,
    address: str,
    secret: str,
    hosts: Collection[str],
    by: By,
    now_ms: int,
) -> Line:
    """A new channel. Raises `hub.alerts.channels.ChannelError`."""
    made = channels.add(connection, stop, kind, name, address, secret, hosts, now_ms)
    # Neither its name, which may be somebody's, nor its address.
    audit.note(connection, by, "channel.added", made.id, {"kind": kind}, now_ms, stop=stop)
    return made


def remove_channel(connection: Connection, channel: Line, by: By, now_ms: int) -> bool:
    """Take a channel away; False when it was gone."""
    gone = channels.remove(connection, channel.id)
    if gone:
        audit.note(
            connection,
            by,
            "channel.removed",
            channel.id,
            {"kind": channel.kind},
            now_ms,
            stop=channel.stop,
        )
    return gone


def test_channel(connection: Connection, channel: Line, by: By, now_ms: int) -> None:
    """Have a test message sent, within seconds."""
    outbox.put_test(connection, channel.id, TEST_TITLE, TEST_TEXT, now_ms)
    audit.note(connection, by, "channel.tested", channel.id, {}, now_ms, stop=channel.stop)


def choose(
    connection: Connection, stop: str, choices: Sequence[Choice], by: By, now_ms: int
) -> list[str]:
    """Set limits; which changed. Raises `hub.alerts.limits.LimitError`."""
    changed = store.choose(connection, stop, choices)
    if changed:
        values = {one.name: one.value for one in choices if one.name in changed}
        audit.note(connection, by, "alarm-limits.put", "", values, now_ms, stop=stop)
    return changed


def _note(connection: Connection, by: By, what: str, alarm: Alarm, now_ms: int) -> None:
    audit.note(connection, by, what, str(alarm.id), {"kind": alarm.kind}, now_ms, stop=alarm.stop)
