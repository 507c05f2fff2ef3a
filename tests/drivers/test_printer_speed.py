"""Nobody waits for a label: its last byte is on its way in time, and it still reads.

The line is a pseudo-terminal that carries ten bits a byte at its rate; the label is the costliest
of all categories and languages. `python -m bench label` prints the table. What is in seconds is a
proof, for a machine that does nothing else; what a label may weigh is asked every day.
"""

import pytest

from bench.label import GOALS_S, NATIVE, PLAIN, costliest, language_of, measure
from drivers.ports import PROFILES
from tests.support.tries import quickest

WIRE_BITS = 10
PACE = 0.9
"""No faster than the line, or the pace would not be real; but for what a busy machine held up,
which the line then makes up for."""


def assert_in_time(name: str, baud: int) -> None:
    """The label has left within its goal, and no faster than the line."""

    def once(_number: int) -> float:
        timing = measure(name, baud)
        assert timing.ours_s >= PACE * timing.size * WIRE_BITS / baud
        return timing.ours_s

    assert quickest(once, GOALS_S[baud]) <= GOALS_S[baud]


@pytest.mark.proof
@pytest.mark.parametrize("name", ["58mm-native", "80mm-native", "tspl-58mm-gap-native"])
def test_a_native_label_has_left_within_three_seconds_at_9600_baud(name: str) -> None:
    assert_in_time(name, 9_600)


@pytest.mark.proof
@pytest.mark.parametrize("name", ["58mm", "80mm", "80mm-native", "tspl-80mm-gap-native"])
def test_a_label_has_left_within_six_tenths_of_a_second_at_115200_baud(name: str) -> None:
    assert_in_time(name, 115_200)


@pytest.mark.parametrize("name", NATIVE)
def test_every_label_fits_what_a_slow_line_carries_in_three_seconds(name: str) -> None:
    profile = PROFILES[name]
    _, size = costliest(profile, language_of(profile))
    # 2,880 bytes in 3 s; the rest is for questions, layout and a busy machine.
    assert size <= 2_700


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_label_is_less_than_half_of_its_dots(name: str) -> None:
    profile = PROFILES[name]
    _, size = costliest(profile, language_of(profile))
    assert size <= 0.5 * 30 * profile.dots_per_mm * profile.width_bytes
