"""What people do with a stocktake: plan it, join counts to it, ask for a recount, approve, give up.

Each is an event of the hub's own stream (`hub.log.recording`). Approving also writes item by item
what is presumed missing, and keeps what was found as it was then. What becomes known later never
changes that: it is told beside it, dated (`restate`).
"""

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from contract.events import (
    CountApproved,
    CountCancelled,
    CountJoined,
    CountPlanned,
    PresumedMissing,
    RecountAsked,
    Voided,
)
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.counts import stocktakes
from hub.counts.stocktake_lines import MISSING
from hub.counts.stocktakes import Change, Result
from hub.folds.counted import Stocktake
from hub.log import recording
from hub.log.recording import Actor, Draft
from hub.queries import stocktakes as query

MAX_PLACES: Final = 200
"""Places of one stocktake that are named; a whole stop names none."""


class CountingError(ValueError):
    """It cannot be done; ``reason`` is a machine word: unknown, decided, not-offered, no-places,
    changed, unchanged, not-approved, one of `hub.counts.identifying`, or one of
    `hub.counts.stocktakes.hindrances`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Plan(Struct, frozen=True):
    """What is to be counted: no places are the whole stop, no categories all of them."""

    stop: str
    places: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    blind: bool = True
    recount: Literal["never", "differs", "always"] = "differs"


def plan(connection: Connection, wish: Plan, by: Actor, now_ms: int, request: str) -> str:
    """Plan a stocktake; its id, which follows from ``request``, a UUID."""
    count = hashlib.sha256(f"stocktake {request}".encode()).hexdigest()[:16]
    body = CountPlanned(
        count=count,
        places=wish.places,
        categories=wish.categories,
        blind=wish.blind,
        recount=wish.recount,
    )
    recording.record(connection, [Draft(body, wish.stop)], by, now_ms=now_ms, request=request)
    return count


def join(
    connection: Connection,
    count: str,
    parts: Sequence[str],
    by: Actor,
    now_ms: int,
    request: str | None = None,
) -> tuple[str, ...]:
    """Counts of kiosk lanes belong to this stocktake; the ids of the events.

    Raises:
        CountingError: unknown, decided, not-offered.
    """
    found = undecided(connection, count)
    known = {one.part for one in query.offered(connection, found)}
    if not parts or not known.issuperset(parts):
        raise CountingError("not-offered")
    drafts = [
        Draft(CountJoined(count=count, part=part), found.stop) for part in dict.fromkeys(parts)
    ]
    return recording.record(connection, drafts, by, now_ms=now_ms, request=request).events


def leave(
    connection: Connection,
    count: str,
    joined: Sequence[str],
    by: Actor,
    now_ms: int,
    request: str | None = None,
) -> None:
    """Take the events ``joined`` back, which made parts of this stocktake.

    Raises:
        CountingError: unknown, decided, not-offered.
    """
    found = undecided(connection, count)
    known = {part.joined for part in found.parts}
    if not joined or not known.issuperset(joined):
        raise CountingError("not-offered")
    draft = Draft(Voided(events=tuple(joined)), found.stop)
    recording.record(connection, [draft], by, now_ms=now_ms, request=request)


def ask_again(
    connection: Connection,
    count: str,
    places: Sequence[str],
    by: Actor,
    now_ms: int,
    request: str | None = None,
) -> None:
    """These places are to be counted again: what was seen there does not stand.

    Raises:
        CountingError: unknown, decided, no-places.
    """
    found = undecided(connection, count)
    known = {shelf.place for shelf in found.shelves}
    if not places or not known.issuperset(places):
        raise CountingError("no-places")
    body = RecountAsked(count=count, places=tuple(dict.fromkeys(places))[:MAX_PLACES])
    recording.record(connection, [Draft(body, found.stop)], by, now_ms=now_ms, request=request)


def approve(
    connection: Connection,
    count: str,
    seal: str,
    by: By,
    now_ms: int,
    lane: str = recording.WEB,
    request: str | None = None,
) -> Result:
    """Approve what was found, in the caller's transaction: nothing but what ``seal``
    (`hub.counts.stocktakes.seal`) says that the approver has seen.

    Raises:
        CountingError: unknown, changed, or a hindrance.
    """
    before = query.kept(connection, count)
    if before and request is not None and _carried_out(connection, request, by):
        return before[0].result  # the same click again
    taken = known(connection, count)
    found = query.found(connection, taken)
    hindrances = stocktakes.hindrances(taken, found, by.account)
    if hindrances:
        raise CountingError(hindrances[0])
    if stocktakes.seal(found) != seal:
        raise CountingError("changed")
    missing = stocktakes.presumed(found)
    approval = CountApproved(
        count=count,
        position=found.position,
        seen=found.seen,
        missing=len(found.of(MISSING)),
    )
    drafts = [Draft(approval, taken.stop)]
    drafts += [
        Draft(PresumedMissing(count=count, items=piece, since=since), taken.stop)
        for since, items in missing.items()
        for piece in recording.in_pieces(items)
    ]
    recorded = recording.record(
        connection, drafts, Actor(by.account, lane), now_ms=now_ms, request=request
    )
    _keep(connection, 0, found, by, now_ms, recorded.events[0])
    return found


def give_up(
    connection: Connection,
    count: str,
    why: str,
    by: Actor,
    now_ms: int,
    request: str | None = None,
) -> None:
    """Nothing follows from this stocktake. ``why`` is a machine word.

    Raises:
        CountingError: unknown, decided.
    """
    found = undecided(connection, count)
    body = CountCancelled(count=count, why=why)
    recording.record(connection, [Draft(body, found.stop)], by, now_ms=now_ms, request=request)


def restated(connection: Connection, count: str) -> tuple[Result, Result, list[Change]]:
    """What an approved stocktake said last, what the log tells now, and what differs.

    Raises:
        CountingError: unknown, not-approved.
    """
    said = query.kept(connection, count)
    if not said:
        raise CountingError("not-approved")
    now = query.found(connection, known(connection, count))
    last = said[-1].result
    return last, now, stocktakes.changes(last, now)


def restate(connection: Connection, count: str, by: By, now_ms: int) -> list[Change]:
    """Keep, dated, how an approved stocktake is told now; what differs from how it was told last.

    Raises:
        CountingError: unknown, not-approved, unchanged.
    """
    _, now, differs = restated(connection, count)
    if not differs:
        raise CountingError("unchanged")
    said = query.kept(connection, count)
    _keep(connection, said[-1].n + 1, now, by, now_ms, "")
    detail = {"changes": len(differs)}
    audit.note(connection, by, "stocktake.restated", count, detail, now_ms, stop=now.stop)
    return differs


def _keep(connection: Connection, n: int, found: Result, by: By, now_ms: int, event: str) -> None:
    body = stocktakes.encode(found)
    connection.execute(
        insert(db.stocktake_result).values(
            count=found.count,
            n=n,
            at_ms=now_ms,
            account=by.account,
            position=found.position,
            digest=stocktakes.digest(body),
            body=body,
            event=event,
        )
    )


def undecided(connection: Connection, count: str) -> Stocktake:
    """The stocktake, which is going on.

    Raises:
        CountingError: unknown, decided.
    """
    found = known(connection, count)
    if found.decided:
        raise CountingError("decided")
    return found


def _carried_out(connection: Connection, request: str, by: By) -> bool:
    table = db.request.c
    found = select(table.id).where(table.id == request, table.account == by.account)
    return connection.execute(found).first() is not None


def known(connection: Connection, count: str) -> Stocktake:
    """The stocktake.

    Raises:
        CountingError: unknown.
    """
    found = query.stocktake(connection, count)
    if found is None:
        raise CountingError("unknown")
    return found
