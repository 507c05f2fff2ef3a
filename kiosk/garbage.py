"""Garbage is collected when nobody waits.

Python looks for cyclic garbage whenever so many objects were made, and at a kiosk that is in the
middle of a donor's scan: 0.05 ms every twentieth scan, and ten milliseconds when it goes through
everything that the start loaded. Here idle moments are used for it, and what the start loaded is
left out. Without an idle moment Python does it by itself, only later.

A printed document leaves the most of it: the printers' libraries tie every one into circles, 8 kB a
label. That is swept up by the printer's thread when the paper is out (`sweep`), so that a busy hour
without an idle second does not grow the kiosk by megabytes.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kiosk.lean import trim

YOUNG: Final = 20_000
"""New objects at which Python collects by itself: several hundred scans without an idle moment."""
WHOLE_EVERY: Final = 600
"""Every so many idle moments everything since the start is gone through: each ten minutes."""

TRIM_EVERY: Final = 10
"""Every so many idle moments free memory goes back to the system, in 0.1 ms. Loading a driver
leaves the most: evdev's tables of names leave 6 MB."""


class Garbage:
    """The collector of this process. Used by the loop's thread."""

    def __init__(self) -> None:
        self._idle = 0

    @contextmanager
    def kept_for_idle(self) -> Iterator[None]:
        """Inside, garbage waits for `idle`; afterwards Python collects as it did before."""
        before = gc.get_threshold()
        gc.collect(1)  # the whole would take longer than opening the journal, for a few kB
        gc.freeze()
        gc.set_threshold(YOUNG, *before[1:])
        try:
            yield
        finally:
            gc.set_threshold(*before)
            gc.unfreeze()

    def idle(self) -> None:
        """Uses a moment in which nobody waits."""
        self._idle += 1
        gc.collect(1 if self._idle % WHOLE_EVERY else 2)
        if self._idle % TRIM_EVERY == 0:
            trim()


def sweep() -> None:
    """Frees what was made and let go since the last time: a fraction of a millisecond, on any
    thread."""
    gc.collect(0)
