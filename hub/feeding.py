"""Feeds systemd's watchdog as long as what does the work says so (`hub.watchdog`)."""

import threading
from collections.abc import Callable
from typing import Final

from drivers.service_manager import ServiceManager

INTERVAL_S: Final = 10.0


class Feeding:
    """A thread that asks ``works`` every ``interval_s`` seconds, and feeds when it says yes."""

    def __init__(
        self, manager: ServiceManager, works: Callable[[], bool], interval_s: float = INTERVAL_S
    ) -> None:
        self._manager: Final = manager
        self._works: Final = works
        self._interval_s: Final = interval_s
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Says that the service is ready, and begins."""
        self._manager.ready()
        self._thread.start()

    def stop(self) -> None:
        """Feeds no more. That the service ends is not said: another worker may follow."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            if self._works():
                self._manager.alive()
            if self._stopping.wait(self._interval_s):
                return
