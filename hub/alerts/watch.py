"""The thread that looks for alarms every few seconds and sends what people are to be told.

Where a hub is several processes, the one that projects has it, and no other. It looks with a
reader first, and asks the writer only when something differs: a hub on which all is well writes
nothing.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from hub.alerts import gathering, store, sweeping
from hub.alerts.facts import HubFacts
from hub.alerts.sending import Sender
from hub.config import HubConfig
from hub.log.writer import WriterStoppedError
from hub.request import Writer

_log: Final = logging.getLogger(__name__)

EVERY_S: Final = 5.0
PRUNE_MS: Final = 6 * 3_600_000


class AlarmWatch:
    """Use once: `start`, `stop`. ``broker`` says whether the hub has its broker now, ``well``
    whether it can write; ``data`` is the directory of its database, None where that is another
    machine's."""

    def __init__(
        self,
        config: HubConfig,
        reader: Engine,
        writer: Writer,
        sender: Sender,
        now_ms: Callable[[], int],
        *,
        broker: Callable[[], bool],
        well: Callable[[], bool],
        data: Path | None,
        every_s: float = EVERY_S,
    ) -> None:
        self._config: Final = config
        self._reader: Final = reader
        self._writer: Final = writer
        self._sender: Final = sender
        self._now_ms: Final = now_ms
        self._broker: Final = broker
        self._well: Final = well
        self._data: Final = data
        self._every_s: Final = every_s
        self._zone: Final = ZoneInfo(config.timezone)
        base = config.public_url.rstrip("/")
        self._page: Final = f"{base}/alerts" if base else ""
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="hub-alarms", daemon=True)
        self._broker_since_ms: int | None = None
        self._pruned_ms = 0

    def start(self) -> None:
        """Begin; the first look is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End; call before the writer stops. A message under way may still be sent, and be sent
        again after the next start."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(5.0)

    def look(self) -> None:
        """One look, and what came of it.

        Raises:
            hub.log.writer.WriterStoppedError: the hub is stopping.
            sqlalchemy.exc.OperationalError: the database cannot be read.
        """
        now_ms = self._now_ms()
        if not self._broker():
            self._broker_since_ms = None
        elif self._broker_since_ms is None:
            self._broker_since_ms = now_ms
        with self._reader.connect() as connection:
            hub = self._facts(connection, now_ms)
            found = sweeping.look(connection, hub, self._zone, self._page, now_ms, write=False)
        if not found.idle:
            self._writer.call(lambda writing: self._take(writing, hub, now_ms))
        if now_ms - self._pruned_ms > PRUNE_MS:
            self._writer.call(lambda writing: store.prune(writing, now_ms))
            self._pruned_ms = now_ms
        self._sender.send_due()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except WriterStoppedError:
                return
            except Exception:  # noqa: BLE001 - said below
                # The thread's boundary: whatever one look stumbles over, a hub that silently looks
                # for alarms no more would be worse than one that says so at every look.
                _log.exception("没能查看告警 / could not look for alarms")
            self._stopping.wait(self._every_s)

    def _facts(self, connection: Connection, now_ms: int) -> HubFacts:
        return gathering.hub_facts(
            connection,
            self._config,
            now_ms,
            broker_since_ms=self._broker_since_ms,
            writer=self._well(),
            data=self._data,
        )

    def _take(self, writing: Connection, hub: HubFacts, now_ms: int) -> None:
        sweeping.look(writing, hub, self._zone, self._page, now_ms, write=True)
