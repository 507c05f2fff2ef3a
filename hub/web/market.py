"""The charity market: prices the day before, what was sold, what was taken and what was counted."""

import calendar
from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.codes import CodeError
from hub import db
from hub.access import audit
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.folds.sales import SOLD, TAKEN_BACK
from hub.log.recording import RequestReusedError
from hub.queries import market as query
from hub.queries.market import Market, Proceeds
from hub.request import connection, now_ms, services
from hub.stock.stock_actions import MAX_ITEMS, Refused, SetPrice
from hub.stock.stock_changes import Keeper, carry_out
from hub.tables.projections import PRICED_ONLY
from hub.web import listing, market_day, shell, story
from hub.web.listing import (
    Choice,
    Column,
    Days,
    Kind,
    Link,
    Listing,
    MemorySource,
    SqlSource,
    as_found,
    filters,
)
from hub.web.login import needs, signed_in_user, visible_stops
from hub.web.market_words import FEN_PER_JIAO, counted, deed, pay_name, pays, signed_fen, stop_name
from hub.web.reports.asking import category_options
from hub.web.stock import acting, words

MAX_YUAN: Final = 1_000
_SALE: Final = db.sale.c
_ITEM: Final = db.item.c
_PROCEEDS: Final = db.proceeds.c


def blueprint() -> Blueprint:
    """The pages under ``/market``."""
    pages = Blueprint("market", __name__, url_prefix="/market")
    pages.get("/")(overview)
    pages.get("/sales")(sales)
    pages.get("/proceeds")(proceeds)
    pages.get("/prices")(prices)
    pages.post("/prices")(set_prices)
    pages.get("/prices/labels.pdf")(labels)
    pages.get("/<market>")(market_day.one)
    return pages


# --- the list of markets -------------------------------------------------------------------------

MARKETS: Final = Listing[Market](
    name="markets",
    title=_l("Markets"),
    order="-began",
    empty=_l("No market yet. Scan the market card at a kiosk, then an item and its price."),
    source=MemorySource(rows=lambda here: query.markets(here, visible_stops())),
    columns=(
        Column(
            "began",
            _l("Began"),
            lambda row: row.first_t,
            Kind.MOMENT,
            sort=True,
            heading=True,
            link=Link("market.one", "market", lambda row: row.market),
        ),
        Column("stop", _l("Stop"), lambda row: stop_name(row.stop), sort=True),
        Column(
            "sales",
            _l("All sales"),
            lambda row: row.sales,
            Kind.NUMBER,
            sort=True,
            link=lambda row: url_for("market.sales", market=row.market, what=SOLD),
        ),
        Column("net", _l("Taken"), lambda row: row.net * FEN_PER_JIAO, Kind.MONEY, sort=True),
        Column(
            "cash",
            _l("Of that in cash"),
            lambda row: row.cash * FEN_PER_JIAO,
            Kind.MONEY,
            sort=True,
        ),
        Column(
            "counted",
            _l("Counted in the box"),
            lambda row: None if row.counted is None else row.counted * FEN_PER_JIAO,
            Kind.MONEY,
        ),
        Column("state", _l("Counted?"), counted),
    ),
    filters=(filters.stops(keep=lambda row, stop: row.stop == stop),),
)


@needs(Permission.VIEW)
def overview() -> BaseResponse:
    """Every market."""
    return listing.respond(
        MARKETS,
        "market/overview.html",
        may_price=signed_in_user().may(Permission.MARKET),
        priced=_priced_count(connection()),
    )


def _priced_count(here: Connection) -> int:
    query = select(func.count()).where(PRICED_ONLY, within(_ITEM.stop, visible_stops()))
    return here.scalar(query.select_from(db.item)) or 0


# --- sales and proceeds --------------------------------------------------------------------------


def _sales_of() -> Select[Any]:
    return (
        select(
            _SALE.event,
            _SALE.t.label("at"),
            _SALE.market,
            _SALE.stop,
            _SALE.kind,
            _SALE.item,
            _SALE.amount,
            _SALE.pay,
            _SALE.category,
            _ITEM.category.label("item_category"),
        )
        .select_from(db.sale.outerjoin(db.item, _ITEM.code == _SALE.item))
        .where(within(_SALE.stop, visible_stops()), _SALE.kind.in_((SOLD, TAKEN_BACK)))
    )


UNLABELLED: Final = "-"
"""Stands in an address for the category of what was sold without a label and named as nothing."""


