"""Rows from SQL, paged by the values that order them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    false,
    func,
    or_,
    select,
    true,
)

from hub.web.listing.listing import Asked, Cursor, Listing, Page

T = TypeVar("T")

EXPORT_ROWS = 1000
"""Rows of an export in memory at once."""

_INT64 = 2**63


def as_found(_connection: Connection, found: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """For `SqlSource.rows`: what SQL gives is what is shown."""
    return found


@dataclass(frozen=True, kw_only=True)
class SqlSource(Generic[T]):
    """The rows of ``select``, made by ``rows`` from what SQL gives, a page at a time (so that it
    can look up names for all of them at once). ``key`` are columns that are never NULL and
    together tell every row apart; they decide between rows that the sorted column has equal.
    ``counted``, where it is given, has the same rows from fewer tables, for counting them.
    """

    select: Select[Any] | Callable[[], Select[Any]]
    key: Sequence[ColumnElement[Any]]
    rows: Callable[[Connection, Sequence[Row[Any]]], Sequence[T]]
    counted: Callable[[], Select[Any]] | None = None

    def page(self, connection: Connection, listing: Listing[T], asked: Asked, size: int) -> Page[T]:
        order = self._order(listing, asked)
        backwards = asked.before is not None
        here = asked.before if backwards else asked.after
        found = self._fetch(connection, listing, asked, order, here, backwards, size + 1)
        more, found = len(found) > size, found[:size]
        if backwards and not found:  # nothing lies before: the first page then
            return self.page(
                connection, listing, Asked(asked.sort, asked.descending, asked.chosen), size
            )
        if backwards:
            found.reverse()
        before = after = None
        if found:
            if more if backwards else here is not None:
                before = _cursor(found[0], len(order))
            if backwards or more:
                after = _cursor(found[-1], len(order))
        return Page(self.rows(connection, found), before, after)

    def count(self, connection: Connection, listing: Listing[T], asked: Asked, at_most: int) -> int:
        query = self._filtered(listing, asked)
        if self.counted is not None:
            query = _where(self.counted(), listing, asked.chosen)
        some = query.with_only_columns(self.key[0]).order_by(None)
        limited = some.limit(at_most).subquery()
        return connection.scalar(select(func.count()).select_from(limited)) or 0

    def every(self, connection: Connection, listing: Listing[T], asked: Asked) -> Iterator[T]:
        order = self._order(listing, asked)
        here: Cursor | None = None
        while True:
            found = self._fetch(connection, listing, asked, order, here, False, EXPORT_ROWS)
            made = self.rows(connection, found)
            # Whoever takes these may be slow, and a snapshot that is held makes the log grow.
            connection.rollback()
            yield from made
            if len(found) < EXPORT_ROWS:
                return
            here = _cursor(found[-1], len(order))

    def _order(
        self, listing: Listing[T], asked: Asked
    ) -> list[tuple[ColumnElement[Any], bool, bool]]:
        """What orders the rows: (expression, descending, may be NULL)."""
        chosen = listing.column(asked.sort).sort
        order: list[tuple[ColumnElement[Any], bool, bool]] = []
        if isinstance(chosen, ColumnElement):
            key = any(chosen is one for one in self.key)
            nullable = not key and getattr(chosen, "nullable", True)
            order.append((chosen, asked.descending, nullable))
        order += [(one, asked.descending, False) for one in self.key if one is not chosen]
        return order

    def _filtered(self, listing: Listing[T], asked: Asked) -> Select[Any]:
        query = self.select() if callable(self.select) else self.select
        return _where(query, listing, asked.chosen)

    def _fetch(
        self,
        connection: Connection,
        listing: Listing[T],
        asked: Asked,
        order: list[tuple[ColumnElement[Any], bool, bool]],
        here: Cursor | None,
        backwards: bool,
        limit: int,
    ) -> list[Row[Any]]:
        query = self._filtered(listing, asked).add_columns(
            *(one.label(f"sorted_{number}") for number, (one, _, _) in enumerate(order))
        )
        if here is not None and _fits(here, order):
            query = query.where(_behind(order, here, backwards))
        for one, descending, nullable in order:
            down = descending != backwards
            if nullable:  # what has no value comes last, whichever way the rest is sorted
                empty = one.is_(None)
                query = query.order_by(empty.desc() if backwards else empty)
            query = query.order_by(one.desc() if down else one)
        return list(connection.execute(query.limit(limit)))


def _where(query: Select[Any], listing: Listing[Any], chosen: Mapping[str, Any]) -> Select[Any]:
    for one in listing.filters:
        if one.key in chosen and one.where is not None:
            query = query.where(one.where(chosen[one.key]))
    return query


def _cursor(row: Row[Any], width: int) -> Cursor:
    values = tuple(row._mapping[f"sorted_{number}"] for number in range(width))
    return tuple(int(value) if isinstance(value, bool) else value for value in values)


def _fits(here: Cursor, order: Sequence[tuple[ColumnElement[Any], bool, bool]]) -> bool:
    """Whether a cursor from an address can be compared with these columns at all."""
    if len(here) != len(order):
        return False
    for value, (one, _, nullable) in zip(here, order, strict=True):
        if value is None:
            if not nullable:
                return False
        elif isinstance(one.type, Integer | Boolean):
            if not isinstance(value, int) or not -_INT64 <= value < _INT64:
                return False
        elif not isinstance(value, str):
            return False
    return True


def _behind(
    order: Sequence[tuple[ColumnElement[Any], bool, bool]], here: Cursor, backwards: bool
) -> ColumnElement[bool]:
    """The rows behind a cursor (or before it): first column greater, or equal and the next
    greater, and so on."""
    behind: ColumnElement[bool] = false()
    for (one, descending, nullable), value in reversed(list(zip(order, here, strict=True))):
        down = descending != backwards
        if value is None:  # among those without a value, which come last
            same: ColumnElement[bool] = one.is_(None)
            beyond: ColumnElement[bool] = one.is_not(None) if backwards else false()
        else:
            held = _typed(one, value)
            same = one == held
            beyond = one < held if down else one > held
            if nullable and not backwards:
                beyond = or_(beyond, one.is_(None))
        behind = or_(beyond, and_(same, behind))
    first, descending, nullable = order[0]
    if not nullable:  # says the same again, in the one form that every planner finds an index for
        assert here[0] is not None  # `_fits` has seen to it
        held = _typed(first, here[0])
        behind = and_(first <= held if descending != backwards else first >= held, behind)
    return behind


def _typed(one: ColumnElement[Any], value: str | int) -> Any:
    if isinstance(one.type, Boolean):
        return true() if value else false()
    return value
