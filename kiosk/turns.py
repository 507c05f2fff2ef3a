"""Turns that are committed, and what they leave to be done.

Rules
-----
* Between a scan and its green light stands one COMMIT, and every page that it changes costs a
  donor time. So a turn writes its events and **one row more, which says all else that the turn
  decided**: the lane's state, what became of items, papers to print, papers not to print. Green
  is true from that COMMIT on.
* After green that row is **settled**: spread into the tables that are read (``lane``, ``known``,
  ``print_job``) and deleted, all in one transaction. That happens when somebody is about to read
  them, which is when a printer is free for the next paper, or else in an idle moment. A start of
  the kiosk begins with it.
* A row says how things are, not how they change. So settling the same rows again, after a cut of
  power in the middle or before, comes to the same. One thing is left out: the items of a session
  that the lane's state before already had, or else the hundredth would write the ninety-nine
  before it once more.
* A row that cannot be read takes its own turn's papers and the lanes' places with it, no more:
  the events are whole.
* Settling is not synced. It repeats what the disk holds already, and SQLite's write-ahead log
  loses from its end only: what a power cut can take is the settling, and then the row is there.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct, structs

from kiosk.state import EventRef, ItemFacts, LaneState, PaperJob
from kiosk.store import UNREADABLE, repeatable


class Redo(Struct, frozen=True, omit_defaults=True):
    """What a turn decided besides its events.

    ``head`` is the id of the journal's newest event after the turn, ``secret`` names the claim in
    the spool, ``boot`` and ``mono`` say when the papers were promised. ``kept`` is used in rows
    only: so many of the lane's entries before stand before those of ``state``.
    """

    lane: str
    state: LaneState
    head: str
    boot: str
    mono: int
    secret: str | None = None
    known: dict[str, ItemFacts] = {}
    jobs: tuple[PaperJob, ...] = ()
    cancelled: tuple[str, ...] = ()
    works: dict[str, EventRef | None] = {}
    kept: int = 0
    settled: tuple[str, ...] = ()


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Redo)
_state_decoder: Final = msgspec.json.Decoder(LaneState)


class TurnLog:
    """The turns that wait to be settled: ``waiting`` is the memory of the rows.

    Part of the journal's database and of its thread. Those who own a table that turns are spread
    into say so with `spread_by`.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db: Final = db
        self._spreads: Final[list[Callable[[Redo], None]]] = []
        self._places: Final[list[Callable[[Redo], None]]] = []
        self.waiting: Final[list[Redo]] = []
        self.lost: Final[list[str]] = []
        """What could not be read at the start, as kinds of `contract.events.Noticed`."""
        self._unreadable: Final[list[int]] = []
        self._states: Final[dict[str, LaneState]] = {}
        for number, row in db.execute("SELECT id, redo FROM turn ORDER BY id").fetchall():
            try:
                redo = _decoder.decode(row)
            except UNREADABLE:
                self._unreadable.append(number)
                self.lost.extend(("state-lost", "job-lost"))
            else:
                self.written(self._whole(redo))

    def _whole(self, redo: Redo) -> Redo:
        """A row's turn with all of its state. After a row that is lost nobody knows what stood
        before, and the lane is at rest."""
        if not redo.kept:
            return redo
        before = self._states.get(redo.lane) or self._settled_state(redo.lane)
        if self._unreadable or before is None or len(before.entries) < redo.kept:
            if not self._unreadable:
                self.lost.append("state-lost")
            return structs.replace(redo, state=LaneState(), kept=0)
        entries = (*before.entries[: redo.kept], *redo.state.entries)
        return structs.replace(redo, state=structs.replace(redo.state, entries=entries), kept=0)

    def _settled_state(self, lane: str) -> LaneState | None:
        row = self._db.execute("SELECT state FROM lane WHERE lane = ?", (lane,)).fetchone()
        try:
            return None if row is None else _state_decoder.decode(row[0])
        except UNREADABLE:
            return None

    def spread_by(self, spread: Callable[[Redo], None]) -> None:
        """From now on ``spread`` is called for each turn, inside the settling transaction."""
        self._spreads.append(spread)

    def place_by(self, place: Callable[[Redo], None]) -> None:
        """Likewise, for the last turn of each lane only: where it stands now."""
        self._places.append(place)

    def write(self, redo: Redo) -> None:
        """Inside a turn's transaction; `written` follows its COMMIT."""
        state, before = redo.state, self._states.get(redo.lane)
        if before is not None and before.entries:
            kept = len(before.entries)
            if state.entries[:kept] == before.entries:
                state = structs.replace(state, entries=state.entries[kept:])
                redo = structs.replace(redo, state=state, kept=kept)
        self._db.execute("INSERT INTO turn (redo) VALUES (?)", (_encoder.encode(redo),))

    def written(self, redo: Redo) -> None:
        """After its COMMIT: the turn waits to be settled."""
        self.waiting.append(redo)
        self._states[redo.lane] = redo.state

    def settle(self) -> None:
        """Spreads what waits. Raises `JournalError` when the disk refuses; it then waits on."""
        if not self.waiting:
            return
        with repeatable(self._db):
            for redo in self.waiting:
                for spread in self._spreads:
                    spread(redo)
            for last in {redo.lane: redo for redo in self.waiting}.values():
                for place in self._places:
                    place(last)
            self._db.execute("DELETE FROM turn")
        self.waiting.clear()

    def give_up(self) -> None:
        """Inside the transaction that records what is ``lost``: drops what cannot be read."""
        self._db.executemany("DELETE FROM turn WHERE id = ?", [(row,) for row in self._unreadable])
