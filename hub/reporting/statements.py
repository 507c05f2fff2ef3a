"""A month's statement of goods, in the form of a stock ledger: opening, in, out, closing. Pure.

Rules
-----
* A stop answers for what is there, what is out with a volunteer, and what it sent on until somebody
  else has received it (`HELD`). Going out and coming back moves nothing on paper.
* What comes in was received, found again, given back, or taken over from another stop; what goes
  out was delivered, sold, handed over to another stop, thrown away, or is missing. By which of
  these, a movement's two standings say; so opening plus in less out is closing by construction, and
  the closing that the flows add up to must say the same (`StatementError` otherwise).
* A closed statement is never changed. The same month made again from a later log may differ:
  `changes` says in which figures, and that is what a restatement consists of.
* The items to go and find are drawn by the log's own digest: nobody chooses them, and anybody can
  draw them again.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub.folds.movements import NOWHERE, PRESENT
from hub.statuses import DELIVERED, DISPOSED, MISSING, OUT, SENT, SOLD

HELD: Final = (PRESENT, OUT, SENT)
"""Standings that a stop answers for."""
STANDINGS: Final = {"here": PRESENT, "out": OUT, "on_the_way": SENT}
"""The figures of a line that tell its closing by standing."""
_STOOD: Final = {standing: part for part, standing in STANDINGS.items()}
SAMPLE: Final = 20
"""Items to go and find."""

IN: Final = ("received", "found", "given_back", "taken_over")
OUT_OF: Final = ("delivered", "sold", "handed_over", "disposed", "missing")
PARTS: Final = ("opening", *IN, *OUT_OF, "closing", *STANDINGS)
"""The figures of a line, in the order of the ledger."""
TAKINGS: Final = ("sales", "sold", "taken_back", "counted")
"""The figures of what a market took; all but the sales are money."""


class StatementError(ValueError):
    """The figures do not add up: the projections are damaged and want a rebuild."""


class Line(Struct, frozen=True):
    """Pieces of one category at one stop. ``closing`` is made up of ``here``, ``out`` (with
    volunteers) and ``on_the_way`` (sent on, not yet received)."""

    stop: str
    category: str
    opening: int = 0
    received: int = 0
    found: int = 0
    given_back: int = 0
    taken_over: int = 0
    delivered: int = 0
    sold: int = 0
    handed_over: int = 0
    disposed: int = 0
    missing: int = 0
    closing: int = 0
    here: int = 0
    out: int = 0
    on_the_way: int = 0

    @property
    def came_in(self) -> int:
        """All that came in."""
        return sum(getattr(self, name) for name in IN)

    @property
    def went_out(self) -> int:
        """All that went out."""
        return sum(getattr(self, name) for name in OUT_OF)


class Takings(Struct, frozen=True):
    """What a stop's markets took in one way of paying, in jiao (0.1 yuan): ``counted`` is what
    somebody counted where they counted, None where nobody did."""

    stop: str
    pay: str
    sales: int
    sold: int
    taken_back: int
    counted: int | None = None


class Unheard(Struct, frozen=True):
    """A kiosk that may still hold events of the month; ``since_ms`` is when it was heard last."""

    kiosk: str
    stop: str
    since_ms: int | None


class Sample(Struct, frozen=True):
    """An item that should be found: where it was at the end of the month."""

    item: str
    stop: str
    category: str
    place: str | None


class Statement(Struct, frozen=True):
    """A month as the log through ``position`` tells it; ``head`` digests the log so far."""

    month: str
    timezone: str
    position: int
    head: str
    lines: tuple[Line, ...]
    takings: tuple[Takings, ...] = ()
    unheard: tuple[Unheard, ...] = ()
    sample: tuple[Sample, ...] = ()

    @property
    def total(self) -> Line:
        """All lines added up."""
        return total(self.lines)


class Change(Struct, frozen=True):
    """A figure of a closed statement that later events changed: pieces of a category, or what a
    market took by the way of paying ``pay``: sales, or jiao, None where nobody had counted."""

    stop: str
    category: str
    part: str
    was: int | None
    now: int | None
    pay: str = ""


Booked: TypeAlias = tuple[str, str, int]
"""Stop, part of its line, and 1, or -1 for what no longer stands so."""
Balance: TypeAlias = tuple[str, str, str, int]
"""Stop, category, standing, pieces."""
Moved: TypeAlias = tuple[str, str, str, str, str, int]
"""From standing and stop, to standing and stop, category, pieces."""


def booked(from_status: str, from_stop: str, to_status: str, to_stop: str) -> list[Booked]:
    """What a movement between these standings, of one piece, is in a ledger: what came in or went
    out (`IN`, `OUT_OF`)."""
    before, after = from_status in HELD, to_status in HELD
    if before and after and from_stop == to_stop:
        return []
    found = []
    if after:
        found.append((to_stop, _way_in(from_status), 1))
    if before:
        found.append((from_stop, _way_out(to_status), 1))
    return found


def stood(from_status: str, from_stop: str, to_status: str, to_stop: str) -> list[Booked]:
    """The same of how things stand afterwards (`STANDINGS`)."""
    found = []
    if from_status in _STOOD:
        found.append((from_stop, _STOOD[from_status], -1))
    if to_status in _STOOD:
        found.append((to_stop, _STOOD[to_status], 1))
    return found


def lines_of(
    opening: Iterable[Balance], moved: Iterable[Moved], closing: Iterable[Balance]
) -> tuple[Line, ...]:
    """The lines, by stop and category, from the balances before and after a month and what moved
    in it.

    Raises:
        StatementError: the balances differ by something else than what moved.
    """
    figures: dict[tuple[str, str], dict[str, int]] = {}

    def add(stop: str, category: str, part: str, pieces: int) -> None:
        line = figures.setdefault((stop, category), dict.fromkeys(PARTS, 0))
        line[part] += pieces

    for stop, category, standing, pieces in opening:
        if standing in HELD:
            add(stop, category, "opening", pieces)
    for *between, category, pieces in moved:
        for stop, part, sign in booked(*between):
            add(stop, category, part, sign * pieces)
    for stop, category, standing, pieces in closing:
        if standing in HELD:
            add(stop, category, _STOOD[standing], pieces)
            add(stop, category, "closing", pieces)
    return balanced(
        Line(stop, category, **figures[stop, category])
        for stop, category in sorted(figures)
        if any(figures[stop, category].values())
    )


def balanced(lines: Iterable[Line]) -> tuple[Line, ...]:
    """These lines. Raises StatementError: one does not add up."""
    found = tuple(lines)
    for line in found:
        if line.opening + line.came_in - line.went_out != line.closing:
            raise StatementError(f"{line.stop} {line.category} does not add up")
    return found


def of_stops(statement: Statement, sees: Callable[[str], bool]) -> Statement:
    """What a statement says of the stops that somebody ``sees``."""
    return replace(
        statement,
        lines=tuple(line for line in statement.lines if sees(line.stop)),
        takings=tuple(one for one in statement.takings if sees(one.stop)),
        unheard=tuple(one for one in statement.unheard if sees(one.stop)),
        sample=tuple(one for one in statement.sample if sees(one.stop)),
    )


def _way_in(from_status: str) -> str:
    if from_status == NOWHERE:
        return "received"
    if from_status in HELD:
        return "taken_over"
    return "given_back" if from_status in (DELIVERED, SOLD) else "found"


def _way_out(to_status: str) -> str:
    if to_status in HELD:
        return "handed_over"
    return to_status if to_status in (DELIVERED, SOLD, DISPOSED) else MISSING


def total(lines: Iterable[Line], stop: str = "", category: str = "") -> Line:
    """These lines added up. Between stops, what one hands over another takes over: both stay, as
    they do in any ledger that adds its branches."""
    sums = dict.fromkeys(PARTS, 0)
    for line in lines:
        for part in PARTS:
            sums[part] += getattr(line, part)
    return Line(stop, category, **sums)


def by_category(lines: Iterable[Line]) -> list[Line]:
    """One line for each category, over all stops."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.category, []).append(line)
    return [total(found[category], category=category) for category in sorted(found)]


