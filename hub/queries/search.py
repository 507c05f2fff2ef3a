"""What the search box looks for; each question is one look at an index or at a small table."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Connection, Table, func, or_, select

from hub import db
from hub.access.scope import Stops, within

MAX_FOUND = 20


class Named(Struct, frozen=True):
    """A thing with names in both languages; ``key`` leads to it."""

    key: str
    zh: str
    en: str


def item_stop(connection: Connection, code: str, stops: Stops) -> str | None:
    """The stop of the item with this code, if it is one of ``stops``."""
    where = (db.item.c.code == code, within(db.item.c.stop, stops))
    found: str | None = connection.scalar(select(db.item.c.stop).where(*where))
    return found


def has_items(connection: Connection, column: str, value: str, stops: Stops) -> bool:
    """Whether an item at ``stops`` has ``value`` in this column."""
    where = (db.item.c[column] == value, within(db.item.c.stop, stops))
    return connection.scalar(select(db.item.c.code).where(*where).limit(1)) is not None


def kiosk(connection: Connection, name: str, stops: Stops) -> bool:
    """Whether a kiosk of ``stops`` has this id."""
    where = (db.kiosk.c.id == name, within(db.kiosk.c.stop, stops))
    return connection.scalar(select(db.kiosk.c.id).where(*where)) is not None


def incident(connection: Connection, key: str, stops: Stops) -> bool:
    """Whether an incident at ``stops`` has this key."""
    where = (db.incident.c.key == key, within(db.incident.c.stop, stops))
    return connection.scalar(select(db.incident.c.key).where(*where)) is not None


def kiosks(connection: Connection, words: str, stops: Stops) -> list[str]:
    """Kiosks of ``stops`` whose id contains ``words``."""
    where = (_contains(words, db.kiosk.c.id), within(db.kiosk.c.stop, stops))
    query = select(db.kiosk.c.id).where(*where).order_by(db.kiosk.c.id).limit(MAX_FOUND)
    return list(connection.scalars(query))


def stop_names(connection: Connection, words: str, stops: Stops) -> list[Named]:
    """Stops of ``stops`` whose id or name contains ``words``."""
    return _named(connection, db.stop, db.stop.c.id, words, within(db.stop.c.id, stops))


def products(connection: Connection, words: str) -> list[Named]:
    """Products whose name or number contains ``words``."""
    return _named(connection, db.product, db.product.c.gtin, words)


def places(connection: Connection, words: str) -> list[Named]:
    """Places whose name contains ``words``."""
    return _named(connection, db.place, db.place.c.code, words)


def plans(connection: Connection, words: str) -> list[Named]:
    """Plans whose title contains ``words``."""
    return _named(connection, db.plan, db.plan.c.code, words)


def lot_exists(connection: Connection, lot: str, stops: Stops) -> bool:
    """Whether an item of ``stops`` is of exactly this lot."""
    return has_items(connection, "lot", lot, stops)


def _named(
    connection: Connection,
    table: Table,
    key: Column[Any],
    words: str,
    *also: ColumnElement[bool],
) -> list[Named]:
    found = connection.execute(
        select(key, table.c.zh, table.c.en)
        .where(_contains(words, key, table.c.zh, table.c.en), *also)
        .order_by(key + "")  # sorts what was found; by the key's index all rows would be looked up
        .limit(MAX_FOUND)
    )
    return [Named(*row) for row in found]


def _contains(words: str, *columns: Column[Any]) -> ColumnElement[bool]:
    wanted = words.lower()
    if wanted == words.upper():  # Chinese, digits: letters would double the work
        return or_(*(column.contains(wanted, autoescape=True) for column in columns))
    return or_(*(func.lower(column).contains(wanted, autoescape=True) for column in columns))
