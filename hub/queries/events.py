"""Events as rows: placed in time, decoded where they can be, paged by position."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    and_,
    case,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from contract import events as contract
from contract.order import SortKey
from hub import db, journey
from hub.access.scope import Stops, within
from hub.log import recording

RECENT: Final = 2_000
"""Events, the last ones of all kiosks, among which those of one are looked for first."""


class Recorded(Struct, frozen=True):
    """A good event: ``t`` is Unix milliseconds by `contract.order`, ``known`` whether its boot
    ever learnt the time, ``position`` its place in the hub's own order."""

    position: int
    kiosk: str
    epoch: str
    seq: int
    hash: str
    type: str
    t: int
    known: bool
    rank: int
    received_ms: int
    repaired: bool
    event: contract.Event

    @property
    def id(self) -> str:
        """The event's name everywhere."""
        return contract.event_id(self.kiosk, self.epoch, self.seq, self.hash)

    @property
    def sort_key(self) -> SortKey:
        """Where the event stands in the order of events."""
        return SortKey(self.t, self.kiosk, self.rank, self.epoch, self.seq, self.hash)


class Quarantined(Struct, frozen=True):
    """A line that nobody understood yet; ``position`` orders the list, ``raw`` as received."""

    id: int
    kiosk: str
    epoch: str
    seq: int
    hash: str
    problem: str
    received_ms: int
    raw: bytes


class Unreadable(Struct, frozen=True):
    """A message that could not even be placed."""

    id: int
    kiosk: str
    topic: str
    reason: str
    received_ms: int
    size: int


def good() -> Select[tuple[object, ...]]:
    """Every event that was understood, as the rows that `read` takes."""
    event, stream = db.event.c, db.stream.c
    return (
        select(
            event.position,
            event.kiosk,
            event.epoch,
            event.seq,
            event.hash,
            event.type,
            event.mono,
            event.received_ms,
            event.raw,
            event.repaired,
            stream.placed,
            stream.ceiling,
            stream.known,
            stream.rank,
        )
        .join_from(
            db.event,
            db.stream,
            and_(stream.kiosk == event.kiosk, stream.epoch == event.epoch),
        )
        .where(event.position.is_not(None), event.problem.is_(None))
    )


def read(row: Row[Any], decode: Callable[[bytes], contract.Event] = contract.decode) -> Recorded:
    """A row of `good`, decoded and placed in time."""
    raw = row.raw if row.repaired is None else row.repaired
    decoded = decode(bytes(raw))
    mono = decoded.public.mono
    placed = row.placed is not None
    return Recorded(
        position=row.position,
        kiosk=row.kiosk,
        epoch=row.epoch,
        seq=row.seq,
        hash=row.hash,
        type=contract.type_of(decoded.public.body),
        t=min(row.placed + mono, row.ceiling) if placed else row.received_ms,
        known=bool(row.known) if placed else False,
        rank=row.rank or 0,
        received_ms=row.received_ms,
        repaired=row.repaired is not None,
        event=decoded,
    )


def after(connection: Connection, position: int, limit: int, stops: Stops = None) -> list[Recorded]:
    """At most ``limit`` events behind ``position`` from kiosks of ``stops``, in the order of
    positions; none that the projections do not yet show."""
    event = db.event.c
    query = (
        good()
        .where(event.position > position, event.position <= projected(connection), at_stops(stops))
        .order_by(event.position)
        .limit(limit)
    )
    return [read(row) for row in connection.execute(query)]


def newest(connection: Connection, limit: int, stops: Stops = None) -> list[Recorded]:
    """The last ``limit`` events that the hub recorded from kiosks of ``stops``, newest first."""
    event = db.event.c
    query = good().where(at_stops(stops)).order_by(event.position.desc()).limit(limit)
    return [read(row) for row in connection.execute(query)]


def newest_of(
    connection: Connection, limit: int, kiosk: str, recent: int = RECENT
) -> list[Recorded]:
    """The last ``limit`` events that the hub recorded from this kiosk, newest first.

    The log has no index for it, and needs none: they are among the last ``recent`` of all kiosks,
    or else at the ends of the kiosk's epochs.
    """
    event, stream = db.event.c, db.stream.c
    lately = (
        good()
        .where(_only_of(kiosk), event.position > _last(connection) - recent)
        .order_by(event.position.desc())
        .limit(limit)
    )
    found = {row.position: row for row in connection.execute(lately)}
    if len(found) < limit:
        epochs = connection.scalars(select(stream.epoch).where(stream.kiosk == kiosk)).all()
        for epoch in epochs:
            ends = (
                good()
                .where(event.kiosk == kiosk, event.epoch == epoch)
                .order_by(event.seq.desc())
                .limit(limit)
            )
            found.update((row.position, row) for row in connection.execute(ends))
    return [read(found[position]) for position in sorted(found, reverse=True)[:limit]]


def _last(connection: Connection) -> int:
    return connection.scalar(select(func.max(db.event.c.position))) or 0


def _only_of(kiosk: str) -> ColumnElement[bool]:
    """The condition that an event is this kiosk's, for looking through few events: written so that
    no planner takes the index of kiosks for it, behind which lies all that the kiosk ever sent."""
    return db.event.c.kiosk.concat("") == kiosk


