"""The audit log, as its readers may see it."""

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, or_, select, true

from hub import db
from hub.access.scope import within
from hub.access.users import User


class Entry(Struct, frozen=True):
    """A row of the log; ``at_ms`` by the hub's clock."""

    id: int
    at_ms: int
    who: str
    session: str
    what: str
    subject: str
    stop: str
    detail: dict[str, Any]


_COLUMNS = tuple(db.audit.c[name] for name in Entry.__struct_fields__)


def entries(reader: User) -> Select[Any]:
    """The rows that ``reader`` may see: all; or, with a scope, what applies to one of its stops
    and what the reader did."""
    return select(*_COLUMNS).where(visible(reader))


def visible(reader: User) -> ColumnElement[bool]:
    """The condition for a row of `hub.db.audit` to be ``reader``'s business."""
    if reader.visible is None:
        return true()
    return or_(within(db.audit.c.stop, reader.visible), db.audit.c.who == reader.id)


def read(row: Row[Any]) -> Entry:
    """A row of `entries`."""
    values = dict(zip(Entry.__struct_fields__, row, strict=False))
    values["detail"] = msgspec.json.decode(values["detail"], type=dict[str, Any])
    return Entry(**values)
