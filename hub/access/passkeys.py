"""Passkeys: signing in with a finger, a face or a security key in place of a password (WebAuthn).

A passkey is a key pair that an authenticator keeps for this site alone; the hub has the public half
and asks for a signature over a fresh challenge. The authenticator must have checked its owner (PIN,
finger or face), so that a passkey alone is as much as a password and more: nothing that could be
guessed, or typed into another site, exists. fido2 checks signatures; this module keeps the keys.

Challenges are used once, within `CHALLENGE_MS`. Whoever calls keeps the state in between.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from hub import db
from hub.access import accounts
from hub.access.accounts import Account

if TYPE_CHECKING:
    from fido2.server import Fido2Server
    from fido2.webauthn import AttestedCredentialData

CHALLENGE_MS: Final = 300_000
MAX_NAME: Final = 64
MOST: Final = 20
"""Passkeys of one account."""


class PasskeyError(ValueError):
    """What an authenticator sent does not prove what it should; the text is for the log."""


class Passkey(Struct, frozen=True):
    """A passkey as its owner sees it; times are Unix milliseconds by the hub's clock."""

    id: str
    name: str
    created_ms: int
    used_ms: int | None


def of_account(connection: Connection, account: str) -> list[Passkey]:
    """The passkeys of an account, the oldest first."""
    table = db.passkey.c
    rows = connection.execute(
        select(table.id, table.name, table.created_ms, table.used_ms)
        .where(table.user == account)
        .order_by(table.created_ms, table.id)
    )
    return [Passkey(*row) for row in rows]


def offer(connection: Connection, site: str, account: Account) -> tuple[dict[str, Any], Any]:
    """What the browser of ``account`` needs to make a passkey for the host ``site``, as JSON
    values, and the state that `keep` wants back."""
    from fido2.webauthn import (
        PublicKeyCredentialUserEntity,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options, state = _server(site).register_begin(
        PublicKeyCredentialUserEntity(
            id=account.id.encode(), name=account.name, display_name=account.name
        ),
        credentials=_credentials(connection, account.id),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options), state


def keep(
    connection: Connection,
    site: str,
    account: str,
    state: Any,
    response: Mapping[str, Any],
    name: str,
    now_ms: int,
) -> None:
    """Keeps the passkey that an authenticator made.

    Raises:
        PasskeyError: the response does not fit what `offer` asked for, or there are too many.
    """
    from fido2.utils import websafe_encode

    try:
        made = _server(site).register_complete(state, response)
    except (ValueError, TypeError, LookupError) as error:
        raise PasskeyError(f"not made as asked: {error}") from None
    credential = made.credential_data
    if credential is None:
        raise PasskeyError("no key in the response")
    if len(of_account(connection, account)) >= MOST:
        raise PasskeyError(f"more than {MOST} passkeys")
    key = websafe_encode(credential.credential_id)
    if connection.scalar(select(db.passkey.c.id).where(db.passkey.c.id == key)) is not None:
        raise PasskeyError("known already")
    connection.execute(
        insert(db.passkey).values(
            id=key,
            user=account,
            credential=bytes(credential),
            counter=made.counter,
            name=name[:MAX_NAME],
            created_ms=now_ms,
        )
    )


def remove(connection: Connection, account: str, passkey: str) -> bool:
    """Forgets a passkey of ``account``; whether there was one."""
    table = db.passkey.c
    gone = connection.execute(delete(db.passkey).where(table.user == account, table.id == passkey))
    return bool(gone.rowcount)


def ask(site: str) -> tuple[dict[str, Any], Any]:
    """What a browser needs to sign in with any passkey it has for ``site``, as JSON values, and the
    state that `recognise` wants back."""
    from fido2.webauthn import UserVerificationRequirement

    options, state = _server(site).authenticate_begin(
        user_verification=UserVerificationRequirement.REQUIRED
    )
    return dict(options), state


def recognise(
    connection: Connection, site: str, state: Any, response: Mapping[str, Any], now_ms: int
) -> Account:
    """Whose passkey answered. Writes that it was used.

    Raises:
        PasskeyError: nobody's; or its signature, its challenge or its site is wrong; or its count
            of signatures went back, as that of a copy does; or the account is deactivated.
    """
    from fido2.webauthn import AttestedCredentialData, AuthenticationResponse

    table = db.passkey.c
    try:
        answer = AuthenticationResponse.from_dict(response)
        key = _text(response.get("id"))
    except (ValueError, TypeError, LookupError) as error:
        raise PasskeyError(f"not understood: {error}") from None
    row = connection.execute(
        select(table.user, table.credential, table.counter).where(table.id == key)
    ).one_or_none()
    if row is None:
        raise PasskeyError("nobody's passkey")
    try:
        _server(site).authenticate_complete(state, [AttestedCredentialData(row.credential)], answer)
    except (ValueError, TypeError, LookupError) as error:
        raise PasskeyError(f"not proved: {error}") from None
    handle = answer.response.user_handle
    if handle is not None and handle != row.user.encode():
        raise PasskeyError("made for another account")
    counter = answer.response.authenticator_data.counter
    if (counter or row.counter) and counter <= row.counter:
        raise PasskeyError("its count of signatures went back: there is a copy of it")
    account = accounts.find(connection, row.user)
    if account is None or not account.active:
        raise PasskeyError("the account is deactivated")
    connection.execute(
        update(db.passkey).where(table.id == key).values(counter=counter, used_ms=now_ms)
    )
    return account


def _server(site: str) -> "Fido2Server":
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialRpEntity

    return Fido2Server(PublicKeyCredentialRpEntity(id=site, name="Yicang Stop"))


def _credentials(connection: Connection, account: str) -> "list[AttestedCredentialData]":
    from fido2.webauthn import AttestedCredentialData

    kept = select(db.passkey.c.credential).where(db.passkey.c.user == account)
    return [AttestedCredentialData(row.credential) for row in connection.execute(kept)]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("id is no text")
    return value
