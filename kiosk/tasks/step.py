"""How far a task of the hub is, and what can carry one out. Values and a Protocol."""

from typing import Final, Protocol

from msgspec import Struct

from contract.messages import Check, Command, CommandState


class File(Struct, frozen=True):
    """A file that was asked for; ``name`` is a machine word with its suffix."""

    name: str
    content: bytes


class Step(Struct, frozen=True):
    """How far it is now."""

    state: CommandState
    detail: str = ""
    checks: tuple[Check, ...] = ()
    file: File | None = None


RUNNING: Final = Step(CommandState.RUNNING)
DONE: Final = Step(CommandState.DONE)


def refused(detail: str, checks: tuple[Check, ...] = ()) -> Step:
    """Nothing of it was done."""
    return Step(CommandState.REFUSED, detail, checks)


def failed(detail: str, checks: tuple[Check, ...] = ()) -> Step:
    """It ended before its end."""
    return Step(CommandState.FAILED, detail, checks)


INTERRUPTED: Final = failed("interrupted")


class Action(Protocol):
    """Carries out one kind of task. Called by the loop's thread only, and never blocks it."""

    @property
    def waits_for_rest(self) -> bool:
        """Whether it begins only when nobody is being served."""

    def mark(self) -> str:
        """What is kept with the row, to tell after a start what became of it."""

    def begin(self, command: Command) -> Step:
        """The row is on disk: do it, once."""

    def look(self, command: Command) -> Step:
        """Called now and then while it goes on in the process that began it."""

    def resume(self, command: Command, mark: str) -> Step:
        """The process that began it is gone: what became of it?"""
