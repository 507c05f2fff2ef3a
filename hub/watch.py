"""The threads beside ingest that look at something every so often: alarms, roll-outs, orders.

A look that stumbles over whatever it is says so and is not the last: a hub that silently looks no
more would be worse than one that complains at every look.
"""

import logging
import threading
import time
from abc import ABC, abstractmethod
from typing import Final

from hub.log.writer import WriterStoppedError

_log: Final = logging.getLogger(__name__)

JOIN_S: Final = 5.0
PATIENCE: Final = 3
"""Looks in a row that may fail: a database that is busy for a moment is no ailment."""
LONG_S: Final = 900.0
"""A look that takes longer hangs: each thing that it may wait for has its own limit, far below."""


class Watch(ABC):
    """Looks every ``every_s`` seconds, in a thread called ``name``. Use once: `start`, `stop`.
    ``failed`` is what the log says of a look that failed, in both languages."""

    def __init__(self, name: str, every_s: float, failed: str) -> None:
        self._every_s: Final = every_s
        self._failed: Final = failed
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name=name, daemon=True)
        self._failures = 0
        self._since: float | None = None

    @abstractmethod
    def look(self) -> None:
        """One look, and what comes of it. Raises what it may: it is said, and the next look comes.

        Raises:
            hub.log.writer.WriterStoppedError: the hub is stopping, and there is no next look.
        """

    @property
    def name(self) -> str:
        """What it is called, as in the log."""
        return self._thread.name

    @property
    def well(self) -> bool:
        """Whether its looks succeed, and come to an end; true as long as it is not to look."""
        since = self._since
        hangs = since is not None and time.monotonic() - since > LONG_S
        ended = self._thread.ident is not None and not self._thread.is_alive()
        looks = not self._stopping.is_set()
        return not (looks and (ended or hangs or self._failures >= PATIENCE))

    def start(self) -> None:
        """Begin; the first look is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End; call before the writer stops."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._since = time.monotonic()
            try:
                self.look()
                self._failures = 0
            except WriterStoppedError:
                self._stopping.set()
                return
            except Exception:  # noqa: BLE001 - the thread's rim: see the module
                self._failures += 1
                _log.exception(self._failed)
            self._since = None
            self._stopping.wait(self._every_s)
