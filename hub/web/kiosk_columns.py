"""What the tables that tell of kiosks have in common: the column and the filter of the kiosk, and
the columns for files by which a program finds a line of its journal again."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Connection

from hub.queries import kiosks
from hub.web.listing import Choice, Column, Kind, Link
from hub.web.login import visible_stops

T = TypeVar("T")


def options(here: Connection) -> list[tuple[str, str]]:
    """Every kiosk that the user may see, by its id."""
    return [(one.id, one.id) for one in kiosks.kiosks(here, visible_stops())]


def choice(
    column: ColumnElement[Any],
    *,
    first: bool = False,
    options: Callable[[Connection], list[tuple[str, str]]] = options,
) -> Choice:
    """The choice of a kiosk, over the column of kiosk ids; ``options`` where there are others."""
    return Choice(
        "kiosk", _l("Kiosk"), options=options, where=lambda value: column == value, first=first
    )


def kiosk(
    value: Callable[[T], str],
    *,
    sort: ColumnElement[Any] | bool | None = None,
    link: Link[T] | None = None,
    heading: bool = False,
) -> Column[T]:
    """Which kiosk it is."""
    return Column("kiosk", _l("Kiosk"), value, Kind.CODE, sort=sort, link=link, heading=heading)


def linked(
    value: Callable[[T], str],
    *,
    sort: ColumnElement[Any] | bool | None = None,
    heading: bool = False,
) -> Column[T]:
    """Which kiosk it is, with the way to its page."""
    return kiosk(value, sort=sort, link=Link("board.kiosk", "kiosk", value), heading=heading)


def start(value: Callable[[T], str]) -> Column[T]:
    """Which start of the kiosk's journal, in files alone: a person has no use for it."""
    return _in_files("epoch", _l("Start"), value)


def digest(value: Callable[[T], str]) -> Column[T]:
    """The hash, in files alone."""
    return _in_files("hash", _l("Hash"), value)


def kind(value: Callable[[T], str]) -> Column[T]:
    """The word by which programs tell kinds apart, in files alone."""
    return _in_files("kind", _l("Kind"), value)


def _in_files(key: str, title: Any, value: Callable[[T], str]) -> Column[T]:
    return Column(key, title, value, Kind.CODE, on_page=False)