def _of_category(key: str) -> ColumnElement[bool]:
    """As `hub.projections.sale_store` adds proceeds up."""
    category = func.coalesce(_ITEM.category, _SALE.category, "")
    return category == ("" if key == UNLABELLED else key)


def _categories(_connection: Connection) -> list[tuple[str, str]]:
    return [*category_options(), (UNLABELLED, str(_("without a label")))]


def _deeds(_connection: Connection) -> list[tuple[str, str]]:
    return [(kind, deed(kind)) for kind in (SOLD, TAKEN_BACK)]


def _signed(row: Any) -> int:
    return signed_fen(row.kind, row.amount) or 0


SALES: Final = Listing[Any](
    name="sales",
    title=_l("All sales"),
    order="-when",
    empty=_l("Nothing was sold yet."),
    source=SqlSource(select=_sales_of, key=(_SALE.event,), rows=as_found),
    columns=(
        Column(
            "when",
            _l("When"),
            lambda row: row.at,
            Kind.MOMENT,
            sort=_SALE.t,
            heading=True,
            link=Link("market.one", "market", lambda row: row.market),
        ),
        Column("stop", _l("Stop"), lambda row: stop_name(row.stop)),
        Column(
            "item",
            _l("Item"),
            lambda row: row.item,
            Kind.CODE,
            link=Link("board.item", "code", lambda row: row.item),
        ),
        Column(
            "category",
            _l("Category"),
            lambda row: story.category_name(row.item_category or row.category),
        ),
        Column("what", _l("What"), lambda row: deed(row.kind)),
        Column("pay", _l("Paid by"), lambda row: pay_name(row.pay)),
        Column("amount", _l("Amount"), _signed, Kind.MONEY, sort=_SALE.amount),
    ),
    filters=(
        filters.stops(_SALE.stop),
        Days("when", _l("When"), where=filters.moments(_SALE.t), first=True),
        Choice("category", _l("Category"), options=_categories, where=_of_category),
        Choice("what", _l("What"), options=_deeds, where=lambda kind: _SALE.kind == kind),
        Choice("pay", _l("Paid by"), options=pays, where=lambda pay: _SALE.pay == pay),
        Choice(
            "market",
            _l("Market"),
            options=lambda _connection: [],
            other=True,
            where=lambda market: _SALE.market == market,
        ),
    ),
)


@needs(Permission.VIEW)
def sales() -> BaseResponse:
    """Every sale and what was brought back."""
    return listing.respond(SALES)


def _proceeds_of() -> Select[Any]:
    return select(*_PROCEEDS).where(within(_PROCEEDS.stop, visible_stops()))


def _brought(_connection: Connection, found: Sequence[Row[Any]]) -> list[Proceeds]:
    names = Proceeds.__struct_fields__
    return [Proceeds(*(getattr(row, name) for name in names)) for row in found]


def _sold_in(row: Proceeds) -> str:
    """The sales that a line of the proceeds counts."""
    last = calendar.monthrange(int(row.month[:4]), int(row.month[5:]))[1]
    return url_for(
        "market.sales",
        stop=row.stop,
        category=row.category or UNLABELLED,
        what=SOLD,
        when_from=f"{row.month}-01",
        when_to=f"{row.month}-{last:02d}",
    )


PROCEEDS: Final = Listing[Proceeds](
    name="proceeds",
    title=_l("Proceeds"),
    order="-month",
    empty=_l("Nothing was sold yet."),
    source=SqlSource(
        select=_proceeds_of,
        key=(_PROCEEDS.month, _PROCEEDS.stop, _PROCEEDS.category),
        rows=_brought,
    ),
    columns=(
        Column(
            "month",
            _l("Month"),
            lambda row: row.month,
            Kind.DATE,
            sort=_PROCEEDS.month,
            heading=True,
        ),
        Column("stop", _l("Stop"), lambda row: stop_name(row.stop), sort=_PROCEEDS.stop),
        Column(
            "category",
            _l("Category"),
            lambda row: story.category_name(row.category) or str(_("without a label")),
            sort=_PROCEEDS.category,
        ),
        Column(
            "sales",
            _l("All sales"),
            lambda row: row.sales,
            Kind.NUMBER,
            sort=True,
            link=_sold_in,
        ),
        Column(
            "net",
            _l("Amount"),
            lambda row: row.net * FEN_PER_JIAO,
            Kind.MONEY,
            sort=_PROCEEDS.sold - _PROCEEDS.taken_back,
        ),
    ),
    filters=(filters.stops(_PROCEEDS.stop),),
)


