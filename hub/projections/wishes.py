"""What processes that may not project ask of the projector (`hub.city`): rows of a table, since it
must hold exactly when the change that it goes with does.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from hub.db import wish
from hub.log import positions

LOOK: Final = "look"
"""Somebody changed what kiosks are told, or where they stand: read it again."""

REBUILD: Final = "rebuild"
"""Drop and refold all projections."""


class Waiting(Struct, frozen=True):
    """What there is to do for the projector: whether ``rows`` wait for it, and ``wishes`` by id."""

    rows: bool
    wishes: dict[int, str]


def ask(connection: Connection, what: str) -> int:
    """Wish for something once this transaction is committed; the wish's id."""
    made = connection.execute(insert(wish).values(what=what).returning(wish.c.id))
    return int(made.scalar_one())


def waiting(connection: Connection) -> Waiting:
    """What there is to do now."""
    rows = connection.execute(select(wish.c.id, wish.c.what))
    return Waiting(positions.waiting(connection), {row.id: row.what for row in rows})


def granted(connection: Connection, ids: Sequence[int]) -> None:
    """These were carried out."""
    connection.execute(delete(wish).where(wish.c.id.in_(ids)))


def is_open(connection: Connection, number: int) -> bool:
    """Whether the wish with this id still waits."""
    return connection.execute(select(wish.c.id).where(wish.c.id == number)).first() is not None
