"""What was done is taken back: its events are voided, and what was known before holds again."""

from collections.abc import Iterable

from contract.events import MAX_CODES_PER_EVENT, MAX_IDS_PER_VOID, Refused, Voided
from drivers.ports import Signal
from kiosk.state import EventRef, LastAction, as_itself
from kiosk.workflow.turn import Turn


def undo_trail(turn: Turn) -> LastAction | None:
    """Takes the newest of the trail back: voids its events, restores what was known. None when
    there is nothing; then it is refused."""
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
    """Voids the events of an action and restores what was known, but for what another lane
    knows better by now."""
    void_events(turn, ((part.ref, part.items) for part in action.parts))
    for part in reversed(action.parts):
        for code, before in zip(part.items, part.before, strict=True):
            if part.status in ("", turn.facts.known[code].status):
                turn.known[code] = as_itself(before)


def void_events(turn: Turn, events: Iterable[tuple[EventRef, tuple[str, ...]]]) -> None:
    """Appends the compensation of these events and what each was about, as many a `Voided` as it
    holds."""
    ids: list[str] = []
    items: dict[str, None] = {}
    for ref, codes in events:
        full = len(ids) >= MAX_IDS_PER_VOID
        if ids and (full or len({*items, *codes}) > MAX_CODES_PER_EVENT):
            turn.append(Voided(events=tuple(ids), items=tuple(items)))
            ids, items = [], {}
        ids.append(turn.facts.event_ids[ref])
        items |= dict.fromkeys(codes)
    if ids:
        turn.append(Voided(events=tuple(ids), items=tuple(items)))


def void_items(turn: Turn, items: Iterable[tuple[EventRef, str]]) -> None:
    """Appends the compensation of events about one item each, as many a `Voided` as it holds."""
    void_events(turn, ((ref, (code,)) for ref, code in items))
