"""How a kiosk ends: by an ordinary end, or because it is not to be trusted any more.

Rules
-----
* A kiosk's id, its broker account and its prefixes are never given to another device, whichever way
  it ended: papers and journals with them are out there. The stop stays, and a new kiosk takes its
  place by a new enrolment.
* **Retired** is an ordinary end. It is refused as long as the kiosk may hold events that the hub
  does not have, unless a person says why it must be so all the same. What comes later (a bundle, a
  card that turns up) counts as ever: the device was honest.
* **Revoked** is for a device that is in somebody else's hands, or may be. In one transaction its
  account is forbidden, and how far each of its streams is, with the hash there, is written down;
  from then on `hub.fleet.reviewing` decides what becomes of anything it sends.
* Neither is taken back. A device that was revoked by mistake is enrolled again as a new kiosk; its
  old events wait in the review and are taken in from there.
"""

from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contract.messages import Health, Hello
from hub import db, incidents, postgresql
from hub.access import audit
from hub.access.audit import By
from hub.kiosks import broker_accounts

RETIRED_WHY: Final = ("replaced", "closed", "broken", "not-needed")
REVOKED_WHY: Final = ("stolen", "lost", "suspect", "copied")

_K: Final = db.kiosk.c


class LifecycleError(ValueError):
    """A kiosk that cannot end like that; ``why`` is a machine word: ``unknown-kiosk``,
    ``retired``, ``revoked``, ``bad-reason``, ``unsent`` (with ``n`` events), ``unheard``,
    ``bad-replacement``."""

    def __init__(self, why: str, n: int = 0) -> None:
        super().__init__(f"{why}: {n}" if n else why)
        self.why: Final = why
        self.n: Final = n


class Unsent(Struct, frozen=True):
    """What a kiosk may hold that the hub does not: ``events`` that are known of; ``unheard`` when
    it is not connected, so that there may be more than anybody knows."""

    events: int
    unheard: bool


class Ended(Struct, frozen=True):
    """How a kiosk ended; all None, or empty, for one that has not."""

    retired_ms: int | None
    revoked_ms: int | None
    why: str
    replaced_by: str

    @property
    def ended(self) -> bool:
        """Whether it did."""
        return self.retired_ms is not None or self.revoked_ms is not None


class Mark(Struct, frozen=True):
    """How far a stream was when its kiosk was revoked."""

    epoch: str
    through: int
    hash: str


def ended(connection: Connection, kiosk: str) -> Ended | None:
    """How it ended; None for no such kiosk."""
    row = connection.execute(
        sa.select(_K.retired_ms, _K.revoked_ms, _K.ended_why, _K.replaced_by).where(_K.id == kiosk)
    ).first()
    return None if row is None else Ended(row[0], row[1], row[2] or "", row[3] or "")


def unsent(connection: Connection, kiosk: str) -> Unsent:
    """What it may hold, by its last hello and its last word about its health."""
    table = db.kiosk_state.c
    row = connection.execute(
        sa.select(table.online, table.hello, table.health, table.health_ms, table.last_event_ms)
        .where(table.kiosk == kiosk)
    ).first()  # fmt: skip
    if row is None:
        return Unsent(0, False)
    through = {one.epoch: one.through for one in _streams(connection, kiosk)}
    known = 0
    if row.hello is not None:
        kept = msgspec.json.decode(row.hello, type=Hello).epochs
        known = sum(max(0, one.head - through.get(one.epoch, 0)) for one in kept)
    if row.health is not None and row.health_ms >= (row.last_event_ms or 0):
        # Younger than what arrived: what it counted then has not come since.
        known = max(known, msgspec.json.decode(row.health, type=Health).backlog)
    return Unsent(known, row.online is not True)


