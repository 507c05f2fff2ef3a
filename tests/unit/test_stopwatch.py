"""The clock that upper bounds are held against runs, and never faster than the wall's."""

import time

from tests.support.processes import until
from tests.support.stopwatch import MOST_S, Stopwatch


def test_it_runs_while_it_is_on_and_never_before_the_wall_clock() -> None:
    began = time.monotonic()
    with Stopwatch() as watch:
        until("a tenth of a second is counted", lambda: watch.seconds > 0.1)
        assert watch.seconds <= time.monotonic() - began + MOST_S
    counted = watch.seconds
    until("it is late", lambda: time.monotonic() > began + 0.3)
    assert watch.seconds == counted
