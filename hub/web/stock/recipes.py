"""Recipes of kits, with what is free for them."""

import re
from collections.abc import Sequence
from typing import Final

from flask import abort
from msgspec import Struct
from sqlalchemy import Connection, func, select

from hub import db, statuses
from hub.access.scope import within
from hub.request import connection
from hub.web import i18n, story
from hub.web.login import visible_stops
from hub.web.stock.recalls import product_name

_KEY: Final = re.compile(r"[a-z0-9-]{1,32}")


class Part(Struct, frozen=True):
    """A line of a recipe: so many of a category, or of one retail code."""

    category: str
    gtin: str
    count: int
    name: str
    free: int = 0


class Recipe(Struct, frozen=True):
    """A kit: ``possible`` is how many could be built of what is free, ``built`` how many stand."""

    key: str
    name: str
    offered: bool
    parts: list[Part]
    built: int = 0

    @property
    def possible(self) -> int:
        """How many could be built of what is free."""
        return min((part.free // part.count for part in self.parts), default=0)


def recipes(here: Connection, key: str | None = None) -> list[Recipe]:
    """Every recipe, or the one with this key, with what is free for it at the user's stops."""
    kit, line, box = db.kit.c, db.kit_line.c, db.box.c
    mine = visible_stops()
    only = (kit.key == key,) if key is not None else ()
    found = here.execute(select(db.kit).where(*only).order_by(kit.offered.desc(), kit.key)).all()
    parts: dict[str, list[Part]] = {}
    taken = _in_kits(here)
    for row in here.execute(select(db.kit_line).order_by(line.kit, line.n)):
        if key is None or row.kit == key:
            parts.setdefault(row.kit, []).append(
                _part(here, taken, row.category, row.gtin, row._mapping["count"])
            )
    built = {
        row.kit: int(row.n)
        for row in here.execute(
            select(box.kit, func.count().label("n"))
            .where(box.kit.is_not(None), box.status.in_(statuses.HERE), within(box.stop, mine))
            .group_by(box.kit)
        )
    }
    return [
        Recipe(
            row.key,
            i18n.pick(row.zh, row.en),
            row.offered,
            parts.get(row.key, []),
            built.get(row.key, 0),
        )
        for row in found
    ]


def _in_kits(here: Connection) -> list[tuple[str, str, int]]:
    """What is in kits that stand ready: category, GTIN (or empty) and how many."""
    item, box = db.item.c, db.box.c
    gtin = func.coalesce(item.gtin, "")
    ready = select(box.code).where(box.kit.is_not(None), box.status.in_(statuses.HERE))
    rows = here.execute(
        select(item.category, gtin, func.count())
        .where(
            item.box.in_(ready),
            item.status == statuses.IN_STOCK,
            within(item.stop, visible_stops()),
        )
        .group_by(item.category, gtin)
    )
    return [(row[0], row[1], int(row[2])) for row in rows]


def _part(
    here: Connection,
    taken: Sequence[tuple[str, str, int]],
    category: str,
    gtin: str,
    count: int,
) -> Part:
    mine = visible_stops()
    if gtin:
        item = db.item.c
        free = select(func.count()).where(
            item.gtin == gtin, item.status == statuses.IN_STOCK, within(item.stop, mine)
        )
        name = product_name(here, gtin) or gtin
    else:
        stock = db.stock.c
        free = select(func.coalesce(func.sum(stock.n), 0)).where(
            stock.category == category,
            stock.status == statuses.IN_STOCK,
            within(stock.stop, mine),
        )
        name = story.category_name(category)
    in_kits = sum(n for of, code, n in taken if (code == gtin if gtin else of == category))
    return Part(category, gtin, count, name, int(here.scalar(free) or 0) - in_kits)


def kit_of(key: str) -> Recipe:
    found = recipes(connection(), key) if _KEY.fullmatch(key) else []
    if not found:
        abort(404)
    return found[0]
