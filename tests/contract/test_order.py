"""The order of events: a function of what is known, never of how it became known."""

import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contract.order import EpochFacts, Placement, SortKey, timeline

HOUR = 3_600_000
WALL = 1_767_225_600_000


@st.composite
def histories(draw: st.DrawFn) -> list[EpochFacts]:
    """Epochs of one kiosk: boots, restarts within a boot, forks, holes, clocks learnt or not,
    wall clocks that are nonsense."""
    facts: list[EpochFacts] = []
    for number in range(draw(st.integers(1, 9))):
        before = draw(st.sampled_from([None, *facts[-3:]]))
        same_boot = before is not None and draw(st.booleans())
        base = before.last_mono if before is not None and same_boot else 0
        first = base + draw(st.integers(0, HOUR))
        seen = draw(st.booleans())
        facts.append(
            EpochFacts(
                epoch=f"{draw(st.integers(0, 255)):02x}{number:014x}",
                prev_epoch=None
                if before is None
                else (before.epoch if seen or same_boot else "lost"),
                boot=before.boot if before is not None and same_boot else f"boot{number}",
                first_mono=first,
                last_mono=first + draw(st.integers(0, HOUR)),
                first_wall=draw(st.sampled_from([0, WALL]) | st.integers(-WALL, 2 * WALL)),
                offset=draw(
                    st.none() | st.tuples(st.integers(1, 99), st.integers(WALL, WALL + 99 * HOUR))
                ),
            )
        )
    return facts


def chains(facts: list[EpochFacts]) -> list[tuple[EpochFacts, EpochFacts]]:
    """Each epoch that names a known predecessor, with it."""
    known = {fact.epoch: fact for fact in facts}
    return [(known[fact.prev_epoch], fact) for fact in facts if fact.prev_epoch in known]


@given(histories(), st.randoms(use_true_random=False))
def test_arrival_and_repetition_change_nothing(
    facts: list[EpochFacts], source: random.Random
) -> None:
    again = [*facts, *source.choices(facts, k=3)]
    source.shuffle(again)
    assert timeline(again) == timeline(facts)


@given(histories())
def test_time_never_runs_backwards_along_a_chain(facts: list[EpochFacts]) -> None:
    placed = timeline(facts)
    assert set(placed) == {fact.epoch for fact in facts}
    for before, after in chains(facts):
        assert placed[before.epoch].at(before.last_mono) <= placed[after.epoch].at(after.first_mono)
        assert placed[before.epoch].rank < placed[after.epoch].rank
    for fact in facts:
        here = placed[fact.epoch]
        assert here.at(fact.first_mono) <= here.at(fact.last_mono)


@given(histories())
def test_every_epoch_has_a_rank_of_its_own(facts: list[EpochFacts]) -> None:
    ranks = sorted(placement.rank for placement in timeline(facts).values())
    assert ranks == list(range(len(facts)))


@given(histories(), st.data())
def test_a_clock_learnt_once_moves_its_whole_boot(
    facts: list[EpochFacts], data: st.DataObject
) -> None:
    learner = data.draw(st.sampled_from(facts))
    alone = [
        msgspec.structs.replace(fact, offset=(5, WALL) if fact is learner else None)
        for fact in facts
    ]
    placed = timeline(alone)
    for fact in facts:
        same = fact.boot == learner.boot
        assert placed[fact.epoch].known == same
        if same:
            assert placed[fact.epoch].offset == WALL


@given(histories())
def test_a_boot_has_one_offset_for_all_its_epochs(facts: list[EpochFacts]) -> None:
    placed = timeline(facts)
    offsets: dict[str, set[int]] = {}
    for fact in facts:
        offsets.setdefault(fact.boot, set()).add(placed[fact.epoch].offset)
    assert all(len(found) == 1 for found in offsets.values())


