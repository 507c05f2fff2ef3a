"""A kiosk whose disk takes nothing: it stands there and says so, until the disk takes again.

Without a journal no scan can be saved, so none is taken: every read is answered by the refusing
light and sound and by the words that nothing was saved. An end of the process would leave a dark
kiosk to whoever comes next with a bag.
"""

import errno
import logging
import queue
import sqlite3
import time
from collections.abc import Callable
from typing import Final

from drivers.ports import Alarm, Panel, ScanRead, ScanUnreadable, Signal
from kiosk.inputs import LoopInput, Stop
from kiosk.lanes import LaneScreen
from kiosk.screen.moment import Moment
from kiosk.state import LaneState, Message

log = logging.getLogger(__name__)

TRY_AGAIN_S: Final = 5.0

_ERRNOS: Final = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO})
_CODES: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


def is_refusal(error: BaseException | None) -> bool:
    """Whether the disk refused: full, read-only or failing. (Other faults are for whoever set the
    kiosk up, and end it.)"""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _ERRNOS:
            return True
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _CODES:
            return True
        error = error.__cause__
    return False


class RefusingLoop:
    """Stands in for the kiosk's loop; ``post`` may be called from any thread. ``alive`` is called
    with each turn: a start anew would not mend the disk."""

    def __init__(
        self, panel: Panel, screen: LaneScreen, alive: Callable[[], None] = lambda: None
    ) -> None:
        self._alive: Final = alive
        self._panel: Final = panel
        self._screen: Final = screen
        self._queue: Final[queue.SimpleQueue[LoopInput]] = queue.SimpleQueue()
        self._beeps: Final[dict[str, int]] = {}

    def post(self, incoming: LoopInput) -> None:
        """From any thread: an input."""
        self._queue.put(incoming)

    def open(self, lane: str) -> None:
        """A lane exists, and takes nothing."""
        self._beeps[lane] = 0
        self._show(lane, Signal.IDLE)

    def run(self, usable: Callable[[], bool]) -> bool:
        """Refuses until ``usable`` says yes (then True) or somebody stops it (then False)."""
        self._panel.alarm(Alarm.UNSAVED, True)
        try_at = time.monotonic() + TRY_AGAIN_S
        while True:
            self._alive()
            try:
                incoming = self._queue.get(timeout=max(0.0, try_at - time.monotonic()))
            except queue.Empty:
                incoming = None
            match incoming:
                case Stop():
                    return False
                case ScanRead(lane=lane) | ScanUnreadable(lane=lane):
                    self._beeps[lane] = self._beeps.get(lane, 0) + 1
                    self._show(lane, Signal.REFUSED)
                case _:
                    pass
            if time.monotonic() >= try_at:
                if usable():
                    self._panel.alarm(Alarm.UNSAVED, False)
                    return True
                try_at = time.monotonic() + TRY_AGAIN_S

    def _show(self, lane: str, signal: Signal) -> None:
        self._panel.show(lane, signal)
        beep = self._beeps.get(lane, 0)
        now = time.monotonic_ns() // 1_000_000
        message = Message("not-saved")
        self._screen.publish(Moment(lane, LaneState(), signal.value, message, beep, now))
