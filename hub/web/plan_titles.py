"""Where the list of delivery plans' titles comes from.

Plans become more for ever, one for each delivery to a household: unlike the other parts of the
names, a page of them reads its own rows alone.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Row,
    String,
    case,
    cast,
    func,
    or_,
    select,
)

from contract.reference import Entry, Plan
from hub import db
from hub.web.listing import SqlSource


def _rows(_connection: Connection, found: Sequence[Row[Any]]) -> Sequence[Entry]:
    return [Plan(row.code, row.zh, row.en, row.items, row.open) for row in found]


SOURCE: Final = SqlSource[Entry](select=select(db.plan), key=(db.plan.c.code,), rows=_rows)


def containing(wanted: Any) -> ColumnElement[bool]:
    """The plans with these words in any field, as its form shows it."""
    asked = str(wanted).lower()
    return or_(*(_text(one).contains(asked, autoescape=True) for one in db.plan.columns))


def _text(column: ColumnElement[Any]) -> ColumnElement[str]:
    if isinstance(column.type, Boolean):
        return case((column, "yes"), else_="no")
    return func.lower(cast(column, String))
