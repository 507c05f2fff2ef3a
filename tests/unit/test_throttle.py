"""Whoever guesses has to wait; everybody else does not."""

import pytest

from hub.access.throttle import MAX_KEYS, Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_free_and_then_each_try_costs_its_time() -> None:
    clock = Clock()
    throttle = Throttle(3, 10, clock)
    for _ in range(3):
        assert throttle.wait_s("a") == 0
        throttle.spend("a")
    assert throttle.wait_s("a") == pytest.approx(10)
    clock.now += 9
    assert throttle.wait_s("a") == pytest.approx(1)
    clock.now += 1
    assert throttle.wait_s("a") == 0
    throttle.spend("a")
    assert throttle.wait_s("a") == pytest.approx(10)


def test_one_who_guesses_costs_nobody_else_anything() -> None:
    throttle = Throttle(1, 10, Clock())
    throttle.spend("a")
    assert throttle.wait_s("a") == pytest.approx(10)
    assert throttle.wait_s("b") == 0


def test_rest_never_saves_up_more_than_the_burst() -> None:
    clock = Clock()
    throttle = Throttle(2, 10, clock)
    throttle.spend("a")
    clock.now += 1000
    throttle.spend("a")
    throttle.spend("a")
    assert throttle.wait_s("a") == pytest.approx(10)


def test_the_one_that_was_quiet_longest_is_forgotten_first() -> None:
    throttle = Throttle(1, 10, Clock())
    throttle.spend("first")
    for number in range(MAX_KEYS - 1):
        throttle.spend(str(number))
    assert throttle.wait_s("first") == 10
    throttle.spend("one more")
    assert throttle.wait_s("first") == 0
    assert throttle.wait_s("one more") == 10
