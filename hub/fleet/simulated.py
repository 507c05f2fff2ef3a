"""Kiosks that only try a hub: a stop and accounts of their own, told from real ones by their names.

What they send is as real to the ledger as anything else, so a hub that has goods of people refuses
them unless it is told that it shall not.
"""

import secrets
from typing import Final

import sqlalchemy as sa

from contract.enrolment import Identity
from hub import db
from hub.kiosks import broker_accounts
from provisioning.identity import enrol, reissue
from provisioning.mosquitto import SALT_BYTES, verifier

STOP: Final = "simulated"
PREFIX: Final = "sim-"
"""How the name of every simulated kiosk begins."""


class RealStockError(ValueError):
    """The hub holds what real kiosks sent."""

    def __init__(self) -> None:
        super().__init__(
            "这个中心已有真实终端的记录，模拟的记录混进去就取不出来；请用试验用的数据目录，"
            "确实要用请加 --into-existing"
            " / this hub holds what real kiosks sent, and what is made up cannot be taken out"
            " again: use a data directory for trials, or say --into-existing"
        )


def enrol_simulated(
    connection: sa.Connection, names: tuple[str, ...], now_ms: int, *, into_existing: bool
) -> list[Identity]:
    """Identities for these names, each of which begins with `PREFIX`; one that is enrolled already
    gets a new document. Each may connect to the broker with its own password. The caller commits.

    Raises:
        RealStockError: see there.
        provisioning.identity.EnrolmentError: a name that is none, or no prefix is left.
    """
    if not into_existing and _has_real_stock(connection):
        raise RealStockError
    if connection.scalar(sa.select(db.stop.c.id).where(db.stop.c.id == STOP)) is None:
        connection.execute(db.stop.insert().values(id=STOP, zh="模拟站", en="Simulated stop"))
    there = set(connection.scalars(sa.select(db.kiosk.c.id)))
    identities = [
        reissue(connection, name, now_ms)
        if name in there
        else enrol(connection, name, STOP, now_ms)
        for name in names
    ]
    for identity in identities:
        shown = verifier(identity.password, secrets.token_bytes(SALT_BYTES))
        broker_accounts.allow(connection, identity.kiosk, shown, now_ms)
    return identities


def _has_real_stock(connection: sa.Connection) -> bool:
    """Whether any goods stand elsewhere than at the simulated stop."""
    elsewhere = sa.select(db.item.c.code).where(db.item.c.stop != STOP).limit(1)
    return connection.scalar(elsewhere) is not None
