"""Filters: parameters of the address that leave rows out.

Whatever stands in an address is somebody's typing: a filter that cannot read its parameter is off.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Protocol

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import Column as SqlColumn
from sqlalchemy import ColumnElement, Connection

from hub.queries import places
from hub.typed import whole_number
from hub.web import formats, story

MAX_TEXT = 100
MAX_NUMBER = 10**12

_FIRST, _LAST = dt.date(1970, 1, 2), dt.date(2999, 12, 30)
"""Days outside of these are nobody's, and near the ends of what a date can be."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Words = LazyString | str
Where = Callable[[Any], ColumnElement[bool]]
Keep = Callable[[Any, Any], bool]


class Filter(Protocol):
    """One filter. ``first`` puts it before "More filters"."""

    form: ClassVar[str]

    @property
    def key(self) -> str: ...
    @property
    def label(self) -> Words: ...
    @property
    def first(self) -> bool: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def where(self) -> Where | None: ...
    @property
    def keep(self) -> Keep | None: ...

    def read(self, args: Mapping[str, str]) -> Any:
        """The value that the address asks for; None: off."""

    def told(self, value: Any, connection: Connection) -> str:
        """The value in words."""


@dataclass(frozen=True)
class _Filter:
    key: str
    label: Words
    _: KW_ONLY
    where: Where | None = None
    """The SQL for a value, with `SqlSource`."""
    keep: Keep | None = None
    """Whether to keep (row, value), with `MemorySource`."""
    first: bool = False
    hint: Words = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.key,)


@dataclass(frozen=True, kw_only=True)
class Text(_Filter):
    """A line of text. ``clean`` makes of what was typed what is looked for, None: off."""

    form: ClassVar[str] = "text"
    clean: Callable[[str], str | None] | None = None

    def read(self, args: Mapping[str, str]) -> str | None:
        text = _CONTROL.sub("", args.get(self.key, ""))[:MAX_TEXT].strip()
        if not text:
            return None
        return text if self.clean is None else self.clean(text)

    def told(self, value: str, connection: Connection) -> str:
        return value


@dataclass(frozen=True, kw_only=True)
class Choice(_Filter):
    """One of several; ``options`` gives (value, words) pairs and may ask the database."""

    form: ClassVar[str] = "choice"
    options: Callable[[Connection], Sequence[tuple[str, str]]]
    other: bool = False
    """Also take a value that is not offered, as a link from elsewhere may ask for one."""

    def read(self, args: Mapping[str, str]) -> str | None:
        text = _CONTROL.sub("", args.get(self.key, ""))[:MAX_TEXT]
        return text or None

    def told(self, value: str, connection: Connection) -> str:
        return dict(self.options(connection)).get(value, value)


@dataclass(frozen=True)
class Span:
    """Days from one to another, both included; None: open."""

    first: dt.date | None
    last: dt.date | None

    def ms(self) -> tuple[int | None, int | None]:
        """Unix milliseconds in the hub's time zone: from (included), to (excluded)."""
        last = None if self.last is None else formats.midnight(self.last + dt.timedelta(days=1))
        return (None if self.first is None else formats.midnight(self.first), last)


@dataclass(frozen=True, kw_only=True)
class Days(_Filter):
    """A range of days, as ``<key>_from`` and ``<key>_to``; ``where`` and ``keep`` get a `Span`."""

    form: ClassVar[str] = "days"

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{self.key}_from", f"{self.key}_to")

    def read(self, args: Mapping[str, str]) -> Span | None:
        first, last = (_date(args.get(name, "")) for name in self.names)
        return None if first is None and last is None else Span(first, last)

    def told(self, value: Span, connection: Connection) -> str:
        first, last = (
            "" if one is None else formats.short_date(one) for one in (value.first, value.last)
        )
        return first if first == last else f"{first}–{last}"


@dataclass(frozen=True, kw_only=True)
class Numbers(_Filter):
    """A number, such as "at least so many days"."""

    form: ClassVar[str] = "number"

    def read(self, args: Mapping[str, str]) -> int | None:
        return whole_number(args.get(self.key, "").strip(), 12)

    def told(self, value: int, connection: Connection) -> str:
        return formats.number(value)


def moments(column: ColumnElement[Any]) -> Where:
    """The ``where`` of `Days` over a column of Unix milliseconds."""

    def where(span: Span) -> ColumnElement[bool]:
        first, last = span.ms()
        if first is None:
            return column < last
        return column >= first if last is None else (column >= first) & (column < last)

    return where


def dates(column: ColumnElement[Any]) -> Where:
    """The ``where`` of `Days` over a column of ISO dates, of which some have a month only."""

    def where(span: Span) -> ColumnElement[bool]:
        last = None if span.last is None else f"{span.last.isoformat()}~"
        if span.first is None:
            return column < last
        # "2026-11" lies before "2026-11-03", but a food that keeps through November keeps then.
        first = span.first.isoformat()
        after = (column >= first) | (column == first[:7])
        return after if last is None else after & (column < last)

    return where


def stops(
    column: SqlColumn[str] | None = None, *, key: str = "stop", keep: Keep | None = None
) -> Choice:
    """The choice of a stop, over the column of stop ids."""
    where = None if column is None else (lambda value: column == value)
    return Choice(key, _l("Stop"), where=where, keep=keep, first=True, options=stop_options)


def stop_options(connection: Connection) -> list[tuple[str, str]]:
    """Every stop by its id, with its name."""
    known = places.stops(connection)
    return [(stop, story.stop_name(known, stop)) for stop in known]


def _date(text: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found is not None and _FIRST <= found <= _LAST else None
