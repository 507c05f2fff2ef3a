"""Alarms, limits and channels in the database. Everything but reading runs through the writer."""

import json
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, and_, delete, func, insert, select, text, update

from hub import db
from hub.access.scope import Stops, within
from hub.alerts import life
from hub.alerts.life import Alarm
from hub.alerts.limits import BY_NAME, Limits, check

KEPT_MS: Final = 400 * 86_400_000
"""How long an alarm that is over, and a message that was sent, stays: more than a year."""

_COLUMNS: Final = tuple(Alarm.__struct_fields__)
_STORED: Final = {"values": "details"}
_ROW: Final = tuple(db.alarm.c[_STORED.get(name, name)] for name in _COLUMNS)
_UNENDED: Final = text("alarm.state <> 'ended'")
"""As the index of open alarms says it, which every page's count is answered from."""
COLUMNS: Final = _ROW
"""What a query selects for `read`."""


def read(row: Row[Any]) -> Alarm:
    """An alarm from a row that begins with `COLUMNS`."""
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=False))
    values["values"] = msgspec.json.decode(values["values"])
    values["changes"] = tuple(msgspec.json.decode(values["changes"]))
    values["flapping"] = bool(values["flapping"])
    return Alarm(**values)


def open_alarms(connection: Connection) -> dict[str, Alarm]:
    """Every alarm that is pending or firing, by its key; and those over of which that is owed."""
    table = db.alarm.c
    rows = connection.execute(select(*_ROW).where(_UNENDED).order_by(table.id))
    return {one.key: one for one in map(read, rows)}


def ended_owing(connection: Connection) -> list[Alarm]:
    """Alarms that are over, of which somebody is still to be told."""
    table = db.alarm.c
    rows = connection.execute(
        select(*_ROW).where(table.state == life.ENDED, table.owed != "").order_by(table.id)
    )
    return [read(row) for row in rows]


def firing(connection: Connection, stops: Stops = None) -> list[Alarm]:
    """What is an alarm now at ``stops``: not acknowledged first, the urgent before, the newest
    first."""
    table = db.alarm.c
    rows = connection.execute(
        select(*_ROW)
        .where(_UNENDED, table.state == life.FIRING, _visible(stops))
        .order_by(
            table.acknowledged_ms.is_not(None),
            table.severity.desc(),
            table.fired_ms.desc(),
            table.id,
        )
    )
    return [read(row) for row in rows]


def firing_count(connection: Connection, stops: Stops = None) -> int:
    """How many alarms there are at ``stops`` that nobody has acknowledged."""
    table = db.alarm.c
    asked = select(func.count()).where(
        _UNENDED,
        table.state == life.FIRING,
        table.acknowledged_ms.is_(None),
        _visible(stops),
    )
    return connection.scalar(asked) or 0


def one(connection: Connection, alarm: int) -> Alarm | None:
    """The alarm with this id."""
    row = connection.execute(select(*_ROW).where(db.alarm.c.id == alarm)).one_or_none()
    return None if row is None else read(row)


def earlier_changes(connection: Connection, key: str, now_ms: int) -> tuple[int, ...]:
    """The changes of the last alarm with this key that is over, as far as it was over lately."""
    table = db.alarm.c
    text = connection.scalar(
        select(table.changes)
        .where(table.key == key, table.ended_ms > now_ms - life.HOUR_MS)
        .order_by(table.ended_ms.desc())
        .limit(1)
    )
    return tuple(msgspec.json.decode(text)) if text else ()


def save(connection: Connection, alarm: Alarm) -> Alarm:
    """Keep it; one that is new gets its id."""
    values = {_STORED.get(name, name): getattr(alarm, name) for name in _COLUMNS if name != "id"}
    values["details"] = json.dumps(alarm.values, ensure_ascii=False, sort_keys=True)
    values["changes"] = json.dumps(alarm.changes)
    if alarm.id:
        connection.execute(update(db.alarm).where(db.alarm.c.id == alarm.id).values(values))
        return alarm
    made = connection.execute(insert(db.alarm).values(values).returning(db.alarm.c.id))
    return msgspec.structs.replace(alarm, id=made.scalar_one())


def acknowledge(connection: Connection, alarm: int, who: str, now_ms: int) -> Alarm | None:
    """Somebody has seen it; None when there is none that fires and nobody had seen."""
    found = one(connection, alarm)
    if found is None or found.state != life.FIRING or found.acknowledged_ms is not None:
        return None
    return save(connection, life.acknowledge(found, who, now_ms))


def take_back(connection: Connection, alarm: int, who: str) -> Alarm | None:
    """Nobody has seen it after all; None when ``who`` had not said so, or it is over."""
    found = one(connection, alarm)
    if found is None or found.state != life.FIRING or found.acknowledged_by != who:
        return None
    return save(connection, life.take_back(found))


def prune(connection: Connection, now_ms: int) -> None:
    """Let go of what is long over; of what never was an alarm, at once."""
    table, message = db.alarm.c, db.alarm_message.c
    never = and_(table.fired_ms.is_(None), table.ended_ms < now_ms - life.HOUR_MS)
    connection.execute(delete(db.alarm).where(table.state == life.ENDED, never))
    connection.execute(delete(db.alarm).where(table.ended_ms < now_ms - KEPT_MS))
    connection.execute(
        delete(db.alarm_message).where(message.due_ms.is_(None), message.made_ms < now_ms - KEPT_MS)
    )


def _visible(stops: Stops) -> Any:
    return within(db.alarm.c.stop, stops)


# --- limits ---------------------------------------------------------------------------------------


class Choice(Struct, frozen=True):
    """A limit that somebody chose; ``value`` None takes it back."""

    name: str
    value: int | None


def limits(connection: Connection) -> Limits:
    """The limits in force."""
    return Limits(chosen(connection))


def chosen(connection: Connection) -> dict[tuple[str, str], int]:
    """What somebody chose, by stop and name; names of another release are left out."""
    rows = connection.execute(select(db.alarm_limit))
    return {(row.stop, row.name): int(row.value) for row in rows if row.name in BY_NAME}


def choose(connection: Connection, stop: str, choices: Iterable[Choice]) -> list[str]:
    """Set these limits at ``stop`` ("": everywhere); the names of those that changed.

    Raises:
        hub.alerts.limits.LimitError: one that cannot be; then none is changed.
    """
    wanted = list(choices)
    for choice in wanted:
        value = BY_NAME[choice.name].default if choice.name in BY_NAME else 0
        check(stop, choice.name, value if choice.value is None else choice.value)
    now = chosen(connection)
    table, changed = db.alarm_limit.c, []
    for choice in wanted:
        if now.get((stop, choice.name)) == choice.value:
            continue
        changed.append(choice.name)
        connection.execute(
            delete(db.alarm_limit).where(table.stop == stop, table.name == choice.name)
        )
        if choice.value is not None:
            connection.execute(
                insert(db.alarm_limit).values(stop=stop, name=choice.name, value=choice.value)
            )
    return changed
