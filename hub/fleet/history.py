"""How each kiosk was: the least, the most and the last of an hour, later of a day.

Rules
-----
* Health comes once a minute from each kiosk and is not written down by ingest more than it was: a
  thread of its own (`hub.fleet.history_keeper`) looks once a minute at what is known of all of them
  and writes one row a kiosk and hour, all in one transaction. Of a kiosk that is away nothing is
  written: an hour without a row is an hour without the kiosk.
* Hours are kept for `HOURS_MS`, then made into days of the hub's time zone; days for `DAYS_MS`.
* What is counted (events, connections, printers that failed) is added; what is measured keeps its
  least, its most and its last value. Days are made of hours by the same rule.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from contract import events
from contract.events import DeviceChanged
from hub import db

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
HOURS_MS: Final = 30 * DAY_MS
DAYS_MS: Final = 400 * DAY_MS
HOUR: Final = "hour"
DAY: Final = "day"
CURSOR: Final = "kiosk-history"
"""Key in ``meta``: the position through which events are counted."""
_PRINTER: Final = "printer"


class Sample(Struct, frozen=True):
    """A kiosk at one look: what it measures (None where it does not tell), whether it is there, and
    what happened since the last look. ``warm`` is in tenths of a degree Celsius, ``disk`` in MB."""

    kiosk: str
    online: bool
    backlog: int = 0
    warm: int | None = None
    disk: int | None = None
    events: int = 0
    reconnects: int = 0
    print_failures: int = 0


class Span(Struct, frozen=True):
    """Least, most and last of what was measured."""

    least: int
    most: int
    last: int

    def then(self, other: "Span") -> "Span":
        """This, and what came after it."""
        return Span(min(self.least, other.least), max(self.most, other.most), other.last)


class Period(Struct, frozen=True):
    """An hour or a day of a kiosk, from ``start_ms`` on. ``minutes``: how long it was there."""

    start_ms: int
    backlog: Span
    warm: Span | None
    disk: Span | None
    minutes: int
    events: int
    reconnects: int
    print_failures: int

    def then(self, other: "Period", most_minutes: int) -> "Period":
        """This, and what came after it; ``most_minutes`` fit into both."""
        return Period(
            self.start_ms,
            self.backlog.then(other.backlog),
            _after(self.warm, other.warm),
            _after(self.disk, other.disk),
            min(most_minutes, self.minutes + other.minutes),
            self.events + other.events,
            self.reconnects + other.reconnects,
            self.print_failures + other.print_failures,
        )


def _after(one: Span | None, other: Span | None) -> Span | None:
    if one is None or other is None:
        return other or one
    return one.then(other)


def of(sample: Sample, start_ms: int) -> Period:
    """A period in which nothing but this has been seen."""
    return Period(
        start_ms,
        Span(sample.backlog, sample.backlog, sample.backlog),
        _single(sample.warm),
        _single(sample.disk),
        int(sample.online),
        sample.events,
        sample.reconnects,
        sample.print_failures,
    )


def _single(value: int | None) -> Span | None:
    return None if value is None else Span(value, value, value)


def day_start_ms(ms: int, zone: dt.tzinfo) -> int:
    """When the day began to which a moment belongs."""
    day = dt.datetime.fromtimestamp(ms / 1000, zone).date()
    return int(dt.datetime.combine(day, dt.time(), zone).timestamp() * 1000)


# --- reading --------------------------------------------------------------------------------------

_TABLE: Final = db.kiosk_history
_C: Final = _TABLE.c


def read(row: Row[Any]) -> Period:
    """A period from a row of the table."""
    return Period(
        row.start_ms,
        Span(row.backlog_min, row.backlog_max, row.backlog_last),
        _span(row.warm_min, row.warm_max, row.warm_last),
        _span(row.disk_min, row.disk_max, row.disk_last),
        row.minutes,
        row.events,
        row.reconnects,
        row.print_failures,
    )


def _span(least: int | None, most: int | None, last: int | None) -> Span | None:
    if least is None or most is None or last is None:
        return None
    return Span(least, most, last)


def periods(connection: Connection, kiosk: str, span: str, since_ms: int) -> list[Period]:
    """Those of a kiosk that began at ``since_ms`` or later, the oldest first."""
    rows = connection.execute(
        select(_TABLE)
        .where(_C.kiosk == kiosk, _C.span == span, _C.start_ms >= since_ms)
        .order_by(_C.start_ms)
    )
    return [read(row) for row in rows]


def happened(connection: Connection) -> tuple[int, dict[str, int], dict[str, int]]:
    """The position through which everything is counted now; and by kiosk, how many events came in
    since it was last written down, and how often a printer failed."""
    newest = connection.scalar(select(func.max(db.event.c.position))) or 0
    before = cursor(connection)
    if before is None or before > newest:
        return newest, {}, {}
    fresh = (db.event.c.position > before, db.event.c.position <= newest)
    counted = {
        row[0]: row[1]
        for row in connection.execute(
            select(db.event.c.kiosk, func.count()).where(*fresh).group_by(db.event.c.kiosk)
        )
    }
    failed: dict[str, int] = {}
    changed = select(db.event.c.kiosk, db.event.c.raw, db.event.c.repaired).where(
        *fresh, db.event.c.type == "device.changed"
    )
    for kiosk, raw, repaired in connection.execute(changed):
        if _printer_failed(bytes(repaired or raw)):
            failed[kiosk] = failed.get(kiosk, 0) + 1
    return newest, counted, failed


def _printer_failed(raw: bytes) -> bool:
    try:
        body = events.decode(raw).public.body
    except events.EventError:
        return False  # it is in quarantine, and is shown there
    return isinstance(body, DeviceChanged) and body.kind == _PRINTER and not body.ok


def cursor(connection: Connection) -> int | None:
    """The position through which events have been counted; None before the first look."""
    text = connection.scalar(select(db.meta.c.value).where(db.meta.c.key == CURSOR))
    return None if text is None else int(text)


# --- writing --------------------------------------------------------------------------------------


def write(connection: Connection, samples: Iterable[Sample], position: int, now_ms: int) -> None:
    """Add one look to the hour that it belongs to."""
    start = now_ms - now_ms % HOUR_MS
    found = {
        row.kiosk: read(row)
        for row in connection.execute(select(_TABLE).where(_C.span == HOUR, _C.start_ms == start))
    }
    made, changed = [], []
    for one in samples:
        fresh, before = of(one, start), found.get(one.kiosk)
        if before is None:
            made.append((one.kiosk, fresh))
        else:
            changed.append((one.kiosk, before.then(fresh, 60)))
    _put(connection, HOUR, made, changed)
    _set_cursor(connection, position)


def due(connection: Connection, now_ms: int, zone: dt.tzinfo) -> bool:
    """Whether there is anything for `roll`."""
    old = _old(now_ms, zone)
    return (
        connection.scalar(
            select(_C.start_ms)
            .where(
                ((_C.span == HOUR) & (_C.start_ms < old))
                | ((_C.span == DAY) & (_C.start_ms < now_ms - DAYS_MS))
            )
            .limit(1)
        )
        is not None
    )


def roll(connection: Connection, now_ms: int, zone: dt.tzinfo) -> None:
    """Make days of hours that are old, and let go of days that are."""
    old = _old(now_ms, zone)
    rows = connection.execute(
        select(_TABLE).where(_C.span == HOUR, _C.start_ms < old).order_by(_C.kiosk, _C.start_ms)
    ).all()
    made: dict[tuple[str, int], Period] = {}
    for row in rows:
        key = row.kiosk, day_start_ms(row.start_ms, zone)
        one = read(row)
        begun = made.get(key)
        whole = one if begun is None else begun.then(one, 24 * 60)
        made[key] = msgspec.structs.replace(whole, start_ms=key[1])
    new, changed = [], []
    for (kiosk, start), one in made.items():
        before = _day(connection, kiosk, start)
        if before is None:
            new.append((kiosk, one))
        else:
            changed.append((kiosk, before.then(one, 24 * 60)))
    _put(connection, DAY, new, changed)
    connection.execute(delete(_TABLE).where(_C.span == HOUR, _C.start_ms < old))
    connection.execute(delete(_TABLE).where(_C.span == DAY, _C.start_ms < now_ms - DAYS_MS))


def _day(connection: Connection, kiosk: str, start_ms: int) -> Period | None:
    where = (_C.kiosk == kiosk, _C.span == DAY, _C.start_ms == start_ms)
    row = connection.execute(select(_TABLE).where(*where)).one_or_none()
    return None if row is None else read(row)


def _old(now_ms: int, zone: dt.tzinfo) -> int:
    """Hours before this become days; it is a midnight, so that each day is made whole, once."""
    return day_start_ms(now_ms - HOURS_MS, zone)


def _put(
    connection: Connection,
    span: str,
    new: Sequence[tuple[str, Period]],
    changed: Sequence[tuple[str, Period]],
) -> None:
    """Write periods of kiosks, all at once: the writer has others who wait."""
    if new:
        rows = [
            {"kiosk": kiosk, "span": span, "start_ms": one.start_ms, **_values(one)}
            for kiosk, one in new
        ]
        connection.execute(insert(_TABLE), rows)
    if changed:
        found = [
            {"of_kiosk": kiosk, "of_start": one.start_ms, **_values(one)} for kiosk, one in changed
        ]
        connection.execute(
            update(_TABLE).where(
                _C.kiosk == bindparam("of_kiosk"),
                _C.span == span,
                _C.start_ms == bindparam("of_start"),
            ),
            found,
        )


def _values(one: Period) -> Mapping[str, int | None]:
    values: dict[str, int | None] = {
        "minutes": one.minutes,
        "events": one.events,
        "reconnects": one.reconnects,
        "print_failures": one.print_failures,
    }
    for name, span in (("backlog", one.backlog), ("warm", one.warm), ("disk", one.disk)):
        values[f"{name}_min"] = None if span is None else span.least
        values[f"{name}_max"] = None if span is None else span.most
        values[f"{name}_last"] = None if span is None else span.last
    return values


def _set_cursor(connection: Connection, position: int) -> None:
    meta = db.meta
    changed = connection.execute(
        update(meta).where(meta.c.key == CURSOR).values(value=str(position))
    )
    if not changed.rowcount:
        connection.execute(insert(meta).values(key=CURSOR, value=str(position)))
