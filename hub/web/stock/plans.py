"""Delivery plans: what is wanted, what is kept for them, the list to fetch it by, and FEFO."""

from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.reference import Plan
from hub import db
from hub.access.permissions import Permission
from hub.access.users import User
from hub.kiosks import catalogue
from hub.kiosks.catalogue import CatalogueError
from hub.kiosks.reference import TooManyNamesError
from hub.queries import plans as query
from hub.queries.plans import Sums
from hub.request import connection, now_ms, services
from hub.stock import plan_lines
from hub.stock.plan_lines import MAX_NAME, MAX_WANTED, PlanChangedError
from hub.stock.stock_actions import UnreservePlan
from hub.web import i18n, shell, story
from hub.web import listing as tables
from hub.web.listing import Choice, Column, Link, Listing, SqlSource
from hub.web.listing import Kind as CellKind
from hub.web.login import needs, require, signed_in_user, visible_stops
from hub.web.stock import acting, plan_goods, words
from hub.web.stock.plan_goods import number, plan_of, stop_namer

_PLAN: Final = db.plan.c


class Line(Struct, frozen=True):
    """A plan of the list."""

    code: str
    name: str
    open: bool
    sums: Sums


def blueprint() -> Blueprint:
    """``/plans``."""
    pages = Blueprint("plans", __name__)
    pages.get("/plans", endpoint="listing")(every)
    pages.get("/plans/new")(new)
    pages.post("/plans/new")(add)
    pages.get("/plans/<code>")(one)
    pages.get("/plans/<code>/fetch")(plan_goods.fetch)
    pages.get("/plans/<code>/propose")(plan_goods.propose)
    pages.post("/plans/<code>/want")(want)
    pages.post("/plans/<code>/state")(state)
    pages.post("/plans/<code>/release")(release)
    return pages


def _select() -> Select[Any]:
    return select(*db.plan.c)


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    sums = query.sums(here, [row.code for row in found])
    return [
        Line(row.code, i18n.pick(row.zh, row.en), row.open, sums.get(row.code, Sums()))
        for row in found
    ]


PLANS: Final = Listing[Line](
    name="plans",
    title=_l("Deliveries"),
    order="name",
    empty=_l("No delivery plan yet. Make one: its title is a colour or a flower, never a name."),
    source=SqlSource(select=_select, key=(_PLAN.code,), rows=_rows),
    columns=(
        Column(
            "name",
            _l("Plan"),
            lambda row: row.name,
            heading=True,
            link=Link("plans.one", "code", lambda row: row.code),
            sort=_PLAN.zh,
        ),
        Column(
            "code",
            _l("Code"),
            lambda row: row.code,
            CellKind.CODE,
            show=lambda row: codes.grouped(row.code),
            sort=_PLAN.code,
        ),
        Column("wanted", _l("Wanted"), lambda row: row.sums.wanted, CellKind.NUMBER),
        Column("reserved", _l("Reserved"), lambda row: row.sums.reserved, CellKind.NUMBER),
        Column("out", _l("Out"), lambda row: row.sums.out, CellKind.NUMBER),
        Column("delivered", _l("Delivered"), lambda row: row.sums.delivered, CellKind.NUMBER),
        Column("state", _l("State"), lambda row: _("open") if row.open else _("closed")),
    ),
    filters=(
        Choice(
            "open",
            _l("State"),
            options=lambda _here: [("yes", _("open")), ("no", _("closed"))],
            where=lambda value: _PLAN.open if value == "yes" else _PLAN.open.is_(False),
            first=True,
        ),
    ),
)


@needs(Permission.VIEW)
def every() -> BaseResponse:
    """Plans, as the address filters them."""
    may_name = _may_set(signed_in_user())
    return tables.respond(PLANS, "stock/plans.html", may_name=may_name)


@needs(Permission.NAME_CODES)
def new() -> str:
    """The form of a new plan."""
    _require_all()
    return render_template("stock/plan_new.html", zh="", en="")


