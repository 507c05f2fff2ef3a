"""Notices sticks: folders that something was mounted on.

Mounting is not the kiosk's work but that of a unit (`provisioning.stick`), which also unmounts what
`take_out` names. The folder is looked at once a second: an inotify watch does not tell of mounts.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kiosk.inputs import StickFound, StickLost

LOOK_S: Final = 1.0

log = logging.getLogger(__name__)


def is_mounted(folder: Path) -> bool:
    """Whether ``folder`` is a file system of its own: what is written into a folder that a mount
    failed on, or that it has left, would be in memory."""
    try:
        return folder.stat().st_dev != folder.parent.stat().st_dev
    except OSError:
        return False


class StickWatch:
    """Posts `StickFound` and `StickLost` for the folders in ``sticks``; ``taken`` is where names
    are put of which the kiosk needs no more."""

    def __init__(
        self,
        sticks: Path,
        taken: Path,
        post: Callable[[StickFound | StickLost], object],
        is_stick: Callable[[Path], bool] = is_mounted,
        look_s: float = LOOK_S,
    ) -> None:
        self._sticks: Final = sticks
        self._taken: Final = taken
        self._post: Final = post
        self._is_stick: Final = is_stick
        self._look_s: Final = look_s
        self._there: set[Path] = set()
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="sticks", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join(5.0)

    def take_out(self, folder: str) -> None:
        """The stick may be pulled: whoever mounted it lets go of it."""
        name = Path(folder).name
        try:
            self._taken.mkdir(exist_ok=True)
            self._taken.chmod(0o755)  # who unmounts is root without root's right to look anywhere
            (self._taken / name).touch()
        except OSError as error:  # it was synced: pulled as it is, it loses nothing
            log.warning("the stick %s cannot be let go of: %s", name, error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._look()
            self._stopping.wait(self._look_s)

    def _look(self) -> None:
        try:
            there = {one for one in self._sticks.iterdir() if self._is_stick(one)}
        except OSError:
            there = set()
        for folder in sorted(there - self._there):
            self._post(StickFound(str(folder)))
        for folder in sorted(self._there - there):
            self._post(StickLost(str(folder)))
        self._there = there
