"""What whoever simulates a fleet sees while it runs, and at its end."""

import unicodedata

import pytest
from msgspec.structs import replace

from kiosk.fleet.report import Display, told
from kiosk.fleet.simulation import Progress, Summary

LARGE = Progress(scans=999_999, events=999_999, acked=999_998, online=1000)
SUMMARY = Summary(
    kiosks=30,
    scans=600,
    events=900,
    acked=900,
    seconds=10.0,
    wait_half=0.02,
    wait_99=0.2,
    wait_most=0.5,
    caught_up=1.5,
    own_share=0.3,
    memory_mb=120.0,
)


def columns(text: str) -> int:
    """How wide a terminal draws it: Chinese letters are two columns."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def test_the_line_that_counts_stays_one_line_on_a_terminal_of_eighty_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = Display(1000, quiet=False)
    for now in (replace(LARGE, scans=1, events=1, acked=0, online=1), LARGE):
        display.tell(now)
    display.end()
    _, first, last = capsys.readouterr().err.split("\r")
    assert first.startswith("在线 / online 1/1000 ")
    assert "acknowledged 999998/999999" in last
    assert last.endswith("\n")
    assert columns(last.rstrip()) < 80


def test_whoever_reads_the_output_by_a_program_sees_no_line_that_counts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = Display(30, quiet=True)
    display.tell(LARGE)
    display.end()
    assert capsys.readouterr().err == ""


def test_the_sum_says_how_the_hub_kept_up_and_what_it_did_not_acknowledge() -> None:
    lines = told(SUMMARY).splitlines()
    assert "每秒事件 / events a second: 90" in lines
    assert "等确认：99% / wait for it: 99 %: 200 ms" in lines
    assert not [line for line in lines if "did not acknowledge" in line or "used up" in line]
    short = told(replace(SUMMARY, acked=880, own_share=1.0))
    assert "the hub did not acknowledge 20; the journals keep them" in short
    assert "not all of the wait is the hub's" in short
