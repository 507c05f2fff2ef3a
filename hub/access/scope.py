"""At which stops an account may do what its role may: stops by id, cities by name, or everywhere.

A scope names cities so that a stop opened there later is part of it at once. A query asks with the
resolved set of stop ids (`Stops`); None stands for every stop, also for what no stop is known of.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, select, true

from hub import db

Stops: TypeAlias = frozenset[str] | None
"""Ids of the stops that somebody may see; None: all there are and will be."""


class Scope(Struct, frozen=True, omit_defaults=True):
    """Stops by id and cities by their key (`hub.queries.places.Stop.city`); both empty:
    everywhere."""

    stops: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()

    @property
    def everywhere(self) -> bool:
        """Whether nothing is left out."""
        return not self.stops and not self.cities

    def resolve(self, city_of: Mapping[str, str]) -> Stops:
        """The stops of this scope, given the city of each stop that there is."""
        if self.everywhere:
            return None
        inside = (stop for stop, city in city_of.items() if city in self.cities)
        return frozenset(self.stops) | frozenset(inside)


def make(stops: Iterable[str], cities: Iterable[str]) -> Scope:
    """A scope, each name once, in order."""
    return Scope(tuple(sorted(set(stops))), tuple(sorted(set(cities))))


def read(text: str) -> Scope:
    """A scope as `write` wrote it."""
    return msgspec.json.decode(text, type=Scope)


def write(scope: Scope) -> str:
    """A scope as its column holds it."""
    return msgspec.json.encode(scope).decode()


def cities(connection: Connection) -> dict[str, str]:
    """The key of each stop's city, by stop id."""
    table = db.stop.c
    rows = connection.execute(select(table.id, table.city_zh, table.city_en))
    return {row.id: row.city_zh or row.city_en for row in rows}


def resolve(connection: Connection, scope: Scope) -> Stops:
    """The stops of ``scope``; asks the database only where it names cities."""
    if scope.everywhere:
        return None
    return scope.resolve(cities(connection) if scope.cities else {})


def contains(outer: Stops, inner: Stops) -> bool:
    """Whether every stop of ``inner`` is one of ``outer``."""
    return outer is None or (inner is not None and inner <= outer)


def within(column: ColumnElement[Any], stops: Stops) -> ColumnElement[bool]:
    """The condition that ``column``, a stop id, is one of ``stops``."""
    return true() if stops is None else column.in_(sorted(stops))
