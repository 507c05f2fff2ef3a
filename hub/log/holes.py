"""Holes: seqs that no journal can fill any more. They count as present, and stay on record."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

_ADD: Final = """
INSERT INTO hole (kiosk, epoch, first, last, noticed_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""


class Holes:
    """The hole table with a copy in memory, since every batch asks and hardly any has one."""

    def __init__(self) -> None:
        self._ranges: dict[tuple[str, str], list[tuple[int, int]]] | None = None

    def forget(self) -> None:
        """The next question reads the table again."""
        self._ranges = None

    def of(self, connection: Connection, kiosk: str, epoch: str) -> list[tuple[int, int]]:
        """The stream's holes as (first, last), ascending."""
        return self._all(connection).get((kiosk, epoch), [])

    def add(
        self, connection: Connection, kiosk: str, epoch: str, first: int, last: int, now_ms: int
    ) -> None:
        """Record that ``first`` to ``last`` cannot come."""
        connection.exec_driver_sql(_ADD, (kiosk, epoch, first, last, now_ms))
        self.forget()

    def fill(self, connection: Connection, kiosk: str, epoch: str, seqs: Iterable[int]) -> bool:
        """Take ``seqs``, which came after all, out of the holes; whether any was in one."""
        arrived = sorted(seqs)
        changed = False
        for first, last in self.of(connection, kiosk, epoch):
            inside = [seq for seq in arrived if first <= seq <= last]
            if not inside:
                continue
            left = _without(first, last, inside)
            noticed = connection.exec_driver_sql(
                "DELETE FROM hole WHERE kiosk = ? AND epoch = ? AND first = ? RETURNING noticed_ms",
                (kiosk, epoch, first),
            ).scalar_one()
            for low, high in left:
                connection.exec_driver_sql(_ADD, (kiosk, epoch, low, high, noticed))
            changed = True
        if changed:
            self.forget()
        return changed

    def _all(self, connection: Connection) -> dict[tuple[str, str], list[tuple[int, int]]]:
        if self._ranges is None:
            self._ranges = {}
            rows = connection.exec_driver_sql(
                "SELECT kiosk, epoch, first, last FROM hole ORDER BY kiosk, epoch, first"
            )
            for kiosk, epoch, first, last in rows:
                self._ranges.setdefault((kiosk, epoch), []).append((first, last))
        return self._ranges


def _without(first: int, last: int, taken: list[int]) -> list[tuple[int, int]]:
    """What is left of first..last without the ascending ``taken`` inside it."""
    left: list[tuple[int, int]] = []
    low = first
    for seq in (*taken, last + 1):
        if seq > low:
            left.append((low, seq - 1))
        low = seq + 1
    return left
