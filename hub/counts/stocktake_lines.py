"""One item in a stocktake: where it should be, where it was seen, and what that means. Pure.

`hub.counts.stocktakes` says by which rules.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from hub.folds.counted import COUNTED, WAITING, Shelf, Sighting, Stocktake
from hub.folds.movements import PRESENT
from hub.folds.stays import Course, Stay
from hub.statuses import MISSING as GONE_MISSING
from hub.statuses import UNKNOWN

OK: Final = "ok"
IN_BOX: Final = "in_box"
ARRIVED: Final = "arrived"
ELSEWHERE: Final = "elsewhere"
MISSING: Final = "missing"
LEFT: Final = "left"
LATER: Final = "later"
UNEXPECTED: Final = "unexpected"
UNLABELLED: Final = "unlabelled"
PENDING: Final = "pending"
NOT_COUNTED: Final = "not_counted"
VERDICTS: Final = (
    OK,
    IN_BOX,
    ARRIVED,
    MISSING,
    ELSEWHERE,
    UNEXPECTED,
    UNLABELLED,
    LEFT,
    LATER,
    PENDING,
    NOT_COUNTED,
)
"""In the order of pages: fine; to be looked at; explained; not known yet."""

FINE: Final = frozenset({OK, IN_BOX, ARRIVED})
DIFFERENT: Final = frozenset({MISSING, ELSEWHERE, UNEXPECTED, UNLABELLED})
EXPLAINED: Final = frozenset({LEFT, LATER})
OPEN_YET: Final = frozenset({PENDING, NOT_COUNTED})
SHORT: Final = frozenset({MISSING, ELSEWHERE})

OTHER_STOP: Final = "other_stop"
NO_LABEL: Final = "no_label"

END_OF_TIME: Final = 2**62
"""While nobody has decided."""


class Book(Struct, frozen=True):
    """An item by the book; ``category`` empty when it never came in here."""

    item: str
    category: str
    quantity: int
    course: Course


class Line(Struct, frozen=True, order=True):
    """One item. ``place`` is where it should be, ``seen`` where it was seen; empty: nowhere.

    ``reason`` tells more: of something unexpected what the book says of it; of what is explained
    the type of the event that explains it; ``no_label``: it is missing, and never had a label that
    anybody could scan. ``t`` is when it was seen, or since when it is missing; ``event`` what shows
    it; ``box`` the box that vouches for it.
    """

    place: str
    item: str
    category: str
    verdict: str
    seen: str = ""
    reason: str = ""
    t: int = 0
    event: str = ""
    box: str = ""
    quantity: int = 1


class Seen(Struct, frozen=True):
    """That an item was seen, by itself or (``box``) with its box."""

    sighting: Sighting
    box: str = ""

    @property
    def place(self) -> str:
        """Where."""
        return self.sighting.place


def seen_of(
    book: Book, direct: Mapping[str, Sighting], boxes: Mapping[str, Sighting]
) -> Seen | None:
    """How ``book``'s item was seen: by its own label, else with a box that it was in then."""
    own = direct.get(book.item)
    if own is not None:
        return Seen(own)
    for box, sighting in boxes.items():
        stay = book.course.at(sighting.t)
        if stay is not None and box in stay.boxes and stay.standing == PRESENT:
            return Seen(sighting, box)
    return None


