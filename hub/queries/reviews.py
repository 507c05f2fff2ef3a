"""What waits for a person's word, and the bundles that were brought."""

from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, func, select

from hub import db
from hub.access.scope import Stops, within
from hub.fleet.reviewing import REJECTED, WAITING

_R = db.review.c


class Stretch(Struct, frozen=True):
    """What waits of one epoch. ``through`` is how far the log has it."""

    epoch: str
    first: int
    last: int
    lines: int
    through: int


class Waiting(Struct, frozen=True):
    """What waits of one kiosk. ``stop`` is "" for one that the hub does not know. ``wall`` are the
    earliest and latest time by its own clock, ``kinds`` how many lines of each type of event (""
    for those nobody understands), ``items`` how many different things they name, ``refused`` how
    many lines a person refused."""

    kiosk: str
    stop: str
    revoked_ms: int | None
    lines: int
    refused: int
    received_ms: int
    wall: tuple[int, int] | None
    kinds: tuple[tuple[str, int], ...]
    items: int
    stretches: tuple[Stretch, ...]


def at_stops(stops: Stops) -> ColumnElement[bool]:
    """The condition for a row of `hub.db.review` to be of a kiosk of these stops."""
    return _of(_R.kiosk, stops)


def waiting(connection: Connection, stops: Stops) -> list[Waiting]:
    """Every kiosk of which something waits or was refused, the one with the most first."""
    rows = connection.execute(
        select(_R.kiosk, func.count()).where(
            _R.state.in_((WAITING, REJECTED)), at_stops(stops)
        ).group_by(_R.kiosk)
    )  # fmt: skip
    found = [one_kiosk(connection, row.kiosk) for row in rows]
    return sorted(found, key=lambda one: (-one.lines, one.kiosk))


def stop_of(connection: Connection, kiosk: str) -> str | None:
    """The stop of a kiosk; "" for one that this hub does not know (any more) and of which something
    came all the same; None for nobody's name."""
    stop = connection.scalar(select(db.kiosk.c.stop).where(db.kiosk.c.id == kiosk))
    if stop is not None:
        return str(stop)
    return "" if connection.scalar(select(_R.id).where(_R.kiosk == kiosk).limit(1)) else None


def one_kiosk(connection: Connection, kiosk: str) -> Waiting:
    """What waits of this kiosk, which may be nothing."""
    here = (_R.kiosk == kiosk) & (_R.state == WAITING)
    n, arrived, first, last = connection.execute(
        select(func.count(), func.max(_R.received_ms), func.min(_R.wall_ms), func.max(_R.wall_ms))
        .where(here)
    ).one()  # fmt: skip
    kinds = connection.execute(
        select(func.coalesce(_R.type, ""), func.count()).where(here).group_by(_R.type)
    )
    named: set[str] = set()
    for subjects in connection.scalars(select(_R.subjects).where(here, _R.subjects != "")):
        named.update(one for one in subjects.split(" ") if one[0] in "GB")
    refused = connection.execute(
        select(func.count()).where(_R.kiosk == kiosk, _R.state == REJECTED)
    ).scalar_one()
    row = connection.execute(
        select(db.kiosk.c.stop, db.kiosk.c.revoked_ms).where(db.kiosk.c.id == kiosk)
    ).first()
    return Waiting(
        kiosk=kiosk,
        stop=row.stop if row is not None else "",
        revoked_ms=row.revoked_ms if row is not None else None,
        lines=n,
        refused=refused,
        received_ms=arrived or 0,
        wall=(first, last) if first is not None else None,
        kinds=tuple(sorted(((word, count) for word, count in kinds), key=lambda one: -one[1])),
        items=len(named),
        stretches=_stretches(connection, kiosk),
    )


def _stretches(connection: Connection, kiosk: str) -> tuple[Stretch, ...]:
    stream = db.stream.c
    rows = connection.execute(
        select(
            _R.epoch,
            func.min(_R.seq),
            func.max(_R.seq),
            func.count(),
            func.min(func.coalesce(stream.through, 0)),
        )
        .join(db.stream, (stream.kiosk == _R.kiosk) & (stream.epoch == _R.epoch), isouter=True)
        .where(_R.kiosk == kiosk, _R.state == WAITING)
        .group_by(_R.epoch)
        .order_by(func.min(_R.id))
    )
    return tuple(Stretch(*row) for row in rows)


def bundles(stops: Stops) -> Select[Any]:
    """The rows of `hub.db.bundle` of the kiosks of these stops."""
    return select(db.bundle).where(_of(db.bundle.c.kiosk, stops))


def _of(column: ColumnElement[str], stops: Stops) -> ColumnElement[bool]:
    if stops is None:
        return column.is_not(None)
    return column.in_(select(db.kiosk.c.id).where(within(db.kiosk.c.stop, stops)))
