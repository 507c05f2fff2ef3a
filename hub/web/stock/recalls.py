"""Recalls: goods that must not go out, wherever they are, from now on until it is over."""

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, abort, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, func, select
from werkzeug.wrappers import Response as BaseResponse

from contract import gtins
from hub import db, statuses
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.request import connection
from hub.stock import reasons
from hub.stock.stock_actions import CloseRecall, OpenRecall, SetAsideRecalled
from hub.typed import narrow
from hub.web import i18n
from hub.web import listing as tables
from hub.web.listing import Choice, Column, Kind, Link, Listing, SqlSource
from hub.web.login import needs, visible_stops
from hub.web.stock import acting, words
from hub.web.stock.recalled_goods import COULD_GO_OUT, goods, unread

_RECALL: Final = db.recall.c
_MET: Final = db.met.c


class Line(Struct, frozen=True):
    """A recall of the list; ``n`` are the pieces that could still go out."""

    id: str
    gtin: str
    name: str
    lot: str
    why: str
    opened_t: int
    closed_t: int | None
    n: int


def blueprint() -> Blueprint:
    """``/recalls``."""
    pages = Blueprint("recalls", __name__)
    pages.get("/recalls", endpoint="listing")(every)
    pages.get("/recalls/new")(new)
    pages.post("/recalls/new")(open_one)
    pages.get("/recalls/<recall>")(one)
    pages.post("/recalls/<recall>/aside")(set_aside)
    pages.post("/recalls/<recall>/close")(close)
    return pages


def product_name(here: Connection, gtin: str) -> str:
    """What somebody named this retail code; empty for nobody."""
    table = db.product.c
    row = here.execute(select(table.zh, table.en).where(table.gtin == gtin)).one_or_none()
    return "" if row is None else i18n.pick(row.zh, row.en)


def _select() -> Select[Any]:
    return select(*db.recall.c)


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    return [
        Line(
            row.id,
            row.gtin,
            product_name(here, row.gtin),
            row.lot,
            words.said(reasons.RECALLS, row.why),
            row.opened_t,
            row.closed_t,
            _left(here, row.id),
        )
        for row in found
    ]


def _left(here: Connection, recall: str) -> int:
    """The pieces that could still go out."""
    query = select(func.sum(_MET.quantity)).where(
        _MET.recall == recall,
        _MET.status.in_(COULD_GO_OUT),
        _MET.certain,
        within(_MET.stop, visible_stops()),
    )
    return int(here.scalar(query) or 0)


def _by_status(here: Connection, recall: str) -> Counter[str]:
    """Pieces of each status."""
    rows = here.execute(
        select(_MET.status, func.sum(_MET.quantity))
        .where(_MET.recall == recall, _MET.certain, within(_MET.stop, visible_stops()))
        .group_by(_MET.status)
    )
    return Counter({row[0]: int(row[1]) for row in rows})


RECALLS: Final = Listing[Line](
    name="recalls",
    title=_l("Recalls"),
    order="-opened",
    empty=_l("No recall. When a maker or an authority calls goods back, open one here."),
    source=SqlSource(select=_select, key=(_RECALL.id,), rows=_rows),
    columns=(
        Column(
            "opened",
            _l("Opened"),
            lambda row: row.opened_t,
            Kind.MOMENT,
            heading=True,
            link=Link("recalls.one", "recall", lambda row: row.id),
            sort=_RECALL.opened_t,
        ),
        Column("name", _l("Goods"), lambda row: row.name),
        Column("gtin", _l("Retail code"), lambda row: row.gtin, Kind.CODE),
        Column("lot", _l("Lot"), lambda row: row.lot or _("every lot")),
        Column("why", _l("Why"), lambda row: row.why),
        Column("n", _l("Not set aside"), lambda row: row.n, Kind.NUMBER),
        Column("closed", _l("Over"), lambda row: row.closed_t, Kind.MOMENT),
    ),
    filters=(
        Choice(
            "open",
            _l("State"),
            options=lambda _here: [("yes", _("open")), ("no", _("over"))],
            where=lambda value: (
                _RECALL.closed_t.is_(None) if value == "yes" else _RECALL.closed_t.is_not(None)
            ),
            first=True,
        ),
    ),
)


