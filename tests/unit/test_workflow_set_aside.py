"""What was in a box when the box left or was put aside: what is known of it, and undo of that."""

from tests.support.lanes import ANN, FINISH, PLAN, RICE, STRANGER, UNDO, World
from tests.support.stories import scanned
from tests.support.stories_boxes import CRATE, PACK
from tests.support.stories_intake import QUARANTINE
from tests.support.telling import Label


def test_what_is_put_aside_out_of_a_box_that_left_is_out_for_no_plan() -> None:
    world = World()
    world.scans(RICE, FINISH, PACK, CRATE)
    world.scan(scanned(world, Label(0)))
    world.scans(FINISH, ANN, CRATE, PLAN)
    [item] = world.issued()
    assert (world.item(item).status, world.item(item).plan) == ("out", PLAN.code)
    world.scan(ANN)
    world.scan(scanned(world, Label(0)))
    world.scan(QUARANTINE)
    known = world.item(item)
    assert (known.status, known.plan, known.box) == ("quarantined", None, None)
    assert world.item(CRATE.code).status == "out"


def test_what_went_into_a_box_that_is_put_aside_is_where_it_was_after_undo() -> None:
    world = World()
    world.scans(ANN, CRATE, QUARANTINE, ANN, STRANGER, PLAN)
    before = world.item(STRANGER.code)
    assert before.status == "out"
    world.scans(PACK, CRATE, STRANGER)
    assert world.item(STRANGER.code).box == CRATE.code
    world.scan(UNDO)
    assert world.item(STRANGER.code) == before
