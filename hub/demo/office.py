"""What people set up and do at the hub besides decisions about things: recipes of kits, labels
printed ahead, a company's list of goods, the month that is closed, and what lies on the desk on the
year's last day."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from contract.codes import Kind
from hub import db, incidents
from hub.access.audit import By
from hub.counts import identifying
from hub.counts.counting import CountingError
from hub.counts.identifying import Match
from hub.counts.stocktake_lines import MISSING as NOT_FOUND
from hub.demo.deciding import MANAGER
from hub.demo.goods import Packaged
from hub.demo.world import DAY_MS, Store
from hub.log.recording import Actor
from hub.printing import label_runs
from hub.queries import stocktakes
from hub.queries.planned import planned
from hub.queries.transfers import Contact
from hub.reporting import closing
from hub.statuses import IN_STOCK
from hub.stock import donation_rows, donations, plan_lines, transfer_settings
from hub.stock.stock_actions import BuildKit, Reserve
from hub.stock.stock_changes import Keeper, carry_out
from hub.stock.transfer_settings import TransferSettings

BY: Final = By(MANAGER)
CLOSES_ON: Final = 5
"""Day of the month on which the month before is closed."""
KEPT: Final = 3
"""Things that are kept for a plan on the last day."""
IN_KIT: Final = 3
SEEN_AFTER_MS: Final = 30 * DAY_MS
"""Incidents of before that were seen by somebody."""


class Recipe(Struct, frozen=True):
    """What goes into a kit: categories and how many of each."""

    key: str
    zh: str
    en: str
    lines: tuple[tuple[str, int], ...]


RECIPES: Final = (
    Recipe("winter", "过冬包", "Winter kit", (("C1", 2), ("B1", 1), ("F1", 1))),
    Recipe("school", "开学包", "School kit", (("R1", 3), ("S1", 1))),
    Recipe("newborn", "新生儿包", "Newborn kit", (("M1", 2), ("C2", 2))),
)


def set_up(connection: Connection, stores: tuple[Store, ...], now_ms: int) -> None:
    """Recipes of kits, which stop each place sheet stands for, a first run of blank labels."""
    for recipe in RECIPES:
        named = {"key": recipe.key, "zh": recipe.zh, "en": recipe.en, "offered": True}
        connection.execute(insert(db.kit).values(**named))
        for n, (category, count) in enumerate(recipe.lines):
            line = {"kit": recipe.key, "n": n, "category": category, "gtin": "", "count": count}
            connection.execute(insert(db.kit_line).values(**line))
    stands_for = [{"place": store.place, "stop": store.spec.id} for store in stores]
    connection.execute(insert(db.place_stop), stands_for)
    label_runs.make(connection, Kind.ITEM, 500, stores[0].spec.id, BY, now_ms)


def close_month(connection: Connection, day: date, now_ms: int, timezone: str) -> None:
    """On the fifth, the month before is closed."""
    month = closing.to_close(connection)
    if day.day >= CLOSES_ON and month is not None and closing.is_over(month, now_ms, timezone):
        closing.close(connection, month, BY, now_ms, timezone)


def on_the_desk(
    connection: Connection, store: Store, plans: Sequence[str], box: str, now_ms: int
) -> None:
    """What goes on when the year ends: plans that want goods, some kept for them, a kit that stands
    ready in ``box``, incidents of long ago that somebody has seen, whom to ask about transfers."""
    free = list(
        connection.scalars(
            select(db.item.c.code)
            .where(
                db.item.c.stop == store.spec.id,
                db.item.c.status == IN_STOCK,
                db.item.c.box.is_(None),
                db.item.c.code.startswith("G"),
            )
            .order_by(db.item.c.received_t, db.item.c.code)
            .limit(KEPT + IN_KIT)
        )
    )
    keeper = Keeper(MANAGER, lambda _stop: True)
    for number, plan in enumerate(plans[:3]):
        plan_lines.want(connection, plan, ("C1", "F1", "R1")[number], 2 + number, BY, now_ms)
    if plans and free[:KEPT]:
        carry_out(connection, Reserve(plans[0], tuple(free[:KEPT])), keeper, now_ms=now_ms)
    if free[KEPT:]:
        kit = BuildKit(box, RECIPES[0].key, tuple(free[KEPT:]))
        carry_out(connection, kit, keeper, now_ms=now_ms)
    table = db.incident.c
    long_ago = connection.scalars(
        select(table.key)
        .where(table.closed_ms.is_(None), table.opened_ms < now_ms - SEEN_AFTER_MS)
        .order_by(table.opened_ms, table.key)
    )
    for key in long_ago.all():
        incidents.acknowledge(connection, key, MANAGER, now_ms)
    _recognise(connection, now_ms)
    desk = TransferSettings(3, {store.spec.id: Contact("值班台 / front desk", "")}, {})
    transfer_settings.put(connection, desk, BY, now_ms)


def _recognise(connection: Connection, now_ms: int) -> None:
    """Of one stocktake, what was found without a label is recognised as what was missing."""
    for one in planned(connection):
        count = stocktakes.stocktake(connection, one.id)
        if count is None or count.cancelled_t is not None or not count.finds:
            continue
        found = stocktakes.found(connection, count)
        missing = [line.item for line in found.of(NOT_FOUND)]
        for find in identifying.candidates(count, found):
            for item in missing:
                try:
                    match = Match(find, item)
                    identifying.identify(connection, one.id, match, Actor(MANAGER), now_ms)
                except CountingError:
                    continue  # it has left the shelf, or turned up, since
                return


def take_list_in(
    connection: Connection,
    stop: str,
    products: tuple[Packaged, ...],
    now_ms: int,
    draw: Callable[[int], int],
) -> None:
    """A company gives goods by a list: one that is taken in, and one that has a fault."""
    head = ("品名", "品类", "数量", "商品条码")
    rows = [
        (one.zh, one.category, 6 + number, one.gtin)
        for number, one in enumerate(products[:5])
        if one.named
    ]
    known = donations.known(connection)
    right = donation_rows.read([head, *rows], known, boxes=False)
    about = (stop, "一家超市 / a supermarket", "捐赠清单.xlsx")
    taken = donations.keep(connection, right, about, BY, now_ms, boxes=False)
    donations.receive(connection, taken, BY, now_ms, draw=draw)
    wrong = donation_rows.read([head, *rows, ("大米", "F1", "许多", "")], known, boxes=False)
    donations.keep(connection, wrong, about, BY, now_ms, boxes=False)
