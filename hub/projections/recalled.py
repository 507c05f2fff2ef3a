"""What recalls meet, kept item by item: a recall may meet most of what ever came in of some goods,
and its page tells how many of them are where."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from sqlalchemy import Connection

from contract.recalls import packings, plain_lot
from hub.folds.item import ItemState
from hub.folds.recalls import RecallState
from hub.projections.projection_store import OldItem, chunks

_INSERT: Final = (
    "INSERT INTO met (recall, status, item, stop, quantity, certain) VALUES (?, ?, ?, ?, ?, ?)"
)
_DELETE: Final = "DELETE FROM met WHERE recall = ? AND status = ? AND item = ?"

Row: TypeAlias = tuple[str, str, str, str, int, bool]
"""Recall, status, item, stop, pieces, certain."""
Lots: TypeAlias = Mapping[str, str]
"""By recall, the lot as it is compared; empty for every lot."""


class Recalled:
    """Remembers which goods are recalled; where none are, writing items costs nothing more. Used in
    the projector's transactions; after one that was rolled back call `forget`."""

    def __init__(self) -> None:
        self._lots: dict[str, dict[str, str]] | None = None

    def forget(self) -> None:
        """Ask anew which goods are recalled."""
        self._lots = None

    def save(self, connection: Connection, recall: str, state: RecallState | None) -> None:
        """What this recall meets now."""
        self.forget()
        connection.exec_driver_sql("DELETE FROM met WHERE recall = ?", (recall,))
        if state is None:
            return
        lots = {recall: plain_lot(state.lot)}
        for part in chunks(packings(state.gtin)):
            marks = ", ".join("?" * len(part))
            items = connection.exec_driver_sql(
                f"SELECT code, lot, status, stop, quantity FROM item WHERE gtin IN ({marks})",  # noqa: S608 - placeholders
                tuple(part),
            )
            rows = [row for item in items.fetchall() for row in _meeting(lots, *item)]
            if rows:
                connection.exec_driver_sql(_INSERT, rows)

    def change(
        self,
        connection: Connection,
        old: Mapping[str, OldItem],
        states: Sequence[ItemState],
    ) -> None:
        """What was as ``old`` is as ``states`` now; what has none is there no more."""
        goods = self._goods(connection)
        if not goods:
            return
        before, after = _met(goods, old.values()), _met(goods, states)
        ended = sorted(row[:3] for row in before - after)
        if ended:
            connection.exec_driver_sql(_DELETE, ended)
        begun = sorted(after - before)
        if begun:
            connection.exec_driver_sql(_INSERT, begun)

    def _goods(self, connection: Connection) -> Mapping[str, Lots]:
        if self._lots is None:
            self._lots = {}
            rows = connection.exec_driver_sql("SELECT id, gtin, lot FROM recall")
            for recall, gtin, lot in rows.fetchall():
                for packing in packings(gtin):
                    self._lots.setdefault(packing, {})[recall] = plain_lot(lot)
        return self._lots


def _met(goods: Mapping[str, Lots], items: Iterable[OldItem | ItemState]) -> set[Row]:
    found: set[Row] = set()
    for one in items:
        lots = goods.get(one.gtin) if one.gtin is not None else None
        if lots is not None:
            found.update(_meeting(lots, one.code, one.lot, one.status, one.stop, one.quantity))
    return found


def _meeting(
    lots: Lots, item: str, lot: str | None, status: str, stop: str, quantity: int
) -> Iterable[Row]:
    plain = None if lot is None else plain_lot(lot)
    for recall, wanted in lots.items():
        if not wanted or plain is None or plain == wanted:
            certain = not wanted or plain is not None
            yield recall, status, item, stop, quantity, certain
