"""Every table of the pages, over the API: the same rows, filters and order, a page at a time.

One description gives a table its page, its exports and this (`hub.web.listing`). Cells are what the
exports hold: codes and numbers as they are, words in the language that the request asks for.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from flask import abort, request
from msgspec import Meta, Struct

from hub.access.permissions import Permission
from hub.api.routes import Call, Route
from hub.request import connection
from hub.web import donations, events, items, kiosk_list, labels, market, quarantine
from hub.web.account_tables import ACCOUNTS, SESSIONS
from hub.web.api_tokens import TOKENS
from hub.web.codes_list import CODES
from hub.web.counts import pages as counts
from hub.web.fleet.history import HISTORY
from hub.web.fleet.invitations import INVITATIONS
from hub.web.incident_table import INCIDENTS
from hub.web.lifecycle import bundles, review
from hub.web.listing import Listing
from hub.web.listing.listing import write_cursor
from hub.web.login import require
from hub.web.months_list import MONTHS
from hub.web.stock import boxes, plans, recalls, transfers

TABLES: Final[Mapping[str, tuple[Listing[Any], Permission]]] = {
    listing.name: (listing, permission)
    for listing, permission in (
        (items.ITEMS, Permission.VIEW),
        (events.EVENTS, Permission.VIEW),
        (boxes.BOXES, Permission.VIEW),
        (transfers.TRANSFERS, Permission.VIEW),
        (plans.PLANS, Permission.VIEW),
        (recalls.RECALLS, Permission.VIEW),
        (counts.COUNTS, Permission.VIEW),
        (market.MARKETS, Permission.VIEW),
        (market.SALES, Permission.VIEW),
        (market.PROCEEDS, Permission.VIEW),
        (donations.LISTS, Permission.VIEW),
        (labels.RUNS, Permission.VIEW),
        (kiosk_list.KIOSKS, Permission.VIEW),
        (HISTORY, Permission.VIEW),
        (quarantine.QUARANTINE, Permission.SEE_RAW),
        (INVITATIONS, Permission.VIEW),
        (bundles.BUNDLES, Permission.VIEW),
        (review.LINES, Permission.VIEW),
        (INCIDENTS, Permission.VIEW),
        (CODES, Permission.VIEW),
        (MONTHS, Permission.VIEW),
        (ACCOUNTS, Permission.ACCOUNTS),
        (SESSIONS, Permission.ACCOUNTS),
        (TOKENS, Permission.ACCOUNTS),
    )
}
"""By name."""


class ColumnOut(Struct, frozen=True):
    """A column: ``kind`` is text, code, number, money (fen), date, or moment (Unix ms)."""

    key: str
    title: str
    kind: str
    sorts: bool


class TableOut(Struct, frozen=True):
    """A table: its columns, and the parameters that filter it."""

    name: str
    title: str
    columns: list[ColumnOut]
    filters: list[str]
    order: str


class TablesOut(Struct, frozen=True):
    """Every table that this token may read."""

    tables: list[TableOut]


class Paging(Struct, frozen=True):
    """``sort`` is a column's key, with ``-`` before it for descending; ``after`` is the last
    answer's ``next``. Filters are parameters of their own, by the names that ``/tables`` tells."""

    sort: Annotated[str, Meta(max_length=40)] = ""
    after: Annotated[str, Meta(max_length=600)] = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class RowsOut(Struct, frozen=True):
    """A page of a table; ``next`` is None on the last one."""

    rows: list[dict[str, str | int | None]]
    next: str | None


def _described(listing: Listing[Any]) -> TableOut:
    columns = [
        ColumnOut(
            one.key, str(one.title), one.kind.value, one.sort is not None and one.sort is not False
        )
        for one in listing.in_files
    ]
    names = [name for one in listing.filters for name in one.names]
    return TableOut(listing.name, str(listing.title), columns, names, listing.order)


def _tables(call: Call) -> TablesOut:
    return TablesOut(
        [
            _described(listing)
            for listing, permission in TABLES.values()
            if call.user.may(permission)
        ]
    )


def _rows(call: Call) -> RowsOut:
    found = TABLES.get(call.path["table"])
    if found is None:
        abort(404)
    listing, permission = found
    require(permission)
    asked = listing.asked(request.args)
    page = listing.source.page(connection(), listing, asked, call.asked(Paging).limit)
    rows = [{one.key: one.value(row) for one in listing.in_files} for row in page.rows]
    return RowsOut(rows, write_cursor(page.after) if page.after is not None else None)


ROUTES: Final = (
    Route(
        method="GET",
        path="/tables",
        name="tables",
        summary="Every table with its columns and filters",
        permission=Permission.VIEW,
        act=_tables,
        answer=TablesOut,
    ),
    Route(
        method="GET",
        path="/tables/{table}",
        name="rows",
        summary="A page of a table",
        permission=Permission.VIEW,
        act=_rows,
        query=Paging,
        answer=RowsOut,
        arguments={"table": f"One of {', '.join(TABLES)}."},
        problems=(404,),
    ),
)
"""These routes."""