@needs(Permission.VIEW)
def proceeds() -> BaseResponse:
    """What each category brought, by month and stop."""
    return listing.respond(PROCEEDS)


# --- prices --------------------------------------------------------------------------------------


@needs(Permission.MARKET)
def prices() -> str:
    """The form: scan what is to be sold, say its price."""
    return _prices(request.args.get("codes", ""), request.args.get("yuan", ""))


def _prices(typed: str, yuan: str, problem: str = "", where: str = "") -> str:
    return render_template(
        "market/prices.html",
        codes=typed,
        yuan=yuan,
        problem=problem,
        where=where,
        request_id=acting.new_request(),
        priced=connection().execute(_priced().limit(1)).first() is not None,
    )


def _priced() -> Select[Any]:
    """What can be sold at the stops that the user may see: it has a price, and is free."""
    return select(_ITEM.code, _ITEM.category, _ITEM.price).where(
        PRICED_ONLY, within(_ITEM.stop, visible_stops())
    )


@needs(Permission.MARKET)
def set_prices() -> BaseResponse:
    """Prices what was scanned; its labels can be printed then."""
    user = signed_in_user()
    typed, yuan = request.form.get("codes", ""), request.form.get("yuan", "").strip()
    jiao = _jiao(yuan)
    if jiao is None:
        text = str(_("A price in yuan, such as 5 or 5.5."))
        return Response(_prices(typed, yuan, text, "yuan"), status=400)
    items: list[str] = []
    for word in typed.split():
        try:
            parsed = codes.parse(codes.normalise(word))
        except CodeError:
            parsed = None
        if parsed is None or parsed.kind not in (codes.Kind.ITEM, codes.Kind.BOX):
            text = str(_("“%(word)s” is no item or box.", word=word[:40]))
            return Response(_prices(typed, yuan, text, "codes"), status=400)
        items.append(parsed.text)
    items = list(dict.fromkeys(items))
    if not items or len(items) > MAX_ITEMS:
        text = str(_("Scan from 1 to %(n)s items.", n=MAX_ITEMS))
        return Response(_prices(typed, yuan, text, "codes"), status=400)
    keeper, moment, key = Keeper(user.id, user.sees), now_ms(), acting.request_id()
    action = SetPrice(tuple(items), jiao)
    try:
        services().writer.call(
            lambda writing: carry_out(writing, action, keeper, now_ms=moment, request=key)
        )
    except Refused as error:
        text = words.refusal(error)
        return Response(_prices(typed, yuan, text, "codes"), status=409)
    except RequestReusedError:
        text = _("This form was sent before, for something else. Please begin again.")
        return Response(_prices(typed, yuan, text, "yuan"), status=409)
    shell.told(_("%(n)s things cost %(price)s yuan now.", n=len(items), price=yuan))
    address = url_for("market.prices", codes=" ".join(items), yuan=yuan)
    return redirect(address, 303)


def _jiao(text: str) -> int | None:
    """Yuan with at most one decimal as jiao; None for anything else."""
    whole, point, rest = text.replace("。", ".").partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 4):
        return None
    if point and not (len(rest) == 1 and rest.isascii() and rest.isdigit()):
        return None
    jiao = int(whole) * 10 + int(rest or "0")
    return jiao if 0 < jiao <= MAX_YUAN * 10 else None


@needs(Permission.MARKET)
def labels() -> BaseResponse:
    """Price labels on A4 sheets of 24, of what has a price and is free."""
    from provisioning import tokens
    from provisioning.cards import Order, pdf_of
    from provisioning.sheets import SMALL_LABELS, Format, Language

    user, here = signed_in_user(), connection()
    query_ = _priced()
    wanted = [word for word in request.args.get("codes", "").split() if word.isalnum()]
    if wanted:
        query_ = query_.where(_ITEM.code.in_(wanted[:MAX_ITEMS]))
    rows = here.execute(query_.order_by(_ITEM.price, _ITEM.code).limit(MAX_ITEMS)).all()
    if not rows:
        abort(404)
    made = []
    for code, category, price in rows:
        [label] = tokens.price_labels(price, 1)
        zh, en = story.category_names(category)
        shown = codes.grouped(code)
        made.append(tokens.with_words(label, f"{zh} {shown}", f"{en} {shown}"))
    content = pdf_of(Order(False, (), ((SMALL_LABELS, tuple(made)),)), Format.A4, Language.ZH)
    moment = now_ms()
    services().writer.call(
        lambda writing: audit.note(
            writing, user.by, "export", "price labels", {"rows": len(made)}, moment
        )
    )
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="prices.pdf"'
    return response
