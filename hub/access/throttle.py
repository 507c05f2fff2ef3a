"""Token buckets by address: slow down whoever guesses, within one process."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MAX_KEYS: Final = 10_000
"""Addresses remembered; the one that was quiet longest is forgotten first."""


class Throttle:
    """``burst`` tries at once, then one each ``refill_s`` seconds, for each key.

    ``clock`` gives seconds that never run backwards. Any thread may call.
    """

    def __init__(self, burst: int, refill_s: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._refill_s = refill_s
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until ``key`` may try again; 0 when it may now."""
        with self._lock:
            return max(0.0, (1 - self._left(key)) * self._refill_s)

    def spend(self, key: str) -> None:
        """Count one failed try of ``key``."""
        with self._lock:
            self._buckets[key] = (max(0.0, self._left(key) - 1), self._clock())
            self._buckets.move_to_end(key)
            while len(self._buckets) > MAX_KEYS:
                self._buckets.popitem(last=False)

    def _left(self, key: str) -> float:
        left, since = self._buckets.get(key, (float(self._burst), self._clock()))
        return min(float(self._burst), left + (self._clock() - since) / self._refill_s)
