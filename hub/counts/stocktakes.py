"""What a stocktake found: what should have stood where, what was seen, and why they differ. Pure.

Rules
-----
* **Expected** at a place is what stood there by the book just before somebody began to count it;
  where nobody has, what stands there now. The book is every item's own course
  (`hub.folds.stays`), without what this stocktake saw. It is read anew each time: what moved
  during the count, and became known days later, changes what was expected, and nothing else.
* Each item has **one line** with one verdict. Seen where it should be: fine. Seen, but elsewhere:
  elsewhere, in whatever order the two places were counted. Not seen, but moved or shown by anybody
  since the count of its place began: explained. Only what nothing shows is missing.
* A box that was seen vouches for what is in it. Nobody looked, so the line says so.
* A place is counted again by rule (``differs``: when its first round differs; ``always``) before
  anybody approves; the page says which, a person asks for it. The last round stands.
* No number is set anywhere. What is missing is so item by item, from the moment when the count of
  its place began, unless anything shows it at or after that moment.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from hub.counts.stocktake_lines import (
    DIFFERENT,
    EXPLAINED,
    FINE,
    LEFT,
    MISSING,
    OPEN_YET,
    SHORT,
    UNEXPECTED,
    UNLABELLED,
    Book,
    Judge,
    Line,
    seen_of,
)
from hub.folds.counted import AGAIN, COUNTED, OPEN, WAITING, Shelf, Sighting, Stocktake
from hub.statuses import UNKNOWN

NEVER: Final = "never"
DIFFERS: Final = "differs"
ALWAYS: Final = "always"


class PlaceSum(Struct, frozen=True):
    """A place: ``expected`` by the book, ``seen`` there, of these ``short`` (not there) and
    ``surplus`` (should not be there); ``explained`` left it or turned up; ``again``: the rule wants
    another round."""

    place: str
    state: str
    round: int
    rounds: int
    opened_t: int | None
    closed_t: int | None
    expected: int
    seen: int
    fine: int
    short: int
    surplus: int
    explained: int
    again: bool


class Result(Struct, frozen=True):
    """What a stocktake found, as the log through ``position`` tells it."""

    count: str
    stop: str
    position: int
    lines: tuple[Line, ...]
    places: tuple[PlaceSum, ...]

    def of(self, verdict: str) -> list[Line]:
        """The lines with this verdict."""
        return [line for line in self.lines if line.verdict == verdict]

    @property
    def expected(self) -> int:
        """Items that should be at the places."""
        return sum(one.expected for one in self.places)

    @property
    def seen(self) -> int:
        """Items that were seen."""
        return sum(1 for line in self.lines if line.seen)


class Change(Struct, frozen=True):
    """An item that is told differently now; None: it had, or has, no line."""

    item: str
    was: Line | None
    now: Line | None


def result(count: Stocktake, books: Iterable[Book], position: int) -> Result:
    """What ``count`` found. ``books`` are those of every item that was seen, that stands at the
    stop, or that left it since the stocktake was planned; more does no harm."""
    shelves = {shelf.place: shelf for shelf in count.shelves}
    direct: dict[str, Sighting] = {}
    for shelf in count.shelves:
        for one in shelf.sightings:
            if one.item not in direct or (direct[one.item].t, direct[one.item].event) < (
                one.t,
                one.event,
            ):
                direct[one.item] = one
    boxes = {item: one for item, one in direct.items() if item.startswith("B")}
    lines = []
    known: set[str] = set()
    for book in books:
        known.add(book.item)
        if count.categories and book.category and book.category not in count.categories:
            continue
        seen = seen_of(book, direct, boxes)
        line = Judge(count, shelves, book).line(seen)
        if line is not None:
            lines.append(line)
    strangers = [
        Line("", one.item, "", UNEXPECTED, one.place, UNKNOWN, one.t, one.event)
        for item, one in direct.items()
        if item not in known and not item.startswith("B") and count.includes(one.place)
    ]
    lines = sorted([*lines, *strangers])
    return Result(count.id, count.stop, position, tuple(lines), _places(count, shelves, lines))


# --- places -----------------------------------------------------------------------------------


def _places(
    count: Stocktake, shelves: Mapping[str, Shelf], lines: Sequence[Line]
) -> tuple[PlaceSum, ...]:
    named = {place for place in shelves if count.includes(place)}
    named |= {line.place for line in lines if line.verdict not in (LEFT,) and _in(count, line)}
    return tuple(_sum(count, place, shelves.get(place), lines) for place in sorted(named))


def _in(count: Stocktake, line: Line) -> bool:
    return bool(line.place or line.verdict in OPEN_YET) and count.includes(line.place)


def _sum(count: Stocktake, place: str, shelf: Shelf | None, lines: Sequence[Line]) -> PlaceSum:
    should = [
        line
        for line in lines
        if line.place == place and line.verdict not in (LEFT, UNEXPECTED, UNLABELLED)
    ]
    there = [line for line in lines if line.seen == place and place]
    short = sum(line.verdict in SHORT for line in should)
    surplus = sum(line.verdict in DIFFERENT for line in there)
    explained = sum(line.place == place and line.verdict in EXPLAINED for line in lines)
    state = shelf.state if shelf is not None else WAITING
    rounds = shelf.rounds if shelf is not None else 0
    differs = short > 0 or surplus > 0
    rule = count.recount == ALWAYS or (count.recount == DIFFERS and differs)
    return PlaceSum(
        place=place,
        state=state,
        round=shelf.round if shelf is not None else 1,
        rounds=rounds,
        opened_t=shelf.opened_t if shelf is not None else None,
        closed_t=shelf.closed_t if shelf is not None else None,
        expected=len(should),
        seen=len(there),
        fine=sum(line.verdict in FINE for line in there),
        short=short,
        surplus=surplus,
        explained=explained,
        again=state == COUNTED and rule and rounds < 2 and not count.decided,
    )


# --- deciding ---------------------------------------------------------------------------------


def hindrances(count: Stocktake, found: Result, account: str) -> list[str]:
    """Why ``account`` cannot approve it now, as machine words: decided, planner, counter,
    nothing_counted, open, again, rule."""
    why = []
    if count.decided:
        why.append("decided")
    if account == count.account:
        why.append("planner")
    if account in count.counters:
        why.append("counter")
    states = [one.state for one in found.places]
    if COUNTED not in states:
        why.append("nothing_counted")
    if OPEN in states:
        why.append("open")
    if AGAIN in states:
        why.append("again")
    if any(one.again for one in found.places):
        why.append("rule")
    return why


def presumed(found: Result) -> dict[int, list[str]]:
    """The items that are missing, by the moment since when they are."""
    since: dict[int, list[str]] = {}
    for line in found.of(MISSING):
        since.setdefault(line.t, []).append(line.item)
    return dict(sorted(since.items()))


def changes(was: Result, now: Result) -> list[Change]:
    """The items that ``now`` tells differently, in order."""
    before = {line.item: line for line in was.lines}
    after = {line.item: line for line in now.lines}
    found = []
    for item in sorted(before.keys() | after.keys()):
        old, new = before.get(item), after.get(item)
        if old is None or new is None or _said(old) != _said(new):
            found.append(Change(item, old, new))
    return found


def _said(line: Line) -> tuple[str, ...]:
    return (line.verdict, line.place, line.seen, line.reason, line.category)


def encode(found: Result) -> str:
    """The canonical JSON: fields in their order, nothing left out, no spaces."""
    return msgspec.json.encode(found).decode()


def decode(text: str) -> Result:
    """What `encode` wrote."""
    return msgspec.json.decode(text, type=Result)


def digest(text: str) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(text.encode()).hexdigest()


def seal(found: Result) -> str:
    """A digest of what was found, whatever the position: who approves has seen exactly this."""
    return digest(encode(Result(found.count, found.stop, 0, found.lines, found.places)))
