"""A table's rows as HTML, and its head, filters and addresses for the template.

The cells are written here and not in Jinja: fifty rows of ten cells are most of a page's work, and
one string for each column that is put together once makes them cheap.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import request
from markupsafe import Markup, escape
from sqlalchemy import Connection

from hub.web import formats
from hub.web.listing.columns import NUMERIC, Column, Kind, Link, Value
from hub.web.listing.filters import Choice, Filter
from hub.web.listing.listing import Asked, Cursor, Listing, Page, write_cursor

T = TypeVar("T")

NOT_KEPT = ("after", "before", "format", "lang")
"""Parameters that belong to one look at the table, not to what it shows."""
COUNTED_TO = 1_000
"""Rows are counted no further: a page must not cost more because there is more behind it. What a
stop has is counted elsewhere, by adding up as it happens."""


@dataclass(frozen=True)
class Head:
    """A column's title; ``href`` sorts by it, ``direction`` is as in ``aria-sort``."""

    title: str
    numeric: bool
    href: str | None
    direction: str


@dataclass(frozen=True)
class Field:
    """A filter's part of the form. ``values`` go with ``names``."""

    form: str
    names: tuple[str, ...]
    label: str
    hint: str
    values: tuple[str, ...]
    options: Sequence[tuple[str, str]]
    on: bool


@dataclass(frozen=True)
class Chip:
    """A filter that is on, and the address without it."""

    label: str
    text: str
    href: str


@dataclass(frozen=True)
class View:
    """Everything that `ui.table` draws."""

    name: str
    title: str
    heads: Sequence[Head]
    body: Markup
    shown: int
    count: int
    more: bool
    first: Sequence[Field]
    others: Sequence[Field]
    chips: Sequence[Chip]
    kept: Sequence[tuple[str, str]]
    clear: str
    before: str | None
    after: str | None
    csv: str
    xlsx: str
    empty: str

    @property
    def filtered(self) -> bool:
        """Whether a filter is on."""
        return bool(self.chips)


def address(args: Mapping[str, str], **changes: str | None) -> str:
    """This page's address with other parameters; None takes one out."""
    kept = {name: value for name, value in args.items() if name not in NOT_KEPT}
    for name, value in changes.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = value
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def view_of(
    listing: Listing[T], asked: Asked, page: Page[T], count: int, connection: Connection
) -> View:
    """The table as the template draws it."""
    args = request.args.to_dict()
    shown = [column for column in listing.columns if column.on_page]
    fields = [(one, _field(one, args, asked, connection)) for one in listing.filters]
    names = {name for one in listing.filters for name in one.names}
    return View(
        name=listing.name,
        title=str(listing.title),
        heads=[_head(column, asked, args) for column in shown],
        body=body(shown, page.rows),
        shown=len(page.rows),
        count=min(count, COUNTED_TO),
        more=count > COUNTED_TO,
        first=[field for one, field in fields if one.first],
        others=[field for one, field in fields if not one.first],
        chips=[
            Chip(
                str(one.label),
                one.told(asked.chosen[one.key], connection),
                address(args, **dict.fromkeys(one.names)),
            )
            for one in listing.filters
            if one.key in asked.chosen
        ],
        kept=[
            (name, value)
            for name, value in args.items()
            if name not in names and name not in NOT_KEPT
        ],
        clear=address(args, **dict.fromkeys(names)),
        before=_turn(args, "before", page.before),
        after=_turn(args, "after", page.after),
        csv=_plus(address(args), "format=csv"),
        xlsx=_plus(address(args), "format=xlsx"),
        empty=str(listing.empty),
    )


def _turn(args: Mapping[str, str], name: str, cursor: Cursor | None) -> str | None:
    return None if cursor is None else _plus(address(args), f"{name}={write_cursor(cursor)}")


def _plus(path: str, parameter: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{parameter}"


def _head(column: Column[Any], asked: Asked, args: Mapping[str, str]) -> Head:
    sorts = column.sort is not None and column.sort is not False
    if not sorts:
        return Head(str(column.title), column.kind in NUMERIC, None, "")
    chosen = column.key == asked.sort
    wish = f"-{column.key}" if chosen and not asked.descending else column.key
    direction = ("descending" if asked.descending else "ascending") if chosen else "none"
    return Head(str(column.title), column.kind in NUMERIC, address(args, sort=wish), direction)


def _field(one: Filter, args: Mapping[str, str], asked: Asked, connection: Connection) -> Field:
    options: Sequence[tuple[str, str]] = ()
    if isinstance(one, Choice):
        options = one.options(connection)
        value = asked.chosen.get(one.key)
        if value is not None and all(value != known for known, _ in options):
            options = [*options, (value, value)]
    return Field(
        one.form,
        one.names,
        str(one.label),
        str(getattr(one, "hint", "")),
        tuple(args.get(name, "") if one.key in asked.chosen else "" for name in one.names),
        options,
        one.key in asked.chosen,
    )


def body(columns: Sequence[Column[T]], rows: Sequence[T]) -> Markup:
    """The ``<tr>`` of the rows. Each cell says its column's title, which a phone shows before it;
    the roles say that it is a table even where CSS draws cards of it."""
    cells = [_cell(column) for column in columns]
    return Markup(  # noqa: S704  # every value went through escape
        "\n".join(f'<tr role="row">{"".join([cell(row) for cell in cells])}</tr>' for row in rows)
    )


def _cell(column: Column[T]) -> Callable[[T], str]:
    tag = "th" if column.heading else "td"
    role = 'th role="rowheader" scope="row"' if column.heading else 'td role="cell"'
    kind = "n" if column.kind in NUMERIC else column.kind.value
    start = f'<{role} class="{kind}" data-label="{escape(column.title)}">'
    end = f"</{tag}>"
    show = column.show or _shower(column)
    link = column.link.maker() if isinstance(column.link, Link) else column.link

    def write(row: T) -> str:
        shown = escape(show(row))
        href = None if link is None or not shown else link(row)
        if href is None:
            return f"{start}{shown}{end}"
        return f'{start}<a href="{escape(href)}">{shown}</a>{end}'

    return write


def _shower(column: Column[T]) -> Callable[[T], str | Markup]:
    value, words = column.value, _WORDS.get(column.kind, _plain)

    def show(row: T) -> str | Markup:
        found = value(row)
        return "" if found is None else words(found)

    return show


def _plain(value: Value) -> str | Markup:
    return formats.breakable(value) if isinstance(value, str) else str(value)


_WORDS: Mapping[Kind, Callable[[Any], str | Markup]] = {
    Kind.NUMBER: formats.number,
    Kind.MONEY: formats.money,
    Kind.DATE: formats.iso_date,
    Kind.MOMENT: formats.moment_tag,
}
