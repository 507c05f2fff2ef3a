"""One market: the money by way of paying, the counting, and one line after the other."""

from typing import Any, Final

from flask import abort
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from hub import db
from hub.access.permissions import Permission
from hub.folds.sales import SOLD, TAKEN_BACK
from hub.queries import market as query
from hub.request import connection
from hub.web import formats, listing, story
from hub.web.listing import Column, Kind, Link, Listing, SqlSource, as_found
from hub.web.login import needs, require
from hub.web.market_words import FEN_PER_JIAO, deed, pay_name, signed_fen, stop_name

_SALE: Final = db.sale.c
_ITEM: Final = db.item.c
_SALES: Final = (SOLD, TAKEN_BACK)


@needs(Permission.VIEW)
def one(market: str) -> BaseResponse:
    """The page, or its lines as a file."""
    here = connection()
    found = query.markets(here, None, market=market[:32])
    if not found:
        abort(404)
    require(Permission.VIEW, found[0].stop)
    day = found[0]
    taken = query.by_pay(here, day.market)
    return listing.respond(
        _lines(day.market),
        "market/one.html",
        market=day,
        stop=stop_name(day.stop),
        by_pay=[(pay_name(pay), jiao * FEN_PER_JIAO) for pay, jiao in taken],
        recorded=query.recorded(here, day.market),
        fen=lambda jiao: jiao * FEN_PER_JIAO,
    )


def _amount(row: Any) -> int | None:
    return signed_fen(row.kind, row.amount)


def _sum(row: Any) -> str:
    amount = _amount(row)
    if amount is None:
        return ""
    shown = formats.money(amount)
    return shown if row.kind in _SALES else _("counted %(sum)s", sum=shown)


def _lines(market: str) -> Listing[Any]:
    def of_market() -> Select[Any]:
        return (
            select(
                _SALE.t.label("at"),  # a row of SQLAlchemy's has a `t` of its own
                *(_SALE[name] for name in ("event", "kind", "item", "amount", "pay")),
                func.coalesce(_ITEM.category, _SALE.category).label("category"),
            )
            .select_from(db.sale.outerjoin(db.item, _ITEM.code == _SALE.item))
            .where(_SALE.market == market)
        )

    return Listing[Any](
        name="market-lines",
        title=_l("One after the other"),
        order="when",
        empty=_l("Nothing was sold yet."),
        source=SqlSource(select=of_market, key=(_SALE.event,), rows=as_found),
        columns=(
            Column("when", _l("When"), lambda row: row.at, Kind.MOMENT, sort=_SALE.t, heading=True),
            Column("what", _l("What"), lambda row: deed(row.kind)),
            Column(
                "item",
                _l("Item"),
                lambda row: row.item,
                Kind.CODE,
                show=lambda row: codes.grouped(row.item) if row.item else "",
                link=Link("board.item", "code", lambda row: row.item),
            ),
            Column(
                "category", _l("Category"), lambda row: story.category_name(row.category) or None
            ),
            Column(
                "pay", _l("Paid by"), lambda row: pay_name(row.pay) if row.kind in _SALES else None
            ),
            Column("amount", _l("Amount"), _amount, Kind.MONEY, show=_sum, sort=_SALE.amount),
        ),
    )
