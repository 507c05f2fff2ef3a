"""Goods go out, come back, or move: volunteer, items, destination."""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from contract.events import (
    MAX_CODES_PER_EVENT,
    Back,
    Body,
    Delivered,
    ItemPicked,
    ItemSeen,
    Moved,
    Noticed,
    Out,
    PlanSeen,
    Private,
    Refused,
    Voided,
)
from drivers.ports import Signal
from kiosk.inputs import (
    Family,
    InputKind,
    ItemLabel,
    PlaceSheet,
    PlanSlip,
    Scan,
)
from kiosk.state import (
    ItemFacts,
    LaneState,
    LastAction,
    Part,
    Phase,
    Pick,
    SlipJob,
)
from kiosk.workflow.turn import (
    CARDED_CLOSES_MS,
    HANDOVER_CLOSES_MS,
    PLAN_CLOSES_MS,
    UNDO_MS,
    Row,
    Turn,
    close_session,
    current_session,
    item_status,
    open_session,
    void_items,
)


def on_pick(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, ItemLabel)
    state = turn.state
    if any(pick.code == scan.code for pick in state.picks):
        turn.append(ItemSeen(item=scan.code, outcome="picked", session=state.session))
        turn.set(deadline=turn.facts.now + HANDOVER_CLOSES_MS)
        turn.say(Signal.ATTENTION, "already-picked")
        return
    if len(state.picks) >= MAX_CODES_PER_EVENT:
        turn.append(Refused(input="too-many", state=state.phase.value))
        turn.say(Signal.REFUSED, "too-many", most=MAX_CODES_PER_EVENT)
        return
    before = turn.facts.item or ItemFacts("unknown")
    outcome = "ok" if before.status == "here" else before.status
    ref = turn.append(ItemPicked(session=current_session(state), item=scan.code, outcome=outcome))
    turn.set(
        phase=Phase.HANDOVER,
        picks=(*state.picks, Pick(scan.code, outcome, ref, before)),
        touched=turn.facts.now,
        deadline=turn.facts.now + HANDOVER_CLOSES_MS,
    )
    if outcome == "ok":
        turn.say(Signal.SAVED, "picked", count=len(turn.state.picks))
    else:
        turn.say(Signal.ATTENTION, f"picked-{outcome}", count=len(turn.state.picks))


def on_undo_pick(turn: Turn, scan: Scan) -> None:
    state = turn.state
    pick = state.picks[-1]
    void_items(turn, [(pick.ref, pick.code)])
    rest = state.picks[:-1]
    turn.set(
        phase=Phase.HANDOVER if rest else Phase.CARDED,
        picks=rest,
        deadline=turn.facts.now + (HANDOVER_CLOSES_MS if rest else CARDED_CLOSES_MS),
    )
    turn.say(Signal.SAVED, "undone", count=1)


def on_out(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, PlanSlip)
    state = turn.state

    def event(items: tuple[str, ...]) -> Body:
        return Out(plan=scan.code, items=items, session=state.session)

    _hand_over(turn, "out", scan.code, _picked(state), event, ItemFacts("out", scan.code))


def on_moved(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, PlaceSheet)
    state = turn.state

    def event(items: tuple[str, ...]) -> Body:
        return Moved(place=scan.code, items=items, session=state.session)

    _hand_over(turn, "moved", scan.code, _picked(state), event, ItemFacts("here"))


Known: TypeAlias = tuple[tuple[str, ItemFacts], ...]
"""Items, and what is known of each before the handover."""


def _picked(state: LaneState) -> Known:
    return tuple((pick.code, pick.before) for pick in state.picks)


def _out_for(plan: str, items: Iterable[str]) -> Known:
    return tuple((code, ItemFacts("out", plan)) for code in items)


def _hand_over(
    turn: Turn,
    what: str,
    target: str,
    items: Known,
    event: Callable[[tuple[str, ...]], Body],
    after: ItemFacts,
    family: str | None = None,
) -> None:
    """Custody changed: events, a slip, a closed session, and a while in which undo takes all of
    it back. An event holds so many codes, so a large handover is several; one without items is
    recorded all the same."""
    private = Private(person=turn.state.person, family=family)
    parts: list[Part] = []
    for start in range(0, max(1, len(items)), MAX_CODES_PER_EVENT):
        part = items[start : start + MAX_CODES_PER_EVENT]
        codes = tuple(code for code, _ in part)
        ref = turn.append(event(codes), private)
        parts.append(Part(ref, codes, tuple(before for _, before in part)))
    every = tuple(code for code, _ in items)
    turn.known.update(dict.fromkeys(every, after))
    turn.jobs.append(SlipJob(what, target, every, turn.facts.wall))
    close_session(turn, "handed-over")
    turn.set(
        last=LastAction(tuple(parts)),
        touched=turn.facts.now,
        deadline=turn.facts.now + UNDO_MS,
    )
    turn.say(Signal.SAVED, what, count=len(every))


