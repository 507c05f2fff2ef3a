"""Goods that leave with a volunteer, reach a family or come back, as somebody at the hub or with a
phone says it: what a kiosk learns from scans, in the same events.

Rules
-----
* What is set aside does not go out, and what is kept for one plan does not go out for another: as
  little in a box as by itself.
* A scanned label shows that something is there. So what was thought missing may go out.
* A delivery or return names its items, even where somebody means all: only those at stops of their
  scope, and no others that leave meanwhile.
* For whom it is, nobody says here. A family's slip is read at a kiosk alone, which keeps its hash.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Connection, select

from contract import events
from contract.fields import PlanCode
from hub import db
from hub.log.recording import Draft, in_pieces
from hub.statuses import IN_STOCK, MISSING, OUT, QUARANTINED, RESERVED, UNKNOWN, UNLABELLED, VOIDED
from hub.stock.stock_actions import BringBack, Deliver, HandOut, Refused
from hub.stock.stock_look import Look, Thing

_MAY_LEAVE: Final = frozenset({IN_STOCK, RESERVED, UNLABELLED, MISSING})


def handed(
    connection: Connection, action: HandOut | Deliver | BringBack, sees: Callable[[str], bool]
) -> list[Draft]:
    """The events of a handover, one for each stop.

    Raises:
        Refused: unknown, not-yours, plan-closed, not-free, box-aside, for-another, not-out,
            nothing.
    """
    things = _things(connection, action.items, sees)
    match action:
        case HandOut(plan=plan):
            _require_open(connection, plan)
            for one in things:
                _require_may_leave(connection, one, plan)
            return _each(things, lambda codes: events.Out(plan=plan, items=codes))
        case Deliver(plan=plan):
            gone = _out(connection, plan, things, sees)
            return _each(gone, lambda codes: events.Delivered(plan=plan, items=codes))
        case BringBack(plan=plan, why=why):
            gone = _out(connection, plan, things, sees)
            return _each(gone, lambda codes: events.Back(plan=plan, why=why, items=codes))


def _things(
    connection: Connection, codes: Sequence[str], sees: Callable[[str], bool]
) -> list[Thing]:
    found = {one.code: one for one in Look(connection).at(codes)}
    for code in codes:
        thing = found.get(code)
        if thing is None or thing.status in (UNKNOWN, VOIDED):
            raise Refused("unknown", code)
        if not sees(thing.stop):
            raise Refused("not-yours", code)
    return list(found.values())


def _require_open(connection: Connection, plan: PlanCode) -> None:
    """A plan that nobody named is as good as one with a name; a closed one is over."""
    if connection.scalar(select(db.plan.c.open).where(db.plan.c.code == plan)) is False:
        raise Refused("plan-closed", plan)


def _require_may_leave(connection: Connection, thing: Thing, plan: PlanCode) -> None:
    if thing.box_aside:
        raise Refused("box-aside", thing.code)
    if thing.status not in _MAY_LEAVE:
        raise Refused("not-free", thing.code)
    along = Look(connection).contents(thing)
    for one in along:
        if one.status == QUARANTINED:
            raise Refused("not-free", one.code)
    for one in (thing, *along):
        if one.reserved not in (None, plan):
            raise Refused("for-another", one.code)


def _out(
    connection: Connection, plan: PlanCode, named: Sequence[Thing], sees: Callable[[str], bool]
) -> list[Thing]:
    """What is out for this plan: all of ``named``, or all that there is."""
    table = db.item.c
    rows = connection.scalars(
        select(table.code).where(table.plan == plan, table.status == OUT).order_by(table.code)
    )
    gone = set(rows)
    if not named:
        found = [one for one in Look(connection).at(sorted(gone)) if sees(one.stop)]
        if not found:
            raise Refused("nothing")
        return found
    for one in named:
        along = {one.code, *(inner.code for inner in Look(connection).contents(one))}
        if gone.isdisjoint(along):
            raise Refused("not-out", one.code)
    return list(named)


def _each(things: Sequence[Thing], make: Callable[[tuple[str, ...]], events.Body]) -> list[Draft]:
    by_stop: dict[str, list[str]] = {}
    for one in things:
        by_stop.setdefault(one.stop, []).append(one.code)
    return [
        Draft(make(codes), stop) for stop, those in by_stop.items() for codes in in_pieces(those)
    ]
