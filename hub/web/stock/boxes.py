"""Boxes and pallets: what is in them, where they are, and packing, unpacking and moving them."""

from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, func, select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.codes import CodeError, Kind
from hub import db, statuses
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.log import recording
from hub.queries import events, items, places
from hub.request import connection
from hub.stock.stock_actions import Pack
from hub.stock.stock_look import Look
from hub.web import i18n, shell, status_words, story
from hub.web import listing as tables
from hub.web.listing import Choice, Column, Days, Link, Listing, SqlSource, Text
from hub.web.listing import Kind as CellKind
from hub.web.listing import filters as by
from hub.web.login import needs, require, visible_stops
from hub.web.stock import acting, item_page, words
from hub.web.stock.forms import FORMS, held

_BOX: Final = db.box.c
DEPTH: Final = 6
SHOWN: Final = 400
EVENTS: Final = 100


class Line(Struct, frozen=True):
    """A box of the list; ``n`` counts what is right in it."""

    code: str
    kit: str
    status: str
    stop: str
    place: str
    outer: str
    sealed: bool
    n: int
    changed_t: int


class Inside(Struct, frozen=True):
    """Something in a box, ``depth`` boxes deep."""

    code: str
    depth: int
    name: str
    status: str
    box: str
    good_until: str


def blueprint() -> Blueprint:
    """``/boxes``."""
    pages = Blueprint("boxes", __name__)
    pages.get("/boxes", endpoint="listing")(every)
    pages.get("/boxes/open")(find)
    pages.get("/boxes/<code>")(one)
    pages.post("/boxes/<code>/pack")(pack)
    return pages


# --- the list ------------------------------------------------------------------------------------


def _select() -> Select[Any]:
    return select(
        _BOX.code,
        _BOX.kit,
        _BOX.status,
        _BOX.stop,
        _BOX.place,
        _BOX.outer,
        _BOX.sealed,
        _BOX.changed_t,
    ).where(within(_BOX.stop, visible_stops()))


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    known = places.stops(here)
    named = [row.code for row in found]
    counts: dict[str, int] = {}
    for column in (db.item.c.box, _BOX.outer):
        inside = select(column, func.count()).where(column.in_(named)).group_by(column)
        for code, n in here.execute(inside):
            counts[code] = counts.get(code, 0) + n
    kits = {row.key: i18n.pick(row.zh, row.en) for row in here.execute(select(db.kit))}
    return [
        Line(
            row.code,
            kits.get(row.kit, row.kit or ""),
            row.status,
            words.stop(known, row.stop),
            words.place(here, row.place),
            row.outer or "",
            row.sealed,
            counts.get(row.code, 0),
            row.changed_t,
        )
        for row in found
    ]


def _statuses(_here: Connection) -> list[tuple[str, str]]:
    among = (statuses.IN_STOCK, statuses.QUARANTINED, statuses.OUT, statuses.SENT)
    return [(word, _status(word)) for word in (*among, statuses.DELIVERED, statuses.MISSING)]


def _status(word: str) -> str:
    return _("At the stop") if word == statuses.IN_STOCK else status_words.status(word)


BOXES: Final = Listing[Line](
    name="boxes",
    title=_l("Boxes"),
    order="code",
    empty=_l(
        "No boxes yet. At a kiosk, scan the card “Pack a box”, then a box label, then what goes in."
    ),
    source=SqlSource(select=_select, key=(_BOX.code,), rows=_rows),
    columns=(
        Column(
            "code",
            _l("Code"),
            lambda row: row.code,
            CellKind.CODE,
            heading=True,
            show=lambda row: codes.grouped(row.code),
            link=Link("boxes.one", "code", lambda row: row.code),
            sort=_BOX.code,
        ),
        Column("n", _l("In it"), lambda row: row.n, CellKind.NUMBER),
        Column("kit", _l("Kit"), lambda row: row.kit),
        Column("status", _l("Status"), lambda row: _status(row.status)),
        Column("sealed", _l("Sealed"), lambda row: _("sealed") if row.sealed else ""),
        Column("stop", _l("Stop"), lambda row: row.stop),
        Column("place", _l("Place"), lambda row: row.place),
        Column(
            "outer",
            _l("In box"),
            lambda row: row.outer,
            CellKind.CODE,
            show=lambda row: codes.grouped(row.outer) if row.outer else "",
            link=Link("boxes.one", "code", lambda row: row.outer),
        ),
        Column(
            "changed",
            _l("Last change"),
            lambda row: row.changed_t,
            CellKind.MOMENT,
            sort=_BOX.changed_t,
        ),
    ),
    filters=(
        by.stops(_BOX.stop),
        Choice(
            "status",
            _l("Status"),
            options=_statuses,
            where=lambda value: _BOX.status == value,
            first=True,
        ),
        Text("kit", _l("Kit"), where=lambda value: _BOX.kit == value),
        Days("changed", _l("Last change"), where=by.moments(_BOX.changed_t)),
    ),
)