def on_plan(turn: Turn, scan: Scan) -> None:
    """A plan without items: its volunteer is back, and says next how it went."""
    assert isinstance(scan, PlanSlip)
    if turn.state.session is None:
        open_session(turn, None)
    turn.append(PlanSeen(plan=scan.code, session=current_session(turn.state)))
    turn.set(
        phase=Phase.PLAN,
        plan=scan.code,
        last=None,
        touched=turn.facts.now,
        deadline=turn.facts.now + PLAN_CLOSES_MS,
    )
    turn.say(Signal.SAVED, "plan-open", count=len(turn.facts.plan_items))


def on_delivered(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, Family)
    state = turn.state
    plan, items = _plan(state), turn.facts.plan_items

    def event(items: tuple[str, ...]) -> Body:
        return Delivered(plan=plan, items=items, session=state.session)

    after = ItemFacts("delivered", plan)
    _hand_over(turn, "delivered", plan, _out_for(plan, items), event, after, scan.family)
    if not items:
        turn.say(Signal.ATTENTION, "delivered-unknown")


def on_not_home(turn: Turn, scan: Scan) -> None:
    state = turn.state
    plan, items = _plan(state), turn.facts.plan_items

    def event(items: tuple[str, ...]) -> Body:
        return Back(plan=plan, why="not-home", items=items, session=state.session)

    _hand_over(turn, "back", plan, _out_for(plan, items), event, ItemFacts("here"))
    if not items:
        turn.say(Signal.ATTENTION, "back-unknown")


def _plan(state: LaneState) -> str:
    assert state.plan is not None
    return state.plan


def on_undo_plan(turn: Turn, scan: Scan) -> None:
    turn.append(Noticed(kind="plan-dropped"))
    close_session(turn, "undone")
    turn.say(Signal.SAVED, "undone", count=1)


def on_undo_handover(turn: Turn, scan: Scan) -> None:
    """Takes the whole of the last handover back, while it is remembered."""
    last = turn.state.last
    if last is None:
        turn.append(Refused(input=scan.kind.value, state=turn.state.phase.value))
        turn.say(Signal.REFUSED, "nothing-to-undo")
        return
    for part in last.parts:
        turn.append(Voided(events=(turn.facts.event_ids[part.ref],), items=part.items))
        turn.known.update(zip(part.items, part.before, strict=True))
    turn.set(last=None, deadline=None)
    turn.say(Signal.SAVED, "handover-undone", count=sum(len(part.items) for part in last.parts))


def on_forget(turn: Turn, scan: Scan) -> None:
    """Too late for undo: the lane is at rest with nothing to remember."""
    turn.state = LaneState(touched=turn.state.touched)
    turn.say(Signal.IDLE, "rest")


def on_seen(turn: Turn, scan: Scan) -> None:
    """An item's label without a card: where it is, and a hint."""
    assert isinstance(scan, ItemLabel)
    status = item_status(turn)
    turn.append(ItemSeen(item=scan.code, outcome=status))
    turn.say(Signal.ATTENTION, f"seen-{status}")


def on_idle_timeout(turn: Turn, scan: Scan) -> None:
    """A card, a plan or chosen items that nothing followed: back to rest, nothing moved."""
    waiting = len(turn.state.picks)
    close_session(turn, "rest")
    if waiting:
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
    Row((_P.HANDOVER,), _I.PLAN, on_out,
        "out with this volunteer for this plan, with a slip", (_P.REST,)),
    Row((_P.HANDOVER,), _I.PLACE, on_moved, "moved to this place, with a slip", (_P.REST,)),
    Row((_P.HANDOVER,), _I.UNDO, on_undo_pick,
        "the last chosen item is put back", (_P.HANDOVER, _P.CARDED)),
    Row((_P.HANDOVER, _P.PLAN), _I.FINISH, on_idle_timeout,
        "without a destination nothing moves", (_P.REST,)),
    Row((_P.CARDED, _P.HANDOVER, _P.PLAN), _I.TIMEOUT, on_idle_timeout,
        "nothing followed: back to rest, nothing moves", (_P.REST,)),
    Row((_P.REST, _P.CARDED, _P.PLAN), _I.PLAN, on_plan,
        "how did this plan go? the family's token or the not-home card follows", (_P.PLAN,)),
    Row((_P.PLAN,), _I.FAMILY, on_delivered,
        "what is out for the plan reached its family, with a slip", (_P.REST,)),
    Row((_P.PLAN,), _I.NOT_HOME, on_not_home,
        "what is out for the plan came back, with a slip", (_P.REST,)),
    Row((_P.PLAN,), _I.UNDO, on_undo_plan, "the plan is put aside", (_P.REST,)),
    Row((_P.REST,), _I.UNDO, on_undo_handover,
        "within a minute the whole last handover is voided", (_P.REST,)),
    Row((_P.REST,), _I.TIMEOUT, on_forget, "the last handover can no longer be undone",
        (_P.REST,)),
    Row((_P.REST,), _I.ITEM, on_seen, "says where the item is", (_P.REST,)),
)  # fmt: skip
