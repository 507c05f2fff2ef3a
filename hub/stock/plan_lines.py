"""Delivery plans are made, say what they want, are closed and opened again.

A plan belongs to no stop: what it wants and whether it is open hold for the whole hub, as its name
does. So only who sees every stop sets these; keeping goods of one's own stop for it is another
matter (`hub.stock.stock_actions`).
"""

import hashlib
import secrets
from typing import Final

import msgspec
from msgspec import to_builtins
from sqlalchemy import Connection, delete, insert, select, update

from contract import codes
from contract.codes import Kind, to_base32
from contract.reference import Plan
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.kiosks import catalogue, reference

MAX_NAME: Final = 60
MAX_WANTED: Final = 100_000


class PlanError(ValueError):
    """It cannot be: no name, or no such category."""


class PlanChangedError(ValueError):
    """Somebody else has set it since it was shown."""


def add(connection: Connection, zh: str, en: str, by: By, now_ms: int) -> str:
    """A new plan; its code.

    Raises:
        PlanError: it has no name.
        hub.kiosks.catalogue.CatalogueError, hub.kiosks.reference.TooManyNamesError: kiosks could
        not know it.
    """
    if not zh and not en:
        raise PlanError("a plan needs a title in one language at least")
    code = codes.serial_code(Kind.PLAN, to_base32(secrets.randbits(20), 4), secrets.randbits(25))
    catalogue.put(connection, "plans", [to_builtins(Plan(code, zh or en, en or zh))])
    reference.require_room(connection, "plans")
    audit.note(connection, by, "reference.put", "plans", {"keys": [code]}, now_ms)
    return code


def version(connection: Connection, plan: str) -> str:
    """Another one for another name, state or wish; what is kept for it makes no difference."""
    table = db.plan_line.c
    told = [tuple(row) for row in connection.execute(select(db.plan).where(db.plan.c.code == plan))]
    lines = select(table.category, table.n).where(table.plan == plan).order_by(table.category)
    told += [tuple(row) for row in connection.execute(lines)]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def _require_seen(connection: Connection, plan: str, seen: str | None) -> None:
    if seen is not None and seen != version(connection, plan):
        raise PlanChangedError("somebody else has changed this plan since it was shown")


def want(
    connection: Connection,
    plan: str,
    category: str,
    n: int,
    by: By,
    now_ms: int,
    seen: str | None = None,
) -> None:
    """The plan wants ``n`` of a category; 0 takes the line away. ``seen`` is the `version` that was
    shown.

    Raises:
        PlanError: there is no such category.
        PlanChangedError: it is another by now.
    """
    _require_seen(connection, plan, seen)
    if category not in catalogue.category_keys(connection):
        raise PlanError(f"{category}: there is no such category")
    table = db.plan_line
    same = (table.c.plan == plan) & (table.c.category == category)
    connection.execute(delete(table).where(same))
    if n:
        connection.execute(insert(table).values(plan=plan, category=category, n=n))
    audit.note(connection, by, "reference.put", plan, {"key": category, "value": n}, now_ms)


def open_again(
    connection: Connection,
    plan: str,
    opened: bool,
    by: By,
    now_ms: int,
    seen: str | None = None,
) -> None:
    """Open the plan, or close it. ``seen`` is the `version` that was shown.

    Raises:
        PlanChangedError: it is another by now.
    """
    _require_seen(connection, plan, seen)
    connection.execute(update(db.plan).where(db.plan.c.code == plan).values(open=opened))
    detail = {"keys": [plan], "value": opened}
    audit.note(connection, by, "reference.put", "plans", detail, now_ms)
