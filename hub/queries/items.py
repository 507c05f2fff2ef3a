"""Items, claims and stock."""

from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, func, select

from hub import db
from hub.access.scope import Stops, within
from hub.statuses import (
    DELIVERED,
    DISPOSED,
    HERE,
    IN_STOCK,
    MISSING,
    OUT,
    QUARANTINED,
    RESERVED,
    SENT,
    SOLD,
    UNLABELLED,
)


class Item(Struct, frozen=True):
    """An item as the fold left it; times are Unix milliseconds by the order of events."""

    code: str
    kiosk: str
    stop: str
    category: str | None
    status: str
    place: str | None
    plan: str | None
    reserved: str | None
    box: str | None
    received_t: int | None
    changed_t: int
    known_time: bool
    label: str | None
    gtin: str | None
    expiry: str | None
    lot: str | None
    grade: str | None
    quantity: int
    position: int


class Figures(Struct, frozen=True):
    """What the first page counts: items that were received and not taken back. How many of them
    were delivered is for `hub.queries.deliveries` to say."""

    received: int
    in_stock: int


class StockRow(Struct, frozen=True):
    """Items of one category at one stop, by status."""

    stop: str
    category: str
    in_stock: int
    unlabelled: int
    out: int
    delivered: int
    quarantined: int = 0
    sent: int = 0
    sold: int = 0
    missing: int = 0
    disposed: int = 0
    reserved: int = 0


_COLUMNS: Final = (
    IN_STOCK,
    UNLABELLED,
    OUT,
    DELIVERED,
    QUARANTINED,
    SENT,
    SOLD,
    MISSING,
    DISPOSED,
    RESERVED,
)
"""The statuses of `StockRow`, in the order of its fields."""
STATUS_FIELDS: Final = StockRow.__struct_fields__[2:]

_ITEM = tuple(db.item.c[name] for name in Item.__struct_fields__)


def item(connection: Connection, code: str) -> Item | None:
    """The item with this canonical code, if any event spoke of it."""
    row = connection.execute(select(*_ITEM).where(db.item.c.code == code)).one_or_none()
    return None if row is None else Item(*row)


def of_claim(connection: Connection, claim_hash: str) -> list[Item] | None:
    """The items of a donor's private list in the order of their codes; None: no such claim."""
    session = connection.scalar(select(db.claim.c.session).where(db.claim.c.hash == claim_hash))
    if session is None:
        return None
    rows = connection.execute(
        select(*_ITEM)
        .where(db.item.c.session == session)
        .order_by(db.item.c.received_t, db.item.c.code)
    )
    return [Item(*row) for row in rows]


def stock(connection: Connection, stops: Stops = None) -> list[StockRow]:
    """What each of ``stops`` holds, has out and has delivered, by category."""
    rows = connection.execute(
        select(db.stock.c.stop, db.stock.c.category, db.stock.c.status, db.stock.c.n)
        .where(within(db.stock.c.stop, stops))
        .order_by(db.stock.c.stop, db.stock.c.category)
    )
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        counts.setdefault((row.stop, row.category), {})[row.status] = row.n
    return [
        StockRow(
            stop,
            category,
            *(by_status.get(name, 0) for name in _COLUMNS),
        )
        for (stop, category), by_status in counts.items()
    ]


def figures(connection: Connection) -> Figures:
    """The totals over all stops."""
    rows = connection.execute(
        select(db.stock.c.status, func.sum(db.stock.c.n)).group_by(db.stock.c.status)
    )
    n = {str(status): int(total) for status, total in rows}
    return Figures(sum(n.values()), sum(n.get(status, 0) for status in HERE))
