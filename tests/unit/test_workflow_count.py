"""The stocktake: what is recorded of each shelf, what is missing, and what survives a pause."""

import msgspec
import pytest

from contract.codes import BLOCK, PLACE_IN, Kind, serial_code
from contract.events import CountClosed, Counted, FoundUnlabelled, ShelfClosed
from kiosk.inputs import BoxLabel, ItemLabel, Scan
from kiosk.state import ItemFacts, LabelJob, LaneState, Phase, ShelfResult, SlipJob
from kiosk.texts import next_step
from kiosk.workflow import codeset, restored, step
from kiosk.workflow.count import MAX_LISTED
from kiosk.workflow.shelf import RECENT_LABELS
from tests.support.lanes import (
    ANN,
    CLOTHES,
    FINISH,
    NEVER,
    PLAN,
    PREFIX,
    RICE,
    SHELF,
    STRANGER,
    UNDO,
    WALL,
    World,
)
from tests.support.stories_count import CLOSE, COUNT, IN, NEXT_SHELF, NO_LABEL, PAUSE
from tests.support.telling import ATTENTION, REFUSED, REST, SAVED


def item(n: int) -> ItemLabel:
    return ItemLabel(serial_code(Kind.ITEM, PREFIX, 500 * BLOCK + n))


def box(n: int) -> BoxLabel:
    return BoxLabel(serial_code(Kind.BOX, PREFIX, 500 * BLOCK + n))


def stocked(count: int, place: str = SHELF.code) -> World:
    """So many items stand at a place, and a stocktake has begun."""
    world = World()
    world.known = {item(n).code: ItemFacts("here", place=place) for n in range(count)}
    world.scan(COUNT)
    return world


def counted(world: World) -> list[tuple[str, str]]:
    return [(b.item, b.outcome) for b in world.bodies() if isinstance(b, Counted)]


def closed(world: World) -> ShelfClosed:
    return next(b for b in reversed(world.bodies()) if isinstance(b, ShelfClosed))


def test_a_shelf_tells_how_many_were_seen_expected_and_missing() -> None:
    world = stocked(5)
    world.scans(SHELF, item(0), item(1), item(3), STRANGER, SHELF)
    body = closed(world)
    assert (body.place, body.seen, body.expected, body.missing) == (SHELF.code, 4, 5, 2)


def test_what_left_the_shelf_while_it_was_counted_is_not_missing() -> None:
    world = stocked(3)
    world.scans(SHELF, item(0))
    world.known[item(1).code] = ItemFacts("out", plan="D0000000000")
    world.known[item(2).code] = ItemFacts("here", place=NEXT_SHELF.code)
    assert world.scan(NEXT_SHELF).message.key == "shelf-opened"
    assert closed(world).missing == 0


def test_intake_during_the_stocktake_is_counted_with_the_intake_shelf_which_comes_last() -> None:
    world = stocked(1)
    world.known[item(9).code] = ItemFacts("here", place=PLACE_IN)
    world.scan(SHELF)
    world.scan(RICE, "back")
    new = world.issued()[0]
    world.known[new] = ItemFacts("here", place=PLACE_IN)
    world.scan(item(0))
    assert world.scan(SHELF).message.key == "shelf-closed-now-in"
    opened = world.scan(IN)
    assert (opened.message.key, opened.message.values) == ("shelf-opened", {"expected": 2})
    world.scans(item(9), ItemLabel(new))
    assert world.scan(IN).message.key == "shelf-closed-all"
    assert closed(world).missing == 0


def test_who_counts_the_intake_shelf_too_early_hears_how_many_shelves_are_left() -> None:
    world = stocked(2)
    world.known[item(9).code] = ItemFacts("here", place=PLACE_IN)
    outcome = world.scan(IN)
    assert (outcome.signal, outcome.message.key) == (ATTENTION, "in-last")
    assert outcome.message.values == {"left": 1}
    assert outcome.state.phase is Phase.SHELF


