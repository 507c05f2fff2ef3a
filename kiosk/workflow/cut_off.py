"""The first goods after the kiosk was cut off: perhaps a tin that is saved already.

A scan is saved a moment before its light is green. When the power goes in that moment, whoever
stands there saw no green and scans the same tin again once the kiosk is back. So the first goods
after a start that found an intake open, when they are what came last, are taken for the same: the
lane says that they are saved, and counts nothing. Whoever has one more of them scans it once more,
or the card "same again", or a quantity.
"""

from typing import Final

from contract.events import Retail
from drivers.ports import Signal
from kiosk.inputs import InputKind
from kiosk.state import LaneState, Phase
from kiosk.workflow.goods import last_group
from kiosk.workflow.receiving import ask
from kiosk.workflow.turn import ASKING_MS, Turn, intake_deadline

DOUBT_MS: Final = 60_000
"""How long after a start somebody may still come back to the scan that was cut off."""

NO_ANSWER: Final = frozenset(
    {
        InputKind.HELP,
        InputKind.CLAIM,
        InputKind.DAMAGED,
        InputKind.FOREIGN,
        InputKind.NEW_ROLL,
        InputKind.NEW_RECEIPT_ROLL,
        InputKind.ITEM,
        InputKind.BOX,
        InputKind.UNSURE,
        InputKind.THERE,
        InputKind.AGAIN,
    }
)
"""After these it is still the first goods that come."""


def doubted_until(state: LaneState, now: int) -> int | None:
    """Until when goods may be those that this lane saved last before it was cut off."""
    waits = state.phase is Phase.ASKING and state.pending is not None
    saved = state.phase is Phase.INTAKE and bool(state.entries)
    return now + DOUBT_MS if waits or saved else None


def is_same_code(turn: Turn, retail: Retail | None) -> bool:
    """Whether this code was scanned last, before the cut; then that is said and nothing counted."""
    if not _in_doubt(turn):
        return False
    goods = turn.state.pending
    if turn.state.phase is Phase.ASKING and goods is not None:
        return goods.retail == retail and _ask_on(turn)
    group = last_group(turn.state)
    return bool(group) and retail is not None and group[-1].retail == retail and _say_saved(turn)


def is_same_category(turn: Turn, category: str) -> bool:
    """Whether this card was scanned last, before the cut; likewise."""
    if not _in_doubt(turn):
        return False
    goods = turn.state.pending
    if turn.state.phase is Phase.ASKING and goods is not None:
        return goods.category == category and _ask_on(turn)
    group = last_group(turn.state)
    return bool(group) and group[-1].category == category and _say_saved(turn)


def _in_doubt(turn: Turn) -> bool:
    return turn.state.doubt is not None and turn.facts.now < turn.state.doubt


def _say_saved(turn: Turn) -> bool:
    turn.set(touched=turn.facts.now, deadline=intake_deadline(turn))
    turn.say(Signal.ATTENTION, "saved-already", category=last_group(turn.state)[-1].category)
    return True


def _ask_on(turn: Turn) -> bool:
    turn.set(touched=turn.facts.now, deadline=turn.facts.now + ASKING_MS)
    ask(turn)
    return True
