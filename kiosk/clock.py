"""The kiosk's clocks, at the rim: monotonic since boot, wall time as far as it is known."""

import time
from pathlib import Path
from typing import Final, Protocol


class Clock(Protocol):
    """What the loop asks for the time. ``boot`` is 32 hex digits."""

    @property
    def boot(self) -> str: ...

    def mono(self) -> int:
        """Milliseconds since boot, running on while the machine sleeps."""

    def wall(self) -> int:
        """What the machine believes is Unix time, in milliseconds; perhaps nonsense."""


class SystemClock:
    """Linux: CLOCK_BOOTTIME and the kernel's boot id."""

    def __init__(self) -> None:
        identifier = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        self._boot: Final = identifier.replace("-", "")

    @property
    def boot(self) -> str:
        """This boot's id."""
        return self._boot

    def mono(self) -> int:
        """CLOCK_BOOTTIME in milliseconds."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def wall(self) -> int:
        """CLOCK_REALTIME in milliseconds."""
        return time.time_ns() // 1_000_000


class LearntClock:
    """What this boot has learnt about wall time: its offset to the monotonic clock."""

    TOLERANCE_MS: Final = 2_000
    """A new offset nearer than this to the known one is no news: network delay explains it."""

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._offset: int | None = None

    @property
    def boot(self) -> str:
        """This boot's id."""
        return self._clock.boot

    @property
    def trusted(self) -> bool:
        """Whether the time was learnt since boot."""
        return self._offset is not None

    def mono(self) -> int:
        """Milliseconds since boot."""
        return self._clock.mono()

    def wall(self) -> int:
        """Unix milliseconds: as learnt, or else what the machine believes."""
        return self._clock.wall() if self._offset is None else self._offset + self._clock.mono()

    def trusted_wall(self) -> int | None:
        """Unix milliseconds when they are known, else None."""
        return None if self._offset is None else self._offset + self._clock.mono()

    def is_news(self, offset: int) -> bool:
        """Whether this offset differs from the known one by more than the tolerance."""
        return self._offset is None or abs(offset - self._offset) > self.TOLERANCE_MS

    def learn(self, offset: int) -> None:
        """From now on ``wall`` is ``offset`` plus monotonic."""
        self._offset = offset
