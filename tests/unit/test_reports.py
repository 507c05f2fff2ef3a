"""Weeks, months and sums as reports show them."""

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hub.projections import tallies
from hub.reporting import periods, reports
from hub.reporting.reports import REST, Line

DAYS = st.dates(dt.date(2000, 1, 3), dt.date(2100, 1, 1))
SERIES = st.dictionaries(
    st.text("ABCDEFGH", min_size=1, max_size=2),
    st.lists(st.integers(0, 50), min_size=3, max_size=3),
    max_size=9,
)


def test_a_week_belongs_to_the_year_of_its_thursday() -> None:
    one = periods.week(dt.date(2027, 1, 2))
    assert (one.number, one.year) == (53, 2026)
    assert (one.key, one.last) == ("2026-12-28", dt.date(2027, 1, 3))


@given(day=DAYS, count=st.integers(1, 60))
def test_periods_follow_each_other_without_a_gap_up_to_today(day: dt.date, count: int) -> None:
    units: tuple[periods.Unit, ...] = ("week", "month")
    for unit in units:
        found = periods.back(unit, day, count)
        assert len(found) == count
        assert found[-1].first <= day <= found[-1].last
        for before, after in pairwise(found):
            assert before.last + dt.timedelta(days=1) == after.first


@given(day=DAYS)
def test_a_day_is_in_the_week_and_month_of_its_keys(day: dt.date) -> None:
    week, month = periods.keys_of(day.isoformat())
    assert (week, month) == (periods.week(day).key, periods.month(day).key)


def test_days_that_no_calendar_holds_have_keys() -> None:
    assert periods.keys_of("0001-01-01") == ("0001-01-01", "0001-01")
    assert periods.keys_of("9999-12-31") == ("9999-12-27", "9999-12")


@given(series=SERIES)
def test_the_rest_is_one_series_and_nothing_is_lost(series: dict[str, list[int]]) -> None:
    found = reports.largest(series, top=3)
    assert reports.summed(found, 3) == reports.summed(series, 3)
    assert len(found) <= 4
    told = [sum(values) for name, values in found.items() if name != REST]
    assert told == sorted(told, reverse=True)


def test_what_stood_there_is_counted_back_from_now() -> None:
    assert reports.levels(10, came=[4, 5, 6], left=[0, 2, 1]) == [2, 5, 10]
    assert reports.levels(0, came=[0, 3], left=[0, 0]) == [0, 0]


def test_a_date_of_today_is_ahead_and_yesterdays_is_past() -> None:
    today = dt.date(2026, 11, 4)
    weeks = periods.ahead(today, 2)
    found = [("2026-11-03", 1), ("2026-11-04", 2), ("2026-11-15", 4), ("2026-11-16", 8)]
    assert reports.by_week(weeks, found, today) == (1, [2, 4])


def test_lines_of_the_file_put_measures_side_by_side() -> None:
    found = reports.table(
        [
            ("2026-10-26", "east", "F1", "received", 3),
            ("2026-11-02", "east", "F1", "received", 5),
            ("2026-11-02", "east", "F1", "came", 1),
            ("2026-11-02", "east", "F1", "left", 2),
            ("2026-11-02", "east", "F1", "out", 2),
        ]
    )
    assert found == [
        Line("2026-11-02", "east", "F1", received=5, out=2, more=4),
        Line("2026-10-26", "east", "F1", received=3, more=3),
    ]


def test_a_movement_counts_where_it_happened() -> None:
    assert tallies.measured("", "", "here", "a") == [("received", "a")]
    assert tallies.measured("here", "a", "out", "a") == [("left", "a"), ("out", "a")]
    assert tallies.measured("sent", "a", "here", "b") == [("came", "b")]
    assert tallies.measured("here", "a", "here", "b") == [("left", "a"), ("came", "b")]
    assert tallies.measured("out", "a", "sent", "a") == []
