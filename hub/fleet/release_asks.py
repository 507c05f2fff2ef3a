"""What kiosks' updaters ask: which release they are to run now, and when they asked last."""

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, update

from contract.releases import Offer
from hub import db
from hub.fleet import releases
from hub.fleet.roll_out_rows import DONE, HOUR_MS, RUNNING, Member, RollOut, one
from hub.fleet.roll_out_states import LEFT_OUT


class Ask(Struct, frozen=True):
    """What a kiosk's updater asked last; ``asked_ms`` to the hour while the rest is the same."""

    kiosk: str
    target: str
    release: str
    offered: str
    asked_ms: int


def offer(connection: Connection, kiosk: str, release: str, target: str) -> Offer | None:
    """What a kiosk that runs ``release`` on ``target`` is to run now; None: nothing else."""
    found = _wanted(connection, kiosk)
    if found is None or found[0].state not in (RUNNING, DONE):
        return None
    if found[0].release == release:
        return None
    kept = releases.one(connection, found[0].release, target)
    return None if kept is None else Offer(kept.id, kept.target, kept.size, kept.sha256)


def asked(connection: Connection, ask: Ask) -> bool:
    """Whether this is news that is worth a row."""
    table = db.release_ask
    row = connection.execute(select(table).where(table.c.kiosk == ask.kiosk)).first()
    if row is None:
        return True
    before = Ask(*(getattr(row, name) for name in Ask.__struct_fields__))
    same = msgspec.structs.replace(before, asked_ms=ask.asked_ms) == ask
    return not same or ask.asked_ms - before.asked_ms >= HOUR_MS


def note_ask(connection: Connection, ask: Ask) -> None:
    """Keep it."""
    table, values = db.release_ask, msgspec.structs.asdict(ask)
    here = table.c.kiosk == ask.kiosk
    if not connection.execute(update(table).where(here).values(**values)).rowcount:
        connection.execute(insert(table).values(**values))


def asks(connection: Connection) -> dict[str, Ask]:
    """The last of each kiosk."""
    table = db.release_ask
    return {
        row.kiosk: Ask(*(getattr(row, name) for name in Ask.__struct_fields__))
        for row in connection.execute(select(table))
    }


def _wanted(connection: Connection, kiosk: str) -> tuple[RollOut, Member] | None:
    """The newest roll-out that has told this kiosk."""
    told = db.roll_out_kiosk.c
    number = connection.scalar(
        select(func.max(told.roll_out)).where(
            told.kiosk == kiosk, told.told_ms.is_not(None), told.state != LEFT_OUT
        )
    )
    found = None if number is None else one(connection, number)
    if found is None:
        return None
    return next(((found, each) for each in found.members if each.kiosk == kiosk), None)