@needs(Permission.VIEW)
def every() -> BaseResponse:
    """Boxes, as the address filters and sorts them."""
    return tables.respond(BOXES, "stock/boxes.html")


@needs(Permission.VIEW)
def find() -> BaseResponse:
    """The page of the box whose label was scanned into the field; any label that is not in use is
    an empty box."""
    try:
        code = codes.parse(request.args.get("code", "")[:64])
    except CodeError:
        code = None
    if code is None or code.kind is not Kind.BOX:
        shell.told(_("That is no box label: these begin with B."), "bad")
        return redirect(url_for("boxes.listing"), 303)
    return redirect(url_for("boxes.one", code=code.text), 303)


# --- one box -------------------------------------------------------------------------------------


def _box_code(text: str) -> str:
    try:
        code = codes.parse(text[:64])
    except CodeError:
        abort(404)
    if code.kind is not Kind.BOX:
        abort(404)
    return code.text


@needs(Permission.VIEW)
def one(code: str) -> BaseResponse:
    """A box: what is in it, boxes in boxes and all, where it is, and everything that happened."""
    canonical = _box_code(code)
    if code != canonical:
        return redirect(url_for("boxes.one", code=canonical), 302)
    here = connection()
    box = Look(here).box(canonical)
    if box is not None:
        require(Permission.VIEW, box.stop)
    known = places.stops(here)
    inside = contents(here, canonical)
    recorded = events.of_item(here, canonical)[-EVENTS:]
    whole = items.item(here, canonical)
    may = acting.may_edit(box.stop if box is not None else None)
    found = box.status if box is not None else statuses.IN_STOCK
    offered = item_page.offered(found, None, box.outer if box is not None else None)
    about = {"reserve", "move", "pack", "unpack", "quarantine", "release", "dispose", "correct"}
    page = render_template(
        "stock/box.html",
        code=canonical,
        box=box,
        whole=whole,
        category=story.category_name(whole.category) if whole is not None else "",
        status=_status(found),
        stop=words.stop(known, box.stop) if box is not None else "",
        place=words.place(here, box.place) if box is not None else "",
        kit=kit_name(here, box.kit) if box is not None else "",
        inside=inside[:SHOWN],
        more=len(inside) - SHOWN,
        items=sum(not one.code.startswith("B") for one in inside),
        actions=[FORMS[name] for name in offered if name in about] if may and box else [],
        may_edit=may,
        steps=item_page.steps(recorded, known),
        position=recording.position_of(here, canonical),
        request_id=acting.new_request,
        here=request.path,
    )
    return Response(page)


def kit_name(here: Connection, key: str | None) -> str:
    """A kit's name; its key where nobody knows it any more."""
    if key is None:
        return ""
    table = db.kit.c
    row = here.execute(select(table.zh, table.en).where(table.key == key)).one_or_none()
    return key if row is None else i18n.pick(row.zh, row.en)


def contents(here: Connection, box: str) -> list[Inside]:
    """Everything in a box in the order of a tree, each inner box followed by what is in it."""
    item = db.item.c
    levels: dict[str, list[Inside]] = {}
    frontier = [box]
    for depth in range(DEPTH):
        if not frontier:
            break
        rows = here.execute(
            select(item.code, item.category, item.status, item.box, item.good_until)
            .where(item.box.in_(frontier))
            .order_by(item.code)
        )
        for row in rows:
            name = story.category_name(row.category)
            until = row.good_until or ""
            levels.setdefault(row.box, []).append(
                Inside(row.code, depth, name, row.status, row.box, until)
            )
        boxes = here.execute(
            select(_BOX.code, _BOX.status, _BOX.outer)
            .where(_BOX.outer.in_(frontier))
            .order_by(_BOX.code)
        ).all()
        frontier = [row.code for row in boxes]
        for inner in boxes:
            known = levels.setdefault(inner.outer, [])
            if all(one.code != inner.code for one in known):
                known.append(Inside(inner.code, depth, _("Box"), inner.status, inner.outer, ""))
    return _tree(levels, box, set())


def _tree(levels: dict[str, list[Inside]], box: str, seen: set[str]) -> list[Inside]:
    found: list[Inside] = []
    if box in seen:
        return found
    seen.add(box)
    for one in levels.get(box, []):
        found.append(one)
        if one.code.startswith("B"):
            found += _tree(levels, one.code, seen)
    return found


@needs(Permission.EDIT_STOCK)
def pack(code: str) -> BaseResponse:
    """What was scanned into the field goes into this box."""
    box = _box_code(code)
    back = url_for("boxes.one", code=box)
    try:
        named = held([request.form.get("items", "")])
    except ValueError as error:
        shell.told(_("“%(word)s” is no item or box.", word=str(error)[:40]), "bad")
        return redirect(back, 303)
    if not named:
        shell.told(_("Scan or type at least one item."), "note")
        return redirect(back, 303)
    done = ngettext("%(num)d thing is in it now.", "%(num)d things are in it now.", len(named))
    return acting.do(Pack(box, tuple(named[:1000])), back=back, done=done)
