"""``screen:`` - scans that come through the kiosk's own page: a keyboard-wedge scanner or typing.

The page decodes the keys and sends whole scans; here they only enter their lane.
"""

from __future__ import annotations

import threading
from typing import Final

from drivers.ports import DeviceState, Post, ScanRead, Words

MAX_TEXT: Final = 4096


class ScreenScanner:
    """Posts what the page hands to `enter`, from whichever thread serves the page."""

    def __init__(self, lane: str, post: Post) -> None:
        self.name: Final = "screen:"
        self.lane: Final = lane
        self._post = post
        self._open = threading.Event()

    def start(self) -> None:
        self._open.set()
        ready = Words(zh="屏幕可用", en="the screen is ready")
        self._post(DeviceState(self.name, "scanner", True, ready, self.lane))

    def enter(
        self,
        text: str,
        symbology: str | None = None,
        *,
        lane: str | None = None,
        pressed: bool = False,
    ) -> bool:
        """Posts one scan; False when it was empty, too long or the kiosk is not running. A page
        that shows the lane of another scanner has buttons for that ``lane``; ``pressed``: see
        `ScanRead`."""
        if not self._open.is_set() or not text or len(text) > MAX_TEXT:
            return False
        self._post(ScanRead(lane or self.lane, text, symbology, pressed=pressed))
        return True

    def close(self) -> None:
        self._open.clear()
