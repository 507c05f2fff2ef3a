"""``auto:`` - every scanner that is plugged in, now or later, with a lane for each.

Looks at start and whenever udev tells of something new; a scanner once met keeps its lane for as
long as the kiosk runs, and is waited for when it is pulled out. A second scanner with the same
by-id name makes both be called by their ports (`drivers.discovery`): the first one's driver is then
given up and opened again under its new name, in the same lane.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Final

from drivers import discovery
from drivers.discovering import Discovering
from drivers.discovery import PluggedIn
from drivers.hotplug import Hotplug, watch
from drivers.ports import DeviceState, Post, Scanner, Words
from drivers.udev import plugged_in
from drivers.urls import ScannerUrl, parse_scanner

log = logging.getLogger(__name__)

LANES_MAX: Final = 8
_BY_PORT: Final = Words(
    zh="有两支同型号的扫码枪，改按 USB 插口区分",
    en="there are two scanners of this kind: they are told apart by their USB ports",
)


class AutoScanners(Discovering):
    """A `Scanner` made of scanners. Its first has `lane`, the next ones the numbers after it."""

    def __init__(
        self,
        lane: str,
        post: Post,
        open_scanner: Callable[[ScannerUrl, str, Post], Scanner],
        *,
        besides: Sequence[str] = (),
        look: Callable[[], tuple[PluggedIn, ...]] = plugged_in,
        hotplug: Callable[[], Hotplug | None] = lambda: watch("input", "tty"),
    ) -> None:
        super().__init__("scanner discovery", look, hotplug)
        self.name: Final = "auto:"
        self.lane: Final = lane
        self._post = post
        self._open_scanner = open_scanner
        self._besides = besides
        prefix, _, number = lane.rpartition("-")
        self._lanes: Final = [f"{prefix}-{int(number) + step}" for step in range(LANES_MAX)]
        self._scanners: Final[dict[str, Scanner]] = {}
        """By the path that each was opened under. Only its thread uses it, while it runs."""
        self._told_of: Final[set[str]] = set()

    def close(self) -> None:
        super().close()
        while self._scanners:
            self._scanners.popitem()[1].close()

    def _settle(self, devices: tuple[PluggedIn, ...]) -> None:
        """Opens what is new; closes only what has come to share its name."""
        found = discovery.scanners(devices)
        for path in discovery.shared_paths(devices) & self._scanners.keys():
            scanner = self._scanners.pop(path)
            scanner.close()
            self._post(DeviceState(scanner.name, "scanner", True, _BY_PORT, scanner.lane))
        besides = {os.path.realpath(path) for path in self._besides}
        for each in found:
            if not each.paths & (self._scanners.keys() | besides):
                self._open(each.url, each.path)
        for keyboard in discovery.unknown_keyboards(devices):
            if keyboard.url not in self._told_of:
                self._told_of.add(keyboard.url)
                log.info("%s may be a keyboard; name it if it is a scanner", keyboard.url)

    def _open(self, url: str, path: str) -> None:
        taken = {scanner.lane for scanner in self._scanners.values()}
        lane = next((lane for lane in self._lanes if lane not in taken), None)
        if lane is None:
            if url not in self._told_of:
                self._told_of.add(url)
                log.warning("%s is one scanner too many: at most %d", url, LANES_MAX)
            return
        log.info("%s found: %s", url, lane)
        scanner = self._open_scanner(parse_scanner(url), lane, self._post)
        self._scanners[path] = scanner
        scanner.start()
