"""When a kiosk may be updated: at its own hour, by its own clock. Pure."""

import hashlib
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

WINDOW_MINUTES: Final = 120
SPREAD_MINUTES: Final = 60
"""Kiosks begin within this time after the hour, each always at its own minute."""


def minute_of(kiosk: str) -> int:
    """This kiosk's own minute after the hour: all of them together would be too much for a hub."""
    return int.from_bytes(hashlib.sha256(kiosk.encode()).digest()[:4]) % SPREAD_MINUTES


def is_open(wall_ms: int | None, zone: tzinfo, hour: int, kiosk: str) -> bool:
    """Whether the kiosk's own clock says that its time for updates is now; nobody knows while the
    time is unknown. ``hour`` is local, 0 to 23."""
    if wall_ms is None:
        return False
    now = datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(zone)
    begins = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    begins += timedelta(minutes=minute_of(kiosk))
    minutes = ((now - begins).total_seconds() // 60) % (24 * 60)
    return minutes < WINDOW_MINUTES
