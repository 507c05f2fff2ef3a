"""Whether a label came out is asked of whoever stands there, and cards answer it.

Rules
-----
* A second label of one code without the word copy would be a second item. So where nobody knows
  whether a label came out (`kiosk.print_recovery`), none is printed unasked.
* The lane says so and stays where it is: whoever is busy may go on. While the question is what the
  lane says last, three scans answer it: the label itself (it is there), the reprint card (another
  one, marked as a copy), the undo card (this item was not taken in). Which scan is an answer is
  decided by `kiosk.questions`, so here they are inputs of their own.
* A label that is scanned for anything else is there as well.
* Taking back voids all that was said of the item. What more has happened to it, or was said of
  several in one breath, cannot be taken back alone: then its label is printed again, or scanned.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import structs

from contract.events import (
    BoxReceived,
    Event,
    ExpirySet,
    Graded,
    ItemPicked,
    ItemSeen,
    LabelAttached,
    LabelReprinted,
    Quarantined,
    Received,
    Released,
    Voided,
)
from drivers.ports import Signal
from kiosk.inputs import Again, BoxLabel, InputKind, ItemLabel, Scan, TakeOut, There, Unsure
from kiosk.state import Entry, EventRef, ItemFacts, LabelJob, Phase
from kiosk.workflow.goods import QUARANTINE_NOTE, change_group, label_of, last_group
from kiosk.workflow.turn import Row, Turn, intake_deadline, refuse
from kiosk.workflow.undo import void_events

HERE: Final = frozenset({"here", "quarantined"})


def took_in(
    code: str, about: Iterable[Event]
) -> tuple[tuple[EventRef, tuple[str, ...]], ...] | None:
    """The events that took this item in and said something of it, and what each was about.
    ``about`` are all events that name it, oldest first. None when more has become of it."""
    voided: set[str] = set()
    found: list[tuple[str, EventRef, tuple[str, ...]]] = []
    for event in about:
        body = event.public.body
        ref = EventRef(event.public.epoch, event.public.seq)
        match body:
            case Voided():
                voided.update(body.events)
            case Received() | BoxReceived():
                found.append((event.id, ref, (code,)))
            case Graded() | ExpirySet() | Quarantined() | Released():
                found.append((event.id, ref, body.items))
            case LabelAttached() | LabelReprinted() | ItemSeen() | ItemPicked():
                pass
            case _:
                return None
    left = [(ref, items) for event_id, ref, items in found if event_id not in voided]
    alone = left and all(items == (code,) for _, items in left)
    return tuple(left) if alone else None


def confirm(turn: Turn, scan: Scan) -> None:
    """A label of which nobody knew whether it came out was scanned: it did."""
    if not turn.facts.unsure or not isinstance(scan, ItemLabel | BoxLabel):
        return
    printed = any(isinstance(job, LabelJob) and job.item == scan.code for job in turn.jobs)
    if printed or turn.signal is Signal.REFUSED:
        return
    if not any(_attaches(draft.body, scan.code) for draft in turn.drafts):
        turn.append(LabelAttached(item=scan.code, how="scanned"))
    turn.settled.append(scan.code)


def _attaches(body: object, code: str) -> bool:
    return isinstance(body, LabelAttached) and body.item == code


def on_unsure(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, Unsure)
    turn.say(Signal.ATTENTION, "label-unsure", label=scan.code)


def on_there(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, There)
    turn.append(LabelAttached(item=scan.code, how="scanned"))
    turn.settled.append(scan.code)
    if _entry(turn, scan.code) is not None:
        turn.set(
            entries=tuple(
                structs.replace(entry, attached=True) if entry.code == scan.code else entry
                for entry in turn.state.entries
            )
        )
    _stay(turn)
    turn.say(Signal.SAVED, "label-checked")


def on_again(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, Again)
    entry = _entry(turn, scan.code)
    facts = turn.facts.item or ItemFacts("unknown")
    note = QUARANTINE_NOTE if facts.status == "quarantined" else ""
    turn.append(LabelReprinted(item=scan.code, session=turn.state.session))
    turn.jobs.append(
        label_of(entry, copy=True)
        if entry is not None
        else LabelJob(scan.code, facts.category or "", copy=True, note=note)
    )
    _stay(turn)
    turn.say(Signal.SAVED, "reprinted")


def on_take_out(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, TakeOut)
    group = last_group(turn.state)
    if any(entry.code == scan.code for entry in group):
        change_group(turn, tuple(entry for entry in group if entry.code != scan.code))
        turn.set(quantity_given=True)
        turn.say(Signal.SAVED, "undone", count=1)
        return
    status = turn.facts.item.status if turn.facts.item is not None else "unknown"
    if turn.facts.took_in is None or status not in HERE:
        refuse(turn, scan, "label-stays", label=scan.code)
        return
    if not _leaves_its_group(turn, scan.code):
        refuse(turn, scan, "label-stays", label=scan.code)
        return
    void_events(turn, turn.facts.took_in, {})
    turn.cancelled.append(scan.code)
    _stay(turn)
    turn.say(Signal.SAVED, "undone", count=1)


def _leaves_its_group(turn: Turn, code: str) -> bool:
    """Takes the entry out of an earlier group of the session, where it is in one. False when a
    card said something of that group: undo takes that back step by step."""
    state = turn.state
    if _entry(turn, code) is None:
        return True
    groups = list(state.groups)
    place = next(n for n, entry in enumerate(state.entries) if entry.code == code)
    before = 0
    for number, count in enumerate(groups):
        if before + count > place:
            if groups[number + 1 : number + 2] == [0]:
                return False
            groups[number] -= 1
            if not groups[number]:
                del groups[number]
            break
        before += count
    entries = (*state.entries[:place], *state.entries[place + 1 :])
    turn.set(entries=entries, groups=tuple(groups))
    return True


def _entry(turn: Turn, code: str) -> Entry | None:
    """The item in this intake, where it came in just now."""
    return next((entry for entry in turn.state.entries if entry.code == code), None)


def _stay(turn: Turn) -> None:
    """Somebody is there: an intake stays open for as long as after an item."""
    if turn.state.phase is Phase.INTAKE:
        turn.set(touched=turn.facts.now, deadline=intake_deadline(turn))


_P = Phase
_I = InputKind
_ANY: Final = tuple(Phase)
_INTAKE: Final = (_P.REST, _P.CARDED, _P.INTAKE)

ROWS: Final = (
    Row(_ANY, _I.UNSURE, on_unsure,
        "asks whether the label came out: it, the reprint card or the undo card answer", _ANY),
    Row(_ANY, _I.THERE, on_there, "the label that was asked about is there", _ANY),
    Row(_ANY, _I.AGAIN, on_again, "the label that was asked about is printed as a copy", _ANY),
    Row(_INTAKE, _I.TAKE_OUT, on_take_out,
        "the item whose label was asked about is voided, where nothing else became of it", _INTAKE),
)  # fmt: skip
