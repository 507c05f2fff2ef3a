"""Small charts: what is drawn, and that nothing is drawn where nothing is known."""

import re
import xml.etree.ElementTree as ET

from hub.reporting import sparklines


def points(svg: str) -> list[list[tuple[float, float]]]:
    found = re.findall(r'<polyline class="spark" points="([^"]*)"', svg)
    return [[tuple(map(float, one.split(","))) for one in run.split()] for run in found]  # type: ignore[misc]


def test_a_time_without_news_is_a_gap_in_the_line() -> None:
    drawn = sparklines.line("Backlog: 3", [1, 2, None, 3, 1])
    first, second = points(drawn)
    assert (len(first), len(second)) == (2, 2)
    assert first[-1][0] < second[0][0]


def test_more_is_higher_and_the_newest_is_marked() -> None:
    [run] = points(sparklines.line("x", [0, 5, 10]))
    heights = [y for _x, y in run]
    assert heights == sorted(heights, reverse=True)
    dot = re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="3.5"', sparklines.line("x", [0, 5, 10]))
    assert [tuple(map(float, one)) for one in dot] == [run[-1]]


def test_nothing_known_is_nothing_drawn() -> None:
    assert sparklines.line("x", [None, None]) == ""
    assert sparklines.bars("x", [None]) == ""


def test_a_value_between_two_gaps_is_a_dot() -> None:
    assert '<circle class="dot"' in sparklines.line("x", [None, 4, None])


def test_bars_are_as_tall_as_their_share_of_the_whole() -> None:
    drawn = sparklines.bars("Online: 50%", [60, 30, 0, None], most=60)
    tall = [float(one) for one in re.findall(r'class="bar"[^>]*height="([\d.]+)"', drawn)]
    assert len(tall) == 2
    assert tall[0] == 2 * tall[1]


def test_its_words_are_text_and_never_markup() -> None:
    drawn = sparklines.line('<b>"x"</b>', [1, 2])
    root = ET.fromstring(drawn)  # our own
    assert root.get("aria-label") == '<b>"x"</b>'
    assert root.get("role") == "img"
    assert "style" not in drawn
