"""What a column shows, and how."""

import enum
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from flask import url_for
from flask_babel.speaklater import LazyString
from markupsafe import Markup
from sqlalchemy import ColumnElement

T = TypeVar("T")

Value = str | int | None
"""What a cell holds: text, a number, Unix milliseconds (`Kind.MOMENT`), or nothing."""

_STAND_IN = "~~"


class Kind(enum.Enum):
    """How a value is written on the page and in exports."""

    TEXT = "text"
    CODE = "code"
    """One of our codes, a GTIN, a hash: fixed-width letters, never a number in a spreadsheet."""
    NUMBER = "number"
    MONEY = "money"
    """Whole fen (1/100 yuan)."""
    DATE = "date"
    """ISO text, as contract fields have it: ``2026-11-03`` or ``2026-11``."""
    MOMENT = "moment"
    """Unix milliseconds."""


NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY})


@dataclass(frozen=True)
class Link(Generic[T]):
    """The address of ``endpoint`` with ``value(row)`` as its argument ``name``; the route is built
    once for the whole table, since `url_for` for each cell would cost more than the rows."""

    endpoint: str
    name: str
    value: Callable[[T], str | None]

    def maker(self) -> Callable[[T], str | None]:
        """Gives each row's address, in this request."""
        argument: dict[str, Any] = {self.name: _STAND_IN}
        before, after = url_for(self.endpoint, **argument).split(_STAND_IN)
        value = self.value

        def make(row: T) -> str | None:
            found = value(row)
            return None if not found else f"{before}{quote(found, safe='')}{after}"

        return make


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column: its word in addresses and files, its title, what a row has there, and its kind.

    ``value`` is what exports contain, and the page too unless ``show`` gives HTML for it. ``link``
    leads from the cell to what it names. ``sort`` is the SQL that orders the rows by this column
    (`MemorySource` needs only ``True``). ``heading`` marks the column that names the row, usually
    the first. ``on_page=False`` keeps a column for the exports alone, ``in_files=False`` one
    of buttons for the page alone.
    """

    key: str
    title: LazyString | str
    value: Callable[[T], Value]
    kind: Kind = Kind.TEXT
    _: KW_ONLY
    show: Callable[[T], str | Markup] | None = None
    link: Link[T] | Callable[[T], str | None] | None = None
    sort: ColumnElement[Any] | bool | None = None
    heading: bool = False
    on_page: bool = True
    in_files: bool = True
