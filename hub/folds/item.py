"""The custody of one item: a function of the set of events that concern it.

Rules
-----
* Voided events are taken out of the set first; a void is no state, it names events.
* **Births and labels fold as sets.** An item's `Received` comes before everything else that
  happened to it, whatever a clock said; a label counts whenever it was attached.
* **Custody folds in order** (`contract.order.SortKey`): moved, packed, unpacked, out, delivered,
  back, sent, arrived, missing, sold, thrown away, counted on a shelf. The latest evidence wins for
  where an item is: what was counted is there, whoever called it missing. A direct scan of an item
  or inner box takes it out of the box it was in, unless the box goes along, or it is counted where
  its box stands.
* **A box carries its contents.** What moves, leaves or comes back as a box does so for everything
  in it at that moment, once. A box that something is packed into is where it is packed.
* A delivery or return that names no items concerns what is out for its plan at that moment.
* **Two hands cannot hold one item.** Out while out for another plan, anything after a delivery, a
  sale or the bin: each is an incident that names both events; the later evidence still counts. So
  is a handover out of quarantine.
* **A correction is somebody's ruling.** It settles the conflicts among the events it weighed, and
  holds until something happens after it. What turns up later, of before, is an incident again.
* **What a stocktake did not find is presumed missing**, unless anything shows it at or after that
  place was counted, whenever that becomes known.
* **A reservation** lasts until the item leaves, or until it is lifted.
* **Condition folds in order** apart from custody: the last grade, the last date read, and whether
  the last word on quarantine was that it is over, of it and of the box that it is in.
* A whole box that came in under one code is an item of so many pieces. Another box is none.
* **A find that somebody identified** (`FindIdentified`) is no thing of its own: what happened to it
  before is told by the item that it is, and the code is withdrawn like that of a voided intake.
* Seen but never received here is ``unknown``, with an incident that goes when its `Received`
  arrives. A voided intake with other custody leaves the item standing, with an incident.

An entry that cannot be folded raises `FoldError` with its row, so that one event can be set aside
without holding up the others.
"""

import calendar
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from msgspec import Struct

from contract.events import (
    BoxReceived,
    FindIdentified,
    FoundUnlabelled,
    Received,
    Voided,
)
from hub.folds.custody import BIRTHS, UNCONFIRMED, Pass
from hub.folds.entries import Entry, subjects
from hub.folds.findings import Finding
from hub.folds.legs import Leg
from hub.folds.movements import Movement
from hub.statuses import (
    IN_STOCK,
    QUARANTINED,
    RESERVED,
    UNKNOWN,
    UNLABELLED,
    VOIDED,
)

_CAME: Final = frozenset({Received, BoxReceived})
"""Births that say in which session; the other one is a find."""


class ItemState(Struct, frozen=True):
    """A row of the item table, its findings, and for a delivery the family's token hash."""

    code: str
    kiosk: str
    stop: str
    category: str | None
    status: str
    place: str | None
    plan: str | None
    box: str | None
    session: str | None
    received_t: int | None
    changed_t: int
    known_time: bool
    label: str | None
    gtin: str | None
    expiry: str | None
    lot: str | None
    grade: str | None
    quantity: int
    position: int
    findings: tuple[Finding, ...]
    family: str | None
    delivered_stop: str | None
    reserved: str | None = None
    price: int | None = None
    movements: tuple[Movement, ...] = ()
    legs: tuple[Leg, ...] = ()
    good_until: str | None = None
    seen_t: int | None = None
    """When anything showed it last; None: no event that stands says that it came in."""


class FoldError(Exception):
    """An entry that this fold cannot take; ``row`` is its ``event.id``."""

    def __init__(self, row: int) -> None:
        super().__init__(f"event row {row} cannot be folded")
        self.row = row


def fold_item(code: str, entries: Sequence[Entry]) -> ItemState | None:
    """The item's state from ``entries``: its own events and those of every box and plan it may
    have been in, sorted, each once. More than needed does no harm. None when nothing speaks of it.

    Raises:
        FoldError: with the row of an entry that could not be folded.
    """
    voided: set[str] = set()
    births: list[Entry] = []
    identified = False
    for entry in entries:
        body = entry.stored.body
        if type(body) in BIRTHS:
            if code == _born(body):
                births.append(entry)
        elif type(body) is Voided:
            voided.update(body.events)
        elif type(body) is FindIdentified:
            identified = identified or body.find == code
    lost_births: list[Entry] = []
    if voided:
        lost_births = [entry for entry in births if entry.stored.id in voided]
        births = [entry for entry in births if entry.stored.id not in voided]
    if code.startswith("B") and not births and not lost_births:
        return None  # a box is what it holds
    live = entries
    if voided:
        live = [entry for entry in entries if entry.stored.id not in voided]
    known = ruled_on(code, live) if identified else 0
    if known:
        lost_births, births = [*births, *lost_births], []
    custody = Pass(code, next(iter(births or lost_births), None))
    if known:
        custody.newest = live[known - 1].stored.position
        live = live[known:]
    for entry in live:
        try:
            custody.take(entry)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise FoldError(entry.stored.row) from error
    if voided:
        custody.newest = max(custody.newest, _newest_void(code, entries))
    return _result(custody, births, lost_births)


