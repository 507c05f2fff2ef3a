"""Boxes, travels between stops and recalls (projections), and what people say of plans and kits."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from hub.tables.base import PartialIndex, metadata

box: Final = Table(
    "box",
    metadata,
    Column("code", String, primary_key=True),
    Column("stop", String, nullable=False),
    Column("status", String, nullable=False),  # as an item's
    Column("place", String),  # W code, the last known
    Column("outer", String),  # B code of the box that it is in
    Column("sealed", Boolean, nullable=False),
    Column("kit", String),  # key of the recipe that it was built by
    Column("changed_t", BigInteger, nullable=False),
    Column("known_time", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""Every box that an event speaks of (`hub.folds.boxes`). What is in it says so: ``item.box``,
``box.outer``."""
PartialIndex("box_outer", box.c.outer, where='"outer" IS NOT NULL')
Index("box_stop", box.c.stop, box.c.status)
PartialIndex(
    "box_kit",
    box.c.kit,
    box.c.changed_t,
    box.c.status,  # these two so that no row is looked up to count what stands
    box.c.stop,
    where="kit IS NOT NULL",
)

leg: Final = Table(
    "leg",
    metadata,
    Column("item", String, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),  # 0, 1, … in order
    Column("sent", BigInteger, nullable=False),  # event.id
    Column("sent_t", BigInteger, nullable=False),
    Column("origin", String, nullable=False),  # the stop that it left
    Column("to", String, nullable=False),  # W code of where it was sent to
    Column("kind", String, nullable=False),  # stop, team, or a later release's word
    Column("outcome", String, nullable=False),  # hub.folds.legs: between, arrived, seen, lost
    Column("ended", BigInteger),  # event.id
    Column("ended_t", BigInteger),
    Column("at", String, nullable=False),  # the stop where it ended
    Column("quantity", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Each time that an item was sent on (`hub.folds.legs`). A transfer is the legs of one event."""
Index("leg_sent", leg.c.sent)
Index("leg_origin", leg.c.origin, leg.c.sent)
PartialIndex("leg_between", leg.c.sent, where="outcome = 'between'")

recall: Final = Table(
    "recall",
    metadata,
    Column("id", String, primary_key=True),
    Column("gtin", String, nullable=False),  # 14 digits
    Column("lot", String, nullable=False),  # empty: every lot
    Column("why", String, nullable=False),
    Column("stop", String, nullable=False),
    Column("opened_t", BigInteger, nullable=False),
    Column("opened", BigInteger, nullable=False),  # event.id
    Column("closed_t", BigInteger),
)
"""Recalls (`hub.folds.recalls`)."""

met: Final = Table(
    "met",
    metadata,
    Column("recall", String, primary_key=True),
    Column("status", String, primary_key=True),
    Column("item", String, primary_key=True),
    Column("stop", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("certain", Boolean, nullable=False),  # false: nobody has read its lot
    sqlite_with_rowid=False,
)
"""What each recall meets, or may (`contract.recalls`), by what became of it: there may be as many
of them as ever came in of some goods."""

plan_line: Final = Table(
    "plan_line",
    metadata,
    Column("plan", String, primary_key=True),  # D code
    Column("category", String, primary_key=True),
    Column("n", Integer, nullable=False),
)
"""What a delivery plan wants: so many pieces of a category."""

kit: Final = Table(
    "kit",
    metadata,
    Column("key", String, primary_key=True),
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
    Column("offered", Boolean, nullable=False),
)
"""Recipes of kits by name. No row goes: events name keys for ever."""

kit_line: Final = Table(
    "kit_line",
    metadata,
    Column("kit", String, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("category", String, nullable=False),  # empty: by GTIN
    Column("gtin", String, nullable=False),  # empty: by category
    Column("count", Integer, nullable=False),
)
"""What goes into a kit."""

place_stop: Final = Table(
    "place_stop",
    metadata,
    Column("place", String, primary_key=True),  # W code of a place of the kind "stop"
    Column("stop", String, nullable=False),
)
"""Which stop a place sheet for sending stands for."""

contact: Final = Table(
    "contact",
    metadata,
    Column("stop", String, primary_key=True),
    Column("who", String, nullable=False),
    Column("phone", String, nullable=False),
)
"""Whom to ask at a stop. About people: taking a row away forgets them."""
