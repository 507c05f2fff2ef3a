"""The thread that looks for devices at start, and again whenever udev tells of something new."""

from __future__ import annotations

import logging
import os
import select
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from drivers.discovery import PluggedIn
from drivers.hotplug import Hotplug

log = logging.getLogger(__name__)

RETRY_S: Final = 5.0
"""Only where udev is silent; else its event comes first."""


class Discovering(ABC):
    """Hands what `look` finds to `_settle`, in a thread of this ``title``."""

    def __init__(
        self,
        title: str,
        look: Callable[[], tuple[PluggedIn, ...]],
        hotplug: Callable[[], Hotplug | None],
    ) -> None:
        self._title: Final = title
        self._look: Final = look
        self._hotplug: Final = hotplug
        self._closing: Final = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._thread: Final = threading.Thread(target=self._run, name=title, daemon=True)

    def start(self) -> None:
        """Begins to look; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Looks no more. May be called twice."""
        if self._closing.is_set():
            return
        self._closing.set()
        os.write(self._wake_write, b"x")
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    @abstractmethod
    def _settle(self, devices: tuple[PluggedIn, ...]) -> None:
        """Opens what is new, and gives up what must be."""

    def _rest(self) -> float | None:
        """Seconds until there is something to look for though udev tells of nothing; None: none."""
        return None

    def _run(self) -> None:
        hotplug = self._hotplug()
        watched = [self._wake_read] if hotplug is None else [self._wake_read, hotplug.fileno()]
        try:
            while not self._closing.is_set():
                try:
                    self._settle(self._look())
                except Exception:  # the thread's rim: what is plugged in next must still be found
                    log.exception("%s met an error", self._title)
                rests = [self._rest(), RETRY_S if hotplug is None else None]
                rest = min((one for one in rests if one is not None), default=None)
                ready, _, _ = select.select(watched, [], [], rest)
                if hotplug is not None and hotplug.fileno() in ready:
                    hotplug.drain()
        finally:
            if hotplug is not None:
                hotplug.close()
