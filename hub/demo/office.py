"""What people set up and do at the hub besides decisions about things: recipes of kits, labels
printed ahead, a company's list of goods, and the month that is closed."""

from collections.abc import Callable
from datetime import date
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, insert

from contract.codes import Kind
from hub import closing, db, donation_rows, donations, label_runs
from hub.audit import By
from hub.demo.deciding import MANAGER
from hub.demo.goods import Packaged
from hub.demo.world import Store

BY: Final = By(MANAGER)
CLOSES_ON: Final = 5
"""Day of the month on which the month before is closed."""


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
    month = closing.to_close(connection, now_ms, timezone)
    if day.day >= CLOSES_ON and month is not None and closing.is_over(month, now_ms, timezone):
        closing.close(connection, month, BY, now_ms, timezone)


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
