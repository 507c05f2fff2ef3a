"""Which goods go out first: those whose date ends first, then those that came first (FEFO)."""

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, not_, or_, select

from hub import db
from hub.access.scope import Stops, within
from hub.statuses import HERE, IN_STOCK
from hub.stock.stock_look import may_meet
from hub.tables.projections import HERE_ONLY

_ITEM = db.item.c
WORST = "D"
"""The grade that nobody is given (`contract.actions.GRADES`)."""


class Pick(Struct, frozen=True):
    """An item that may go out, and why it comes where it does."""

    code: str
    category: str | None
    stop: str
    place: str | None
    box: str | None
    good_until: str | None
    received_t: int | None
    grade: str | None
    quantity: int
    position: int


def propose(
    connection: Connection,
    n: int,
    *,
    today: str,
    stops: Stops = None,
    category: str = "",
    gtin: str = "",
    reserved_for: str | None = None,
    leave: tuple[str, ...] = (),
) -> list[Pick]:
    """At most ``n`` free items of this category or GTIN, in the order in which they should go out.

    What is past its date on ``today``, damaged, perhaps recalled, or part of a kit is never
    proposed; nor is what ``leave`` names. ``reserved_for``: from what is kept for this plan instead
    of what is free.
    """
    query = select(*(_ITEM[name] for name in Pick.__struct_fields__)).where(
        within(_ITEM.stop, stops),
        or_(_ITEM.grade.is_(None), _ITEM.grade != WORST),
        *_not_recalled(connection),
        not_in_a_kit(),
    )
    if category:
        query = query.where(_ITEM.category == category)
    if gtin:
        query = query.where(_ITEM.gtin == gtin)
    if leave:
        query = query.where(_ITEM.code.not_in(leave))
    if reserved_for is not None:
        query = query.where(_ITEM.reserved == reserved_for)
    else:
        query = query.where(_ITEM.status == IN_STOCK, HERE_ONLY)
    # What ends, and then the rest: each in the order of an index, of which only the beginning is
    # read. In one query all that is here would be sorted to find a few.
    dated = query.where(_ITEM.good_until >= today).order_by(
        _ITEM.good_until, _ITEM.received_t, _ITEM.code
    )
    found = [Pick(*row) for row in connection.execute(dated.limit(n))]
    if len(found) < n:
        rest = query.where(_ITEM.good_until.is_(None)).order_by(_ITEM.received_t, _ITEM.code)
        found += [Pick(*row) for row in connection.execute(rest.limit(n - len(found)))]
    return found


def not_in_a_kit() -> ColumnElement[bool]:
    """The condition that an item is not part of a kit that stands ready."""
    box = db.box.c
    kit = select(box.kit).where(box.code == _ITEM.box, box.status.in_(HERE)).scalar_subquery()
    return or_(_ITEM.box.is_(None), kit.is_(None))


def _not_recalled(connection: Connection) -> list[ColumnElement[bool]]:
    table = db.recall.c
    open_ones = connection.execute(select(table.gtin, table.lot).where(table.closed_t.is_(None)))
    return [
        or_(_ITEM.gtin.is_(None), not_(and_(_ITEM.gtin.is_not(None), may_meet(row.gtin, row.lot))))
        for row in open_ones
    ]
