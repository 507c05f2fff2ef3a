"""Boxes: packed, sealed, opened, emptied. They move as one, like an item, by their own label.

* **Pack** (the card), then a box's label: what is scanned from now on is in it. Without a box's
  label the first item starts a new box, and its label is printed: nothing has to be decided
  beforehand. "Seal" closes the box with a contents slip, and the next label begins the next box;
  finish leaves it open.
* **Take out** (the card), then a box's label: what is scanned from now on is out of it. Finish
  with nothing scanned means that everything is out; time alone empties no box.
* A sealed box that is opened is no longer sealed, and that is recorded.
* A box can stand in a box, though not in itself. What waits to be checked is not packed: nobody
  would see it any more.
"""

from typing import Final

from contract.codes import Kind
from contract.events import (
    MAX_CODES_PER_EVENT,
    ItemSeen,
    Packed,
    Sealed,
    Unpacked,
)
from drivers.ports import Signal
from kiosk.inputs import BoxLabel, InputKind, ItemLabel, Scan
from kiosk.state import ItemFacts, LabelJob, LastAction, Part, Phase, SlipJob, waits
from kiosk.told import HERE
from kiosk.workflow.goods import take_codes
from kiosk.workflow.handing import known, out_of_boxes
from kiosk.workflow.labels import GONE, NOT_OURS
from kiosk.workflow.turn import (
    TRAIL,
    UNDO_MS,
    Row,
    Turn,
    close_session,
    enter,
    open_session,
    refuse,
    window,
)
from kiosk.workflow.undo import undo_trail

AWAY: Final = GONE | {"out"}
"""What should not be at this stop."""


def on_pack(turn: Turn, scan: Scan) -> None:
    _begin(turn, Phase.PACKING)
    turn.say(Signal.ATTENTION, "pack-which")


def on_unpack(turn: Turn, scan: Scan) -> None:
    _begin(turn, Phase.UNPACKING)
    turn.say(Signal.ATTENTION, "unpack-which")


def _begin(turn: Turn, phase: Phase) -> None:
    if turn.state.session is None:
        open_session(turn, turn.state.person)
    turn.set(phase=phase, box=None)
    _stay(turn)


def _stay(turn: Turn) -> None:
    enter(turn, turn.state.phase, window(turn.state, turn.facts.settings))


def _step(turn: Turn, parts: tuple[Part, ...], box: str | None) -> None:
    """Something was done that undo takes back, and ``box`` is the open one after it."""
    trail = (*turn.state.trail, LastAction(parts, turn.state.box))
    turn.set(trail=trail[-TRAIL:], box=box)
    _stay(turn)


def on_packed(turn: Turn, scan: Scan) -> None:
    """A box's label opens it; anything after that goes into it."""
    assert isinstance(scan, ItemLabel | BoxLabel)
    before = turn.facts.item or ItemFacts("unknown")
    box = turn.state.box
    if box is None and isinstance(scan, BoxLabel):
        _open(turn, scan.code, before)
        return
    why_not = _why_not(turn, scan.code, before)
    if why_not is not None:
        turn.append(ItemSeen(item=scan.code, outcome=why_not, session=turn.state.session))
        _stay(turn)
        turn.say(Signal.ATTENTION, f"not-packed-{why_not}")
        return
    if box is None:
        codes = take_codes(turn, 1, Kind.BOX)
        if codes is None:
            return
        box = codes[0]
        turn.jobs.append(LabelJob(box, ""))
    _step(turn, _pack(turn, box, scan.code, before), box)
    if before.status in NOT_OURS | {"voided"}:
        turn.say(Signal.ATTENTION, "packed-unknown")
    elif before.status in AWAY:
        turn.say(Signal.ATTENTION, "packed-gone")
    else:
        turn.say(Signal.SAVED, "packed")


def _why_not(turn: Turn, code: str, before: ItemFacts) -> str | None:
    box = turn.state.box
    if box is not None and _holds(turn, code, box):
        return "itself"
    if box is not None and before.box == box:
        return "packed"
    return "quarantined" if waits(before) else None


