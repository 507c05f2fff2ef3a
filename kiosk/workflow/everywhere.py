"""What means the same in every phase."""

from typing import Final

from contract.codes import CodeProblem
from contract.events import (
    HelpWanted,
    Refused,
    Unrecognised,
)
from drivers.ports import Signal
from kiosk.inputs import (
    Damaged,
    Foreign,
    Scan,
)
from kiosk.workflow.turn import Turn

MAX_LENGTH: Final = 100_000
"""The longest scan whose length is written down as it is, in characters."""


def on_help(turn: Turn, scan: Scan) -> None:
    turn.append(HelpWanted())
    turn.say(Signal.ATTENTION, f"help-{turn.state.phase.value}")


def on_claim(turn: Turn, scan: Scan) -> None:
    turn.append(Refused(input=scan.kind.value, state=turn.state.phase.value))
    turn.say(Signal.REFUSED, "claim")


def on_damaged(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, Damaged)
    turn.append(
        Unrecognised(
            length=min(scan.length, MAX_LENGTH),
            problem=scan.problem.value.replace(" ", "-"),
            symbology=scan.symbology,
        )
    )
    unknown_card = scan.problem is CodeProblem.UNKNOWN_ACTION
    turn.say(Signal.REFUSED, "unknown-card" if unknown_card else "damaged")


def on_foreign(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, Foreign)
    turn.append(
        Unrecognised(
            length=min(scan.length, MAX_LENGTH), problem=scan.problem, symbology=scan.symbology
        )
    )
    turn.say(Signal.REFUSED, "foreign")