def retire(
    connection: Connection,
    kiosk: str,
    why: str,
    by: By,
    now_ms: int,
    *,
    anyway: bool = False,
    replaced_by: str = "",
) -> None:
    """An ordinary end. ``replaced_by`` is the kiosk that has taken its place at the same stop.

    Raises:
        LifecycleError: see there; ``unsent`` and ``unheard`` not with ``anyway``.
    """
    if why not in RETIRED_WHY:
        raise LifecycleError("bad-reason")
    stop = _require_active(connection, kiosk)
    if replaced_by:
        there = connection.scalar(sa.select(_K.stop).where(_K.id == replaced_by))
        if replaced_by == kiosk or there != stop:
            raise LifecycleError("bad-replacement")
    left = unsent(connection, kiosk)
    if not anyway and left.events:
        raise LifecycleError("unsent", left.events)
    if not anyway and left.unheard:
        raise LifecycleError("unheard")
    _end(connection, kiosk, {"retired_ms": now_ms, "ended_why": why}, replaced_by, now_ms)
    detail = {"why": why, "unsent": left.events, "replaced by": replaced_by}
    audit.note(connection, by, "kiosk.retired", kiosk, detail, now_ms, stop=stop)


def revoke(connection: Connection, kiosk: str, why: str, by: By, now_ms: int) -> list[Mark]:
    """Trust it no more; how far its streams are. A retired kiosk can be revoked as well.

    Raises:
        LifecycleError: ``unknown-kiosk``, ``revoked`` or ``bad-reason``.
    """
    if why not in REVOKED_WHY:
        raise LifecycleError("bad-reason")
    postgresql.lock_kiosks(connection, [kiosk])  # nobody is appending to its streams meanwhile
    stop = _require_active(connection, kiosk, retired_too=True)
    marks = _streams(connection, kiosk)
    if marks:
        rows = [{"kiosk": kiosk, **msgspec.structs.asdict(one)} for one in marks]
        connection.execute(sa.insert(db.revocation), rows)
    _end(connection, kiosk, {"revoked_ms": now_ms, "ended_why": why}, "", now_ms)
    detail = {"why": why, "events": sum(one.through for one in marks)}
    audit.note(connection, by, "kiosk.revoked", kiosk, detail, now_ms, stop=stop)
    return marks


def marks(connection: Connection, kiosk: str) -> list[Mark]:
    """How far a revoked kiosk's streams were."""
    table = db.revocation.c
    rows = connection.execute(
        sa.select(table.epoch, table.through, table.hash)
        .where(table.kiosk == kiosk)
        .order_by(table.epoch)
    )
    return [Mark(*row) for row in rows]


def _end(
    connection: Connection, kiosk: str, values: dict[str, int | str], replaced_by: str, now_ms: int
) -> None:
    connection.execute(
        sa.update(db.kiosk)
        .where(_K.id == kiosk)
        .values(**values, **({"replaced_by": replaced_by} if replaced_by else {}))
    )
    broker_accounts.forbid(connection, kiosk, now_ms)
    # Silence is what is to be expected of it from now on.
    connection.execute(
        sa.update(db.kiosk_state).where(db.kiosk_state.c.kiosk == kiosk).values(online=False)
    )
    incidents.close(connection, f"unknown-kiosk:{kiosk}", now_ms)


def _require_active(connection: Connection, kiosk: str, *, retired_too: bool = False) -> str:
    """The stop of a kiosk that has not ended yet."""
    row = connection.execute(
        sa.select(_K.stop, _K.retired_ms, _K.revoked_ms).where(_K.id == kiosk)
    ).first()
    if row is None:
        raise LifecycleError("unknown-kiosk")
    if row.revoked_ms is not None:
        raise LifecycleError("revoked")
    if row.retired_ms is not None and not retired_too:
        raise LifecycleError("retired")
    return str(row.stop)


def _streams(connection: Connection, kiosk: str) -> list[Mark]:
    table = db.stream.c
    rows = connection.execute(
        sa.select(table.epoch, table.through, table.hash).where(table.kiosk == kiosk)
    )
    return [Mark(*row) for row in rows]
