"""Tasks of the hub that this kiosk took; part of the journal's database.

Rules
-----
* A task is a row before anything of it is done, and its id is known from then on, whatever happens
  to the kiosk: a restart that was asked for once is done once.
* ``running`` is on disk before the action begins. A start that finds such a row asks the action
  what became of it, and never begins it again.
* What ended is remembered for a while after it could be asked about, as for printed labels.
"""

import sqlite3
from typing import Any, Final

import msgspec
from msgspec import Struct

from contract.messages import FINAL_STATES, Check, Command, CommandState
from kiosk.commands import AHEAD_MS
from kiosk.store import disk_errors, each_row
from kiosk.tasks.step import Step

_checks: Final = msgspec.json.Decoder(tuple[Check, ...])
_command: Final = msgspec.json.Decoder(Command)
_COLUMNS: Final = "id, name, state, detail, mark, checks, file, command"


class Task(Struct):
    """A task as it stands now: the memory of its row. ``file`` names what it sends."""

    command: Command
    state: CommandState = CommandState.ACCEPTED
    detail: str = ""
    mark: str = ""
    checks: tuple[Check, ...] = ()
    file: str = ""

    @property
    def id(self) -> str:
        """The command's."""
        return self.command.id

    @property
    def is_final(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in FINAL_STATES


def _task(row: tuple[Any, ...]) -> Task:
    _id, _name, state, detail, mark, checks, file, command = row
    return Task(
        _command.decode(command), CommandState(state), detail, mark, _checks.decode(checks), file
    )


class TaskStore:
    """Used by the loop's thread only. What writes raises `JournalError`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db: Final = db
        tasks, lost = each_row(db, "task", _COLUMNS, _task)
        # The hub, which knows that they were taken, hears that they were forgotten.
        db.executemany("DELETE FROM task WHERE number = ?", lost)
        self.open: Final = {task.id: task for task in tasks if not task.is_final}
        """What is not at its end, the oldest first."""

    def find(self, command: str) -> Task | None:
        """The task with this id, if it was ever taken. Raises `JournalError`."""
        if command in self.open:
            return self.open[command]
        with disk_errors():
            row = self._db.execute(
                f"SELECT {_COLUMNS} FROM task WHERE id = ?",  # noqa: S608
                (command,),
            ).fetchone()
        return None if row is None else _task(row)

    def take(self, command: Command) -> Task:
        """It is taken: one COMMIT."""
        with disk_errors():
            self._db.execute(
                "INSERT INTO task (id, name, expires, state, command) VALUES (?, ?, ?, ?, ?)",
                (
                    command.id,
                    command.name,
                    command.expires,
                    CommandState.ACCEPTED,
                    msgspec.json.encode(command),
                ),
            )
        task = Task(command)
        self.open[task.id] = task
        return task

    def begin(self, task: Task, mark: str) -> None:
        """It is about to be done."""
        with disk_errors():
            self._db.execute(
                "UPDATE task SET state = ?, mark = ? WHERE id = ?",
                (CommandState.RUNNING, mark, task.id),
            )
        task.state, task.mark = CommandState.RUNNING, mark

    def note(self, task: Task, step: Step) -> None:
        """How far it is."""
        file = step.file.name if step.file is not None else task.file
        with disk_errors():
            self._db.execute(
                "UPDATE task SET state = ?, detail = ?, checks = ?, file = ? WHERE id = ?",
                (step.state, step.detail, msgspec.json.encode(step.checks), file, task.id),
            )
        task.state, task.detail, task.checks = step.state, step.detail, step.checks
        task.file = file
        if task.is_final:
            self.open.pop(task.id, None)

    def forget(self, now: int) -> None:
        """Lets go of what is over since long; ``now`` is Unix milliseconds."""
        with disk_errors():
            self._db.execute("DELETE FROM task WHERE expires < ?", (now - AHEAD_MS,))
