"""A stocktake as its events tell it: what was planned, who counts, what was seen where. Pure.

Rules
-----
* A stocktake is planned at the hub; the counts of kiosk lanes and phones become its **parts** when
  somebody joins them to it. A phone may also write under the stocktake's own id.
* A part's **turn** at a place lasts from its `ShelfOpened` to its `ShelfClosed` (or to the next
  shelf, or the end of the part). What was counted without either is a turn that is still open.
* Several lanes may take turns at one place, at once or one after the other: what any of them saw
  there was seen. Only `RecountAsked` begins a new **round** of a place; then no turn and no
  sighting of before stands any more.
* Voided events are taken out first. Order and repeats of arrival do not matter: everything hangs on
  T, the order of events. A find that somebody identified was that item all along: where the find
  was seen, the item was. What happened after the approval belongs to no stocktake.
"""

from collections.abc import Iterable, Sequence

from msgspec import structs

from contract.events import (
    CountApproved,
    CountCancelled,
    CountClosed,
    Counted,
    CountJoined,
    CountOpened,
    CountPaused,
    CountPlanned,
    CountResumed,
    FindIdentified,
    FoundUnlabelled,
    PresumedMissing,
    RecountAsked,
    ShelfClosed,
    ShelfOpened,
    Voided,
)
from hub.folds.counted import (
    AGAIN,
    CLOSED,
    COUNTED,
    COUNTING,
    OPEN,
    PAUSED,
    WAITING,
    Approval,
    Part,
    Shelf,
    Sighting,
    Stocktake,
    Turn,
)
from hub.folds.entries import Entry


def parts_of(entries: Iterable[Entry]) -> list[str]:
    """The ids of the parts that these events of a stocktake join to it."""
    voided = _voided(entries)
    found = [
        entry.stored.body.part
        for entry in entries
        if isinstance(entry.stored.body, CountJoined) and entry.stored.id not in voided
    ]
    return list(dict.fromkeys(found))


def fold_stocktake(count: str, entries: Sequence[Entry]) -> Stocktake | None:
    """The stocktake with this id from its events and those of its parts, sorted, each once. More
    than needed does no harm. None when nothing planned it."""
    voided = _voided(entries)
    live = [entry for entry in entries if entry.stored.id not in voided]
    plan = next(
        (
            entry
            for entry in live
            if isinstance(entry.stored.body, CountPlanned) and entry.stored.body.count == count
        ),
        None,
    )
    if plan is None:
        return None
    body = plan.stored.body
    assert isinstance(body, CountPlanned)
    told = _Told(count)
    for entry in live:
        told.take(entry)
    return Stocktake(
        id=count,
        stop=plan.stop,
        planned_t=plan.key.t,
        account=plan.stored.account or "",
        event=plan.stored.id,
        places=tuple(dict.fromkeys(body.places)),
        categories=tuple(dict.fromkeys(body.categories)),
        blind=body.blind,
        recount=body.recount,
        parts=told.parts(),
        shelves=told.shelves(body.places),
        counters=frozenset(told.counters),
        own=frozenset(told.own),
        finds=tuple(told.finds.values()),
        identified=dict(told.identified),
        approved=told.approved,
        cancelled_t=told.cancelled[0] if told.cancelled is not None else None,
        cancelled_why=told.cancelled[1] if told.cancelled is not None else "",
    )


def _voided(entries: Iterable[Entry]) -> set[str]:
    found: set[str] = set()
    for entry in entries:
        if type(entry.stored.body) is Voided:
            found.update(entry.stored.body.events)
    return found


class _Going:
    """A turn while it is told."""

    def __init__(self, place: str, t: int) -> None:
        self.place = place
        self.opened_t = t
        self.closed_t: int | None = None
        self.sightings: list[Sighting] = []


class _Lane:
    """A part while it is told."""

    def __init__(self, part: str, joined: str) -> None:
        self.part = part
        self.joined = joined
        self.kiosk = self.lane = self.stop = ""
        self.opened_t: int | None = None
        self.last_t: int | None = None
        self.state = COUNTING
        self.turns: list[_Going] = []

    def going(self, place: str, t: int) -> _Going:
        """The turn at ``place`` that something seen at ``t`` belongs to."""
        for turn in reversed(self.turns):
            if turn.place == place and turn.closed_t is None:
                return turn
        return self.open(place, t)

    def open(self, place: str, t: int) -> _Going:
        self.close(t)
        turn = _Going(place, t)
        self.turns.append(turn)
        return turn

    def shut(self, place: str, t: int) -> None:
        """The turn at ``place`` ends; one whose beginning is not known saw nothing."""
        turns = [turn for turn in self.turns if turn.place == place] or [self.open(place, t)]
        turns[-1].closed_t = t if turns[-1].closed_t is None else turns[-1].closed_t

    def close(self, t: int) -> None:
        for turn in self.turns:
            if turn.closed_t is None:
                turn.closed_t = t


