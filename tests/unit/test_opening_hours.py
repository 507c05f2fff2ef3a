"""Opening hours as people write them, and whether a stop is open."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.alerts import opening
from hub.alerts.opening import Hours, HoursError, open_since_ms, spans, tidy

SHANGHAI = dt.timezone(dt.timedelta(hours=8))
WEEK = ("09:00-12:00 14:00-18:00",) * 5 + ("10:00-16:00", "")


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


def open_at(hours: Hours, text: str) -> bool:
    return open_since_ms(hours, at(text), SHANGHAI) is not None


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("2026-11-03 08:59", False),
        ("2026-11-03 09:00", True),
        ("2026-11-03 11:59", True),
        ("2026-11-03 12:00", False),
        ("2026-11-03 13:00", False),
        ("2026-11-03 14:00", True),
        ("2026-11-03 18:00", False),
        ("2026-11-07 10:00", True),  # a Saturday
        ("2026-11-08 10:00", False),  # a Sunday
    ],
)
def test_a_stop_is_open_in_its_spans_and_at_no_other_time(text: str, is_open: bool) -> None:
    assert open_at(Hours(WEEK), text) is is_open


def test_a_stop_that_nobody_described_is_always_open() -> None:
    assert open_since_ms(Hours(), at("2026-11-08 03:00"), SHANGHAI) == 0


def test_on_a_holiday_it_is_closed_whatever_the_weekday_says() -> None:
    hours = Hours(WEEK, ("2026-10-01/2026-10-07", "2026-11-03"))
    assert not open_at(hours, "2026-10-01 10:00")
    assert not open_at(hours, "2026-10-07 10:00")
    assert open_at(hours, "2026-10-08 10:00")
    assert not open_at(hours, "2026-11-03 10:00")
    assert not open_at(Hours((), ("2026-11-03",)), "2026-11-03 10:00")


def test_open_since_is_the_beginning_of_the_span() -> None:
    assert open_since_ms(Hours(WEEK), at("2026-11-03 15:00"), SHANGHAI) == at("2026-11-03 14:00")


def test_spans_that_meet_at_midnight_are_one() -> None:
    night = ("00:00-02:00 20:00-24:00",) * 7
    since = open_since_ms(Hours(night), at("2026-11-04 01:00"), SHANGHAI)
    assert since == at("2026-11-03 20:00")


def test_full_width_punctuation_is_understood() -> None:
    assert spans("9：00—12：00，14：00～18：00") == spans("09:00-12:00 14:00-18:00")
    assert tidy(Hours(("9：00 至 12：00",) + ("",) * 6)).week[0] == "09:00-12:00"


@pytest.mark.parametrize(
    "text",
    ["9-12", "09:00", "12:00-09:00", "09:00-09:00", "09:00-25:00", "09:60-10:00", "09:00-24:30",
     "09:00-12:00 11:00-13:00", "nine to five"],
)  # fmt: skip
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(HoursError) as caught:
        tidy(Hours((text, *("",) * 6)))
    assert caught.value.what == "day"


@pytest.mark.parametrize(
    "text", ["2026-13-01", "soon", "2026-02-30", "2026-10-07/2026-10-01", "2026-01-01/2026-12-31"]
)
def test_what_is_no_holiday_is_refused(text: str) -> None:
    with pytest.raises(HoursError) as caught:
        tidy(Hours((), (text,)))
    assert caught.value.what == "holiday"


def test_a_week_has_seven_days() -> None:
    with pytest.raises(HoursError):
        tidy(Hours(("09:00-12:00",) * 6))


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_quiet_hours_hold_or_their_complement_does(begin: int, end: int, minute: int) -> None:
    now = at("2026-11-03 00:00") + minute * 60_000
    quiet = opening.is_quiet(now, SHANGHAI, begin, end)
    if begin == end:
        assert not quiet
    else:
        assert quiet is not opening.is_quiet(now, SHANGHAI, end, begin)


@given(st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 1440)), max_size=4))
def test_hours_that_are_tidied_twice_are_tidied_once(pairs: list[tuple[int, int]]) -> None:
    text = " ".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in pairs)
    try:
        once = tidy(Hours((text,) * 7))
    except HoursError:
        return
    assert tidy(once) == once
