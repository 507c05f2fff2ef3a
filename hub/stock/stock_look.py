"""What a code is now, item or box, for whoever decides something about it."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from contract.recalls import packings, plain_lot
from hub import db
from hub.projections.projection_store import chunks
from hub.statuses import QUARANTINED


class Thing(Struct, frozen=True):
    """An item, a box that came in whole, or a box that is only what it holds (not ``is_item``).
    ``box`` is what it is in, ``box_aside`` whether that waits to be checked."""

    code: str
    stop: str
    status: str
    box: str | None
    reserved: str | None
    is_item: bool
    box_aside: bool = False


class Box(Struct, frozen=True):
    """A box's row."""

    code: str
    stop: str
    status: str
    place: str | None
    outer: str | None
    sealed: bool
    kit: str | None
    changed_t: int
    known_time: bool


_BOX = tuple(db.box.c[name] for name in Box.__struct_fields__)


class Look:
    """Reads through one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def at(self, codes: Sequence[str]) -> list[Thing]:
        """What is known of these, in the order of ``codes``, each once; unknown ones are left
        out."""
        found: dict[str, Thing] = {}
        item, box = db.item.c, db.box.c
        for part in chunks(dict.fromkeys(codes)):
            rows = self._connection.execute(
                select(item.code, item.stop, item.status, item.box, item.reserved, box.status)
                .select_from(db.item.outerjoin(db.box, box.code == item.box))
                .where(item.code.in_(part))
            )
            for code, stop, status, inside, reserved, outside in rows:
                aside = outside == QUARANTINED
                found[code] = Thing(code, stop, status, inside, reserved, True, aside)
            rest = [code for code in part if code not in found and code.startswith("B")]
            for one in self._boxes(rest):
                found[one.code] = Thing(one.code, one.stop, one.status, one.outer, None, False)
        return [found[code] for code in dict.fromkeys(codes) if code in found]

    def _boxes(self, codes: Sequence[str]) -> list[Box]:
        if not codes:
            return []
        rows = self._connection.execute(select(*_BOX).where(db.box.c.code.in_(codes)))
        return [Box(*row) for row in rows]

    def box(self, code: str) -> Box | None:
        """The box with this code, if an event speaks of it."""
        found = self._boxes([code])
        return found[0] if found else None

    def inside(self, box: str) -> list[str]:
        """Items and boxes right in this box."""
        items = self._connection.scalars(
            select(db.item.c.code).where(db.item.c.box == box).order_by(db.item.c.code)
        )
        boxes = self._connection.scalars(
            select(db.box.c.code).where(db.box.c.outer == box).order_by(db.box.c.code)
        )
        return list(dict.fromkeys((*items, *boxes)))

    def contents(self, thing: Thing) -> list[Thing]:
        """Everything that a packed box holds, in inner boxes too; nothing for an item."""
        found: dict[str, Thing] = {}
        boxes = [] if thing.is_item else [thing.code]
        while boxes:
            for one in self.at(self.inside(boxes.pop())):
                if one.code not in found and one.code != thing.code:
                    found[one.code] = one
                    if not one.is_item:
                        boxes.append(one.code)
        return list(found.values())

    def around(self, box: str) -> list[str]:
        """The boxes that this one is in, the nearest first."""
        found: list[str] = []
        here = self.box(box)
        while here is not None and here.outer is not None and here.outer not in found:
            found.append(here.outer)
            here = self.box(here.outer)
        return found

    def recalled(self, gtin: str, lot: str) -> list[Thing]:
        """Every item that a recall of these goods meets for certain."""
        rows = self._connection.scalars(select(db.item.c.code).where(meets(gtin, lot)))
        return self.at(list(rows))


def meets(gtin: str, lot: str) -> ColumnElement[bool]:
    """The condition that a recall (`contract.recalls`) meets an item for certain."""
    table = db.item.c
    goods = table.gtin.in_(packings(gtin))
    if not lot:
        return goods
    return and_(goods, func.upper(func.replace(table.lot, " ", "")) == plain_lot(lot))


def may_meet(gtin: str, lot: str) -> ColumnElement[bool]:
    """The condition that a recall meets an item, or may: nobody has read its lot."""
    if not lot:
        return meets(gtin, lot)
    unread = and_(db.item.c.gtin.in_(packings(gtin)), db.item.c.lot.is_(None))
    return or_(meets(gtin, lot), unread)
