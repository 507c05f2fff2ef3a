"""Writing what was sold."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, delete, insert

from hub import db
from hub.folds.sales import Sale


def replace(connection: Connection, market: str, lines: Sequence[Sale]) -> None:
    """These are the lines of a market now."""
    connection.execute(delete(db.sale).where(db.sale.c.market == market))
    if lines:
        connection.execute(insert(db.sale), [msgspec.structs.asdict(line) for line in lines])
