"""Prefixes of labels printed ahead: the hub draws each once, at random, and never gives it again.

They share the table `hub.db.prefix` with those of journals, and belong to no kiosk: whichever
binds such a label first has it.
"""

import secrets
from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from contract.codes import READY_MADE, to_base32
from hub import db

_PREFIXES: Final = 32**3


class NoLabelPrefixError(Exception):
    """All prefixes of labels printed ahead are issued; the text is for people, zh / en."""


def draw_prefix(
    connection: sa.Connection, now_ms: int, *, draw: Callable[[int], int] = secrets.randbelow
) -> str:
    """A prefix for one print run that no run ever had; the caller commits, and prints only then.

    ``draw(n)`` gives a random number from 0 to n - 1.

    Raises:
        NoLabelPrefixError: none is left.
    """
    table = db.prefix
    ours = sa.select(table.c.prefix).where(table.c.prefix.startswith(READY_MADE))
    issued = set(connection.scalars(ours))
    if len(issued) >= _PREFIXES:
        raise NoLabelPrefixError(
            "预印标签的前缀已用完 / no prefix is left for labels printed ahead"
        )
    prefix = READY_MADE + to_base32(draw(_PREFIXES), 3)
    while prefix in issued:
        prefix = READY_MADE + to_base32(draw(_PREFIXES), 3)
    connection.execute(table.insert().values(prefix=prefix, kiosk=None, issued_ms=now_ms))
    return prefix
