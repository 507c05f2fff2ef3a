"""Enrolling a kiosk at the hub: its row, its prefixes, its key, and the document it takes along.

A prefix of item codes belongs to one journal, so the hub draws each at random from those that it
has never issued and records it in the same transaction. A prefix is never given back: a journal
that somebody has kept may still use it.

A key that signs receipts is made here as well. Its public half goes into the hub's table, its
private half into the document and nowhere else.
"""

import secrets
from collections.abc import Callable
from typing import Final

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract import receipts
from contract.codes import to_base32
from contract.enrolment import SPARE_PREFIXES, Grant, Identity
from contract.events import KioskId
from hub import db

ALL_PREFIXES: Final = 31 * 32**3
"""Those that begin with `READY_MADE`, the last 32nd, belong to labels printed ahead."""


class EnrolmentError(ValueError):
    """A kiosk that cannot be enrolled; the text says why, zh / en."""


def enrol(
    connection: sa.Connection,
    kiosk: str,
    stop: str,
    now_ms: int,
    *,
    prefixes: int = SPARE_PREFIXES,
    draw: Callable[[int], int] = secrets.randbelow,
) -> Identity:
    """A new kiosk at ``stop`` (a row of the table of that name) and its identity document.

    The caller commits, and hands the document over only then. ``draw(n)`` gives a random number
    from 0 to n - 1.

    Raises:
        EnrolmentError: a name that is none, or that is taken; no prefix left.
    """
    try:
        msgspec.convert(kiosk, KioskId)
    except msgspec.ValidationError:
        raise EnrolmentError(
            f"{kiosk}: 终端名应为 3 至 32 个小写字母、数字或连字符"
            " / a kiosk's name is 3 to 32 lower-case letters, digits or hyphens"
        ) from None
    if connection.scalar(sa.select(db.kiosk.c.id).where(db.kiosk.c.id == kiosk)) is not None:
        raise EnrolmentError(f"{kiosk}: 已登记 / is enrolled already")
    connection.execute(db.kiosk.insert().values(id=kiosk, stop=stop, created_ms=now_ms))
    return reissue(connection, kiosk, now_ms, prefixes=prefixes, draw=draw)


def reissue(
    connection: sa.Connection,
    kiosk: str,
    now_ms: int,
    *,
    prefixes: int = SPARE_PREFIXES,
    draw: Callable[[int], int] = secrets.randbelow,
) -> Identity:
    """A document for an enrolled kiosk that has none (any more), with new prefixes: of the old
    ones nobody knows which are spent. It has a new key; receipts that the old one signed can
    still be checked. The caller commits.

    Raises:
        EnrolmentError: no prefix is left.
    """
    drawn = draw_prefixes(connection, kiosk, prefixes, now_ms, draw=draw)
    return Identity(
        kiosk=kiosk,
        username=kiosk,
        password=secrets.token_urlsafe(24),
        prefixes=tuple(Grant(prefix) for prefix in drawn),
        signing_key=publish_key(connection, kiosk, now_ms),
    )


def publish_key(
    connection: sa.Connection, kiosk: str, now_ms: int, signing_key: str | None = None
) -> str:
    """Gives an enrolled kiosk's key to the hub's table, if it is not there; the caller commits.

    ``signing_key`` is the private key of `contract.enrolment.Identity`; None makes a new one.
    Returns the private key.
    """
    if signing_key is None:
        private = Ed25519PrivateKey.generate()
        signing_key = private.private_bytes_raw().hex()
    else:
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(signing_key))
    public = private.public_key().public_bytes_raw()
    table, key_id = db.kiosk_key, receipts.key_id(public)
    known = sa.select(table.c.key_id).where(table.c.kiosk == kiosk, table.c.key_id == key_id)
    if connection.scalar(known) is None:
        connection.execute(
            table.insert().values(
                kiosk=kiosk,
                key_id=key_id,
                public_key=receipts.key_text(public),
                created_ms=now_ms,
            )
        )
    return signing_key


def draw_prefixes(
    connection: sa.Connection,
    kiosk: str,
    count: int,
    now_ms: int,
    *,
    draw: Callable[[int], int] = secrets.randbelow,
) -> list[str]:
    """Issues ``count`` prefixes to ``kiosk`` that nobody ever had; the caller commits.

    Raises:
        EnrolmentError: fewer than ``count`` are left.
    """
    issued = set(connection.scalars(sa.select(db.prefix.c.prefix)))
    if ALL_PREFIXES - len(issued) < count:
        raise EnrolmentError("前缀已用完 / no prefix is left")
    drawn: list[str] = []
    while len(drawn) < count:
        prefix = to_base32(draw(ALL_PREFIXES), 4)
        if prefix not in issued:
            issued.add(prefix)
            drawn.append(prefix)
    connection.execute(
        db.prefix.insert(),
        [{"prefix": prefix, "kiosk": kiosk, "issued_ms": now_ms} for prefix in drawn],
    )
    return drawn