@given(histories())
def test_what_is_learnt_of_one_chain_leaves_the_others_alone(facts: list[EpochFacts]) -> None:
    stranger = EpochFacts("ff" * 8, None, "stranger", 0, HOUR, WALL, (1, WALL))
    alone, together = timeline(facts), timeline([*facts, stranger])
    for fact in facts:
        before, after = alone[fact.epoch], together[fact.epoch]
        assert (before.offset, before.ceiling, before.known) == (
            after.offset,
            after.ceiling,
            after.known,
        )


def test_a_boot_without_a_clock_starts_where_its_predecessor_ended() -> None:
    first = EpochFacts("01" * 8, None, "a", 1_000, 50_000, 0, (3, WALL))
    second = EpochFacts("02" * 8, first.epoch, "b", 700, 9_000, 0)
    placed = timeline([first, second])
    assert placed[second.epoch].at(700) == WALL + 50_000
    assert placed[second.epoch].at(900) == WALL + 50_200
    assert not placed[second.epoch].known


def test_a_clock_that_ran_ahead_does_not_push_its_events_behind_newer_ones() -> None:
    wrong = EpochFacts("01" * 8, None, "a", 0, HOUR, 0, (2, WALL + 1_000 * HOUR))
    right = EpochFacts("02" * 8, wrong.epoch, "b", 500, HOUR, 0, (2, WALL))
    placed = timeline([wrong, right])
    assert placed[wrong.epoch].at(HOUR) == WALL + 500
    assert placed[right.epoch].at(500) == WALL + 500
    assert placed[wrong.epoch].rank < placed[right.epoch].rank


def test_the_newest_of_two_clocks_learnt_in_a_boot_holds_for_both_epochs() -> None:
    first = EpochFacts("02" * 8, None, "a", 0, 100, 0, (9, WALL))
    second = EpochFacts("01" * 8, first.epoch, "a", 200, 300, 0, (2, WALL + 7))
    placed = timeline([first, second])
    assert placed[first.epoch].offset == placed[second.epoch].offset == WALL + 7


def _facts(epoch: str, before: str | None, first: int) -> EpochFacts:
    return EpochFacts(epoch * 16, before and before * 16, epoch, first, first + 10, WALL)


def test_a_ring_of_epochs_is_cut_once_and_its_followers_keep_their_order() -> None:
    """Honest hashes cannot make a ring; a kiosk that lies must not stop the hub."""
    ring = [_facts("3", "5", 30), _facts("4", "3", 40), _facts("5", "4", 50)]
    followers = [_facts("1", "2", 10), _facts("2", "5", 20), _facts("6", "6", 60)]
    placed = timeline([*followers, *ring])
    assert len(placed) == 6
    for before, after in (("3", "4"), ("4", "5"), ("5", "2"), ("2", "1")):
        assert placed[before * 16].rank < placed[after * 16].rank, f"{before} before {after}"


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=8), st.randoms())
def test_any_claim_about_predecessors_gets_a_placement(
    claims: list[tuple[int, int]], source: random.Random
) -> None:
    facts = {epoch: _facts(str(epoch), str(before), epoch) for epoch, before in claims}
    shuffled = list(facts.values())
    source.shuffle(shuffled)
    assert set(timeline(facts.values())) == {fact.epoch for fact in facts.values()}
    assert timeline(shuffled) == timeline(facts.values())


def test_events_sort_by_time_then_kiosk_then_chain() -> None:
    keys = [
        SortKey(5, "a", 9, "0", 9, "f"),
        SortKey(5, "b", 0, "f", 1, "0"),
        SortKey(5, "b", 1, "0", 1, "0"),
        SortKey(5, "b", 1, "0", 2, "0"),
        SortKey(5, "b", 1, "0", 2, "1"),
        SortKey(6, "a", 0, "0", 1, "0"),
    ]
    assert sorted(random.Random(7).sample(keys, len(keys))) == keys
    assert Placement(0, 100, 150, True).at(20) == 120
    assert Placement(0, 100, 150, True).at(90) == 150
