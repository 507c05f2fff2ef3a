"""Slows down whoever guesses passwords; kept in the database, so that a restart forgives nothing.

Each try costs one from three buckets: that of the name from this address, that of the address, and
that of the name from anywhere. The first is small and stops who mistypes or guesses at home. The
second stops who tries many names. The third is large, so that somebody far away cannot easily keep
the owner of an account out. A try that succeeds empties nobody's bucket but refills its own first.

Keys are digests: what people type as a name is now and then a password.
"""

import hashlib
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from hub import db


class Bucket(Struct, frozen=True):
    """``burst`` tries at once, then one each ``refill_ms``."""

    burst: int
    refill_ms: int


PAIR: Final = Bucket(5, 20_000)
ADDRESS: Final = Bucket(20, 6_000)
NAME: Final = Bucket(50, 20_000)

KEEP_MS: Final = max(bucket.burst * bucket.refill_ms for bucket in (PAIR, ADDRESS, NAME))
"""A bucket that nobody took from for so long is full: its row can go."""


def take(connection: Connection, name: str, address: str, now_ms: int) -> int:
    """Takes one try; 0 if there was one, else the milliseconds until there is one, and nothing is
    taken. A try by passkey has no name: ``""``."""
    connection.execute(delete(db.attempt).where(db.attempt.c.since_ms < now_ms - KEEP_MS))
    buckets = _buckets(name, address)
    left = {key: _left(connection, key, bucket, now_ms) for key, bucket in buckets.items()}
    wait = max((1 - left[key]) * bucket.refill_ms for key, bucket in buckets.items())
    if wait > 0:
        return int(wait) + 1
    for key, bucket in buckets.items():
        _put(connection, key, left[key] - 1, bucket, now_ms)
    return 0


def succeeded(connection: Connection, name: str, address: str) -> None:
    """Whoever this was knew the password: their own bucket is full again."""
    key = _pair(name, address)
    connection.execute(delete(db.attempt).where(db.attempt.c.key == key))


def _buckets(name: str, address: str) -> dict[str, Bucket]:
    buckets = {_digest("address", address): ADDRESS}
    if name:
        buckets |= {_pair(name, address): PAIR, _digest("name", name): NAME}
    return buckets


def _pair(name: str, address: str) -> str:
    return _digest("pair", address, name)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _left(connection: Connection, key: str, bucket: Bucket, now_ms: int) -> float:
    table = db.attempt.c
    row = connection.execute(
        select(table.left, table.since_ms).where(table.key == key)
    ).one_or_none()
    if row is None:
        return float(bucket.burst)
    refilled = max(0, now_ms - row.since_ms) / bucket.refill_ms  # a clock set back refills nothing
    left: float = row.left + refilled
    return min(float(bucket.burst), left)


def _put(connection: Connection, key: str, left: float, bucket: Bucket, now_ms: int) -> None:
    values = {"left": min(left, float(bucket.burst)), "since_ms": now_ms}
    there = update(db.attempt).where(db.attempt.c.key == key).values(values)
    if connection.execute(there).rowcount == 0:
        connection.execute(insert(db.attempt).values(key=key, **values))
