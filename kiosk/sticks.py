"""Notices sticks: folders that something was mounted on.

Mounting is not the kiosk's work but that of a unit (`provisioning.stick`), which also unmounts what
`take_out` names and takes its folder away when the last of it is written. The folder is looked at
once a second: an inotify watch does not tell of mounts.

A stick with owners (ext4) is mounted a moment before the unit has made the kiosk's folder on it. It
is there when the kiosk can write; one on which it never can, after a while, so that it is told so.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from contract.bundles import FOLDER
from kiosk.inputs import StickFound, StickLost

LOOK_S: Final = 1.0
SETTLE_S: Final = 10.0
"""How long the kiosk's folder on a stick is waited for."""

LEAVE_S: Final = 30.0
"""How long a folder whose stick was let go of may stay, should nobody take it away."""

log = logging.getLogger(__name__)


def is_mounted(folder: Path) -> bool:
    """Whether ``folder`` is a file system of its own: what is written into a folder that a mount
    failed on, or that it has left, would be in memory."""
    try:
        return folder.stat().st_dev != folder.parent.stat().st_dev
    except OSError:
        return False


def is_settled(folder: Path) -> bool:
    """Whether nothing more is to be made on the stick: it can be written, or never will."""
    try:
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return True
    except OSError:
        return False
    room = folder / FOLDER
    return os.access(room if os.access(room, os.F_OK) else folder, os.W_OK | os.X_OK)


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
        settle_s: float = SETTLE_S,
    ) -> None:
        self._sticks: Final = sticks
        self._taken: Final = taken
        self._post: Final = post
        self._is_stick: Final = is_stick
        self._look_s: Final = look_s
        self._settle_s: Final = settle_s
        self._settling: dict[Path, float] = {}
        """What was mounted and is not yet there, and until when it is waited for."""
        self._there: set[Path] = set()
        self._taken_out: Final[set[str]] = set()
        """Names of sticks that are being let go of: added by the loop's thread, else this one's."""
        self._leaving: Final[dict[Path, float]] = {}
        """What is mounted no longer, and until when it is waited for."""
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
        self._taken_out.add(name)
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
            mounted = {one for one in self._sticks.iterdir() if self._is_stick(one)}
        except OSError:
            mounted = set()
        now = time.monotonic()
        self._settling = {
            one: self._settling.get(one, now + self._settle_s)
            for one in mounted - self._there
            if not is_settled(one)
        }
        there = {one for one in mounted if now >= self._settling.get(one, now)}
        for folder in self._there - there:
            # One that was pulled is gone; of one that was let go of, what is mounted nowhere may
            # still be written to. Whoever unmounts takes the folder away at the end.
            let_go = folder.name in self._taken_out
            self._leaving[folder] = now + LEAVE_S if let_go else now
        for folder, end in sorted(self._leaving.items()):
            if folder in there or now >= end or not folder.exists():
                del self._leaving[folder]
                self._taken_out.discard(folder.name)
                self._post(StickLost(str(folder)))
        for folder in sorted(there - self._there):
            self._post(StickFound(str(folder)))
        self._there = there
