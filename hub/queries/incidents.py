"""Incidents: what somebody must see."""

from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, func, select

from hub import db
from hub.access.scope import Stops, within


class Incident(Struct, frozen=True):
    """``first_t`` by the order of events, the other times by the hub's clock; ``detail`` is what
    the wording needs, never a token."""

    key: str
    kind: str
    subject: str
    kiosk: str
    stop: str
    detail: dict[str, Any]
    first_t: int
    count: int
    opened_ms: int
    last_ms: int
    closed_ms: int | None
    acknowledged_ms: int | None
    acknowledged_by: str | None


COLUMNS: Final = tuple(db.incident.c[name] for name in Incident.__struct_fields__)


def incidents(
    connection: Connection,
    limit: int,
    *,
    kiosk: str | None = None,
    subject: str | None = None,
    closed: bool = False,
    stops: Stops = None,
    skip: int = 0,
) -> list[Incident]:
    """Open incidents at ``stops``, or closed ones: what nobody has acknowledged first, then the
    newest; without the first ``skip``."""
    table = db.incident.c
    query = select(*COLUMNS).order_by(
        table.acknowledged_ms.is_not(None), table.opened_ms.desc(), table.key
    )
    query = query.where(table.closed_ms.is_not(None) if closed else table.closed_ms.is_(None))
    query = query.where(within(table.stop, stops))
    if kiosk is not None:
        query = query.where(table.kiosk == kiosk)
    if subject is not None:
        query = query.where(table.subject == subject)
    return [read(row) for row in connection.execute(query.limit(limit).offset(skip))]


def open_count(connection: Connection, stops: Stops = None) -> int:
    """How many incidents are open at ``stops``."""
    table = db.incident.c
    open_ones = select(func.count()).where(table.closed_ms.is_(None), within(table.stop, stops))
    return connection.scalar(open_ones) or 0


def one(connection: Connection, key: str) -> Incident | None:
    """The incident with this key."""
    row = connection.execute(select(*COLUMNS).where(db.incident.c.key == key)).one_or_none()
    return None if row is None else read(row)


def stop_of(connection: Connection, key: str) -> str | None:
    """Where the incident with this key is; None: there is none."""
    found: str | None = connection.scalar(
        select(db.incident.c.stop).where(db.incident.c.key == key)
    )
    return found


def read(row: Row[Any]) -> Incident:
    """An incident from a row that begins with `COLUMNS`."""
    values = dict(zip(Incident.__struct_fields__, row, strict=False))
    values["detail"] = msgspec.json.decode(values["detail"], type=dict[str, Any])
    return Incident(**values)
