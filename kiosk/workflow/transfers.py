"""A transfer from another stop arrives: each label that is scanned is here from then on, whatever
stop gave it its code. A box arrives with what is in it."""

from typing import Final

from contract.codes import PLACE_IN
from contract.events import MAX_CODES_PER_EVENT, Arrived, ItemSeen, Refused
from drivers.ports import Signal
from kiosk.inputs import BoxLabel, InputKind, ItemLabel, Scan, Timeout
from kiosk.state import ItemFacts, Phase, Pick, SlipJob
from kiosk.workflow.turn import Row, Turn, close_session, enter, open_session, window
from kiosk.workflow.undo import void_events

COMES: Final = frozenset({"foreign", "unknown", "sent", "here"})
"""What may well arrive; ``here``: its way out was forgotten. Anything else is looked at."""


def on_receive(turn: Turn, scan: Scan) -> None:
    if turn.state.session is None:
        open_session(turn, turn.state.person)
    _stay(turn)
    turn.say(Signal.ATTENTION, "receive-what")


def _stay(turn: Turn) -> None:
    turn.set(phase=Phase.RECEIVING)
    enter(turn, Phase.RECEIVING, window(turn.state, turn.facts.settings))


def on_arrived(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, ItemLabel | BoxLabel)
    state = turn.state
    if any(pick.code == scan.code for pick in state.picks):
        turn.append(ItemSeen(item=scan.code, outcome="picked", session=state.session))
        _stay(turn)
        turn.say(Signal.ATTENTION, "already-arrived")
        return
    if len(state.picks) >= MAX_CODES_PER_EVENT:
        turn.append(Refused(input="too-many", state=state.phase.value))
        turn.say(Signal.REFUSED, "too-many", most=MAX_CODES_PER_EVENT)
        return
    before = turn.facts.item or ItemFacts("unknown")
    ref = turn.append(Arrived(place=PLACE_IN, items=(scan.code,), session=state.session))
    usual = before.status in COMES
    pick = Pick(scan.code, "ok" if usual else before.status, ref, before)
    turn.set(picks=(*state.picks, pick))
    _stay(turn)
    count = len(turn.state.picks)
    turn.say(
        Signal.SAVED if usual else Signal.ATTENTION,
        "arrived" if usual else f"arrived-{before.status}",
        count=count,
    )


def on_undo_arrived(turn: Turn, scan: Scan) -> None:
    picks = turn.state.picks
    if not picks:
        close_session(turn, "undone")
        turn.say(Signal.SAVED, "closed-empty")
        return
    gone = picks[-1]
    void_events(turn, [(gone.ref, (gone.code,))], {gone.code: gone.before})
    turn.set(picks=picks[:-1])
    _stay(turn)
    turn.say(Signal.SAVED, "undone", count=1)


def on_finish_receiving(turn: Turn, scan: Scan) -> None:
    """What arrived gets a slip; the same when nobody scans any more."""
    codes = tuple(pick.code for pick in turn.state.picks)
    if codes:
        turn.jobs.append(SlipJob("arrived", PLACE_IN, codes, turn.facts.wall))
    close_session(turn, "rest" if isinstance(scan, Timeout) else "finished")
    if codes:
        turn.say(Signal.SAVED, "receiving-done", count=len(codes))
    else:
        turn.say(Signal.SAVED, "closed-empty")


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.REST, _P.CARDED), _I.RECEIVE, on_receive,
        "a transfer arrives: labels follow", (_P.RECEIVING,)),
    Row((_P.RECEIVING,), _I.ITEM, on_arrived,
        "it is here from now on, whatever stop gave it its code", (_P.RECEIVING,)),
    Row((_P.RECEIVING,), _I.BOX, on_arrived,
        "it is here from now on, with what is in it", (_P.RECEIVING,)),
    Row((_P.RECEIVING,), _I.UNDO, on_undo_arrived,
        "the last label did not arrive; without any, the mode ends", (_P.RECEIVING, _P.REST)),
    Row((_P.RECEIVING,), _I.FINISH, on_finish_receiving,
        "a slip of what arrived; the session is closed", (_P.REST,)),
    Row((_P.RECEIVING,), _I.TIMEOUT, on_finish_receiving, "as if finished", (_P.REST,)),
)  # fmt: skip
