"""What the command line does to accounts and tokens; each is noted as done there."""

from sqlalchemy import Connection

from hub.access import accounts, audit, sessions, tokens
from hub.access.accounts import AccountError
from hub.access.permissions import Role
from hub.access.scope import Scope, cities


def add_user(
    connection: Connection, name: str, password: str, role: Role, within: Scope, now_ms: int
) -> None:
    """A new account. Raises `AccountError`."""
    require_known(connection, within)
    made = accounts.add(connection, name, password, role, now_ms, within)
    detail = {"role": role.value, "stops": within.stops, "cities": within.cities}
    audit.note(connection, audit.COMMAND_LINE, "account.added", made.id, detail, now_ms)


def set_password(connection: Connection, name: str, password: str, now_ms: int) -> None:
    """A new password, which ends the account's sessions and brings a deactivated one back: whoever
    is at the machine itself can always let themselves in. Raises `AccountError`."""
    account = accounts.by_name(connection, name)
    if account is None:
        raise AccountError("unknown", f"{name}: 没有这个用户 / there is no account of this name")
    accounts.set_password(connection, account, password)
    if not account.active:
        accounts.set_active(connection, account, True, now_ms)
        audit.note(connection, audit.COMMAND_LINE, "account.reactivated", account.id, {}, now_ms)
    ended = sessions.end_all(connection, account.id)
    detail = {"sessions ended": ended}
    audit.note(connection, audit.COMMAND_LINE, "account.password", account.id, detail, now_ms)


def create_token(connection: Connection, role: Role, label: str, within: Scope, now_ms: int) -> str:
    """A new API token, shown this once. Raises `AccountError`."""
    require_known(connection, within)
    token = tokens.create(connection, role, now_ms, label, within)
    made = tokens.bearer(connection, token)
    assert made is not None
    detail = {"role": role.value, "stops": within.stops, "cities": within.cities}
    audit.note(connection, audit.COMMAND_LINE, "token.created", made.user.id, detail, now_ms)
    return token


def require_known(connection: Connection, within: Scope) -> None:
    """Raises `AccountError` when a stop or city of the scope is not here."""
    known = cities(connection)
    unknown = [stop for stop in within.stops if stop not in known]
    unknown += [city for city in within.cities if city not in known.values()]
    if unknown:
        raise AccountError(
            "unknown-scope",
            f"{'、'.join(unknown)}: 没有这个站点或城市 / there is no such stop or city",
        )
