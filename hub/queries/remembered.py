"""What stocktakes read, remembered between requests.

A page of a stocktake that goes on is asked for every five seconds by everybody who watches it, and
needs the course of each item that stands at the stop. Most of the time nothing happened meanwhile,
and while people count something did to hardly any item. What a stocktake is, what it found and an
item's course are functions of events and of their places in the order. So each is kept with what
shows whether it would be made of the same events again, and that alone is asked:

* a stocktake and a course: which events concern it (and the boxes and plans that it led to), where
  their epochs stand, and which of a course's events were left out;
* what was found: the stocktake itself, where the kiosks stand, and stood when the projector was
  here last (a moment passes before a kiosk that moved takes its items along), where the epochs
  stand of all courses in it, and of each set of items that it was made of how many they are and
  which event concerned any of them last. An item that comes in has a newer one; one that goes makes
  them fewer. Once a stocktake is decided no other items belong to it, unless an event from before
  then comes late, an epoch is placed anew, something that happened before then is undone, or it
  turns out that what was there had come in: that none did is quicker to find out, however long ago
  it was.

One for each database; any thread may ask.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from threading import Lock
from typing import Any, Final, Generic, NamedTuple, TypeVar

from hub.counts.stocktakes import Result
from hub.folds.counted import Stocktake
from hub.folds.stays import Course, fold_stays
from hub.queries.entries import Entries, Epoch, Places

T = TypeVar("T")
COURSES: Final = 4096
"""Courses that are kept, about 3 kB each."""
STOCKTAKES: Final = 32
"""Stocktakes that are kept with what they found, about 300 kB each where a thousand things are."""


class _Kept(Generic[T]):
    """The last of what was asked for, by name."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._kept: Final[OrderedDict[str, T]] = OrderedDict()
        self._lock: Final = Lock()

    def of(self, names: Iterable[str]) -> dict[str, T]:
        """Those of these that are kept."""
        with self._lock:
            found = {name: self._kept[name] for name in names if name in self._kept}
            for name in found:
                self._kept.move_to_end(name)
        return found

    def keep(self, made: Mapping[str, T]) -> None:
        """From now on these are."""
        with self._lock:
            self._kept.update(made)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class _Told(NamedTuple):
    """A stocktake, the rows of its events by subject, and where their epochs stand."""

    rows: dict[str, list[int]]
    places: Places
    stocktake: Stocktake


class _Course(NamedTuple):
    """A course, the rows of its events by subject, where their epochs stand, the ids of the events,
    and those of them that were left out."""

    rows: dict[str, list[int]]
    places: Places
    ids: frozenset[str]
    besides: frozenset[str]
    course: Course


class Found(NamedTuple):
    """What ``stocktake`` found. ``sets`` tells of each set of items that it was made of how many
    they were, and the newest event that concerned any of them; ``codes`` are items of it: where it
    is decided all, else those that were seen and are in no other set. ``stops`` is where the kiosks
    stood, for the registry and for the projector."""

    stocktake: Stocktake
    codes: list[str]
    sets: tuple[Any, ...]
    places: Places
    stops: tuple[Mapping[str, str], str | None]
    result: Result


class Remembered:
    """See the module."""

    def __init__(self) -> None:
        self._courses: Final[_Kept[_Course]] = _Kept(COURSES)
        self._told: Final[_Kept[_Told]] = _Kept(STOCKTAKES)
        self._found: Final[_Kept[Found]] = _Kept(STOCKTAKES)

    def stocktake(self, entries: Entries, count: str) -> Stocktake | None:
        """The stocktake, if it is known and the same events still tell it."""
        one = self._told.of([count]).get(count)
        if one is None or entries.touched(one.rows) != one.rows:
            return None
        return one.stocktake if entries.places(one.places) == one.places else None

    def keep_stocktake(self, entries: Entries, subjects: Iterable[str], told: Stocktake) -> None:
        """It was told by the events that concern ``subjects``, which ``entries`` has read."""
        subjects = list(subjects)
        places = entries.places(_epochs(entries, subjects))
        self._told.keep({told.id: _Told(entries.touched(subjects), places, told)})

    def found(self, count: Stocktake) -> Found | None:
        """What exactly this stocktake found when it was looked at last."""
        one = self._found.of([count.id]).get(count.id)
        return one if one is not None and one.stocktake == count else None

    def keep_found(self, found: Found) -> None:
        """That is what it found."""
        self._found.keep({found.stocktake.id: found})

    def courses(
        self, entries: Entries, codes: Iterable[str], besides: Collection[str]
    ) -> tuple[dict[str, Course], Places]:
        """The courses of these items without the events named in ``besides``, and where the epochs
        of all their events stand; an item that no event speaks of has none."""
        wanted = list(codes)
        known = self._courses.of(wanted)
        rows = entries.touched(subject for one in known.values() for subject in one.rows)
        places = entries.places({epoch for one in known.values() for epoch in one.places})
        left_out = frozenset(besides)
        same = {
            code: one
            for code, one in known.items()
            if all(rows[subject] == told for subject, told in one.rows.items())
            and all(places.get(epoch) == place for epoch, place in one.places.items())
            and one.ids & left_out == one.besides
        }
        told_of = entries.of_items(code for code in wanted if code not in same)
        places |= entries.places(
            {(one.stored.kiosk, one.stored.epoch) for told in told_of.values() for one in told}
            - places.keys()
        )
        made: dict[str, _Course] = {}
        for code, told in told_of.items():
            if told:
                ids = frozenset(one.stored.id for one in told)
                made[code] = _Course(
                    entries.touched(entries.closure(code)),
                    {
                        epoch: places[epoch]
                        for epoch in {(one.stored.kiosk, one.stored.epoch) for one in told}
                    },
                    ids,
                    ids & left_out,
                    fold_stays(code, told, left_out),
                )
        self._courses.keep(made)
        found = {code: one.course for code, one in (same | made).items()}
        used = {epoch for one in (same | made).values() for epoch in one.places}
        return found, {epoch: places[epoch] for epoch in used}


def _epochs(entries: Entries, subjects: Iterable[str]) -> set[Epoch]:
    return {(one.stored.kiosk, one.stored.epoch) for one in entries.of(subjects)}
