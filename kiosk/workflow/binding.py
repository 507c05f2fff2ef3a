"""Labels that were printed ahead: bound at the first scan to whatever they are stuck on.

Two ways, and both work without a printer:

* **After**: goods, then the label. It takes the place of the code that the goods got, and the
  print of that one is called off. So it is also the way out when the paper is gone.
* **Before**: the label, then goods. They are received under that code, and nothing is printed.

A box's label makes a whole box of what it is stuck on. A label is bound once: one that is known
already is refused, and one that another stop binds as well is the hub's incident.
"""

from typing import Final

from msgspec import structs

from contract.events import Noticed
from drivers.ports import Signal
from kiosk.inputs import InputKind, ReadyMade, Scan
from kiosk.state import Entry, Goods, Phase
from kiosk.workflow.goods import NEW, change_group, is_box, last_group
from kiosk.workflow.intake import on_finish_intake
from kiosk.workflow.receiving import ask, drop_pending, take_in
from kiosk.workflow.turn import ONE_SCAN_CLOSES_MS, Row, Turn, close_session, refuse


def on_label_first(turn: Turn, scan: Scan) -> None:
    """The label waits for what it is stuck on."""
    assert isinstance(scan, ReadyMade)
    now = turn.facts.now
    turn.set(
        phase=Phase.BINDING,
        label=scan.code,
        last=None,
        touched=now,
        deadline=now + ONE_SCAN_CLOSES_MS,
    )
    turn.say(Signal.ATTENTION, "label-waits")


def on_label_after(turn: Turn, scan: Scan) -> None:
    """The label is on what was scanned last, instead of ours; when that has one, it waits for
    the next."""
    assert isinstance(scan, ReadyMade)
    group = last_group(turn.state)
    boxed = is_box(scan.code)
    if boxed and group and not is_box(group[0].code):
        first, count = group[0], len(group)
        inside = count if count > 1 else 0
        goods = Goods(
            first.category, first.retail, inside, whole_box=True, label=scan.code, instead=True
        )
        take_in(turn, goods)
        return
    bare = next((entry for entry in group if _bare(entry, boxed)), None)
    if bare is None:
        on_label_first(turn, scan)
        return
    bound = structs.replace(bare, code=scan.code, ref=NEW, attached=True, ready_made=True, marks=())
    change_group(turn, tuple(bound if entry is bare else entry for entry in group))
    turn.say(Signal.SAVED, "label-bound", count=1, category=bare.category)


def _bare(entry: Entry, boxed: bool) -> bool:
    """Whether this kind of label can still take the place of this entry's own."""
    return is_box(entry.code) == boxed and not (entry.ready_made or entry.attached)


def on_label_while_asking(turn: Turn, scan: Scan) -> None:
    """The label is on what waits; a box's label makes it a whole box."""
    assert isinstance(scan, ReadyMade)
    goods = turn.state.pending
    assert goods is not None
    if is_box(scan.code) and not goods.whole_box:
        inside = goods.quantity if goods.quantity > 1 else 0
        goods = structs.replace(goods, whole_box=True, quantity=inside)
    if is_box(scan.code) != goods.whole_box:
        refuse(turn, scan, "label-of-item")
        return
    turn.set(pending=structs.replace(goods, label=scan.code))
    ask(turn)


def on_used_label(turn: Turn, scan: Scan) -> None:
    refuse(turn, scan, "label-used")


def on_undo_binding(turn: Turn, scan: Scan) -> None:
    """The label goes back on the roll: nothing was recorded of it."""
    turn.append(Noticed(kind="label-dropped"))
    drop_pending(turn)
    turn.say(Signal.SAVED, "undone", count=1)


def on_end_of_binding(turn: Turn, scan: Scan) -> None:
    """Nothing followed: what came in before gets its receipt."""
    if turn.state.entries:
        on_finish_intake(turn, scan)
        return
    close_session(turn, "rest")
    turn.set(label=None)
    turn.say(Signal.IDLE, "rest")


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.REST, _P.CARDED, _P.BINDING), _I.READY_MADE, on_label_first,
        "waits for what it is stuck on, which is received under its code", (_P.BINDING,)),
    Row((_P.INTAKE,), _I.READY_MADE, on_label_after,
        "takes the place of the last item's own code, whose print is called off; "
        "or waits for the next item", (_P.INTAKE, _P.ASKING, _P.BINDING)),
    Row((_P.ASKING,), _I.READY_MADE, on_label_while_asking,
        "it is on what waits; a box's label makes that a whole box", (_P.ASKING,)),
    Row((_P.BINDING,), _I.ITEM, on_used_label,
        "refused: this label is on something already", (_P.BINDING,)),
    Row((_P.BINDING,), _I.BOX, on_used_label,
        "refused: this label is on something already", (_P.BINDING,)),
    Row((_P.BINDING,), _I.UNDO, on_undo_binding,
        "the label is put aside", (_P.REST, _P.CARDED, _P.INTAKE)),
    Row((_P.BINDING,), _I.FINISH, on_end_of_binding,
        "nothing followed: as if finished", (_P.REST,)),
    Row((_P.BINDING,), _I.TIMEOUT, on_end_of_binding,
        "nothing followed: as if finished", (_P.REST,)),
)  # fmt: skip
