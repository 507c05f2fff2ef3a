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
from drivers.ports import Signal
from kiosk.inputs import Scan
from kiosk.state import Allocator, EventRef, LaneState, Outcome, Phase
from kiosk.workflow.table import ROWS, TABLE
from kiosk.workflow.turn import (
    ASKING_MS,
    CARDED_CLOSES_MS,
    CARDLESS_CLOSES_MS,
    HANDOVER_CLOSES_MS,
    PLAN_CLOSES_MS,
    Facts,
    Row,
    Turn,
)

__all__: Final = ["TABLE", "Facts", "Row", "restored", "step", "undo_refs"]


def step(state: LaneState, allocator: Allocator, scan: Scan, facts: Facts) -> Outcome:
    """One turn of a lane: look up the row, let it act, or refuse."""
    turn = Turn(state, allocator, facts)
    row = ROWS.get((state.phase, scan.kind))
    if row is None:
        turn.append(Refused(input=scan.kind.value, state=state.phase.value))
        turn.say(Signal.REFUSED, "refused")
    else:
        row.handler(turn, scan)
    return turn.outcome()


def undo_refs(state: LaneState) -> tuple[EventRef, ...]:
    """The events that undo would take back now; the loop looks up their ids."""
    if state.phase is Phase.HANDOVER and state.picks:
        return (state.picks[-1].ref,)
    if state.phase is Phase.INTAKE and state.groups:
        return tuple(entry.ref for entry in state.entries[-state.groups[-1] :])
    return tuple(part.ref for part in state.last.parts) if state.last is not None else ()


def restored(state: LaneState, now: int) -> LaneState:
    """A lane's state from the journal after a restart, at monotonic ``now``.

    The clock that its deadline was measured with may be gone, so whoever was there gets the
    whole of the phase's time again. The last handover can no longer be taken back by accident.
    """
    waits = {
        Phase.CARDED: CARDED_CLOSES_MS,
        Phase.INTAKE: CARDED_CLOSES_MS if state.person else CARDLESS_CLOSES_MS,
        Phase.ASKING: ASKING_MS,
        Phase.HANDOVER: HANDOVER_CLOSES_MS,
        Phase.PLAN: PLAN_CLOSES_MS,
    }
    if state.phase is Phase.REST:
        return LaneState(touched=now)
    return structs.replace(state, touched=now, deadline=now + waits[state.phase], last=None)
