"""What people do at the hub becomes events of the hub's own stream, through the one append.

Rules
-----
* The stream is called ``hub`` (no kiosk may be). Its events go through `hub.log.event_log` like a
  kiosk's: same frame, same chain of hashes, same projections. Their seqs are taken inside the
  transaction that writes them.
* Every start of a hub, and every restored copy, opens an epoch of its own, whose opening names the
  newest event that this database has. So a copy that went on by itself is a fork that is seen, and
  never a number used twice.
* The hub knows the time: T of its events is its own clock's, never before the event before.
* A request has a UUID. The same one again changes nothing and answers with what it did; the same
  UUID with something else in it is refused.
* ``expects`` says how far the page knew what it is about to change. Had anything newer happened to
  it, nothing is written: `Conflict` names it, and the person decides again.
* Where several processes record, one after the other does: each holds the stream until its COMMIT.
* Who did it is an account's random id in the private part. Names stay in the accounts' table.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, insert, select

from contract import batches, events
from contract.batches import Batch, Header
from contract.events import (
    MAX_CODES_PER_EVENT,
    ZERO_HASH,
    Body,
    ClockLearned,
    EpochOpened,
    Event,
    Private,
    Public,
    Word,
)
from hub import db, postgresql
from hub.folds.entries import subjects
from hub.log.event_log import EventLog
from hub.projections.projection_store import set_meta

KIOSK: Final = "hub"
"""The name of the hub's own stream among kiosks."""
WEB: Final = "web"
PHONE: Final = "phone"
API: Final = "api"
COMMAND: Final = "command"
"""Lanes: by what way somebody did it."""

_HEAD: Final = "hub_stream"
_JOURNAL: Final = "hub_journal"
"""The stream's id, which a copy of the database shares: a copy is a fork, no new journal."""


class Draft(Struct, frozen=True):
    """An event to be: ``stop`` is the id of the stop that it is about; "" is none."""

    body: Body
    stop: str = ""


class Actor(Struct, frozen=True):
    """Who does it: an account's id ("" for nobody signed in), a scanned card's hash if any, and by
    which way."""

    account: str = ""
    lane: str = WEB
    person: str | None = None
    family: str | None = None


class Recorded(Struct, frozen=True):
    """The ids of the events that a request became; ``repeated`` when it had been carried out
    before."""

    events: tuple[str, ...]
    repeated: bool = False


class Conflict(Exception):  # noqa: N818 - it is an answer, not a fault
    """Something happened to ``subject`` since the page was made; nothing was written.

    ``events`` are the ids of what is newer, ``position`` is how far things are now.
    """

    def __init__(self, subject: str, events: Sequence[str], position: int) -> None:
        super().__init__(f"{subject} changed meanwhile")
        self.subject = subject
        self.events = tuple(events)
        self.position = position


class RequestReusedError(ValueError):
    """This request id was used before, for something else."""


class _Head(Struct, frozen=True):
    """Where the stream stands: the epoch that is written, its last seq, hash and time."""

    epoch: str
    seq: int
    hash: str
    mono: int


def record(
    connection: Connection,
    drafts: Sequence[Draft],
    by: Actor,
    *,
    now_ms: int,
    request: str | None = None,
    expects: Mapping[str, int] | None = None,
    asked: Struct | None = None,
) -> Recorded:
    """Append ``drafts`` in the caller's transaction of the one writer.

    ``request`` is a UUID in lower case; ``expects`` gives for codes, or other subjects of events,
    the position that the page showed for them (`position_of`). ``asked`` is what was asked for,
    where the drafts depend on what is there: the request is known by it then.

    Raises:
        Conflict: something newer happened to one of ``expects``.
        RequestReusedError: ``request`` was something else.
        contract.events.EventError: ``too-long``: a body above `contract.events.MAX_EVENT_BYTES`.
    """
    postgresql.lock_kiosks(connection, [KIOSK])
    digest = _digest(drafts, by)
    if request is not None:
        done = _done_before(connection, request, digest) if asked is None else None
        if asked is not None:
            done = answered(connection, request, asked, by)
            digest = f"{digest} {_digest(asked, by)}"
        if done is not None:
            return done
    require_unchanged(connection, expects or {})
    written = _append(connection, drafts, by, request, now_ms)
    ids = tuple(event.id for event in written)
    if request is not None:
        connection.execute(
            insert(db.request).values(
                id=request,
                account=by.account,
                at_ms=now_ms,
                digest=digest,
                events=msgspec.json.encode(ids).decode(),
            )
        )
    return Recorded(ids)


