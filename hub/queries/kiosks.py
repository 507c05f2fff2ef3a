"""Kiosks as the hub last heard of them."""

from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, select

from contract.messages import DeviceHealth, Health
from hub import db
from hub.access.scope import Stops
from hub.folds.watch import DEVICE_DOWN

RETIRED: Final = "retired"
REVOKED: Final = "revoked"


class Kiosk(Struct, frozen=True):
    """A kiosk; times are Unix milliseconds by the hub's clock, None when it never happened.

    ``online`` is None as long as it never said so. ``known_here`` is False for one that sends
    but is not registered.
    """

    id: str
    stop: str
    known_here: bool
    online: bool | None
    seen_ms: int | None
    last_event_ms: int | None
    health_ms: int | None
    health: Health | None
    ended: str = ""
    """``retired`` or ``revoked``: nothing is expected of it any more."""

    @property
    def in_service(self) -> bool:
        """Whether it is registered and nobody has ended it."""
        return self.known_here and not self.ended


class Stream(Struct, frozen=True):
    """An epoch of a kiosk: contiguous through this seq, and what a verified backup holds."""

    epoch: str
    through: int
    hash: str
    safe: int
    received_ms: int
    known: bool


def kiosks(connection: Connection, stops: Stops = None) -> list[Kiosk]:
    """Every kiosk of ``stops`` that is registered or has ever been heard, by id; of no known stop
    only where they are all."""
    registered = {
        row.id: row
        for row in connection.execute(
            select(db.kiosk.c.id, db.kiosk.c.stop, db.kiosk.c.retired_ms, db.kiosk.c.revoked_ms)
        )
    }
    states = {row.kiosk: row for row in connection.execute(select(db.kiosk_state))}
    found: list[Kiosk] = []
    for name in sorted(registered.keys() | states.keys()):
        row, state = registered.get(name), states.get(name)
        if stops is not None and (row is None or row.stop not in stops):
            continue
        times = (
            (state.status_ms, state.hello_ms, state.health_ms, state.last_event_ms) if state else ()
        )
        heard = [value for value in times if value is not None]
        found.append(
            Kiosk(
                id=name,
                stop=row.stop if row else "",
                known_here=row is not None,
                online=state.online if state else None,
                seen_ms=max(heard) if heard else None,
                last_event_ms=state.last_event_ms if state else None,
                health_ms=state.health_ms if state else None,
                health=_health(state.health) if state else None,
                ended=_ended(row.retired_ms, row.revoked_ms) if row else "",
            )
        )
    return found


def _ended(retired_ms: int | None, revoked_ms: int | None) -> str:
    if revoked_ms is not None:
        return REVOKED
    return RETIRED if retired_ms is not None else ""


def unwell(connection: Connection, known: list[Kiosk]) -> list[tuple[Kiosk, DeviceHealth]]:
    """Devices that do not work by what their kiosks, which are online, last told of their health,
    and of which no incident tells."""
    table = db.incident.c
    rows = connection.execute(
        select(table.kiosk, table.detail).where(
            table.kind == DEVICE_DOWN, table.closed_ms.is_(None)
        )
    )
    told = {(row[0], _plain(str(msgspec.json.decode(row[1])["device"]))) for row in rows}
    return [
        (kiosk, device)
        for kiosk in known
        if kiosk.online and kiosk.health is not None
        for device in kiosk.health.devices
        if not device.ok and (kiosk.id, _plain(device.name)) not in told
    ]


def _plain(name: str) -> str:
    """A device's name as events and health both have it: they write other characters apart."""
    return "".join(char for char in name if char.isalnum())[-32:]


def streams(connection: Connection, kiosk: str) -> list[Stream]:
    """The epochs of a kiosk, the one heard last first."""
    table = db.stream.c
    rows = connection.execute(
        select(table.epoch, table.through, table.hash, table.safe, table.received_ms, table.known)
        .where(table.kiosk == kiosk)
        .order_by(table.received_ms.desc(), table.epoch)
    )
    return [Stream(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows]


def last_reports(connection: Connection) -> dict[str, int | None]:
    """When the hub last heard a kiosk of each stop, by stop id."""
    state = db.kiosk_state.c
    newest = (
        func.max(func.coalesce(state.health_ms, 0)),
        func.max(func.coalesce(state.last_event_ms, 0)),
        func.max(func.coalesce(state.hello_ms, 0)),
    )
    rows = connection.execute(
        select(db.stop.c.id, *newest)
        .join_from(db.stop, db.kiosk, db.kiosk.c.stop == db.stop.c.id, isouter=True)
        .join(db.kiosk_state, state.kiosk == db.kiosk.c.id, isouter=True)
        .group_by(db.stop.c.id)
        .order_by(db.stop.c.id)
    )
    return {row[0]: max(value or 0 for value in row[1:]) or None for row in rows}


def _health(text: str | None) -> Health | None:
    if text is None:
        return None
    return msgspec.json.decode(text, type=Health)
