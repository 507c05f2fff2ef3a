"""What cards say of goods: their condition, their date, put aside, checked.

A card speaks of what was scanned last: at intake of the whole last scan (all of a quantity), among
items chosen for a handover of those that were chosen since the card before. So two scans, label
and card, are enough, and a table of clothes is graded label, card, label, card. Nothing has to be
handed over after it: finish, or time, and the items stay where they are.

Undo takes back what the last card said. A label that does not say what it must (put aside, or not
any more) is printed again.
"""

from collections.abc import Callable
from typing import Final

from msgspec import structs

from contract.actions import UNSORTED, Verb, expiry_of
from drivers.ports import Signal
from kiosk.food_gate import Accept, end_of_month
from kiosk.inputs import ActionCard, InputKind, Scan
from kiosk.state import (
    Entry,
    ItemFacts,
    LabelJob,
    LaneState,
    LastAction,
    Part,
    Phase,
    Pick,
    Said,
    waits,
)
from kiosk.workflow.gate import verdict_on_day
from kiosk.workflow.goods import QUARANTINE_NOTE, held, last_group, said_event
from kiosk.workflow.handing import out_of_boxes
from kiosk.workflow.turn import HANDOVER_CLOSES_MS, TRAIL, Row, Turn, intake_deadline, refuse

_SAYS: Final = {
    Verb.GRADE: "graded",
    Verb.EXPIRY: "expiry.set",
    Verb.QUARANTINE: "quarantined",
    Verb.RELEASE: "released",
}
BY_CARD: Final = "card"
"""Why something is put aside when a card said so."""


def on_mark(turn: Turn, scan: Scan) -> None:
    """Grade, expiry month, quarantine or release, of what was scanned last."""
    assert isinstance(scan, ActionCard)
    said = Said(_SAYS[scan.verb], _word(scan))
    about = _scanned_last(turn)
    if said.what == "released":
        about = {code: facts for code, facts in about.items() if waits(facts)}
    if not about or len(turn.state.trail) >= TRAIL:
        refuse(turn, scan, "not-quarantined" if said.what == "released" else "mark-first")
        return
    if said.what == "expiry.set" and _past(turn, said, about):
        return
    _mark(turn, (said,), about)
    values: dict[str, str | int] = {"count": len(about)}
    if said.value and said.what in _VALUES:
        values[_VALUES[said.what]] = said.value
    turn.say(Signal.SAVED, said.what.replace(".", "-"), **values)


def _word(card: ActionCard) -> str:
    """What the event says of it, in its own words."""
    match card.verb:
        case Verb.EXPIRY:
            return expiry_of(card.argument)
        case Verb.QUARANTINE:
            return BY_CARD
        case _:
            return card.argument


_VALUES: Final = {"graded": "grade", "expiry.set": "month"}


def _past(turn: Turn, said: Said, about: dict[str, ItemFacts]) -> bool:
    """Whether the food gate puts these aside for the date that a card says they have. They are
    here already, so nothing is refused any more."""
    day = end_of_month(said.value)
    for facts in about.values():
        verdict = verdict_on_day(turn, facts.category or UNSORTED.key, day)
        if not isinstance(verdict, Accept):
            why = verdict.why.value
            _mark(turn, (said, Said("quarantined", why)), about)
            key = f"quarantined-{why}"
            turn.say(Signal.ATTENTION, key, count=len(about), day=day.isoformat())
            return True
    return False


def _scanned_last(turn: Turn) -> dict[str, ItemFacts]:
    """What the card speaks of, and what is known of each."""
    state = turn.state
    if state.phase is Phase.INTAKE:
        codes = [entry.code for entry in last_group(state)]
    else:
        codes = [pick.code for pick in state.picks[len(state.picks) - _run(state) :]]
    return {code: turn.known(code) for code in codes}


def _run(state: LaneState) -> int:
    """How many items were chosen since the card before the cards that are being scanned now."""
    groups = list(state.groups)
    while groups and not groups[-1]:
        groups.pop()
    count = 0
    while groups and groups[-1]:
        count += groups.pop()
    return count


