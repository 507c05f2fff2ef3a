"""One shelf of a stocktake: what stands on it, label by label.

Rules
-----
* Each label counts once, however often it is scanned.
* A label is evidence: what should be somewhere else, was missing, given away or sold stands here
  from now on, as the hub has it too; what does not agree is said and recorded, and somebody looks.
* A sealed box counts as itself, and its contents are recorded as not checked. An open box counts
  as itself too, and what is in it may be scanned like anything on the shelf.
* Something without a readable label gets a new one, which the lead matches with what is missing.
  Nobody said what it is: it is labelled to be sorted, since it stands there.
* Undo takes the last label back, then those before; when there is none left, the shelf was not
  opened.
"""

from typing import Final

from msgspec import structs

from contract.actions import UNSORTED
from contract.events import Counted, FoundUnlabelled, ItemSeen, Noticed, Voided
from drivers.ports import Signal
from kiosk.inputs import BoxLabel, CategoryCard, InputKind, ItemLabel, Scan
from kiosk.state import ItemFacts, LabelJob, Phase, Seen, Shelf
from kiosk.workflow.codeset import holds, size, with_code, without
from kiosk.workflow.count import count_of, go, shelf_of
from kiosk.workflow.turn import Row, Turn, id_of, refuse

RECENT_LABELS: Final = 10
"""Labels that undo can take back, one after the other."""
MAX_ON_SHELF: Final = 2_000
"""Labels on one shelf: 10 kB of state with each scan."""
_TOLD: Final = frozenset(
    {"elsewhere", "out", "delivered", "sold", "missing", "voided", "unknown", "foreign"}
)


def on_label(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, ItemLabel | BoxLabel)
    shelf = shelf_of(count_of(turn))
    if holds(shelf.seen, scan.code):
        turn.append(ItemSeen(item=scan.code, outcome="counted"))
        go(turn, Phase.SHELF, count_of(turn))
        turn.say(Signal.ATTENTION, "counted-already")
        return
    if size(shelf.seen) >= MAX_ON_SHELF:
        refuse(turn, scan, "too-many", most=MAX_ON_SHELF)
        return
    before = turn.facts.item or ItemFacts("unknown")
    outcome = _outcome(shelf, scan, before)
    ref = turn.append(
        Counted(count=count_of(turn).count, place=shelf.place, item=scan.code, outcome=outcome)
    )
    agrees = outcome in ("ok", "unchecked")
    expected = holds(shelf.left, scan.code)
    _add(turn, Seen(scan.code, ref, before, expected, surplus=not agrees))
    if agrees:
        key = "counted" if outcome == "ok" else "counted-unchecked"
        turn.say(Signal.SAVED, key, count=size(shelf.seen) + 1)
    else:
        key = f"counted-{outcome}" if outcome in _TOLD else "counted-other"
        turn.say(Signal.ATTENTION, key)


def _outcome(shelf: Shelf, scan: ItemLabel | BoxLabel, before: ItemFacts) -> str:
    """What this kiosk makes of a label on this shelf."""
    if before.status not in ("here", "quarantined"):
        return before.status
    boxed_elsewhere = before.box is not None and not _box_is_here(shelf, before.box)
    placed_elsewhere = before.box is None and before.place not in (None, shelf.place)
    if boxed_elsewhere or placed_elsewhere:
        return "elsewhere"
    return "unchecked" if isinstance(scan, BoxLabel) and before.sealed else "ok"


def _box_is_here(shelf: Shelf, box: str) -> bool:
    return holds(shelf.seen, box) or holds(shelf.left, box)


def _add(turn: Turn, seen: Seen) -> None:
    count = count_of(turn)
    shelf = shelf_of(count)
    shelf = structs.replace(
        shelf,
        seen=with_code(shelf.seen, seen.code),
        left=without(shelf.left, seen.code),
        surplus=shelf.surplus + seen.surplus,
        last=(*shelf.last, seen)[-RECENT_LABELS:],
    )
    go(turn, Phase.SHELF, structs.replace(count, shelf=shelf))


