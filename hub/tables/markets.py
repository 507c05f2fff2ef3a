"""What was sold, as the projector keeps it."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from hub.tables.base import metadata

sale: Final = Table(
    "sale",
    metadata,
    Column("event", BigInteger, primary_key=True, autoincrement=False),  # event.id
    Column("position", BigInteger, nullable=False),
    Column("market", String, nullable=False),
    Column("kiosk", String, nullable=False),
    Column("stop", String, nullable=False),
    Column("t", BigInteger, nullable=False),
    Column("day", String, nullable=False, server_default=""),  # YYYY-MM-DD where the hub is
    Column("known", Boolean, nullable=False),
    Column("kind", String, nullable=False),  # opened, sold, taken_back, closed
    Column("item", String),
    Column("category", String),
    Column("amount", Integer),  # jiao: the price, or what was counted
    Column("pay", String),  # key of the payment cards
    Column("recorded", Integer),  # jiao, of a closing
    Column("cash", Integer),  # jiao, of a closing
)
"""A projection (`hub.folds.sales`): the lines of every market."""
Index("sale_market", sale.c.market)
Index("sale_t", sale.c.t)
Index("sale_day", sale.c.day)
Index("sale_stop", sale.c.stop, sale.c.day)
Index("sale_item", sale.c.item)
