"""One machine that is hub and stop at once: what `yicang up` needs before its first start.

Every step looks whether it was done, so that a first start which was interrupted anywhere is
finished by the next. The record that all of it is there is written last. The operator's password
is drawn anew until somebody has seen it (`provisioning.record.mark_shown`).
"""

import os
import secrets
import time
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace

from contract.enrolment import Identity
from hub import db
from hub.access import accounts, audit, sessions
from hub.access.passwords import new_password
from hub.access.permissions import Role
from hub.config import BUNDLE_KEY
from hub.control import writer_lock
from hub.fleet import bundle_key
from kiosk.durable import write_durably
from kiosk.identity import IdentityError, IdentityStore
from provisioning.identity import enrol, publish_key, reissue
from provisioning.record import FILE_NAME, UNSHOWN, Installation, Provisioned, mark_shown
from provisioning.render import merge

STOP: Final = "stop-1"
STOP_ZH: Final = "义仓 1 号站"
STOP_EN: Final = "Yicang Stop 1"
KIOSK: Final = "kiosk-1"
OPERATOR: Final = "operator"
SECRET_KEY: Final = "secret.key"  # noqa: S105 - a file's name
LOCK_WAIT_S: Final = 5.0


def provision(data: Path) -> Provisioned:
    """Sets up ``data``: database, stop, kiosk with identity, operator, the hub's settings.

    Raises:
        hub.control.LockedError: a hub is running on it.
        OSError: it cannot be written.
    """
    for folder in (data, data / "hub", data / "kiosk"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    installation = Installation(STOP, STOP_ZH, STOP_EN, KIOSK, OPERATOR)
    if not (data / "hub" / SECRET_KEY).exists():
        write_durably(data / "hub" / SECRET_KEY, secrets.token_hex(32).encode() + b"\n")
    with writer_lock(data / "hub", wait_s=LOCK_WAIT_S):
        password = _fill_database(data, installation)
    merge(
        data / "hub" / "hub.toml",
        {"database": "hub.sqlite3", "secret_key_file": SECRET_KEY},
        "义仓中心的设置 / Settings of the Yicang hub",
    )
    write_durably(data / FILE_NAME, msgspec.json.encode(installation) + b"\n")
    return Provisioned(installation, password)


def _fill_database(data: Path, installation: Installation) -> str | None:
    now_ms = time.time_ns() // 1_000_000
    path = data / "hub" / "hub.sqlite3"
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would make it by the umask
    engine = db.open_writer(db.sqlite_url(path))
    try:
        db.migrate(engine)
        with engine.begin() as connection:
            _put_stop(connection, installation)
            recipient = bundle_key.ensure(data / "hub" / BUNDLE_KEY)
            identity = _identity(connection, data, installation, now_ms, recipient)
            password = put_operator(connection, data, installation.operator, now_ms)
        # Only now: prefixes in the document must be known to the hub whatever happens.
        if identity is not None:
            IdentityStore(_identity_path(data)).save(identity)
    finally:
        engine.dispose()
    return password


def _put_stop(connection: sa.Connection, installation: Installation) -> None:
    there = sa.select(db.stop.c.id).where(db.stop.c.id == installation.stop)
    if connection.scalar(there) is None:
        connection.execute(
            db.stop.insert().values(
                id=installation.stop, zh=installation.stop_zh, en=installation.stop_en
            )
        )


def _identity(
    connection: sa.Connection,
    data: Path,
    installation: Installation,
    now_ms: int,
    recipient: str,
) -> Identity | None:
    """A document to be written; None when the kiosk has one, with its key and the hub's."""
    there = sa.select(db.kiosk.c.id).where(db.kiosk.c.id == installation.kiosk)
    held: Identity | None = None
    if connection.scalar(there) is None:
        identity = enrol(connection, installation.kiosk, installation.stop, now_ms)
    else:
        try:
            identity = held = IdentityStore(_identity_path(data)).load()
        except IdentityError:
            identity = reissue(connection, installation.kiosk, now_ms)
    key = publish_key(connection, installation.kiosk, now_ms, identity.signing_key)
    wanted = replace(identity, signing_key=key, bundle_key=recipient)
    return None if wanted == held else wanted


def put_operator(connection: sa.Connection, data: Path, name: str, now_ms: int) -> str | None:
    """A new password, for whoever calls to show; None when there are accounts in use."""
    mark = data / "hub" / UNSHOWN
    if accounts.has_any(connection) and not _is_unshown(connection, mark, name):
        mark_shown(data)
        return None
    password = new_password()
    there = accounts.by_name(connection, name)
    if there is None:
        account = accounts.add(connection, name, password, Role.ADMINISTRATOR, now_ms)
        what = "account.added"
    else:
        account = accounts.set_password(connection, there, password)
        sessions.end_all(connection, account.id)
        what = "account.password"
    detail = {"role": account.role.value}
    audit.note(connection, audit.COMMAND_LINE, what, account.id, detail, now_ms)
    write_durably(mark, account.stamp.encode())  # before COMMIT: then it is there whatever happens
    return password


def _is_unshown(connection: sa.Connection, mark: Path, name: str) -> bool:
    account = accounts.by_name(connection, name)
    return account is not None and mark.exists() and mark.read_bytes() == account.stamp.encode()


def _identity_path(data: Path) -> Path:
    return data / "kiosk" / "identity.json"
