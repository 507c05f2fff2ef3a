"""Commands of the hub that this kiosk took, and the labels that they left to be printed; part of
the journal's database.

Rules
-----
* A command is taken in one COMMIT with all of its labels. From then on its id is known, whatever
  happens to the kiosk: asked again, it answers and does nothing.
* Labels come out in their order, one at a time. The row says how many have ``ended`` and whether
  the next has been ``started``: that is on disk before its first byte leaves. So a power cut leaves
  at most one label of which nobody knows; it counts as ended, its code is in ``doubtful``, and it
  is not printed again. (A copy is, it says so.)
* What ended is remembered for a while after it could be asked about.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from contract.messages import CommandState
from kiosk.commands import AHEAD_MS
from kiosk.state import LabelJob
from kiosk.store import disk_errors, each_row

_FORGET_MS: Final = AHEAD_MS

_decoder: Final = msgspec.json.Decoder(LabelJob)
_codes: Final = msgspec.json.Decoder(tuple[str, ...])


class Taken(Struct):
    """A command that was taken, as it stands now: the memory of its row. ``ending`` is what it
    becomes once no label of it is in a printer any more; empty: all of it is to be printed."""

    number: int
    id: str
    expires: int
    total: int = 0
    ended: int = 0
    started: bool = False
    ending: str = ""
    detail: str = ""
    doubtful: tuple[str, ...] = ()

    @property
    def state(self) -> CommandState:
        """How far it is."""
        if self.started or (not self.ending and self.ended < self.total):
            begun = self.started or self.ended
            return CommandState.PRINTING if begun else CommandState.ACCEPTED
        if self.ended < self.total or not self.total:
            return CommandState(self.ending or CommandState.DONE)
        return CommandState.DONE

    @property
    def is_final(self) -> bool:
        """Whether nothing of it will be printed any more."""
        return self.state not in (CommandState.ACCEPTED, CommandState.PRINTING)

    @property
    def printed(self) -> int:
        """Labels that are out."""
        return self.ended - len(self.doubtful)

    @property
    def left(self) -> int:
        """Labels that were not begun."""
        return self.total - self.ended - self.started


_COLUMNS: Final = "number, id, expires, total, ended, started, ending, detail, doubtful"
_SELECT: Final = f"SELECT {_COLUMNS} FROM command"  # noqa: S608 - our own words


def _taken(row: tuple[Any, ...]) -> Taken:
    number, command, expires, total, ended, started, ending, detail, doubtful = row
    return Taken(
        number,
        command,
        expires,
        total,
        ended,
        bool(started),
        CommandState(ending) if ending else "",
        detail,
        _codes.decode(doubtful),
    )


class Ordered(Struct, frozen=True):
    """The next label of a command."""

    taken: Taken
    job: LabelJob


class CommandStore:
    """Used by the loop's thread only. What writes raises `JournalError`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db: Final = db
        taken, lost = each_row(db, "command", _COLUMNS, _taken)
        # The hub, which knows that they were taken, hears that they were forgotten.
        db.executemany("DELETE FROM command_label WHERE command = ?", lost)
        db.executemany("DELETE FROM command WHERE number = ?", lost)
        self.open: Final = {one.id: one for one in taken if not one.is_final}
        """What is not at its end, the oldest first."""
        for one in list(self.open.values()):
            if one.started:
                self._after_a_cut(one)

    def _after_a_cut(self, one: Taken) -> None:
        label = self._label(one)
        if label is not None and label.copy:
            self._write_started(one, False)
            one.started = False
            return
        doubtful = None if label is None else label.item
        self.write_ended(one, doubtful)
        self.ended(one, doubtful)

    # --- taking ------------------------------------------------------------------------------

    def find(self, command: str) -> Taken | None:
        """The command with this id, if it was ever taken. Raises `JournalError`."""
        if command in self.open:
            return self.open[command]
        with disk_errors():
            row = self._db.execute(f"{_SELECT} WHERE id = ?", (command,)).fetchone()
        if row is None:
            return None
        return _taken(row)

    def printed(self, code: str) -> bool:
        """Whether a command had a label with this code printed, or will. Raises `JournalError`."""
        with disk_errors():
            row = self._db.execute(
                "SELECT 1 FROM command_label JOIN command ON command.number = command_label.command"
                " WHERE code = ? AND (position < ended + started OR ending = '') LIMIT 1",
                (code,),
            ).fetchone()
        return row is not None

    def insert(self, command: str, expires: int, labels: Sequence[LabelJob], ending: str) -> Taken:
        """Inside a transaction: a command that is taken; `taken` follows its COMMIT."""
        row = self._db.execute(
            "INSERT INTO command (id, expires, total, ending) VALUES (?, ?, ?, ?)",
            (command, expires, len(labels), ending),
        )
        number = row.lastrowid
        assert number is not None
        self._db.executemany(
            "INSERT INTO command_label VALUES (?, ?, ?, ?)",
            [
                (number, position, label.item, msgspec.json.encode(label))
                for position, label in enumerate(labels)
            ],
        )
        return Taken(number, command, expires, len(labels), ending=ending)

    def taken(self, one: Taken) -> None:
        """After its COMMIT."""
        if not one.is_final:
            self.open[one.id] = one

    def end(self, one: Taken, why: CommandState, detail: str = "") -> None:
        """Nothing more of it is begun."""
        with disk_errors():
            self._db.execute(
                "UPDATE command SET ending = ?, detail = ? WHERE number = ?",
                (why, detail, one.number),
            )
        one.ending, one.detail = why, detail
        self._close(one)

    def forget(self, now: int) -> None:
        """Lets go of what is over since long; ``now`` is Unix milliseconds."""
        with disk_errors():
            self._db.execute(
                "DELETE FROM command_label WHERE command IN"
                " (SELECT number FROM command WHERE expires < ?)",
                (now - _FORGET_MS,),
            )
            self._db.execute("DELETE FROM command WHERE expires < ?", (now - _FORGET_MS,))

    # --- printing ----------------------------------------------------------------------------

    def waiting(self) -> int:
        """How many labels commands still have to print."""
        return sum(one.left for one in self.open.values() if not one.ending)

    def next(self, now: int | None) -> Ordered | None:
        """The label to print next, none while one is in a printer's hands. ``now`` is Unix
        milliseconds: while nobody has told the time nothing is begun."""
        if not self.open or now is None:
            return None
        if any(one.started for one in self.open.values()):
            return None
        for one in list(self.open.values()):
            if one.ending or one.expires <= now or not one.left:
                continue
            label = self._label(one)
            if label is not None:
                return Ordered(one, label)
            self.end(one, CommandState.FAILED, "lost")
        return None

    def _label(self, one: Taken) -> LabelJob | None:
        """None where what is kept of it cannot be read: another release wrote it."""
        with disk_errors():
            row = self._db.execute(
                "SELECT data FROM command_label WHERE command = ? AND position = ?",
                (one.number, one.ended),
            ).fetchone()
        try:
            return None if row is None else _decoder.decode(row[0])
        except msgspec.MsgspecError:
            return None

    def start(self, one: Taken) -> None:
        """Bytes of its next label may reach paper from now on."""
        self._write_started(one, True)
        one.started = True

    def not_started(self, one: Taken) -> None:
        """Nothing of that label can be on paper: the next try is the first."""
        one.started = False
        self._write_started(one, False)
        self._close(one)

    def write_ended(self, one: Taken, doubtful: str | None = None) -> None:
        """Inside a transaction: that label is out, or nobody knows whether it is; `ended` follows
        its COMMIT."""
        codes = one.doubtful if doubtful is None else (*one.doubtful, doubtful)
        self._db.execute(
            "UPDATE command SET ended = ?, started = 0, doubtful = ? WHERE number = ?",
            (one.ended + 1, msgspec.json.encode(codes).decode(), one.number),
        )

    def ended(self, one: Taken, doubtful: str | None = None) -> None:
        """After its COMMIT."""
        one.ended += 1
        one.started = False
        one.doubtful += () if doubtful is None else (doubtful,)
        self._close(one)

    def _write_started(self, one: Taken, started: bool) -> None:
        with disk_errors():
            self._db.execute(
                "UPDATE command SET started = ? WHERE number = ?", (started, one.number)
            )

    def _close(self, one: Taken) -> None:
        if one.is_final:
            self.open.pop(one.id, None)
