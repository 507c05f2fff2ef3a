"""API tokens: 256 random bits, kept as SHA-256, since nobody can list them."""

import hashlib
import secrets
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from hub import accounts, db, scope
from hub.permissions import Role
from hub.scope import Scope
from hub.users import User

TOKEN_BYTES: Final = 32


def create(
    connection: Connection,
    role: Role,
    created_ms: int,
    label: str = "",
    within: Scope = Scope(),  # noqa: B008 - frozen
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
        )
    )
    return token


def revoke(connection: Connection, token: str) -> bool:
    """Take an API token back; False when there was none."""
    gone = connection.execute(delete(db.token).where(db.token.c.hash == digest(token)))
    return bool(gone.rowcount)


def bearer(connection: Connection, token: str) -> User | None:
    """Who sends ``token``, by its label; None for one that nobody issued."""
    table = db.token.c
    row = connection.execute(
        select(table.id, table.label, table.role, table.scope).where(table.hash == digest(token))
    ).one_or_none()
    if row is None:
        return None
    return User(row.id, row.label, Role(row.role), scope.resolve(connection, scope.read(row.scope)))


def digest(token: str) -> str:
    """The SHA-256 under which a token is stored, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
