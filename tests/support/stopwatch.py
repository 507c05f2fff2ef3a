"""Time as a process had it: what an upper bound in a test is held against.

A busy machine may stop every thread of a test for seconds. An upper bound on the wall clock would
fail then and say nothing; so this clock advances by a tick whenever its own thread gets to run,
and never by more: where the machine held everybody up, it stood still.
"""

import threading
import time
from types import TracebackType
from typing import Final, Self

TICK_S: Final = 0.005
MOST_S: Final = 2 * TICK_S
"""What one tick counts at most, however late it comes."""


class Stopwatch:
    """A context manager: `seconds` since it was entered, without what the machine held up."""

    def __init__(self) -> None:
        self._over: Final = threading.Event()
        self._counted = 0.0
        self._thread: Final = threading.Thread(target=self._count, name="stopwatch", daemon=True)

    @property
    def seconds(self) -> float:
        """So far, or until its end."""
        return self._counted

    def _count(self) -> None:
        last = time.monotonic()
        while not self._over.wait(TICK_S):
            now = time.monotonic()
            self._counted += min(now - last, MOST_S)
            last = now

    def start(self) -> None:
        """Begins to count."""
        self._thread.start()

    def stop(self) -> None:
        """Counts no more."""
        self._over.set()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
