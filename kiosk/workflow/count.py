"""The stocktake: begun, shelf after shelf, paused, resumed, closed.

Rules
-----
* **A shelf's own sheet opens and closes it**; so does the next shelf's sheet, and “finish”. What
  is scanned in between stands there (`kiosk.workflow.shelf`).
* **Intake goes on meanwhile** on other lanes, or on this one while the stocktake rests. It lands on
  the intake shelf, which is therefore counted last: who opens it earlier is told so.
* A shelf's variance is what this kiosk thought stood there when it was opened, still thinks stands
  there when it is closed, and nobody saw. What a volunteer fetched in between is not missing. It
  is what is seen from here; the hub, which knows every stop, has the last word.
* The stocktake lasts until it is closed, through pauses, rest and cuts of power. A shelf that was
  open stays open. Undo after a shelf was closed opens it again.
* No number is ever corrected here: what was seen is recorded, and the hub judges.
"""

from typing import Final

from msgspec import structs

from contract.codes import PLACE_IN
from contract.events import (
    CountClosed,
    CountOpened,
    CountPaused,
    CountResumed,
    Private,
    ShelfClosed,
    ShelfOpened,
    Voided,
)
from drivers.ports import Signal
from kiosk.inputs import InputKind, PlaceSheet, Scan
from kiosk.state import ClosedShelf, Count, Phase, Shelf, ShelfResult, SlipJob
from kiosk.workflow.codeset import packed, size, unpacked
from kiosk.workflow.turn import (
    Facts,
    Row,
    Turn,
    at_rest,
    close_session,
    enter,
    id_of,
    refuse,
    window,
)

MAX_LISTED: Final = 40
"""Missing labels that the closing slip names: 27 cm of paper."""
ELSEWHERE: Final = frozenset({"stop", "team", "disposal", "outside"})
"""Kinds of place that are no shelf of this stop."""


def count_of(turn: Turn) -> Count:
    """The stocktake of this lane."""
    assert turn.state.count is not None
    return turn.state.count


def shelf_of(count: Count) -> Shelf:
    """The shelf that is being counted."""
    assert count.shelf is not None
    return count.shelf


def go(turn: Turn, phase: Phase, count: Count) -> None:
    """To this phase of the stocktake, with the whole of its time."""
    closes_ms = window(structs.replace(turn.state, phase=phase), turn.facts.settings)
    enter(turn, phase, closes_ms, count=count)


def on_count(turn: Turn, scan: Scan) -> None:
    """Begins a stocktake on this lane, or goes on with the one that rests."""
    person = Private(person=turn.state.person)
    if turn.state.session is not None:
        close_session(turn, "count")
    count = turn.state.count
    if count is None:
        name = turn.sessions.pop(0)
        count = Count(name, turn.append(CountOpened(count=name), person))
        turn.say(Signal.SAVED, "count-opened")
    else:
        turn.append(CountResumed(count=count.count), person)
        if count.shelf is None:
            turn.say(Signal.SAVED, "count-resumed", shelves=len(count.results))
        else:
            turn.say(Signal.SAVED, "count-resumed-shelf", seen=size(count.shelf.seen))
    count = structs.replace(count, paused=False)
    go(turn, Phase.COUNTING if count.shelf is None else Phase.SHELF, count)


def on_place(turn: Turn, scan: Scan) -> None:
    """A shelf's sheet: closes the shelf that is open, and opens this one when it is another."""
    assert isinstance(scan, PlaceSheet)
    count = count_of(turn)
    if count.shelf is not None and count.shelf.place == scan.code:
        _say_closed(turn, _close_shelf(turn))
        return
    if turn.facts.place_kind in ELSEWHERE:
        refuse(turn, scan, "not-a-shelf")
        return
    closed = _close_shelf(turn) if count.shelf is not None else None
    _open_shelf(turn, scan.code, closed)


def on_finish_shelf(turn: Turn, scan: Scan) -> None:
    _say_closed(turn, _close_shelf(turn))


def _open_shelf(turn: Turn, place: str, closed: ShelfResult | None) -> None:
    count, expected = count_of(turn), turn.facts.shelf
    ref = turn.append(ShelfOpened(count=count.count, place=place))
    again = place in (result.place for result in count.results)
    early = place == PLACE_IN and not again
    left = shelves_left(count, turn.facts)
    shelf = Shelf(place, ref, len(expected), packed(expected))
    go(turn, Phase.SHELF, structs.replace(count, shelf=shelf, closed=None))
    if closed is not None and closed.missing:
        turn.say(
            Signal.ATTENTION,
            "shelf-next-missing",
            missing=closed.missing,
            expected=shelf.expected,
        )
    elif early and left:
        turn.say(Signal.ATTENTION, "in-last", left=len(left))
    elif early and not turn.facts.shelves:
        turn.say(Signal.ATTENTION, "in-last-unknown")
    elif again:
        turn.say(Signal.ATTENTION, "shelf-again")
    else:
        turn.say(Signal.SAVED, "shelf-opened", expected=shelf.expected)