def _mark(turn: Turn, said: tuple[Said, ...], about: dict[str, ItemFacts]) -> None:
    """Records what was said of these, as one step that undo takes back."""
    codes = tuple(about)
    session = turn.state.session
    words = [one.what for one in said]
    # Whoever puts it aside, or has checked it, has it in hand, and a box must not carry it away.
    in_hand = words[-1] in ("quarantined", "released")
    parts = list(out_of_boxes(turn, tuple(about.items()))) if in_hand else []
    before = tuple(about.values())
    parts += [Part(turn.append(said_event(one, codes, session)), codes, before) for one in said]
    after = {code: turn.known(code) for code in codes}
    turn.set(
        trail=(*turn.state.trail, LastAction(tuple(parts), said=len(said))),
        groups=(*turn.state.groups, 0),
        touched=turn.facts.now,
    )
    _show(turn, after, lambda entry: (*entry.said, *said))
    _relabel(turn, about, after)


def take_back(turn: Turn, undone: LastAction) -> None:
    """After `undo_trail`: the lane knows of these items what it knew before the card."""
    before = {
        code: facts
        for part in undone.parts
        for code, facts in zip(part.items, part.before, strict=True)
    }
    thought = {code: _known_here(turn, code, facts) for code, facts in before.items()}
    after = {code: turn.known(code) for code in before}
    count = undone.said
    _show(turn, after, lambda entry: entry.said[: len(entry.said) - count])
    _relabel(turn, thought, after)


def _known_here(turn: Turn, code: str, otherwise: ItemFacts) -> ItemFacts:
    """What the lane itself thought of an item until now."""
    for entry in turn.state.entries:
        if entry.code == code:
            status = "quarantined" if held(entry.said) else "here"
            return structs.replace(otherwise, status=status)
    for pick in turn.state.picks:
        if pick.code == code:
            return pick.before
    return otherwise


def _show(
    turn: Turn,
    known: dict[str, ItemFacts],
    said: Callable[[Entry], tuple[Said, ...]],
) -> None:
    """Keeps the lane's own list of items in step with what is known of them now."""
    state = turn.state
    if state.phase is Phase.INTAKE:
        turn.set(
            entries=tuple(
                structs.replace(entry, said=said(entry)) if entry.code in known else entry
                for entry in state.entries
            ),
            deadline=intake_deadline(turn),
        )
        return
    turn.set(
        picks=tuple(
            Pick(pick.code, outcome_of(known[pick.code]), pick.ref, known[pick.code])
            if pick.code in known
            else pick
            for pick in state.picks
        ),
        deadline=turn.facts.now + HANDOVER_CLOSES_MS,
    )


def outcome_of(facts: ItemFacts) -> str:
    """What an `ItemPicked` says of an item that is known so."""
    return "ok" if facts.status == "here" else facts.status


def _relabel(turn: Turn, before: dict[str, ItemFacts], after: dict[str, ItemFacts]) -> None:
    """Prints the labels again that do not say any more whether their items wait to be checked."""
    quantities = {entry.code: entry.quantity for entry in turn.state.entries}
    for code, facts in after.items():
        aside = waits(facts)
        if aside == waits(before[code]):
            continue
        turn.cancelled.append(code)
        turn.jobs.append(
            LabelJob(
                code,
                facts.category or "",
                copy=True,
                note=QUARANTINE_NOTE if aside else "",
                quantity=quantities.get(code, 1),
            )
        )


_P = Phase
_I = InputKind
_WHERE: Final = (_P.INTAKE, _P.HANDOVER)

ROWS: Final = (
    Row(_WHERE, _I.GRADE, on_mark, "the condition of what was scanned last", _WHERE),
    Row(_WHERE, _I.EXPIRY, on_mark,
        "the date on what was scanned last; what is past it is put aside", _WHERE),
    Row(_WHERE, _I.QUARANTINE, on_mark,
        "what was scanned last is put aside until it is checked; its label says so", _WHERE),
    Row(_WHERE, _I.RELEASE, on_mark,
        "what was scanned last is checked and good; its label is printed anew", _WHERE),
)  # fmt: skip
