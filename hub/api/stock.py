"""The warehouse over the API: boxes, transfers, plans, recalls and kits, and every decision."""

from typing import Any, Final

from flask import abort
from msgspec import Struct
from sqlalchemy import Connection, select

from contract import codes
from contract.codes import CodeError, Kind
from hub import db
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.api.routes import Call, Route
from hub.api.stock_models import (
    Asked,
    BoxesOut,
    BoxOut,
    Decided,
    Decision,
    KitOut,
    KitPart,
    KitsOut,
    LegOut,
    PlanOut,
    Proposals,
    RecallOut,
    RecallsOut,
    TransferOut,
    TransfersOut,
    Wish,
)
from hub.log.recording import API
from hub.queries import fefo, plans, transfers
from hub.request import connection, services
from hub.stock import plan_lines
from hub.stock.stock_actions import Refused
from hub.stock.stock_changes import Keeper, carry_out
from hub.stock.stock_look import Box, Look, meets
from hub.web import formats
from hub.web.login import require, visible_stops


def _decide(call: Call) -> Decided:
    decision, user = call.sent(Decision), call.user
    keeper = Keeper(user.id, user.sees, API)
    done = services().writer.call(
        lambda writing: carry_out(
            writing,
            decision.action,
            keeper,
            now_ms=call.now_ms,
            request=call.key,
            expects=decision.seen,
        )
    )
    return Decided(list(done.events), done.repeated)


def _boxes(call: Call) -> BoxesOut:
    asked, table = call.asked(Asked), db.box.c
    rows = connection().execute(
        select(*(table[name] for name in Box.__struct_fields__))
        .where(within(table.stop, visible_stops()), table.code > asked.after)
        .order_by(table.code)
        .limit(asked.limit)
    )
    found = [Box(*row) for row in rows]
    return BoxesOut(found, found[-1].code if len(found) == asked.limit else None)


def _box(call: Call) -> BoxOut:
    look = Look(connection())
    box = look.box(_code(call.path["code"], Kind.BOX))
    if box is None:
        abort(404)
    require(Permission.VIEW, box.stop)
    return BoxOut(box, look.inside(box.code), look.around(box.code))


def _code(text: str, kind: Kind) -> str:
    try:
        parsed = codes.parse(text[:64])
    except CodeError:
        abort(404)
    if parsed.kind is not kind:
        abort(404)
    return parsed.text


def _transfers(call: Call) -> TransfersOut:
    asked, here = call.asked(Asked), connection()
    query = transfers.transfers(visible_stops())
    after = transfers.row_of(here, asked.after) if asked.after else None
    if asked.after and after is None:
        return TransfersOut([], None)
    if after is not None:
        query = query.where(db.leg.c.sent < after)
    rows = here.execute(query.order_by(db.leg.c.sent.desc()).limit(asked.limit))
    found = transfers.read(here, rows)
    return TransfersOut(found, found[-1].event if len(found) == asked.limit else None)


def _transfer(call: Call) -> TransferOut:
    here = connection()
    row = transfers.row_of(here, call.path["event"])
    found = None if row is None else transfers.one(here, row, visible_stops())
    if found is None:
        abort(404)
    legs = transfers.legs(here, found.sent, 5000)
    return TransferOut(
        found,
        [LegOut(leg.item, leg.outcome, leg.ended_t, leg.at) for leg in legs],
    )


def _plan(call: Call) -> PlanOut:
    here, table = connection(), db.plan.c
    code = _code(call.path["code"], Kind.PLAN)
    row = here.execute(
        select(table.code, table.zh, table.en, table.open).where(table.code == code)
    ).one_or_none()
    if row is None:
        abort(404)
    kept = [one.code for one in plans.kept(here, code, 5000, visible_stops())]
    seen = plan_lines.version(here, code)
    return PlanOut(*row, plans.needs(here, code, visible_stops()), kept, seen)


def _propose(call: Call) -> Proposals:
    wish, mine = call.asked(Wish), visible_stops()
    among = mine
    if wish.stop is not None:
        among = frozenset({wish.stop}) if mine is None or wish.stop in mine else frozenset()
    picks = fefo.propose(
        connection(),
        wish.n,
        today=formats.today().isoformat(),
        stops=among,
        category=wish.category or "",
        gtin=wish.gtin or "",
    )
    return Proposals(picks)


def _recalls(_call: Call) -> RecallsOut:
    here, table = connection(), db.recall.c
    rows = here.execute(select(db.recall).order_by(table.opened_t.desc(), table.id)).all()
    return RecallsOut(
        [
            RecallOut(
                row.id,
                row.gtin,
                row.lot,
                row.why,
                row.opened_t,
                row.closed_t,
                _met(here, row.gtin, row.lot),
            )
            for row in rows
        ]
    )


def _met(here: Connection, gtin: str, lot: str) -> dict[str, int]:
    item = db.item.c
    rows = here.execute(
        select(item.status, item.quantity).where(
            meets(gtin, lot), within(item.stop, visible_stops())
        )
    )
    found: dict[str, int] = {}
    for status, quantity in rows:
        found[status] = found.get(status, 0) + quantity
    return found


def _kits(_call: Call) -> KitsOut:
    here, line = connection(), db.kit_line.c
    parts: dict[str, list[KitPart]] = {}
    for kit, category, gtin, count in here.execute(
        select(line.kit, line.category, line.gtin, line["count"]).order_by(line.kit, line.n)
    ):
        parts.setdefault(kit, []).append(KitPart(category, gtin, count))
    rows = here.execute(select(db.kit).order_by(db.kit.c.key))
    return KitsOut(
        [KitOut(row.key, row.zh, row.en, row.offered, parts.get(row.key, [])) for row in rows]
    )


def _get(path: str, name: str, summary: str, act: Any, answer: type[Struct], **more: Any) -> Route:
    return Route(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        permission=Permission.VIEW,
        act=act,
        answer=answer,
        **more,
    )


ROUTES: Final = (
    Route(
        method="POST",
        path="/decisions",
        name="decide",
        summary="Decide about goods: move, correct, reserve, pack, recall, undo and the rest",
        permission=Permission.EDIT_STOCK,
        act=_decide,
        answer=Decided,
        body=Decision,
        refusals={Refused: 409},
    ),
    _get("/boxes", "boxes", "Boxes by code", _boxes, BoxesOut, query=Asked),
    _get(
        "/boxes/{code}",
        "box",
        "A box and what is in it",
        _box,
        BoxOut,
        arguments={"code": "The code of a box."},
        problems=(404,),
    ),
    _get(
        "/transfers", "transfers", "Transfers between stops", _transfers, TransfersOut, query=Asked
    ),
    _get(
        "/transfers/{event}",
        "transfer",
        "A transfer and what became of each item",
        _transfer,
        TransferOut,
        arguments={"event": "The id of the event by which it left."},
        problems=(404,),
    ),
    _get(
        "/plans/{code}",
        "plan",
        "A delivery plan by category",
        _plan,
        PlanOut,
        arguments={"code": "The code of a delivery plan."},
        problems=(404,),
    ),
    _get(
        "/proposals",
        "propose",
        "What should go out first (FEFO)",
        _propose,
        Proposals,
        query=Wish,
    ),
    _get("/recalls", "recalls", "Recalls, and what they meet", _recalls, RecallsOut),
    _get("/kits", "kits", "Recipes of kits", _kits, KitsOut),
)
"""The warehouse's part of the API."""
