"""Goods come in: a code and a label each, a quantity, undo, the receipt."""

from typing import Final

from msgspec import structs

from contract.actions import UNSORTED
from contract.codes import PLACE_IN
from contract.events import (
    ItemSeen,
    LabelAttached,
    Noticed,
    Private,
    Received,
    Refused,
    Retail,
    SessionJoined,
    Voided,
)
from drivers.ports import Signal
from kiosk.food_gate import Quarantine, Refuse
from kiosk.inputs import (
    Card,
    CategoryCard,
    InputKind,
    ItemLabel,
    QuantityCard,
    RetailCode,
    Scan,
    StoreGoods,
    Timeout,
)
from kiosk.state import (
    Entry,
    ItemFacts,
    LabelJob,
    Phase,
)
from kiosk.workflow.gate import (
    QUARANTINE_NOTE,
    record_quarantine,
    record_refusal,
    say_quarantined,
    verdict_on_code,
)
from kiosk.workflow.turn import (
    ASKING_MS,
    CARDED_CLOSES_MS,
    JOINS_MS,
    MAX_ENTRIES,
    Row,
    Turn,
    close_session,
    current_session,
    intake_deadline,
    item_status,
    open_session,
    quarantines,
    undo_trail,
    void_items,
)


def _receive(turn: Turn, category: str, retail: Retail | None, quantity: int) -> int | None:
    """Records ``quantity`` items with a code and a label each, and how many that made: none when
    the food gate refuses them. None when no code is left or there are too many: nothing changed
    then."""
    state = turn.state
    verdict = verdict_on_code(turn, category, retail)
    if isinstance(verdict, Refuse):
        _turn_away(turn, category, retail, verdict)
        return 0
    if len(state.entries) + quantity > MAX_ENTRIES:
        turn.append(Refused(input="too-many", state=state.phase.value))
        turn.say(Signal.REFUSED, "too-many", most=MAX_ENTRIES)
        return None
    try:
        codes, allocator = turn.allocator.take(quantity, turn.facts.blocks)
    except LookupError:
        turn.append(Noticed(kind="no-prefix-left"))
        turn.say(Signal.REFUSED, "no-codes")
        return None
    session = state.session or open_session(turn, state.person)
    turn.allocator = allocator
    aside = isinstance(verdict, Quarantine)
    added: list[Entry] = []
    for code in codes:
        ref = turn.append(
            Received(session=session, item=code, category=category, place=PLACE_IN, retail=retail)
        )
        added.append(Entry(code, category, ref, retail))
        turn.jobs.append(LabelJob(code, category, note=QUARANTINE_NOTE if aside else ""))
        turn.known[code] = ItemFacts("quarantined" if aside else "here")
    if isinstance(verdict, Quarantine):
        held = record_quarantine(turn, tuple(codes), verdict)
        added = [structs.replace(entry, quarantine=held) for entry in added]
    turn.set(
        phase=Phase.INTAKE,
        entries=(*turn.state.entries, *added),
        groups=(*turn.state.groups, quantity),
        quantity_given=quantity > 1,
        pending=None,
        pending_quantity=1,
        last=None,
        touched=turn.facts.now,
        deadline=intake_deadline(turn),
    )
    if isinstance(verdict, Quarantine):
        say_quarantined(turn, retail, verdict, quantity)
    else:
        key = "to-be-sorted" if category == UNSORTED.key else "received"
        turn.say(Signal.SAVED, key, count=quantity, category=category)
    return quantity


def _turn_away(turn: Turn, category: str, retail: Retail | None, verdict: Refuse) -> None:
    """The donor keeps it; the session, in which this stands, goes on."""
    if turn.state.session is None:
        open_session(turn, turn.state.person)
    turn.set(
        phase=Phase.INTAKE,
        quantity_given=True,
        pending=None,
        pending_quantity=1,
        last=None,
        touched=turn.facts.now,
    )
    turn.set(deadline=intake_deadline(turn))
    record_refusal(turn, category, retail, verdict)


def settle_pending(turn: Turn) -> bool:
    """The item that waits for a category is saved as it is before anything else happens.

    False when it cannot be, or when the food gate refuses it: then it is dropped, said so, and no
    longer holds the lane.
    """
    state = turn.state
    taken = _receive(turn, UNSORTED.key, state.pending, state.pending_quantity)
    if taken is None:
        _drop_pending(turn)
    return bool(taken)


def _drop_pending(turn: Turn) -> None:
    state = turn.state
    phase = Phase.REST
    if state.session is not None:
        phase = Phase.INTAKE if state.entries or state.person is None else Phase.CARDED
    deadline = intake_deadline(turn) if state.session is not None else None
    turn.set(phase=phase, pending=None, pending_quantity=1, deadline=deadline)