@needs(Permission.VIEW)
def every() -> BaseResponse:
    """Recalls, as the address filters them."""
    return tables.respond(RECALLS, "stock/recalls.html", may_edit=acting.may_edit())


@needs(Permission.EDIT_STOCK)
def new() -> str:
    """The form of a new recall; an item's page fills in its goods."""
    return _form(request.args.get("gtin", ""), request.args.get("lot", ""), "")


def _form(gtin: str, lot: str, problem: str, why: str = "") -> str:
    return render_template(
        "stock/recall_new.html",
        gtin=gtin,
        lot=lot,
        why=why,
        whys=words.choices(reasons.RECALLS),
        problem=problem,
        request_id=acting.new_request(),
        recall=secrets.token_hex(8),
    )


def gtin_of(typed: str) -> str | None:
    """The 14 digits of a retail code as somebody typed it; None where its check digit is wrong."""
    return gtins.full("".join(char for char in narrow(typed) if char.isdigit() and char.isascii()))


@needs(Permission.EDIT_STOCK)
def open_one() -> BaseResponse:
    """Open it: from now on kiosks set such goods aside."""
    typed, lot = request.form.get("gtin", ""), narrow(request.form.get("lot", ""))[:20]
    why, recall = request.form.get("why", ""), request.form.get("recall", "")
    gtin = gtin_of(typed)
    if gtin is None:
        problem = _("No retail code: 8, 12, 13 or 14 digits, the last one a check.")
        return Response(_form(typed[:40], lot, problem, why), status=422)
    wish = {"action": "open-recall", "recall": recall, "gtin": gtin, "why": why, "lot": lot}
    try:
        action = msgspec.convert(wish, OpenRecall)
    except msgspec.ValidationError:
        abort(400)
    back = url_for("recalls.one", recall=action.recall)
    form = url_for("recalls.new", gtin=gtin, lot=lot)
    return acting.do(
        action, back=back, form=form, done=_("The recall is open, and every kiosk is told of it.")
    )


@needs(Permission.VIEW)
def one(recall: str) -> BaseResponse:
    """A recall: every match now, and whatever comes later; or its goods as a file."""
    here = connection()
    found = here.execute(select(db.recall).where(_RECALL.id == recall)).one_or_none()
    if found is None:
        abort(404)
    n = _by_status(here, recall)
    left = sum(n[status] for status in COULD_GO_OUT)
    figures = [
        (_("Could still go out"), left, _goods(found, "free"), "alarm"),
        (_("Set aside"), n[statuses.QUARANTINED], _goods(found, "aside"), ""),
        (_("Out or on the way"), n[statuses.OUT] + n[statuses.SENT], _goods(found, "away"), ""),
        (_("Thrown away"), n[statuses.DISPOSED], None, ""),
        (_("Delivered or sold"), n[statuses.DELIVERED] + n[statuses.SOLD], None, ""),
    ]
    return tables.respond(
        goods(recall, found.lot),
        "stock/recall.html",
        recall=found,
        name=product_name(here, found.gtin),
        why=words.said(reasons.RECALLS, found.why),
        figures=figures,
        left=left,
        unread=unread(here, recall),
        may_edit=acting.may_edit(),
        may_end=visible_stops() is None,
        request_id=acting.new_request,
    )


def _goods(found: Row[Any], state: str) -> str:
    lot = "sure" if found.lot else None
    return url_for("recalls.one", recall=found.id, state=state, lot=lot)


@needs(Permission.EDIT_STOCK)
def set_aside(recall: str) -> BaseResponse:
    """Set aside whatever of it could still go out."""
    action = _named(SetAsideRecalled, "quarantine-recalled", recall)
    back = url_for("recalls.one", recall=recall)
    return acting.do(action, back=back, done=_("All of it that is here is set aside."))


@needs(Permission.EDIT_STOCK)
def close(recall: str) -> BaseResponse:
    """It is over: kiosks take such goods in again."""
    action = _named(CloseRecall, "close-recall", recall)
    back = url_for("recalls.one", recall=recall)
    return acting.do(action, back=back, done=_("The recall is over. What is set aside stays so."))


def _named(kind: type[Any], tag: str, recall: str) -> Any:
    try:
        return msgspec.convert({"action": tag, "recall": recall}, kind)
    except msgspec.ValidationError:
        abort(404)
