"""The state of the hub is a function of the set of events, whatever way they came."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.anything import Anything
from tests.support.events import Story, message_of, runs
from tests.support.hubdb import HubDb, make_template

NUMBERS = st.integers(0, 63)
ACTIONS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield make_template(Path(directory) / "template.sqlite3")


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    actions=ACTIONS,
    size=st.integers(1, 4),
    group=st.integers(1, 5),
    chance=st.randoms(use_true_random=False),
)
def test_any_order_repetition_and_batching_gives_the_same_state(
    template: Path, actions: list[tuple[int, int, int, int]], size: int, group: int, chance: Random
) -> None:
    story = Story()
    for action in actions:
        story.act(*action)
    in_order = runs(story.written)
    whole = [message_of(run) for run in in_order]
    pieces = [message_of(run) for run in runs(story.written, size)]
    shuffled = [*pieces, *whole[:2], *pieces[:3]]
    chance.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        with (
            HubDb.copy_of(template, folder / "one.sqlite3") as one,
            HubDb.copy_of(template, folder / "two.sqlite3") as two,
        ):
            one.take(*whole)
            for start in range(0, len(shuffled), group):
                two.take(*shuffled[start : start + group])
                match chance.randrange(3):
                    case 0:
                        two.lose_memory()
                    case 1:
                        two.restart()
            expected = one.state()
            assert two.state() == expected
            closed = two.closed_incidents()
            assert {row[0] for row in closed}.isdisjoint(row[0] for row in expected["incident"])
            two.rebuild()
            assert two.state() == expected
            assert two.closed_incidents() == closed


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), length=st.integers(1, 50), size=st.integers(1, 4))
def test_events_of_every_type_in_any_order_give_the_state_that_a_rebuild_gives(
    template: Path, seed: int, length: int, size: int
) -> None:
    chance = Random(seed)
    story = Anything(chance)
    for _ in range(length):
        story.happen()
    whole = [message_of(run) for run in runs(story.written)]
    shuffled = [message_of(run) for run in runs(story.written, size)]
    shuffled += shuffled[:3]
    chance.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        with (
            HubDb.copy_of(template, folder / "one.sqlite3") as one,
            HubDb.copy_of(template, folder / "two.sqlite3") as two,
        ):
            one.take(*whole)
            for start in range(0, len(shuffled), 3):
                two.take(*shuffled[start : start + 3], project=chance.random() < 0.8)
                match chance.randrange(8):
                    case 0:
                        two.lose_memory()
                    case 1:
                        two.restart()
                    case 2:
                        two.rebuild()
            two.project()
            expected = one.state()
            assert two.state() == expected
            assert not [row for row in expected["event"] if row[-1] is not None]
            two.rebuild()
            assert two.state() == expected
