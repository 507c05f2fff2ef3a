"""Reference data for kiosks: what somebody entered once, retained under the hash of its bytes.

A welcome's manifest names the hashes; a kiosk that lacks one reads it from the broker. Only what
everybody may read goes here.
"""

import hashlib
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from contract import messages, topics
from contract.messages import Product, Products
from hub.db import product
from hub.outgoing import Send

PRODUCTS: Final = "products"


class Reference:
    """The parts as they are now. `manifest` runs in the writer's thread, `retained` in any."""

    def __init__(self) -> None:
        self._published: tuple[tuple[str, bytes], ...] = ()

    def forget(self) -> None:
        """After a rollback: what was to be published may not have been."""
        self._published = ()

    def manifest(self, connection: Connection) -> tuple[dict[str, str], tuple[Send, ...]]:
        """Part name -> hash, and what must be published before a kiosk is told of it."""
        payload = messages.encode(Products(products(connection)))
        digest = hashlib.sha256(payload).hexdigest()
        sends: list[Send] = []
        current = ((digest, payload),)
        if current != self._published:
            sends += [
                Send(topics.reference(old), b"", qos=1, retain=True)
                for old, _ in self._published
                if old != digest
            ]
            self._published = current
            sends += self.retained()
        return {PRODUCTS: digest}, tuple(sends)

    def retained(self) -> list[Send]:
        """What a broker must hold; for one that lost its memory."""
        return [
            Send(topics.reference(digest), payload, qos=1, retain=True)
            for digest, payload in self._published
        ]


def products(connection: Connection) -> tuple[Product, ...]:
    """All named retail codes, by GTIN."""
    rows = connection.execute(sa.select(product).order_by(product.c.gtin))
    return tuple(Product(row.gtin, row.category, row.zh, row.en) for row in rows)


def name_product(connection: Connection, named: Product) -> None:
    """Name a retail code, or rename it. Kiosks learn of it at their next hello.

    Raises:
        msgspec.ValidationError: not a GTIN of 14 digits, no category, or names above 60
            characters.
    """
    checked = msgspec.convert(msgspec.to_builtins(named), Product)
    values = msgspec.structs.asdict(checked)
    changed = connection.execute(
        sa.update(product).where(product.c.gtin == checked.gtin).values(**values)
    )
    if not changed.rowcount:
        connection.execute(sa.insert(product).values(**values))
