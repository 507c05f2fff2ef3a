"""Building a kit from what must go out first, and taking it apart again."""

from collections import Counter

import msgspec
from flask import Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.codes import CodeError
from hub import db
from hub.access.permissions import Permission
from hub.queries import fefo
from hub.queries.fefo import Pick
from hub.request import connection
from hub.stock.stock_actions import BreakKit, BuildKit
from hub.web import formats, shell, story
from hub.web.login import needs
from hub.web.stock import acting, words
from hub.web.stock.forms import held
from hub.web.stock.plan_goods import why_first
from hub.web.stock.recipes import Recipe, kit_of


@needs(Permission.EDIT_STOCK)
def propose(key: str) -> BaseResponse:
    """Which items go into it: those that must go out first."""
    here, kit = connection(), kit_of(key)
    stops = words.stop_choices(here)
    stop = request.args.get("stop", "") or (stops[0][0] if stops else "")
    if all(stop != known for known, _name in stops):
        abort(404)
    picks: list[Pick] = []
    lacking: list[tuple[str, int]] = []
    for part in kit.parts:
        found = fefo.propose(
            here,
            part.count,
            today=formats.today().isoformat(),
            stops=frozenset({stop}),
            category=part.category,
            gtin=part.gtin,
            leave=tuple(one.code for one in picks),
        )
        picks += found
        if len(found) < part.count:
            lacking.append((part.name, part.count - len(found)))
    page = render_template(
        "stock/kit_build.html",
        kit=kit,
        picks=picks,
        lacking=lacking,
        why=why_first,
        stop=stop,
        stops=stops,
        category_name=story.category_name,
        place_name=lambda code: words.place(here, code),
        request_id=acting.new_request(),
    )
    return Response(page)


@needs(Permission.EDIT_STOCK)
def build(key: str) -> BaseResponse:
    """These items are in the box now, as a kit."""
    here, kit = connection(), kit_of(key)
    form = url_for("kits.propose", key=key, stop=request.form.get("stop", ""))
    try:
        box = codes.parse(request.form.get("box", "")[:64])
        items = held(request.form.getlist("item"))
    except (CodeError, ValueError):
        shell.told(_("Scan the label on the box first; box labels begin with B."), "bad")
        return redirect(form, 303)
    if box.kind is not codes.Kind.BOX or not items:
        shell.told(_("Scan the label on the box first; box labels begin with B."), "bad")
        return redirect(form, 303)
    problem = _unlike(here, kit, items)
    if problem:
        shell.told(problem, "bad")
        return redirect(form, 303)
    return acting.do(
        BuildKit(box.text, kit.key, tuple(items)),
        back=url_for("boxes.one", code=box.text),
        form=form,
        done=ngettext(
            "A kit of %(num)d item stands in this box.",
            "A kit of %(num)d items stands in this box.",
            len(items),
        ),
    )


def _unlike(here: Connection, kit: Recipe, items: list[str]) -> str:
    """What differs from the recipe, in words; empty when it is right."""
    table = db.item.c
    rows = here.execute(
        select(table.code, table.category, table.gtin).where(table.code.in_(items))
    ).all()
    left = Counter({(part.category, part.gtin): part.count for part in kit.parts})
    for row in rows:
        by_gtin, by_category = ("", row.gtin or "-"), (row.category, "")
        use = by_gtin if left[by_gtin] > 0 else by_category
        if left[use] <= 0:
            return _("%(code)s does not belong into this kit.", code=words.shown(row.code))
        left[use] -= 1
    lacking = sum(left.values())
    if lacking:
        return ngettext(
            "%(num)d item is still missing.", "%(num)d items are still missing.", lacking
        )
    return ""


@needs(Permission.EDIT_STOCK)
def break_up() -> BaseResponse:
    """The kit in this box is taken apart; each item is what it was."""
    box = request.form.get("box", "")
    try:
        action = msgspec.convert({"action": "break-kit", "box": box}, BreakKit)
    except msgspec.ValidationError:
        abort(404)
    back = url_for("boxes.one", code=action.box)
    return acting.do(action, back=back, done=_("The kit is taken apart."))
