"""The custody of one item: a function of the set of events that concern it.

Rules
-----
* Voided events are taken out of the set first; a void is no state, it names events.
* **Births and labels fold as sets.** An item's `Received` comes before everything else that
  happened to it, whatever a clock said; a label counts whenever it was attached.
* **Custody folds in order** (`contract.order.SortKey`): moved, packed, unpacked, out, delivered,
  back. The latest evidence wins for where an item is. A direct scan of an item or inner box takes
  it out of the box it was in.
* **A box carries its contents.** What moves, leaves or comes back as a box does so for everything
  in it at that moment, once.
* A delivery or return that names no items concerns what is out for its plan at that moment.
* **Two hands cannot hold one item.** Out while out for another plan, anything after a delivery:
  each is an incident that names both events; the later evidence still counts.
* Seen but never received here is ``unknown``, with an incident that goes when its `Received`
  arrives. A voided intake with other custody leaves the item standing, with an incident.

An entry that cannot be folded raises `FoldError` with its row, so that one event can be set aside
without holding up the others.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from contract.events import (
    Back,
    Delivered,
    ItemPicked,
    ItemSeen,
    LabelAttached,
    Moved,
    Out,
    Packed,
    Received,
    Unpacked,
    Voided,
)
from hub.folds.entries import Entry, subjects
from hub.statuses import DELIVERED, IN_STOCK, OUT, UNKNOWN, UNLABELLED, VOIDED

_CUSTODY: Final = frozenset({Moved, Packed, Unpacked, Out, Delivered, Back})
_OWN: Final = frozenset({Received, LabelAttached, ItemPicked, ItemSeen})


class Finding(Struct, frozen=True):
    """An incident that a fold found; ``key`` is a function of what it found."""

    key: str
    kind: str
    subject: str
    kiosk: str
    stop: str
    first_t: int
    detail: dict[str, str | int | list[str]]


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
    position: int
    findings: tuple[Finding, ...]
    family: str | None
    delivered_stop: str | None


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
    for entry in entries:
        if type(entry.stored.body) is Voided:
            voided.update(entry.stored.body.events)
    births: list[Entry] = []
    lost_births: list[Entry] = []
    for entry in entries:
        body = entry.stored.body
        if type(body) is Received and body.item == code:
            gone = voided and entry.stored.id in voided
            (lost_births if gone else births).append(entry)
    live = entries
    if voided:
        live = [entry for entry in entries if entry.stored.id not in voided]
    custody = _Custody(code, next(iter(births or lost_births), None))
    for entry in live:
        try:
            custody.take(entry)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise FoldError(entry.stored.row) from error
    if voided:
        custody.newest = max(custody.newest, _newest_void(code, entries))
    return custody.result(births, lost_births)


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


class _Custody:
    """One pass over an item's live events, in order."""

    def __init__(self, code: str, birth: Entry | None) -> None:
        self.code = code
        self.birth = birth
        self.newest = 0
        self.first: Entry | None = birth
        self.last: Entry | None = birth  # the last that changed custody
        self.moves = 0
        self.plan: str | None = None
        self.place: str | None = None
        self.stop = ""
        self.label: str | None = None
        self.delivered: Entry | None = None
        self.taken: Entry | None = None  # the handover that it is out with
        self.inside: dict[str, str] = {}  # item or box -> box
        self.places: dict[str, str] = {}  # box -> place
        self.findings: list[Finding] = []
        if birth is not None and isinstance(birth.stored.body, Received):
            self.place = birth.stored.body.place
            self.stop = birth.stop

    def take(self, entry: Entry) -> None:
        body = entry.stored.body
        kind = type(body)
        if kind in _CUSTODY:
            self._custody(entry, body)  # type: ignore[arg-type] # _CUSTODY says so
        elif kind in _OWN and body.item == self.code:  # type: ignore[union-attr]
            self.newest = max(self.newest, entry.stored.position)
            if type(body) is LabelAttached:
                self.label = body.how
            if self.first is None:
                self.first = entry

    def _custody(
        self, entry: Entry, body: Moved | Packed | Unpacked | Out | Delivered | Back
    ) -> None:
        concerned = self._concerned(body)
        if self.inside or type(body) is Packed:
            for thing in body.items:
                self._contain(thing, body)
        if type(body) is Moved:
            inner = [thing for thing in self.inside if thing.startswith("B")]
            for box in (*body.items, *inner):
                if box in body.items or any(above in body.items for above in self._above(box)):
                    self.places[box] = body.place
        if not concerned:
            return
        self.newest = max(self.newest, entry.stored.position)
        self.moves += 1
        self.first = self.first or entry
        if isinstance(body, Out):
            self._out(entry, body)
        elif isinstance(body, Delivered):
            self._delivered(entry, body)
        else:
            self._here(entry, body)
        self.last = entry

    def _concerned(self, body: Moved | Packed | Unpacked | Out | Delivered | Back) -> bool:
        if self.code in body.items or any(box in body.items for box in self._above(self.code)):
            return True
        if isinstance(body, Delivered | Back) and not body.items:
            return self.plan == body.plan and self.taken is not None
        return False

    def _contain(
        self, thing: str, body: Moved | Packed | Unpacked | Out | Delivered | Back
    ) -> None:
        if isinstance(body, Packed):
            if thing != body.box and thing not in self._above(body.box):
                self.inside[thing] = body.box
        elif not isinstance(body, Unpacked) or self.inside.get(thing) == body.box:
            self.inside.pop(thing, None)

    def _above(self, thing: str) -> list[str]:
        found: list[str] = []
        while (box := self.inside.get(thing)) is not None and box not in found:
            found.append(box)
            thing = box
        return found

    def _out(self, entry: Entry, body: Out) -> None:
        if self.delivered is not None:
            self._conflict(entry, self.delivered, "out-after-delivered")
        elif self.taken is not None and self.plan != body.plan:
            self._conflict(entry, self.taken, "out-twice")
        self.delivered = None
        self.taken = entry
        self.plan = body.plan

    def _delivered(self, entry: Entry, body: Delivered) -> None:
        if self.delivered is not None:
            self._conflict(entry, self.delivered, "delivered-twice")
        elif self.taken is not None and self.plan != body.plan:
            self._conflict(entry, self.taken, "other-plan")
        self.delivered = entry
        self.taken = None
        self.plan = body.plan

    def _here(self, entry: Entry, body: Moved | Packed | Unpacked | Back) -> None:
        if self.delivered is not None:
            self._conflict(entry, self.delivered, "here-after-delivered")
        elif isinstance(body, Back) and self.taken is not None and self.plan != body.plan:
            self._conflict(entry, self.taken, "other-plan")
        self.delivered = None
        self.taken = None
        self.plan = None
        self.stop = entry.stop
        if isinstance(body, Moved):
            self.place = body.place
        elif isinstance(body, Packed):
            self.place = self._place_of(body.box) or self.place

    def _place_of(self, box: str) -> str | None:
        for holder in (box, *self._above(box)):
            if holder in self.places:
                return self.places[holder]
        return None

    def _conflict(self, entry: Entry, other: Entry, reason: str) -> None:
        second = entry.stored.id
        self.findings.append(
            Finding(
                f"double-handover:{self.code}:{second}",
                "double-handover",
                self.code,
                entry.stored.kiosk,
                entry.stop,
                entry.key.t,
                {"item": self.code, "why": reason, "first": other.stored.id, "second": second},
            )
        )

    def result(self, births: list[Entry], lost_births: list[Entry]) -> ItemState | None:
        first = self.first
        if first is None:
            return None
        origin = births[0] if births else lost_births[0] if lost_births else None
        status = self._status(births, lost_births)
        self._find(births, lost_births, first, status)
        last = self.last or first
        birth = origin.stored.body if origin is not None else None
        retail = birth.retail if isinstance(birth, Received) else None
        return ItemState(
            code=self.code,
            kiosk=(origin or first).stored.kiosk,
            stop=self.stop or first.stop,
            category=birth.category if isinstance(birth, Received) else None,
            status=status,
            place=self.place,
            plan=self.plan,
            box=self.inside.get(self.code),
            session=birth.session if isinstance(birth, Received) else None,
            received_t=origin.key.t if origin is not None else None,
            changed_t=max(last.key.t, origin.key.t if origin is not None else last.key.t),
            known_time=last.known and (origin or last).known,
            label=self.label,
            gtin=retail.gtin if retail is not None else None,
            expiry=retail.expiry if retail is not None else None,
            lot=retail.lot if retail is not None else None,
            position=max(self.newest, *(entry.stored.position for entry in (*births, *lost_births)))
            if births or lost_births
            else self.newest,
            findings=tuple(self.findings),
            family=self.delivered.stored.family if self.delivered is not None else None,
            delivered_stop=self.delivered.stop if self.delivered is not None else None,
        )

    def _status(self, births: list[Entry], lost_births: list[Entry]) -> str:
        if not births and not lost_births:
            return UNKNOWN
        if not births and not self.moves:
            return VOIDED
        if self.delivered is not None:
            return DELIVERED
        if self.taken is not None:
            return OUT
        return IN_STOCK if self.label is not None else UNLABELLED

    def _find(
        self, births: list[Entry], lost_births: list[Entry], first: Entry, status: str
    ) -> None:
        if status == UNKNOWN:
            self._finding("unknown-item", first, [first])
        elif not births and self.moves:
            self._finding("voided-but-moved", lost_births[0], lost_births)
        elif len(births) > 1:
            self._finding("code-repeated", births[1], births)

    def _finding(self, kind: str, entry: Entry, events: Iterable[Entry]) -> None:
        self.findings.append(
            Finding(
                f"{kind}:{self.code}",
                kind,
                self.code,
                entry.stored.kiosk,
                entry.stop,
                entry.key.t,
                {"item": self.code, "events": [other.stored.id for other in events]},
            )
        )
