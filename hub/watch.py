"""The threads beside ingest that look at something every so often: alarms, roll-outs, orders.

A look that stumbles over whatever it is says so and is not the last: a hub that silently looks no
more would be worse than one that complains at every look.
"""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Final

from hub.log.writer import WriterStoppedError

_log: Final = logging.getLogger(__name__)

JOIN_S: Final = 5.0


class Watch(ABC):
    """Looks every ``every_s`` seconds, in a thread called ``name``. Use once: `start`, `stop`.
    ``failed`` is what the log says of a look that failed, in both languages."""

    def __init__(self, name: str, every_s: float, failed: str) -> None:
        self._every_s: Final = every_s
        self._failed: Final = failed
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def look(self) -> None:
        """One look, and what comes of it. Raises what it may: it is said, and the next look comes.

        Raises:
            hub.log.writer.WriterStoppedError: the hub is stopping, and there is no next look.
        """

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
            try:
                self.look()
            except WriterStoppedError:
                return
            except Exception:  # noqa: BLE001 - the thread's rim: see the module
                _log.exception(self._failed)
            self._stopping.wait(self._every_s)
