"""Counting with a phone: each scan is a request of its own and becomes an event of the hub.

Rules
-----
* A phone's turn in a stocktake is a part of it, like a kiosk's lane. It begins with a request, and
  its id follows from that request's UUID: the phone draws no number.
* What belongs to a turn names the request that began it. So it is known again while its events wait
  for the projector, and nobody counts in another account's name.
* A label that was counted by mistake is taken back by a request that names the one that counted it:
  a void, however late both arrive.
* A label that was scanned was seen, whatever the book says. Only what is no label of ours, and what
  somebody decided about the stocktake meanwhile, is a reason to refuse.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import Connection, select

from contract import codes, events
from contract.codes import CodeError
from contract.fields import HeldCode, PlaceCode, RequestId, SessionId
from hub import db
from hub.counts.counting import CountingError
from hub.folds.planned import COUNTING
from hub.log import recording
from hub.log.recording import Draft, Recorded
from hub.queries.planned import Planned, planned_one
from hub.statuses import DELIVERED, HERE, OUT, UNKNOWN, VOIDED
from hub.stock.stock_changes import Keeper
from hub.stock.stock_undo import taken_back

Number: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]


class _Counting(Struct, frozen=True, tag_field="action", forbid_unknown_fields=True):
    """Something that is done in the stocktake ``count``."""

    count: SessionId


class BeginTurn(_Counting, frozen=True, tag="count-begin"):
    """This phone counts from now on."""


class _InTurn(_Counting, frozen=True):
    """``begun`` is the request that began the turn."""

    begun: RequestId
    place: PlaceCode


class OpenShelf(_InTurn, frozen=True, tag="count-open"):
    """What is scanned from now on stands at ``place``."""


class CountItem(_InTurn, frozen=True, tag="count-item"):
    """This label was seen at ``place``."""

    item: HeldCode


class UncountItem(_InTurn, frozen=True, tag="count-undo"):
    """This label was not at ``place`` after all; ``counted`` is the request that counted it."""

    item: HeldCode
    counted: RequestId


class CloseShelf(_InTurn, frozen=True, tag="count-close"):
    """Everything at ``place`` was scanned: ``seen`` labels."""

    seen: Number = 0


CountAct: TypeAlias = BeginTurn | OpenShelf | CountItem | UncountItem | CloseShelf

_OUTCOMES: Final = {OUT: "out", DELIVERED: "delivered", VOIDED: "voided", UNKNOWN: "unknown"}


def count(
    connection: Connection, act: CountAct, keeper: Keeper, *, now_ms: int, request: str
) -> Recorded:
    """Do it, in the caller's transaction of the one writer.

    Raises:
        hub.counts.counting.CountingError: unknown, decided, not-yours, not-begun, not-planned,
            not-counted, mistyped.
        hub.log.recording.RequestReusedError: ``request`` was something else.
    """
    done = recording.answered(connection, request, act, keeper.actor)
    if done is not None:
        return done
    going = _going(connection, act.count, keeper.sees)
    drafts = [Draft(body, going.stop) for body in _bodies(connection, act, going, keeper, request)]
    return recording.record(
        connection, drafts, keeper.actor, now_ms=now_ms, request=request, asked=act
    )


def part_of(begun: str) -> str:
    """The id of the part that the request ``begun`` began."""
    return hashlib.sha256(f"count by phone {begun}".encode()).hexdigest()[:16]


def _going(connection: Connection, wanted: str, sees: Callable[[str], bool]) -> Planned:
    found = planned_one(connection, wanted)
    if found is None:
        raise CountingError("unknown")
    if not sees(found.stop):
        raise CountingError("not-yours")
    if found.state != COUNTING:
        raise CountingError("decided")
    return found


def _bodies(
    connection: Connection, act: CountAct, going: Planned, keeper: Keeper, request: str
) -> list[events.Body]:
    if isinstance(act, BeginTurn):
        part = part_of(request)
        return [events.CountJoined(count=act.count, part=part), events.CountOpened(count=part)]
    part = part_of(act.begun)
    if not _began(connection, act, keeper):
        raise CountingError("not-begun")
    if going.places and act.place not in going.places:
        raise CountingError("not-planned")
    match act:
        case OpenShelf(place=place):
            _require_code(place)
            return [events.ShelfOpened(count=part, place=place)]
        case CountItem(place=place, item=item):
            _require_code(item)
            said = outcome(connection, item, place, going.stop)
            return [events.Counted(count=part, place=place, item=item, outcome=said)]
        case UncountItem(item=item, counted=counted):
            return [_taken_back(connection, part, item, counted, keeper)]
        case CloseShelf(place=place, seen=seen):
            return [events.ShelfClosed(count=part, place=place, seen=seen, expected=0)]


def _began(
    connection: Connection, act: OpenShelf | CountItem | UncountItem | CloseShelf, keeper: Keeper
) -> bool:
    """Whether this account's request ``begun`` began a turn in this stocktake."""
    event = _event_of(connection, act.begun, keeper)
    body = event.public.body if event is not None else None
    return isinstance(body, events.CountJoined) and body.count == act.count


def _taken_back(
    connection: Connection, part: str, item: str, counted: str, keeper: Keeper
) -> events.Voided:
    """The void of what the request ``counted`` saw in this turn."""
    event = _event_of(connection, counted, keeper)
    body = event.public.body if event is not None else None
    if event is None or not isinstance(body, events.Counted):
        raise CountingError("not-counted")
    if (body.count, body.item) != (part, item) or taken_back(connection, [event.id]):
        raise CountingError("not-counted")
    return events.Voided(events=(event.id,), items=(item,), why="undo")


def _event_of(connection: Connection, request: str, keeper: Keeper) -> events.Event | None:
    """The first event that this account's ``request`` became."""
    table = db.request.c
    row = connection.execute(
        select(table.account, table.events).where(table.id == request)
    ).one_or_none()
    if row is None or row.account != keeper.account:
        return None
    _kiosk, epoch, seq, _hash = msgspec.json.decode(row.events, type=list[str])[0].split(".")
    raw = connection.scalar(
        select(db.event.c.raw).where(
            db.event.c.kiosk == recording.KIOSK,
            db.event.c.epoch == epoch,
            db.event.c.seq == int(seq),
        )
    )
    return events.decode(raw) if raw is not None else None


def _require_code(text: str) -> None:
    try:
        codes.parse(text)
    except CodeError:
        raise CountingError("mistyped") from None


def outcome(connection: Connection, code: str, place: str, stop: str) -> str:
    """What the book says of a label that was seen at ``place``: a word of `events.Counted`."""
    item, box = db.item.c, db.box.c
    row = connection.execute(
        select(item.status, item.place, item.stop).where(item.code == code)
    ).one_or_none()
    if row is None and code.startswith("B"):
        row = connection.execute(
            select(box.status, box.place, box.stop).where(box.code == code)
        ).one_or_none()
    if row is None:
        return "unknown"
    if row.stop != stop:
        return "foreign"
    if row.status in HERE:
        return "ok" if row.place == place else "elsewhere"
    return _OUTCOMES.get(row.status, "elsewhere")
