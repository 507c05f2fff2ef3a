"""Months and markets added up, so that a page about them costs the same whatever the log holds."""

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, String, Table

from hub.tables.base import metadata

ledger: Final = Table(
    "ledger",
    metadata,
    Column("month", String, primary_key=True),  # YYYY-MM in the hub's time zone
    Column("stop", String, primary_key=True),
    Column("category", String, primary_key=True),
    Column("n", Integer, nullable=False),  # pieces, once for each figure that they change
    # What came in and what went out, as `hub.reporting.statements.Line` names it.
    Column("received", Integer, nullable=False),
    Column("found", Integer, nullable=False),
    Column("given_back", Integer, nullable=False),
    Column("taken_over", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("sold", Integer, nullable=False),
    Column("handed_over", Integer, nullable=False),
    Column("disposed", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    # By how much more (or less) stands so at the month's end than at its beginning.
    Column("here", Integer, nullable=False),
    Column("out", Integer, nullable=False),
    Column("on_the_way", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""A projection: what moved in a month, by the lines of its statement. A row is there as long as any
movement counts in it, whatever they come to together."""

market: Final = Table(
    "market",
    metadata,
    Column("market", String, primary_key=True),
    Column("stop", String, nullable=False),
    Column("kiosk", String, nullable=False),
    Column("first_t", BigInteger, nullable=False),
    Column("sales", Integer, nullable=False),
    Column("sold", Integer, nullable=False),  # jiao
    Column("taken_back", Integer, nullable=False),  # jiao
    Column("cash", Integer, nullable=False),  # jiao, by the sales
    Column("counted", Integer),  # jiao; NULL: nobody counted
    Column("closed", Integer),  # how often; NULL: it is open
    sqlite_with_rowid=False,
)
"""A projection: the lines of each market (`hub.tables.markets.sale`) added up."""

proceeds: Final = Table(
    "proceeds",
    metadata,
    Column("month", String, primary_key=True),  # YYYY-MM in the hub's time zone
    Column("stop", String, primary_key=True),
    Column("category", String, primary_key=True),  # what the item counts as now; "": no label
    Column("sales", Integer, nullable=False),
    Column("sold", Integer, nullable=False),  # jiao
    Column("taken_back", Integer, nullable=False),  # jiao
    sqlite_with_rowid=False,
)
"""A projection: what each category brought at a stop's markets in a month."""
