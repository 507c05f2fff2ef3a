"""Charts say what their figures say, to eye, ear and keyboard, and inline nothing."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from hub.reporting import charts
from hub.reporting.charts import Bar, Chart, Series

KINDS = (charts.columns, charts.lines, charts.rows)


def chart(*series: list[int], href: str = "/list?week=1&stop=east") -> Chart:
    count = len(series[0])
    bars = [Bar(f"Wk {n}", f"Week {n} of 2026", href) for n in range(count)]
    named = [Series(f"series <{k}>", values) for k, values in enumerate(series)]
    return Chart("made", "What <came> in", "Pieces & more", bars, named)


def drawn(svg: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


@pytest.mark.parametrize("draw", KINDS)
def test_a_chart_is_sound_and_says_its_title_and_every_figure(
    draw: Callable[[Chart], Markup],
) -> None:
    found = drawn(draw(chart([3, 0, 1200], [4, 0, 7])))
    named = {one.get("id"): one.text for one in found.iter() if one.get("id")}
    titles = [named[key] for key in found.attrib["aria-labelledby"].split()]
    assert titles == ["What <came> in", "Pieces & more"]
    links = [one for one in found.iter() if one.tag == "a"]
    assert [one.attrib["href"] for one in links] == ["/list?week=1&stop=east"] * 3
    assert links[2].attrib["aria-label"] == "Week 2 of 2026, series <0> 1,200, series <1> 7"
    assert links[1].attrib["aria-label"] == "Week 1 of 2026, 0"


@pytest.mark.parametrize("draw", KINDS)
def test_nothing_in_a_chart_is_refused_by_a_strict_content_policy(
    draw: Callable[[Chart], Markup],
) -> None:
    text = str(draw(chart([3, 1], [4, 1], [1, 1]))) + str(charts.key(chart([1], [2])))
    assert not re.search(r"<style|style=|<script|\son\w+=|javascript:", text)


def test_series_differ_by_more_than_colour() -> None:
    found = drawn(charts.columns(chart([3], [4], [5])))
    fills = [one.get("fill") for one in found.iter("rect") if one.get("fill")]
    assert fills == ["url(#made-p1)", "url(#made-p2)"]
    assert {one.get("id") for one in found.iter("pattern")} == {"made-p1", "made-p2"}
    lined = drawn(charts.lines(chart([3, 1], [4, 1], [5, 2])))
    assert len({one.get("stroke-dasharray") for one in lined.iter("polyline")}) == 3


def test_a_column_is_as_tall_as_its_figure() -> None:
    found = drawn(charts.columns(chart([10, 5], [10, 0])))
    tall = [float(one.attrib["height"]) for one in found.iter("rect") if one.get("class") == "f c0"]
    assert tall[0] == pytest.approx(2 * tall[1])
    marks = [one.text for one in found.iter("text") if one.get("class") == "v"]
    assert marks == ["20", "5"]


def test_a_figure_without_a_list_is_no_link_but_still_told() -> None:
    found = drawn(charts.columns(chart([3], href="")))
    assert list(found.iter("a")) == []
    [group] = [one for one in found.iter("g") if one.get("class") == "bar"]
    assert group.attrib["data-tip"] == "Week 0 of 2026\nseries <0>\t3"


def test_a_single_series_needs_no_key() -> None:
    assert charts.key(chart([1])) == ""
    assert charts.key(chart([1], [2])).count("<li>") == 2


@given(most=st.integers(0, 10**9))
def test_an_axis_holds_its_largest_figure_in_a_few_round_steps(most: int) -> None:
    marks = charts.ticks(most)
    assert marks[0] == 0
    assert marks[-1] >= most
    assert 2 <= len(marks) <= 6
    step = marks[1]
    assert re.fullmatch("[125]0*", str(step))
    assert marks == [n * step for n in range(len(marks))]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("East Gate", 24, "East Gate"),
        ("东门义仓站", 10, "东门义仓站"),
        ("东门义仓站", 9, "东门义…"),
        ("abcdefgh", 5, "abcd…"),
    ],
)
def test_a_long_name_is_cut_and_shows_that_it_was(text: str, width: int, shown: str) -> None:
    assert charts.short(text, width) == shown
