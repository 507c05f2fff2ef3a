"""What an operator tells kiosks: the entries of each part of the reference data, as rows.

A part's entries are one table's rows, one entry a row, under the entry's first field. What is put
replaces the row of the same key. Everything here runs in a transaction of the writer.

Of categories no key ever goes, since events name it: removing one only takes it out of the choice.
Settings have rows of another shape, a row for each value that somebody chose (`settings`); papers
have versions (`hub.printing.papers`).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Table

from contract.actions import CATEGORIES
from contract.reference import (
    CAPABILITIES,
    FOOD_GATES,
    PARTS,
    PLACE_KINDS,
    Campaign,
    Capability,
    Entry,
    KnownPlace,
    NamedCategory,
    Plan,
    Product,
    Recall,
    SettingsOf,
    Skill,
    StopSettings,
)
from hub import db
from hub.printing import papers

ROWS: Final[dict[str, tuple[Table, type[Entry]]]] = {
    "products": (db.product, Product),
    "categories": (db.category, NamedCategory),
    "places": (db.place, KnownPlace),
    "plans": (db.plan, Plan),
    "capabilities": (db.capability, Capability),
    "campaigns": (db.campaign, Campaign),
    "skills": (db.skill, Skill),
}
"""The table of each part and what its rows are; ``settings``, ``recalls`` and ``papers`` are told
apart."""


class CatalogueError(Exception):
    """An entry that cannot be; the text is for people, zh / en."""


def entries(connection: Connection, part: str) -> tuple[Entry, ...]:
    """A part as kiosks are told of it."""
    if part == "settings":
        return settings(connection)
    if part == "recalls":
        return _recalls(connection)
    if part == "papers":
        return papers.told(connection)
    rows = told(connection, part)
    if part == "campaigns":
        rows_given = connection.execute(sa.select(db.given.c.number, db.given.c.n))
        counted = {row.number: row.n for row in rows_given}
        return tuple(
            msgspec.structs.replace(row, given=counted.get(row.number, 0))
            for row in rows
            if isinstance(row, Campaign)
        )
    return _with_built_in(rows) if part == "categories" else rows


def count(connection: Connection, part: str) -> int:
    """How many `entries` a part of `ROWS` has."""
    if part == "categories":  # the release has some as well
        return len(entries(connection, part))
    table, _kind = ROWS[part]
    query = sa.select(sa.func.count()).select_from(table)
    return connection.execute(query).scalar_one()


def entry(connection: Connection, part: str, key: str) -> Entry | None:
    """The one of `entries` under this key, of a part of `ROWS`."""
    table, kind = ROWS[part]
    (column,) = table.primary_key.columns
    if kind in (NamedCategory, Campaign, Capability):  # few, and more than their rows
        return next((one for one in entries(connection, part) if _key(one) == key), None)
    query = sa.select(*_columns(table, kind)).where(column == key)
    row = connection.execute(query).one_or_none()
    return None if row is None else kind(**row._mapping)


def _key(entry: Entry) -> str:
    return str(msgspec.structs.astuple(entry)[0])


def told(connection: Connection, part: str) -> tuple[Entry, ...]:
    """The entries of ``part`` that somebody has put here, by key; categories as they were put."""
    table, kind = ROWS[part]
    order = table.c.position if part == "categories" else next(iter(table.primary_key.columns))
    rows = connection.execute(sa.select(*_columns(table, kind)).order_by(order))
    if kind is Capability:
        return tuple(Capability(person, tuple(can.split())) for person, can in rows)
    return tuple(kind(**row._mapping) for row in rows)


def _columns(table: Table, kind: type[Entry]) -> list[sa.Column[Any]]:
    """What somebody enters of an entry; other fields are the hub's own to fill in."""
    return [table.c[field.name] for field in msgspec.structs.fields(kind) if field.name in table.c]


def put(connection: Connection, part: str, given: Sequence[dict[str, Any]]) -> int:
    """Puts these entries, each as its fields by name; how many.

    Raises:
        CatalogueError: one of them cannot be; roll back.
    """
    if part not in ROWS:
        raise CatalogueError(f"{part}: 没有这一类 / there is no such part")
    table, kind = ROWS[part]
    for number, fields in enumerate(given, start=1):
        try:
            entry: Entry = msgspec.convert(fields, kind)
        except msgspec.ValidationError as error:
            raise CatalogueError(f"第 {number} 项 / entry {number}: {error}") from None
        _require_sense(connection, entry)
        values = _row(table, entry)
        (key,) = table.primary_key.columns
        same = key == values[key.name]
        if connection.execute(sa.update(table).where(same).values(**values)).rowcount == 0:
            if isinstance(entry, NamedCategory):
                values["position"] = _next_position(connection)
            connection.execute(sa.insert(table).values(**values))
    return len(given)


def remove(connection: Connection, part: str, key: str | int) -> None:
    """Takes the entry with this key away; a category only out of the choice.

    Raises:
        CatalogueError: there is none.
    """
    if part == "categories":
        for known in _with_built_in(told(connection, part)):
            if isinstance(known, NamedCategory) and known.key == key:
                withdrawn = msgspec.structs.replace(known, offered=False)
                put(connection, part, [msgspec.to_builtins(withdrawn)])
                return
    elif part in ROWS:
        table, _kind = ROWS[part]
        (column,) = table.primary_key.columns
        if connection.execute(sa.delete(table).where(column == key)).rowcount:
            return
    raise CatalogueError(f"{key}: 没有这一项 / there is no such entry")


