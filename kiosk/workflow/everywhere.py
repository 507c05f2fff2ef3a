"""What means the same in every phase."""

from typing import Final

from contract.codes import CodeProblem
from contract.events import (
    HelpWanted,
    Refused,
    RollChanged,
    Unrecognised,
)
from drivers.ports import Signal
from kiosk.inputs import (
    Damaged,
    Foreign,
    InputKind,
    Scan,
)
from kiosk.state import Phase
from kiosk.texts.retail import refusal_key
from kiosk.workflow.turn import Row, Turn

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
    turn.say(Signal.REFUSED, refusal_key(scan.problem))


def on_new_roll(turn: Turn, scan: Scan) -> None:
    """Paper is counted from here; whatever the lane was doing goes on."""
    receipts = scan.kind is InputKind.NEW_RECEIPT_ROLL
    turn.append(RollChanged(role="receipt" if receipts else "label"))
    turn.say(Signal.SAVED, "new-roll")


_P = Phase
_I = InputKind
_ANY: Final = tuple(Phase)

ROWS: Final = (
    Row(_ANY, _I.NEW_ROLL, on_new_roll, "the paper of the labels is counted anew", _ANY),
    Row(_ANY, _I.NEW_RECEIPT_ROLL, on_new_roll, "the receipts' paper is counted anew", _ANY),
    Row(_ANY, _I.HELP, on_help, "says what can be done now, and calls the operator", _ANY),
    Row(_ANY, _I.CLAIM, on_claim, "refused: this code belongs into the donor's phone", _ANY),
    Row(_ANY, _I.DAMAGED, on_damaged, "refused: scan again; its form is recorded", _ANY),
    Row(_ANY, _I.FOREIGN, on_foreign, "refused: not one of ours; its form is recorded", _ANY),
)  # fmt: skip
