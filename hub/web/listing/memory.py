"""Rows that Python has made: a few hundred at most, sorted and cut here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection

from hub.web.listing.listing import Asked, Listing, Page

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class MemorySource(Generic[T]):
    """The rows that ``rows`` gives, all of them each time. Its cursors count rows."""

    rows: Callable[[Connection], Sequence[T]]

    def page(self, connection: Connection, listing: Listing[T], asked: Asked, size: int) -> Page[T]:
        found = self._sorted(connection, listing, asked)
        start = 0
        if asked.before is not None:
            start = max(0, _number(asked.before) - size)
        elif asked.after is not None:
            start = _number(asked.after)
        rows = found[start : start + size]
        before = (start,) if start and rows else None
        after = (start + size,) if start + size < len(found) else None
        return Page(rows, before, after, len(found))

    def count(self, connection: Connection, listing: Listing[T], asked: Asked, at_most: int) -> int:
        return min(at_most, len(self._kept(connection, listing, asked)))

    def every(self, connection: Connection, listing: Listing[T], asked: Asked) -> Iterator[T]:
        yield from self._sorted(connection, listing, asked)

    def _kept(self, connection: Connection, listing: Listing[T], asked: Asked) -> list[T]:
        tests = [
            (one.keep, asked.chosen[one.key])
            for one in listing.filters
            if one.key in asked.chosen and one.keep is not None
        ]
        return [
            row for row in self.rows(connection) if all(keep(row, value) for keep, value in tests)
        ]

    def _sorted(self, connection: Connection, listing: Listing[T], asked: Asked) -> list[T]:
        value = listing.column(asked.sort).value
        found = self._kept(connection, listing, asked)
        filled = [row for row in found if value(row) is not None]
        empty = [row for row in found if value(row) is None]
        filled.sort(key=lambda row: _comparable(value(row)), reverse=asked.descending)
        return [*filled, *empty]


def _comparable(value: str | int | None) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, str(value))


def _number(cursor: Sequence[str | int | None]) -> int:
    first = cursor[0] if cursor else 0
    return max(0, first) if isinstance(first, int) else 0
