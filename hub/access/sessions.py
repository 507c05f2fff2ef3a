"""Sessions of those who are signed in, kept in the database: each can be seen and ended.

The browser's cookie holds a random id of 256 bits, the database its SHA-256, so that a copy of the
database lets nobody in. Pages and the audit log name a session by another id, which opens nothing.
"""

import hashlib
import secrets
from typing import Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from hub import db
from hub.access import accounts, scope
from hub.access.permissions import Role
from hub.access.users import User

IDLE_MS: Final = 12 * 3_600_000
"""A session that nobody used for so long has ended."""

LONGEST_MS: Final = 30 * 24 * 3_600_000
"""So long after signing in, a session has ended, used or not."""

TOUCH_MS: Final = 300_000
"""How old the time of last use may get before it is written again: reading a page should not wait
for a COMMIT."""

TOKEN_BYTES: Final = 32
MAX_AGENT: Final = 250
MAX_ADDRESS: Final = 64


class Session(Struct, frozen=True):
    """A session; times are Unix milliseconds by the hub's clock."""

    id: str
    user: str
    created_ms: int
    seen_ms: int
    address: str
    agent: str
    how: str


class SignedIn(Struct, frozen=True):
    """Who a session belongs to, their language, and whether its time of use wants writing."""

    user: User
    language: str
    stale: bool


def begin(
    connection: Connection, account: str, *, address: str, agent: str, how: str, now_ms: int
) -> tuple[str, str]:
    """Opens a session for ``account``; the random id for the cookie, and the session's own id.

    Sessions that have ended by themselves go at the same time.
    """
    table = db.session.c
    connection.execute(
        delete(db.session).where(
            (table.seen_ms < now_ms - IDLE_MS - TOUCH_MS) | (table.created_ms < now_ms - LONGEST_MS)
        )
    )
    token, session = secrets.token_urlsafe(TOKEN_BYTES), accounts.new_id()
    connection.execute(
        insert(db.session).values(
            hash=_digest(token),
            id=session,
            user=account,
            created_ms=now_ms,
            seen_ms=now_ms,
            address=address[:MAX_ADDRESS],
            agent=agent[:MAX_AGENT],
            how=how,
        )
    )
    return token, session


def signed_in(connection: Connection, token: str, now_ms: int) -> SignedIn | None:
    """Who is signed in with this cookie, if anybody still is."""
    session, user = db.session.c, db.user.c
    row = connection.execute(
        select(
            session.id.label("session"),
            session.seen_ms,
            user.id,
            user.name,
            user.role,
            user.scope,
            user.language,
        )
        .join_from(db.session, db.user, user.id == session.user)
        .where(session.hash == _digest(token), user.deactivated_ms.is_(None), *_alive(now_ms))
    ).one_or_none()
    if row is None:
        return None
    within = scope.read(row.scope)
    visible = scope.resolve(connection, within)
    return SignedIn(
        User(row.id, row.name, Role(row.role), visible, row.session, within.cities),
        row.language,
        row.seen_ms < now_ms - TOUCH_MS,
    )


def touch(connection: Connection, session: str, address: str, now_ms: int) -> None:
    """Writes down that this session is in use."""
    connection.execute(
        update(db.session)
        .where(db.session.c.id == session)
        .values(seen_ms=now_ms, address=address[:MAX_ADDRESS])
    )


def of_account(connection: Connection, account: str, now_ms: int) -> list[Session]:
    """The sessions that are open, the one used last first."""
    table = db.session.c
    rows = connection.execute(
        select(
            table.id,
            table.user,
            table.created_ms,
            table.seen_ms,
            table.address,
            table.agent,
            table.how,
        )
        .where(table.user == account, *_alive(now_ms))
        .order_by(table.seen_ms.desc(), table.id)
    )
    return [Session(*row) for row in rows]


def last_seen(connection: Connection) -> dict[str, int]:
    """When each account was last seen in a session that is still kept, by account id."""
    table = db.session.c
    rows = connection.execute(select(table.user, func.max(table.seen_ms)).group_by(table.user))
    return {row[0]: row[1] for row in rows}


def end(connection: Connection, account: str, session: str) -> bool:
    """Ends one session of ``account``; whether there was one."""
    table = db.session.c
    ended = connection.execute(delete(db.session).where(table.user == account, table.id == session))
    return bool(ended.rowcount)


def end_all(connection: Connection, account: str, *, but: str = "") -> int:
    """Ends the sessions of ``account``, all or all but one; how many there were."""
    table = db.session.c
    ended = connection.execute(delete(db.session).where(table.user == account, table.id != but))
    return int(ended.rowcount)


def _alive(now_ms: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    table = db.session.c
    return (table.seen_ms >= now_ms - IDLE_MS - TOUCH_MS, table.created_ms >= now_ms - LONGEST_MS)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
