"""What the charity market took."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from hub import db
from hub.folds.sales import CLOSED, SOLD, TAKEN_BACK
from hub.statements import Takings

CASH = "C"
"""The key of the payment card for cash: the one way that can be counted in a box."""


def takings(connection: Connection, first_ms: int, end_ms: int) -> list[Takings]:
    """What each stop took from ``first_ms`` on and before ``end_ms``, by way of paying. What was
    counted is cash."""
    sale = db.sale.c
    inside = (sale.t >= first_ms, sale.t < end_ms)
    counted: dict[str, int] = {
        row[0]: int(row[1])
        for row in connection.execute(
            select(sale.stop, func.sum(sale.amount))
            .where(*inside, sale.kind == CLOSED, sale.amount.is_not(None))
            .group_by(sale.stop)
        )
    }

    def amount(kind: str) -> ColumnElement[Any]:
        return func.sum(case((sale.kind == kind, sale.amount), else_=0))

    rows = connection.execute(
        select(
            sale.stop,
            sale.pay,
            func.sum(case((sale.kind == SOLD, 1), else_=0)),
            amount(SOLD),
            amount(TAKEN_BACK),
        )
        .where(*inside, sale.kind.in_((SOLD, TAKEN_BACK)))
        .group_by(sale.stop, sale.pay)
        .order_by(sale.stop, sale.pay)
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
