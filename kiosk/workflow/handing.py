"""What every handover shares: items chosen one by one, then custody changes for all of them at
once, with a slip, and for a while undo takes all of it back."""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from contract.events import (
    MAX_CODES_PER_EVENT,
    Body,
    ItemPicked,
    ItemSeen,
    Private,
    Refused,
    Unpacked,
)
from drivers.ports import Signal
from kiosk.state import EventRef, ItemFacts, LastAction, Message, Part, Pick, SlipJob
from kiosk.workflow.turn import UNDO_MS, Turn, close_session, current_session

Known: TypeAlias = tuple[tuple[str, ItemFacts], ...]
"""Items and boxes, and what is known of each before the handover."""


def choose(turn: Turn, code: str, outcome: str, before: ItemFacts) -> bool:
    """Adds something to what is chosen; False, refused and said, when it is chosen already or
    there are too many."""
    state = turn.state
    if any(pick.code == code for pick in state.picks):
        turn.append(ItemSeen(item=code, outcome="picked", session=state.session))
        turn.say(Signal.ATTENTION, "already-picked")
        return False
    if len(state.picks) >= MAX_CODES_PER_EVENT:
        turn.append(Refused(input="too-many", state=state.phase.value))
        turn.say(Signal.REFUSED, "too-many", most=MAX_CODES_PER_EVENT)
        return False
    ref = turn.append(ItemPicked(session=current_session(state), item=code, outcome=outcome))
    turn.set(
        picks=(*state.picks, Pick(code, outcome, ref, before)),
        groups=(*state.groups, 1),
        touched=turn.facts.now,
    )
    return True


def picked(turn: Turn) -> Known:
    """What is chosen, with what is known of it by now: other lanes go on meanwhile."""
    return known(turn, (pick.code for pick in turn.state.picks))


def known(turn: Turn, codes: Iterable[str]) -> Known:
    """These labels, with what is known of them."""
    return tuple((code, turn.known(code)) for code in codes)


def hand_over(
    turn: Turn,
    what: str,
    items: Known,
    event: Callable[[tuple[str, ...]], Body],
    *,
    target: str = "",
    family: str | None = None,
    note: Message | None = None,
) -> None:
    """Custody changed: events, a slip, a closed session. An event holds so many codes, so a large
    handover is several; one without items is recorded all the same. What was in a box that stays
    came out of it."""
    private = Private(person=turn.state.person, family=family)
    parts = list(out_of_boxes(turn, items))
    for some in _portions(items):
        codes = tuple(code for code, _ in some)
        parts.append(_part(turn.append(event(codes), private), some))
    every = tuple(code for code, _ in items)
    turn.jobs.append(SlipJob(what, target, every, turn.facts.wall, note=note))
    close_session(turn, "handed-over")
    turn.set(
        last=LastAction(tuple(parts)),
        touched=turn.facts.now,
        deadline=turn.facts.now + UNDO_MS,
    )
    turn.say(Signal.SAVED, what, count=len(every))


def out_of_boxes(turn: Turn, items: Known) -> Iterable[Part]:
    """Records that these came out of their boxes, but for what goes along with its box."""
    moved = {code for code, _ in items}
    boxes: dict[str, list[tuple[str, ItemFacts]]] = {}
    for code, before in items:
        if before.box is not None and before.box not in moved:
            boxes.setdefault(before.box, []).append((code, before))
    for box, inside in boxes.items():
        codes = tuple(code for code, _ in inside)
        ref = turn.append(Unpacked(box=box, items=codes, session=turn.state.session))
        yield _part(ref, tuple(inside))


def _part(ref: EventRef, items: Known) -> Part:
    return Part(ref, tuple(code for code, _ in items), tuple(facts for _, facts in items))


def _portions(items: Known) -> Iterable[Known]:
    for start in range(0, max(1, len(items)), MAX_CODES_PER_EVENT):
        yield items[start : start + MAX_CODES_PER_EVENT]


STAYS_ASIDE: Final = "quarantined-stays"
"""A slip's note and a message: what waits to be checked was not handed over."""