def on_undo_label(turn: Turn, scan: Scan) -> None:
    count = count_of(turn)
    shelf = shelf_of(count)
    name = id_of(turn, shelf.last[-1].ref if shelf.last else shelf.ref)
    if name is None:
        refuse(turn, scan, "nothing-to-undo")
    elif shelf.last:
        *rest, newest = shelf.last
        void = Voided(events=(name,), items=(newest.code,))
        turn.append(void, before={newest.code: newest.before})
        if newest.printed:
            turn.cancelled.append(newest.code)
        shelf = structs.replace(
            shelf,
            seen=without(shelf.seen, newest.code),
            left=with_code(shelf.left, newest.code) if newest.expected else shelf.left,
            surplus=shelf.surplus - newest.surplus,
            last=tuple(rest),
        )
        go(turn, Phase.SHELF, structs.replace(count, shelf=shelf))
        turn.say(Signal.SAVED, "undone", count=1)
    elif not shelf.seen:
        turn.append(Voided(events=(name,)))
        go(turn, Phase.COUNTING, structs.replace(count, shelf=None))
        turn.say(Signal.SAVED, "shelf-undone")
    else:
        refuse(turn, scan, "nothing-to-undo")


def on_no_label(turn: Turn, scan: Scan) -> None:
    go(turn, Phase.UNLABELLED, count_of(turn))
    turn.say(Signal.ATTENTION, "which-unlabelled")


def on_unlabelled(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, CategoryCard)
    _label(turn, scan.category)


def on_unlabelled_unsorted(turn: Turn, scan: Scan) -> None:
    """Nobody said what it is, but it stands there."""
    _label(turn, UNSORTED.key)


def _label(turn: Turn, category: str) -> None:
    count = count_of(turn)
    shelf = shelf_of(count)
    try:
        (code,) = turn.take_codes(1)
    except LookupError:
        turn.append(Noticed(kind="no-prefix-left"))
        go(turn, Phase.SHELF, count)
        turn.say(Signal.REFUSED, "no-codes")
        return
    ref = turn.append(
        FoundUnlabelled(count=count.count, place=shelf.place, item=code, category=category)
    )
    turn.jobs.append(LabelJob(code, category))
    _add(turn, Seen(code, ref, ItemFacts("voided"), printed=True, surplus=True))
    turn.say(Signal.SAVED, "found-labelled", category=category)


def on_undo_unlabelled(turn: Turn, scan: Scan) -> None:
    turn.append(Noticed(kind="pending-dropped"))
    go(turn, Phase.SHELF, count_of(turn))
    turn.say(Signal.SAVED, "undone", count=1)


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.SHELF,), _I.ITEM, on_label,
        "it stands here; what does not agree is said and recorded, and twice counts once",
        (_P.SHELF,)),
    Row((_P.SHELF,), _I.BOX, on_label,
        "the box stands here; when it is sealed its contents are not checked", (_P.SHELF,)),
    Row((_P.SHELF,), _I.UNDO, on_undo_label,
        "the last label was not counted; before the first, the shelf was not opened",
        (_P.SHELF, _P.COUNTING)),
    Row((_P.SHELF,), _I.NO_LABEL, on_no_label, "asks what has no label", (_P.UNLABELLED,)),
    Row((_P.UNLABELLED,), _I.CATEGORY, on_unlabelled,
        "a new label is printed for it, and it counts", (_P.SHELF,)),
    Row((_P.UNLABELLED,), _I.FINISH, on_unlabelled_unsorted,
        "a new label is printed for it, to be sorted", (_P.SHELF,)),
    Row((_P.UNLABELLED,), _I.TIMEOUT, on_unlabelled_unsorted,
        "nobody said what it is: a new label is printed for it, to be sorted", (_P.SHELF,)),
    Row((_P.UNLABELLED,), _I.UNDO, on_undo_unlabelled,
        "it is put aside, nothing is recorded", (_P.SHELF,)),
)  # fmt: skip
