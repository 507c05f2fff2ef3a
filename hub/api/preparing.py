"""Recipes of kits, delivery plans and what transfers are held against, over the API."""

from typing import Annotated, Any, Final

from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection, select

from contract.fields import PlanCode
from hub import db
from hub.access.permissions import Permission
from hub.api.routes import Call, Route
from hub.kiosks.catalogue import CatalogueError
from hub.kiosks.reference import TooManyNamesError
from hub.request import connection, services
from hub.stock import kit_recipes, plan_lines, transfer_settings
from hub.stock.kit_recipes import MAX_COUNT, MAX_LINES, Line, RecipeError
from hub.stock.plan_lines import MAX_WANTED, PlanChangedError, PlanError
from hub.stock.transfer_settings import TransferSettings, TransferSettingsError
from hub.web.login import require

Name = Annotated[str, Meta(max_length=60)]
Seen = Annotated[str, Meta(max_length=64)] | None


class KitLine(Struct, frozen=True, forbid_unknown_fields=True):
    """So many of a category, or of one retail code of 14 digits."""

    count: Annotated[int, Meta(ge=1, le=MAX_COUNT)]
    category: Annotated[str, Meta(max_length=8)] = ""
    gtin: Annotated[str, Meta(max_length=14)] = ""


class ToMakeKit(Struct, frozen=True, forbid_unknown_fields=True):
    """A recipe; a name in one language is enough."""

    parts: Annotated[list[KitLine], Meta(min_length=1, max_length=MAX_LINES)]
    zh: Name = ""
    en: Name = ""


class Keyed(Struct, frozen=True):
    """The key or code of what was made or changed."""

    key: str


class ToOffer(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the recipe is offered for building."""

    offered: bool


class ToMakePlan(Struct, frozen=True, forbid_unknown_fields=True):
    """A plan's title: a colour or a flower, never a name; one language is enough."""

    zh: Name = ""
    en: Name = ""


class ToWant(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of a category a plan wants; 0: none any more. ``seen`` is the plan's ``version`` as
    it was read: a 409 if it is another by now."""

    category: Annotated[str, Meta(max_length=8)]
    n: Annotated[int, Meta(ge=0, le=MAX_WANTED)]
    seen: Seen = None


class ToOpenPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the plan is open; ``seen`` as with what it wants."""

    open: bool
    seen: Seen = None


def _make_kit(call: Call) -> Keyed:
    require(Permission.NAME_CODES, "")  # recipes hold for the whole hub
    body = call.sent(ToMakeKit)
    lines = [Line(one.category, one.gtin, one.count) for one in body.parts]
    zh, en = body.zh.strip(), body.en.strip()
    key = services().writer.call(
        lambda writing: kit_recipes.add(writing, zh, en, lines, call.user.by, call.now_ms)
    )
    return Keyed(key)


def _offer(call: Call) -> Keyed:
    require(Permission.NAME_CODES, "")
    key, offered = call.path["key"], call.sent(ToOffer).offered
    known = services().writer.call(
        lambda writing: kit_recipes.offer(writing, key, offered, call.user.by, call.now_ms)
    )
    if not known:
        abort(404)
    return Keyed(key)


def _make_plan(call: Call) -> Keyed:
    require(Permission.NAME_CODES, "")  # plans hold for the whole hub
    body = call.sent(ToMakePlan)
    zh, en = body.zh.strip(), body.en.strip()
    code = services().writer.call(
        lambda writing: plan_lines.add(writing, zh, en, call.user.by, call.now_ms)
    )
    return Keyed(code)


def _plan(call: Call) -> PlanCode:
    require(Permission.NAME_CODES, "")
    code = call.path["code"]
    if connection().scalar(select(db.plan.c.code).where(db.plan.c.code == code)) is None:
        abort(404)
    return code


def _want(call: Call) -> Keyed:
    code, body = _plan(call), call.sent(ToWant)

    def work(writing: Connection) -> None:
        plan_lines.want(writing, code, body.category, body.n, call.user.by, call.now_ms, body.seen)

    services().writer.call(work)
    return Keyed(code)


def _open(call: Call) -> Keyed:
    code, body = _plan(call), call.sent(ToOpenPlan)

    def work(writing: Connection) -> None:
        plan_lines.open_again(writing, code, body.open, call.user.by, call.now_ms, body.seen)

    services().writer.call(work)
    return Keyed(code)


def _transfers(call: Call) -> TransferSettings:
    return transfer_settings.read(connection(), call.user.visible)


def _set_transfers(call: Call) -> TransferSettings:
    wish = call.sent(TransferSettings)

    def work(writing: Connection) -> TransferSettings:
        within = call.user.visible
        transfer_settings.put(writing, wish, call.user.by, call.now_ms, within)
        return transfer_settings.read(writing, within)

    return services().writer.call(work)


_KIT: Final = {"key": "The recipe's key."}
_CODE: Final = {"code": "The code of a delivery plan."}


def _post(
    path: str,
    name: str,
    summary: str,
    act: Any,
    body: type[Struct],
    refusals: dict[type[Exception], int] | None = None,
    arguments: dict[str, str] | None = None,
) -> Route:
    return Route(
        method="POST",
        path=path,
        name=name,
        summary=summary,
        permission=Permission.NAME_CODES,
        act=act,
        body=body,
        answer=Keyed,
        arguments=arguments or {},
        problems=(404,) if arguments else (),
        refusals=refusals or {},
    )


ROUTES: Final = (
    _post("/kits", "makeKit", "Make a recipe of a kit", _make_kit, ToMakeKit, {RecipeError: 400}),
    _post("/kits/{key}", "offerKit", "Offer a recipe, or do not", _offer, ToOffer, {}, _KIT),
    _post(
        "/plans",
        "makePlan",
        "Make a delivery plan",
        _make_plan,
        ToMakePlan,
        {PlanError: 400, CatalogueError: 400, TooManyNamesError: 409},
    ),
    _post(
        "/plans/{code}/wants",
        "wantForPlan",
        "How many of a category a plan wants",
        _want,
        ToWant,
        {PlanError: 400, PlanChangedError: 409},
        _CODE,
    ),
    _post(
        "/plans/{code}",
        "openPlan",
        "Close a plan, or open it",
        _open,
        ToOpenPlan,
        {PlanChangedError: 409},
        _CODE,
    ),
    Route(
        method="GET",
        path="/settings/transfers",
        name="transferSettings",
        summary="Whom to ask about transfers, which sheet is which stop, after how many days",
        permission=Permission.SETTINGS,
        act=_transfers,
        answer=TransferSettings,
    ),
    Route(
        method="POST",
        path="/settings/transfers",
        name="setTransfers",
        summary="Set that; stops and sheets that are left out stay as they are",
        permission=Permission.SETTINGS,
        act=_set_transfers,
        body=TransferSettings,
        answer=TransferSettings,
        refusals={TransferSettingsError: 400},
    ),
)
"""These routes."""
