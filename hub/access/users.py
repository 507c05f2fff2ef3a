"""Who asks: the account behind a session, or the bearer of a token, with what they may do where."""

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct

from hub.access.audit import By
from hub.access.permissions import Permission, Role
from hub.access.scope import Stops

T = TypeVar("T")


class User(Struct, frozen=True):
    """Whoever sent a request. ``id`` is opaque and goes into events and the audit log; ``name`` is
    for people and goes nowhere. ``visible`` are the stops of the scope, None for all; ``session``
    is empty for a token. ``cities`` are those that the scope names (`hub.access.scope.cities`)."""

    id: str
    name: str
    role: Role
    visible: Stops
    session: str = ""
    cities: tuple[str, ...] = ()

    def may(self, permission: Permission, stop: str | None = None) -> bool:
        """Whether the role holds ``permission``, and ``stop``, if given, is in the scope."""
        return self.role.may(permission) and (stop is None or self.sees(stop))

    def sees(self, stop: str) -> bool:
        """Whether ``stop`` is in the scope; "" (of no known stop) only where that is all."""
        return self.visible is None or stop in self.visible

    def stops(self, known: Mapping[str, T]) -> dict[str, T]:
        """Those of ``known``, by stop id, that are in the scope."""
        return {stop: value for stop, value in known.items() if self.sees(stop)}

    def reaches(self, city: str) -> bool:
        """Whether a stop that opens in ``city``, by its key, will be in the scope; "" (said of
        none) only where that is all."""
        return self.visible is None or city in self.cities

    @property
    def opens_stops(self) -> bool:
        """Whether there is any city where this user may add a stop."""
        return self.role.may(Permission.FLEET) and (self.visible is None or bool(self.cities))

    @property
    def by(self) -> By:
        """How the audit log names this user."""
        return By(self.id, self.session)
