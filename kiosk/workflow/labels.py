"""A label printed again, and where something is. A card, then a label; then the lane is where it
was before. The answer is on paper too, since a stop may have no screen."""

from typing import Final

from contract.events import ItemSeen, LabelReprinted, Noticed
from drivers.ports import Signal
from kiosk.inputs import BoxLabel, InputKind, ItemLabel, Scan
from kiosk.state import ItemFacts, LabelJob, Message, Phase, SlipJob
from kiosk.workflow.goods import QUARANTINE_NOTE, is_box, label_of, last_group
from kiosk.workflow.receiving import drop_pending
from kiosk.workflow.turn import ONE_SCAN_CLOSES_MS, Row, Turn, enter, intake_deadline, refuse

NOT_OURS: Final = frozenset({"unknown", "foreign"})
GONE: Final = frozenset({"voided", "delivered", "sold", "sent", "missing", "disposed"})


def on_reprint(turn: Turn, scan: Scan) -> None:
    enter(turn, Phase.REPRINTING, ONE_SCAN_CLOSES_MS)
    turn.say(Signal.ATTENTION, "reprint-which")


def on_reprint_last(turn: Turn, scan: Scan) -> None:
    """The label of the last item of this intake."""
    group = last_group(turn.state)
    if not group:
        refuse(turn, scan, "reprint-nothing")
        return
    last = group[-1]
    turn.append(LabelReprinted(item=last.code, session=turn.state.session))
    turn.jobs.append(label_of(last, copy=True))
    turn.set(touched=turn.facts.now, deadline=intake_deadline(turn))
    turn.say(Signal.SAVED, "reprinted")


def on_reprint_box(turn: Turn, scan: Scan) -> None:
    """The label of the box that is open."""
    box = turn.state.box
    if box is None:
        refuse(turn, scan, "box-first")
        return
    _print_again(turn, box, turn.facts.known[box])
    turn.say(Signal.SAVED, "reprinted")


def on_reprint_label(turn: Turn, scan: Scan) -> None:
    """A copy of the label that can just about be read, or was typed. Of goods that nobody took in
    here only the code is known."""
    assert isinstance(scan, ItemLabel | BoxLabel)
    facts = turn.facts.item or ItemFacts("unknown")
    if facts.status == "voided":
        refuse(turn, scan, "reprint-voided")
        return
    _print_again(turn, scan.code, facts)
    drop_pending(turn)
    if facts.status in NOT_OURS:
        turn.say(Signal.ATTENTION, "reprinted-unknown")
    else:
        turn.say(Signal.SAVED, "reprinted")


def _print_again(turn: Turn, code: str, facts: ItemFacts) -> None:
    turn.append(LabelReprinted(item=code, session=turn.state.session))
    note = QUARANTINE_NOTE if facts.status == "quarantined" else ""
    turn.jobs.append(LabelJob(code, facts.category or "", copy=True, note=note))


def on_where(turn: Turn, scan: Scan) -> None:
    enter(turn, Phase.LOOKING, ONE_SCAN_CLOSES_MS)
    turn.say(Signal.ATTENTION, "where-which")


def on_where_label(turn: Turn, scan: Scan) -> None:
    """Where it is as far as this kiosk knows, and of a box what is in it."""
    assert isinstance(scan, ItemLabel | BoxLabel)
    facts = turn.facts.item or ItemFacts("unknown")
    turn.append(ItemSeen(item=scan.code, outcome=facts.status, session=turn.state.session))
    inside = turn.facts.contents if is_box(scan.code) else ()
    told = _told(scan.code, facts, len(inside))
    turn.jobs.append(SlipJob("where", scan.code, inside, turn.facts.wall, note=told))
    drop_pending(turn)
    usual = facts.status not in NOT_OURS | GONE
    turn.say(Signal.SAVED if usual else Signal.ATTENTION, told.key, **told.values)


def _told(code: str, facts: ItemFacts, inside: int) -> Message:
    key = facts.status
    values: dict[str, str | int] = {}
    if facts.status in ("here", "quarantined", "sent") and facts.place is not None:
        key += "-at"
        values["place"] = facts.place
    elif facts.status in ("out", "delivered") and facts.plan is not None:
        key += "-plan"
        values["label"] = facts.plan
    if facts.box is not None and facts.status in ("here", "quarantined"):
        key = "in-box"
        values = {"label": facts.box}
    if is_box(code) and facts.status in ("here", "quarantined"):
        key = "box-at" if facts.place is not None else "box"
        values = {"count": inside} | ({"place": facts.place} if facts.place is not None else {})
    return Message(f"where-{key}", values)


def on_back(turn: Turn, scan: Scan) -> None:
    """No label followed: the lane is where it was."""
    turn.append(Noticed(kind="card-dropped"))
    drop_pending(turn)
    turn.say(Signal.SAVED, "undone", count=1)


_P = Phase
_I = InputKind
_BACK: Final = (_P.REST, _P.CARDED)
_ONE_SCAN: Final = (_P.REPRINTING, _P.LOOKING)

ROWS: Final = (
    Row((_P.REST, _P.CARDED, _P.LOOKING), _I.REPRINT, on_reprint,
        "which label? it follows", (_P.REPRINTING,)),
    Row((_P.INTAKE,), _I.REPRINT, on_reprint_last,
        "the last item's label is printed again, as a copy", (_P.INTAKE,)),
    Row((_P.PACKING, _P.UNPACKING), _I.REPRINT, on_reprint_box,
        "the open box's label is printed again, as a copy", (_P.PACKING, _P.UNPACKING)),
    Row((_P.REPRINTING,), _I.ITEM, on_reprint_label,
        "its label is printed again, as a copy; without a category where none is known", _BACK),
    Row((_P.REPRINTING,), _I.BOX, on_reprint_label,
        "its label is printed again, as a copy", _BACK),
    Row((_P.REST, _P.CARDED, _P.REPRINTING), _I.WHERE, on_where,
        "where is what? its label follows", (_P.LOOKING,)),
    Row((_P.LOOKING,), _I.ITEM, on_where_label,
        "says and prints where it is, as far as this kiosk knows", _BACK),
    Row((_P.LOOKING,), _I.BOX, on_where_label,
        "says and prints where it is and what is in it", _BACK),
    Row(_ONE_SCAN, _I.UNDO, on_back, "the card is put aside", _BACK),
)  # fmt: skip
