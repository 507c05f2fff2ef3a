"""Kits: recipes, and building them from what must go out first into a box that keeps each item."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from hub import db
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.kiosks import catalogue
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.statuses import HERE
from hub.stock import kit_recipes
from hub.stock.kit_recipes import MAX_LINES, MAX_NAME, Line
from hub.web import shell, story
from hub.web.login import needs, require, signed_in_user, visible_stops
from hub.web.stock import acting, kit_building, recipes, words
from hub.web.stock.plan_goods import number
from hub.web.stock.recalls import gtin_of


def blueprint() -> Blueprint:
    """``/kits``."""
    pages = Blueprint("kits", __name__)
    pages.get("/kits", endpoint="listing")(every)
    pages.get("/kits/new")(new)
    pages.post("/kits/new")(add)
    pages.get("/kits/<key>")(one)
    pages.post("/kits/<key>/state")(state)
    pages.get("/kits/<key>/build")(kit_building.propose)
    pages.post("/kits/<key>/build")(kit_building.build)
    pages.post("/kits/break")(kit_building.break_up)
    return pages


# --- recipes -------------------------------------------------------------------------------------


@needs(Permission.VIEW)
def every() -> str:
    """The recipes."""
    may_name = signed_in_user().may(Permission.NAME_CODES, "")
    return render_template("stock/kits.html", kits=recipes.recipes(connection()), may_name=may_name)


@needs(Permission.NAME_CODES)
def new() -> str:
    """The form of a new recipe, which holds for the whole hub."""
    require(Permission.NAME_CODES, "")
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
    require(Permission.NAME_CODES, "")
    values = request.form.to_dict()
    zh, en = (values.get(name, "").strip()[:MAX_NAME] for name in ("zh", "en"))
    known = catalogue.category_keys(connection())
    lines: list[Line] = []
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
        lines.append(Line("", gtin, count) if typed else Line(category, "", count))
    if not problem and not lines:
        problem = _("A kit needs at least one line.")
    if problem:
        return Response(_form(values, problem), status=422)
    who, moment = signed_in_user().by, now_ms()
    key = services().writer.call(
        lambda writing: kit_recipes.add(writing, zh, en, lines, who, moment)
    )
    shell.told(_("The kit can be built now."))
    return redirect(url_for("kits.one", key=key), 303)


@needs(Permission.VIEW)
def one(key: str) -> BaseResponse:
    """A recipe, what is free for it, and the kits that stand."""
    here, kit = connection(), recipes.kit_of(key)
    box, known = db.box.c, places.stops(here)
    rows = here.execute(
        select(box.code, box.stop, box.place, box.status, box.changed_t)
        .where(box.kit == key, box.status.in_(HERE), within(box.stop, visible_stops()))
        .order_by(box.changed_t.desc())
        .limit(100)
    ).all()
    place_names = words.place_names(here, (row.place for row in rows))
    built = [
        (row.code, words.stop(known, row.stop), place_names[row.place], row.changed_t)
        for row in rows
    ]
    return Response(
        render_template(
            "stock/kit.html",
            kit=kit,
            built=built,
            stops=words.stop_choices(here),
            may_edit=acting.may_edit(),
            may_name=signed_in_user().may(Permission.NAME_CODES, ""),
        )
    )


@needs(Permission.NAME_CODES)
def state(key: str) -> BaseResponse:
    """Takes the recipe out of the choice, or offers it again."""
    require(Permission.NAME_CODES, "")
    kit = recipes.kit_of(key)
    offered = request.form.get("offered") == "1"
    who, moment = signed_in_user().by, now_ms()

    services().writer.call(
        lambda writing: kit_recipes.offer(writing, kit.key, offered, who, moment)
    )
    shell.told(_("Saved"))
    return redirect(url_for("kits.one", key=kit.key), 303)
