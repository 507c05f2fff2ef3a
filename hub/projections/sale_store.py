"""Writing what was sold."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, delete, insert

from hub import db
from hub.folds.sales import Sale
from hub.projections.movement_store import Days


def replace(connection: Connection, market: str, lines: Sequence[Sale], days: Days) -> None:
    """These are the lines of a market now."""
    connection.execute(delete(db.sale).where(db.sale.c.market == market))
    if lines:
        rows = [{**msgspec.structs.asdict(line), "day": days.of(line.t)} for line in lines]
        connection.execute(insert(db.sale), rows)