def _holds(turn: Turn, code: str, box: str) -> bool:
    """Whether the open box is this one, or in it."""
    seen: set[str] = set()
    inner: str | None = box
    while inner is not None and inner not in seen:
        if inner == code:
            return True
        seen.add(inner)
        inner = turn.facts.known[inner].box
    return False


def _pack(turn: Turn, box: str, code: str, before: ItemFacts) -> tuple[Part, ...]:
    """Into the box with it. A box that nobody here knew of, or that was thought to be elsewhere,
    is here now."""
    of_box, session = turn.known(box), turn.state.session
    parts: list[Part] = []
    if of_box.status in AWAY:
        parts += out_of_boxes(turn, ((box, of_box),))
    ref = turn.append(Packed(box=box, items=(code,), session=session))
    if of_box.status in HERE:
        return (Part(ref, (code,), (before,)),)
    return (*parts, Part(ref, (code, box), (before, of_box)))


def _open(turn: Turn, box: str, before: ItemFacts) -> None:
    """From now on this box is the one that is meant; a seal is broken."""
    session = turn.state.session
    if before.sealed:
        ref = turn.append(Unpacked(box=box, items=(), session=session))
    else:
        ref = turn.append(ItemSeen(item=box, outcome=before.status, session=session))
    _step(turn, (Part(ref, (box,), (before,)),), box)
    count = len(turn.facts.contents)
    if before.sealed:
        turn.say(Signal.ATTENTION, "box-unsealed", count=count)
    elif before.status in AWAY:
        turn.say(Signal.ATTENTION, "box-elsewhere", count=count)
    else:
        turn.say(Signal.SAVED, "box-open", count=count)


def on_seal(turn: Turn, scan: Scan) -> None:
    """The box is closed, with a slip of what is in it that also is its label; next box."""
    box = turn.state.box
    if box is None:
        refuse(turn, scan, "box-first")
        return
    before = turn.facts.known[box]
    ref = turn.append(Sealed(box=box, session=turn.state.session))
    turn.jobs.append(SlipJob("sealed", box, turn.facts.contents, turn.facts.wall))
    _step(turn, (Part(ref, (box,), (before,)),), None)
    turn.say(Signal.SAVED, "sealed", count=len(turn.facts.contents))


def on_unpacked(turn: Turn, scan: Scan) -> None:
    """Out of the open box, or of the one that it is known to be in. Another box's label opens
    that one."""
    assert isinstance(scan, ItemLabel | BoxLabel)
    before = turn.facts.item or ItemFacts("unknown")
    box = turn.state.box or before.box
    if isinstance(scan, BoxLabel) and (box is None or before.box != box):
        _open(turn, scan.code, before)
        return
    if box is None:
        refuse(turn, scan, "box-first")
        return
    listed = before.box == box
    parts = () if listed else tuple(out_of_boxes(turn, ((scan.code, before),)))
    of_box = turn.known(box)
    ref = turn.append(Unpacked(box=box, items=(scan.code,), session=turn.state.session))
    if of_box.sealed:
        part = Part(ref, (scan.code, box), (before, of_box))
    else:
        part = Part(ref, (scan.code,), (before,))
    _step(turn, (*parts, part), box)
    if listed:
        turn.say(Signal.SAVED, "unpacked")
    else:
        turn.say(Signal.ATTENTION, "unpacked-unlisted")


def on_undo_box(turn: Turn, scan: Scan) -> None:
    """Takes the last step of packing or taking out back; with none left the mode ends."""
    if not turn.state.trail:
        close_session(turn, "undone")
        turn.say(Signal.SAVED, "closed-empty")
        return
    undone = undo_trail(turn)
    assert undone is not None
    for part in undone.parts:
        for code, before in zip(part.items, part.before, strict=True):
            if code.startswith(Kind.BOX) and before.status == "unknown":
                turn.cancelled.append(code)  # a box that was never begun needs no label
    turn.set(box=undone.box)
    _stay(turn)


