"""The workflow: what every scan does in every phase. Pure: ``(state, input) -> outcome``.

Rules
-----
* The transitions are the rows of `TABLE`. An input that has no row in a phase is refused with
  the "no" sound, recorded as `Refused`, and changes nothing.
* A turn never performs anything. It returns the events to append, the papers to print, the next
  state and the signal. The loop puts all of that into one COMMIT and gives the signal after it,
  so green cannot come before the disk has it: there is no other way to make green.
* `SAVED` is only signalled by turns that append an event. `ATTENTION` says: recorded, and
  somebody should look.
* Time is an input: ``facts.now`` is the boot's monotonic milliseconds, and a deadline that has
  passed arrives as `Timeout`. Random values and item codes arrive as facts as well.
* An item code is taken from the allocator, which moves on within the same COMMIT: a code that
  was ever in a journal is never handed out again, voided or not.
* A lane knows only its own state. Nothing here can reach another lane.
"""

from typing import Final

from msgspec import structs

from contract.events import Refused
from contract.reference import StopSettings
from drivers.ports import Signal
from kiosk.inputs import ReadyMade, Scan
from kiosk.state import Allocator, LaneState, Outcome, Phase
from kiosk.workflow.allowed import lacking
from kiosk.workflow.asked import confirm
from kiosk.workflow.cut_off import NO_ANSWER, doubted_until
from kiosk.workflow.table import ROWS, TABLE
from kiosk.workflow.turn import Facts, Row, Turn, at_rest, refuse, window

__all__: Final = ["TABLE", "Facts", "Row", "restored", "step", "window"]


def step(state: LaneState, allocator: Allocator, scan: Scan, facts: Facts) -> Outcome:
    """One turn of a lane: look up the row, let it act, or refuse."""
    turn = Turn(state, allocator, facts)
    row = ROWS.get((state.phase, scan.kind))
    if row is None and isinstance(scan, ReadyMade):
        scan = scan.as_label()
        row = ROWS.get((state.phase, scan.kind))
    if row is None:
        turn.append(Refused(input=scan.kind.value, state=state.phase.value))
        turn.say(Signal.REFUSED, "refused")
    elif (message := lacking(state, scan.kind, facts.capabilities)) is not None:
        refuse(turn, scan, message)
    else:
        row.handler(turn, scan)
        confirm(turn, scan)
        if turn.state.doubt is not None and scan.kind not in NO_ANSWER:
            turn.set(doubt=None)
    return turn.outcome()


def restored(state: LaneState, now: int, settings: StopSettings | None = None) -> LaneState:
    """A lane's state from the journal after a restart, at monotonic ``now``; ``settings`` are the
    stop's.

    The clock that its deadline was measured with may be gone, so whoever was there gets the
    whole of the phase's time again. The last handover can no longer be taken back by accident. What
    came last may be scanned once more by who did not see its light: see `kiosk.workflow.cut_off`.
    """
    if state.phase is Phase.REST:
        return structs.replace(at_rest(state), touched=now)
    return structs.replace(
        state,
        touched=now,
        deadline=now + window(state, settings),
        last=None,
        doubt=doubted_until(state, now),
    )
