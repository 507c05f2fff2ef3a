"""Reading and writing projections, set-wise: the statements behind `hub.projections.projector`.

Prepared text instead of expressions: these run for every event, and building expressions would
cost more than running them.
"""
# Column names and placeholders are put together from constants here, never from data.
# ruff: noqa: S608

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from contract.events import EventError, decode
from contract.order import NO_CEILING, Placement
from hub.folds.entries import Stored, stored
from hub.folds.epochs import Facts, Timeline
from hub.folds.item import ItemState
from hub.statuses import DELIVERED

CHUNK: Final = 400
"""Keys in one ``IN (…)``; SQLite before 3.32 allowed 999 parameters."""

T = TypeVar("T")

_ITEM_COLUMNS: Final = (
    "code",
    "kiosk",
    "stop",
    "category",
    "status",
    "place",
    "plan",
    "reserved",
    "box",
    "session",
    "received_t",
    "changed_t",
    "seen_t",
    "known_time",
    "label",
    "gtin",
    "expiry",
    "good_until",
    "lot",
    "grade",
    "price",
    "quantity",
    "incidents",
    "legs",
    "position",
)
_INSERT_ITEM: Final = (
    f"INSERT INTO item ({', '.join(_ITEM_COLUMNS)}) VALUES ({', '.join('?' * len(_ITEM_COLUMNS))})"
)
_SELECT_ITEMS: Final = f"SELECT {', '.join(_ITEM_COLUMNS)} FROM item WHERE code IN ({{}})"
_UPSERT_STOCK: Final = """
INSERT INTO stock (stop, category, status, n) VALUES (?, ?, ?, ?)
ON CONFLICT (stop, category, status) DO UPDATE SET n = stock.n + excluded.n
"""
_UPSERT_DELIVERY: Final = """
INSERT INTO delivery (item, family, stop, t) VALUES (?, ?, ?, ?)
ON CONFLICT (item) DO UPDATE SET family = excluded.family, stop = excluded.stop, t = excluded.t
"""
_FACT_COLUMNS: Final = (
    "first_seq",
    "first_hash",
    "boot",
    "first_wall",
    "first_mono",
    "last_mono",
    "prev_epoch",
    "prev_hash",
    "journal",
    "offset_seq",
    "offset",
)
_PLACE_COLUMNS: Final = ("rank", "placed", "ceiling", "known")
_SAVE_STREAM: Final = (
    "UPDATE stream SET "
    + ", ".join(f'"{name}" = ?' for name in (*_FACT_COLUMNS, *_PLACE_COLUMNS))
    + " WHERE kiosk = ? AND epoch = ?"
)
_LOAD_STREAMS: Final = (
    "SELECT epoch, "
    + ", ".join(f'"{name}"' for name in (*_FACT_COLUMNS, *_PLACE_COLUMNS))
    + " FROM stream WHERE kiosk = ? AND first_seq IS NOT NULL"
)
EVENT_COLUMNS: Final = "id, position, kiosk, hash, raw, repaired"


class OldItem(Struct, frozen=True, gc=False):
    """What a refold must know of an item's row before it replaces it; ``row`` is all of it."""

    code: str
    stop: str
    category: str | None
    status: str
    incidents: int
    quantity: int
    legs: int
    gtin: str | None
    lot: str | None
    row: tuple[Any, ...]


_OLD: Final = itemgetter(
    *(_ITEM_COLUMNS.index(name) for name in OldItem.__struct_fields__[:-1]), len(_ITEM_COLUMNS)
)


