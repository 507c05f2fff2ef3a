"""What a kiosk does about a command of the hub. Pure.

Rules
-----
* A command is carried out once, whatever is repeated: who remembers its id (`kiosk.command_store`)
  only answers again.
* Nothing is begun while the time is unknown, and nothing after the command's own time.
* Only the hub issues codes for this. A label that says of goods what another one says already is a
  second item, unless it says that it is a copy; so one code that cannot be printed is reason to
  refuse all of them, before anything is on paper.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from msgspec import Struct

from contract import codes
from contract.messages import (
    CANCEL,
    MAX_LABELS,
    PRINT_LABELS,
    REPRINT,
    Command,
    CommandState,
    LabelOrder,
)
from kiosk.state import ItemFacts, LabelJob
from kiosk.workflow.goods import QUARANTINE_NOTE

DAY_MS: Final = 24 * 3600 * 1000
AHEAD_MS: Final = 31 * DAY_MS
"""How far ahead a command may expire: it is remembered for longer than that."""
MAX_WAITING: Final = 4 * MAX_LABELS
"""Most labels that wait here because of commands."""


class Facts(Struct, frozen=True):
    """What is known when a command comes. ``now`` is Unix milliseconds, None while nobody has told
    the time; ``item`` tells what is known of a label, ``printed`` whether a command had it printed
    or will, ``waiting`` how many labels commands have to print."""

    now: int | None
    item: Callable[[str], ItemFacts]
    printed: Callable[[str], bool]
    waiting: int = 0
    tasks: frozenset[str] = frozenset()
    busy: bool = False


class Print(Struct, frozen=True):
    """Print these, in this order. ``again``: a label that is printed once more."""

    labels: tuple[LabelJob, ...]
    again: bool = False


class Do(Struct, frozen=True):
    """Have it done (`kiosk.tasks`)."""


class Cancel(Struct, frozen=True):
    """End what is left of this command, should it ever have come or come."""

    of: str


class Refuse(Struct, frozen=True):
    """Do nothing of it, and say why."""

    state: CommandState
    detail: str = ""


class Wait(Struct, frozen=True):
    """Nobody has told the time: decide once somebody has."""


Decision: TypeAlias = Print | Do | Cancel | Refuse | Wait


def decide(command: Command, facts: Facts) -> Decision:
    """What to do about a command that this kiosk does not remember."""
    if command.name not in (PRINT_LABELS, REPRINT, CANCEL, *facts.tasks):
        return Refuse(CommandState.UNKNOWN, "not-supported")
    if command.known:
        return Refuse(CommandState.FAILED, "forgotten")
    if command.name == CANCEL:
        # Ending something does no harm, however late.
        return _refused("no-target") if command.of is None else Cancel(command.of)
    if facts.now is None:
        return Wait()
    if command.expires <= facts.now:
        return Refuse(CommandState.EXPIRED)
    if command.expires > facts.now + AHEAD_MS:
        return _refused("too-far-ahead")
    if command.name in facts.tasks:
        return _refused("too-many") if facts.busy else Do()
    if command.name == REPRINT:
        return _reprint(command, facts)
    if not command.labels:
        return _refused("no-labels")
    if facts.waiting + len(command.labels) > MAX_WAITING:
        return _refused("too-many")
    wrong = _wrong(command.labels, facts)
    if wrong:
        return _refused(wrong)
    return Print(
        tuple(
            LabelJob(one.code, one.category, copy=one.copy, quantity=one.quantity)
            for one in command.labels
        )
    )


def _reprint(command: Command, facts: Facts) -> Decision:
    """A copy of the label of something that this kiosk knows, as its card prints one."""
    if command.code is None:
        return _refused("no-labels")
    if facts.waiting >= MAX_WAITING:
        return _refused("too-many")
    known = facts.item(command.code)
    if known.status in ("unknown", "foreign", "voided"):
        return _refused("unknown-code" if known.status != "voided" else "voided")
    note = QUARANTINE_NOTE if known.status == "quarantined" else ""
    return Print((LabelJob(command.code, known.category or "", copy=True, note=note),), again=True)


def _refused(detail: str) -> Refuse:
    return Refuse(CommandState.REFUSED, detail)


def _wrong(labels: Iterable[LabelOrder], facts: Facts) -> str:
    """Why these cannot be printed, as a machine word; "" when they can."""
    seen: set[str] = set()
    for label in labels:
        try:
            code = codes.parse(label.code)
        except codes.CodeError:
            return "bad-code"
        if label.code in seen:
            return "twice"
        seen.add(label.code)
        status = facts.item(label.code).status
        if status == "unknown":
            return "unknown-code"  # of our own prefix, and never issued
        if label.copy:
            if code.ready_made and status == "foreign":
                return "blank-copy"  # nothing is known that it could be a copy of
            continue
        if status != "foreign":
            return "bound"
        if facts.printed(label.code):
            return "printed-before"
    return ""
