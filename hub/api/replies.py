"""What was answered to requests that carried a key: the same request again gets the same answer."""

from typing import Final

from sqlalchemy import Connection, delete, insert, select

from hub import db
from hub.log.recording import RequestReusedError

KEPT_MS: Final = 7 * 24 * 3_600_000
"""How long an answer is kept. Nobody repeats a request for a week; an event's own key is kept for
ever (`hub.log.recording`)."""


def given(connection: Connection, account: str, key: str | None, asked: str) -> bytes | None:
    """The answer to this request, if it was given before.

    Raises:
        RequestReusedError: the key came with something else.
    """
    if key is None:
        return None
    table = db.reply.c
    row = connection.execute(
        select(table.asked, table.content).where(table.account == account, table.key == key)
    ).one_or_none()
    if row is None:
        return None
    if row.asked != asked:
        raise RequestReusedError(key)
    return bytes(row.content)


def keep(
    connection: Connection, account: str, key: str | None, asked: str, content: bytes, now_ms: int
) -> None:
    """Remember an answer; two at once keep the first."""
    connection.execute(delete(db.reply).where(db.reply.c.at_ms < now_ms - KEPT_MS))
    if key is None or given(connection, account, key, asked) is not None:
        return
    connection.execute(
        insert(db.reply).values(
            account=account, key=key, asked=asked, content=content, at_ms=now_ms
        )
    )
