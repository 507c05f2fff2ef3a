"""The thread that looks for what only time makes wrong (`hub.overdue`), every few minutes."""

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.fleet import invitations
from hub.log.writer import Writer
from hub.overdue import sweep
from hub.watch import Watch

EVERY_S: Final = 300.0


class OverdueWatch(Watch):
    """``timezone`` says when a day is over."""

    def __init__(
        self,
        writer: Writer,
        now_ms: Callable[[], int],
        timezone: str,
        every_s: float = EVERY_S,
    ) -> None:
        super().__init__(
            "hub-overdue", every_s, "没能查看逾期事项 / could not look for what is overdue"
        )
        self._writer: Final = writer
        self._now_ms: Final = now_ms
        self._zone: Final = ZoneInfo(timezone)

    def look(self) -> None:
        """One look for all of it, in one transaction."""
        self._writer.call(self._sweep)

    def _sweep(self, connection: Connection) -> int:
        invitations.sweep(connection, self._now_ms())
        return sweep(connection, self._now_ms(), self._zone)
