"""Goods on their way in: what is known of them is enough to receive them, or a card is awaited.

Two things may be missing: of what category they are, and of a whole box how many are in it. The
lane asks (`Phase.ASKING`) for so long; what nobody answered is saved as it is, "to be sorted" or
a box of nobody knows how many, and never lost. The food gate has its word when all is said.
"""

from msgspec import structs

from contract.actions import UNSORTED
from drivers.ports import Signal
from kiosk.food_gate import Quarantine, Refuse, Why
from kiosk.state import Entry, Goods, Phase, Said
from kiosk.workflow.gate import record_refusal, say_quarantined, verdict_on_code
from kiosk.workflow.goods import add_group, change_group, entries_for, held, last_group
from kiosk.workflow.turn import ASKING_MS, Turn, intake_deadline, open_session


def take_in(turn: Turn, goods: Goods) -> None:
    """Receives these goods, or asks for what is missing."""
    if goods.category is not None and goods.quantity:
        receive(turn, goods)
        return
    turn.set(
        phase=Phase.ASKING,
        pending=goods,
        label=None,
        last=None,
        touched=turn.facts.now,
        deadline=turn.facts.now + ASKING_MS,
    )
    ask(turn)


def ask(turn: Turn) -> None:
    """Says which card is awaited, and for how long still."""
    goods, deadline = turn.state.pending, turn.state.deadline or 0
    seconds = max(1, (deadline - turn.facts.now) // 1000)
    unsorted = goods is None or goods.category is None
    key = "which-category" if unsorted else "how-many-in-box"
    turn.say(Signal.ATTENTION, key, seconds=seconds)


def receive(turn: Turn, goods: Goods) -> int | None:
    """Records these goods with codes and labels, and how many entries that made: none when the
    food gate refuses them, None when no code is left or there are too many."""
    category = goods.category or UNSORTED.key
    goods = structs.replace(goods, category=category, quantity=max(1, goods.quantity))
    verdict = verdict_on_code(turn, category, goods.retail)
    if isinstance(verdict, Refuse) and not goods.instead:
        _turn_away(turn, goods, verdict)
        return 0
    said = last_group(turn.state)[0].said if goods.instead else ()
    if isinstance(verdict, Quarantine) and not goods.instead:
        said = (Said("quarantined", verdict.why.value),)
    entries = entries_for(turn, goods, said)
    if entries is None:
        return None
    if goods.instead:
        change_group(turn, entries)
    else:
        if turn.state.session is None:
            open_session(turn, turn.state.person)
        add_group(turn, entries)
    turn.set(quantity_given=goods.quantity > 1)
    if isinstance(verdict, Quarantine):
        say_quarantined(turn, goods.retail, verdict, len(entries))
    else:
        say_received(turn, goods)
    return len(entries)


def say_received(turn: Turn, goods: Goods) -> None:
    """Says that these goods are saved."""
    category = goods.category or UNSORTED.key
    if goods.whole_box:
        key = "box-received" if goods.quantity > 1 else "box-received-uncounted"
    elif goods.label is not None:
        key = "label-bound"
    else:
        key = "to-be-sorted" if category == UNSORTED.key else "received"
    turn.say(Signal.SAVED, key, count=goods.quantity, category=category)


def _turn_away(turn: Turn, goods: Goods, verdict: Refuse) -> None:
    """The donor keeps it; the session, in which this stands, goes on."""
    if turn.state.session is None:
        open_session(turn, turn.state.person)
    turn.set(
        phase=Phase.INTAKE,
        quantity_given=True,
        pending=None,
        label=None,
        last=None,
        touched=turn.facts.now,
    )
    turn.set(deadline=intake_deadline(turn))
    record_refusal(turn, goods.category or UNSORTED.key, goods.retail, verdict)


def settle_pending(turn: Turn) -> bool:
    """What waits for a card is saved as it is before anything else happens.

    False when it cannot be, or when the food gate refuses it: then it is dropped, said so, and no
    longer holds the lane.
    """
    goods = turn.state.pending
    if goods is None:
        return True
    taken = receive(turn, goods)
    if taken is None:
        drop_pending(turn)
    return bool(taken)


def drop_pending(turn: Turn) -> None:
    """What was awaited is not any more: the lane is where it was before."""
    state = turn.state
    phase = Phase.REST
    if state.session is not None:
        phase = Phase.INTAKE if state.entries or state.person is None else Phase.CARDED
    deadline = intake_deadline(turn) if state.session is not None else None
    turn.set(phase=phase, pending=None, label=None, deadline=deadline)


def say_held(turn: Turn, entry: Entry, count: int) -> bool:
    """Says that so many more like this one wait to be checked, where they do."""
    if not held(entry.said):
        return False
    why = [said.value for said in entry.said if said.what == "quarantined"][-1]
    if why in set(Why):
        say_quarantined(turn, entry.retail, Quarantine(Why(why)), count)
    else:
        turn.say(Signal.ATTENTION, "quarantined", count=count)
    return True
