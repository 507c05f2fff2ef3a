"""Links to the wall display: an address for a screen that nobody signs in at.

Whoever has the address sees figures of its stops and nothing else: no names, no codes, nothing to
press. 128 random bits, kept as SHA-256, shown once to whoever made it; a row gone is a link taken
back, at the next look of its screen.
"""

import hashlib
import secrets
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from hub import db
from hub.access import accounts, scope
from hub.access.scope import Scope

SECRET_BYTES: Final = 16
MAX_NAME: Final = 60
MAX_LINKS: Final = 200


class WallError(ValueError):
    """There can be no more links, or the name is empty or too long."""


class Wall(Struct, frozen=True):
    """A link, without its secret."""

    id: str
    name: str
    scope: Scope
    created_ms: int


def add(
    connection: Connection, name: str, within: Scope, account: str, now_ms: int
) -> tuple[Wall, str]:
    """A new link and its secret.

    Raises:
        WallError: see there.
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME or len(links(connection)) >= MAX_LINKS:
        raise WallError(name)
    made, secret = (
        Wall(accounts.new_id(), name, within, now_ms),
        secrets.token_urlsafe(SECRET_BYTES),
    )
    connection.execute(
        insert(db.wall).values(
            id=made.id,
            hash=_digest(secret),
            name=name,
            scope=scope.write(within),
            created_ms=now_ms,
            account=account,
        )
    )
    return made, secret


def remove(connection: Connection, link: str) -> bool:
    """Take a link back; False when there was none."""
    return bool(connection.execute(delete(db.wall).where(db.wall.c.id == link)).rowcount)


def links(connection: Connection) -> list[Wall]:
    """Every link, the newest first."""
    table = db.wall.c
    rows = connection.execute(
        select(table.id, table.name, table.scope, table.created_ms).order_by(
            table.created_ms.desc(), table.id
        )
    )
    return [Wall(row.id, row.name, scope.read(row.scope), row.created_ms) for row in rows]


def opened(connection: Connection, secret: str) -> Wall | None:
    """The link with this secret; None when nobody made it, or it was taken back."""
    table = db.wall.c
    row = connection.execute(
        select(table.id, table.name, table.scope, table.created_ms).where(
            table.hash == _digest(secret)
        )
    ).one_or_none()
    if row is None:
        return None
    return Wall(row.id, row.name, scope.read(row.scope), row.created_ms)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
