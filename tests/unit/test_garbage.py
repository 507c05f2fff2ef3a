"""Cyclic garbage waits for a moment in which nobody scans."""

import gc
import weakref

from kiosk.garbage import Garbage, sweep


class Knot:
    """An object that only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


def knots(count: int) -> list[weakref.ref[Knot]]:
    return [weakref.ref(Knot()) for _ in range(count)]


def test_garbage_of_many_scans_waits_for_an_idle_moment_and_goes_with_it() -> None:
    garbage = Garbage()
    before = gc.get_threshold(), gc.get_freeze_count()
    with garbage.kept_for_idle():
        made = knots(5_000)
        assert all(knot() is not None for knot in made)
        garbage.idle()
        assert all(knot() is None for knot in made)
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_without_an_idle_moment_garbage_does_not_pile_up_for_ever() -> None:
    with Garbage().kept_for_idle():
        made = knots(100_000)
        assert sum(knot() is not None for knot in made) < 50_000


def test_what_a_printed_paper_leaves_goes_when_it_is_swept_up() -> None:
    with Garbage().kept_for_idle():
        made = knots(100)
        sweep()
        assert all(knot() is None for knot in made)