def remember(connection: Connection, request: str, written: Sequence[Event], now_ms: int) -> None:
    """A restored copy gets back ``written``, the events that ``request`` had become: whoever sends
    the request again, because no answer came, is answered and not recorded twice."""
    if not written:
        return
    public, private = written[0].public, written[0].private
    by = Actor(private.account or "", public.lane, private.person, private.family)
    drafts = [Draft(event.public.body, event.public.stop or "") for event in written]
    known = connection.execute(
        select(db.request.c.id).where(db.request.c.id == request)
    ).one_or_none()
    if known is None:
        connection.execute(
            insert(db.request).values(
                id=request,
                account=by.account,
                at_ms=now_ms,
                digest=_digest(drafts, by),
                events=msgspec.json.encode([event.id for event in written]).decode(),
            )
        )


def answered(
    connection: Connection, request: str | None, asked: Struct, by: Actor
) -> Recorded | None:
    """What this request became, if it was carried out before. Raises `RequestReusedError`."""
    return None if request is None else _done_before(connection, request, None, asked, by)


def _done_before(
    connection: Connection,
    request: str,
    drafted: str | None,
    asked: Struct | None = None,
    by: Actor | None = None,
) -> Recorded | None:
    """The digest that is kept is that of the drafts, then that of what was asked for, if it is
    known: a restored copy only has the events (`remember`), and takes the account's word."""
    done = connection.execute(select(db.request).where(db.request.c.id == request)).one_or_none()
    if done is None:
        return None
    was_drafted, _, was_asked = done.digest.partition(" ")
    if asked is None or by is None:
        same = was_drafted == drafted
    elif was_asked:
        same = was_asked == _digest(asked, by)
    else:
        same = done.account == by.account
    if not same:
        raise RequestReusedError(request)
    return Recorded(msgspec.json.decode(done.events, type=tuple[str, ...]), repeated=True)


def require_unchanged(connection: Connection, expects: Mapping[str, int]) -> None:
    """Raises `Conflict` when something newer happened to one of ``expects``."""
    for subject, seen in expects.items():
        _require_unchanged(connection, subject, seen)


def start_anew(connection: Connection) -> None:
    """The next event opens another epoch: call when a hub starts, and in a restored copy."""
    postgresql.lock_kiosks(connection, [KIOSK])
    set_meta(connection, _HEAD, "")


def position_of(connection: Connection, subject: str) -> int:
    """How far things are with an item or box that came in, or with another subject of events; 0
    when no event speaks of it."""
    row = connection.execute(select(db.item.c.position).where(db.item.c.code == subject)).first()
    if row is not None:
        return int(row.position)
    found = connection.execute(
        select(func.max(db.event.c.position))
        .select_from(db.touch.join(db.event, db.event.c.id == db.touch.c.event_id))
        .where(db.touch.c.subject == subject)
    ).scalar()
    return int(found or 0)


def in_pieces(codes: Sequence[str]) -> list[tuple[str, ...]]:
    """``codes`` in parts that one event holds."""
    return [
        tuple(codes[first : first + MAX_CODES_PER_EVENT])
        for first in range(0, len(codes), MAX_CODES_PER_EVENT)
    ]


# --- conflicts ---------------------------------------------------------------------------------


def _require_unchanged(connection: Connection, subject: str, seen: int) -> None:
    now = position_of(connection, subject)
    newer = _unprojected(connection, subject)
    if newer:
        raise Conflict(subject, newer, now)
    if now == seen:
        return
    rows = connection.execute(
        select(db.event.c.kiosk, db.event.c.epoch, db.event.c.seq, db.event.c.hash)
        .select_from(db.touch.join(db.event, db.event.c.id == db.touch.c.event_id))
        .where(db.touch.c.subject == subject, db.event.c.position > seen)
        .order_by(db.event.c.position)
    )
    raise Conflict(subject, [events.event_id(*row) for row in rows], now)