def on_retail(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, RetailCode | StoreGoods)
    if turn.state.phase is Phase.ASKING and not settle_pending(turn):
        return
    retail = scan.retail if isinstance(scan, RetailCode) else None
    category = turn.facts.category
    if category is not None:
        _receive(turn, category, retail, 1)
        return
    turn.set(
        phase=Phase.ASKING,
        pending=retail,
        pending_quantity=1,
        last=None,
        touched=turn.facts.now,
        deadline=turn.facts.now + ASKING_MS,
    )
    turn.say(Signal.ATTENTION, "which-category", seconds=ASKING_MS // 1000)


def on_category(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, CategoryCard)
    _receive(turn, scan.category, None, 1)


def on_category_answer(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, CategoryCard)
    _receive(turn, scan.category, turn.state.pending, turn.state.pending_quantity)


def on_quantity(turn: Turn, scan: Scan) -> None:
    """There are this many of the last item: the rest of them get their codes too."""
    assert isinstance(scan, QuantityCard)
    state = turn.state
    if state.quantity_given or not state.entries:
        turn.append(Refused(input=scan.kind.value, state=state.phase.value))
        given = bool(state.entries and state.groups and state.groups[-1])
        turn.say(Signal.REFUSED, "quantity-once" if given else "quantity-first")
        return
    last = state.entries[-1]
    if _receive(turn, last.category, last.retail, scan.quantity - 1):
        groups = turn.state.groups
        turn.set(groups=(*groups[:-2], groups[-2] + groups[-1]), quantity_given=True)
        said = turn.message
        turn.say(turn.signal, said.key, **{**said.values, "count": scan.quantity})


def on_quantity_while_asking(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, QuantityCard)
    turn.set(pending_quantity=scan.quantity)
    seconds = max(1, ((turn.state.deadline or 0) - turn.facts.now) // 1000)
    turn.say(Signal.ATTENTION, "which-category", seconds=seconds)


def on_pending_timeout(turn: Turn, scan: Scan) -> None:
    settle_pending(turn)


def on_own_label(turn: Turn, scan: Scan) -> None:
    """A label of this session scanned back is attached for sure; another one is only seen."""
    assert isinstance(scan, ItemLabel)
    state = turn.state
    if any(entry.code == scan.code for entry in state.entries):
        turn.append(LabelAttached(item=scan.code, how="scanned"))
        turn.set(
            entries=tuple(
                structs.replace(entry, attached=True) if entry.code == scan.code else entry
                for entry in state.entries
            ),
            touched=turn.facts.now,
            deadline=intake_deadline(turn),
        )
        turn.say(Signal.SAVED, "label-checked")
        return
    status = item_status(turn)
    turn.append(ItemSeen(item=scan.code, outcome=status, session=state.session))
    turn.say(Signal.ATTENTION, "finish-intake-first")


def on_finish_intake(turn: Turn, scan: Scan) -> None:
    if turn.state.phase is Phase.ASKING and not settle_pending(turn):
        return
    count = len(turn.state.entries)
    close_session(turn, "rest" if isinstance(scan, Timeout) else "finished")
    if count:
        turn.say(Signal.SAVED, "thanks", count=count)
    else:
        turn.say(Signal.SAVED, "closed-empty")


def on_undo_intake(turn: Turn, scan: Scan) -> None:
    """Takes the last scan's items back, all of a quantity at once."""
    state = turn.state
    if not state.groups:
        turn.append(Refused(input=scan.kind.value, state=state.phase.value))
        turn.say(Signal.REFUSED, "nothing-to-undo")
        return
    if not state.groups[-1]:
        undo_trail(turn)  # the last thing was a refusal
        turn.set(groups=state.groups[:-1], quantity_given=True, deadline=intake_deadline(turn))
        return
    kept = len(state.entries) - state.groups[-1]
    gone = state.entries[kept:]
    for held in quarantines(gone):
        codes = tuple(entry.code for entry in gone if entry.quarantine == held)
        turn.append(Voided(events=(turn.facts.event_ids[held],), items=codes))
    void_items(turn, ((entry.ref, entry.code) for entry in gone))
    for entry in gone:
        turn.known[entry.code] = ItemFacts("voided")
        turn.cancelled.append(entry.code)
    turn.set(
        entries=state.entries[:kept],
        groups=state.groups[:-1],
        quantity_given=True,
        touched=turn.facts.now,
        deadline=intake_deadline(turn),
    )
    turn.say(Signal.SAVED, "undone", count=len(gone))


def on_undo_pending(turn: Turn, scan: Scan) -> None:
    """The code that waits for its category is dropped; nothing of it was recorded yet."""
    turn.append(Noticed(kind="pending-dropped"))
    _drop_pending(turn)
    turn.say(Signal.SAVED, "undone", count=1)


def on_card(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, Card)
    if turn.state.session is not None:
        close_session(turn, "next-person")
    open_session(turn, scan.person)
    turn.set(phase=Phase.CARDED, touched=turn.facts.now, deadline=turn.facts.now + CARDED_CLOSES_MS)
    turn.say(Signal.SAVED, "welcome")


def on_card_in_intake(turn: Turn, scan: Scan) -> None:
    """Soon after the last item of a cardless session a card joins it; later, or another
    person's, it starts a new one."""
    assert isinstance(scan, Card)
    if _joins(turn, scan.person):
        turn.set(deadline=intake_deadline(turn))
        turn.say(Signal.SAVED, "welcome")
    else:
        on_card(turn, scan)


def on_card_while_asking(turn: Turn, scan: Scan) -> None:
    """The card that comes late: the question stays open. Another person's card does not answer
    it either, so what waits is saved as it is before that person begins."""
    assert isinstance(scan, Card)
    state = turn.state
    if state.session is None:
        open_session(turn, scan.person)
        turn.set(pending=state.pending, pending_quantity=state.pending_quantity)
    elif not _joins(turn, scan.person):
        if settle_pending(turn):
            on_card(turn, scan)
        return
    turn.set(phase=Phase.ASKING, touched=turn.facts.now, deadline=turn.facts.now + ASKING_MS)
    turn.say(Signal.ATTENTION, "which-category", seconds=ASKING_MS // 1000)


def _joins(turn: Turn, person: str) -> bool:
    """Lets this person's card join the open session where it may."""
    state = turn.state
    in_time = state.person is None and turn.facts.now - state.touched <= JOINS_MS
    if state.person != person and not in_time:
        return False
    turn.append(SessionJoined(session=current_session(state)), Private(person=person))
    turn.set(person=person)
    return True


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.REST, _P.CARDED, _P.INTAKE, _P.ASKING), _I.RETAIL, on_retail,
        "known goods: saved with a code and a label; unknown: asks for the category card",
        (_P.INTAKE, _P.ASKING)),
    Row((_P.REST, _P.CARDED, _P.INTAKE), _I.CATEGORY, on_category,
        "goods without a retail code: saved with a code and a label", (_P.INTAKE,)),
    Row((_P.ASKING,), _I.CATEGORY, on_category_answer,
        "the waiting goods are saved with this category", (_P.INTAKE,)),
    Row((_P.INTAKE,), _I.QUANTITY, on_quantity,
        "there are this many of the last item: a code and a label for each", (_P.INTAKE,)),
    Row((_P.ASKING,), _I.QUANTITY, on_quantity_while_asking,
        "there are this many of the waiting goods", (_P.ASKING,)),
    Row((_P.ASKING,), _I.TIMEOUT, on_pending_timeout,
        "nobody said the category: saved and labelled to be sorted", (_P.INTAKE, _P.REST)),
    Row((_P.INTAKE,), _I.FINISH, on_finish_intake,
        "receipt with the private claim; the session is closed", (_P.REST,)),
    Row((_P.ASKING,), _I.FINISH, on_finish_intake,
        "saved as to be sorted, then as before; when it cannot be taken, that is said instead",
        (_P.REST, _P.INTAKE)),
    Row((_P.INTAKE,), _I.TIMEOUT, on_finish_intake,
        "as if finished: 25 s after a cardless session's last item, 60 s with a card",
        (_P.REST,)),
    Row((_P.INTAKE,), _I.UNDO, on_undo_intake,
        "the last scan's items are voided", (_P.INTAKE,)),
    Row((_P.ASKING,), _I.UNDO, on_undo_pending,
        "the waiting goods are dropped", (_P.INTAKE, _P.CARDED, _P.REST)),
    Row((_P.INTAKE,), _I.ITEM, on_own_label,
        "a label of this session is checked as attached; another one is only seen",
        (_P.INTAKE,)),
    Row((_P.REST, _P.CARDED, _P.HANDOVER, _P.PLAN), _I.CARD, on_card,
        "closes what was open and opens a session for this person", (_P.CARDED,)),
    Row((_P.INTAKE,), _I.CARD, on_card_in_intake,
        "within 10 s of a cardless session's last item it joins; later it starts a new one",
        (_P.INTAKE, _P.CARDED)),
    Row((_P.ASKING,), _I.CARD, on_card_while_asking,
        "it joins and the question stays; another person's saves what waits as to be sorted",
        (_P.ASKING, _P.CARDED, _P.INTAKE)),
)  # fmt: skip
