"""Recipes of kits are made, and taken out of the choice; none is ever removed, since events name
them."""

import secrets
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, insert, update

from contract import gtins
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.kiosks import catalogue

MAX_LINES: Final = 8
MAX_NAME: Final = 60
MAX_COUNT: Final = 100


class Line(Struct, frozen=True):
    """So many of a category, or of one retail code (the other is empty)."""

    category: str
    gtin: str
    count: int


class RecipeError(ValueError):
    """There can be no such recipe; ``line`` is the one that is wrong, from 1; 0: the whole."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {why}" if line else why)
        self.line = line


def add(
    connection: Connection, zh: str, en: str, lines: Sequence[Line], by: By, now_ms: int
) -> str:
    """A new recipe; its key.

    Raises:
        RecipeError: no name, no line or too many, or a line of nothing.
    """
    if not zh and not en:
        raise RecipeError("no name")
    known = catalogue.category_keys(connection)
    for n, line in enumerate(lines, start=1):
        good = gtins.full(line.gtin) == line.gtin if line.gtin else line.category in known
        if not good or (line.gtin and line.category) or not 1 <= line.count <= MAX_COUNT:
            raise RecipeError("a category or a retail code, and how many", n)
    if not 1 <= len(lines) <= MAX_LINES:
        raise RecipeError(f"from 1 to {MAX_LINES} lines")
    key = f"kit-{secrets.token_hex(4)}"
    connection.execute(insert(db.kit).values(key=key, zh=zh or en, en=en or zh, offered=True))
    rows = [
        {"kit": key, "n": n, "category": one.category, "gtin": one.gtin, "count": one.count}
        for n, one in enumerate(lines)
    ]
    connection.execute(insert(db.kit_line), rows)
    audit.note(connection, by, "reference.put", "kits", {"keys": [key]}, now_ms)
    return key


def offer(connection: Connection, key: str, offered: bool, by: By, now_ms: int) -> bool:
    """Take a recipe out of the choice, or offer it again; False where there is none."""
    done = connection.execute(update(db.kit).where(db.kit.c.key == key).values(offered=offered))
    if not done.rowcount:
        return False
    detail = {"keys": [key], "value": offered}
    audit.note(connection, by, "reference.put", "kits", detail, now_ms)
    return True
