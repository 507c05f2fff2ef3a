"""One pass over the events that concern an item: where it is, and in what condition.

`hub.folds.item` says by which rules.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from contract.events import (
    Arrived,
    Back,
    BoxReceived,
    Counted,
    Delivered,
    Disposed,
    ExpirySet,
    FoundUnlabelled,
    Graded,
    ItemPicked,
    ItemSeen,
    LabelAttached,
    LabelReprinted,
    Missing,
    Moved,
    Out,
    Packed,
    Quarantined,
    Received,
    Released,
    SaleTakenBack,
    Sent,
    Sold,
    Unpacked,
)
from hub.folds.entries import Entry
from hub.folds.findings import Finding
from hub.statuses import (
    DELIVERED,
    DISPOSED,
    IN_STOCK,
    MISSING,
    OUT,
    SENT,
    SOLD,
)

_IN_ORDER: Final = frozenset(
    {
        Moved,
        Packed,
        Unpacked,
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
    }
)
_CONDITION: Final = frozenset({Graded, ExpirySet, Quarantined, Released})
UNCONFIRMED: Final = "unconfirmed"
"""A label that was sent to a printer that says nothing: there once somebody has scanned it."""
_OWN: Final = frozenset({Received, LabelAttached, ItemPicked, ItemSeen, LabelReprinted})
BIRTHS: Final = frozenset({Received, BoxReceived, FoundUnlabelled})

Custody: TypeAlias = (
    Moved
    | Packed
    | Unpacked
    | Out
    | Delivered
    | Back
    | Sent
    | Arrived
    | Missing
    | Disposed
    | Sold
    | SaleTakenBack
    | Counted
)
_Here: TypeAlias = Moved | Packed | Unpacked | Back | Arrived | SaleTakenBack | Counted
Birth: TypeAlias = Received | BoxReceived | FoundUnlabelled


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


def _named(body: Custody) -> tuple[str, ...]:
    """The items and boxes that a custody event speaks of."""
    if isinstance(body, Sold | SaleTakenBack | Counted):
        return () if body.item is None else (body.item,)
    return body.items


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
        self.quarantined = False
        self.status = IN_STOCK
        self.delivered: Entry | None = None
        self.gone: Entry | None = None  # sold or thrown away
        self.taken: Entry | None = None  # the handover that it is out with
        self.inside: dict[str, str] = {}  # item or box -> box
        self.places: dict[str, str] = {}  # box -> place
        self.findings: list[Finding] = []
        if birth is not None and isinstance(birth.stored.body, Birth):
            self.place = birth.stored.body.place
            self.stop = birth.stop
            if not isinstance(birth.stored.body, FoundUnlabelled) and birth.stored.body.ready_made:
                self.label = "ready-made"

    def take(self, entry: Entry) -> None:
        """The next event in order, one that is not voided."""
        body = entry.stored.body
        kind = type(body)
        if kind in _IN_ORDER:
            self._custody(entry, body)  # type: ignore[arg-type] # _IN_ORDER says so
        elif kind in _OWN and body.item == self.code:  # type: ignore[union-attr]
            self.newest = max(self.newest, entry.stored.position)
            if type(body) is LabelAttached:
                if self.label is None or body.how != UNCONFIRMED:
                    self.label = body.how
            elif self.label == UNCONFIRMED and type(body) in (ItemPicked, ItemSeen):
                self.label = "scanned"
            if self.first is None:
                self.first = entry
        elif kind in _CONDITION and self._is_among(body.items):  # type: ignore[union-attr,arg-type]
            self.newest = max(self.newest, entry.stored.position)
            self.first = self.first or entry
            self._condition(body)  # type: ignore[arg-type]

    def _condition(self, body: Graded | ExpirySet | Quarantined | Released) -> None:
        if isinstance(body, Graded):
            self.grade = body.grade
        elif isinstance(body, ExpirySet):
            self.month = body.month
        else:
            self.quarantined = isinstance(body, Quarantined)

    def _custody(self, entry: Entry, body: Custody) -> None:
        concerned = self._concerned(body)
        named = _named(body)
        if self.inside or type(body) is Packed:
            for thing in named:
                self._contain(thing, body)
        if isinstance(body, Moved | Counted | Arrived):
            inner = [thing for thing in self.inside if thing.startswith("B")]
            for box in (*named, *inner):
                if box in named or any(above in named for above in self._above(box)):
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
        elif isinstance(body, Sent | Missing | Disposed | Sold):
            self._leaves(entry, body)
        else:
            self._here(entry, body)
        self.last = entry

    def _is_among(self, items: Sequence[str]) -> bool:
        return self.code in items or any(box in items for box in self._above(self.code))

    def _concerned(self, body: Custody) -> bool:
        if self._is_among(_named(body)):
            return True
        if isinstance(body, Delivered | Back) and not body.items:
            return self.plan == body.plan and self.taken is not None
        return False

    def _contain(self, thing: str, body: Custody) -> None:
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
        if not self._was_gone(entry, "out") and self.taken is not None and self.plan != body.plan:
            self._conflict(entry, self.taken, "out-twice")
        self._left_quarantine(entry)
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
        body: Moved | Packed | Unpacked | Back | Arrived | SaleTakenBack | Counted,
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
        self.stop = entry.stop
        self.status = IN_STOCK
        if isinstance(body, Moved | Arrived | Counted):
            self.place = body.place
        elif isinstance(body, Packed):
            self.place = self._place_of(body.box) or self.place

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
        if self.quarantined:
            self.found("left-quarantine", entry, [entry])

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
