"""udev's word that something was plugged in or pulled out.

A netlink socket, selected on beside the device's own: nobody polls for what the kernel tells. On a
machine without udev, or without pyudev, there is no socket and the scanners' slow look remains.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from pyudev import Monitor

log = logging.getLogger(__name__)


class Hotplug(Protocol):
    """Readable whenever devices came or went."""

    def fileno(self) -> int: ...

    def drain(self) -> None:
        """Takes what was told. Who watches looks for itself at what is there."""

    def close(self) -> None: ...


class UdevHotplug:
    """Events of `subsystems` after udev's rules have run: names and permissions are in place."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor: Final = monitor

    def fileno(self) -> int:
        return int(self._monitor.fileno())

    def drain(self) -> None:
        # ENOBUFS: more was told than the socket holds. Who watches looks for itself anyway.
        with contextlib.suppress(OSError):
            while self._monitor.poll(timeout=0) is not None:
                pass

    def close(self) -> None:
        """The socket is closed by libudev when its last user lets go of it."""


def watch(*subsystems: str) -> Hotplug | None:
    """Begins to listen; None where nobody tells."""
    try:
        import pyudev

        monitor = pyudev.Monitor.from_netlink(pyudev.Context())
        for subsystem in subsystems:
            monitor.filter_by(subsystem)
        monitor.start()
    except (ImportError, OSError) as error:
        log.info("no udev events (%s): plugging in is noticed by looking", error)
        return None
    return UdevHotplug(monitor)
