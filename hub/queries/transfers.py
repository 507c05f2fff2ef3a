"""Transfers: what each `Sent` took along, and what became of it."""

import re
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Select, and_, case, func, or_, select

from contract.events import event_id
from hub import db
from hub.access.scope import Stops, within
from hub.folds.legs import ARRIVED, BETWEEN, LOST, SEEN
from hub.projections.projection_store import set_meta

_LEG = db.leg.c
GAP_DAYS = 2
"""After how many days something that has not been seen again is an incident, unless told
otherwise."""
_GAP_KEY = "gap_days"
_EVENT_ID = re.compile(r"([a-z0-9-]+)\.([0-9a-f]+)\.([0-9]{1,16})\.([0-9a-f]+)")


class Transfer(Struct, frozen=True):
    """One `Sent`: its event, when and whence, whither, and how many items came to what end."""

    sent: int
    event: str
    kiosk: str
    t: int
    origin: str
    to: str
    kind: str
    n: int
    arrived: int
    seen: int
    lost: int
    between: int


class Leg(Struct, frozen=True):
    """An item's part in a transfer."""

    item: str
    n: int
    sent: int
    sent_t: int
    origin: str
    to: str
    kind: str
    outcome: str
    ended_t: int | None
    at: str
    category: str | None = None
    box: str | None = None
    status: str = ""


def _how_many(outcome: str) -> Any:
    return func.sum(case((_LEG.outcome == outcome, 1), else_=0))


def transfers(stops: Stops) -> Select[Any]:
    """Every transfer from or to one of ``stops``, for listings; rows go through `read`."""
    there = select(db.place_stop.c.place).where(within(db.place_stop.c.stop, stops))
    mine = within(_LEG.origin, stops)
    seen = mine if stops is None else or_(mine, _LEG.to.in_(there), within(_LEG.at, stops))
    return (
        select(
            _LEG.sent,
            func.min(_LEG.sent_t).label("left_t"),
            func.min(_LEG.origin).label("origin"),
            func.min(_LEG.to).label("to"),
            func.min(_LEG.kind).label("kind"),
            func.count().label("n"),
            _how_many(ARRIVED).label("arrived"),
            _how_many(SEEN).label("seen"),
            _how_many(LOST).label("lost"),
            _how_many(BETWEEN).label("between"),
        )
        .where(seen)
        .group_by(_LEG.sent)
    )


def read(connection: Connection, rows: Any) -> list[Transfer]:
    """Rows of `transfers` with their events' names."""
    found = list(rows)
    event = db.event.c
    names = {
        row.id: (event_id(row.kiosk, row.epoch, row.seq, row.hash), row.kiosk)
        for row in connection.execute(
            select(event.id, event.kiosk, event.epoch, event.seq, event.hash).where(
                event.id.in_([row.sent for row in found])
            )
        )
    }
    return [
        Transfer(
            row.sent,
            *names.get(row.sent, ("", "")),
            row.left_t,
            row.origin,
            row.to,
            row.kind,
            row.n,
            row.arrived,
            row.seen,
            row.lost,
            row.between,
        )
        for row in found
    ]


def row_of(connection: Connection, name: str) -> int | None:
    """The row of the event with this id."""
    named = _EVENT_ID.fullmatch(name)
    if named is None:
        return None
    kiosk, epoch, seq, short = named.groups()
    event = db.event.c
    found: int | None = connection.scalar(
        select(event.id).where(
            and_(
                event.kiosk == kiosk,
                event.epoch == epoch,
                event.seq == int(seq),
                event.hash.startswith(short, autoescape=True),
            )
        )
    )
    return found


def one(connection: Connection, sent: int, stops: Stops) -> Transfer | None:
    """The transfer of this event's row, if it concerns ``stops``."""
    found = read(connection, connection.execute(transfers(stops).where(_LEG.sent == sent)))
    return found[0] if found else None


_COLUMNS = (
    _LEG.item,
    _LEG.n,
    _LEG.sent,
    _LEG.sent_t,
    _LEG.origin,
    _LEG.to,
    _LEG.kind,
    _LEG.outcome,
    _LEG.ended_t,
    _LEG.at,
    db.item.c.category,
    db.item.c.box,
    db.item.c.status,
)


def legs(connection: Connection, sent: int, limit: int) -> list[Leg]:
    """The items of a transfer, those in between first."""
    rows = connection.execute(
        select(*_COLUMNS)
        .select_from(db.leg.join(db.item, db.item.c.code == _LEG.item))
        .where(_LEG.sent == sent)
        .order_by(case((_LEG.outcome == BETWEEN, 0), (_LEG.outcome == LOST, 1), else_=2), _LEG.item)
        .limit(limit)
    )
    return [Leg(*row) for row in rows]


def of_item(connection: Connection, item: str) -> list[Leg]:
    """Each time that an item was sent on."""
    rows = connection.execute(
        select(*_COLUMNS)
        .select_from(db.leg.join(db.item, db.item.c.code == _LEG.item))
        .where(_LEG.item == item)
        .order_by(_LEG.n)
    )
    return [Leg(*row) for row in rows]


def gap_days(connection: Connection) -> int:
    """After how many days what was sent and not seen again is an incident."""
    table = db.meta.c
    found = connection.scalar(select(table.value).where(table.key == _GAP_KEY))
    return GAP_DAYS if found is None else int(found)


def set_gap_days(connection: Connection, days: int) -> None:
    """Choose that."""
    set_meta(connection, _GAP_KEY, str(days))


class Contact(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to ask at a stop; empty where nobody is named."""

    who: str = ""
    phone: str = ""

    @property
    def words(self) -> str:
        """Both in a line."""
        return " ".join(part for part in (self.who, self.phone) if part)


def contacts(connection: Connection) -> dict[str, Contact]:
    """Whom to ask, by stop."""
    rows = connection.execute(select(db.contact))
    return {row.stop: Contact(row.who, row.phone) for row in rows}


def stops_of_places(connection: Connection) -> dict[str, str]:
    """The stop that each place sheet for sending stands for: as somebody said, else the stop of
    the same name."""
    place, stop = db.place.c, db.stop.c
    namesakes = connection.execute(
        select(place.code, stop.id)
        .join_from(db.place, db.stop, and_(place.zh == stop.zh, place.en == stop.en))
        .where(place.kind == "stop")
    )
    found = {row.code: row.id for row in namesakes}
    return found | {row.place: row.stop for row in connection.execute(select(db.place_stop))}
