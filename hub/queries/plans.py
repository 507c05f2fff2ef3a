"""Delivery plans: what each wants, what is kept for it, out and delivered. Never for whom."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from hub import db
from hub.access.scope import Stops, within
from hub.statuses import DELIVERED, IN_STOCK, OUT, RESERVED

_ITEM = db.item.c


class Need(Struct, frozen=True):
    """A category of a plan, in pieces: what it wants and how far it has come; ``free`` is what the
    stops of the scope still have."""

    category: str
    wanted: int
    reserved: int
    out: int
    delivered: int
    free: int

    @property
    def lacking(self) -> int:
        """How many are still to be found."""
        return max(0, self.wanted - self.reserved - self.out - self.delivered)


class Sums(Struct, frozen=True):
    """A plan over all categories."""

    wanted: int = 0
    reserved: int = 0
    out: int = 0
    delivered: int = 0


class Kept(Struct, frozen=True):
    """An item that is kept for a plan, where somebody fetches it."""

    code: str
    category: str | None
    stop: str
    place: str | None
    box: str | None
    good_until: str | None
    quantity: int
    position: int


def sums(connection: Connection, plans: Sequence[str]) -> dict[str, Sums]:
    """These plans over all categories."""
    table = db.plan_line.c
    wanted = {
        row.plan: int(row.n)
        for row in connection.execute(
            select(table.plan, func.sum(table.n).label("n"))
            .where(table.plan.in_(plans))
            .group_by(table.plan)
        )
    }
    found: dict[str, dict[str, int]] = {}
    for column, among in ((_ITEM.reserved, (RESERVED,)), (_ITEM.plan, (OUT, DELIVERED))):
        rows = connection.execute(
            select(column.label("plan"), _ITEM.status, func.sum(_ITEM.quantity).label("n"))
            .where(column.in_(plans), _ITEM.status.in_(among))
            .group_by(column, _ITEM.status)
        )
        for row in rows:
            found.setdefault(row.plan, {})[row.status] = int(row.n)
    return {
        plan: Sums(
            wanted.get(plan, 0),
            found.get(plan, {}).get(RESERVED, 0),
            found.get(plan, {}).get(OUT, 0),
            found.get(plan, {}).get(DELIVERED, 0),
        )
        for plan in plans
    }


def needs(connection: Connection, plan: str, stops: Stops) -> list[Need]:
    """The plan by category: what it wants first, then what it has beyond that."""
    line = db.plan_line.c
    wanted: dict[str, int] = {
        row.category: row.n
        for row in connection.execute(
            select(line.category, line.n).where(line.plan == plan).order_by(line.category)
        )
    }
    kept = and_(_ITEM.reserved == plan, _ITEM.status == RESERVED)
    gone = and_(_ITEM.plan == plan, _ITEM.status.in_((OUT, DELIVERED)))
    rows = connection.execute(
        select(
            _ITEM.category,
            *(
                func.sum(case((_ITEM.status == status, _ITEM.quantity), else_=0)).label(status)
                for status in (RESERVED, OUT, DELIVERED)
            ),
        )
        .where(or_(kept, gone))
        .group_by(_ITEM.category)
    )
    has = {row.category or "": row for row in rows}
    stock = db.stock.c
    free: dict[str, int] = {
        row.category: int(row.n)
        for row in connection.execute(
            select(stock.category, func.sum(stock.n).label("n"))
            .where(stock.status == IN_STOCK, within(stock.stop, stops))
            .group_by(stock.category)
        )
    }
    found = []
    for category in dict.fromkeys((*wanted, *sorted(has))):
        row = has.get(category)
        found.append(
            Need(
                category,
                wanted.get(category, 0),
                int(row.reserved) if row is not None else 0,
                int(row.out) if row is not None else 0,
                int(row.delivered) if row is not None else 0,
                free.get(category, 0),
            )
        )
    return found


def kept(connection: Connection, plan: str, limit: int, stops: Stops) -> list[Kept]:
    """What is kept for the plan at ``stops``, in the order in which somebody walks along the
    shelves."""
    rows = connection.execute(
        select(*(_ITEM[name] for name in Kept.__struct_fields__))
        .where(_is_kept(plan), within(_ITEM.stop, stops))
        .order_by(_ITEM.stop, _ITEM.place, _ITEM.box, _ITEM.category, _ITEM.code)
        .limit(limit)
    )
    return [Kept(*row) for row in rows]


def kept_besides(connection: Connection, plan: str, shown: int, stops: Stops) -> tuple[int, int]:
    """How many items are kept for the plan besides the ``shown`` ones of `kept`: at ``stops``, and
    at others."""
    mine, every = (
        connection.execute(
            select(func.count()).where(_is_kept(plan), within(_ITEM.stop, among))
        ).scalar_one()
        for among in (stops, None)
    )
    return mine - shown, every - mine


def _is_kept(plan: str) -> ColumnElement[bool]:
    return and_(_ITEM.reserved == plan, _ITEM.status == RESERVED)