@pytest.mark.parametrize(
    ("facts", "outcome", "after"),
    [
        (ItemFacts("here", place=SHELF.code), "ok", ItemFacts("here", place=SHELF.code)),
        (ItemFacts("here"), "ok", ItemFacts("here", place=SHELF.code)),
        (ItemFacts("here", place=PLACE_IN), "elsewhere", ItemFacts("here", place=SHELF.code)),
        (ItemFacts("here", box=box(1).code), "elsewhere", ItemFacts("here", place=SHELF.code)),
        (
            ItemFacts("quarantined", place=SHELF.code, category="F1"),
            "ok",
            ItemFacts("quarantined", place=SHELF.code, category="F1"),
        ),
        (ItemFacts("missing", place=PLACE_IN), "missing", ItemFacts("here", place=SHELF.code)),
        (ItemFacts("out", plan="D0000000000"), "out", ItemFacts("here", place=SHELF.code)),
        (ItemFacts("delivered"), "delivered", ItemFacts("here", place=SHELF.code)),
        (ItemFacts("sold"), "sold", ItemFacts("here", place=SHELF.code)),
        (ItemFacts("voided"), "voided", ItemFacts("here", place=SHELF.code)),
        (ItemFacts("disposed"), "disposed", ItemFacts("here", place=SHELF.code)),
    ],
)
def test_what_a_label_on_the_shelf_says_and_what_is_known_of_it_then(
    facts: ItemFacts, outcome: str, after: ItemFacts
) -> None:
    world = stocked(0)
    world.known[item(0).code] = facts
    world.scan(SHELF)
    said = world.scan(item(0))
    assert counted(world) == [(item(0).code, outcome)]
    assert said.signal is (SAVED if outcome == "ok" else ATTENTION)
    assert world.known[item(0).code] == after
    world.scan(UNDO)
    assert world.known[item(0).code] == facts


def test_undo_does_not_overrule_what_another_lane_knows_since() -> None:
    world = stocked(1)
    world.scans(SHELF, item(0))
    for scan in (ANN, item(0), PLAN):
        world.scan(scan, "back")
    assert world.scan(UNDO).message.key == "undone"
    assert world.item(item(0).code).status == "out"


def test_a_sealed_box_is_not_looked_into_and_an_open_one_may_be() -> None:
    world = stocked(0)
    world.known = {
        box(1).code: ItemFacts("here", place=SHELF.code, sealed=True),
        box(2).code: ItemFacts("here", place=SHELF.code),
        item(1).code: ItemFacts("here", box=box(1).code),
        item(2).code: ItemFacts("here", box=box(2).code),
    }
    opened = world.scan(SHELF)
    assert opened.message.values == {"expected": 2}
    assert world.scan(box(1)).message.key == "counted-unchecked"
    assert world.scan(box(2)).message.key == "counted"
    assert world.scan(item(2)).message.key == "counted"
    assert world.known[item(2).code].box == box(2).code
    outcome = world.scan(SHELF)
    assert (closed(world).missing, outcome.signal) == (0, SAVED)
    assert outcome.state.count is not None
    assert outcome.state.count.results[0].surplus == 0


def test_something_without_a_label_gets_a_new_code_and_the_lead_matches_it() -> None:
    world = stocked(2)
    world.scans(SHELF, item(0), NO_LABEL)
    outcome = world.scan(CLOTHES)
    found = outcome.drafts[0].body
    assert isinstance(found, FoundUnlabelled)
    assert outcome.jobs == (LabelJob(found.item, "C1"),)
    assert world.item(found.item) == ItemFacts("here", place=SHELF.code, category="C1")
    assert world.scan(ItemLabel(found.item)).message.key == "counted-already"
    world.scan(SHELF)
    assert (closed(world).seen, closed(world).missing) == (2, 1)


def test_the_label_that_was_printed_by_mistake_needs_no_print() -> None:
    world = stocked(1)
    world.scans(SHELF, NO_LABEL, CLOTHES)
    found = world.bodies()[-1]
    assert isinstance(found, FoundUnlabelled)
    outcome = world.scan(UNDO)
    assert outcome.cancelled == (found.item,)
    assert world.item(found.item).status == "voided"
    assert outcome.state.phase is Phase.SHELF


def test_without_a_code_left_the_shelf_goes_on() -> None:
    world = World(prefix=None)
    world.scans(COUNT, SHELF, NO_LABEL)
    outcome = world.scan(CLOTHES)
    assert (outcome.signal, outcome.message.key) == (REFUSED, "no-codes")
    assert outcome.state.phase is Phase.SHELF


def test_the_closing_slip_names_what_is_missing_shelf_by_shelf() -> None:
    world = stocked(3)
    world.known[item(9).code] = ItemFacts("here", place=NEXT_SHELF.code)
    world.scans(SHELF, item(0), STRANGER, NEXT_SHELF, item(9))
    outcome = world.scan(CLOSE)
    missing = tuple(sorted((item(1).code, item(2).code)))
    results = (
        ShelfResult(SHELF.code, 2, 3, 2, 1, missing),
        ShelfResult(NEXT_SHELF.code, 1, 1),
    )
    figures = (("shelves", 2), ("seen", 3), ("expected", 4), ("missing", 2), ("surplus", 1))
    assert outcome.jobs == (SlipJob("count", "", (), WALL + world.now, figures, results),)
    body = outcome.drafts[-1].body
    assert isinstance(body, CountClosed)
    assert (body.shelves, body.seen) == (2, 3)
    assert outcome.state == LaneState(touched=outcome.state.touched)


