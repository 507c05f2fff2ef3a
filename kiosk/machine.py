"""How the machine is that a kiosk runs on: its disk, its heat, its power. Linux only."""

import os
from pathlib import Path
from typing import Final

DISK_LOW: Final = "disk-low"
READ_ONLY: Final = "read-only"

_THROTTLED: Final = "sys/devices/platform/soc/soc:firmware/get_throttled"
"""The Raspberry Pi's own driver; the same bits as ``vcgencmd get_throttled``, without a process."""

_BITS: Final = ("under-voltage", "frequency-capped", "throttled", "hot")
"""Bits 0 to 3 hold now, bits 16 to 19 have held since boot (Raspberry Pi documentation,
``get_throttled``)."""
_SINCE_BOOT: Final = 16


class Machine:
    """The machine with the state directory ``state``; ``root`` is where its sys directory is."""

    def __init__(self, state: Path, min_free_mb: int, root: Path = Path("/")) -> None:
        self._state: Final = state
        self._min_free_mb: Final = min_free_mb
        self._root: Final = root

    def free_mb(self) -> int:
        """Room on the disk with the journal, in MiB; 0 when the disk does not even answer."""
        try:
            disk = os.statvfs(self._state)
        except OSError:
            return 0
        return disk.f_bavail * disk.f_frsize // 2**20

    def refusing(self) -> str:
        """Why nothing can be saved, before it is tried: ``disk-low`` or ``read-only``; else empty.

        A disk with faults is mounted read-only by the kernel itself.
        """
        try:
            disk = os.statvfs(self._state)
        except OSError:
            return READ_ONLY
        if disk.f_flag & os.ST_RDONLY:
            return READ_ONLY
        return DISK_LOW if self.free_mb() < self._min_free_mb else ""

    def temperature_c(self) -> float | None:
        """The hottest of the processor's thermal zones in degrees Celsius; None without any."""
        found = []
        for zone in (self._root / "sys/class/thermal").glob("thermal_zone*/temp"):
            try:
                found.append(int(zone.read_text()) / 1000)
            except (OSError, ValueError):
                continue  # a sensor that is off says EINVAL or nothing
        sensible = [value for value in found if -60 <= value <= 200]
        return max(sensible, default=None)

    def throttling(self) -> tuple[str, ...] | None:
        """What the board holds against its power and heat; None where it cannot tell."""
        try:
            bits = int((self._root / _THROTTLED).read_text(), 16)
        except (OSError, ValueError):
            return None
        now = [word for bit, word in enumerate(_BITS) if bits >> bit & 1]
        before = [
            f"{word}-before"
            for bit, word in enumerate(_BITS)
            if bits >> bit + _SINCE_BOOT & 1 and not bits >> bit & 1
        ]
        return (*now, *before)


def runtime_folder() -> Path | None:
    """The directory in memory that systemd gives to the service; None without it."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(given) if given else None