def chunks(keys: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """``keys`` in lists of at most ``size``."""
    chunk: list[T] = []
    for key in keys:
        chunk.append(key)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _among(count: int) -> str:
    return ", ".join("?" * count)


# --- reading ---------------------------------------------------------------------------------


def touched_by(connection: Connection, subjects: Iterable[str]) -> dict[str, list[int]]:
    """The event rows that concern each of ``subjects``."""
    found: dict[str, list[int]] = {}
    for chunk in chunks(subjects):
        rows = connection.exec_driver_sql(
            f"SELECT subject, event_id FROM touch WHERE subject IN ({_among(len(chunk))})",
            tuple(chunk),
        )
        for subject, row in rows.fetchall():
            if subject in found:
                found[subject].append(row)
            else:
                found[subject] = [row]
    return found


def load_events(connection: Connection, rows: Iterable[int]) -> Iterator[Stored]:
    """The good events among ``rows``."""
    for chunk in chunks(rows):
        found = connection.exec_driver_sql(
            f"SELECT {EVENT_COLUMNS} FROM event"
            f" WHERE problem IS NULL AND id IN ({_among(len(chunk))})",
            tuple(chunk),
        )
        for row in found.fetchall():
            event = read_event(row)
            if event is not None:
                yield event


def read_event(row: Sequence[Any]) -> Stored | None:
    """A row of `EVENT_COLUMNS` as folds see it; None when this release cannot read it."""
    row_id, position, kiosk, digest, raw, repaired = row
    try:
        event = decode(repaired if repaired is not None else raw)
    except EventError:
        return None
    return stored(row_id, position, kiosk, digest, event)


def old_items(connection: Connection, codes: Sequence[str]) -> dict[str, OldItem]:
    """The rows that these items have now."""
    found: dict[str, OldItem] = {}
    for chunk in chunks(codes):
        rows = connection.exec_driver_sql(_SELECT_ITEMS.format(_among(len(chunk))), tuple(chunk))
        for row in rows.fetchall():
            whole = tuple(row)
            found[whole[0]] = OldItem(*_OLD((*whole, whole)))
    return found


def open_findings(connection: Connection, subjects: Sequence[str]) -> list[str]:
    """Keys of the open incidents that folds found about ``subjects``."""
    keys: list[str] = []
    for chunk in chunks(subjects):
        rows = connection.exec_driver_sql(
            "SELECT key FROM incident WHERE origin = 'fold' AND closed_ms IS NULL"
            f" AND subject IN ({_among(len(chunk))})",
            tuple(chunk),
        )
        keys += [row[0] for row in rows]
    return keys


def watched_of(connection: Connection, kiosk: str) -> set[str]:
    """The subjects of `hub.folds.watch` that events of ``kiosk`` have."""
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT subject FROM touch WHERE subject > ? AND subject < ?",
        (f"{kiosk}:", f"{kiosk};"),
    )
    return {row[0] for row in rows}


def load_timeline(connection: Connection, kiosk: str) -> Timeline:
    """The kiosk's epochs as the stream table has them."""
    facts: list[Facts] = []
    placed: dict[str, Placement] = {}
    width = len(_FACT_COLUMNS)
    for row in connection.exec_driver_sql(_LOAD_STREAMS, (kiosk,)):
        epoch = row[0]
        facts.append(Facts(epoch, *row[1 : 1 + width]))
        rank, offset, ceiling, known = row[1 + width :]
        if rank is not None:
            placed[epoch] = Placement(rank, offset, ceiling, bool(known))
    return Timeline(kiosk, facts, placed)


# --- writing ---------------------------------------------------------------------------------


def add_touches(connection: Connection, touches: Sequence[tuple[str, int]]) -> None:
    """Record which events concern which subjects; known ones do nothing."""
    if touches:
        connection.exec_driver_sql(
            "INSERT INTO touch (subject, event_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            list(touches),
        )


