"""How a person settles an incident: the rulings that each kind takes, and what follows from one.

A ruling about goods is a correction (`hub.stock.stock_actions.Correct`) that weighs the events in
question, so that these never open the same incident again and a new one that says otherwise does.
Every ruling is an event of its own as well, and says who was asked and what was decided; none of
them changes what a kiosk recorded.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from contract import events
from contract.bodies.warehouse import CorrectedStatus, IncidentKey
from contract.codes import PLACE_IN
from contract.fields import MAX_IDS_PER_VOID, CategoryKey, StopId
from hub import db, incidents
from hub.folds.custody import IN_ORDER
from hub.log import recording
from hub.log.recording import Draft, Recorded
from hub.queries import events as log
from hub.queries.incidents import Incident
from hub.stock.stock_actions import Correct, Refused
from hub.stock.stock_changes import Keeper, carry_out
from hub.stock.stock_undo import undo

SEEN: Final = "seen"
"""Nothing follows: somebody knows."""
RECEIVE: Final = "receive"
"""A thing that was never received is taken in now."""


class Ruling(Struct, frozen=True):
    """``key`` is a key of `hub.web.ruling_words`; with a ``status`` the item is that from now on,
    for the reason ``why`` (`hub.stock.reasons.CORRECTIONS`)."""

    key: str
    status: CorrectedStatus | None = None
    why: str = ""


HERE: Final = Ruling("here", "in_stock", "looked")
DELIVERED: Final = Ruling("delivered", "delivered", "asked")
MISSING: Final = Ruling("missing", "missing", "not-there")
DISPOSED: Final = Ruling("disposed", "disposed", "broken")
SOLD: Final = Ruling("sold", "sold", "asked")
_SEEN: Final = Ruling(SEEN)

RULINGS: Final[Mapping[str, tuple[Ruling, ...]]] = {
    "double-handover": (DELIVERED, HERE, SOLD, MISSING, DISPOSED),
    "left-quarantine": (DELIVERED, HERE, DISPOSED, MISSING, _SEEN),
    "reserved-for-another": (_SEEN, HERE),
    "ruling-overtaken": (HERE, DELIVERED, SOLD, MISSING, DISPOSED),
    "voided-but-moved": (HERE, DELIVERED, MISSING, DISPOSED),
    "unknown-item": (Ruling(RECEIVE), _SEEN),
}
"""By kind, the likeliest first; every other kind can only be seen."""


class NotThisRulingError(ValueError):
    """The incident is not open, or does not take this ruling."""


class Intake(Struct, frozen=True, forbid_unknown_fields=True):
    """Of what category a thing is that was never received, and at which stop it stands."""

    category: CategoryKey
    stop: StopId


_TAKEN_IN: Final[frozenset[type]] = frozenset(
    (events.Received, events.BoxReceived, events.LabelAttached)
)
"""What `RECEIVE` writes, and no other decision of the hub that an undo is offered for."""


def rulings_for(kind: str) -> tuple[Ruling, ...]:
    """The rulings that an incident of this kind takes."""
    return RULINGS.get(kind, (_SEEN,))


def rule(
    connection: Connection,
    incident: Incident,
    ruling: str,
    keeper: Keeper,
    *,
    now_ms: int,
    request: str | None = None,
    intake: Intake | None = None,
    expects: Mapping[str, int] | None = None,
) -> Recorded:
    """Settle it, in the caller's transaction; the events that came of it.

    Raises:
        NotThisRulingError: it is closed, was settled, or takes no such ruling.
        hub.stock.stock_actions.Refused, hub.log.recording.Conflict: as
        `hub.stock.stock_changes.carry_out`.
    """
    chosen = next((one for one in rulings_for(incident.kind) if one.key == ruling), None)
    # Whoever has only seen it settled nothing; that nobody else did meanwhile, the item tells.
    though_seen = bool(expects) and ruling != SEEN
    if chosen is None or not _is_open(connection, incident.key, though_seen=though_seen):
        raise NotThisRulingError(ruling)
    done: tuple[str, ...] = ()
    if chosen.status is not None:
        item = item_of(incident)
        action = Correct(
            items=(item,),
            status=chosen.status,
            why=chosen.why,
            compared=weighed(connection, incident, item),
        )
        done = carry_out(
            connection, action, keeper, now_ms=now_ms, request=request, expects=expects
        ).events
    elif chosen.key == RECEIVE:
        if intake is None:
            raise NotThisRulingError(ruling)
        recording.require_unchanged(connection, expects or {})
        done = recording.record(
            connection, _intake(item_of(incident), intake), keeper.actor, now_ms=now_ms
        ).events
    body = events.IncidentRuled(
        incident=_named(incident.key),
        kind=incident.kind,
        ruling=chosen.key,
        events=done[:MAX_IDS_PER_VOID],
    )
    recording.record(connection, [Draft(body, incident.stop)], keeper.actor, now_ms=now_ms)
    incidents.acknowledge(connection, incident.key, keeper.account, now_ms)
    return Recorded(done)


def item_of(incident: Incident) -> str:
    """The item or box that it is about."""
    return str(incident.detail.get("item") or incident.subject)


def weighed(connection: Connection, incident: Incident, item: str) -> tuple[str, ...]:
    """What a ruling weighs: the newest events about where the item is, and those in question."""
    told = log.of_item(connection, item)
    about = [one.id for one in told if type(one.event.public.body) in IN_ORDER]
    asked = [
        str(name)
        for key in ("first", "second", "events")
        for name in listed(incident.detail.get(key))
    ]
    rest = [name for name in reversed(about) if name not in asked]
    return tuple((*asked, *rest)[:MAX_IDS_PER_VOID])


def take_back(
    connection: Connection, incident: Incident, named: Sequence[str], keeper: Keeper, now_ms: int
) -> Recorded:
    """Undo what a ruling on ``incident`` did, and let it wait for somebody again.

    Raises:
        hub.stock.stock_actions.Refused: these are no decisions of the hub about what the incident
            is about, or are taken back already.
    """
    drafts = undo(connection, named, keeper, also=_TAKEN_IN)
    item = item_of(incident)
    for draft in drafts:
        if not isinstance(draft.body, events.Voided) or set(draft.body.items) != {item}:
            raise Refused("not-decided-here", item)
    if not drafts:
        raise Refused("nothing")
    done = recording.record(connection, drafts, keeper.actor, now_ms=now_ms)
    incidents.wait_again(connection, incident.key)
    return done


def listed(value: object) -> list[object]:
    """The values of a detail: one, several or none."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _intake(item: str, intake: Intake) -> list[Draft]:
    session = secrets.token_hex(8)
    received: events.Body
    if item.startswith("B"):
        received = events.BoxReceived(
            session=session, box=item, category=intake.category, place=PLACE_IN
        )
    else:
        received = events.Received(
            session=session, item=item, category=intake.category, place=PLACE_IN
        )
    label = events.LabelAttached(item=item, how="scanned")
    return [Draft(received, intake.stop), Draft(label, intake.stop)]


def _is_open(connection: Connection, key: str, *, though_seen: bool) -> bool:
    table = db.incident.c
    wanted = select(table.key).where(table.key == key, table.closed_ms.is_(None))
    if not though_seen:
        wanted = wanted.where(table.acknowledged_ms.is_(None))
    return connection.execute(wanted).first() is not None


def _named(key: str) -> str:
    """The key as an event may hold it; one with other letters by its digest."""
    try:
        return msgspec.convert(key, IncidentKey)
    except msgspec.ValidationError:
        return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
