"""Writing movements, and the flows, tallies and ledger that they add up to.

What an item's refold left as it was is not written again: most events of an item, its label's for
one, move nothing.
"""
# Column names and placeholders are put together from constants here, never from data.
# ruff: noqa: S608

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.folds.item import ItemState
from hub.folds.movements import NOWHERE
from hub.projections.projection_store import chunks
from hub.projections.tallies import margins, measured
from hub.reporting.periods import keys_of
from hub.reporting.statements import IN, OUT_OF, STANDINGS, booked, stood

_COLUMNS: Final = (
    "t, event, position, cause, from_status, from_stop, to_status, to_stop, category, quantity"
)
_SELECT: Final = f"SELECT item, {_COLUMNS} FROM movement WHERE item IN ({{}}) ORDER BY item, n"
_INSERT: Final = (
    f"INSERT INTO movement (item, n, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_DELETE: Final = "DELETE FROM movement WHERE item = ? AND n >= ?"
_FLOW: Final = """
INSERT INTO flow (day, stop, category, status, way, cause, n) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day, stop, category, status, way, cause) DO UPDATE SET n = flow.n + excluded.n
"""
_NO_FLOW: Final = """
DELETE FROM flow
WHERE day = ? AND stop = ? AND category = ? AND status = ? AND way = ? AND cause = ? AND n = 0
"""
_TALLY: Final = """
INSERT INTO tally (measure, week, month, stop, category, n) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (measure, stop, category, week, month) DO UPDATE SET n = tally.n + excluded.n
"""
_NO_TALLY: Final = """
DELETE FROM tally
WHERE measure = ? AND week = ? AND month = ? AND stop = ? AND category = ? AND n = 0
"""
_PARTS: Final = (*IN, *OUT_OF, *STANDINGS)
_PLACE: Final = {part: n for n, part in enumerate(_PARTS, start=1)}
"""Where a part stands behind the pieces of all movements."""
_QUOTED: Final = tuple(f'"{part}"' for part in ("n", *_PARTS))
_LEDGER: Final = (
    f"INSERT INTO ledger (month, stop, category, {', '.join(_QUOTED)})"
    f" VALUES (?, ?, ?, {', '.join('?' * len(_QUOTED))})"
    " ON CONFLICT (month, stop, category) DO UPDATE SET "
    + ", ".join(f"{part} = ledger.{part} + excluded.{part}" for part in _QUOTED)
)
_NO_LEDGER: Final = "DELETE FROM ledger WHERE month = ? AND stop = ? AND category = ? AND n = 0"
HOUR_MS: Final = 3_600_000

Row: TypeAlias = tuple[int, int, int, str, str, str, str, str, str, int]
"""t, event, position, cause, from status and stop, to status and stop, category, quantity."""
Flow: TypeAlias = tuple[str, str, str, str, str, str]
Moved: TypeAlias = tuple[str, str, str, str, str, str, str]
"""Day, cause, from status and stop, to status and stop, category."""
Tally: TypeAlias = tuple[str, str, str, str, str]
Ledger: TypeAlias = tuple[str, str, str]
"""Month, stop, category."""


class Days:
    """The day of a moment in one time zone, as ``YYYY-MM-DD``."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone: Final = zone
        self._known: Final[dict[int, str]] = {}
        self._periods: Final[dict[str, tuple[str, str]]] = {}

    def of(self, t_ms: int) -> str:
        """The day of ``t_ms``, Unix milliseconds. Whole hours of UTC lie in one day everywhere but
        in zones of half hours, so quarters of hours are kept; what no calendar holds is its end."""
        key = t_ms * 4 // HOUR_MS
        day = self._known.get(key)
        if day is None:
            if len(self._known) > 100_000:
                self._known.clear()
            try:
                day = datetime.fromtimestamp(t_ms / 1000, self._zone).date().isoformat()
            except (OverflowError, ValueError, OSError):
                day = "9999-12-31" if t_ms > 0 else "0001-01-01"
            self._known[key] = day
        return day

    def periods(self, day: str) -> tuple[str, str]:
        """The keys of the week and the month of a day (`hub.reporting.periods`)."""
        found = self._periods.get(day)
        if found is None:
            if len(self._periods) > 10_000:
                self._periods.clear()
            found = self._periods[day] = keys_of(day)
        return found


def rows(state: ItemState) -> list[Row]:
    """An item's movements as rows; none of what never came in."""
    category, quantity = state.category, state.quantity
    if category is None:
        return []
    return [
        (
            one.t,
            one.event,
            one.position,
            one.cause,
            one.from_status,
            one.from_stop,
            one.to_status,
            one.to_stop,
            category,
            quantity,
        )
        for one in state.movements
    ]


def replace(
    connection: Connection,
    known: Iterable[str],
    states: Sequence[ItemState],
    gone: Iterable[str],
    days: Days,
) -> None:
    """Write the movements of these items, and what that changes of the flows. ``known`` are those
    that have rows already, ``gone`` those that nothing speaks of any more."""
    before = _old(connection, known)
    inserts: list[tuple[str | int, ...]] = []
    deletes: list[tuple[str, int]] = []
    moved: dict[Moved, int] = {}
    after = {state.code: rows(state) for state in states}
    for code in gone:
        after.setdefault(code, [])
    for code, now in after.items():
        same = 0
        was = before.get(code)
        if was is not None:
            same = _common(was, now)
            if same < len(was):
                deletes.append((code, same))
                for row in was[same:]:
                    _add(moved, row, -1, days)
        for n, row in enumerate(now[same:], start=same):
            inserts.append((code, n, *row))
            _add(moved, row, 1, days)
    flows, tallies = _sums(moved, days)
    ledger = _booked(moved, days)
    if deletes:
        connection.exec_driver_sql(_DELETE, deletes)
    if inserts:
        connection.exec_driver_sql(_INSERT, inserts)
    changed = [(*key, n) for key, n in flows.items() if n]
    if changed:
        connection.exec_driver_sql(_FLOW, changed)
    counted = [(*tally, n) for tally, n in tallies.items() if n]
    if counted:
        connection.exec_driver_sql(_TALLY, counted)
    if ledger:
        connection.exec_driver_sql(_LEDGER, [(*key, *sums) for key, sums in ledger.items()])
    ended = [key for key, sums in ledger.items() if sums[0] < 0]
    if ended:
        connection.exec_driver_sql(_NO_LEDGER, ended)
    fewer = [tally for tally, n in tallies.items() if n < 0]
    if fewer:
        connection.exec_driver_sql(_NO_TALLY, fewer)
    less = [flow for flow, n in flows.items() if n < 0]
    if less:
        connection.exec_driver_sql(_NO_FLOW, less)


def _old(connection: Connection, codes: Iterable[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for chunk in chunks(codes):
        marks = ", ".join("?" * len(chunk))
        for code, *row in connection.exec_driver_sql(_SELECT.format(marks), tuple(chunk)):
            found.setdefault(code, []).append(tuple(row))
    return found


def _common(was: Sequence[Row], now: Sequence[Row]) -> int:
    same = 0
    for old, new in zip(was, now, strict=False):
        if old != new:
            break
        same += 1
    return same


def _add(moved: dict[Moved, int], row: Row, sign: int, days: Days) -> None:
    t, _, _, cause, from_status, from_stop, to_status, to_stop, category, quantity = row
    key = (days.of(t), cause, from_status, from_stop, to_status, to_stop, category)
    moved[key] = moved.get(key, 0) + sign * quantity


def _sums(moved: Mapping[Moved, int], days: Days) -> tuple[dict[Flow, int], dict[Tally, int]]:
    """What these movements change of flows and tallies; equal ones come added up already."""
    flows: dict[Flow, int] = {}
    tallies: dict[Tally, int] = {}
    for (day, cause, from_status, from_stop, to_status, to_stop, category), n in moved.items():
        if not n:
            continue
        if from_status != NOWHERE:
            out = (day, from_stop, category, from_status, "out", cause)
            flows[out] = flows.get(out, 0) + n
        into = (day, to_stop, category, to_status, "in", cause)
        flows[into] = flows.get(into, 0) + n
        week, month = days.periods(day)
        for measure, stop in measured(from_status, from_stop, to_status, to_stop):
            for place, kind in margins(stop, category):
                key = (measure, week, month, place, kind)
                tallies[key] = tallies.get(key, 0) + n
    return flows, tallies


def _booked(moved: Mapping[Moved, int], days: Days) -> dict[Ledger, list[int]]:
    """What these movements change of the ledger: of each line the pieces of all its movements, and
    the sums of `_PARTS`. Lines that come to nothing are left out."""
    found: dict[Ledger, list[int]] = {}
    for (day, _, from_status, from_stop, to_status, to_stop, category), n in moved.items():
        if not n:
            continue
        _, month = days.periods(day)
        between = (from_status, from_stop, to_status, to_stop)
        for stop, part, sign in (*booked(*between), *stood(*between)):
            sums = found.setdefault((month, stop, category), [0] * (len(_PARTS) + 1))
            sums[0] += n
            sums[_PLACE[part]] += sign * n
    return {key: sums for key, sums in found.items() if any(sums)}
