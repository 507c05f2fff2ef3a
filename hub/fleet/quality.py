"""Counts, by kiosk, start and hour, how scans and labels go: what `hub.fleet.canary` compares.

Events are counted once, in the order in which they were committed, a piece at a time: a fleet's day
costs a few milliseconds, and no page ever adds up the log. A start of a kiosk is an epoch, and a
kiosk starts anew when its release changes, so that an epoch is the work of one release; which one
that is, its health and the epoch that its hello names last tell together. What was recorded offline
and comes days later thus still counts for the release that recorded it.

Counted is what a release can spoil. A scan is good when something came of it; it is bad when it had
no meaning there (``refused``) or could not be read as a code of ours or of retail
(``unrecognised``). A label is due for everything that came in without a ready-made one; it is well
once the printer confirmed it or somebody scanned it back.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, case, delete, func, select

from contract.messages import Health, Hello
from hub import db
from hub.fleet.canary import Counts
from hub.projections.projector import projected

HOUR_MS: Final = 3_600_000
KEPT_HOURS: Final = 60 * 24
FIRST_MS: Final = 21 * 24 * HOUR_MS
"""How far back a hub counts that has never counted."""
PIECE: Final = 2_000
_CURSOR: Final = "quality"

GOOD: Final = frozenset(
    {
        "arrived",
        "back",
        "box.received",
        "contributed",
        "counted",
        "delivered",
        "disposed",
        "expiry.set",
        "graded",
        "item.picked",
        "item.seen",
        "moved",
        "out",
        "packed",
        "plan.seen",
        "received",
        "sealed",
        "sent",
        "session.joined",
        "shelf.opened",
        "sold",
        "time.offered",
        "unpacked",
        "work.ended",
        "work.started",
    }
)
"""Events that something was scanned for."""
BAD: Final = frozenset({"refused", "unrecognised"})
_READ: Final = frozenset({"received", "box.received", "label.attached"})
"""Of these the body matters."""
_COUNTED: Final = GOOD | BAD | _READ | {"label.reprinted"}


class _Body(Struct, frozen=True):
    ready_made: bool = False
    how: str = ""


class _Public(Struct, frozen=True):
    body: _Body


class _Line(Struct, frozen=True):
    public: _Public


_decoder: Final = msgspec.json.Decoder(_Line)


def one(kind: str, *, ready_made: bool = False, how: str = "") -> Counts:
    """What one event counts."""
    due = kind in ("received", "box.received") and not ready_made
    attached = kind == "label.attached"
    scanned = attached and how == "scanned"
    return Counts(
        good=int(kind in GOOD or scanned),
        bad=int(kind in BAD),
        due=int(due),
        well=int(scanned or (attached and how == "printed")),
        out=int(attached and how in ("printed", "unconfirmed")),
        again=int(kind == "label.reprinted"),
    )


def waiting(connection: Connection) -> bool:
    """Whether there is something to count."""
    return projected(connection) != (_cursor(connection) or 0)


def count(connection: Connection, now_ms: int) -> bool:
    """Count the next piece; whether there is more. The caller commits."""
    cursor, newest = _cursor(connection), projected(connection)
    if cursor is None:
        cursor = _begin(connection, now_ms - FIRST_MS, newest)
    cursor = min(cursor, newest)  # a database that was restored counts positions anew
    table, stream = db.event.c, db.stream.c
    rows = connection.execute(
        select(
            table.position,
            table.kiosk,
            table.epoch,
            table.type,
            func.coalesce(stream.placed + table.mono, table.received_ms).label("at"),
            case((table.type.in_(sorted(_READ)), func.coalesce(table.repaired, table.raw))).label(
                "raw"
            ),
        )
        .join_from(
            db.event,
            db.stream,
            (stream.kiosk == table.kiosk) & (stream.epoch == table.epoch),
            isouter=True,
        )
        .where(table.position > cursor, table.position <= newest, table.problem.is_(None))
        .order_by(table.position)
        .limit(PIECE)
    ).all()
    _add(connection, rows)
    more = len(rows) == PIECE
    _set_cursor(connection, rows[-1].position if more else newest)
    return more


def _add(connection: Connection, rows: Iterable[Any]) -> None:
    sums: dict[tuple[str, str, int], Counts] = {}
    for row in rows:
        if row.type not in _COUNTED:
            continue
        body = _decoder.decode(row.raw).public.body if row.raw is not None else _Body()
        counted = one(row.type, ready_made=body.ready_made, how=body.how)
        key = (row.kiosk, row.epoch, row.at // HOUR_MS)
        sums[key] = sums.get(key, Counts()) + counted
    table = db.quality
    names = Counts.__struct_fields__
    for (kiosk, epoch, hour), counts in sums.items():
        here = (table.c.kiosk == kiosk) & (table.c.epoch == epoch) & (table.c.hour == hour)
        more = {name: table.c[name] + getattr(counts, name) for name in names}
        if not connection.execute(table.update().where(here).values(more)).rowcount:
            values = {name: getattr(counts, name) for name in names}
            connection.execute(table.insert().values(kiosk=kiosk, epoch=epoch, hour=hour, **values))


def prune(connection: Connection, now_ms: int) -> None:
    """Forget what is older than `KEPT_HOURS`."""
    oldest = now_ms // HOUR_MS - KEPT_HOURS
    connection.execute(delete(db.quality).where(db.quality.c.hour < oldest))


def _begin(connection: Connection, since_ms: int, newest: int) -> int:
    """The position before the first event that came in since then. Events come in in the order of
    their positions, so that a few looks at the index find it."""
    table, low, high = db.event.c, 0, newest
    while low < high:
        middle = (low + high) // 2
        at = connection.scalar(
            select(table.received_ms)
            .where(table.position > middle)
            .order_by(table.position)
            .limit(1)
        )
        if at is None or at >= since_ms:
            high = middle
        else:
            low = middle + 1
    return low


def _cursor(connection: Connection) -> int | None:
    text = connection.scalar(select(db.meta.c.value).where(db.meta.c.key == _CURSOR))
    return None if text is None else int(text)


def _set_cursor(connection: Connection, position: int) -> None:
    here = db.meta.c.key == _CURSOR
    if not connection.execute(db.meta.update().where(here).values(value=str(position))).rowcount:
        connection.execute(db.meta.insert().values(key=_CURSOR, value=str(position)))


# --- which release wrote it -----------------------------------------------------------------------


def running(connection: Connection) -> dict[tuple[str, str], str]:
    """The release of each kiosk's present epoch, as far as its last hello and health tell."""
    state = db.kiosk_state.c
    found = {}
    for row in connection.execute(
        select(state.kiosk, state.hello, state.hello_ms, state.health, state.health_ms)
    ):
        if row.hello is None or row.health is None or row.health_ms < row.hello_ms:
            continue
        hello = msgspec.json.decode(row.hello, type=Hello)
        release = msgspec.json.decode(row.health, type=Health).release
        if hello.epochs and release:
            found[row.kiosk, hello.epochs[-1].epoch] = release
    return found


