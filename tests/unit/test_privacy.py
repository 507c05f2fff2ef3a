"""What the public may learn of a delivery: never a group below k, and never a change of mind."""

import datetime as dt
from collections import defaultdict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.privacy import (
    Handed,
    Level,
    Reach,
    coarsen,
    group_of,
    is_closed,
    month_of,
    quarter_of,
    week_of,
)

FIRST = dt.date(2026, 1, 1)
LATE = dt.date(2030, 1, 1)
STOPS = {"s1": ("d1", "c1"), "s2": ("d1", "c1"), "s3": ("d2", "c1"), "s4": ("d3", "c2")}


def handed(item: int, family: str | None, stop: str, day: dt.date) -> Handed:
    district, city = STOPS[stop]
    return Handed(f"G{item}", family, stop, district, city, day)


@st.composite
def deliveries(draw: st.DrawFn) -> list[Handed]:
    rows = draw(
        st.lists(
            st.tuples(
                st.one_of(st.none(), st.integers(0, 12).map(lambda n: f"f{n}")),
                st.sampled_from(sorted(STOPS)),
                st.integers(0, 200).map(lambda days: FIRST + dt.timedelta(days=days)),
            ),
            max_size=80,
        )
    )
    return [handed(number, *row) for number, row in enumerate(rows)]


def shown_groups(rows: list[Handed], told: dict[str, Reach | None]) -> dict[Reach, set[str | None]]:
    groups: defaultdict[Reach, set[str | None]] = defaultdict(set)
    for row in rows:
        reach = told[row.item]
        if reach is not None:
            groups[reach].add(row.family)
    return groups


@given(deliveries(), st.integers(0, 500), st.integers(1, 6))
def test_whoever_reads_a_group_sees_at_least_k_families_behind_it(
    rows: list[Handed], age: int, k: int
) -> None:
    told = coarsen(rows, FIRST + dt.timedelta(days=age), k)
    assert set(told) == {row.item for row in rows}
    for found in shown_groups(rows, told).values():
        assert len(found - {None}) >= k


@given(deliveries(), st.integers(0, 500), st.integers(1, 6))
def test_nothing_is_said_of_a_period_that_still_runs(rows: list[Handed], age: int, k: int) -> None:
    today = FIRST + dt.timedelta(days=age)
    for row in rows:
        reach = coarsen(rows, today, k)[row.item]
        if reach is not None:
            assert reach.first <= row.day <= reach.last < today


@given(deliveries(), st.integers(0, 300), st.integers(0, 300), st.integers(1, 6))
def test_what_was_once_said_of_an_item_stays_said(
    rows: list[Handed], age: int, later: int, k: int
) -> None:
    today = FIRST + dt.timedelta(days=age)
    recorded = [row for row in rows if row.day <= today]
    before = coarsen(recorded, today, k)
    after = coarsen(rows, today + dt.timedelta(days=later), k)
    assert {item: reach for item, reach in before.items() if reach} == {
        item: after[item] for item, reach in before.items() if reach
    }


@given(deliveries(), st.randoms(use_true_random=False))
def test_the_order_of_deliveries_says_nothing(rows: list[Handed], random: Random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert coarsen(shuffled, LATE, 3) == coarsen(rows, LATE, 3)


@given(deliveries(), st.integers(1, 6))
def test_a_quarter_and_its_margin_are_enough_to_answer_for_it(rows: list[Handed], k: int) -> None:
    whole = coarsen(rows, LATE, k)
    for row in rows:
        first, last = quarter_of(row.day)
        margin = dt.timedelta(days=6)
        near = [
            other
            for other in rows
            if other.city == row.city and first - margin <= other.day <= last + margin
        ]
        assert coarsen(near, LATE, k)[row.item] == whole[row.item]


MONDAY = dt.date(2026, 11, 2)


def test_ten_families_in_a_week_show_stop_and_week() -> None:
    rows = [handed(n, f"f{n}", "s1", MONDAY + dt.timedelta(days=n % 7)) for n in range(10)]
    expected = Reach(Level.STOP_WEEK, "s1", MONDAY, dt.date(2026, 11, 8))
    assert set(coarsen(rows, dt.date(2026, 11, 9)).values()) == {expected}
    assert set(coarsen(rows, dt.date(2026, 11, 8)).values()) == {None}


def test_nine_families_in_a_week_show_no_week_however_many_items() -> None:
    rows = [handed(n, f"f{n % 9}", "s1", MONDAY) for n in range(200)]
    assert set(coarsen(rows, LATE).values()) == {None}


def test_two_stops_below_k_together_show_district_and_month() -> None:
    rows = [handed(n, f"f{n}", "s1" if n < 6 else "s2", MONDAY) for n in range(12)]
    expected = Reach(Level.DISTRICT_MONTH, "d1", dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    assert set(coarsen(rows, LATE).values()) == {expected}
    # the last week of November ends on Sunday 6 December: until then nothing is said
    assert set(coarsen(rows, dt.date(2026, 12, 6)).values()) == {None}
    assert set(coarsen(rows, dt.date(2026, 12, 7)).values()) == {expected}


def test_few_left_over_beside_a_large_stop_are_not_given_away_by_the_district() -> None:
    large = [handed(n, f"f{n}", "s1", MONDAY) for n in range(30)]
    small = [handed(100 + n, f"g{n}", "s2", MONDAY) for n in range(3)]
    told = coarsen(large + small, LATE)
    assert {told[row.item] for row in small} == {None}


def test_k_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        coarsen([], LATE, 0)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2040, 12, 31)))
def test_periods_hold_their_day_and_start_where_they_should(day: dt.date) -> None:
    for first, last in (week_of(day), month_of(day), quarter_of(day)):
        assert first <= day <= last
    assert week_of(day)[0].weekday() == 0
    assert month_of(day)[0].day == 1
    assert (month_of(day)[1] + dt.timedelta(days=1)).day == 1
    assert quarter_of(day)[0].month in (1, 4, 7, 10)
    assert (quarter_of(day)[1] + dt.timedelta(days=1)).month in (1, 4, 7, 10)
    assert not is_closed(group_of(Level.STOP_WEEK, handed(1, "f", "s1", day)), day)
