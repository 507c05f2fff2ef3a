"""A month's statement adds up, says what came in and went out, and tells what changed later."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.folds.movements import NOWHERE, PRESENT
from hub.reporting.statements import (
    HELD,
    SAMPLE,
    Line,
    Statement,
    StatementError,
    by_category,
    chained,
    changes,
    decode,
    digest,
    draw,
    encode,
    lines_of,
    next_month,
)
from hub.statuses import DELIVERED, DISPOSED, MISSING, OUT, SENT, SOLD

ZERO = "0" * 64
STANDINGS = (NOWHERE, PRESENT, OUT, SENT, DELIVERED, SOLD, MISSING, DISPOSED)


def statement(*lines: Line) -> Statement:
    return Statement("2026-10", "Asia/Shanghai", 9, ZERO, lines)


@pytest.mark.parametrize(
    ("moved", "part"),
    [
        ((NOWHERE, "", PRESENT, "a"), "received"),
        ((MISSING, "a", PRESENT, "a"), "found"),
        ((DISPOSED, "a", PRESENT, "a"), "found"),
        ((SOLD, "a", PRESENT, "a"), "given_back"),
        ((DELIVERED, "a", PRESENT, "a"), "given_back"),
    ],
)
def test_what_comes_in_stands_in_its_own_column(
    moved: tuple[str, str, str, str], part: str
) -> None:
    [line] = lines_of([], [(*moved, "F1", 3)], [("a", "F1", PRESENT, 3)])
    assert (getattr(line, part), line.came_in, line.closing) == (3, 3, 3)


@pytest.mark.parametrize("to", [DELIVERED, SOLD, MISSING, DISPOSED])
def test_what_goes_out_stands_in_its_own_column(to: str) -> None:
    [line] = lines_of(
        [("a", "F1", PRESENT, 5)], [(OUT, "a", to, "a", "F1", 2)], [("a", "F1", PRESENT, 3)]
    )
    assert (line.opening, getattr(line, to), line.went_out, line.closing) == (5, 2, 2, 3)


def test_going_out_with_a_volunteer_is_not_yet_gone() -> None:
    [line] = lines_of(
        [("a", "F1", PRESENT, 5)],
        [(PRESENT, "a", OUT, "a", "F1", 2), (PRESENT, "a", SENT, "a", "F1", 1)],
        [("a", "F1", PRESENT, 2), ("a", "F1", OUT, 2), ("a", "F1", SENT, 1)],
    )
    assert (line.came_in, line.went_out, line.closing) == (0, 0, 5)
    assert (line.here, line.out, line.on_the_way) == (2, 2, 1)


def test_a_transfer_goes_from_one_stops_book_to_the_others() -> None:
    lines = lines_of(
        [("a", "F1", SENT, 4)], [(SENT, "a", PRESENT, "b", "F1", 4)], [("b", "F1", PRESENT, 4)]
    )
    assert [(one.stop, one.taken_over, one.handed_over, one.closing) for one in lines] == [
        ("a", 0, 4, 0),
        ("b", 4, 0, 4),
    ]


def test_balances_that_no_movement_explains_are_refused() -> None:
    with pytest.raises(StatementError, match="a F1"):
        lines_of([], [], [("a", "F1", PRESENT, 1)])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(STANDINGS),
            st.sampled_from("ab"),
            st.sampled_from(STANDINGS[1:]),
            st.sampled_from("ab"),
            st.sampled_from(["F1", "H1"]),
            st.integers(1, 9),
        ),
        max_size=30,
    )
)
def test_opening_plus_in_less_out_is_closing_whatever_moved(
    moved: list[tuple[str, str, str, str, str, int]],
) -> None:
    balance: dict[tuple[str, str, str], int] = {
        (stop, category, standing): 300
        for stop in "ab"
        for category in ("F1", "H1")
        for standing in HELD
    }
    opening = [(*key, pieces) for key, pieces in balance.items()]
    for from_status, from_stop, to_status, to_stop, category, pieces in moved:
        if from_status in HELD:
            balance[from_stop, category, from_status] -= pieces
        if to_status in HELD:
            balance[to_stop, category, to_status] += pieces
    lines = lines_of(opening, moved, [(*key, pieces) for key, pieces in balance.items()])
    assert sum(line.closing for line in lines) == sum(balance.values())
    for line in lines:
        assert line.opening + line.came_in - line.went_out == line.closing
    assert sum(one.closing for one in by_category(lines)) == sum(balance.values())


def test_a_later_log_tells_in_which_figures_it_differs() -> None:
    was = statement(Line("a", "F1", received=5, closing=5, here=5))
    now = statement(
        Line("a", "F1", received=5, delivered=1, closing=4, here=4), Line("b", "H1", received=1)
    )
    assert [(one.stop, one.category, one.part, one.was, one.now) for one in changes(was, now)] == [
        ("a", "F1", "delivered", 0, 1),
        ("a", "F1", "closing", 5, 4),
        ("a", "F1", "here", 5, 4),
        ("b", "H1", "received", 0, 1),
    ]
    assert changes(now, now) == []


def test_a_statement_is_written_the_same_way_every_time() -> None:
    told = statement(Line("a", "F1", received=5))
    assert decode(encode(told)) == told
    assert digest(encode(told)) == digest(encode(decode(encode(told))))


def test_anybody_draws_the_same_items_and_nobody_chooses_them() -> None:
    codes = [f"G{n}" for n in range(100)]
    drawn = draw(ZERO, codes)
    assert len(drawn) == len(set(drawn)) == SAMPLE
    assert draw(ZERO, codes[::-1]) == drawn
    assert draw("f" * 64, codes) != drawn


def test_the_logs_digest_depends_on_every_hash_and_its_place() -> None:
    one, two = "1" * 64, "2" * 64
    assert chained(ZERO, [one, two]) != chained(ZERO, [two, one])
    assert chained(ZERO, [one]) != chained(ZERO, [one, two])


def test_a_year_ends() -> None:
    assert [next_month(month) for month in ("2026-01", "2026-11", "2026-12")] == [
        "2026-02",
        "2026-12",
        "2027-01",
    ]
