"""Notices when somebody puts another database file in the place of ours.

A process that goes on writing to the file that is gone would acknowledge what nobody keeps. So it
ends, cleanly, and its successor opens what is there; kiosks hear a new incarnation, say hello, and
send again what the older copy lacks. (`yicang hub restore` is the way to do it, with the hub
stopped; this is for those who copy files.)
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

_log: Final = logging.getLogger(__name__)

LOOK_S: Final = 2.0


class DatabaseWatch:
    """Calls ``replaced`` once, from a thread of its own, when ``path`` is another file."""

    def __init__(self, path: Path, replaced: Callable[[], None]) -> None:
        self._path: Final = path
        self._replaced: Final = replaced
        self._stopping: Final = threading.Event()
        self._file = _identity(path)
        self._thread: Final = threading.Thread(target=self._run, name="database-watch", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stops looking."""
        self._stopping.set()
        self._thread.join(LOOK_S * 2)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            now = _identity(self._path)
            if now is not None and now != self._file:
                _log.error(
                    "数据库文件被替换，重新打开 / the database file was replaced: opening it anew"
                )
                self._replaced()
                return


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode; None while there is no file (between a removal and a copy)."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
