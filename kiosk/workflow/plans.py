"""A delivery plan comes back to the stop: how did it go?

The family's token or a card answers for everything that is out for the plan. Labels that are
scanned before the answer mean "these only": the rest stays out until the plan is asked about
again. The labels are on the slip that went along, peeled off the items and stuck onto it.
"""

from collections.abc import Callable
from typing import Final

from contract.events import Back, Body, Delivered, Missing, Noticed, PlanSeen
from drivers.ports import Signal
from kiosk.inputs import BoxLabel, Family, InputKind, ItemLabel, PlanSlip, Scan
from kiosk.state import ItemFacts, LaneState, Phase
from kiosk.workflow.handing import choose, hand_over, known, picked
from kiosk.workflow.turn import (
    PLAN_CLOSES_MS,
    Row,
    Turn,
    close_session,
    current_session,
    open_session,
)
from kiosk.workflow.undo import void_pick


def on_plan(turn: Turn, scan: Scan) -> None:
    """A plan without items: its volunteer is back, and says next how it went."""
    assert isinstance(scan, PlanSlip)
    if turn.state.session is None:
        open_session(turn, None)
    turn.append(PlanSeen(plan=scan.code, session=current_session(turn.state)))
    turn.set(
        phase=Phase.PLAN,
        plan=scan.code,
        picks=(),
        groups=(),
        last=None,
        touched=turn.facts.now,
        deadline=turn.facts.now + PLAN_CLOSES_MS,
    )
    turn.say(Signal.SAVED, "plan-open", count=len(turn.facts.plan_items))


def on_label(turn: Turn, scan: Scan) -> None:
    """The answer that follows is about these only."""
    assert isinstance(scan, ItemLabel | BoxLabel)
    before = turn.facts.item or ItemFacts("unknown")
    ours = scan.code in turn.facts.plan_items
    other = "other-plan" if before.status == "out" else before.status
    if not choose(turn, scan.code, "ok" if ours else other, before):
        return
    turn.set(deadline=turn.facts.now + PLAN_CLOSES_MS)
    key = "these-only" if ours else "picked-not-of-plan"
    turn.say(Signal.SAVED if ours else Signal.ATTENTION, key, count=len(turn.state.picks))


def on_delivered(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, Family)
    plan, session = _plan(turn.state), turn.state.session

    def event(items: tuple[str, ...]) -> Body:
        return Delivered(plan=plan, items=items, session=session)

    _answer(turn, "delivered", event, scan.family)


def on_not_home(turn: Turn, scan: Scan) -> None:
    plan, session = _plan(turn.state), turn.state.session

    def event(items: tuple[str, ...]) -> Body:
        return Back(plan=plan, why="not-home", items=items, session=session)

    _answer(turn, "back", event)


def on_lost(turn: Turn, scan: Scan) -> None:
    """What was out for the plan is not to be found any more."""
    plan, session = _plan(turn.state), turn.state.session

    def event(items: tuple[str, ...]) -> Body:
        return Missing(plan=plan, items=items, session=session)

    _answer(turn, "missing", event)


def _answer(
    turn: Turn,
    what: str,
    event: Callable[[tuple[str, ...]], Body],
    family: str | None = None,
) -> None:
    """How it went: for the labels that were scanned, else for all that is out for the plan."""
    plan, out = _plan(turn.state), turn.facts.plan_items
    items = picked(turn) or known(turn, out)
    left = len(set(out) - {code for code, _ in items})
    hand_over(turn, what, items, event, target=plan, family=family)
    if not items:
        turn.say(Signal.ATTENTION, f"{what}-unknown")
    elif left:
        turn.say(Signal.SAVED, f"{what}-some", count=len(items), left=left)


def _plan(state: LaneState) -> str:
    assert state.plan is not None
    return state.plan


def on_undo_plan(turn: Turn, scan: Scan) -> None:
    """The last label that was scanned does not count, or the plan is put aside."""
    picks = turn.state.picks
    if picks:
        void_pick(turn, picks[-1])
        turn.set(picks=picks[:-1], groups=turn.state.groups[:-1])
        turn.set(touched=turn.facts.now, deadline=turn.facts.now + PLAN_CLOSES_MS)
    else:
        turn.append(Noticed(kind="plan-dropped"))
        close_session(turn, "undone")
    turn.say(Signal.SAVED, "undone", count=1)


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.REST, _P.CARDED, _P.PLAN), _I.PLAN, on_plan,
        "how did this plan go? the family's token or a card follows", (_P.PLAN,)),
    Row((_P.PLAN,), _I.ITEM, on_label, "what follows is about these only", (_P.PLAN,)),
    Row((_P.PLAN,), _I.BOX, on_label, "what follows is about these only", (_P.PLAN,)),
    Row((_P.PLAN,), _I.FAMILY, on_delivered,
        "what is out for the plan reached its family, with a slip", (_P.REST,)),
    Row((_P.PLAN,), _I.NOT_HOME, on_not_home,
        "what is out for the plan came back, with a slip", (_P.REST,)),
    Row((_P.PLAN,), _I.MISSING, on_lost,
        "what is out for the plan is lost, with a slip", (_P.REST,)),
    Row((_P.PLAN,), _I.UNDO, on_undo_plan,
        "the last label does not count, or the plan is put aside", (_P.PLAN, _P.REST)),
)  # fmt: skip