def _recalls(connection: Connection) -> tuple[Recall, ...]:
    """The recalls that are open: what their events came to."""
    table = db.recall.c
    rows = connection.execute(
        sa.select(table.gtin, table.lot).where(table.closed_t.is_(None)).order_by(table.id)
    )
    return tuple(Recall(row.gtin, (row.lot,) if row.lot else ()) for row in rows)


def _row(table: Table, entry: Entry) -> dict[str, Any]:
    fields = msgspec.structs.asdict(entry)
    values = {column.name: fields[column.name] for column in _columns(table, type(entry))}
    if isinstance(entry, Capability):
        values["can"] = " ".join(entry.can)
    return values


def _next_position(connection: Connection) -> int:
    newest = connection.execute(sa.select(sa.func.max(db.category.c.position))).scalar()
    return 0 if newest is None else int(newest) + 1


def _require_sense(connection: Connection, entry: Entry) -> None:
    """What the contract leaves open for later releases is closed here."""
    match entry:
        case Product(category=category) if category not in category_keys(connection):
            raise CatalogueError(f"{category}: 没有这个品类 / there is no such category")
        case KnownPlace(kind=kind) if kind not in PLACE_KINDS:
            raise CatalogueError(_not_one_of(kind, PLACE_KINDS))
        case Capability(can=can):
            for word in can:
                if word not in CAPABILITIES:
                    raise CatalogueError(_not_one_of(word, CAPABILITIES))
        case _:
            pass


def category_keys(connection: Connection) -> frozenset[str]:
    """The keys of all categories that can be chosen."""
    found = entries(connection, "categories")
    return frozenset(one.key for one in found if isinstance(one, NamedCategory) and one.offered)


def _not_one_of(word: str, known: Iterable[str]) -> str:
    listed = ", ".join(known)
    return f"{word}: 应为其中之一 / should be one of: {listed}"


def _with_built_in(rows: Sequence[Entry]) -> tuple[Entry, ...]:
    """The release's categories in their order, as this hub names them, and then its own."""
    own = {row.key: row for row in rows if isinstance(row, NamedCategory)}
    built_in = [
        own.pop(known.key, NamedCategory(known.key, known.zh, known.en)) for known in CATEGORIES
    ]
    return (*built_in, *own.values())


# --- settings ----------------------------------------------------------------------------------


def settings(connection: Connection) -> tuple[SettingsOf, ...]:
    """What every stop's kiosks are told: first those of stops that say something of their own."""
    by_stop: dict[str, dict[str, Any]] = {}
    for one in chosen(connection):
        by_stop.setdefault(one.stop, {})[one.name] = one.value
    common = by_stop.pop("", {})
    found = []
    for stop, values in by_stop.items():
        query = sa.select(db.kiosk.c.id).where(db.kiosk.c.stop == stop).order_by(db.kiosk.c.id)
        kiosks = tuple(connection.scalars(query))
        if kiosks:
            found.append(SettingsOf(kiosks, msgspec.convert({**common, **values}, StopSettings)))
    return (*found, SettingsOf((), msgspec.convert(common, StopSettings)))


class Chosen(Struct, frozen=True):
    """A value that somebody chose for a stop, or with an empty ``stop`` for all others."""

    stop: str
    name: str
    value: Any


def chosen(connection: Connection) -> list[Chosen]:
    """Every value that was chosen, those for all stops first."""
    rows = connection.execute(sa.select(db.setting).order_by(*db.setting.primary_key.columns))
    return [Chosen(row.stop, row.name, msgspec.json.decode(row.value)) for row in rows]


def put_setting(connection: Connection, stop: str, name: str, value: Any) -> None:
    """Chooses a value for one stop, or with an empty ``stop`` for all that choose none.

    Raises:
        CatalogueError: no such setting, no such value, no such stop.
    """
    _require_setting(name)
    try:
        made = msgspec.convert({name: value}, StopSettings)
    except msgspec.ValidationError as error:
        raise CatalogueError(f"{name}: {error}") from None
    if made.food_gate not in FOOD_GATES:
        raise CatalogueError(_not_one_of(made.food_gate, FOOD_GATES))
    if made.language not in ("", "zh", "en", "both"):
        raise CatalogueError(_not_one_of(made.language, ("zh", "en", "both")))
    if len(made.opening) not in (0, 7):
        raise CatalogueError(f"{name}: 应为七天 / seven weekdays are needed, from Monday")
    there = sa.select(db.stop.c.id).where(db.stop.c.id == stop)
    if stop and connection.scalar(there) is None:
        raise CatalogueError(f"{stop}: 没有这个站 / there is no such stop")
    connection.execute(sa.delete(db.setting).where(_setting(stop, name)))
    text = msgspec.json.encode(getattr(made, name)).decode()
    connection.execute(sa.insert(db.setting).values(stop=stop, name=name, value=text))


def remove_setting(connection: Connection, stop: str, name: str) -> None:
    """Back to what all stops, or the release, have.

    Raises:
        CatalogueError: nothing was chosen.
    """
    _require_setting(name)
    if not connection.execute(sa.delete(db.setting).where(_setting(stop, name))).rowcount:
        raise CatalogueError(f"{name}: 没有这项设置的值 / no value was chosen for it")


def _setting(stop: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(db.setting.c.stop == stop, db.setting.c.name == name)


def _require_setting(name: str) -> None:
    names = [field.name for field in msgspec.structs.fields(StopSettings)]
    if name not in names:
        raise CatalogueError(_not_one_of(name, names))


def parts(connection: Connection) -> dict[str, tuple[Entry, ...]]:
    """Every part as kiosks are told of it, the empty ones too."""
    return {part: entries(connection, part) for part in PARTS}