def ruled_on(code: str, live: Sequence[Entry]) -> int:
    """How many of these entries there are to the one, included, that says which item ``code`` is
    really; 0 when none does."""
    for n in range(len(live), 0, -1):
        body = live[n - 1].stored.body
        if isinstance(body, FindIdentified) and body.find == code:
            return n
    return 0


def _born(body: object) -> str | None:
    if type(body) is Received or type(body) is FoundUnlabelled:
        return body.item
    return body.box if type(body) is BoxReceived else None


def _newest_void(code: str, entries: Iterable[Entry]) -> int:
    own = {entry.stored.id for entry in entries if code in subjects(entry.stored.body)}
    return max(
        (
            entry.stored.position
            for entry in entries
            if isinstance(entry.stored.body, Voided)
            and not own.isdisjoint(entry.stored.body.events)
        ),
        default=0,
    )


def _result(went: Pass, births: list[Entry], lost_births: list[Entry]) -> ItemState | None:
    first = went.first
    if first is None:
        return None
    origin = births[0] if births else lost_births[0] if lost_births else None
    status = _status(went, births, lost_births)
    _find(went, births, lost_births, first, status)
    last = went.last or first
    birth: Any = origin.stored.body if origin is not None else None
    came = type(birth) in _CAME
    retail = birth.retail if came else None
    expiry = went.month or (retail.last_day if retail is not None else None)
    position = went.newest
    for entry in (*births, *lost_births):
        position = max(position, entry.stored.position)
    return ItemState(
        code=went.code,
        kiosk=(origin or first).stored.kiosk,
        stop=went.stop or first.stop,
        category=birth.category if birth is not None else None,
        status=status,
        place=went.place,
        plan=went.plan,
        box=went.boxes.inside.get(went.code),
        session=birth.session if came else None,
        received_t=origin.key.t if origin is not None else None,
        changed_t=max(last.key.t, origin.key.t if origin is not None else last.key.t),
        known_time=last.place.known and (origin or last).place.known,
        label=went.label,
        gtin=retail.gtin if retail is not None else None,
        expiry=expiry,
        lot=retail.lot if retail is not None else None,
        grade=went.grade,
        quantity=birth.quantity if type(birth) is BoxReceived else 1,
        position=position,
        findings=tuple(_unsettled(went)) if went.findings else (),
        family=went.delivered.stored.family if went.delivered is not None else None,
        delivered_stop=went.delivered.stop if went.delivered is not None else None,
        reserved=went.reserved,
        price=went.price,
        movements=() if status in (UNKNOWN, VOIDED) else tuple(went.course.movements),
        legs=() if status == VOIDED else tuple(went.travels.legs),
        good_until=last_day_of(expiry) if expiry is not None else None,
        seen_t=went.seen_t if births else None,
    )


def last_day_of(expiry: str | None) -> str | None:
    """The last good day of a date as somebody read it: of a month its last day (GS1 General
    Specifications, 3.4). None for what no calendar has."""
    if expiry is None:
        return None
    try:
        if len(expiry) == len("YYYY-MM"):
            year, month = int(expiry[:4]), int(expiry[5:])
            return f"{expiry}-{calendar.monthrange(year, month)[1]:02d}"
        return date.fromisoformat(expiry).isoformat()
    except ValueError:
        return None


def _unsettled(went: Pass) -> list[Finding]:
    """Findings but those about nothing that a correction did not weigh."""
    if not went.settled:
        return went.findings
    return [one for one in went.findings if not _named_events(one) <= went.settled]


def _named_events(finding: Finding) -> set[str]:
    named = finding.detail.get("events", [])
    found = set(named) if isinstance(named, list) else set()
    found.update(str(finding.detail[key]) for key in ("first", "second") if key in finding.detail)
    return found


def _status(went: Pass, births: list[Entry], lost_births: list[Entry]) -> str:
    if not births and not lost_births:
        return UNKNOWN
    if not births and not went.moves:
        return VOIDED
    if went.status != IN_STOCK:
        return went.status
    if went.quarantined:
        return QUARANTINED
    if went.label in (None, UNCONFIRMED):
        return UNLABELLED
    return RESERVED if went.reserved is not None else IN_STOCK


def _find(
    went: Pass, births: list[Entry], lost_births: list[Entry], first: Entry, status: str
) -> None:
    if status == UNKNOWN:
        went.found("unknown-item", first, [first])
    elif not births and went.moves:
        went.found("voided-but-moved", lost_births[0], lost_births)
    elif len(births) > 1:
        went.found("code-repeated", births[1], births)
