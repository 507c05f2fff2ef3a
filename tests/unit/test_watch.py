"""The hub's threads that look at something every so often."""

import logging
import threading
from typing import Final

import pytest

from hub.log.writer import WriterStoppedError
from hub.watch import Watch
from tests.support.processes import until


class Looks(Watch):
    """Fails at its first looks with these errors; ``well_again`` is set at the first that does
    not."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__("looks", 0.005, "没能看 / could not look")
        self._errors: Final = list(errors)
        self.fails: Exception | None = None
        """What every look fails with, as long as it is set."""
        self.well_again: Final = threading.Event()

    def look(self) -> None:
        """Raises the next of the errors."""
        if self._errors:
            raise self._errors.pop(0)
        if self.fails is not None:
            raise self.fails
        self.well_again.set()

    @property
    def alive(self) -> bool:
        """Whether there is a next look."""
        return self._thread.is_alive()

    def wait_for_the_end(self) -> None:
        """Until there is none."""
        self._thread.join(5.0)


def test_what_nobody_foresaw_is_said_and_the_next_look_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = Looks(KeyError("east"), TimeoutError("busy"))
    with caplog.at_level(logging.ERROR):
        watch.start()
        assert watch.well_again.wait(60.0)
        watch.stop()
    said = [one for one in caplog.records if one.getMessage() == "没能看 / could not look"]
    assert [one.exc_info and one.exc_info[0] for one in said] == [KeyError, TimeoutError]
    assert not watch.alive


def test_one_that_fails_again_and_again_is_not_well_until_it_looks_again() -> None:
    watch = Looks()
    assert watch.well, "it has not begun"
    watch.fails = OSError("no disk")
    watch.start()
    until("it has failed often", lambda: not watch.well)
    watch.fails = None
    until("it looks again", lambda: watch.well)
    watch.stop()
    assert watch.well, "it is not to look any more"


def test_one_that_fails_now_and_then_is_well() -> None:
    watch = Looks(OSError("busy"), OSError("busy"))
    watch.start()
    assert watch.well_again.wait(60.0)
    assert watch.well
    watch.stop()


def test_a_hub_that_stops_is_looked_at_no_more(caplog: pytest.LogCaptureFixture) -> None:
    watch = Looks(WriterStoppedError("stopping"))
    with caplog.at_level(logging.ERROR):
        watch.start()
        watch.wait_for_the_end()
    assert not watch.alive
    assert not watch.well_again.is_set()
    assert caplog.records == []
    watch.stop()


def test_one_that_was_never_started_can_be_stopped() -> None:
    Looks().stop()
