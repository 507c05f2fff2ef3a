"""The goods that a recall meets and somebody can still get hold of, as a table."""

from collections.abc import Sequence
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, case, func, select

from contract import codes
from hub import db, statuses
from hub.access.scope import within
from hub.queries import places
from hub.web import status_words
from hub.web.listing import Choice, Column, Kind, Link, Listing, SqlSource, filters
from hub.web.login import visible_stops
from hub.web.stock import words

_ITEM: Final = db.item.c
_MET: Final = db.met.c
COULD_GO_OUT: Final = (statuses.IN_STOCK, statuses.RESERVED, statuses.UNLABELLED)
STATES: Final = {
    "free": COULD_GO_OUT,
    "aside": (statuses.QUARANTINED,),
    "away": (statuses.OUT, statuses.SENT),
}
"""What the table shows, as its filter groups it."""
_WITHIN_REACH: Final = tuple(status for group in STATES.values() for status in group)
_FIRST: Final = case((_MET.status == statuses.QUARANTINED, 2), (_MET.certain, 0), else_=1)
"""What is surely meant and not set aside yet comes first, then what may be, then the rest."""


class Met(Struct, frozen=True):
    """An item that a recall meets; ``certain``: its lot was read, or every lot is recalled."""

    code: str
    status: str
    stop: str
    place: str
    lot: str
    certain: bool
    quantity: int


def unread(here: Connection, recall: str) -> int:
    """How many of the goods within reach may be of the lot: nobody has read theirs."""
    query = select(func.count()).select_from(_met(recall, db.met).where(~_MET.certain).subquery())
    return here.scalar(query) or 0


def _met(recall: str, tables: Any) -> Select[Any]:
    return (
        select(_MET.item, _MET.status, _MET.stop, _MET.certain)
        .select_from(tables)
        .where(
            _MET.recall == recall,
            _MET.status.in_(_WITHIN_REACH),
            within(_MET.stop, visible_stops()),
        )
    )


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Met]:
    known, named = places.stops(here), words.place_names(here, (row.place for row in found))
    return [
        Met(
            row.item,
            row.status,
            words.stop(known, row.stop),
            named[row.place],
            row.lot or "",
            row.certain,
            row.quantity,
        )
        for row in found
    ]


def _state(row: Met) -> Markup:
    return Markup('<span class="status status-{}">{}</span>').format(
        row.status, status_words.status(row.status)
    )


def _lot(row: Met) -> str:
    return row.lot if row.certain or row.lot else str(_("nobody has read it"))


def goods(recall: str, lot: str) -> Listing[Met]:
    """The table of this recall; ``lot`` empty: every lot is meant."""

    def shown() -> Select[Any]:
        tables = db.met.join(db.item, _ITEM.code == _MET.item)
        return _met(recall, tables).add_columns(_ITEM.place, _ITEM.lot, _ITEM.quantity)

    return Listing[Met](
        name="recalled",
        title=_l("Where it is"),
        order="state",
        empty=_l(
            "Nothing of it is at a stop or on its way. What comes later appears here by itself."
        ),
        source=SqlSource(
            select=shown,
            key=(_MET.stop, func.coalesce(_ITEM.place, ""), _MET.item),
            rows=_rows,
            counted=lambda: _met(recall, db.met),
        ),
        columns=(
            Column(
                "item",
                _l("Item"),
                lambda row: row.code,
                Kind.CODE,
                show=lambda row: codes.grouped(row.code),
                link=Link("board.item", "code", lambda row: row.code),
                heading=True,
            ),
            Column(
                "state",
                _l("State"),
                lambda row: status_words.status(row.status),
                show=_state,
                sort=_FIRST,
            ),
            Column("stop", _l("Stop"), lambda row: row.stop),
            Column("place", _l("Place"), lambda row: row.place or None),
            Column("lot", _l("Lot"), _lot),
            Column("quantity", _l("Pieces"), lambda row: row.quantity, Kind.NUMBER),
        ),
        filters=(
            Choice(
                "lot",
                _l("Lot"),
                options=lambda _here: [
                    ("sure", _("Of this lot")),
                    ("perhaps", _("Perhaps of this lot")),
                ],
                where=lambda value: _MET.certain if value == "sure" else ~_MET.certain,
                first=True,
            ),
            Choice(
                "state",
                _l("State"),
                options=lambda _here: [
                    ("free", _("Could still go out")),
                    ("away", _("Out or on the way")),
                    ("aside", _("Set aside")),
                ],
                where=lambda value: _MET.status.in_(STATES.get(value, ())),
                first=True,
            ),
            filters.stops(_MET.stop),
        )[0 if lot else 1 :],
    )