def _unprojected(connection: Connection, subject: str) -> list[str]:
    """The ids of what somebody else recorded about ``subject`` a moment ago, which the projector,
    being another process, has not taken in yet (`hub.log.positions`)."""
    rows = connection.execute(
        select(db.event.c.raw)
        .where(db.event.c.position < 0, db.event.c.kiosk == KIOSK)
        .order_by(db.event.c.id)
    )
    waiting = [events.decode(row.raw) for row in rows]
    return [event.id for event in waiting if subject in subjects(event.public.body)]


# --- appending ---------------------------------------------------------------------------------


def _append(
    connection: Connection,
    drafts: Sequence[Draft],
    by: Actor,
    request: str | None,
    now_ms: int,
) -> list[Event]:
    private = Private(by.person, by.family, by.account or None)
    head = _head(connection)
    chain = _Chain(head, now_ms) if head is not None else _Chain(*_opening(connection, now_ms))
    written = [chain.add(one.body, by.lane, private, one.stop, request) for one in drafts]
    log = EventLog()
    log.begin(connection)
    lines = chain.written
    while lines:
        count = batches.fit([event.raw for event in lines])
        part, lines = lines[:count], lines[count:]
        first = part[0].public
        header = Header(first.epoch, first.seq, count, part[-1].hash)
        log.append(connection, KIOSK, Batch(header, tuple(e.raw for e in part)), now_ms)
    log.finish(connection, now_ms)
    set_meta(connection, _HEAD, msgspec.json.encode(chain.head).decode())
    return written


class _Chain:
    """Events written one behind the other."""

    def __init__(self, head: _Head, now_ms: int, opening: EpochOpened | None = None) -> None:
        self.head = head
        self.written: list[Event] = []
        self._now_ms = now_ms
        if opening is not None:
            self.add(opening, COMMAND, Private(), "", None)
            self.add(ClockLearned(offset=0, source=KIOSK), COMMAND, Private(), "", None)

    def add(self, body: Body, lane: str, private: Private, stop: str, request: str | None) -> Event:
        before = self.head
        mono = max(before.mono, self._now_ms)
        public = Public(
            v=events.VERSION,
            kiosk=KIOSK,
            epoch=before.epoch,
            seq=before.seq + 1,
            boot=before.epoch * 2,
            mono=mono,
            wall=self._now_ms,
            clock=True,
            lane=lane,
            body=body,
            stop=stop or None,
            request=request,
        )
        event = events.encode(public, private, prev=before.hash, salt=secrets.token_bytes(16))
        self.head = _Head(before.epoch, public.seq, event.hash, mono)
        self.written.append(event)
        return event


def _head(connection: Connection) -> _Head | None:
    text = connection.execute(select(db.meta.c.value).where(db.meta.c.key == _HEAD)).scalar()
    return msgspec.json.decode(text, type=_Head) if text else None


def _opening(connection: Connection, now_ms: int) -> tuple[_Head, int, EpochOpened]:
    """A fresh epoch after whatever this database has of the stream."""
    last = connection.execute(
        select(db.event.c.epoch, db.event.c.hash, db.event.c.mono)
        .where(db.event.c.kiosk == KIOSK)
        .order_by(db.event.c.id.desc())
        .limit(1)
    ).one_or_none()
    head = _Head(
        secrets.token_hex(8),
        0,
        last.hash if last is not None else ZERO_HASH,
        max(now_ms, last.mono or 0) if last is not None else now_ms,
    )
    version: Word = f"yicang-{metadata.version('yicang-stop')}"
    opening = EpochOpened(
        journal=_journal(connection, head.epoch),
        prev_epoch=last.epoch if last is not None else None,
        software=version,
    )
    return head, now_ms, opening


def _journal(connection: Connection, fresh: str) -> str:
    found = connection.execute(select(db.meta.c.value).where(db.meta.c.key == _JOURNAL)).scalar()
    if found is not None:
        return str(found)
    set_meta(connection, _JOURNAL, fresh)
    return fresh


def _digest(asked: Sequence[Draft] | Struct, by: Actor) -> str:
    """What was asked, by whom: the moment does not belong to it."""
    return hashlib.sha256(msgspec.json.encode((asked, by))).hexdigest()
