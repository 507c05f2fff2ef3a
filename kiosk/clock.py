"""The kiosk's clocks, at the rim: monotonic since boot, wall time as far as it is known."""

import ctypes
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
        self._source = ""

    @property
    def boot(self) -> str:
        """This boot's id."""
        return self._clock.boot

    @property
    def source(self) -> str:
        """Who told the time: ``hub`` or ``ntp``; empty as long as it is unknown."""
        return self._source

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

    @property
    def offset(self) -> int | None:
        """Wall minus monotonic, in milliseconds, as learnt."""
        return self._offset

    def learn(self, offset: int, source: str = "") -> None:
        """From now on ``wall`` is ``offset`` plus monotonic, by the word of ``source``."""
        self._offset, self._source = offset, source

    def take_word(self, source: str) -> None:
        """What is known was confirmed by ``source``, which counts for more."""
        self._source = source


# --- what the kernel holds of its own clock ----------------------------------------------------

_STA_UNSYNC: Final = 0x0040
"""<linux/timex.h>: no time server stands behind this clock (any more)."""
_TIME_ERROR: Final = 5
_AGREE_MS: Final = 1_000


class _Timex(ctypes.Structure):
    """``struct timex`` of a 64-bit Linux, with room for what follows the time."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("sec", ctypes.c_long),
        ("usec", ctypes.c_long),
        ("rest", ctypes.c_byte * 256),
    )


def synchronised_wall() -> int | None:
    """Unix milliseconds, when the kernel says that a time server stands behind its clock.

    systemd-timesyncd, chrony and ntpd all tell the kernel, which forgets it when no server was
    heard for hours; asking needs no privilege (adjtimex(2) with no modes). None as long as nobody
    told it, and where this process sees another time than the kernel does.
    """
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
    found = _Timex()
    state = adjtimex(ctypes.byref(found))
    if state in (-1, _TIME_ERROR) or found.status & _STA_UNSYNC:
        return None
    seconds = time.time_ns() // 1_000_000_000
    if abs(seconds - found.sec) * 1000 > _AGREE_MS:
        return None
    return time.time_ns() // 1_000_000
