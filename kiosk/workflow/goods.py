"""What one scan of an intake brought: recorded, said better, taken back.

Rules
-----
* A **group** is what one scan brought: one item, all of a quantity, or a whole box. It is the unit
  that cards say something of (`kiosk.workflow.marks`), that "same again" repeats and undo takes
  back.
* A group that is said better (so many of them, a whole box of it, a label printed ahead instead of
  ours) is changed in one turn: what no longer holds is voided, what holds is recorded, and what
  cards said of the group is said again of all that is in it now. Nothing is ever counted twice,
  and undo then takes back all of it.
* A label that is no longer needed is not printed any more.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from contract.actions import UNSORTED
from contract.codes import PLACE_IN, Kind
from contract.events import (
    Body,
    BoxReceived,
    ExpirySet,
    Graded,
    LabelAttached,
    Noticed,
    Quarantined,
    Received,
    Refused,
    Released,
)
from drivers.ports import Signal
from kiosk.state import Entry, EventRef, Goods, LabelJob, LaneState, Phase, Said
from kiosk.workflow.turn import MAX_ENTRIES, Turn, current_session, intake_deadline
from kiosk.workflow.undo import void_events

NEW: Final = EventRef("", 0)
"""Stands for the event of an entry that is still to be recorded."""
QUARANTINE_NOTE: Final = "quarantine"
"""What a label says of something that waits to be checked: a key of `kiosk.texts.NOTES`."""


def is_box(code: str) -> bool:
    """Whether this is a box's code."""
    return code.startswith(Kind.BOX)


def said_event(said: Said, items: tuple[str, ...], session: str | None) -> Body:
    """The event of what a card, or the food gate, said of goods."""
    match said.what:
        case "graded":
            return Graded(items=items, grade=said.value, session=session)
        case "expiry.set":
            return ExpirySet(items=items, month=said.value, session=session)
        case "quarantined":
            return Quarantined(items=items, why=said.value, session=session)
        case _:
            return Released(items=items, session=session)


def held(said: Sequence[Said]) -> bool:
    """Whether goods of which this was said wait to be checked."""
    if not said:
        return False  # as of most, and a donor waits
    last = [one.what for one in said if one.what in ("quarantined", "released")]
    return last[-1:] == ["quarantined"]


def last_group(state: LaneState) -> tuple[Entry, ...]:
    """What the last scan of goods brought, whatever cards said of it since. Nothing when that
    scan was turned away."""
    for back, count in enumerate(reversed(state.groups), start=1):
        if count:
            return state.entries[len(state.entries) - count :]
        if back > len(state.trail) or not state.trail[-back].parts[0].items:
            return ()
    return ()


def room_for(turn: Turn, count: int) -> bool:
    """Whether so many more fit into the session; else it is refused and said."""
    if len(turn.state.entries) + count <= MAX_ENTRIES:
        return True
    turn.append(Refused(input="too-many", state=turn.state.phase.value))
    turn.say(Signal.REFUSED, "too-many", most=MAX_ENTRIES)
    return False


def take_codes(turn: Turn, count: int, kind: Kind = Kind.ITEM) -> list[str] | None:
    """So many new codes; None, refused and said, when no prefix is left."""
    if not count:
        return []
    try:
        return turn.take_codes(count, kind)
    except LookupError:
        turn.append(Noticed(kind="no-prefix-left"))
        turn.say(Signal.REFUSED, "no-codes")
        return None


def entries_for(turn: Turn, goods: Goods, said: tuple[Said, ...]) -> tuple[Entry, ...] | None:
    """Entries for these goods, still to be recorded: with their label's code where they carry
    one, else with new codes. None, refused and said, when there are too many or no code is left."""
    kind = Kind.BOX if goods.whole_box else Kind.ITEM
    count = 1 if goods.whole_box else goods.quantity
    if not room_for(turn, count):
        return None
    own = take_codes(turn, count - (goods.label is not None), kind)
    if own is None:
        return None
    like = Entry(
        "",
        goods.category or UNSORTED.key,
        NEW,
        goods.retail,
        quantity=goods.quantity if goods.whole_box else 1,
        said=said,
    )
    made = tuple(structs.replace(like, code=code) for code in own)
    if goods.label is None:
        return made
    return (structs.replace(like, code=goods.label, attached=True, ready_made=True), *made)


def more_like(turn: Turn, entry: Entry, count: int) -> tuple[Entry, ...] | None:
    """So many more of the same with labels of their own, still to be recorded; None likewise."""
    if not room_for(turn, count):
        return None
    codes = take_codes(turn, count, Kind.BOX if is_box(entry.code) else Kind.ITEM)
    if codes is None:
        return None
    fresh = structs.replace(entry, ref=NEW, attached=False, ready_made=False, marks=(), stuck=None)
    return tuple(structs.replace(fresh, code=code) for code in codes)


