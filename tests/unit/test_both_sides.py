"""Kiosk and hub say the same of every item: told as short stories, and of anything at all."""

import pytest

from contract.codes import Kind
from kiosk.inputs import Scan
from tests.support.both_sides import BothSides, Step, anything, differ, shortest
from tests.support.lanes import (
    ANN,
    FINISH,
    PLAN,
    RICE,
    SHELF,
    UNDO,
)
from tests.support.stories_boxes import PACK, UNPACK
from tests.support.stories_count import COUNT, IN
from tests.support.stories_intake import IS_PAST, QUARANTINE, RELEASE
from tests.support.stories_market import FIVE, MARKET
from tests.support.stories_transfers import BROKEN, MISSING, RECEIVE

FIRST, BOX = 0, 1
"""The label of the first thing that came in, and of the box that was packed after it."""

_STORIES: dict[str, tuple[list[tuple[str, Scan | int]], str]] = {
    "the intake is taken back after another lane handed the item over": (
        [("door", RICE), ("back", ANN), ("back", FIRST), ("back", PLAN), ("door", UNDO)],
        "out",
    ),
    "the intake is taken back after another lane moved the item": (
        [("door", RICE), ("back", ANN), ("back", FIRST), ("back", SHELF), ("door", UNDO)],
        "here",
    ),
    "the intake is taken back while another lane has the item in hand": (
        [("door", RICE), ("back", ANN), ("back", FIRST), ("door", UNDO), ("back", PLAN)],
        "out",
    ),
    "the intake is taken back while another lane puts the item aside": (
        [("door", RICE), ("back", ANN), ("back", FIRST), ("door", UNDO), ("back", QUARANTINE)],
        "quarantined",
    ),
    "a card says something of what another lane has given away": (
        [("door", RICE), ("back", ANN), ("back", FIRST), ("back", PLAN), ("door", QUARANTINE)],
        "out",
    ),
    "a past date is read after another lane threw the item away": (
        [("door", RICE), ("back", ANN), ("back", FIRST), ("back", BROKEN), ("door", IS_PAST)],
        "disposed",
    ),
    "a handover is taken back after another lane took back what was before it": (
        [
            ("door", RICE),
            ("door", FINISH),
            ("door", ANN),
            ("door", FIRST),
            ("door", PLAN),
            ("back", ANN),
            ("back", FIRST),
            ("back", SHELF),
            ("door", UNDO),
            ("back", UNDO),
        ],
        "here",
    ),
    "what waits to be checked waits on when it was lost and is found": (
        [
            ("door", RICE),
            ("door", QUARANTINE),
            ("door", FINISH),
            ("door", ANN),
            ("door", FIRST),
            ("door", MISSING),
            ("back", RECEIVE),
            ("back", FIRST),
        ],
        "quarantined",
    ),
    "what was sold stands on the shelf that is counted": (
        [
            ("door", RICE),
            ("door", FINISH),
            ("back", MARKET),
            ("back", FIRST),
            ("back", FIVE),
            ("door", COUNT),
            ("door", IN),
            ("door", FIRST),
        ],
        "here",
    ),
    "what is counted where its box stands goes with its box": (
        [
            ("door", RICE),
            ("door", FINISH),
            ("door", PACK),
            ("door", FIRST),
            ("door", FINISH),
            ("door", COUNT),
            ("door", IN),
            ("door", FIRST),
            ("back", ANN),
            ("back", BOX),
            ("back", PLAN),
        ],
        "out",
    ),
    "a thing and its box are handed over in one go, and the box is taken in again": (
        [
            ("door", RICE),
            ("door", FINISH),
            ("door", PACK),
            ("door", FIRST),
            ("door", FINISH),
            ("door", ANN),
            ("door", FIRST),
            ("door", BOX),
            ("door", PLAN),
            ("door", RECEIVE),
            ("door", BOX),
        ],
        "here",
    ),
    "what comes out of a box that waits to be checked waits on": (
        [
            ("door", RICE),
            ("door", FINISH),
            ("door", PACK),
            ("door", FIRST),
            ("door", FINISH),
            ("door", ANN),
            ("door", BOX),
            ("door", QUARANTINE),
            ("door", FINISH),
            ("back", UNPACK),
            ("back", BOX),
            ("back", FIRST),
            ("back", FINISH),
            ("door", ANN),
            ("door", BOX),
            ("door", RELEASE),
        ],
        "quarantined",
    ),
}


@pytest.mark.parametrize("story", _STORIES)
def test_kiosk_and_hub_say_the_same_of_an_item(story: str) -> None:
    scans, status = _STORIES[story]
    both = BothSides()
    for lane, scan in scans:
        both.take(Step(lane, scan))
    first = both.labels[FIRST]
    assert first.startswith(Kind.ITEM)
    assert (both.world.item(first).status, both.differences()) == (status, [])


@pytest.mark.parametrize("seed", range(50))
def test_kiosk_and_hub_say_the_same_whatever_is_scanned_at_three_lanes(seed: int) -> None:
    agree_after(anything(seed, 700))


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 110))
def test_kiosk_and_hub_say_the_same_however_much_is_scanned_at_three_lanes(seed: int) -> None:
    for part in range(30):
        agree_after(anything(seed * 1_000 + part, 1_200))


def agree_after(steps: list[Step]) -> None:
    """Fails with the fewest steps after which the two sides differ."""
    if differ(steps, every=50):
        few = shortest(steps)
        raise AssertionError(f"{differ(few)} after {few}")
