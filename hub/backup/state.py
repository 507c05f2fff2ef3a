"""What the hub remembers of its backups (in ``meta``), and what it makes an incident of.

``backup``: the last one made; ``backup_apart``: the last one that outlives the machine;
``backup_failed``: why the last attempt failed, gone with the next that succeeds; ``hub_copy``: how
far the hub's own events are copied.
"""

from typing import Final, TypeVar

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from hub import db, incidents
from hub.backup import Backup
from hub.backup.hub_events import streams
from hub.backup.taking import record
from hub.incidents import Trouble
from hub.log.recording import KIOSK
from hub.projections.projection_store import set_meta

T = TypeVar("T")

BACKUP_LATE: Final = "backup-late"
COPY_LATE: Final = "hub-copy-late"
COPY_LATE_MS: Final = 5 * 60_000
"""After so long without a copy of what the hub itself recorded somebody must look."""


class Made(Struct, frozen=True):
    """A backup as it is remembered; ``size`` in bytes, 0 when nobody counted."""

    file: str
    taken_ms: int
    events: int
    apart: bool = False
    size: int = 0


class Failed(Struct, frozen=True):
    """Why and when an attempt failed; the text is for people."""

    at_ms: int
    error: str


class Copied(Struct, frozen=True):
    """Through which seq each epoch of the hub is copied; ``error`` is for people."""

    at_ms: int
    through: dict[str, int] = {}
    error: str = ""


class Standing(Struct, frozen=True):
    """How the backups are. ``behind`` counts events of the hub's own that are in no copy,
    ``behind_ms`` says since when the oldest of them waits (its arrival), None when none does."""

    last: Made | None
    apart: Made | None
    failed: Failed | None
    copied: Copied | None
    behind: int
    behind_ms: int | None
    first_ms: int | None


def standing(connection: Connection) -> Standing:
    """How the backups are now."""
    copied = _get(connection, "hub_copy", Copied)
    through = copied.through if copied else {}
    waiting = {
        epoch: (through.get(epoch, 0), last)
        for epoch, last in streams(connection).items()
        if last > through.get(epoch, 0)
    }
    arrivals = [_arrival(connection, epoch, done) for epoch, (done, _) in waiting.items()]
    first = connection.execute(
        sa.select(db.event.c.received_ms).order_by(db.event.c.id).limit(1)
    ).scalar()
    return Standing(
        last=_get(connection, "backup", Made),
        apart=_get(connection, "backup_apart", Made),
        failed=_get(connection, "backup_failed", Failed),
        copied=copied,
        behind=sum(last - done for done, last in waiting.values()),
        behind_ms=min((ms for ms in arrivals if ms is not None), default=None),
        first_ms=first,
    )


def late(now: Standing, now_ms: int, limit_ms: int) -> bool:
    """Whether the newest backup that outlives the machine is older than ``limit_ms``; without any,
    whether the oldest event is."""
    since = now.apart.taken_ms if now.apart is not None else now.first_ms
    return since is not None and now_ms - since > limit_ms


def copy_late(now: Standing, now_ms: int) -> bool:
    """Whether an event of the hub's own has waited for its copy for too long."""
    return now.behind_ms is not None and now_ms - now.behind_ms > COPY_LATE_MS


# --- changes, run through the writer -----------------------------------------------------------


def remember(connection: Connection, made: Backup) -> None:
    """A backup was made: kiosks may forget what it holds if it outlives the machine."""
    record(connection, made)
    told = msgspec.json.encode(
        Made(made.file, made.taken_ms, made.held.events, made.apart, made.size)
    ).decode()
    set_meta(connection, "backup", told)
    if made.apart:
        set_meta(connection, "backup_apart", told)
        incidents.close(connection, BACKUP_LATE, made.taken_ms)
    _forget(connection, "backup_failed")


def failed(connection: Connection, error: str, now_ms: int) -> None:
    """An attempt failed."""
    set_meta(connection, "backup_failed", msgspec.json.encode(Failed(now_ms, error)).decode())


def copied(connection: Connection, now: Copied) -> None:
    """How far the hub's own events are copied."""
    set_meta(connection, "hub_copy", msgspec.json.encode(now).decode())


def tell(connection: Connection, now_ms: int, limit_ms: int) -> None:
    """Open or close the incidents about backups."""
    now = standing(connection)
    since = now.apart.taken_ms if now.apart is not None else 0
    for kind, is_so, detail in (
        (BACKUP_LATE, late(now, now_ms, limit_ms), {"since_ms": since}),
        (COPY_LATE, copy_late(now, now_ms), {"since_ms": now.behind_ms or 0}),
    ):
        if is_so:
            incidents.note(connection, Trouble(kind, kind, KIOSK, KIOSK, detail), now_ms)
        else:
            incidents.close(connection, kind, now_ms)


def _arrival(connection: Connection, epoch: str, after: int) -> int | None:
    return connection.execute(
        sa.select(db.event.c.received_ms)
        .where(db.event.c.kiosk == KIOSK, db.event.c.epoch == epoch, db.event.c.seq == after + 1)
        .limit(1)
    ).scalar()


def _forget(connection: Connection, key: str) -> None:
    connection.execute(sa.delete(db.meta).where(db.meta.c.key == key))


def _get(connection: Connection, key: str, kind: type[T]) -> T | None:
    text = connection.execute(sa.select(db.meta.c.value).where(db.meta.c.key == key)).scalar()
    try:
        return msgspec.json.decode(text, type=kind) if text else None
    except msgspec.MsgspecError:
        return None