def add_group(turn: Turn, wanted: tuple[Entry, ...]) -> None:
    """Records what a scan brought."""
    recorded = _recorded(turn, wanted, ())
    _in_intake(turn, (*turn.state.entries, *recorded), (*turn.state.groups, len(recorded)))


def change_group(turn: Turn, wanted: tuple[Entry, ...]) -> None:
    """Makes the last group these: what is not among them is voided, what is new recorded. With
    nothing wanted the group is taken back."""
    old = last_group(turn.state)
    kept = {(entry.code, entry.ref) for entry in wanted}
    gone = tuple(entry for entry in old if (entry.code, entry.ref) not in kept)
    groups = list(turn.state.groups)
    trail = list(turn.state.trail)
    cards: list[EventRef] = []
    while not groups[-1]:
        groups.pop()
        cards += [part.ref for part in trail.pop().parts]
    groups.pop()
    turn.set(trail=tuple(trail))
    before = turn.state.entries[: len(turn.state.entries) - len(old)]
    if gone:
        _void(turn, old, gone, tuple(cards))
        wanted = tuple(structs.replace(entry, marks=()) for entry in wanted)
    else:
        # What cards said of them stays said, and goes with them from now on.
        wanted = tuple(
            entry if entry.ref == NEW else structs.replace(entry, marks=(*entry.marks, *cards))
            for entry in wanted
        )
    recorded = _recorded(turn, wanted, gone)
    if recorded:
        groups.append(len(recorded))
    _in_intake(turn, (*before, *recorded), tuple(groups))


def _void(
    turn: Turn,
    old: tuple[Entry, ...],
    gone: tuple[Entry, ...],
    cards: tuple[EventRef, ...],
) -> None:
    """Voids what no longer holds of a group: the entries that go, and all that was said of it."""
    said: dict[EventRef, list[str]] = {}
    for entry in old:
        for ref in (*entry.marks, *cards):
            said.setdefault(ref, []).append(entry.code)
    events = [(ref, tuple(codes)) for ref, codes in said.items()]
    events += [(entry.stuck, (entry.code,)) for entry in gone if entry.stuck is not None]
    events += [(entry.ref, (entry.code,)) for entry in gone]
    void_events(turn, events, {})
    for entry in gone:
        turn.cancelled.append(entry.code)


def _recorded(turn: Turn, wanted: tuple[Entry, ...], gone: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The wanted entries with their events, labels and what is known of them."""
    session = current_session(turn.state)
    again = {entry.code for entry in gone}
    entries: list[Entry] = []
    for entry in wanted:
        if entry.ref == NEW:
            entry = structs.replace(entry, ref=turn.append(_received(entry, session)))
            if entry.ready_made:
                stuck = turn.append(LabelAttached(item=entry.code, how="ready-made"))
                entry = structs.replace(entry, stuck=stuck)
            else:
                turn.jobs.append(label_of(entry, copy=entry.code in again))
        entries.append(entry)
    said = entries[0].said if entries else ()
    silent = tuple(entry.code for entry in entries if not entry.marks) if said else ()
    if not silent:
        return tuple(entries)
    marks = tuple(turn.append(said_event(s, silent, session)) for s in said)
    return tuple(e if e.marks else structs.replace(e, marks=marks) for e in entries)


def _received(entry: Entry, session: str) -> Body:
    if is_box(entry.code):
        return BoxReceived(
            session=session,
            box=entry.code,
            category=entry.category,
            place=PLACE_IN,
            retail=entry.retail,
            quantity=entry.quantity,
            ready_made=entry.ready_made,
        )
    return Received(
        session=session,
        item=entry.code,
        category=entry.category,
        place=PLACE_IN,
        retail=entry.retail,
        ready_made=entry.ready_made,
    )


def label_of(entry: Entry, *, copy: bool = False) -> LabelJob:
    """The label of something that came in just now."""
    return LabelJob(
        entry.code,
        entry.category,
        copy=copy,
        note=QUARANTINE_NOTE if held(entry.said) else "",
        quantity=entry.quantity,
    )


def _in_intake(turn: Turn, entries: tuple[Entry, ...], groups: tuple[int, ...]) -> None:
    turn.set(
        phase=Phase.INTAKE,
        entries=entries,
        groups=groups,
        pending=None,
        label=None,
        last=None,
        touched=turn.facts.now,
        deadline=intake_deadline(turn),
    )