def on_finish_packing(turn: Turn, scan: Scan) -> None:
    """The box stays open: more can go in another day."""
    count, packed = len(turn.facts.contents), turn.state.box is not None
    close_session(turn, "finished")
    if packed:
        turn.say(Signal.SAVED, "packing-done", count=count)
    else:
        turn.say(Signal.SAVED, "closed-empty")


def on_finish_unpacking(turn: Turn, scan: Scan) -> None:
    """With nothing scanned since the box was opened, all that was in it is out."""
    state, contents = turn.state, turn.facts.contents
    box = state.box
    nothing = bool(state.trail) and state.trail[-1].parts[-1].items == (box,)
    parts: list[Part] = []
    if box is not None and nothing:
        for start in range(0, len(contents), MAX_CODES_PER_EVENT):
            some = known(turn, contents[start : start + MAX_CODES_PER_EVENT])
            codes = tuple(code for code, _ in some)
            ref = turn.append(Unpacked(box=box, items=codes, session=state.session))
            before = tuple(facts for _, facts in some)
            parts.append(Part(ref, codes, before))
    close_session(turn, "finished")
    if not parts:
        turn.say(Signal.SAVED, "unpacking-done" if box is not None else "closed-empty")
        return
    turn.set(last=LastAction(tuple(parts)), touched=turn.facts.now)
    turn.set(deadline=turn.facts.now + UNDO_MS)
    turn.say(Signal.SAVED, "unpacked-all", count=len(contents))


def on_box_timeout(turn: Turn, scan: Scan) -> None:
    """Nobody scans any more. What is in the box stays in it."""
    packed = turn.state.phase is Phase.PACKING and turn.state.box is not None
    count = len(turn.facts.contents)
    close_session(turn, "rest")
    if packed:
        turn.say(Signal.SAVED, "packing-done", count=count)
    else:
        turn.say(Signal.IDLE, "rest")


_P = Phase
_I = InputKind
_FROM: Final = (_P.REST, _P.CARDED, _P.PACKING, _P.UNPACKING)

ROWS: Final = (
    Row(_FROM, _I.PACK, on_pack, "things go into a box: its label follows, or the first thing",
        (_P.PACKING,)),
    Row((_P.PACKING,), _I.ITEM, on_packed,
        "goes into the open box; without one it starts a new box, whose label is printed",
        (_P.PACKING,)),
    Row((_P.PACKING,), _I.BOX, on_packed,
        "is the box from now on; with one open already it goes into that", (_P.PACKING,)),
    Row((_P.PACKING,), _I.SEAL, on_seal,
        "the open box is sealed, with a contents slip; the next label begins the next box",
        (_P.PACKING,)),
    Row((_P.PACKING,), _I.FINISH, on_finish_packing,
        "the box stays open; the session is closed", (_P.REST,)),
    Row(_FROM, _I.UNPACK, on_unpack, "things come out of a box: its label follows",
        (_P.UNPACKING,)),
    Row((_P.UNPACKING,), _I.ITEM, on_unpacked,
        "comes out of the open box, or of the one it is known to be in", (_P.UNPACKING,)),
    Row((_P.UNPACKING,), _I.BOX, on_unpacked,
        "is the box from now on; one that is in the open box comes out of it",
        (_P.UNPACKING,)),
    Row((_P.UNPACKING,), _I.FINISH, on_finish_unpacking,
        "with nothing scanned since the box was opened, all of it is out; the session is closed",
        (_P.REST,)),
    Row((_P.PACKING, _P.UNPACKING), _I.TIMEOUT, on_box_timeout,
        "the session is closed; what is in the box stays in it", (_P.REST,)),
    Row((_P.PACKING, _P.UNPACKING), _I.UNDO, on_undo_box,
        "the last step is taken back; with none left the mode ends",
        (_P.PACKING, _P.UNPACKING, _P.REST)),
)  # fmt: skip
