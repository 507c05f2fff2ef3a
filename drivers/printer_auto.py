"""``auto:`` - every printer that is plugged in, now or later, with the profile that it suggests.

Looks at start and whenever udev tells of something new. A printer once met is waited for when it is
pulled out. A second one with the same by-id name makes both be called by their ports: the first is
then given up under its old name and found again under the new one (`drivers.discovery`).

The kernel tells of a USB printer before its own driver has made the node, by seconds when that must
be loaded first. Taken by vendor and product at that moment it would be a second printer, which
takes labels and the machine away from the node: so one without a node is given some time for it,
and is given up when a node comes all the same.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

from drivers.discovering import Discovering
from drivers.discovery import PluggedIn, shared_paths
from drivers.discovery_printers import FoundPrinter, printer_urls, superfluous_names
from drivers.hotplug import Hotplug, watch
from drivers.ports import DeviceState, Post, Printer, Words
from drivers.udev import plugged_in
from drivers.urls import PrinterUrl, parse_printer

log = logging.getLogger(__name__)

NODE_S: Final = 10.0
"""How long the kernel has for a printer's node; 9 s were seen on a machine under load."""
SUBSYSTEMS: Final = ("usbmisc", "tty", "usb")
_BY_PORT: Final = Words(
    zh="有两台同型号的打印机，改按 USB 插口区分",
    en="there are two printers of this kind: they are told apart by their USB ports",
)
_BY_NODE: Final = Words(
    zh="打印机改由系统自带的驱动使用", en="the printer is used through the kernel's own driver"
)


class AutoPrinters(Discovering):
    """Finds printers: `found` gets each once, opened but untouched, `lost` the name of one that is
    given up. Both are called on this object's own thread."""

    def __init__(
        self,
        found: Callable[[Printer], None],
        lost: Callable[[str], None],
        post: Post,
        open_printer: Callable[[PrinterUrl], Printer],
        *,
        besides: Sequence[str] = (),
        look: Callable[[], tuple[PluggedIn, ...]] = lambda: plugged_in(SUBSYSTEMS),
        hotplug: Callable[[], Hotplug | None] = lambda: watch(*SUBSYSTEMS),
        node_s: float = NODE_S,
    ) -> None:
        super().__init__("printer discovery", look, hotplug)
        self._found = found
        self._lost = lost
        self._post = post
        self._open_printer = open_printer
        self._besides = besides
        self._node_s = node_s
        self._without_node: Final[dict[str, float]] = {}
        """Since when a printer is there that has no node, by its name."""
        self._names: Final[dict[str, frozenset[str]]] = {}
        """The printers' names, and the paths that led to each. Only its thread uses it."""

    def _rest(self) -> float | None:
        if not self._without_node:
            return None
        due = min(self._without_node.values()) + self._node_s
        return max(0.0, due - time.monotonic())

    def _settle(self, devices: tuple[PluggedIn, ...]) -> None:
        """Opens what is new; gives up only what has come to share its name, or has got a better
        one."""
        shared = shared_paths(devices)
        for name in [name for name in self._names if name.partition(":")[2] in shared]:
            self._give_up(name, _BY_PORT)
        for name in self._names.keys() & superfluous_names(devices):
            self._give_up(name, _BY_NODE)
        besides = {os.path.realpath(path) for path in self._besides} | {*self._besides}
        known = [(parse_printer(each.url), each) for each in printer_urls(devices)]
        self._look_for_nodes([(url.name, each) for url, each in known])
        for url, each in known:
            links = each.paths & {path for paths in self._names.values() for path in paths}
            if url.name in self._names or each.paths & besides or links - _nodes(links):
                continue
            if url.name in self._without_node:
                continue
            self._names[url.name] = each.paths
            log.info("%s found", each.url)
            self._found(self._open_printer(url))

    def _give_up(self, name: str, why: Words) -> None:
        del self._names[name]
        self._lost(name)
        self._post(DeviceState(name, "printer", True, why))

    def _look_for_nodes(self, printers: Sequence[tuple[str, FoundPrinter]]) -> None:
        """Keeps in `_without_node` those that may still get one."""
        bare = {name for name, each in printers if not each.has_node} - self._names.keys()
        now = time.monotonic()
        since = {name: self._without_node.get(name, now) for name in bare}
        self._without_node.clear()
        self._without_node.update(
            {name: first for name, first in since.items() if now - first < self._node_s}
        )


def _nodes(paths: frozenset[str]) -> frozenset[str]:
    """Names that the kernel gives anew: the next printer may have one that another had."""
    return frozenset(path for path in paths if "/by-" not in path)