def by_stop(lines: Iterable[Line]) -> list[Line]:
    """One line for each stop, over all its categories, in the order in which stops come."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.stop, []).append(line)
    return [total(mine, stop) for stop, mine in found.items()]


def changes(was: Statement, now: Statement) -> list[Change]:
    """The figures that are different in ``now``, in order."""
    before = {(line.stop, line.category): line for line in was.lines}
    after = {(line.stop, line.category): line for line in now.lines}
    found = []
    for stop, category in sorted(before.keys() | after.keys()):
        none = Line(stop, category)
        old, new = before.get((stop, category), none), after.get((stop, category), none)
        for part in PARTS:
            values = getattr(old, part), getattr(new, part)
            if values[0] != values[1]:
                found.append(Change(stop, category, part, *values))
    return found + _changed_takings(was.takings, now.takings)


def _changed_takings(was: Sequence[Takings], now: Sequence[Takings]) -> list[Change]:
    before = {(one.stop, one.pay): one for one in was}
    after = {(one.stop, one.pay): one for one in now}
    found = []
    for stop, pay in sorted(before.keys() | after.keys()):
        none = Takings(stop, pay, 0, 0, 0)
        old, new = before.get((stop, pay), none), after.get((stop, pay), none)
        for part in TAKINGS:
            values = getattr(old, part), getattr(new, part)
            if values[0] != values[1]:
                found.append(Change(stop, "", part, *values, pay=pay))
    return found


def draw(head: str, codes: Sequence[str]) -> list[str]:
    """Which of ``codes`` to go and find: those whose digest with the log's is least."""
    return sorted(codes, key=lambda code: hashlib.sha256(f"{head} {code}".encode()).digest())[
        :SAMPLE
    ]


def encode(statement: Statement) -> str:
    """The statement's canonical JSON: fields in their order, nothing left out, no spaces."""
    return msgspec.json.encode(statement).decode()


def decode(text: str) -> Statement:
    """The statement that `encode` wrote."""
    return msgspec.json.decode(text, type=Statement)


def digest(text: str) -> str:
    """SHA-256 of a statement's canonical JSON."""
    return hashlib.sha256(text.encode()).hexdigest()


def chained(head: str, hashes: Iterable[str]) -> str:
    """The digest of the log so far: of the earlier digest and every event hash since, in the order
    of positions."""
    state = hashlib.sha256(bytes.fromhex(head))
    for one in hashes:
        state.update(bytes.fromhex(one))
    return state.hexdigest()


def next_month(month: str) -> str:
    """The month after ``month``, both ``YYYY-MM``."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def named(changed: Sequence[Change]) -> Mapping[tuple[str, str], list[Change]]:
    """Changes by stop and category."""
    found: dict[tuple[str, str], list[Change]] = {}
    for one in changed:
        found.setdefault((one.stop, one.category), []).append(one)
    return found
