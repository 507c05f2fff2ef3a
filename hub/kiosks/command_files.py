"""Logs and support bundles that kiosks sent, part by part.

They are bounded by what a message and `contract.messages.MAX_PARTS` allow, kept for a month, and
worth nothing until every part is here and the whole has its hash. Nothing in them is looked into.
"""

import hashlib
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select

from contract.messages import LOGS, SUPPORT_BUNDLE, FilePart
from hub import db
from hub.kiosks.command_rows import Order

FILES: Final = frozenset({LOGS, SUPPORT_BUNDLE})
"""Commands that are answered by a file."""
KEPT_MS: Final = 30 * 24 * 3600 * 1000

_table: Final = db.command_file.c


class File(Struct, frozen=True):
    """A file that is here as a whole."""

    name: str
    hash: str
    content: bytes
    received_ms: int


def keep(connection: Connection, order: Order, part: FilePart, now_ms: int) -> None:
    """One part has come. Of another file than before: what was there is let go of."""
    if part.index >= part.parts:
        return
    other = _table.command == order.id, (_table.hash != part.hash) | (_table.parts != part.parts)
    connection.execute(delete(db.command_file).where(*other))
    known = connection.execute(
        select(_table.part).where(_table.command == order.id, _table.part == part.index)
    ).first()
    if known is None:
        connection.execute(
            insert(db.command_file).values(
                command=order.id,
                part=part.index,
                parts=part.parts,
                name=part.name,
                hash=part.hash,
                data=part.data,
                received_ms=now_ms,
            )
        )


def complete(connection: Connection, command: str) -> bool:
    """Whether the whole is here as it was sent; what is spoilt is let go of, to be sent again."""
    rows = connection.execute(
        select(_table.data, _table.parts, _table.hash)
        .where(_table.command == command)
        .order_by(_table.part)
    ).all()
    if not rows or len(rows) < rows[0].parts:
        return False
    if hashlib.sha256(b"".join(row.data for row in rows)).hexdigest() == rows[0].hash:
        return True
    connection.execute(delete(db.command_file).where(_table.command == command))
    return False


def file_of(connection: Connection, command: str) -> File | None:
    """The file of a command that is done; None while it is not here, or any more."""
    rows = connection.execute(
        select(_table.name, _table.hash, _table.data, _table.parts, _table.received_ms)
        .where(_table.command == command)
        .order_by(_table.part)
    ).all()
    if not rows or len(rows) < rows[0].parts:
        return None
    content = b"".join(row.data for row in rows)
    return File(rows[0].name, rows[0].hash, content, max(row.received_ms for row in rows))


def sizes(connection: Connection, commands: list[str]) -> dict[str, tuple[str, int]]:
    """Name and bytes by command, of those that are here as a whole."""
    rows = connection.execute(
        select(
            _table.command,
            func.min(_table.name).label("name"),
            func.sum(func.length(_table.data)).label("size"),
            func.count().label("here"),
            func.max(_table.parts).label("parts"),
        )
        .where(_table.command.in_(commands))
        .group_by(_table.command)
    )
    return {row.command: (row.name, int(row.size)) for row in rows if row.here == row.parts}


def aged(connection: Connection, now_ms: int) -> bool:
    """Whether `forget` has something to do."""
    query = select(_table.command).where(_table.received_ms < now_ms - KEPT_MS).limit(1)
    return connection.execute(query).first() is not None


def forget(connection: Connection, now_ms: int) -> None:
    """Deletes what was kept for a month."""
    connection.execute(delete(db.command_file).where(_table.received_ms < now_ms - KEPT_MS))
