"""What the charity market took."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, case, func, select

from hub import db
from hub.access.scope import Stops, within
from hub.folds import sales
from hub.folds.sales import CASH, CLOSED, SOLD, TAKEN_BACK
from hub.reporting.statements import Takings

_SALE: Final = db.sale.c


def _amount(kind: str) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((_SALE.kind == kind, _SALE.amount), else_=0)), 0)


def _sales() -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((_SALE.kind == SOLD, 1), else_=0)), 0)


def takings(connection: Connection, first_ms: int, end_ms: int) -> list[Takings]:
    """What each stop took from ``first_ms`` on and before ``end_ms``, by way of paying. What was
    counted is cash, also where no sale in cash is known: it was forgotten, or the box was counted
    after midnight, in the month that follows."""
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
    found = [
        Takings(
            stop,
            pay or "",
            int(sales),
            int(sold),
            int(back),
            counted.pop(stop, None) if pay == CASH else None,
        )
        for stop, pay, sales, sold, back in rows
    ]
    found += [Takings(stop, CASH, 0, 0, 0, jiao) for stop, jiao in counted.items() if jiao]
    return sorted(found, key=lambda one: (one.stop, one.pay))


class Market(sales.Market, frozen=True):
    """One market day at one lane."""

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
    table = db.market.c
    query = (
        select(*(table[name] for name in Market.__struct_fields__))
        .where(within(table.stop, stops))
        .order_by(table.first_t.desc(), table.market)
        .limit(limit)
    )
    if market is not None:
        query = query.where(table.market == market)
    return [Market(*row) for row in connection.execute(query)]


def by_pay(connection: Connection, market: str) -> list[tuple[str, int]]:
    """What a market took, less what it gave back, by way of paying ("" for none that is known), in
    jiao."""
    net = func.sum(case((_SALE.kind == SOLD, _SALE.amount), else_=-_SALE.amount))
    pay = func.coalesce(_SALE.pay, "")
    rows = connection.execute(
        select(pay, func.coalesce(net, 0))
        .where(_SALE.market == market, _SALE.kind.in_((SOLD, TAKEN_BACK)))
        .group_by(pay)
        .order_by(pay)
    )
    return [(row[0], int(row[1])) for row in rows]


def recorded(connection: Connection, market: str) -> int | None:
    """What the kiosk had added up when the market was closed, in jiao; None: it is open."""
    return connection.scalar(
        select(_SALE.recorded)
        .where(_SALE.market == market, _SALE.kind == CLOSED, _SALE.recorded.is_not(None))
        .order_by(_SALE.t, _SALE.event)
        .limit(1)
    )


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
    table = db.proceeds.c
    rows = connection.execute(
        select(*(table[name] for name in Proceeds.__struct_fields__))
        .where(within(table.stop, stops))
        .order_by(table.month.desc(), table.stop, table.category)
    )
    return [Proceeds(*row) for row in rows]