def projected(connection: Connection) -> int:
    """The position through which items, stock and incidents are up to date; 0 with none."""
    found = connection.scalar(select(db.meta.c.value).where(db.meta.c.key == "projected"))
    return int(found) if found is not None else 0


def touching(connection: Connection, subjects: Iterable[str]) -> list[Recorded]:
    """The events that concern any of ``subjects``, in the order of events, each once."""
    wanted = sorted(set(subjects))
    found: dict[int, Recorded] = {}
    for part in _parts(wanted, 500):
        ids = select(db.touch.c.event_id).where(db.touch.c.subject.in_(part))
        for row in connection.execute(good().where(db.event.c.id.in_(ids))):
            found[row.position] = read(row)
    return sorted(found.values(), key=lambda recorded: recorded.sort_key)


def of_item(connection: Connection, code: str) -> list[Recorded]:
    """The events that concern an item, in order: its own, those of the boxes it was in and the
    plans it was out for while it was, and the voids of these."""
    subjects: set[str] = set()
    found: dict[str, Recorded] = {}
    wanted = {code}
    while wanted:
        heard = touching(connection, wanted)
        subjects |= wanted
        found.update((recorded.id, recorded) for recorded in heard)
        wanted = {
            holder
            for recorded in heard
            for holder in _holders(recorded.event.public.body)
            if holder not in subjects
        }
    voids = touching(connection, [f"V:{event_id}" for event_id in found])
    found.update((recorded.id, recorded) for recorded in voids)
    ordered = sorted(found.values(), key=lambda recorded: recorded.sort_key)
    kept = journey.concerning(
        code, [(recorded.id, recorded.event.public.body) for recorded in ordered]
    )
    return [recorded for recorded in ordered if recorded.id in kept]


def _holders(body: contract.Body) -> tuple[str, ...]:
    match body:
        case contract.Out(plan=plan):
            return (plan,)
        case contract.Packed(box=box) | contract.KitBuilt(box=box):
            return (box,)
        case _:
            return ()


def _parts(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def quarantined(
    connection: Connection, limit: int, kiosk: str | None = None, stops: Stops = None
) -> tuple[int, list[Quarantined]]:
    """How many lines wait in quarantine, and the newest ``limit`` of them."""
    event = db.event.c
    waiting = and_(
        event.problem.is_not(None),
        at_stops(stops),
        *([_only_of(kiosk)] if kiosk is not None else []),
    )
    total = connection.scalar(select(func.count()).select_from(db.event).where(waiting)) or 0
    rows = connection.execute(
        select(
            event.id,
            event.kiosk,
            event.epoch,
            event.seq,
            event.hash,
            event.problem,
            event.received_ms,
            event.raw,
        )
        .where(waiting)
        .order_by(event.id.desc())
        .limit(limit)
    )
    return total, [Quarantined(*row) for row in rows]


def unreadable(connection: Connection, limit: int, stops: Stops = None) -> list[Unreadable]:
    """The newest ``limit`` messages that could not be placed; of kiosks of ``stops``."""
    table = db.unreadable.c
    rows = connection.execute(
        select(
            table.id,
            table.kiosk,
            table.topic,
            table.reason,
            table.received_ms,
            func.length(table.payload),
        )
        .where(_of(table.kiosk, stops))
        .order_by(table.id.desc())
        .limit(limit)
    )
    return [Unreadable(*row) for row in rows]


def at_stops(stops: Stops) -> ColumnElement[bool]:
    """The condition that an event's kiosk stands at one of ``stops``, or that it was decided at the
    hub about one of them."""
    if stops is None:
        return true()
    event = db.event.c
    # A case, since what a kiosk sent may be no JSON at all: only the hub's own is looked into.
    decided_about = case((event.kiosk == recording.KIOSK, _StopNamed(event.raw)))
    return or_(_of(event.kiosk, stops), decided_about.in_(sorted(stops)))


def decided_by(account: str) -> ColumnElement[bool]:
    """The condition that whoever has this account decided it at the hub."""
    event = db.event.c
    named = case((event.kiosk == recording.KIOSK, _AccountNamed(event.raw)))
    return and_(event.kiosk == recording.KIOSK, named == account)


class _Named(FunctionElement[str]):
    """What a field of an event's frame says, from its bytes: only the hub's own events have these
    fields, and the log has no columns for what hardly any event has."""

    type = String()
    inherit_cache = True
    part = ""
    field = ""


class _StopNamed(_Named):
    inherit_cache = True
    part, field = "public", "stop"


class _AccountNamed(_Named):
    inherit_cache = True
    part, field = "private", "account"


@compiles(_Named, "sqlite")
def _named_on_sqlite(element: _Named, compiler: SQLCompiler, **how: Any) -> str:
    raw = compiler.process(element.clauses, **how)
    return f"json_extract(CAST({raw} AS TEXT), '$.{element.part}.{element.field}')"


@compiles(_Named, "postgresql")
def _named_on_postgresql(element: _Named, compiler: SQLCompiler, **how: Any) -> str:
    raw = compiler.process(element.clauses, **how)
    return f"(convert_from({raw}, 'UTF8')::json -> '{element.part}' ->> '{element.field}')"


def _of(kiosk: ColumnElement[str], stops: Stops) -> ColumnElement[bool]:
    if stops is None:
        return true()
    return kiosk.in_(select(db.kiosk.c.id).where(within(db.kiosk.c.stop, stops)))