def save_items(
    connection: Connection, states: Sequence[ItemState], old: Mapping[str, OldItem]
) -> None:
    """Write item rows, and delivery rows for what is or was delivered.

    Of a row that is there only what changed is written, for every column that a statement names
    costs its indexes an entry less and an entry more, changed or not.
    """
    new: list[tuple[Any, ...]] = []
    changes: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
    for state in states:
        row = _item_row(state)
        was = old.get(state.code)
        if was is None:
            new.append(row)
        elif row != was.row:
            names = tuple(n for n, value in enumerate(row) if value != was.row[n])
            changes.setdefault(names, []).append((*(row[n] for n in names), state.code))
    if new:
        connection.exec_driver_sql(_INSERT_ITEM, new)
    for names in sorted(changes):
        columns = ", ".join(f"{_ITEM_COLUMNS[n]} = ?" for n in names)
        connection.exec_driver_sql(f"UPDATE item SET {columns} WHERE code = ?", changes[names])
    delivered = [
        (state.code, state.family, state.delivered_stop or "", state.changed_t)
        for state in states
        if state.status == DELIVERED
    ]
    if delivered:
        connection.exec_driver_sql(_UPSERT_DELIVERY, delivered)
    taken_back = [
        (state.code,)
        for state in states
        if state.status != DELIVERED and state.code in old and old[state.code].status == DELIVERED
    ]
    if taken_back:
        connection.exec_driver_sql("DELETE FROM delivery WHERE item = ?", taken_back)


def _item_row(state: ItemState) -> tuple[Any, ...]:
    return (
        state.code,
        state.kiosk,
        state.stop,
        state.category,
        state.status,
        state.place,
        state.plan,
        state.reserved,
        state.box,
        state.session,
        state.received_t,
        state.changed_t,
        state.seen_t,
        state.known_time,
        state.label,
        state.gtin,
        state.expiry,
        state.good_until,
        state.lot,
        state.grade,
        state.price,
        state.quantity,
        len(state.findings),
        len(state.legs),
        state.position,
    )


def delete_items(connection: Connection, codes: Sequence[str]) -> None:
    """Nothing speaks of these items any more."""
    keys = [(code,) for code in codes]
    if keys:
        connection.exec_driver_sql("DELETE FROM item WHERE code = ?", keys)
        connection.exec_driver_sql("DELETE FROM delivery WHERE item = ?", keys)


def change_stock(connection: Connection, deltas: Mapping[tuple[str, str, str], int]) -> None:
    """Add ``deltas`` by (stop, category, status); rows that become 0 go."""
    rows = [(*key, n) for key, n in deltas.items() if n]
    if rows:
        connection.exec_driver_sql(_UPSERT_STOCK, rows)
    if any(row[3] < 0 for row in rows):
        connection.exec_driver_sql("DELETE FROM stock WHERE n = 0")


def save_gifts(connection: Connection, number: int, n: int) -> bool:
    """Write how many gifts a campaign has; whether another tenth of its target is full or empty."""
    before = connection.exec_driver_sql("SELECT n FROM given WHERE number = ?", (number,)).scalar()
    connection.exec_driver_sql(
        "INSERT INTO given (number, n) VALUES (?, ?)"
        " ON CONFLICT (number) DO UPDATE SET n = excluded.n",
        (number, n),
    )
    target = connection.exec_driver_sql(
        "SELECT target FROM campaign WHERE number = ?", (number,)
    ).scalar()
    if not target:
        return False
    return bool(10 * n // target != 10 * (before or 0) // target)


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Remember ``value`` under ``key``."""
    connection.exec_driver_sql(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def save_timeline(connection: Connection, line: Timeline) -> None:
    """Write the facts and placements that changed."""
    rows = []
    for epoch in sorted(line.dirty):
        fact = line.facts[epoch]
        place = line.placed.get(epoch)
        placed = (
            (place.rank, place.offset, min(place.ceiling, NO_CEILING), place.known)
            if place is not None
            else (None, None, None, None)
        )
        rows.append(
            (
                *(getattr(fact, name) for name in _FACT_COLUMNS),
                *placed,
                line.kiosk,
                epoch,
            )
        )
    if rows:
        connection.exec_driver_sql(_SAVE_STREAM, rows)
    line.dirty.clear()
