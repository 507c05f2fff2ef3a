"""Boxes, travels between stops and recalls, told as lists of events and looked at as rows."""

import pytest

from contract import events
from hub.folds.boxes import BoxState, fold_box
from hub.folds.item import fold_item, last_day_of
from hub.folds.legs import ARRIVED, BETWEEN, LOST, SEEN
from hub.folds.recalls import fold_recall
from tests.unit.test_folds_item import (
    BOX,
    CRATE,
    ITEM,
    LABEL,
    OTHER,
    RECEIVED,
    ROOM,
    SESSION,
    SHELF,
    told,
    void,
)

SENT = events.Sent(to=ROOM, kind="stop", items=(ITEM,))
ARRIVES = events.Arrived(place=SHELF, items=(ITEM,))


def box(*bodies: events.Body, code: str = BOX) -> BoxState:
    state = fold_box(code, told(*bodies))
    assert state is not None
    return state


def test_a_box_is_where_it_was_put_and_in_what_it_was_packed() -> None:
    packed = events.Packed(box=BOX, items=(ITEM,))
    moved = events.Moved(place=SHELF, items=(BOX,))
    nested = events.Packed(box=CRATE, items=(BOX,))
    assert box(packed, moved).place == SHELF
    assert box(packed, moved, nested).outer == CRATE
    crate_moved = events.Moved(place=ROOM, items=(CRATE,))
    assert box(packed, nested, crate_moved).place == ROOM
    assert box(packed, nested, crate_moved).outer == CRATE
    assert box(packed, nested, events.Moved(place=ROOM, items=(BOX,))).outer is None


def test_a_seal_holds_until_somebody_opens_the_box() -> None:
    packed, sealed = events.Packed(box=BOX, items=(ITEM,)), events.Sealed(box=BOX)
    assert box(packed, sealed).sealed
    assert not box(packed, sealed, events.Unpacked(box=BOX, items=())).sealed
    assert not box(packed, sealed, events.Packed(box=BOX, items=(OTHER,))).sealed


def test_a_kit_is_one_until_it_is_broken() -> None:
    built = events.KitBuilt(box=BOX, kit="winter", items=(ITEM, OTHER))
    assert box(built).kit == "winter"
    assert box(built, events.KitBroken(box=BOX, items=(ITEM, OTHER))).kit is None


def test_a_box_that_only_a_void_speaks_of_is_none() -> None:
    entries = told(events.Packed(box=BOX, items=(ITEM,)))
    entries = told(events.Packed(box=BOX, items=(ITEM,)), void(entries, 1))
    assert fold_box(BOX, entries) is None


@pytest.mark.parametrize(
    ("after", "outcomes"),
    [
        ((), [BETWEEN]),
        ((ARRIVES,), [ARRIVED]),
        ((events.Counted(count=SESSION, place=SHELF, item=ITEM, outcome="ok"),), [SEEN]),
        ((events.Missing(items=(ITEM,)),), [LOST]),
        ((events.Corrected(items=(ITEM,), status="missing", why="lost"),), [LOST]),
        ((events.Missing(items=(ITEM,)), ARRIVES), [ARRIVED]),
        ((events.Missing(items=(ITEM,)), events.Moved(place=SHELF, items=(ITEM,))), [SEEN]),
        ((SENT,), [SEEN, BETWEEN]),
        ((ARRIVES, SENT, ARRIVES), [ARRIVED, ARRIVED]),
        ((ARRIVES, events.Missing(items=(ITEM,))), [ARRIVED]),
        ((events.PresumedMissing(count=SESSION, items=(ITEM,), since=0),), [BETWEEN]),
    ],
)
def test_what_was_sent_arrives_or_is_lost(
    after: tuple[events.Body, ...], outcomes: list[str]
) -> None:
    state = fold_item(ITEM, told(RECEIVED, LABEL, SENT, *after))
    assert state is not None
    assert [leg.outcome for leg in state.legs] == outcomes


def test_what_travels_in_a_box_travels_with_it() -> None:
    state = fold_item(
        ITEM,
        told(
            RECEIVED,
            LABEL,
            events.Packed(box=BOX, items=(ITEM,)),
            events.Sent(to=ROOM, kind="stop", items=(BOX,)),
            events.Arrived(place=SHELF, items=(BOX,)),
        ),
    )
    assert state is not None
    [leg] = state.legs
    assert (leg.to, leg.outcome, leg.sent, leg.ended) == (ROOM, ARRIVED, 4, 5)


def test_a_recall_is_over_when_it_was_closed_and_never_was_when_it_was_taken_back() -> None:
    opened = events.RecallOpened(recall=SESSION, gtin="06901234567892", lot="L1")
    closed = events.RecallClosed(recall=SESSION)
    state = fold_recall(SESSION, told(opened))
    assert state is not None
    assert (state.gtin, state.lot, state.closed_t) == ("06901234567892", "L1", None)
    over = fold_recall(SESSION, told(opened, closed))
    assert over is not None
    assert over.closed_t == 2000
    entries = told(opened, closed)
    still = fold_recall(SESSION, told(opened, closed, void(entries, 2)))
    assert still is not None
    assert still.closed_t is None
    assert fold_recall(SESSION, told(opened, void(entries, 1))) is None


@pytest.mark.parametrize(
    ("read", "day"),
    [
        ("2027-02", "2027-02-28"),
        ("2028-02", "2028-02-29"),
        ("2027-12-05", "2027-12-05"),
        ("2027-02-30", None),
        (None, None),
    ],
)
def test_a_month_is_good_to_its_last_day(read: str | None, day: str | None) -> None:
    assert last_day_of(read) == day
