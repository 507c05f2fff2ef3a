"""The description of a table, what a request asks of it, and what a source answers."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from flask_babel.speaklater import LazyString
from sqlalchemy import Connection

from hub.web.listing.columns import Column
from hub.web.listing.filters import Filter

T = TypeVar("T")
PAGE_ROWS = 50

MAX_CURSOR = 600

Cursor = tuple[str | int | None, ...]
"""The sorted values of the row at one end of a page."""


@dataclass(frozen=True)
class Asked:
    """What an address asks for: order, values of the filters that are on, and where to begin."""

    sort: str
    descending: bool
    chosen: Mapping[str, Any]
    after: Cursor | None = None
    before: Cursor | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and where the ones before and behind them begin (None: there are none). ``total``
    is how many there are where that is known anyway."""

    rows: Sequence[T]
    before: Cursor | None
    after: Cursor | None
    total: int | None = None


class Source(Protocol[T]):
    """Where rows come from."""

    def page(
        self, connection: Connection, listing: "Listing[T]", asked: Asked, size: int
    ) -> Page[T]:
        """The rows of one page."""

    def count(
        self, connection: Connection, listing: "Listing[T]", asked: Asked, at_most: int
    ) -> int:
        """How many rows the filters leave, counted no further than ``at_most``."""

    def every(self, connection: Connection, listing: "Listing[T]", asked: Asked) -> Iterator[T]:
        """All rows that the filters leave, in order, a few of them in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[T]):
    """A table. ``name`` is a machine word: the file name of its exports and its id on the page.
    ``order`` is the key of the column that sorts it when nobody chose, with ``-`` for descending.
    ``empty`` teaches whoever sees the table without a single row what would bring one."""

    name: str
    title: LazyString | str
    columns: Sequence[Column[T]]
    source: Source[T]
    order: str
    empty: LazyString | str
    filters: Sequence[Filter] = field(default=())
    size: int = PAGE_ROWS

    @property
    def in_files(self) -> list[Column[T]]:
        """The columns of exports and of the API."""
        return [column for column in self.columns if column.in_files]

    def column(self, key: str) -> Column[T]:
        """The column with this key.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.key == key:
                return column
        raise KeyError(key)

    def asked(self, args: Mapping[str, str]) -> Asked:
        """What a query string asks for; what cannot be read counts as not being there."""
        wish = args.get("sort", "")
        if not any(column.key == wish.lstrip("-") and _sorts(column) for column in self.columns):
            wish = self.order
        chosen = {}
        for one in self.filters:
            value = one.read(args)
            if value is not None:
                chosen[one.key] = value
        return Asked(
            wish.lstrip("-"),
            wish.startswith("-"),
            chosen,
            read_cursor(args.get("after", "")),
            read_cursor(args.get("before", "")),
        )


def _sorts(column: Column[Any]) -> bool:
    return column.sort is not None and column.sort is not False


def write_cursor(cursor: Cursor) -> str:
    """A cursor as it stands in an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def read_cursor(text: str) -> Cursor | None:
    """What `write_cursor` wrote; None for anything else."""
    if not text or len(text) > MAX_CURSOR or not text.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        values: list[str | int | None] = msgspec.json.decode(raw, type=list[str | int | None])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None
    if any(isinstance(value, str) and "\0" in value for value in values):
        return None  # PostgreSQL has no such text
    return tuple(values) or None
