"""Goods go out or move: volunteer, items or boxes, destination.

* What waits to be checked does not leave the stop: it is said when it is chosen, and a plan, a
  team or another stop gets the rest without it. A shelf, or the bin, can have it.
* A box goes with what is in it. What is chosen by its own label is out of its box.
* The place's kind says what going there means: a shelf of ours, a team, another stop, the bin.
"""

from collections.abc import Callable
from typing import Final

from contract.events import (
    Body,
    Disposed,
    ItemSeen,
    Missing,
    Moved,
    Noticed,
    Out,
    Sent,
)
from drivers.ports import Signal
from kiosk.inputs import ActionCard, BoxLabel, InputKind, ItemLabel, PlaceSheet, PlanSlip, Scan
from kiosk.state import ItemFacts, Message, Phase, waits
from kiosk.workflow.handing import STAYS_ASIDE, Known, choose, hand_over, picked
from kiosk.workflow.marks import outcome_of, take_back
from kiosk.workflow.turn import (
    CARDED_CLOSES_MS,
    HANDOVER_CLOSES_MS,
    Row,
    Turn,
    at_rest,
    close_session,
    item_status,
    refuse,
)
from kiosk.workflow.undo import undo_parts, undo_trail, void_pick

AWAY: Final = frozenset({"stop", "team", "outside"})
"""Kinds of place that goods leave this stop for."""
BIN: Final = "disposal"


def on_pick(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, ItemLabel | BoxLabel)
    before = turn.facts.item or ItemFacts("unknown")
    outcome = outcome_of(before)
    chosen = choose(turn, scan.code, outcome, before)
    if turn.signal is Signal.REFUSED and not chosen:
        return
    turn.set(phase=Phase.HANDOVER, deadline=turn.facts.now + HANDOVER_CLOSES_MS)
    if not chosen:
        return
    if outcome == "ok":
        turn.say(Signal.SAVED, "picked", count=len(turn.state.picks))
    else:
        turn.say(Signal.ATTENTION, f"picked-{outcome}", count=len(turn.state.picks))


def on_undo_pick(turn: Turn, scan: Scan) -> None:
    """The last chosen item is put back, or what a card said of the last ones is taken back."""
    state = turn.state
    if state.groups and not state.groups[-1]:
        undone = undo_trail(turn)
        assert undone is not None
        take_back(turn, undone)
        turn.set(groups=state.groups[:-1])
        return
    pick = state.picks[-1]
    void_pick(turn, pick)
    rest = state.picks[:-1]
    turn.set(
        phase=Phase.HANDOVER if rest else Phase.CARDED,
        picks=rest,
        groups=state.groups[:-1],
        deadline=turn.facts.now + (HANDOVER_CLOSES_MS if rest else CARDED_CLOSES_MS),
    )
    turn.say(Signal.SAVED, "undone", count=1)


def on_out(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, PlanSlip)
    session = turn.state.session
    going = _leaving(turn, scan)
    if not going:
        return

    def event(items: tuple[str, ...]) -> Body:
        return Out(plan=scan.code, items=items, session=session)

    _leave(turn, "out", going, event, scan.code)


def on_place(turn: Turn, scan: Scan) -> None:
    """A shelf of ours, a team, another stop; the bin asks for the card that says why."""
    assert isinstance(scan, PlaceSheet)
    session, kind = turn.state.session, turn.facts.place_kind
    if kind == BIN:
        turn.set(deadline=turn.facts.now + HANDOVER_CLOSES_MS)
        turn.say(Signal.ATTENTION, "why-disposed")
        return
    if kind in AWAY:
        going = _leaving(turn, scan)
        if not going:
            return

        def sent(items: tuple[str, ...]) -> Body:
            return Sent(to=scan.code, kind=kind, items=items, session=session)

        _leave(turn, "sent", going, sent, scan.code)
        return

    def moved(items: tuple[str, ...]) -> Body:
        return Moved(place=scan.code, items=items, session=session)

    hand_over(turn, "moved", picked(turn), moved, target=scan.code)


def _leaving(turn: Turn, scan: Scan) -> Known:
    """What is chosen and may leave the stop; when nothing may, it is refused and said."""
    going = tuple(one for one in picked(turn) if not waits(one[1]))
    if not going:
        refuse(turn, scan, STAYS_ASIDE, aside=len(turn.state.picks))
    return going


def _leave(
    turn: Turn,
    what: str,
    going: Known,
    event: Callable[[tuple[str, ...]], Body],
    target: str,
) -> None:
    aside = len(turn.state.picks) - len(going)
    note = None
    if aside:
        turn.append(Noticed(kind="quarantined-kept"))
        note = Message(STAYS_ASIDE, {"aside": aside})
    hand_over(turn, what, going, event, target=target, note=note)
    if aside:
        turn.say(Signal.ATTENTION, f"{what}-without", count=len(going), aside=aside)


