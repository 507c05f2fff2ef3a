"""What the charity market took."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, case, func, select

from hub import db
from hub.access.scope import Stops, within
from hub.folds.sales import CLOSED, SOLD, TAKEN_BACK
from hub.reporting.statements import Takings

CASH: Final = "C"
"""The key of the payment card for cash: the one way that can be counted in a box."""

_SALE: Final = db.sale.c


def _amount(kind: str) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((_SALE.kind == kind, _SALE.amount), else_=0)), 0)


def _sales() -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((_SALE.kind == SOLD, 1), else_=0)), 0)


def takings(connection: Connection, first_ms: int, end_ms: int) -> list[Takings]:
    """What each stop took from ``first_ms`` on and before ``end_ms``, by way of paying. What was
    counted is cash."""
    inside = (_SALE.t >= first_ms, _SALE.t < end_ms)
    counted: dict[str, int] = {
        row[0]: int(row[1])
        for row in connection.execute(
            select(_SALE.stop, func.sum(_SALE.amount))
            .where(*inside, _SALE.kind == CLOSED, _SALE.amount.is_not(None))
            .group_by(_SALE.stop)
        )
    }
    rows = connection.execute(
        select(_SALE.stop, _SALE.pay, _sales(), _amount(SOLD), _amount(TAKEN_BACK))
        .where(*inside, _SALE.kind.in_((SOLD, TAKEN_BACK)))
        .group_by(_SALE.stop, _SALE.pay)
        .order_by(_SALE.stop, _SALE.pay)
    )
    return [
        Takings(
            stop,
            pay or "",
            int(sales),
            int(sold),
            int(back),
            counted.get(stop) if pay == CASH else None,
        )
        for stop, pay, sales, sold, back in rows
    ]


class Market(Struct, frozen=True):
    """One market day at one lane. Money is in jiao; ``counted`` None: nobody counted, ``closed``
    None: it is still open."""

    market: str
    stop: str
    kiosk: str
    first_t: int
    sales: int
    sold: int
    taken_back: int
    cash: int
    counted: int | None
    closed: int | None

    @property
    def net(self) -> int:
        """What was taken."""
        return self.sold - self.taken_back

    @property
    def difference(self) -> int | None:
        """Counted cash less recorded cash; None: nobody counted."""
        return None if self.counted is None else self.counted - self.cash


def markets(
    connection: Connection, stops: Stops, *, market: str | None = None, limit: int = 500
) -> list[Market]:
    """Markets, the newest first."""
    signed = case((_SALE.kind == TAKEN_BACK, -_SALE.amount), else_=_SALE.amount)
    cash = case(((_SALE.pay == CASH) & _SALE.kind.in_((SOLD, TAKEN_BACK)), signed), else_=0)
    closing = _SALE.kind == CLOSED
    query = (
        select(
            _SALE.market,
            func.min(_SALE.stop),
            func.min(_SALE.kiosk),
            func.min(_SALE.t).label("first_t"),
            _sales(),
            _amount(SOLD),
            _amount(TAKEN_BACK),
            func.coalesce(func.sum(cash), 0),
            func.sum(case((closing, _SALE.amount), else_=None)),
            func.sum(case((closing, 1), else_=None)),
        )
        .where(within(_SALE.stop, stops))
        .group_by(_SALE.market)
        .order_by(func.min(_SALE.t).desc(), _SALE.market)
        .limit(limit)
    )
    if market is not None:
        query = query.where(_SALE.market == market)
    return [_market(row) for row in connection.execute(query)]


def _market(row: Sequence[Any]) -> Market:
    market, stop, kiosk, first_t, sales, sold, taken_back, cash, counted, closed = row
    return Market(
        market=market,
        stop=stop,
        kiosk=kiosk,
        first_t=int(first_t),
        sales=int(sales),
        sold=int(sold),
        taken_back=int(taken_back),
        cash=int(cash),
        counted=None if counted is None else int(counted),
        closed=None if closed is None else int(closed),
    )


class SaleLine(Struct, frozen=True):
    """A line of a market."""

    t: int
    known: bool
    kind: str
    item: str | None
    category: str | None
    amount: int | None
    pay: str | None
    recorded: int | None
    cash: int | None
    event: int


def lines(connection: Connection, market: str) -> list[SaleLine]:
    """The lines of a market, in order."""
    columns = [_SALE[name] for name in SaleLine.__struct_fields__]
    rows = connection.execute(
        select(*columns).where(_SALE.market == market).order_by(_SALE.t, _SALE.event)
    )
    return [SaleLine(*row) for row in rows]


class Proceeds(Struct, frozen=True):
    """What one category brought at one stop in one month, ``YYYY-MM``, in jiao."""

    month: str
    stop: str
    category: str
    sales: int
    sold: int
    taken_back: int

    @property
    def net(self) -> int:
        """What it brought."""
        return self.sold - self.taken_back


def proceeds(connection: Connection, stops: Stops) -> list[Proceeds]:
    """Proceeds by month, stop and category; what had no label is under ``""``."""
    category = func.coalesce(db.item.c.category, _SALE.category, "")
    month = func.substr(_SALE.day, 1, 7)
    rows = connection.execute(
        select(month, _SALE.stop, category, _sales(), _amount(SOLD), _amount(TAKEN_BACK))
        .select_from(db.sale.outerjoin(db.item, db.item.c.code == _SALE.item))
        .where(within(_SALE.stop, stops), _SALE.kind.in_((SOLD, TAKEN_BACK)))
        .group_by(month, _SALE.stop, category)
        .order_by(month.desc(), _SALE.stop, category)
    )
    return [
        Proceeds(str(row[0]), row[1], row[2], int(row[3]), int(row[4]), int(row[5])) for row in rows
    ]
