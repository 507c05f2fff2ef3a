"""What every handover shares: items chosen one by one, then custody changes for all of them at
once, with a slip, and for a while undo takes all of it back."""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from msgspec import structs

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
from kiosk.state import EventRef, ItemFacts, LaneState, LastAction, Message, Part, Pick, SlipJob
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


def picked(state: LaneState) -> Known:
    """What is chosen."""
    return tuple((pick.code, pick.before) for pick in state.picks)


def known(turn: Turn, codes: Iterable[str]) -> Known:
    """These labels, with what is known of them."""
    return tuple((code, turn.facts.known[code]) for code in codes)


def becomes(
    status: str, *, plan: str | None = None, place: str | None = None
) -> Callable[[ItemFacts], ItemFacts]:
    """What is known of something after it left its box and went there."""

    def after(before: ItemFacts) -> ItemFacts:
        return structs.replace(before, status=status, plan=plan, place=place, box=None)

    return after


def hand_over(
    turn: Turn,
    what: str,
    items: Known,
    event: Callable[[tuple[str, ...]], Body],
    after: Callable[[ItemFacts], ItemFacts],
    *,
    target: str = "",
    family: str | None = None,
    note: Message | None = None,
) -> None:
    """Custody changed: events, a slip, a closed session. An event holds so many codes, so a large
    handover is several; one without items is recorded all the same. What was in a box that stays
    came out of it."""
    private = Private(person=turn.state.person, family=family)
    parts = list(out_of_boxes(turn, items, after))
    for some in _portions(items):
        codes = tuple(code for code, _ in some)
        parts.append(_part(turn.append(event(codes), private), some, after))
    every = tuple(code for code, _ in items)
    moved = set(every)
    for code, before in items:
        changed = after(before)
        if before.box in moved:
            changed = structs.replace(changed, box=before.box)
        turn.known[code] = changed
    turn.jobs.append(SlipJob(what, target, every, turn.facts.wall, note=note))
    close_session(turn, "handed-over")
    turn.set(
        last=LastAction(tuple(parts)),
        touched=turn.facts.now,
        deadline=turn.facts.now + UNDO_MS,
    )
    turn.say(Signal.SAVED, what, count=len(every))


def out_of_boxes(
    turn: Turn, items: Known, after: Callable[[ItemFacts], ItemFacts]
) -> Iterable[Part]:
    """Records that these came out of their boxes, but for what goes along with its box; ``after``
    tells what becomes of them."""
    moved = {code for code, _ in items}
    boxes: dict[str, list[tuple[str, ItemFacts]]] = {}
    for code, before in items:
        if before.box is not None and before.box not in moved:
            boxes.setdefault(before.box, []).append((code, before))
    for box, inside in boxes.items():
        codes = tuple(code for code, _ in inside)
        ref = turn.append(Unpacked(box=box, items=codes, session=turn.state.session))
        yield _part(ref, tuple(inside), after)


def _part(ref: EventRef, items: Known, after: Callable[[ItemFacts], ItemFacts]) -> Part:
    codes, before = tuple(code for code, _ in items), tuple(facts for _, facts in items)
    made = {after(facts).status for facts in before}
    return Part(ref, codes, before, made.pop() if len(made) == 1 else "")


def _portions(items: Known) -> Iterable[Known]:
    for start in range(0, max(1, len(items)), MAX_CODES_PER_EVENT):
        yield items[start : start + MAX_CODES_PER_EVENT]


STAYS_ASIDE: Final = "quarantined-stays"
"""A slip's note and a message: what waits to be checked was not handed over."""
