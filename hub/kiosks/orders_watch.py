"""The thread that follows up what kiosks answered to commands
(`hub.printing.label_orders.settle`), and lets go of files that they sent long ago."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine

from hub.kiosks import command_files
from hub.log.writer import Writer
from hub.printing.label_orders import settle, unsettled
from hub.watch import Watch

EVERY_S: Final = 1.0


class OrdersWatch(Watch):
    """Looks through ``reader``, and asks the writer only when there is something to do."""

    def __init__(
        self,
        reader: Engine,
        writer: Writer,
        now_ms: Callable[[], int],
        every_s: float = EVERY_S,
    ) -> None:
        super().__init__(
            "hub-orders",
            every_s,
            "没能处理终端的回复 / could not follow up what kiosks answered",
        )
        self._reader: Final = reader
        self._writer: Final = writer
        self._now_ms: Final = now_ms

    def look(self) -> None:
        """One look, and what came of it."""
        if self._waits():
            self._writer.call(lambda connection: settle(connection, self._now_ms()))
        if self._files_aged():
            self._writer.call(lambda connection: command_files.forget(connection, self._now_ms()))

    def _files_aged(self) -> bool:
        with self._reader.connect() as connection:
            return command_files.aged(connection, self._now_ms())

    def _waits(self) -> bool:
        with self._reader.connect() as connection:
            return bool(unsettled(connection))
