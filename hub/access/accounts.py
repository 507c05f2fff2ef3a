"""Accounts of those who work with the hub. Passwords are kept as Argon2id.

An account has an id drawn at random, which never changes and says nothing; its name may change.
None is deleted by these pages: a deactivated account lets nobody in and can be brought back.

At least one account must be left that can change accounts everywhere, else nobody at a browser
could help: whatever would take the last one away is refused. Whoever manages accounts gives no more
than they have: no wider scope than their own.
"""

import hashlib
import secrets
from typing import Final, TypeAlias

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, func, insert, select, update

from hub import db
from hub.access import scope
from hub.access.permissions import Permission, Role, roles_with
from hub.access.scope import Scope

MIN_PASSWORD: Final = 8
MAX_PASSWORD: Final = 200
"""Longest password in characters; bounds what one attempt costs."""

MAX_NAME: Final = 64
ID_BYTES: Final = 8


class Account(Struct, frozen=True):
    """An account. ``stamp`` changes with the password; ``version`` with anything."""

    id: str
    name: str
    role: Role
    scope: Scope
    language: str
    created_ms: int
    deactivated_ms: int | None
    stamp: str

    @property
    def active(self) -> bool:
        """Whether anybody gets in."""
        return self.deactivated_ms is None

    @property
    def version(self) -> str:
        """What a form sends back, so that two who edit at once do not undo each other."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


class AccountError(ValueError):
    """An account that cannot be so. ``problem`` is a machine word; the text says why, zh / en."""

    def __init__(self, problem: str, text: str) -> None:
        super().__init__(text)
        self.problem = problem


_Columns: TypeAlias = tuple[str, str, str, str, str, int, int | None, str]
_hasher: Final = PasswordHasher()
_DECOY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""Verified for a name that does not exist, so that the answer takes as long for either."""


def new_id() -> str:
    """An opaque id of 64 random bits."""
    return secrets.token_hex(ID_BYTES)


# --- reading -----------------------------------------------------------------------------------


def find(connection: Connection, account: str) -> Account | None:
    """The account with this id."""
    return _one(connection, _accounts().where(db.user.c.id == account))


def by_name(connection: Connection, name: str) -> Account | None:
    """The account with this name."""
    return _one(connection, _accounts().where(db.user.c.name == name))


def everyone(connection: Connection) -> list[Account]:
    """Every account, active ones first, by name."""
    rows = connection.execute(
        _accounts().order_by(db.user.c.deactivated_ms.is_not(None), db.user.c.name)
    )
    return [_read(row) for row in rows]


def names(connection: Connection) -> dict[str, str]:
    """The name of every account and what every API token is for, by id: for showing who did
    something."""
    user, token = db.user.c, db.token.c
    found = {row.id: row.name for row in connection.execute(select(user.id, user.name))}
    for row in connection.execute(select(token.id, token.label)):
        found[row.id] = f"API {row.label}".rstrip()
    return found


def has_any(connection: Connection) -> bool:
    """Whether any account exists."""
    return connection.scalar(select(db.user.c.id).limit(1)) is not None


def who_can(connection: Connection, permission: Permission) -> list[Account]:
    """Active accounts with this permission everywhere, by name."""
    return [
        account
        for account in everyone(connection)
        if account.active and account.role.may(permission) and account.scope.everywhere
    ]


