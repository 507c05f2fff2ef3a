"""The thread that looks for what only time makes wrong (`hub.overdue`), every few minutes."""

import logging
import threading
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.fleet import invitations
from hub.log.writer import Writer, WriterStoppedError
from hub.overdue import sweep

_log: Final = logging.getLogger(__name__)

EVERY_S: Final = 300.0


class OverdueWatch:
    """Use once: `start`, `stop`. ``timezone`` says when a day is over."""

    def __init__(
        self,
        writer: Writer,
        now_ms: Callable[[], int],
        timezone: str,
        every_s: float = EVERY_S,
    ) -> None:
        self._writer: Final = writer
        self._now_ms: Final = now_ms
        self._zone: Final = ZoneInfo(timezone)
        self._every_s: Final = every_s
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="hub-overdue", daemon=True)

    def start(self) -> None:
        """Begin; the first look is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End; call before the writer stops."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._writer.call(self._look)
            except WriterStoppedError:
                return
            except Exception:  # noqa: BLE001 - the thread's rim: one look must not be the last
                _log.exception("没能查看逾期事项 / could not look for what is overdue")
            self._stopping.wait(self._every_s)

    def _look(self, connection: Connection) -> int:
        invitations.sweep(connection, self._now_ms())
        return sweep(connection, self._now_ms(), self._zone)
