"""Which backups stay, and how far copies of the hub's own events are: decisions without a disk."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from hub.backup.hub_events import MANY, Segment, copied, covered, merges, missing, named
from hub.backup.retention import Keep, superfluous

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPOCH = "a" * 16


def hourly(days: int) -> dict[str, int]:
    """A backup an hour; named by when it was taken."""
    times = [START + timedelta(hours=hour) for hour in range(days * 24)]
    return {f"{time:%m-%dT%H}": int(time.timestamp() * 1000) for time in times}


def test_a_year_of_hourly_backups_leaves_the_newest_and_one_a_day_week_and_month() -> None:
    taken = hourly(365)
    kept = taken.keys() - set(superfluous(taken, Keep(3, 7, 5, 12), SHANGHAI))
    assert len(kept) <= 3 + 7 + 5 + 12
    newest = sorted(taken, key=lambda name: taken[name])
    assert set(newest[-3:]) <= kept
    days = {datetime.fromtimestamp(taken[name] / 1000, SHANGHAI).date() for name in kept}
    last = max(days)
    assert {last - timedelta(days=back) for back in range(7)} <= days
    assert len({(day.year, day.month) for day in days}) == 12


@given(
    st.dictionaries(st.text(max_size=3), st.integers(0, 10**12), max_size=30),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_the_newest_stays_and_dropping_what_may_go_drops_nothing_more(
    taken: dict[str, int], last: int, daily: int, weekly: int, monthly: int
) -> None:
    keep = Keep(last, daily, weekly, monthly)
    gone = superfluous(taken, keep, UTC)
    left = {name: ms for name, ms in taken.items() if name not in gone}
    assert not taken or max(taken.values()) in left.values()
    assert superfluous(left, keep, UTC) == []


def test_a_segment_is_known_by_its_name_and_nothing_else_is_taken_for_one() -> None:
    segment = Segment(EPOCH, 1, 64)
    assert named(segment.name) == segment
    for other in ("notes.txt", segment.name + ".partial", segment.name.upper(), ""):
        assert named(other) is None


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20)), max_size=40), st.integers(0, 90))
def test_whatever_is_there_the_missing_segments_complete_it(
    pieces: list[tuple[int, int]], through: int
) -> None:
    present = [Segment(EPOCH, first, first + more) for first, more in pieces]
    done = copied(present)
    wanted = missing({EPOCH: through}, done)
    held = {seq for one in present + wanted for seq in range(one.first, one.last + 1)}
    assert set(range(1, through + 1)) <= held
    assert copied([*present, *wanted]).get(EPOCH, 0) >= through
    left = set(present) - set(covered(present))
    assert {seq for one in left for seq in range(one.first, one.last + 1)} == {
        seq for one in present for seq in range(one.first, one.last + 1)
    }


def test_many_small_segments_become_one_and_few_stay_as_they_are() -> None:
    small = [Segment(EPOCH, seq, seq) for seq in range(1, MANY + 1)]
    other = [Segment("b" * 16, seq, seq) for seq in range(1, MANY)]
    assert merges(small + other) == [Segment(EPOCH, 1, MANY)]
    assert covered([*small, Segment(EPOCH, 1, MANY)]) == small
    assert merges(small[:-1]) == []
    assert merges([one for one in small if one.first != 5]) == []
