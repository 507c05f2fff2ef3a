"""Kits: recipes, and building them from what must go out first into a box that keeps each item."""

import re
import secrets
from collections import Counter
from typing import Final

import msgspec
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, update
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.codes import CodeError
from hub import audit, catalogue, db, statuses
from hub.permissions import Permission
from hub.queries import fefo, places
from hub.queries.fefo import Pick
from hub.request import connection, now_ms, services
from hub.scope import within
from hub.stock_actions import BreakKit, BuildKit
from hub.web import formats, i18n, shell, story
from hub.web.login import needs, signed_in_user, visible_stops
from hub.web.stock import acting, words
from hub.web.stock.forms import held
from hub.web.stock.plans import number, why_first
from hub.web.stock.recalls import gtin_of, product_name

MAX_LINES: Final = 8
MAX_NAME: Final = 60
_KEY: Final = re.compile(r"[a-z0-9-]{1,32}")


class Part(Struct, frozen=True):
    """A line of a recipe: so many of a category, or of one retail code."""

    category: str
    gtin: str
    count: int
    name: str
    free: int = 0


class Recipe(Struct, frozen=True):
    """A kit: ``possible`` is how many could be built of what is free, ``built`` how many stand."""

    key: str
    name: str
    offered: bool
    parts: list[Part]
    built: int = 0

    @property
    def possible(self) -> int:
        """How many could be built of what is free."""
        return min((part.free // part.count for part in self.parts), default=0)


def blueprint() -> Blueprint:
    """``/kits``."""
    pages = Blueprint("kits", __name__)
    pages.get("/kits", endpoint="listing")(every)
    pages.get("/kits/new")(new)
    pages.post("/kits/new")(add)
    pages.get("/kits/<key>")(one)
    pages.post("/kits/<key>/state")(state)
    pages.get("/kits/<key>/build")(propose)
    pages.post("/kits/<key>/build")(build)
    pages.post("/kits/break")(break_up)
    return pages


# --- recipes -------------------------------------------------------------------------------------


def recipes(here: Connection, key: str | None = None) -> list[Recipe]:
    """Every recipe, or the one with this key, with what is free for it at the user's stops."""
    kit, line, box = db.kit.c, db.kit_line.c, db.box.c
    mine = visible_stops()
    only = (kit.key == key,) if key is not None else ()
    found = here.execute(select(db.kit).where(*only).order_by(kit.offered.desc(), kit.key)).all()
    parts: dict[str, list[Part]] = {}
    for row in here.execute(select(db.kit_line).order_by(line.kit, line.n)):
        if key is None or row.kit == key:
            parts.setdefault(row.kit, []).append(
                _part(here, row.category, row.gtin, row._mapping["count"])
            )
    built = {
        row.kit: int(row.n)
        for row in here.execute(
            select(box.kit, func.count().label("n"))
            .where(box.kit.is_not(None), box.status.in_(statuses.HERE), within(box.stop, mine))
            .group_by(box.kit)
        )
    }
    return [
        Recipe(
            row.key,
            i18n.pick(row.zh, row.en),
            row.offered,
            parts.get(row.key, []),
            built.get(row.key, 0),
        )
        for row in found
    ]


def _part(here: Connection, category: str, gtin: str, count: int) -> Part:
    mine, item = visible_stops(), db.item.c
    which = item.gtin == gtin if gtin else item.category == category
    at_stops = within(item.stop, mine)
    if gtin:
        free = select(func.count()).where(which, item.status == statuses.IN_STOCK, at_stops)
        name = product_name(here, gtin) or gtin
    else:
        stock = db.stock.c
        free = select(func.coalesce(func.sum(stock.n), 0)).where(
            stock.category == category,
            stock.status == statuses.IN_STOCK,
            within(stock.stop, mine),
        )
        name = story.category_name(category)
    in_kits = select(func.count()).where(
        which, item.status == statuses.IN_STOCK, at_stops, ~fefo.not_in_a_kit()
    )
    left = int(here.scalar(free) or 0) - int(here.scalar(in_kits) or 0)
    return Part(category, gtin, count, name, left)


@needs(Permission.VIEW)
def every() -> str:
    """The recipes."""
    may_name = signed_in_user().may(Permission.NAME_CODES)
    return render_template("stock/kits.html", kits=recipes(connection()), may_name=may_name)


@needs(Permission.NAME_CODES)
def new() -> str:
    """The form of a new recipe."""
    return _form({}, "")


def _form(values: dict[str, str], problem: str) -> str:
    here = connection()
    keys = sorted(catalogue.category_keys(here))
    return render_template(
        "stock/kit_new.html",
        values=values,
        problem=problem,
        lines=range(MAX_LINES),
        categories=[(key, story.category_name(key)) for key in keys],
    )


@needs(Permission.NAME_CODES)
def add() -> BaseResponse:
    """A new recipe."""
    values = request.form.to_dict()
    zh, en = (values.get(name, "").strip()[:MAX_NAME] for name in ("zh", "en"))
    known = catalogue.category_keys(connection())
    lines: list[tuple[str, str, int]] = []
    problem = "" if zh or en else _("A kit needs a name in one language at least.")
    for n in range(MAX_LINES):
        category, typed = values.get(f"category.{n}", ""), values.get(f"gtin.{n}", "").strip()
        if not category and not typed:
            continue
        count = number(values.get(f"count.{n}", "") or "1", 1, 100)
        gtin = gtin_of(typed) if typed else ""
        if count is None or gtin is None or (not typed and category not in known):
            problem = _("Line %(n)s: a category or a retail code, and how many.", n=n + 1)
            break
        lines.append(("", gtin, count) if typed else (category, "", count))
    if not problem and not lines:
        problem = _("A kit needs at least one line.")
    if problem:
        return Response(_form(values, problem), status=422)
    key = f"kit-{secrets.token_hex(4)}"
    who, moment = signed_in_user().by, now_ms()

    def write(writing: Connection) -> None:
        writing.execute(insert(db.kit).values(key=key, zh=zh or en, en=en or zh, offered=True))
        rows = [
            {"kit": key, "n": n, "category": category, "gtin": gtin, "count": count}
            for n, (category, gtin, count) in enumerate(lines)
        ]
        writing.execute(insert(db.kit_line), rows)
        audit.note(writing, who, "reference.put", "kits", {"keys": [key]}, moment)

    services().writer.call(write)
    shell.told(_("The kit can be built now."))
    return redirect(url_for("kits.one", key=key), 303)


def _kit(key: str) -> Recipe:
    found = recipes(connection(), key) if _KEY.fullmatch(key) else []
    if not found:
        abort(404)
    return found[0]


@needs(Permission.VIEW)
def one(key: str) -> BaseResponse:
    """A recipe, what is free for it, and the kits that stand."""
    here, kit = connection(), _kit(key)
    box, known = db.box.c, places.stops(here)
    rows = here.execute(
        select(box.code, box.stop, box.place, box.status, box.changed_t)
        .where(box.kit == key, within(box.stop, visible_stops()))
        .order_by(box.changed_t.desc())
        .limit(100)
    )
    built = [
        (row.code, words.stop(known, row.stop), words.place(here, row.place), row.changed_t)
        for row in rows
    ]
    return Response(
        render_template(
            "stock/kit.html",
            kit=kit,
            built=built,
            stops=words.stop_choices(here),
            may_edit=acting.may_edit(),
            may_name=signed_in_user().may(Permission.NAME_CODES),
        )
    )


@needs(Permission.NAME_CODES)
def state(key: str) -> BaseResponse:
    """Takes the recipe out of the choice, or offers it again."""
    kit = _kit(key)
    offered = request.form.get("offered") == "1"
    who, moment = signed_in_user().by, now_ms()

    def write(writing: Connection) -> None:
        writing.execute(update(db.kit).where(db.kit.c.key == key).values(offered=offered))
        audit.note(writing, who, "reference.put", "kits", {"keys": [key], "value": offered}, moment)

    services().writer.call(write)
    shell.told(_("Saved"))
    return redirect(url_for("kits.one", key=kit.key), 303)


# --- building ------------------------------------------------------------------------------------


@needs(Permission.EDIT_STOCK)
def propose(key: str) -> BaseResponse:
    """Which items go into it: those that must go out first."""
    here, kit = connection(), _kit(key)
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
    here, kit = connection(), _kit(key)
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