def test_the_slip_lists_only_so_many_of_what_is_missing_and_counts_the_rest() -> None:
    world = stocked(100)
    (slip,) = world.scans(SHELF, CLOSE).jobs
    assert isinstance(slip, SlipJob)
    (shelf,) = slip.shelves
    assert (shelf.missing, len(shelf.codes)) == (100, MAX_LISTED)


def test_what_a_lane_remembers_of_a_full_shelf_stays_small() -> None:
    world = stocked(500)
    world.scan(SHELF)
    sizes = [len(msgspec.json.encode(world.state()))]
    for n in range(500):
        assert world.scan(item(n)).message.key == "counted"
        sizes.append(len(msgspec.json.encode(world.state())))
    assert max(sizes) < 5_000
    for _ in range(RECENT_LABELS):
        assert world.scan(UNDO).message.key == "undone"
    assert world.scan(UNDO).message.key == "nothing-to-undo"
    outcome = world.scan(SHELF)
    assert closed(world).missing == RECENT_LABELS
    assert outcome.message.values == {"seen": 490, "missing": 10}


def test_after_a_cut_of_power_the_shelf_goes_on_where_it_was() -> None:
    world = stocked(3)
    world.scans(SHELF, item(0))
    state = msgspec.json.decode(msgspec.json.encode(world.state()), type=LaneState)
    world.now = 5_000
    world.lanes["door"] = restored(state, world.now)
    assert world.scan(item(0)).message.key == "counted-already"
    world.wait(600_000)
    assert world.state().phase is REST
    assert world.bodies()[-1].__class__.__name__ == "CountPaused"
    world.lanes["door"] = restored(world.state(), world.now)
    assert world.scan(COUNT).message.key == "count-resumed-shelf"
    world.scans(item(1), item(2), SHELF)
    assert closed(world).missing == 0


def test_at_rest_the_lane_tells_of_the_stocktake_until_it_is_closed() -> None:
    world = stocked(1)
    world.scan(PAUSE)
    told = next_step(world.scans(RICE, FINISH).message, world.state())
    assert "stocktake is not done" in told.en
    assert "盘点" in told.zh
    world.scans(COUNT, CLOSE)
    assert "stocktake" not in next_step(world.scans(RICE, FINISH).message, world.state()).en


@pytest.mark.parametrize("kind", ["stop", "team", "disposal", "outside"])
def test_a_place_that_is_no_shelf_of_this_stop_is_not_counted(kind: str) -> None:
    world = stocked(1)
    world.place_kinds[NEXT_SHELF.code] = kind
    assert world.scan(NEXT_SHELF).message.key == "not-a-shelf"
    world.scan(SHELF)
    assert world.scan(NEXT_SHELF).message.key == "not-a-shelf"
    assert world.state().phase is Phase.SHELF


def test_a_shelf_that_is_opened_again_by_undo_is_not_counted_twice() -> None:
    world = stocked(2)
    world.scans(SHELF, item(0), SHELF, UNDO, item(1), SHELF)
    outcome = world.scan(CLOSE)
    (slip,) = outcome.jobs
    assert isinstance(slip, SlipJob)
    assert slip.shelves == (ShelfResult(SHELF.code, 2, 2),)


def test_packed_labels_are_the_same_labels_again() -> None:
    labels = [*(item(n).code for n in range(30)), box(3).code, STRANGER.code, NEVER.code]
    packed = codeset.packed([*labels, labels[0]])
    assert codeset.unpacked(packed) == tuple(sorted(labels))
    assert codeset.size(packed) == len(labels)
    assert all(codeset.holds(packed, code) for code in labels)
    for code in labels:
        packed = codeset.without(packed, code)
        assert not codeset.holds(packed, code)
    assert packed == {}


def test_labels_that_share_digits_across_a_boundary_are_not_mistaken() -> None:
    first, second = serial_code(Kind.ITEM, PREFIX, 0x12345), serial_code(Kind.ITEM, PREFIX, 0x6789A)
    packed = codeset.packed([first, second])
    serials = packed[first[:5]]
    between = "G" + PREFIX + serials[2:7]
    assert not codeset.holds(packed, between + "0")


@pytest.mark.parametrize(
    "scans",
    [(), (SHELF,), (SHELF, item(0)), (SHELF, item(0), SHELF)],
    ids=["begun", "opened", "counted", "closed"],
)
def test_what_is_too_old_to_be_in_the_journal_cannot_be_taken_back(
    scans: tuple[Scan, ...],
) -> None:
    world = stocked(1)
    for scan in scans:
        world.scan(scan)
    pruned = msgspec.structs.replace(world.facts(UNDO), event_ids={})
    outcome = step(world.state(), world.allocator, UNDO, pruned)
    assert (outcome.signal, outcome.message.key) == (REFUSED, "nothing-to-undo")
    assert outcome.state == world.state()
