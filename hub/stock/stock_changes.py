"""What people ask of the stock becomes events: who may, whether it can be, and where it happened.

Rules
-----
* One way in: `carry_out` inside a transaction of the writer. Whatever asks (a form, the API, a
  phone) gives a `hub.stock.stock_actions` value, whoever asks is a `Keeper`.
* An event happens at the stop of the goods that it names, so goods of two stops become two events.
  A box's event happens where the box is, and nobody moves goods of a stop that is not in their
  scope, by whatever list they came.
* What cannot be is refused before anything is written, with the code that it is about.
* A request that was carried out before is answered with what it became, even if by now it could
  not be carried out any more.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from contract import events
from contract.actions import DISPOSALS, GRADES
from hub.log import recording
from hub.log.recording import Draft, Recorded
from hub.statuses import (
    DELIVERED,
    DISPOSED,
    HERE,
    IN_STOCK,
    QUARANTINED,
    SOLD,
    UNKNOWN,
    VOIDED,
)
from hub.stock import reasons
from hub.stock.handovers import handed
from hub.stock.stock_actions import (
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
from hub.stock.stock_checks import Keeper as Keeper
from hub.stock.stock_checks import each, look, require, require_stop, require_word
from hub.stock.stock_groups import in_boxes, recall, reservation
from hub.stock.stock_look import Thing
from hub.stock.stock_undo import undo

_GONE: Final = frozenset({DELIVERED, SOLD, DISPOSED})
_NOTHING: Final = frozenset({VOIDED, UNKNOWN})


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

    ``request`` and ``expects`` as `hub.log.recording.record` takes them.

    Raises:
        hub.stock.stock_actions.Refused: it cannot be.
        hub.log.recording.Conflict: something newer happened to one of ``expects``.
        hub.log.recording.RequestReusedError: ``request`` was something else.
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
            return undo(connection, named, keeper)
        case OpenRecall() | CloseRecall() | SetAsideRecalled():
            return recall(connection, action, keeper)
        case Reserve() | Unreserve() | UnreservePlan():
            return reservation(connection, action, keeper)
        case Pack() | Unpack() | BuildKit() | BreakKit():
            return in_boxes(connection, action, keeper)
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
    things = look(connection, action.items, keeper)
    match action:
        case Move(place=place, stop=stop):
            require(things, lambda one: one.status not in _GONE, "gone")
            require_stop(connection, stop, keeper)
            return each(things, lambda codes: events.Moved(place=place, items=codes), stop)
        case Correct():
            return _correct(connection, action, things, keeper)
        case SetAside(why=why):
            require_word(why, reasons.keys(reasons.SET_ASIDE))
            require(things, lambda one: one.status in HERE, "not-here")
            return each(things, lambda codes: events.Quarantined(items=codes, why=why))
        case Release(why=why):
            require_word(why, reasons.keys(reasons.RELEASES))
            require(things, lambda one: one.status == QUARANTINED, "not-aside")
            require(things, lambda one: not one.box_aside, "box-aside")
            return each(things, lambda codes: events.Released(items=codes, why=why))
        case Judge(grade=grade):
            require_word(grade, reasons.keys(GRADES))
            require(things, lambda one: one.status in HERE, "not-here")
            return each(things, lambda codes: events.Graded(items=codes, grade=grade))
        case SetExpiry(month=month):
            require(things, lambda one: one.status in HERE, "not-here")
            return each(things, lambda codes: events.ExpirySet(items=codes, month=month))
        case SetPrice(price=price):
            require(things, lambda one: one.status in HERE, "not-here")
            return each(things, lambda codes: events.Priced(items=codes, price=price))
        case Dispose(why=why):
            require_word(why, reasons.keys(DISPOSALS))
            require(things, lambda one: one.status in HERE, "not-here")
            return each(things, lambda codes: events.Disposed(items=codes, why=why))


def _correct(
    connection: Connection, action: Correct, things: Sequence[Thing], keeper: Keeper
) -> list[Draft]:
    require_word(action.why, reasons.keys(reasons.CORRECTIONS))
    require_stop(connection, action.stop, keeper)
    here = action.status == IN_STOCK
    return each(
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
