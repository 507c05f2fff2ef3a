"""What people ask of the stock becomes events: who may, whether it can be, and where it happened.

Rules
-----
* One way in: `carry_out` inside a transaction of the writer. Whatever asks (a form, the API, a
  phone) gives a `hub.stock_actions` value, whoever asks is a `Keeper`.
* An event happens at the stop of the goods that it names, so goods of two stops become two events.
  A box's event happens where the box is, and nobody moves goods of a stop that is not in their
  scope, by whatever list they came.
* What cannot be is refused before anything is written, with the code that it is about.
* A request that was carried out before is answered with what it became, even if by now it could
  not be carried out any more.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, select

from contract import events
from contract.actions import DISPOSALS, GRADES
from hub import db, reasons, recording
from hub.handovers import handed
from hub.recording import Actor, Draft, Recorded, in_pieces
from hub.statuses import (
    DELIVERED,
    DISPOSED,
    HERE,
    IN_STOCK,
    QUARANTINED,
    RESERVED,
    SOLD,
    UNKNOWN,
    VOIDED,
)
from hub.stock_actions import (
    Action,
    BreakKit,
    BringBack,
    BuildKit,
    CloseRecall,
    Correct,
    Deliver,
    Dispose,
    HandOut,
    Judge,
    Move,
    OpenRecall,
    Pack,
    Refusal,
    Refused,
    Release,
    Reserve,
    SetAside,
    SetAsideRecalled,
    SetExpiry,
    SetPrice,
    Undo,
    Unpack,
    Unreserve,
    UnreservePlan,
)
from hub.stock_look import Look, Thing
from hub.stock_undo import undo

_GONE: Final = frozenset({DELIVERED, SOLD, DISPOSED})
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


def carry_out(
    connection: Connection,
    action: Action,
    keeper: Keeper,
    *,
    now_ms: int,
    request: str | None = None,
    expects: Mapping[str, int] | None = None,
) -> Recorded:
    """Do it, in the caller's transaction of the one writer.

    ``request`` and ``expects`` as `hub.recording.record` takes them.

    Raises:
        hub.stock_actions.Refused: it cannot be.
        hub.recording.Conflict: something newer happened to one of ``expects``.
        hub.recording.RequestReusedError: ``request`` was something else.
    """
    done = recording.answered(connection, request, action, keeper.actor)
    if done is not None:
        return done
    recording.require_unchanged(connection, expects or {})
    drafts = _drafts(connection, action, keeper)
    if not drafts:
        raise Refused("nothing")
    return recording.record(
        connection, drafts, keeper.actor, now_ms=now_ms, request=request, asked=action
    )


def _drafts(connection: Connection, action: Action, keeper: Keeper) -> list[Draft]:
    match action:
        case Undo(events=named):
            return undo(connection, named, keeper.sees)
        case OpenRecall() | CloseRecall() | SetAsideRecalled():
            return _recall(connection, action, keeper)
        case Reserve() | Unreserve() | UnreservePlan():
            return _reservation(connection, action, keeper)
        case Pack() | Unpack() | BuildKit() | BreakKit():
            return _in_boxes(connection, action, keeper)
        case HandOut() | Deliver() | BringBack():
            return handed(connection, action, keeper.sees)
        case _:
            return _on_goods(connection, action, keeper)


# --- single goods ------------------------------------------------------------------------------


def _on_goods(
    connection: Connection,
    action: Move | Correct | SetAside | Release | Judge | SetExpiry | SetPrice | Dispose,
    keeper: Keeper,
) -> list[Draft]:
    things = _look(connection, action.items, keeper)
    match action:
        case Move(place=place, stop=stop):
            _require(things, lambda one: one.status not in _GONE, "gone")
            _require_stop(connection, stop, keeper)
            return _each(things, lambda codes: events.Moved(place=place, items=codes), stop)
        case Correct():
            return _correct(connection, action, things, keeper)
        case SetAside(why=why):
            _require_word(why, reasons.keys(reasons.SET_ASIDE))
            _require(things, lambda one: one.status in HERE, "not-here")
            return _each(things, lambda codes: events.Quarantined(items=codes, why=why))
        case Release(why=why):
            _require_word(why, reasons.keys(reasons.RELEASES))
            _require(things, lambda one: one.status == QUARANTINED, "not-aside")
            _require(things, lambda one: not one.box_aside, "box-aside")
            return _each(things, lambda codes: events.Released(items=codes, why=why))
        case Judge(grade=grade):
            _require_word(grade, reasons.keys(GRADES))
            _require(things, lambda one: one.status in HERE, "not-here")
            return _each(things, lambda codes: events.Graded(items=codes, grade=grade))
        case SetExpiry(month=month):
            _require(things, lambda one: one.status in HERE, "not-here")
            return _each(things, lambda codes: events.ExpirySet(items=codes, month=month))
        case SetPrice(price=price):
            _require(things, lambda one: one.status in HERE, "not-here")
            return _each(things, lambda codes: events.Priced(items=codes, price=price))
        case Dispose(why=why):
            _require_word(why, reasons.keys(DISPOSALS))
            _require(things, lambda one: one.status in HERE, "not-here")
            return _each(things, lambda codes: events.Disposed(items=codes, why=why))


def _correct(
    connection: Connection, action: Correct, things: Sequence[Thing], keeper: Keeper
) -> list[Draft]:
    _require_word(action.why, reasons.keys(reasons.CORRECTIONS))
    _require_stop(connection, action.stop, keeper)
    here = action.status == IN_STOCK
    return _each(
        things,
        lambda codes: events.Corrected(
            items=codes,
            status=action.status,
            why=action.why,
            place=action.place if here else None,
            compared=action.compared,
        ),
        action.stop if here else None,
    )


# --- reservations ------------------------------------------------------------------------------


def _reservation(
    connection: Connection, action: Reserve | Unreserve | UnreservePlan, keeper: Keeper
) -> list[Draft]:
    if isinstance(action, UnreservePlan):
        table = db.item.c
        kept = connection.scalars(
            select(table.code).where(table.reserved == action.plan).order_by(table.code)
        )
        mine = [one for one in Look(connection).at(tuple(kept)) if keeper.sees(one.stop)]
        return _each(mine, lambda codes: events.Unreserved(items=codes, why="plan-over"))
    things = _look(connection, action.items, keeper)
    if isinstance(action, Unreserve):
        _require(things, lambda one: one.reserved is not None or not one.is_item, "not-reserved")
        return _each(things, lambda codes: events.Unreserved(items=codes, why="by-hand"))
    plan = connection.execute(
        select(db.plan.c.open).where(db.plan.c.code == action.plan)
    ).one_or_none()
    if plan is None:
        raise Refused("no-such-plan", action.plan)
    if not plan.open:
        raise Refused("plan-closed", action.plan)
    _require(things, lambda one: one.status == IN_STOCK, "not-free")
    return _each(things, lambda codes: events.Reserved(plan=action.plan, items=codes))


# --- boxes and kits ----------------------------------------------------------------------------


def _in_boxes(
    connection: Connection, action: Pack | Unpack | BuildKit | BreakKit, keeper: Keeper
) -> list[Draft]:
    look = Look(connection)
    box = look.box(action.box)
    if box is not None and not keeper.sees(box.stop):
        raise Refused("not-yours", action.box)
    if isinstance(action, BreakKit):
        if box is None or box.kit is None:
            raise Refused("not-a-kit", action.box)
        inside = look.inside(action.box)
        stop = box.stop
        return [
            Draft(events.KitBroken(box=action.box, items=codes), stop)
            for codes in in_pieces(inside) or [()]
        ]
    things = _look(connection, action.items, keeper)
    if isinstance(action, Unpack):
        _require(things, lambda one: one.box == action.box, "not-in-box")
        return _each(things, lambda codes: events.Unpacked(box=action.box, items=codes))
    _require(things, lambda one: one.status in HERE, "not-here")
    _require(things, lambda one: one.code != action.box, "in-itself")
    around = set(look.around(action.box))
    _require(things, lambda one: one.code not in around, "in-itself")
    stops = {one.stop for one in things} | ({box.stop} if box is not None else set())
    if len(stops) > 1:
        raise Refused("two-stops", action.box)
    if isinstance(action, BuildKit):
        return _build(connection, action, things, stops.pop())
    return _each(things, lambda codes: events.Packed(box=action.box, items=codes))


def _build(
    connection: Connection, action: BuildKit, things: Sequence[Thing], stop: str
) -> list[Draft]:
    known = select(db.kit.c.key).where(db.kit.c.key == action.kit, db.kit.c.offered)
    if connection.scalar(known) is None:
        raise Refused("no-such-kit", action.kit)
    _require(things, lambda one: one.status in (IN_STOCK, RESERVED), "not-free")
    return [
        Draft(events.KitBuilt(box=action.box, kit=action.kit, items=codes), stop)
        for codes in in_pieces([one.code for one in things])
    ]


# --- recalls -----------------------------------------------------------------------------------


def _recall(
    connection: Connection, action: OpenRecall | CloseRecall | SetAsideRecalled, keeper: Keeper
) -> list[Draft]:
    if isinstance(action, OpenRecall):
        _require_word(action.why, reasons.keys(reasons.RECALLS))
        body = events.RecallOpened(
            recall=action.recall, gtin=action.gtin, lot=action.lot or None, why=action.why
        )
        return [Draft(body)]
    table = db.recall.c
    found = connection.execute(
        select(table.closed_t, table.gtin, table.lot).where(table.id == action.recall)
    ).one_or_none()
    if found is None:
        raise Refused("no-such-recall", action.recall)
    if found.closed_t is not None:
        raise Refused("recall-closed", action.recall)
    if isinstance(action, CloseRecall):
        return [Draft(events.RecallClosed(recall=action.recall))]
    met = Look(connection).recalled(found.gtin, found.lot)
    here = [one for one in met if one.status in HERE and one.status != QUARANTINED]
    mine = [one for one in here if keeper.sees(one.stop)]
    return _each(mine, lambda codes: events.Quarantined(items=codes, why="recalled"))


# --- what all of these ask -----------------------------------------------------------------------


def _look(connection: Connection, codes: Sequence[str], keeper: Keeper) -> list[Thing]:
    """What these codes are, in this order. Raises `Refused`."""
    things = Look(connection).at(codes)
    known = {one.code for one in things}
    for code in codes:
        if code not in known:
            raise Refused("unknown", code)
    _require(things, lambda one: keeper.sees(one.stop), "not-yours")
    _require(things, lambda one: one.status not in _NOTHING, "unknown")
    return things


def _require(things: Sequence[Thing], holds: Callable[[Thing], bool], why: Refusal) -> None:
    for one in things:
        if not holds(one):
            raise Refused(why, one.code)


def _require_word(key: str, known: frozenset[str]) -> None:
    if key not in known:
        raise Refused("no-such-word", key)


def _require_stop(connection: Connection, stop: str | None, keeper: Keeper) -> None:
    if stop is None:
        return
    if connection.scalar(select(db.stop.c.id).where(db.stop.c.id == stop)) is None:
        raise Refused("no-such-stop", stop)
    if not keeper.sees(stop):
        raise Refused("not-yours", stop)


def _each(
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