def verify(connection: Connection, name: str, password: str) -> Account | None:
    """The account, if it is active and name and password are right; slow by design, for right and
    wrong alike."""
    hashed = connection.scalar(
        select(db.user.c.password_hash).where(
            db.user.c.name == name, db.user.c.deactivated_ms.is_(None)
        )
    )
    try:
        _hasher.verify(hashed or _DECOY, password[: MAX_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return None
    return None if hashed is None else by_name(connection, name)


# --- changing ----------------------------------------------------------------------------------


def add(
    connection: Connection,
    name: str,
    password: str,
    role: Role,
    created_ms: int,
    within: Scope = Scope(),  # noqa: B008 - frozen
    *,
    hasher: PasswordHasher = _hasher,
) -> Account:
    """A new account. The hash that is kept says how it was made: what ``hasher`` costs here,
    signing in with this password costs.

    Raises:
        AccountError: the name is taken, empty or too long; the password too short or too long.
    """
    _require_name(connection, name, "")
    account = new_id()
    connection.execute(
        insert(db.user).values(
            id=account,
            name=name,
            password_hash=hashed(password, hasher),
            role=role.value,
            scope=scope.write(within),
            created_ms=created_ms,
        )
    )
    return _known(connection, account)


def change(
    connection: Connection, account: Account, name: str, role: Role, within: Scope
) -> Account:
    """Gives an account another name, role or scope.

    Raises:
        AccountError: somebody else has changed it since ``account`` was read; the name cannot be;
            or nobody would be left to change accounts.
    """
    _require_current(connection, account)
    _require_name(connection, name, account.id)
    values = {"name": name, "role": role.value, "scope": scope.write(within)}
    connection.execute(update(db.user).where(db.user.c.id == account.id).values(values))
    _require_somebody(connection)
    return _known(connection, account.id)


def set_password(connection: Connection, account: Account, password: str) -> Account:
    """Gives an account another password. Its sessions are the caller's to end.

    Raises:
        AccountError: the password is too short or too long.
    """
    values = {"password_hash": hashed(password)}
    connection.execute(update(db.user).where(db.user.c.id == account.id).values(values))
    return _known(connection, account.id)


def set_language(connection: Connection, account: str, language: str) -> None:
    """The language in which somebody wants pages: zh, en, or empty for the browser's."""
    connection.execute(update(db.user).where(db.user.c.id == account).values(language=language))


def set_active(connection: Connection, account: Account, active: bool, now_ms: int) -> Account:
    """Deactivates an account, or brings it back.

    Raises:
        AccountError: nobody would be left to change accounts.
    """
    if account.active != active:
        values = {"deactivated_ms": None if active else now_ms}
        connection.execute(update(db.user).where(db.user.c.id == account.id).values(values))
        _require_somebody(connection)
    return _known(connection, account.id)


def hashed(password: str, hasher: PasswordHasher = _hasher) -> str:
    """The Argon2id hash of a password that may be one; slow by design.

    Raises:
        AccountError: it is too short or too long.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AccountError(
            "password-length",
            f"密码要有 {MIN_PASSWORD} 到 {MAX_PASSWORD} 个字符 / "
            f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters",
        )
    return hasher.hash(password)


def _require_name(connection: Connection, name: str, account: str) -> None:
    if not name or len(name) > MAX_NAME or name != name.strip() or not name.isprintable():
        raise AccountError(
            "name-length", f"名字要有 1 到 {MAX_NAME} 个字 / a name has 1 to {MAX_NAME} characters"
        )
    other = by_name(connection, name)
    if other is not None and other.id != account:
        raise AccountError("name-taken", f"{name}: 用户已存在 / there is an account of this name")


def _require_current(connection: Connection, account: Account) -> None:
    now = find(connection, account.id)
    if now is None or now.version != account.version:
        raise AccountError(
            "changed",
            "别人刚改过这个账号，请看过再改"
            " / somebody else has just changed this account; look at it again",
        )


def _require_somebody(connection: Connection) -> None:
    ruling = [role.value for role in roles_with(Permission.ACCOUNTS)]
    left = connection.scalar(
        select(func.count())
        .select_from(db.user)
        .where(
            db.user.c.role.in_(ruling),
            db.user.c.deactivated_ms.is_(None),
            db.user.c.scope == scope.write(Scope()),
        )
    )
    if not left:
        raise AccountError(
            "last-administrator",
            "至少要留一位管理所有站点的管理员 / one administrator of all stops must be left",
        )


def _accounts() -> Select[_Columns]:
    user = db.user.c
    return select(
        user.id,
        user.name,
        user.role,
        user.scope,
        user.language,
        user.created_ms,
        user.deactivated_ms,
        user.password_hash,
    )


def _one(
    connection: Connection,
    query: Select[_Columns],
) -> Account | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else _read(row)


def _known(connection: Connection, account: str) -> Account:
    found = find(connection, account)
    assert found is not None
    return found


def _read(row: Row[_Columns]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        scope=scope.read(row.scope),
        language=row.language,
        created_ms=row.created_ms,
        deactivated_ms=row.deactivated_ms,
        stamp=hashlib.sha256(row.password_hash.encode()).hexdigest()[:16],
    )