def _close_shelf(turn: Turn) -> ShelfResult:
    """The shelf's count ends; the lane waits for the next one."""
    count = count_of(turn)
    shelf = shelf_of(count)
    standing = frozenset(turn.facts.open_shelf)
    missing = tuple(code for code in unpacked(shelf.left) if code in standing)
    seen = size(shelf.seen)
    room = MAX_LISTED - sum(len(result.codes) for result in count.results)
    result = ShelfResult(
        shelf.place,
        seen,
        shelf.expected,
        len(missing),
        shelf.surplus,
        missing[: max(0, room)],
    )
    ref = turn.append(
        ShelfClosed(
            count=count.count,
            place=shelf.place,
            seen=seen,
            expected=shelf.expected,
            missing=len(missing),
        )
    )
    closed = ClosedShelf(ref, shelf)
    go(
        turn,
        Phase.COUNTING,
        structs.replace(count, shelf=None, closed=closed, results=(*count.results, result)),
    )
    return result


def _say_closed(turn: Turn, result: ShelfResult) -> None:
    key = "shelf-missing" if result.missing else "shelf-closed"
    signal = Signal.ATTENTION if result.missing else Signal.SAVED
    count = count_of(turn)
    if turn.facts.shelves and not shelves_left(count, turn.facts):
        counted = {result.place for result in count.results}
        key += "-all" if PLACE_IN in counted else "-now-in"
    turn.say(signal, key, seen=result.seen, missing=result.missing)


def shelves_left(count: Count, facts: Facts) -> tuple[str, ...]:
    """The places where something should stand and nobody has counted yet, but for the intake
    shelf."""
    done = {result.place for result in count.results} | {PLACE_IN}
    return tuple(place for place in facts.shelves if place not in done)


def on_undo_counting(turn: Turn, scan: Scan) -> None:
    """The last shelf is opened again; before the first one, the stocktake did not begin."""
    count = count_of(turn)
    name = id_of(turn, count.closed.ref if count.closed is not None else count.opened)
    if count.closed is not None and name is not None:
        shelf = count.closed.shelf
        turn.append(Voided(events=(name,)))
        count = structs.replace(count, shelf=shelf, closed=None, results=count.results[:-1])
        go(turn, Phase.SHELF, count)
        turn.say(Signal.SAVED, "shelf-reopened", seen=size(shelf.seen))
    elif name is not None and not count.results:
        turn.append(Voided(events=(name,)))
        turn.set(count=None)
        turn.state = at_rest(turn.state)
        turn.say(Signal.SAVED, "count-undone")
    else:
        refuse(turn, scan, "nothing-to-undo")


def on_pause(turn: Turn, scan: Scan) -> None:
    _pause(turn, "card")
    turn.say(Signal.SAVED, "count-paused")


def on_idle(turn: Turn, scan: Scan) -> None:
    _pause(turn, "idle")
    turn.say(Signal.IDLE, "count-paused")


def _pause(turn: Turn, why: str) -> None:
    count = count_of(turn)
    turn.append(CountPaused(count=count.count, why=why))
    turn.set(count=structs.replace(count, paused=True))
    turn.state = at_rest(turn.state)


def on_close(turn: Turn, scan: Scan) -> None:
    """The stocktake is done, with a slip of what differs as seen from here."""
    if turn.state.phase is Phase.SHELF:
        _close_shelf(turn)
    count = count_of(turn)
    results = count.results
    seen = sum(result.seen for result in results)
    missing = sum(result.missing for result in results)
    turn.append(CountClosed(count=count.count, shelves=len(results), seen=seen))
    figures = (
        ("shelves", len(results)),
        ("seen", seen),
        ("expected", sum(result.expected for result in results)),
        ("missing", missing),
        ("surplus", sum(result.surplus for result in results)),
    )
    turn.jobs.append(SlipJob("count", "", (), turn.facts.wall, figures, results))
    turn.set(count=None)
    turn.state = at_rest(turn.state)
    if missing:
        turn.say(Signal.ATTENTION, "count-closed-missing", seen=seen, missing=missing)
    else:
        turn.say(Signal.SAVED, "count-closed", seen=seen)


def on_label_without_shelf(turn: Turn, scan: Scan) -> None:
    refuse(turn, scan, "shelf-first")


_P = Phase
_I = InputKind
_OPEN: Final = (_P.COUNTING, _P.SHELF)

ROWS: Final = (
    Row((_P.REST, _P.CARDED), _I.COUNT, on_count,
        "begins a stocktake on this lane, or goes on with the one that rests", _OPEN),
    Row(_OPEN, _I.PLACE, on_place,
        "closes the shelf that is open; another one than that is opened", _OPEN),
    Row((_P.SHELF,), _I.FINISH, on_finish_shelf, "the shelf is done", (_P.COUNTING,)),
    Row((_P.COUNTING,), _I.ITEM, on_label_without_shelf, "refused: the shelf first",
        (_P.COUNTING,)),
    Row((_P.COUNTING,), _I.BOX, on_label_without_shelf, "refused: the shelf first",
        (_P.COUNTING,)),
    Row((_P.COUNTING,), _I.UNDO, on_undo_counting,
        "the last shelf is opened again; before the first, the stocktake is voided",
        (_P.SHELF, _P.REST)),
    Row(_OPEN, _I.PAUSE, on_pause,
        "the stocktake rests, an open shelf stays open; its card goes on with it", (_P.REST,)),
    Row((_P.COUNTING,), _I.FINISH, on_pause,
        "the stocktake rests; its card goes on with it", (_P.REST,)),
    Row(_OPEN, _I.TIMEOUT, on_idle, "nobody counts: the stocktake rests", (_P.REST,)),
    Row(_OPEN, _I.CLOSE, on_close,
        "the stocktake is closed, with a slip of what differs as seen from here", (_P.REST,)),
)  # fmt: skip