def unnoted(connection: Connection) -> dict[tuple[str, str], str]:
    """Those of `running` that are not known yet. The first word stays: an epoch has one release."""
    table = db.epoch_release.c
    known = {(row.kiosk, row.epoch) for row in connection.execute(select(table.kiosk, table.epoch))}
    return {key: release for key, release in running(connection).items() if key not in known}


def note_running(connection: Connection, found: Mapping[tuple[str, str], str]) -> None:
    """Keep which release writes these epochs. The caller commits."""
    for kiosk, epoch in found:
        connection.execute(
            db.epoch_release.insert().values(kiosk=kiosk, epoch=epoch, release=found[kiosk, epoch])
        )


def of_release(
    connection: Connection, kiosks: Iterable[str], release: str, since_ms: int
) -> dict[str, Counts]:
    """What these kiosks did with this release, in the hours since."""
    return _sums(
        connection,
        kiosks,
        db.epoch_release.c.release == release,
        db.quality.c.hour >= since_ms // HOUR_MS,
    )


def without_release(
    connection: Connection, kiosks: Iterable[str], release: str, first_ms: int, last_ms: int
) -> dict[str, Counts]:
    """What these kiosks did from then to then with any other release."""
    with_it, hour = db.epoch_release.c.release, db.quality.c.hour
    return _sums(
        connection,
        kiosks,
        with_it.is_(None) | (with_it != release),
        hour.between(first_ms // HOUR_MS, last_ms // HOUR_MS),
    )


def _sums(
    connection: Connection, kiosks: Iterable[str], *which: ColumnElement[bool]
) -> dict[str, Counts]:
    """The hours that ``which`` holds of, with the release that wrote them (NULL: nobody knows)."""
    quality, epochs = db.quality.c, db.epoch_release.c
    names = Counts.__struct_fields__
    rows = connection.execute(
        select(quality.kiosk, *(func.sum(quality[name]).label(name) for name in names))
        .join_from(
            db.quality,
            db.epoch_release,
            (epochs.kiosk == quality.kiosk) & (epochs.epoch == quality.epoch),
            isouter=True,
        )
        .where(quality.kiosk.in_(sorted(kiosks)), *which)
        .group_by(quality.kiosk)
    )
    return {row.kiosk: Counts(*(int(getattr(row, name)) for name in names)) for row in rows}
