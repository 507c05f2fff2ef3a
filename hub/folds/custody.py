"""One pass over the events that concern an item: where it is, and in what condition.

`hub.folds.item` says by which rules.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from contract.events import (
    Arrived,
    Back,
    BoxReceived,
    Corrected,
    Counted,
    Delivered,
    Disposed,
    ExpirySet,
    FindIdentified,
    FoundUnlabelled,
    Graded,
    ItemPicked,
    ItemSeen,
    KitBroken,
    KitBuilt,
    LabelAttached,
    LabelReprinted,
    Missing,
    Moved,
    Out,
    Packed,
    PresumedMissing,
    Priced,
    Quarantined,
    Received,
    Released,
    Reserved,
    SaleTakenBack,
    Sent,
    Sold,
    Unpacked,
    Unreserved,
    type_of,
)
from hub.folds.entries import Entry
from hub.folds.findings import Finding
from hub.folds.legs import ARRIVED, LOST, SEEN, Leg, Travels
from hub.folds.movements import Course
from hub.folds.nesting import PACKING, PLACING, Custody, Nesting
from hub.statuses import (
    DELIVERED,
    DISPOSED,
    IN_STOCK,
    MISSING,
    OUT,
    SENT,
    SOLD,
)

IN_ORDER: Final = frozenset(
    {
        Moved,
        Packed,
        Unpacked,
        KitBuilt,
        KitBroken,
        Out,
        Delivered,
        Back,
        Sent,
        Arrived,
        Missing,
        Disposed,
        Sold,
        SaleTakenBack,
        Counted,
        FindIdentified,
        Corrected,
        PresumedMissing,
    }
)
_CONDITION: Final = frozenset(
    {Graded, ExpirySet, Quarantined, Released, Reserved, Unreserved, Priced}
)
UNCONFIRMED: Final = "unconfirmed"
"""A label that was sent to a printer that says nothing: there once somebody has scanned it."""
_OWN: Final = frozenset({Received, LabelAttached, ItemPicked, ItemSeen, LabelReprinted})
BIRTHS: Final = frozenset({Received, BoxReceived, FoundUnlabelled})

_Here: TypeAlias = (
    Moved
    | Packed
    | Unpacked
    | KitBuilt
    | KitBroken
    | Back
    | Arrived
    | SaleTakenBack
    | Counted
    | FindIdentified
)


_WORDS: Final[dict[type, str]] = {
    Sent: "sent",
    Missing: "missing",
    Disposed: "disposed",
    Sold: "sold",
}
_STATUSES: Final[dict[type, str]] = {
    Sent: SENT,
    Missing: MISSING,
    Disposed: DISPOSED,
    Sold: SOLD,
}


# Asked for every event of every refold: a look into a set costs a tenth of what isinstance() does.
_OF_ONE: Final = frozenset({Sold, SaleTakenBack, Counted, FindIdentified})
_NOT_SHOWN: Final = frozenset({Missing, Corrected})


def _named(body: Any) -> tuple[str, ...]:
    """The items and boxes that a custody event speaks of."""
    if type(body) in _OF_ONE:
        return () if body.item is None else (body.item,)
    items: tuple[str, ...] = body.items
    return items


class Pass:
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
        self.grade: str | None = None
        self.month: str | None = None
        self.price: int | None = None  # jiao
        self.reserved: str | None = None  # for this plan
        self.presumed = False  # missing, as far as a stocktake saw
        self.settled: set[str] = set()  # events that a correction weighed
        self.seen_t = 0  # when anything last showed it
        self.showings = 0  # how often anything has: two scans may share a millisecond
        self.course = Course()
        self.travels = Travels()
        self._passed: list[Entry] = []  # custody so far
        self.status = IN_STOCK
        self.delivered: Entry | None = None
        self.gone: Entry | None = None  # sold or thrown away
        self.taken: Entry | None = None  # the handover that it is out with
        self.boxes = Nesting()
        self.findings: list[Finding] = []
        if birth is not None:
            body: Any = birth.stored.body
            self.place = body.place
            self.stop = birth.stop
            if type(body) is not FoundUnlabelled and body.ready_made:
                self.label = "ready-made"
            self.seen_t = birth.key.t
            self.showings = 1
            self._move(birth)

    def take(self, entry: Entry) -> None:
        """The next event in order, one that is not voided."""
        body = entry.stored.body
        kind = type(body)
        if kind in IN_ORDER:
            self._custody(entry, body)  # type: ignore[arg-type] # IN_ORDER says so
        elif kind in _OWN and body.item == self.code:  # type: ignore[union-attr]
            self.newest = max(self.newest, entry.stored.position)
            if type(body) is LabelAttached:
                if self.label is None or body.how != UNCONFIRMED:
                    self.label = body.how
            elif type(body) in (ItemPicked, ItemSeen):
                if self.label == UNCONFIRMED:
                    self.label = "scanned"
                self._shown(entry)
            if self.first is None:
                self.first = entry
        elif kind is BoxReceived:
            self.boxes.stands.setdefault(body.box, body.place)  # type: ignore[union-attr,arg-type]
        elif kind in _CONDITION:
            self._condition(entry, body)  # type: ignore[arg-type] # _CONDITION says so

    @property
    def quarantined(self) -> bool:
        """Whether it, or a box that it is in, waits to be checked."""
        return self.boxes.waits(self.code)

    def _condition(
        self,
        entry: Entry,
        body: Graded | ExpirySet | Quarantined | Released | Reserved | Unreserved | Priced,
    ) -> None:
        if isinstance(body, Quarantined):
            self.boxes.aside.update(body.items)
        elif isinstance(body, Released):
            self.boxes.aside.difference_update(body.items)
        if not self._is_among(body.items):
            return
        self.newest = max(self.newest, entry.stored.position)
        self.first = self.first or entry
        if isinstance(body, Quarantined | Released):
            self.moves += 1  # somebody has it in hand
        if isinstance(body, Graded):
            self.grade = body.grade
        elif isinstance(body, ExpirySet):
            self.month = body.month
        elif isinstance(body, Priced):
            self.price = body.price
        elif isinstance(body, Reserved):
            if self.status == IN_STOCK:
                self.reserved = body.plan
        elif isinstance(body, Unreserved):
            self.reserved = None

    def _shown(self, entry: Entry) -> None:
        """Somebody had it in their hands: it is not missing, whatever a stocktake presumed."""
        self._seen(entry)
        if self.presumed:
            self.presumed = False
            self.status = IN_STOCK
            self._move(entry)

    def _seen(self, entry: Entry) -> None:
        self.seen_t = max(self.seen_t, entry.key.t)
        self.showings += 1

    def _move(self, entry: Entry) -> None:
        course = self.course
        if course.is_at(self.status, self.stop):
            return  # most of what happens moves nothing
        stored = entry.stored
        at = (entry.key.t, stored.row, stored.position, type_of(stored.body))
        course.came(at, self.status, self.stop)

    def _custody(self, entry: Entry, body: Custody) -> None:
        kind = type(body)
        named = _named(body)
        concerned = self._concerned(body, named)
        boxes = self.boxes
        if kind in PLACING or boxes.inside or boxes.stands or kind in PACKING:
            boxes.follow(body, named)
        if not concerned:
            return
        self.newest = max(self.newest, entry.stored.position)
        self.moves += 1
        self.first = self.first or entry
        if type(body) is PresumedMissing:
            self._presumed_missing(body)
        else:
            self._evidence(entry, body)
            if self.travels.legs or kind is Sent:
                self._travel(entry, body)
        self.last = entry
        self._passed.append(entry)
        self._move(entry)

    def _evidence(self, entry: Entry, body: Custody) -> None:
        """Somebody did something with it."""
        self.presumed = False
        if type(body) not in _NOT_SHOWN:
            self._seen(entry)
        if isinstance(body, Out):
            self._out(entry, body)
        elif isinstance(body, Delivered):
            self._delivered(entry, body)
        elif isinstance(body, Corrected):
            self._corrected(entry, body)
        elif isinstance(body, Sent | Missing | Disposed | Sold):
            self._leaves(entry, body)
        else:
            assert not isinstance(body, PresumedMissing)
            self._here(entry, body)
        if self.status != IN_STOCK:
            self.reserved = None

    def _travel(self, entry: Entry, body: Custody) -> None:
        """What this shows of where it was sent to."""
        row, t = entry.stored.row, entry.key.t
        if isinstance(body, Sent):
            self.travels.sent(Leg(row, t, entry.stop, body.to, body.kind))
        elif isinstance(body, Arrived):
            self.travels.ends(ARRIVED, row, t, entry.stop)
        elif self.status in (MISSING, DISPOSED):
            self.travels.ends(LOST, row, t, "")
        else:
            self.travels.ends(SEEN, row, t, entry.stop)

    def _presumed_missing(self, body: PresumedMissing) -> None:
        if self.status == IN_STOCK and self.seen_t < body.since:
            self.presumed = True
            self.status = MISSING
            self.reserved = None

    def _corrected(self, entry: Entry, body: Corrected) -> None:
        """What somebody ruled holds until something happens after it. Whatever stands between what
        was weighed and the ruling, but was not weighed, turned up later: somebody must look."""
        weighed = [n for n, one in enumerate(self._passed) if one.stored.id in body.compared]
        late = [
            one
            for one in self._passed[min(weighed, default=len(self._passed)) :]
            if one.stored.id not in body.compared
        ]
        if late:
            self.found("ruling-overtaken", entry, [entry, *late])
        self.settled.update(body.compared)
        self.delivered = self.taken = self.gone = None
        self.plan = None
        self.status = body.status
        self.stop = entry.stop or self.stop
        if body.place is not None:
            self.place = body.place
        if body.status == DELIVERED:
            self.delivered = entry
        elif body.status in (SOLD, DISPOSED):
            self.gone = entry

    def _is_among(self, items: Sequence[str]) -> bool:
        if self.code in items:
            return True
        return bool(self.boxes.inside) and any(box in items for box in self.boxes.above(self.code))

    def _concerned(self, body: Custody, named: Sequence[str]) -> bool:
        if self._is_among(named):
            return True
        if isinstance(body, Packed | KitBuilt):
            return self._is_among((body.box,))  # the box is where somebody packs
        if isinstance(body, Delivered | Back) and not body.items:
            return self.plan == body.plan and self.taken is not None
        return False

    def _out(self, entry: Entry, body: Out) -> None:
        if not self._was_gone(entry, "out") and self.taken is not None and self.plan != body.plan:
            self._conflict(entry, self.taken, "out-twice")
        self._left_quarantine(entry)
        if self.reserved not in (None, body.plan):
            self.found("reserved-for-another", entry, [entry])
        self.delivered = self.gone = None
        self.taken = entry
        self.plan = body.plan
        self.status = OUT

    def _delivered(self, entry: Entry, body: Delivered) -> None:
        if self.delivered is not None:
            self._conflict(entry, self.delivered, "delivered-twice")
        elif (
            not self._was_gone(entry, "delivered")
            and self.taken is not None
            and self.plan != body.plan
        ):
            self._conflict(entry, self.taken, "other-plan")
        self.delivered = entry
        self.taken = self.gone = None
        self.plan = body.plan
        self.status = DELIVERED

    def _leaves(self, entry: Entry, body: Sent | Missing | Disposed | Sold) -> None:
        self._was_gone(entry, _WORDS[type(body)])
        if isinstance(body, Sent | Sold):
            self._left_quarantine(entry)
        self.delivered = self.taken = self.gone = None
        self.plan = None
        self.status = _STATUSES[type(body)]
        if isinstance(body, Sent):
            self.place = body.to
        elif not isinstance(body, Missing):
            self.gone = entry

    def _here(
        self,
        entry: Entry,
        body: _Here,
    ) -> None:
        if isinstance(body, SaleTakenBack) and self.status == SOLD:
            self.gone = None
        if (
            not self._was_gone(entry, "here")
            and isinstance(body, Back)
            and self.taken is not None
            and self.plan != body.plan
        ):
            self._conflict(entry, self.taken, "other-plan")
        self.delivered = self.taken = self.gone = None
        self.plan = None
        self.stop = entry.stop or self.stop
        self.status = IN_STOCK
        if isinstance(body, Moved | Arrived | Counted | FindIdentified):
            self.place = body.place
        elif isinstance(body, Packed | KitBuilt):
            self.place = self.boxes.place_of(body.box) or self.place

    def _was_gone(self, entry: Entry, what: str) -> bool:
        """Whether it had left for good before; then two events say different things."""
        if self.delivered is not None:
            self._conflict(entry, self.delivered, f"{what}-after-delivered")
        elif self.gone is not None:
            self._conflict(entry, self.gone, f"{what}-after-{self.status}")
        else:
            return False
        return True

    def _left_quarantine(self, entry: Entry) -> None:
        if self.boxes.aside and self.quarantined:
            self.found("left-quarantine", entry, [entry])

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

    def found(self, kind: str, entry: Entry, events: Iterable[Entry]) -> None:
        """Adds a finding of this kind about these events; one of a kind for an item."""
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