class Judge:
    """Finds one item's line."""

    def __init__(self, count: Stocktake, shelves: Mapping[str, Shelf], book: Book) -> None:
        self._count = count
        self._shelves = shelves
        self._book = book
        self._end: Final = END_OF_TIME if count.decided_t is None else count.decided_t

    def line(self, seen: Seen | None) -> Line | None:
        """The line, or None when this item does not concern the stocktake."""
        expected = self._expected(seen)
        if seen is not None:
            return self._of_seen(seen, expected)
        if expected is not None:
            return self._of_unseen(expected)
        planned = self._here(self._book.course.at(self._count.planned_t))
        if planned is None:
            return None
        went = self._since(self._count.planned_t)
        left = next((stay for stay in went if self._here(stay) != planned), None)
        if left is None:
            return None
        return self._make(LEFT, planned, reason=left.cause, t=left.t, event=left.event)

    def _since(self, t: int) -> list[Stay]:
        """What happened to it from ``t`` on, while the stocktake was not decided."""
        return [stay for stay in self._book.course.since(t) if stay.t <= self._end]

    def _make(
        self,
        verdict: str,
        place: str,
        seen: str = "",
        reason: str = "",
        t: int = 0,
        event: str = "",
        box: str = "",
    ) -> Line:
        book = self._book
        return Line(
            place, book.item, book.category, verdict, seen, reason, t, event, box, book.quantity
        )

    def _here(self, stay: Stay | None) -> str | None:
        """The place to be counted at which an item so stands, if any. The empty place is that of
        what is at the stop, nobody knows where."""
        if stay is None or stay.standing != PRESENT or stay.stop != self._count.stop:
            return None
        place = stay.place or ""
        return place if self._count.includes(place) else None

    def _began(self, place: str) -> int:
        """When the count of a place began; where nobody has, when the stocktake ends."""
        shelf = self._shelves.get(place)
        if shelf is None or shelf.opened_t is None:
            return self._end
        return shelf.opened_t

    def _expected(self, seen: Seen | None) -> str | None:
        """Where it stood by the book when that place was counted: where it was seen, if that is
        such a place, else the one counted last."""
        course = self._book.course
        found: list[tuple[int, str]] = []
        for place in dict.fromkeys(stay.place or "" for stay in course.stays):
            began = self._began(place)
            if self._here(course.at(began)) == place:
                found.append((began, place))
        if seen is not None and seen.place in (place for _, place in found):
            return seen.place
        return max(found)[1] if found else None

    def _of_seen(self, seen: Seen, expected: str | None) -> Line | None:
        sighting, course = seen.sighting, self._book.course
        if not self._count.includes(seen.place) and expected is None:
            return None
        before = course.at(sighting.t)
        if sighting.category:
            return self._saw(seen, UNLABELLED)
        if expected == seen.place or self._here(before) == seen.place:
            return self._where_it_should_be(seen)
        if expected is not None:
            return self._saw(seen, ELSEWHERE, expected)
        if before is not None and before.standing == PRESENT and before.stop == self._count.stop:
            return self._saw(seen, ELSEWHERE, before.place or "")
        reason = before.standing if before is not None else UNKNOWN
        return self._saw(seen, UNEXPECTED, reason=OTHER_STOP if reason == PRESENT else reason)

    def _where_it_should_be(self, seen: Seen) -> Line:
        course, place = self._book.course, seen.place
        if seen.box:
            return self._saw(seen, IN_BOX, place)
        if self._here(course.at(self._count.planned_t)) == place:
            return self._saw(seen, OK, place)
        came = [
            stay.cause for stay in course.stays if stay.place == place and stay.t < seen.sighting.t
        ]
        return self._saw(seen, ARRIVED, place, came[-1] if came else "")

    def _saw(self, seen: Seen, verdict: str, place: str = "", reason: str = "") -> Line:
        one = seen.sighting
        return self._make(verdict, place, seen.place, reason, one.t, one.event, seen.box)

    def _of_unseen(self, place: str) -> Line:
        shelf = self._shelves.get(place)
        state = shelf.state if shelf is not None else WAITING
        began = self._began(place)
        explains = [stay for stay in self._since(began) if _explains(stay)]
        if explains:
            closed = shelf.closed_t if shelf is not None else None
            while_counted = [stay for stay in explains if closed is None or stay.t <= closed]
            left = next((stay for stay in while_counted if self._here(stay) != place), None)
            why = left or explains[0]
            verdict = LATER if left is None else LEFT
            return self._make(verdict, place, "", why.cause, why.t, why.event)
        if state == WAITING:
            return self._make(NOT_COUNTED, place)
        if state != COUNTED:
            return self._make(PENDING, place)
        reason = "" if self._book.course.labelled else NO_LABEL
        return self._make(MISSING, place, "", reason, began)


def _explains(stay: Stay) -> bool:
    """Whether somebody had it in hand, or it went somewhere that is not nowhere."""
    return stay.shown or stay.standing not in (PRESENT, GONE_MISSING)
