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
from contract.messages import MAX_MESSAGE_BYTES, Product, Products
from hub import incidents
from hub.db import product
from hub.incidents import Trouble
from hub.outgoing import Send

PRODUCTS: Final = "products"


_KEY: Final = "reference"
"""Under this key of meta: the digests that a broker may still hold, newest first."""

REMEMBERED: Final = 16

_TOO_LARGE: Final = f"reference-too-large:{PRODUCTS}"


class TooManyNamesError(Exception):
    """A change of reference data that cannot be; the text is for people."""


class Reference:
    """The parts as they are now. `manifest` runs in the writer's thread, `retained` in any.

    What was published is remembered in the database as well, so that copies which nobody names any
    more are taken off the broker even if the hub has forgotten or was restarted meanwhile.
    """

    def __init__(self) -> None:
        self._published: tuple[tuple[str, bytes], ...] = ()

    def forget(self) -> None:
        """After a rollback: what was to be published may not have been."""
        self._published = ()

    def manifest(
        self, connection: Connection, now_ms: int
    ) -> tuple[dict[str, str], tuple[Send, ...]]:
        """Part name -> hash, and what must be published before a kiosk is told of it.

        A part that kiosks would refuse for its size is not in it, and is an incident.
        """
        payload = messages.encode(Products(products(connection)))
        if len(payload) > MAX_MESSAGE_BYTES:
            detail: dict[str, str | int] = {
                "part": PRODUCTS,
                "bytes": len(payload),
                "limit": MAX_MESSAGE_BYTES,
            }
            trouble = Trouble(_TOO_LARGE, "reference-too-large", PRODUCTS, "", detail)
            incidents.note(connection, trouble, now_ms)
            return {}, ()
        digest = hashlib.sha256(payload).hexdigest()
        current = ((digest, payload),)
        sends: list[Send] = []
        if current != self._published:
            incidents.close(connection, _TOO_LARGE, now_ms)
            self._published = current
            sends = [
                *(
                    Send(topics.reference(old), b"", qos=1, retain=True)
                    for old in _old(connection, digest)
                ),
                *self.retained(),
            ]
        return {PRODUCTS: digest}, tuple(sends)

    def retained(self) -> list[Send]:
        """What a broker must hold; for one that lost its memory."""
        return [
            Send(topics.reference(digest), payload, qos=1, retain=True)
            for digest, payload in self._published
        ]


def _old(connection: Connection, digest: str) -> list[str]:
    """What else was published; ``digest`` is remembered. They stay remembered for a while, since
    a broker that is away now keeps its copies."""
    text = connection.exec_driver_sql("SELECT value FROM meta WHERE key = ?", (_KEY,)).scalar()
    known = msgspec.json.decode(text, type=list[str]) if text is not None else []
    others = [one for one in known if one != digest][: REMEMBERED - 1]
    kept = [digest, *others]
    if kept != known:
        connection.exec_driver_sql(
            "INSERT INTO meta (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (_KEY, msgspec.json.encode(kept).decode()),
        )
    return others


def products(connection: Connection) -> tuple[Product, ...]:
    """All named retail codes, by GTIN."""
    rows = connection.execute(sa.select(product).order_by(product.c.gtin))
    return tuple(Product(row.gtin, row.category, row.zh, row.en) for row in rows)


def name_product(connection: Connection, named: Product) -> None:
    """Name a retail code, or rename it. Kiosks learn of it at their next hello.

    Raises:
        msgspec.ValidationError: not a GTIN of 14 digits, no category, or names above 60
            characters.
        TooManyNamesError: all names together would be more than one message to kiosks can hold;
            roll back.
    """
    checked = msgspec.convert(msgspec.to_builtins(named), Product)
    values = msgspec.structs.asdict(checked)
    changed = connection.execute(
        sa.update(product).where(product.c.gtin == checked.gtin).values(**values)
    )
    if not changed.rowcount:
        connection.execute(sa.insert(product).values(**values))
    size = len(messages.encode(Products(products(connection))))
    if size > MAX_MESSAGE_BYTES:
        raise TooManyNamesError(
            f"{checked.gtin}: 商品名表会有 {size} 字节，超过终端能接收的 {MAX_MESSAGE_BYTES} 字节，"
            f"没有保存；请缩短名称 / all product names would take {size} bytes, more than the"
            f" {MAX_MESSAGE_BYTES} that kiosks accept; nothing was saved, please shorten names"
        )
