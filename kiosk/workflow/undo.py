"""What was done is taken back: its events are voided, and what is known is told without them."""

from collections.abc import Iterable, Mapping

from contract.events import MAX_CODES_PER_EVENT, MAX_IDS_PER_VOID, Refused, Voided
from drivers.ports import Signal
from kiosk.state import EventRef, ItemFacts, LastAction, Pick
from kiosk.workflow.turn import Turn


def undo_trail(turn: Turn) -> LastAction | None:
    """Takes the newest of the trail back. None when there is nothing; then it is refused."""
    if not turn.state.trail:
        turn.append(Refused(input="undo", state=turn.state.phase.value))
        turn.say(Signal.REFUSED, "nothing-to-undo")
        return None
    *rest, newest = turn.state.trail
    undo_parts(turn, newest)
    turn.set(trail=tuple(rest), touched=turn.facts.now)
    turn.say(Signal.SAVED, "undone", count=max(1, sum(len(p.items) for p in newest.parts)))
    return newest


def undo_parts(turn: Turn, action: LastAction) -> None:
    """Voids the events of an action."""
    before: dict[str, ItemFacts] = {}
    for part in reversed(action.parts):
        before |= zip(part.items, part.before, strict=True)
    void_events(turn, ((part.ref, part.items) for part in action.parts), before)


def void_events(
    turn: Turn,
    events: Iterable[tuple[EventRef, tuple[str, ...]]],
    before: Mapping[str, ItemFacts] | None,
) -> None:
    """Appends the compensation of these events and what each was about, as many a `Voided` as it
    holds. ``before`` is what was known of these items before it all, as far as it is remembered;
    None: the events changed nothing of what is known."""
    ids: list[str] = []
    items: dict[str, None] = {}
    for ref, codes in events:
        full = len(ids) >= MAX_IDS_PER_VOID
        if ids and (full or len({*items, *codes}) > MAX_CODES_PER_EVENT):
            turn.append(Voided(events=tuple(ids), items=tuple(items)), before=before)
            ids, items = [], {}
        ids.append(turn.facts.event_ids[ref])
        items |= dict.fromkeys(codes)
    if ids:
        turn.append(Voided(events=tuple(ids), items=tuple(items)), before=before)


def void_pick(turn: Turn, pick: Pick) -> None:
    """Appends the compensation of a choice, which changed nothing of what is known."""
    void_events(turn, [(pick.ref, (pick.code,))], None)
