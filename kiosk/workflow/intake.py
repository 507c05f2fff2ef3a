"""Goods come in: a code and a label each, so many of them, the same again, a whole box, undo, the
receipt."""

from typing import Final

from msgspec import structs

from contract.codes import parse
from contract.events import ItemSeen, LabelAttached, Noticed
from drivers.ports import Signal
from kiosk.inputs import (
    BoxLabel,
    CategoryCard,
    InputKind,
    ItemLabel,
    QuantityCard,
    RetailCode,
    Scan,
    Timeout,
)
from kiosk.state import Entry, Goods, Phase
from kiosk.workflow.cut_off import is_same_category, is_same_code
from kiosk.workflow.goods import (
    NEW,
    add_group,
    change_group,
    is_box,
    last_group,
    more_like,
)
from kiosk.workflow.marks import take_back
from kiosk.workflow.receiving import (
    ask,
    drop_pending,
    say_held,
    say_received,
    settle_pending,
    take_in,
)
from kiosk.workflow.turn import Row, Turn, close_session, intake_deadline, item_status, refuse
from kiosk.workflow.undo import undo_trail

MAX_NAMED: Final = 3
"""Labels that are named when they were not scanned back; more are only counted."""


def on_retail(turn: Turn, scan: Scan) -> None:
    """A shop's own number (`kiosk.inputs.StoreGoods`) says nothing: its category is asked for."""
    retail = scan.retail if isinstance(scan, RetailCode) else None
    if is_same_code(turn, retail):
        return
    if turn.state.phase is Phase.ASKING and not settle_pending(turn):
        return
    take_in(turn, _with_label(turn, Goods(turn.facts.category, retail)))


def on_category(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, CategoryCard)
    if not is_same_category(turn, scan.category):
        take_in(turn, _with_label(turn, Goods(scan.category)))


def _with_label(turn: Turn, goods: Goods) -> Goods:
    """The goods under the label that was scanned for them; a box's label makes them a box."""
    label = turn.state.label
    if label is None:
        return goods
    boxed = is_box(label)
    return structs.replace(goods, label=label, whole_box=boxed, quantity=0 if boxed else 1)


def on_category_answer(turn: Turn, scan: Scan) -> None:
    """What waits has its category now; what only waited to be counted is saved before that."""
    assert isinstance(scan, CategoryCard)
    goods = turn.state.pending
    assert goods is not None
    if is_same_category(turn, scan.category):
        return
    if goods.category is None:
        take_in(turn, structs.replace(goods, category=scan.category))
    elif settle_pending(turn):
        on_category(turn, scan)


def on_quantity(turn: Turn, scan: Scan) -> None:
    """There are this many of the last item, or so many in the last box."""
    assert isinstance(scan, QuantityCard)
    state = turn.state
    group = last_group(state)
    if state.quantity_given or not group:
        refuse(turn, scan, "quantity-once" if group else "quantity-first")
        return
    last = group[-1]
    if is_box(last.code):
        change_group(turn, (structs.replace(last, ref=NEW, quantity=scan.quantity),))
    else:
        more = more_like(turn, last, scan.quantity - 1)
        if more is None:
            return
        change_group(turn, (*group, *more))
    turn.set(quantity_given=True)
    _say_group(turn, last_group(turn.state))


def on_quantity_while_asking(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, QuantityCard)
    goods = turn.state.pending
    assert goods is not None
    goods = structs.replace(goods, quantity=scan.quantity)
    if goods.category is not None:
        take_in(turn, goods)
        return
    turn.set(pending=goods)
    ask(turn)


def on_same(turn: Turn, scan: Scan) -> None:
    """One more like the last one, with everything that was said of it."""
    group = last_group(turn.state)
    if not group:
        refuse(turn, scan, "same-first")
        return
    more = more_like(turn, group[-1], 1)
    if more is None:
        return
    add_group(turn, more)
    turn.set(quantity_given=more[0].quantity > 1)
    _say_group(turn, more)


def on_whole_box(turn: Turn, scan: Scan) -> None:
    """What was just scanned is a whole box: one label, and how many are in it."""
    group = last_group(turn.state)
    if not group or is_box(group[0].code):
        refuse(turn, scan, "box-once" if group else "box-goods-first")
        return
    first, count = group[0], len(group)
    inside = count if count > 1 else 0
    take_in(turn, Goods(first.category, first.retail, inside, whole_box=True, instead=True))


def on_whole_box_while_asking(turn: Turn, scan: Scan) -> None:
    goods = turn.state.pending
    assert goods is not None
    if not goods.whole_box:
        inside = goods.quantity if goods.quantity > 1 else 0
        turn.set(pending=structs.replace(goods, whole_box=True, quantity=inside))
    ask(turn)


def _say_group(turn: Turn, group: tuple[Entry, ...]) -> None:
    first = group[0]
    if not say_held(turn, first, len(group)):
        boxed = is_box(first.code)
        count = first.quantity if boxed else len(group)
        say_received(turn, Goods(first.category, first.retail, count, whole_box=boxed))


def on_pending_timeout(turn: Turn, scan: Scan) -> None:
    settle_pending(turn)


