"""The thread that follows up what kiosks answered to commands
(`hub.printing.label_orders.settle`), and lets go of files that they sent long ago."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from hub.kiosks import command_files
from hub.log.writer import Writer, WriterStoppedError
from hub.printing.label_orders import settle, unsettled

_log: Final = logging.getLogger(__name__)

EVERY_S: Final = 1.0


class OrdersWatch:
    """Use once: `start`, `stop`. Looks through ``reader``, and asks the writer only when there is
    something to do."""

    def __init__(
        self,
        reader: Engine,
        writer: Writer,
        now_ms: Callable[[], int],
        every_s: float = EVERY_S,
    ) -> None:
        self._reader: Final = reader
        self._writer: Final = writer
        self._now_ms: Final = now_ms
        self._every_s: Final = every_s
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="hub-orders", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; call before the writer stops."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                if self._waits():
                    self._writer.call(lambda connection: settle(connection, self._now_ms()))
                if self._files_aged():
                    self._writer.call(
                        lambda connection: command_files.forget(connection, self._now_ms())
                    )
            except WriterStoppedError:
                return
            except (OperationalError, TimeoutError):
                _log.exception("没能处理终端的回复 / could not follow up what kiosks answered")

    def _files_aged(self) -> bool:
        with self._reader.connect() as connection:
            return command_files.aged(connection, self._now_ms())

    def _waits(self) -> bool:
        with self._reader.connect() as connection:
            return bool(unsettled(connection))
