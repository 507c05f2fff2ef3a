"""Messages that are to be sent: rows that stay until a server has taken them.

Rules
-----
* A message is written in the transaction in which its alarm says that people were told, so that a
  crash loses none; it is marked as sent after the answer, so that a crash may repeat one (at least
  once). Its key makes the same news one row.
* A failure is tried again after 30 s, 1 min, 2 min … up to 30 min, and given up after a day: by
  then the alarm has been told again, or is over. What a server refuses for good is given up at
  once.
* No bot gets more than 20 messages within a minute, tries included.
* A channel to which the last message failed gets one try in each round, after all others: a server
  that takes ten seconds to say nothing must not keep what is for other people waiting.
"""

import secrets
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, func, insert, or_, select, update

from hub import db
from hub.alerts import channels
from hub.alerts.forms import A_MINUTE, PAUSE_MS, Letter, Outcome
from hub.alerts.telling import Message

FIRST_RETRY_MS: Final = 30_000
LAST_RETRY_MS: Final = 30 * 60_000
FARTHEST_MS: Final = max(LAST_RETRY_MS, PAUSE_MS)
"""How far ahead anything is put off. What stands farther off was noted while the hub's clock was
ahead, and is not waited for."""
GIVE_UP_MS: Final = 24 * 3_600_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
AT_ONCE: Final = 8
"""Messages of one round of sending: each may take ten seconds, and the next look waits."""


class Waiting(Struct, frozen=True):
    """A message that is due."""

    row: int
    channel: str
    letter: Letter
    tries: int
    made_ms: int


def put(connection: Connection, messages: Sequence[Message], now_ms: int) -> None:
    """Keep these messages; of one that is there already nothing is written."""
    for one in messages:
        _insert(connection, one.key, one, now_ms, test=False)


def put_test(connection: Connection, channel: str, title: str, text: str, now_ms: int) -> None:
    """A message with which somebody tries a channel."""
    key = f"test-{secrets.token_hex(16)}"
    _insert(connection, key, Message(key, channel, title, text, False, ()), now_ms, test=True)


def recent(connection: Connection, now_ms: int) -> dict[str, int]:
    """How many messages of alarms were made for each channel within the last hour."""
    table = db.alarm_message.c
    rows = connection.execute(
        select(table.channel, func.count())
        .where(table.made_ms.between(now_ms - HOUR_MS + 1, now_ms), table.test.is_(False))
        .group_by(table.channel)
    )
    return {row[0]: row[1] for row in rows}


def due(connection: Connection, now_ms: int) -> list[Waiting]:
    """What may be sent now, oldest first, within each bot's limits."""
    table = db.alarm_message.c
    waiting = connection.execute(
        select(table.id, table.channel)
        .where(or_(table.due_ms <= now_ms, table.due_ms > now_ms + FARTHEST_MS))
        .order_by(table.urgent.desc(), table.id)
    ).all()
    if not waiting:
        return []
    tried = {
        row[0]: row[1]
        for row in connection.execute(
            select(table.channel, func.count())
            .where(table.tried_ms.between(now_ms - MINUTE_MS + 1, now_ms))
            .group_by(table.channel)
        )
    }
    resting = {one.id: one.resting_ms for one in channels.targets(connection).values()}
    failing = {one.id for one in channels.every(connection) if one.failing}
    chosen: list[int] = []
    failed: dict[str, int] = {}
    for row in waiting:
        if (
            now_ms < resting.get(row.channel, 0) <= now_ms + FARTHEST_MS
            or tried.get(row.channel, 0) >= A_MINUTE
        ):
            continue
        tried[row.channel] = tried.get(row.channel, 0) + 1
        if row.channel in failing:
            failed.setdefault(row.channel, row.id)
        else:
            chosen.append(row.id)
    chosen = [*chosen[: AT_ONCE - bool(failed)], *failed.values()][:AT_ONCE]
    rows = connection.execute(select(db.alarm_message).where(table.id.in_(chosen)))
    found = {
        row.id: Waiting(
            row.id,
            row.channel,
            Letter(row.key, row.title, row.body, bool(row.urgent), row.made_ms),
            row.tries,
            row.made_ms,
        )
        for row in rows
    }
    return [found[one] for one in chosen]


def record(connection: Connection, sent: Waiting, outcome: Outcome, now_ms: int) -> None:
    """What came of a try, in the message and in its channel."""
    table = db.alarm_message
    values = {
        "tries": sent.tries + 1,
        "tried_ms": now_ms,
        "error": outcome.error,
        "sent_ms": now_ms if outcome.ok else None,
        "due_ms": None if outcome.ok else retry_ms(sent, outcome, now_ms),
    }
    connection.execute(update(table).where(table.c.id == sent.row).values(values))
    channels.record(connection, sent.channel, outcome, now_ms)


def retry_ms(sent: Waiting, outcome: Outcome, now_ms: int) -> int | None:
    """When to try again; None: not any more."""
    if outcome.final or now_ms - sent.made_ms > GIVE_UP_MS:
        return None
    pause = min(LAST_RETRY_MS, FIRST_RETRY_MS << min(sent.tries, 10))
    return now_ms + max(pause, outcome.wait_ms)


def _insert(connection: Connection, key: str, one: Message, now_ms: int, *, test: bool) -> None:
    table = db.alarm_message
    if connection.scalar(select(table.c.id).where(table.c.key == key)) is not None:
        return
    connection.execute(
        insert(table).values(
            key=key,
            channel=one.channel,
            title=one.title,
            body=one.text,
            urgent=one.urgent,
            test=test,
            made_ms=now_ms,
            due_ms=now_ms,
            tries=0,
        )
    )