def on_own_label(turn: Turn, scan: Scan) -> None:
    """A label of this session scanned back is attached for sure; another one is only seen."""
    assert isinstance(scan, ItemLabel | BoxLabel)
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
    turn.append(ItemSeen(item=scan.code, outcome=item_status(turn), session=state.session))
    used = parse(scan.code).ready_made
    turn.say(Signal.ATTENTION, "label-used" if used else "finish-intake-first")


def on_finish_intake(turn: Turn, scan: Scan) -> None:
    """The receipt. Labels that should have been scanned back and were not are named: the items
    wait for their labels at the hub, the donor does not."""
    if turn.state.phase is Phase.ASKING and not settle_pending(turn):
        return
    entries = turn.state.entries
    close_session(turn, "rest" if isinstance(scan, Timeout) else "finished")
    if not entries:
        turn.say(Signal.SAVED, "closed-empty")
        return
    turn.say(Signal.SAVED, "thanks", count=len(entries))
    unseen = [entry.code for entry in entries if not entry.attached]
    if turn.facts.scan_back and unseen:
        named = ", ".join(code[-6:] for code in unseen[:MAX_NAMED])
        more = "…" if len(unseen) > MAX_NAMED else ""
        turn.say(Signal.ATTENTION, "thanks-unchecked", count=len(unseen), labels=named + more)


def on_undo_intake(turn: Turn, scan: Scan) -> None:
    """Takes back the last scan's items, all of a quantity at once, or what a card said of them."""
    state = turn.state
    if not state.groups:
        refuse(turn, scan, "nothing-to-undo")
        return
    if not state.groups[-1]:
        undone = undo_trail(turn)
        assert undone is not None
        take_back(turn, undone)
        turn.set(groups=state.groups[:-1], deadline=intake_deadline(turn))
        return
    gone = last_group(state)
    change_group(turn, ())
    turn.set(quantity_given=True)
    turn.say(Signal.SAVED, "undone", count=len(gone), labels=len(gone))


def on_undo_pending(turn: Turn, scan: Scan) -> None:
    """What waits for a card is dropped; nothing of it was recorded yet."""
    turn.append(Noticed(kind="pending-dropped"))
    drop_pending(turn)
    turn.say(Signal.SAVED, "undone", count=1)


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.REST, _P.CARDED, _P.INTAKE, _P.ASKING, _P.BINDING), _I.RETAIL, on_retail,
        "known goods: saved with a code and a label; unknown: asks for the category card",
        (_P.INTAKE, _P.ASKING)),
    Row((_P.REST, _P.CARDED, _P.INTAKE, _P.BINDING), _I.CATEGORY, on_category,
        "goods without a retail code: saved with a code and a label", (_P.INTAKE, _P.ASKING)),
    Row((_P.ASKING,), _I.CATEGORY, on_category_answer,
        "the waiting goods are saved with this category; of a box, how many are in it?",
        (_P.INTAKE, _P.ASKING)),
    Row((_P.INTAKE,), _I.QUANTITY, on_quantity,
        "there are this many of the last item: a code and a label for each; or in the last box",
        (_P.INTAKE,)),
    Row((_P.ASKING,), _I.QUANTITY, on_quantity_while_asking,
        "there are this many of the waiting goods, or in the waiting box",
        (_P.ASKING, _P.INTAKE)),
    Row((_P.INTAKE,), _I.SAME, on_same,
        "one more of the last item, with all that was said of it", (_P.INTAKE,)),
    Row((_P.INTAKE,), _I.WHOLE_BOX, on_whole_box,
        "the last scan is a whole box with one label: how many are in it?",
        (_P.ASKING, _P.INTAKE)),
    Row((_P.ASKING,), _I.WHOLE_BOX, on_whole_box_while_asking,
        "the waiting goods are a whole box", (_P.ASKING,)),
    Row((_P.ASKING,), _I.TIMEOUT, on_pending_timeout,
        "nobody said the category: saved and labelled to be sorted; a box of nobody knows how many",
        (_P.INTAKE, _P.REST, _P.CARDED)),
    Row((_P.INTAKE,), _I.FINISH, on_finish_intake,
        "receipt with the private claim; the session is closed", (_P.REST,)),
    Row((_P.ASKING,), _I.FINISH, on_finish_intake,
        "saved as to be sorted, then as before; when it cannot be taken, that is said instead",
        (_P.REST, _P.INTAKE)),
    Row((_P.INTAKE,), _I.TIMEOUT, on_finish_intake,
        "as if finished: 25 s after a cardless session's last item, 60 s with a card",
        (_P.REST,)),
    Row((_P.INTAKE,), _I.UNDO, on_undo_intake,
        "the last scan's items are voided, or what a card said of them", (_P.INTAKE,)),
    Row((_P.ASKING,), _I.UNDO, on_undo_pending,
        "the waiting goods are dropped", (_P.INTAKE, _P.CARDED, _P.REST)),
    Row((_P.INTAKE,), _I.ITEM, on_own_label,
        "a label of this session is checked as attached; another one is only seen",
        (_P.INTAKE,)),
    Row((_P.INTAKE,), _I.BOX, on_own_label,
        "a label of this session is checked as attached; another one is only seen",
        (_P.INTAKE,)),
)  # fmt: skip
