"""What came without the hub's trust, and waits for a person's word.

Rules
-----
* Whatever comes from a revoked kiosk, by whatever way, and is not in the log already, waits here:
  kept as received, shown, counted nowhere, acknowledged to nobody. What is in the log already is
  only sent once more, and is answered as ever. So waits what was read from a card, or what nobody
  signed, of any kiosk.
* So is a kiosk whose account is closed though it has not ended here. A backup that is older than
  its end was restored, the broker's files alone remember (`hub.kiosks.broker_keeper`), and they do
  not tell a thief from a device that was retired. Whoever knows revokes it, or retires it.
* How far the log was at the moment of revocation stands in `revocation`; it is what a person
  compares with, not what decides: an event that stands below it under another hash is just what a
  forger would send.
* A person takes in all of it or a stretch, or refuses it. What is taken in goes through the event
  log's own append, to its own place, once: the same event by another way later finds it there. What
  is refused is kept, and can be put back to wait.
* No row is ever deleted. Run these through `hub.log.writer.Writer.call`: the projector follows.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contract import bundles
from contract.batches import Batch
from contract.events import ZERO_HASH, type_of
from contract.messages import Ack
from hub import db, incidents
from hub.access import audit
from hub.access.audit import By
from hub.folds.entries import subjects
from hub.incidents import Trouble
from hub.log.event_log import Appended, EventLog
from hub.log.lines import Line, read_lines

WAITING: Final = "waiting"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"

MQTT: Final = "mqtt"
"""The way of a message; bundles have `contract.bundles.Source`."""

KIND: Final = "review-waits"
"""The incident of a kiosk of which something waits; it goes when nothing does any more."""

ACCEPT: Final = 1000
"""Lines that one transaction takes in: others wait meanwhile."""

REASONS: Final = ("not-ours", "made-up", "copied", "other")
"""Why something is refused."""

_T: Final = db.review.c
_KEPT: Final = """
INSERT INTO review (kiosk, epoch, seq, hash, type, wall_ms, subjects, problem, raw, way,
                    received_ms, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting') ON CONFLICT DO NOTHING
"""
_HELD: Final = """
SELECT seq, hash FROM event WHERE kiosk = ? AND epoch = ? AND seq BETWEEN ? AND ?
"""
# An account that is closed though nobody ended the kiosk: see the rules.
_NOT_TRUSTED: Final = """
SELECT id FROM kiosk WHERE revoked_ms IS NOT NULL
UNION
SELECT kiosk.id FROM kiosk JOIN broker_account ON broker_account.kiosk = kiosk.id
WHERE NOT broker_account.allowed AND kiosk.retired_ms IS NULL
"""


class ReviewError(ValueError):
    """It cannot be decided; ``why`` is a machine word: ``bad-reason``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why: Final = why


class Aside(Struct, frozen=True):
    """What became of a batch that is not trusted: lines that are in the log already, that now wait
    or waited before, and that a person refused before. ``appended`` when all were in the log."""

    held: int
    waiting: int
    rejected: int
    appended: Appended | None = None


class Stretch(Struct, frozen=True):
    """Seqs ``first`` to ``last`` of an epoch, both included."""

    epoch: str
    first: int
    last: int


class Decided(Struct, frozen=True):
    """What a decision did: lines that it was about, those of them that the log did not have yet,
    and how many it left for the next call."""

    lines: int
    fresh: int
    left: int


# --- what arrives ---------------------------------------------------------------------------------


def take(
    connection: Connection, log: EventLog, kiosk: str, batch: Batch, way: str, now_ms: int
) -> Aside:
    """Keep what the log does not have of a batch, in whose transaction ``log`` has begun."""
    header = batch.header
    last = header.first + header.count - 1
    there = connection.exec_driver_sql(_HELD, (kiosk, header.epoch, header.first, last))
    known = {(row[0], row[1]) for row in there}
    lines = read_lines(kiosk, batch)
    new = [line for line in lines if (line.seq, line.hash) not in known]
    if not new:
        return Aside(len(lines), 0, 0, log.append(connection, kiosk, batch, now_ms))
    connection.exec_driver_sql(_KEPT, [_row(kiosk, header.epoch, one, way, now_ms) for one in new])
    states = connection.execute(
        sa.select(_T.seq, _T.hash, _T.state).where(
            _T.kiosk == kiosk, _T.epoch == header.epoch, _T.seq.between(header.first, last)
        )
    )
    refused = {(row.seq, row.hash) for row in states if row.state == REJECTED}
    rejected = sum((line.seq, line.hash) in refused for line in new)
    tell(connection, kiosk, now_ms)
    return Aside(len(lines) - len(new), len(new) - rejected, rejected)


def acknowledged(aside: Aside) -> Ack | None:
    """The answer to what came over MQTT: none as long as a line of it waits."""
    if aside.appended is None or aside.appended.ack.hash == ZERO_HASH:
        return None
    return aside.appended.ack


def _row(kiosk: str, epoch: str, line: Line, way: str, now_ms: int) -> tuple[Any, ...]:
    event = line.event
    kind = type_of(event.public.body) if event is not None else None
    wall = event.public.wall if event is not None else None
    named = " ".join(subjects(event.public.body)) if event is not None else ""
    return (
        kiosk, epoch, line.seq, line.hash, kind, wall, named, line.problem, line.raw, way, now_ms,
    )  # fmt: skip


def tell(connection: Connection, kiosk: str, now_ms: int) -> None:
    """Open or close the kiosk's incident by what waits."""
    key = f"{KIND}:{kiosk}"
    waiting = count(connection, kiosk)
    if waiting:
        detail: dict[str, str | int] = {"n": waiting}
        incidents.note(connection, Trouble(key, KIND, kiosk, kiosk, detail), now_ms)
    else:
        incidents.close(connection, key, now_ms)


def revoked(connection: Connection) -> Collection[str]:
    """The kiosks that are not trusted any more."""
    found = connection.exec_driver_sql(_NOT_TRUSTED)
    return frozenset(row[0] for row in found)


# --- what a person decides ------------------------------------------------------------------------


def accept(
    connection: Connection, kiosk: str, stretches: Sequence[Stretch], by: By, now_ms: int
) -> Decided:
    """Take in the first `ACCEPT` lines that wait there; no stretches: of all. Call again as long
    as some are left."""
    where = _where(kiosk, stretches, WAITING)
    rows = connection.execute(
        sa.select(_T.id, _T.epoch, _T.seq, _T.hash, _T.raw)
        .where(where)
        .order_by(_T.epoch, _T.seq, _T.hash)
        .limit(ACCEPT)
    ).all()
    log = EventLog()
    log.begin(connection, [kiosk])
    fresh = 0
    lines = ((row.epoch, row.seq, row.hash, bytes(row.raw)) for row in rows)
    for batch in bundles.in_batches(lines, ACCEPT):
        fresh += len(log.append(connection, kiosk, batch, now_ms).fresh)
    log.finish(connection, now_ms)
    _decide(connection, [row.id for row in rows], ACCEPTED, by, now_ms)
    left = connection.execute(sa.select(sa.func.count()).where(where)).scalar_one()
    if rows:
        detail = {"events": len(rows), "fresh": fresh}
        _note(connection, by, "review.accepted", kiosk, detail, now_ms)
    tell(connection, kiosk, now_ms)
    return Decided(len(rows), fresh, left)


def reject(
    connection: Connection, kiosk: str, stretches: Sequence[Stretch], why: str, by: By, now_ms: int
) -> Decided:
    """Refuse what waits there. Raises `ReviewError`."""
    if why not in REASONS:
        raise ReviewError("bad-reason")
    return _move(connection, kiosk, stretches, (WAITING, REJECTED), {"why": why}, by, now_ms)


def reconsider(
    connection: Connection, kiosk: str, stretches: Sequence[Stretch], by: By, now_ms: int
) -> Decided:
    """Put what was refused there back to wait."""
    return _move(connection, kiosk, stretches, (REJECTED, WAITING), {}, by, now_ms)


def _move(
    connection: Connection,
    kiosk: str,
    stretches: Sequence[Stretch],
    states: tuple[str, str],
    detail: dict[str, Any],
    by: By,
    now_ms: int,
) -> Decided:
    before, after = states
    decided = {"decided_ms": now_ms, "decided_by": by.account}
    undone = {"decided_ms": None, "decided_by": None}
    changed = connection.execute(
        sa.update(db.review)
        .where(_where(kiosk, stretches, before))
        .values(state=after, **(undone if after == WAITING else decided))
    ).rowcount
    if changed:
        what = "review.rejected" if after == REJECTED else "review.reconsidered"
        _note(connection, by, what, kiosk, {"events": changed, **detail}, now_ms)
    tell(connection, kiosk, now_ms)
    return Decided(changed, 0, 0)


def _decide(connection: Connection, ids: Sequence[int], state: str, by: By, now_ms: int) -> None:
    if ids:
        connection.execute(
            sa.update(db.review)
            .where(_T.id == sa.bindparam("row"))
            .values(state=state, decided_ms=now_ms, decided_by=by.account),
            [{"row": one} for one in ids],
        )


def _note(
    connection: Connection, by: By, what: str, kiosk: str, detail: dict[str, Any], now_ms: int
) -> None:
    stop = connection.scalar(sa.select(db.kiosk.c.stop).where(db.kiosk.c.id == kiosk)) or ""
    audit.note(connection, by, what, kiosk, detail, now_ms, stop=stop)


def _where(kiosk: str, stretches: Sequence[Stretch], state: str) -> sa.ColumnElement[bool]:
    here = sa.and_(_T.kiosk == kiosk, _T.state == state)
    if not stretches:
        return here
    within = (
        sa.and_(_T.epoch == one.epoch, _T.seq.between(one.first, one.last)) for one in stretches
    )
    return sa.and_(here, sa.or_(*within))


def count(connection: Connection, kiosk: str) -> int:
    """How many lines of a kiosk wait."""
    return connection.execute(
        sa.select(sa.func.count()).where(_T.kiosk == kiosk, _T.state == WAITING)
    ).scalar_one()
