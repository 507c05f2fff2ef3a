"""The thread that looks for alarms every few seconds and sends what people are to be told.

Where a hub is several processes, the one that projects has it, and no other. It looks with a
reader first, and asks the writer only when something differs: a hub on which all is well writes
nothing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from hub.alerts import gathering, store, sweeping
from hub.alerts.facts import HubFacts
from hub.alerts.sending import Sender
from hub.config import HubConfig
from hub.request import Writer
from hub.watch import Watch

EVERY_S: Final = 5.0
PRUNE_MS: Final = 6 * 3_600_000


class AlarmWatch(Watch):
    """``broker`` says whether the hub has its broker now, ``well`` whether it can write; ``data``
    is the directory of its database, None where that is another machine's. A message under way when
    it stops may still be sent, and be sent again after the next start."""

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
        super().__init__("hub-alarms", every_s, "没能查看告警 / could not look for alarms")
        self._config: Final = config
        self._reader: Final = reader
        self._writer: Final = writer
        self._sender: Final = sender
        self._now_ms: Final = now_ms
        self._broker: Final = broker
        self._well: Final = well
        self._data: Final = data
        self._zone: Final = ZoneInfo(config.timezone)
        base = config.public_url.rstrip("/")
        self._page: Final = f"{base}/alerts" if base else ""
        self._broker_since_ms: int | None = None
        self._pruned_ms = 0

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
