"""Who may see what: users with passwords for the pages, bearer tokens for the API.

Passwords are kept as Argon2id, tokens as SHA-256: a token holds 256 random bits, so that nobody
can list them. Neither can be read back from the database.
"""

import enum
import hashlib
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from hub import db

MIN_PASSWORD: Final = 8
MAX_PASSWORD: Final = 200
"""Longest password in characters; bounds what one attempt costs."""

MAX_NAME: Final = 64
TOKEN_BYTES: Final = 32


class Role(enum.StrEnum):
    """What an account may do. Each role may do what the ones before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"

    def may(self, needed: "Role") -> bool:
        """Whether this role is enough where ``needed`` is asked for."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class User(Struct, frozen=True):
    """An account. ``stamp`` changes with the password, and ends its older sessions."""

    name: str
    role: Role
    stamp: str


class AuthError(ValueError):
    """An account that cannot be made; the text says why, zh / en."""


_hasher: Final = PasswordHasher()
_DECOY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""Verified for a name that does not exist, so that the answer takes as long for either."""


def create_user(
    connection: Connection, name: str, password: str, role: Role, created_ms: int
) -> User:
    """Add an account, or give an existing one a new password and role.

    Raises:
        AuthError: an empty or over-long name, or a password that is too short or too long.
    """
    if not name or len(name) > MAX_NAME or name != name.strip() or not name.isprintable():
        raise AuthError(f"名字要有 1 到 {MAX_NAME} 个字 / a name has 1 to {MAX_NAME} characters")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AuthError(
            f"密码要有 {MIN_PASSWORD} 到 {MAX_PASSWORD} 个字符 / "
            f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters"
        )
    hashed = _hasher.hash(password)
    values = {"password_hash": hashed, "role": role.value}
    there = connection.scalar(select(db.user.c.name).where(db.user.c.name == name))
    if there is None:
        connection.execute(insert(db.user).values(name=name, created_ms=created_ms, **values))
    else:
        connection.execute(update(db.user).where(db.user.c.name == name).values(values))
    return User(name, role, _stamp(hashed))


def has_users(connection: Connection) -> bool:
    """Whether any account exists."""
    return connection.scalar(select(db.user.c.name).limit(1)) is not None


def find(connection: Connection, name: str) -> User | None:
    """The account with this name."""
    row = connection.execute(
        select(db.user.c.role, db.user.c.password_hash).where(db.user.c.name == name)
    ).one_or_none()
    return None if row is None else User(name, Role(row.role), _stamp(row.password_hash))


def verify(connection: Connection, name: str, password: str) -> User | None:
    """The account, if name and password are right; slow by design, for right and wrong alike."""
    hashed = connection.scalar(select(db.user.c.password_hash).where(db.user.c.name == name))
    try:
        _hasher.verify(hashed or _DECOY, password[: MAX_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return None
    return None if hashed is None else find(connection, name)


def create_token(connection: Connection, role: Role, created_ms: int, label: str = "") -> str:
    """A new API token; only its hash is stored, so that it can be shown this once."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(
        insert(db.token).values(
            hash=token_digest(token), role=role.value, created_ms=created_ms, label=label
        )
    )
    return token


def revoke_token(connection: Connection, token: str) -> bool:
    """Take an API token back; False when there was none."""
    gone = connection.execute(delete(db.token).where(db.token.c.hash == token_digest(token)))
    return bool(gone.rowcount)


def role_of_token(connection: Connection, token: str) -> Role | None:
    """What the bearer of ``token`` may do; None for a token that nobody issued."""
    role = connection.scalar(select(db.token.c.role).where(db.token.c.hash == token_digest(token)))
    return None if role is None else Role(role)


def token_digest(token: str) -> str:
    """The SHA-256 under which a token is stored, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _stamp(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]
