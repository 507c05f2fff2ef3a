"""API tokens: 256 random bits, kept as SHA-256, since nobody can list them.

A token is shown once, to whoever made it. It has a role and a scope as an account has, and an id by
which events, the audit log and lists name it. A row gone is a token taken back, from its next
request on.
"""

import hashlib
import secrets
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from hub import db
from hub.access import accounts, scope
from hub.access.permissions import Role
from hub.access.scope import Scope
from hub.access.users import User

TOKEN_BYTES: Final = 32
MAX_LABEL: Final = 60

TOUCH_MS: Final = 300_000
"""How old the time of last use may get before it is written again, as with sessions."""


class Token(Struct, frozen=True):
    """A token without its secret. ``account`` made it ("": somebody at the machine itself);
    ``used_ms`` is when it was last used, to within `TOUCH_MS`."""

    id: str
    label: str
    role: Role
    scope: Scope
    created_ms: int
    account: str
    used_ms: int | None


class Bearer(Struct, frozen=True):
    """Who sends a token, and whether its time of use wants writing."""

    user: User
    stale: bool


def create(
    connection: Connection,
    role: Role,
    created_ms: int,
    label: str = "",
    within: Scope = Scope(),  # noqa: B008 - frozen
    account: str = "",
) -> str:
    """A new API token; only its hash is stored, so that it can be shown this once."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(
        insert(db.token).values(
            hash=digest(token),
            id=accounts.new_id(),
            role=role.value,
            scope=scope.write(within),
            created_ms=created_ms,
            label=label,
            account=account,
        )
    )
    return token


def revoke(connection: Connection, token: str) -> bool:
    """Take back the API token with this id; False when there was none."""
    gone = connection.execute(delete(db.token).where(db.token.c.id == token))
    return bool(gone.rowcount)


def everyone(connection: Connection) -> list[Token]:
    """Every token, the newest first."""
    table = db.token.c
    rows = connection.execute(
        select(
            table.id,
            table.label,
            table.role,
            table.scope,
            table.created_ms,
            table.account,
            table.used_ms,
        ).order_by(table.created_ms.desc(), table.id)
    )
    return [
        Token(
            row.id,
            row.label,
            Role(row.role),
            scope.read(row.scope),
            row.created_ms,
            row.account,
            row.used_ms,
        )
        for row in rows
    ]


def bearer(connection: Connection, token: str, now_ms: int = 0) -> Bearer | None:
    """Who sends ``token``, by its label; None for one that nobody issued."""
    table = db.token.c
    row = connection.execute(
        select(table.id, table.label, table.role, table.scope, table.used_ms).where(
            table.hash == digest(token)
        )
    ).one_or_none()
    if row is None:
        return None
    within = scope.read(row.scope)
    may_see = scope.resolve(connection, within)
    user = User(row.id, row.label, Role(row.role), may_see, cities=within.cities)
    return Bearer(user, row.used_ms is None or row.used_ms < now_ms - TOUCH_MS)


def touch(connection: Connection, token: str, now_ms: int) -> None:
    """The token with this id was used now."""
    connection.execute(update(db.token).where(db.token.c.id == token).values(used_ms=now_ms))


def digest(token: str) -> str:
    """The SHA-256 under which a token is stored, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
