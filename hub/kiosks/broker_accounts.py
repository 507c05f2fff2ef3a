"""The kiosks' accounts at the broker, as rows: whom the broker lets in.

`hub.kiosks.broker_keeper` makes the broker's files of them. A password never comes here: a kiosk
draws its own and shows only the verifier. An account that was forbidden is never allowed again,
since nobody knows who has its password; a kiosk that returns is a new kiosk.
"""

from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from hub.db import broker_account
from provisioning.mosquitto import require_user, require_verifier

_TABLE: Final = broker_account


class AccountClosedError(ValueError):
    """An account that was forbidden and cannot be allowed again; the text is for people."""

    def __init__(self, kiosk: str) -> None:
        super().__init__(
            f"{kiosk}: 此代理账户已停用，不能再启用"
            " / this account at the broker is closed and cannot be opened again"
        )


class BrokerAccount(Struct, frozen=True):
    """``serial`` is that of its certificate, in decimal digits; empty: it has none."""

    kiosk: str
    verifier: str
    serial: str
    allowed: bool
    changed_ms: int


class Accounts(Struct, frozen=True):
    """All of them as they were at a moment; ``change`` is higher after each change."""

    change: int = 0
    rows: tuple[BrokerAccount, ...] = ()

    @property
    def allowed(self) -> tuple[BrokerAccount, ...]:
        """Those that may connect."""
        return tuple(row for row in self.rows if row.allowed)

    @property
    def forbidden(self) -> tuple[BrokerAccount, ...]:
        """Those that may not, nor ever will."""
        return tuple(row for row in self.rows if not row.allowed)


def allow(
    connection: Connection, kiosk: str, verifier: str, now_ms: int, *, serial: int | None = None
) -> None:
    """Let ``kiosk`` connect with the password of ``verifier``, or with the certificate with that
    serial number. Again with another verifier: its password is another. The caller commits.

    Raises:
        provisioning.mosquitto.BrokerFileError: what cannot be in a file of accounts.
        AccountClosedError: it was forbidden.
    """
    require_user(kiosk)
    require_verifier(verifier)
    held = find(connection, kiosk)
    if held is not None and not held.allowed:
        raise AccountClosedError(kiosk)
    number = str(serial) if serial is not None else held.serial if held is not None else ""
    if held is not None and (held.verifier, held.serial) == (verifier, number):
        return
    _put(connection, BrokerAccount(kiosk, verifier, number, True, now_ms))


def forbid(connection: Connection, kiosk: str, now_ms: int) -> bool:
    """Never again let ``kiosk`` connect, also if it never had an account; whether that is new.
    The caller commits; the session that it may have ends then.

    Raises:
        provisioning.mosquitto.BrokerFileError: a name that cannot be an account.
    """
    held = find(connection, require_user(kiosk))
    if held is not None and not held.allowed:
        return False
    serial = held.serial if held is not None else ""
    _put(connection, BrokerAccount(kiosk, "", serial, False, now_ms))
    return True


def find(connection: Connection, kiosk: str) -> BrokerAccount | None:
    """The account of ``kiosk``."""
    row = connection.execute(sa.select(_TABLE).where(_TABLE.c.kiosk == kiosk)).first()
    return None if row is None else _account(row)


def change(connection: Connection) -> int:
    """How often the table was changed; 0: never."""
    return connection.scalar(sa.select(sa.func.max(_TABLE.c.change))) or 0


def read(connection: Connection) -> Accounts:
    """All accounts, by name."""
    rows = connection.execute(sa.select(_TABLE).order_by(_TABLE.c.kiosk)).all()
    return Accounts(max((row.change for row in rows), default=0), tuple(map(_account, rows)))


def _put(connection: Connection, account: BrokerAccount) -> None:
    values = {
        "verifier": account.verifier,
        "serial": account.serial,
        "allowed": account.allowed,
        "changed_ms": account.changed_ms,
        "change": change(connection) + 1,
    }
    here = _TABLE.c.kiosk == account.kiosk
    if connection.execute(sa.update(_TABLE).where(here).values(values)).rowcount == 0:
        connection.execute(sa.insert(_TABLE).values(kiosk=account.kiosk, **values))


def _account(row: sa.Row[tuple[object, ...]]) -> BrokerAccount:
    return BrokerAccount(
        kiosk=row.kiosk,
        verifier=row.verifier,
        serial=row.serial,
        allowed=bool(row.allowed),
        changed_ms=row.changed_ms,
    )
