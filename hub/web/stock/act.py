"""Deciding about goods: one form for an item, a box or many of them, and the undo of it all."""

from collections.abc import Sequence
from typing import Final

import msgspec
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as BaseResponse

from contract.fields import MAX_IDS_PER_VOID
from hub import db
from hub.access.permissions import Permission
from hub.folds.custody import IN_ORDER
from hub.log import recording
from hub.queries import events
from hub.request import connection
from hub.stock.stock_actions import MAX_ITEMS, Undo
from hub.stock.stock_look import Look
from hub.web import shell
from hub.web.login import needs
from hub.web.stock import acting, words
from hub.web.stock.forms import FORMS, held, made
from hub.web.story import category_name

SHOWN: Final = 12
"""Codes that a form lists; the others are counted."""


def blueprint() -> Blueprint:
    """``/stock/act/<what>`` and ``/stock/undo``."""
    pages = Blueprint("stock_act", __name__)
    pages.get("/stock/act/<kind>")(form)
    pages.post("/stock/act/<kind>")(act)
    pages.post("/stock/undo")(undo)
    return pages


@needs(Permission.EDIT_STOCK)
def form(kind: str) -> BaseResponse:
    """The form, about the items and boxes that the address names."""
    wanted = FORMS.get(kind)
    if wanted is None:
        abort(404)
    home = url_for("items.listing")
    back = acting.back_to(home)
    try:
        codes = held(request.args.getlist("item"))[:MAX_ITEMS]
    except ValueError as error:
        shell.told(_("“%(word)s” is no item or box.", word=str(error)), "bad")
        return redirect(back, 303)
    if not codes:
        shell.told(_("Please choose at least one item first."), "note")
        return redirect(back, 303)
    here = connection()
    things = {one.code: one for one in Look(here).at(codes)}
    if kind == "unpack" and not request.args.get("box"):
        boxes = {one.box for one in things.values() if one.box}
        box = boxes.pop() if len(boxes) == 1 else ""
    else:
        box = request.args.get("box", "")
    page = render_template(
        "stock/act.html",
        form=wanted,
        fields=wanted.fields(here),
        chosen=_preset(),
        codes=codes,
        shown=codes[:SHOWN],
        names=_names(here, codes[:SHOWN]),
        seen={code: recording.position_of(here, code) for code in codes},
        compared=_compared(codes) if kind == "correct" else [],
        request_id=acting.new_request(),
        box=box,
        back=back,
    )
    return Response(page)


def _names(here: Connection, codes: Sequence[str]) -> dict[str, str]:
    """What these items are, by code."""
    found = here.execute(
        select(db.item.c.code, db.item.c.category).where(db.item.c.code.in_(codes))
    )
    return {row.code: category_name(row.category) for row in found}


def _preset() -> dict[str, str]:
    """What the form begins with."""
    chosen = request.args.to_dict()
    if chosen.pop("preset", "") == "lost":
        chosen |= {"status": "missing", "why": "lost-on-the-way"}
    return chosen


def _compared(codes: list[str]) -> list[str]:
    """The events that a correction of one item weighs: the last that say where it is."""
    if len(codes) != 1:
        return []
    told = events.of_item(connection(), codes[0])
    about = [one.id for one in told if type(one.event.public.body) in IN_ORDER]
    return about[-MAX_IDS_PER_VOID:]


@needs(Permission.EDIT_STOCK)
def act(kind: str) -> BaseResponse:
    """What the form sends."""
    wanted = FORMS.get(kind)
    if wanted is None:
        abort(404)
    back = acting.back_to(url_for("items.listing"))
    names = {field.name for field in wanted.fields(connection())} | {"box"}
    values = {name: request.form.get(name, "").strip() for name in names}
    try:
        codes = held(request.form.getlist("item"))
        if values.get("box"):
            values["box"] = held([values["box"]])[0]
    except ValueError as error:
        shell.told(_("“%(word)s” is no item or box.", word=str(error)), "bad")
        return redirect(back, 303)
    if kind not in ("pack", "unpack"):
        values.pop("box", None)
    action = made(kind, codes, values)
    if action is None:
        shell.told(_("Something in that form was not understood. Nothing was changed."), "bad")
        return redirect(back, 303)
    done = str(wanted.done)
    if len(codes) > 1:
        counted = ngettext("%(num)d thing.", "%(num)d things.", len(codes))
        done = _("%(done)s %(counted)s", done=done, counted=counted)
    else:
        done = _("%(code)s: %(done)s", code=words.shown(codes[0]), done=done)
    return acting.do(action, back=back, done=done)


@needs(Permission.EDIT_STOCK)
def undo() -> BaseResponse:
    """Takes back what a request, or these events, did."""
    back = acting.back_to(url_for("board.board"))
    named = [one for one in request.form.getlist("event") if one]
    asked = request.form.get("of", "")
    if asked:
        named = list(acting.events_of_request(connection(), asked))
    action = undo_of(named)
    if action is None:
        abort(404)
    return acting.do(action, back=back, done=_("Undone: it is as it was before."))


def undo_of(named: list[str]) -> Undo | None:
    """The undo of these events; None where they are none."""
    try:
        return msgspec.convert({"action": "undo", "events": named}, Undo)
    except msgspec.ValidationError:
        return None