@needs(Permission.NAME_CODES)
def add() -> BaseResponse:
    """A new plan with a code of its own; kiosks know it within seconds."""
    _require_all()
    zh, en = (request.form.get(name, "").strip()[:MAX_NAME] for name in ("zh", "en"))
    if not zh and not en:
        shell.told(_("A plan needs a title in one language at least."), "bad")
        return redirect(url_for("plans.new"), 303)
    who, moment = signed_in_user().by, now_ms()
    try:
        code = services().writer.call(lambda writing: plan_lines.add(writing, zh, en, who, moment))
    except (CatalogueError, TooManyNamesError):
        abort(400)
    shell.told(_("The plan is there. Say what it wants, then reserve it."))
    return redirect(url_for("plans.one", code=code), 303)


def _may_set(user: User) -> bool:
    """Plans hold for the whole hub, so a scope that leaves a stop out does not reach them."""
    return user.may(Permission.NAME_CODES, "")


def _require_all() -> None:
    require(Permission.NAME_CODES, "")


# --- one plan ------------------------------------------------------------------------------------


@needs(Permission.VIEW)
def one(code: str) -> BaseResponse:
    """What the plan wants beside what it has, and what is kept for it."""
    here, plan = connection(), plan_of(code)
    if plan.code != code:
        return redirect(url_for("plans.one", code=plan.code), 302)
    kept, more, elsewhere = plan_goods.kept_of(here, plan.code)
    page = render_template(
        "stock/plan.html",
        plan=plan,
        name=i18n.pick(plan.zh, plan.en),
        needs=query.needs(here, plan.code, visible_stops()),
        kept=kept,
        more=more,
        elsewhere=elsewhere,
        category_name=story.category_name,
        categories=_categories(here),
        stop_name=stop_namer(here),
        place_name=lambda code: words.place(here, code),
        may_edit=acting.may_edit(),
        may_name=_may_set(signed_in_user()),
        version=plan_lines.version(here, plan.code),
        request_id=acting.new_request,
        here=request.path,
    )
    return Response(page)


def _categories(here: Connection) -> list[tuple[str, str]]:
    return [(key, story.category_name(key)) for key in sorted(catalogue.category_keys(here))]


@needs(Permission.NAME_CODES)
def want(code: str) -> BaseResponse:
    """The plan wants so many of a category; none takes the line away."""
    _require_all()
    plan = plan_of(code)
    back = redirect(url_for("plans.one", code=plan.code), 303)
    category, n = request.form.get("category", ""), number(request.form.get("n", ""), 0, MAX_WANTED)
    if n is None or category not in catalogue.category_keys(connection()):
        shell.told(_("Please choose a category and a number."), "bad")
        return back
    who, moment, wanted, seen = signed_in_user().by, now_ms(), n, request.form.get("version", "")
    try:
        services().writer.call(
            lambda writing: plan_lines.want(writing, plan.code, category, wanted, who, moment, seen)
        )
    except PlanChangedError:
        return _changed(plan)
    shell.told(_("Saved"))
    return back


@needs(Permission.NAME_CODES)
def state(code: str) -> BaseResponse:
    """Closes the plan, or opens it again."""
    _require_all()
    plan = plan_of(code)
    opened = request.form.get("open") == "1"
    who, moment, seen = signed_in_user().by, now_ms(), request.form.get("version", "")
    try:
        services().writer.call(
            lambda writing: plan_lines.open_again(writing, plan.code, opened, who, moment, seen)
        )
    except PlanChangedError:
        return _changed(plan)
    shell.told(_("The plan is open.") if opened else _("The plan is closed."))
    return redirect(url_for("plans.one", code=plan.code), 303)


def _changed(plan: Plan) -> BaseResponse:
    """Somebody else has set the plan since the page was shown."""
    page, status = shell.conflict((), url_for("plans.one", code=plan.code))
    return Response(page, status=status)


@needs(Permission.EDIT_STOCK)
def release(code: str) -> BaseResponse:
    """Whatever is still kept for it is free again."""
    plan = plan_of(code)
    back = url_for("plans.one", code=plan.code)
    return acting.do(
        UnreservePlan(plan.code), back=back, done=_("All that was kept for it is free again.")
    )
