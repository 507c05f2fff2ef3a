"""A find without a label is the very item that a stocktake missed: somebody looked, and says so.

One event says it (`contract.events.FindIdentified`), and a void takes it back
(`hub.stock.stock_undo`). The item was where the find was, at the moment when the find was seen; the
label that the find got is withdrawn. An approval stays as it was: the item is found again, and told
differently.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, select

from contract.events import FindIdentified
from contract.fields import HeldCode, ItemCode
from hub import db
from hub.counts.counting import CountingError, known
from hub.counts.stocktake_lines import MISSING as NOT_FOUND
from hub.counts.stocktakes import Result
from hub.folds.counted import Stocktake
from hub.log import recording
from hub.log.recording import Actor, Draft
from hub.queries import stocktakes as query
from hub.statuses import HERE, IN_STOCK, MISSING, UNLABELLED

_FIND: Final = frozenset({IN_STOCK, UNLABELLED})
"""A find that is reserved, set aside or gone is more than a mistaken label."""


class Match(Struct, frozen=True):
    """``find`` is ``item``."""

    find: ItemCode
    item: HeldCode


def candidates(count: Stocktake, found: Result) -> list[str]:
    """The finds of ``count`` that nobody has identified, in order. ``found`` is what it found."""
    gone = {line.item for line in found.lines if line.verdict == NOT_FOUND}
    return [
        one.item
        for one in sorted(count.finds, key=lambda one: (one.t, one.event))
        if one.item not in count.identified and one.item not in gone
    ]


def identify(
    connection: Connection,
    count: str,
    match: Match,
    by: Actor,
    now_ms: int,
    *,
    request: str | None = None,
    expects: Mapping[str, int] | None = None,
) -> tuple[str, ...]:
    """Record it, in the caller's transaction; the id of the event. ``request`` and ``expects`` as
    `hub.log.recording.record` takes them.

    Raises:
        CountingError: unknown, given-up, no-find, find-gone, not-missing.
        hub.log.recording.Conflict: something newer happened to one of ``expects``.
    """
    done = recording.answered(connection, request, match, by)
    if done is not None:
        return done.events
    taken = known(connection, count)
    if taken.cancelled_t is not None:
        raise CountingError("given-up")
    recording.require_unchanged(connection, expects or {})
    seen = next((one for one in taken.finds if one.item == match.find), None)
    if seen is None or match.find in taken.identified or match.find == match.item:
        raise CountingError("no-find")
    if _status(connection, match.find) not in _FIND:
        raise CountingError("find-gone")
    missing = {line.item for line in query.found(connection, taken).of(NOT_FOUND)}
    still = {MISSING} if taken.approved is not None else {*HERE, MISSING}
    if match.item not in missing or _status(connection, match.item) not in still:
        raise CountingError("not-missing")
    body = FindIdentified(count=count, place=seen.place, find=match.find, item=match.item)
    return recording.record(
        connection,
        [Draft(body, taken.stop)],
        by,
        now_ms=now_ms,
        request=request,
        asked=match,
    ).events


def _status(connection: Connection, code: str) -> str | None:
    item = db.item.c
    return connection.scalar(select(item.status).where(item.code == code))
