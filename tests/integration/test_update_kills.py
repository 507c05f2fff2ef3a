"""An update is cut off at every single thing that it does to the disk, by kill -9.

Whatever instant it is: a release is in use and starts, the old or the new one; the machine's next
start brings the update to its end or back; and every event that was signalled is in the journal,
which each release brought to its own shape and back.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from provisioning.updates.progress import Phase
from tests.support.journals import Home
from tests.support.killing import run_until
from tests.support.memory import folder_in_memory
from tests.support.releases import NEW, NEXT, OLD, Machine, Manners, PanicError, Signer

WELL = Manners(schema=NEXT)
ONE_EYED = Manners(schema=NEXT, devices={"scanner": 1, "printer": 1})


@pytest.fixture
def quick_path() -> Iterator[Path]:
    with folder_in_memory() as folder:
        yield folder


def machine(root: Path, signer: Signer, new: Manners) -> Machine:
    return Machine(root, signer, {OLD: Manners(), NEW: new})


OF_OLD, OF_NEW = "yicang-left.timer", "yicang-weigh.timer"


def assert_whole(one: Machine, end: str) -> None:
    """The machine is as it should be once an update is over."""
    assert one.in_use() == end
    units = {path for path in one.has() if path.endswith(".timer")}
    own = OF_OLD if end == OLD else OF_NEW
    assert units == {own, f"timers.target.wants/{own}"}
    assert one.updater().state().phase is Phase.IDLE
    opened = Home(one.home_folder).open(seed=os.urandom(8).hex(), schema=one.manners[end].schema)
    found = opened.lines()
    opened.close()
    assert set(one.recorded()) <= {event.id for event in found}, "something signalled is lost"
    hashes = [event.hash for event in found]
    assert [event.prev for event in found[1:]] == hashes[:-1], "the chain has a hole"
    assert one.recorded()


def go(one: Machine) -> None:
    """Power on: the machine starts and the timer runs the updater."""
    one.power_cut()
    one.boot()


@pytest.mark.parametrize(
    ("new", "end"),
    [
        # It takes the way there and the way back. The way there alone is walked with the proofs,
        # and every day by `test_killed_again_and_again_it_still_comes_to_an_end`.
        pytest.param(ONE_EYED, OLD, id="a bad release"),
        pytest.param(WELL, NEW, id="a good release", marks=pytest.mark.proof),
    ],
)
def test_killed_at_every_effect_the_old_or_the_new_one_runs(
    quick_path: Path, new: Manners, end: str
) -> None:
    signer = Signer(quick_path / "person")
    ready = machine(quick_path / "ready", signer, new)
    ready.prepare()
    ready.start_kiosk()
    ready.offer()
    effect, killed = 0, True
    phases = set()
    while killed:
        effect += 1
        root = quick_path / "root"
        shutil.copytree(quick_path / "ready", root, symlinks=True)
        one = machine(root, signer, new)
        killed = run_until(effect, root, lambda one=one: go(one))  # type: ignore[misc]
        one.in_use()
        phases.add(one.updater().state().phase)
        for _ in range(3):  # what was cut off may have been the taking back of half a release
            go(one)
            if one.in_use() == end and one.updater().state().phase is Phase.IDLE:
                break
        assert_whole(one, end)
        shutil.rmtree(root)
    assert effect > 60, "this is no test"
    assert {Phase.UNPACKING, Phase.SWITCHING, Phase.TRYING} <= phases


def test_killed_again_and_again_it_still_comes_to_an_end(quick_path: Path) -> None:
    signer = Signer(quick_path / "person")
    one = machine(quick_path / "root", signer, WELL)
    one.prepare()
    one.start_kiosk()
    one.offer()
    effect = 3
    for _ in range(400):
        killed = run_until(effect, one.places.root, lambda: go(one))
        assert one.in_use() in (OLD, NEW)
        if not killed:
            break
        effect += 1
    go(one)
    assert_whole(one, one.in_use())


def test_a_cut_in_the_middle_of_a_boot_loop_leaves_a_kiosk_that_starts(quick_path: Path) -> None:
    signer = Signer(quick_path / "person")
    one = machine(quick_path / "root", signer, Manners(panics=True))
    one.prepare()
    one.start_kiosk()
    one.offer()

    def until_panic() -> None:
        with suppress(PanicError):
            go(one)

    for effect in range(5, 45, 3):
        run_until(effect, one.places.root, until_panic)
        assert one.in_use() in (OLD, NEW)
    for _ in range(12):
        run_until(10_000, one.places.root, until_panic)
    go(one)
    assert_whole(one, OLD)
