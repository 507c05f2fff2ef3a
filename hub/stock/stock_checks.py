"""What every decision about goods asks first: who may, what is there, at which stop."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, select

from contract import events
from hub import db
from hub.log import recording
from hub.log.recording import Actor, Draft, in_pieces
from hub.statuses import UNKNOWN, VOIDED
from hub.stock.stock_actions import Refusal, Refused
from hub.stock.stock_look import Look, Thing

_NOTHING: Final = frozenset({VOIDED, UNKNOWN})


class Keeper(Struct, frozen=True):
    """Who asks: ``sees`` tells whether a stop is in their scope."""

    account: str
    sees: Callable[[str], bool]
    lane: str = recording.WEB

    @property
    def actor(self) -> Actor:
        """As events say it."""
        return Actor(account=self.account, lane=self.lane)


def look(connection: Connection, codes: Sequence[str], keeper: Keeper) -> list[Thing]:
    """What these codes are, in this order. Raises `Refused`."""
    things = Look(connection).at(codes)
    known = {one.code for one in things}
    for code in codes:
        if code not in known:
            raise Refused("unknown", code)
    require(things, lambda one: keeper.sees(one.stop), "not-yours")
    require(things, lambda one: one.status not in _NOTHING, "unknown")
    return things


def require(things: Sequence[Thing], holds: Callable[[Thing], bool], why: Refusal) -> None:
    for one in things:
        if not holds(one):
            raise Refused(why, one.code)


def require_word(key: str, known: frozenset[str]) -> None:
    if key not in known:
        raise Refused("no-such-word", key)


def require_stop(connection: Connection, stop: str | None, keeper: Keeper) -> None:
    if stop is None:
        return
    if connection.scalar(select(db.stop.c.id).where(db.stop.c.id == stop)) is None:
        raise Refused("no-such-stop", stop)
    if not keeper.sees(stop):
        raise Refused("not-yours", stop)


def each(
    things: Sequence[Thing],
    make: Callable[[tuple[str, ...]], events.Body],
    stop: str | None = None,
) -> list[Draft]:
    """An event for each stop, and for each so many codes that one event holds."""
    by_stop: dict[str, list[str]] = {}
    for one in things:
        by_stop.setdefault(one.stop if stop is None else stop, []).append(one.code)
    return [
        Draft(make(codes), where)
        for where, those in by_stop.items()
        for codes in in_pieces(list(dict.fromkeys(those)))
    ]
