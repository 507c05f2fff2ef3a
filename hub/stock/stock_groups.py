"""Decisions about goods that belong together: reservations, boxes, kits and recalls, as drafts."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from contract import events
from hub import db
from hub.log.recording import Draft, in_pieces
from hub.statuses import HERE, IN_STOCK, QUARANTINED, RESERVED
from hub.stock import reasons
from hub.stock.stock_actions import (
    BreakKit,
    BuildKit,
    CloseRecall,
    OpenRecall,
    Pack,
    Refused,
    Reserve,
    SetAsideRecalled,
    Unpack,
    Unreserve,
    UnreservePlan,
)
from hub.stock.stock_checks import Keeper, each, look, require, require_word
from hub.stock.stock_look import Look, Thing

# --- reservations ------------------------------------------------------------------------------


def reservation(
    connection: Connection, action: Reserve | Unreserve | UnreservePlan, keeper: Keeper
) -> list[Draft]:
    if isinstance(action, UnreservePlan):
        table = db.item.c
        kept = connection.scalars(
            select(table.code).where(table.reserved == action.plan).order_by(table.code)
        )
        mine = [one for one in Look(connection).at(tuple(kept)) if keeper.sees(one.stop)]
        return each(mine, lambda codes: events.Unreserved(items=codes, why="plan-over"))
    things = look(connection, action.items, keeper)
    if isinstance(action, Unreserve):
        require(things, lambda one: one.reserved is not None or not one.is_item, "not-reserved")
        return each(things, lambda codes: events.Unreserved(items=codes, why="by-hand"))
    plan = connection.execute(
        select(db.plan.c.open).where(db.plan.c.code == action.plan)
    ).one_or_none()
    if plan is None:
        raise Refused("no-such-plan", action.plan)
    if not plan.open:
        raise Refused("plan-closed", action.plan)
    require(things, lambda one: one.status == IN_STOCK, "not-free")
    here = Look(connection)
    along = [inner for one in things for inner in here.contents(one)]
    require(along, lambda one: one.reserved in (None, action.plan), "for-another")
    return each(things, lambda codes: events.Reserved(plan=action.plan, items=codes))


# --- boxes and kits ----------------------------------------------------------------------------


def in_boxes(
    connection: Connection, action: Pack | Unpack | BuildKit | BreakKit, keeper: Keeper
) -> list[Draft]:
    here = Look(connection)
    box = here.box(action.box)
    if box is not None and not keeper.sees(box.stop):
        raise Refused("not-yours", action.box)
    if isinstance(action, BreakKit):
        if box is None or box.kit is None:
            raise Refused("not-a-kit", action.box)
        inside = here.inside(action.box)
        stop = box.stop
        return [
            Draft(events.KitBroken(box=action.box, items=codes), stop)
            for codes in in_pieces(inside) or [()]
        ]
    things = look(connection, action.items, keeper)
    if isinstance(action, Unpack):
        require(things, lambda one: one.box == action.box, "not-in-box")
        return each(things, lambda codes: events.Unpacked(box=action.box, items=codes))
    require(things, lambda one: one.status in HERE, "not-here")
    require(things, lambda one: one.code != action.box, "in-itself")
    around = set(here.around(action.box))
    require(things, lambda one: one.code not in around, "in-itself")
    stops = {one.stop for one in things} | ({box.stop} if box is not None else set())
    if len(stops) > 1:
        raise Refused("two-stops", action.box)
    if isinstance(action, BuildKit):
        return _build(connection, action, things, stops.pop())
    return each(things, lambda codes: events.Packed(box=action.box, items=codes))


def _build(
    connection: Connection, action: BuildKit, things: Sequence[Thing], stop: str
) -> list[Draft]:
    known = select(db.kit.c.key).where(db.kit.c.key == action.kit, db.kit.c.offered)
    if connection.scalar(known) is None:
        raise Refused("no-such-kit", action.kit)
    require(things, lambda one: one.status in (IN_STOCK, RESERVED), "not-free")
    return [
        Draft(events.KitBuilt(box=action.box, kit=action.kit, items=codes), stop)
        for codes in in_pieces([one.code for one in things])
    ]


# --- recalls -----------------------------------------------------------------------------------


def recall(
    connection: Connection, action: OpenRecall | CloseRecall | SetAsideRecalled, keeper: Keeper
) -> list[Draft]:
    if isinstance(action, OpenRecall):
        require_word(action.why, reasons.keys(reasons.RECALLS))
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
        if not keeper.sees(""):
            raise Refused("every-stop")
        return [Draft(events.RecallClosed(recall=action.recall))]
    met = Look(connection).recalled(found.gtin, found.lot)
    here = [one for one in met if one.status in HERE and one.status != QUARANTINED]
    mine = [one for one in here if keeper.sees(one.stop)]
    return each(mine, lambda codes: events.Quarantined(items=codes, why="recalled"))