class _Told:
    """Takes the live events in order."""

    def __init__(self, count: str) -> None:
        self.count = count
        self.lanes: dict[str, _Lane] = {}
        self.asked: dict[str, list[int]] = {}
        self.counters: set[str] = set()
        self.own: set[str] = set()
        self.finds: dict[str, Sighting] = {}
        self.identified: dict[str, str] = {}  # find -> item
        self.approved: Approval | None = None
        self.cancelled: tuple[int, str] | None = None
        self._early: list[Entry] = []
        self._joined: set[str] = set()

    def take(self, entry: Entry) -> None:
        body, t = entry.stored.body, entry.key.t
        if isinstance(body, CountJoined) and body.count == self.count:
            self._joined.add(body.part)
            self._lane(body.part).joined = entry.stored.id
        elif isinstance(body, RecountAsked) and body.count == self.count:
            for place in body.places:
                self.asked.setdefault(place, []).append(t)
        elif isinstance(body, FindIdentified) and body.count == self.count:
            self.identified[body.find] = body.item
            self.own.add(entry.stored.id)
        elif isinstance(body, PresumedMissing) and body.count == self.count:
            self.own.add(entry.stored.id)
        elif isinstance(body, CountApproved) and body.count == self.count:
            self.approved = self.approved or Approval(
                t,
                entry.stored.account or "",
                body.position,
                body.seen,
                body.missing,
                entry.stored.id,
            )
        elif isinstance(body, CountCancelled) and body.count == self.count:
            self.cancelled = self.cancelled or (t, body.why)
        elif isinstance(
            body,
            CountOpened
            | ShelfOpened
            | Counted
            | FoundUnlabelled
            | ShelfClosed
            | CountPaused
            | CountResumed
            | CountClosed,
        ):
            self._early.append(entry)

    def _lane(self, part: str) -> _Lane:
        if part not in self.lanes:
            self.lanes[part] = _Lane(part, "")
        return self.lanes[part]

    def _run(self) -> None:
        """What the parts did; a part may have begun before anybody joined it."""
        early, self._early = self._early, []
        for entry in early:
            part = entry.stored.body.count  # type: ignore[union-attr] # all of these have it
            if part != self.count and part not in self._joined:
                continue
            if self.approved is not None and entry.key.t > self.approved.t:
                continue
            self._happened(self._lane(part), entry)

    def _happened(self, lane: _Lane, entry: Entry) -> None:
        body, t, stored = entry.stored.body, entry.key.t, entry.stored
        lane.kiosk, lane.lane, lane.stop = stored.kiosk, stored.lane, entry.stop
        lane.last_t = t
        lane.opened_t = t if lane.opened_t is None else lane.opened_t
        if stored.account and not isinstance(body, CountOpened):
            self.counters.add(stored.account)
        if isinstance(body, ShelfOpened):
            lane.open(body.place, t)
            lane.state = COUNTING
        elif isinstance(body, Counted | FoundUnlabelled):
            category = body.category if isinstance(body, FoundUnlabelled) else ""
            seen = Sighting(body.item, body.place, t, stored.id, lane.part, category)
            if category:
                self.finds[body.item] = seen
            if body.item in self.identified:
                seen = structs.replace(seen, item=self.identified[body.item], category="")
            lane.going(body.place, t).sightings.append(seen)
            if isinstance(body, Counted):
                self.own.add(stored.id)
            lane.state = COUNTING
        elif isinstance(body, ShelfClosed):
            lane.shut(body.place, t)
        elif isinstance(body, CountPaused):
            lane.state = PAUSED
        elif isinstance(body, CountResumed):
            lane.state = COUNTING
        elif isinstance(body, CountClosed):
            lane.close(t)
            lane.state = CLOSED

    def parts(self) -> tuple[Part, ...]:
        self._run()
        found = []
        for lane in self.lanes.values():
            if lane.part == self.count and lane.opened_t is None:
                continue
            shelf = next((turn.place for turn in lane.turns if turn.closed_t is None), None)
            found.append(
                Part(
                    lane.part,
                    lane.kiosk,
                    lane.lane,
                    lane.stop,
                    lane.joined,
                    lane.opened_t,
                    lane.last_t,
                    lane.state,
                    shelf,
                    len({one.item for turn in lane.turns for one in turn.sightings}),
                )
            )
        return tuple(sorted(found, key=lambda part: (part.opened_t or 0, part.id)))

    def shelves(self, planned: Iterable[str]) -> tuple[Shelf, ...]:
        """Call after `parts`."""
        turns: dict[str, list[Turn]] = {place: [] for place in planned}
        for place in self.asked:
            turns.setdefault(place, [])
        for lane in self.lanes.values():
            for one in lane.turns:
                seen = tuple(one.sightings)
                turn = Turn(lane.part, one.place, one.opened_t, one.closed_t, seen)
                turns.setdefault(one.place, []).append(turn)
        return tuple(
            _shelf(place, turns[place], sorted(self.asked.get(place, [])))
            for place in sorted(turns)
        )


def _shelf(place: str, turns: Sequence[Turn], asked: Sequence[int]) -> Shelf:
    def round_of(turn: Turn) -> int:
        return sum(t <= turn.opened_t for t in asked)

    now = sorted(
        (turn for turn in turns if round_of(turn) == len(asked)),
        key=lambda turn: (turn.opened_t, turn.part),
    )
    still = any(turn.closed_t is None for turn in now)
    if now:
        state = OPEN if still else COUNTED
    else:
        state = AGAIN if asked else WAITING
    done = {round_of(turn) for turn in turns if turn.closed_t is not None}
    return Shelf(
        place=place,
        state=state,
        round=len(asked) + 1,
        rounds=len(done),
        opened_t=now[0].opened_t if now else None,
        closed_t=None if still or not now else max(turn.closed_t or 0 for turn in now),
        sightings=tuple(one for turn in now for one in turn.sightings),
        parts=tuple(dict.fromkeys(turn.part for turn in now)),
    )