def on_disposed(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, ActionCard)
    session = turn.state.session

    def event(items: tuple[str, ...]) -> Body:
        return Disposed(items=items, why=scan.argument, session=session)

    note = Message("why", {"why": scan.argument})
    hand_over(turn, "disposed", picked(turn), event, note=note)


def on_missing(turn: Turn, scan: Scan) -> None:
    """What is chosen (typed on the page, or read from a list) was not to be found."""
    session = turn.state.session

    def event(items: tuple[str, ...]) -> Body:
        return Missing(items=items, session=session)

    hand_over(turn, "missing", picked(turn), event)


def on_undo_handover(turn: Turn, scan: Scan) -> None:
    """Takes the whole of the last handover back, while it is remembered."""
    last = turn.state.last
    if last is None:
        refuse(turn, scan, "nothing-to-undo")
        return
    undo_parts(turn, last)
    turn.set(last=None, deadline=None)
    items = {code for part in last.parts for code in part.items}
    turn.say(Signal.SAVED, "handover-undone", count=len(items))


def on_forget(turn: Turn, scan: Scan) -> None:
    """Too late for undo: the lane is at rest with nothing to remember."""
    turn.state = at_rest(turn.state)
    turn.say(Signal.IDLE, "rest")


def on_seen(turn: Turn, scan: Scan) -> None:
    """An item's or box's label without a card: where it is, and a hint."""
    assert isinstance(scan, ItemLabel | BoxLabel)
    status = item_status(turn)
    turn.append(ItemSeen(item=scan.code, outcome=status))
    turn.say(Signal.ATTENTION, f"seen-{status}")


def on_idle_timeout(turn: Turn, scan: Scan) -> None:
    """A card, a plan or chosen items that nothing followed: back to rest, nothing moved."""
    waiting, marked = len(turn.state.picks), bool(turn.state.trail)
    close_session(turn, "rest")
    if marked:
        turn.say(Signal.SAVED, "marks-done", count=waiting)
    elif waiting:
        turn.say(Signal.ATTENTION, "handover-dropped", count=waiting)
    else:
        turn.say(Signal.IDLE, "rest")


def on_finish_empty(turn: Turn, scan: Scan) -> None:
    close_session(turn, "finished")
    turn.say(Signal.SAVED, "closed-empty")


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.CARDED,), _I.FINISH, on_finish_empty, "the empty session is closed", (_P.REST,)),
    Row((_P.CARDED,), _I.UNDO, on_finish_empty, "the empty session is closed", (_P.REST,)),
    Row((_P.CARDED, _P.HANDOVER), _I.ITEM, on_pick,
        "chosen for a handover; unknown, foreign or delivered is said and recorded",
        (_P.HANDOVER,)),
    Row((_P.CARDED, _P.HANDOVER), _I.BOX, on_pick,
        "chosen for a handover, with what is in it", (_P.HANDOVER,)),
    Row((_P.HANDOVER,), _I.PLAN, on_out,
        "out with this volunteer for this plan, with a slip that has room for the labels; "
        "what is in quarantine stays", (_P.REST,)),
    Row((_P.HANDOVER,), _I.PLACE, on_place,
        "moved to this place, or sent to this team or stop, with a slip; the bin asks why",
        (_P.REST, _P.HANDOVER)),
    Row((_P.HANDOVER,), _I.DISPOSE, on_disposed,
        "thrown away for this reason, with a slip", (_P.REST,)),
    Row((_P.HANDOVER,), _I.MISSING, on_missing, "not to be found, with a slip", (_P.REST,)),
    Row((_P.HANDOVER,), _I.UNDO, on_undo_pick,
        "the last chosen item is put back, or what a card said is taken back",
        (_P.HANDOVER, _P.CARDED)),
    Row((_P.HANDOVER, _P.PLAN, _P.REPRINTING, _P.LOOKING), _I.FINISH, on_idle_timeout,
        "without a destination nothing moves", (_P.REST,)),
    Row((_P.CARDED, _P.HANDOVER, _P.PLAN, _P.REPRINTING, _P.LOOKING), _I.TIMEOUT, on_idle_timeout,
        "nothing followed: back to rest, nothing moves", (_P.REST,)),
    Row((_P.REST,), _I.UNDO, on_undo_handover,
        "within a minute the whole last handover is voided", (_P.REST,)),
    Row((_P.REST,), _I.TIMEOUT, on_forget, "the last handover can no longer be undone",
        (_P.REST,)),
    Row((_P.REST,), _I.ITEM, on_seen, "says where the item is", (_P.REST,)),
    Row((_P.REST,), _I.BOX, on_seen, "says where the box is", (_P.REST,)),
)  # fmt: skip
