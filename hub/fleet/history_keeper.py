"""The thread that writes down once a minute how every kiosk is (`hub.fleet.history`)."""

import datetime as dt
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select

from hub import db
from hub.fleet import history
from hub.fleet.history import MINUTE_MS, Sample
from hub.queries import kiosks
from hub.queries.kiosks import Kiosk
from hub.request import Writer
from hub.watch import Watch

EVERY_S: Final = 60.0
FRESH_MS: Final = 2 * MINUTE_MS
"""Health that is older is not of this minute: a kiosk tells how it is once in each."""
SETTLE_MS: Final = 90_000
"""A hub that starts hears every retained status anew within this time: that is no connection."""
ROLL_MS: Final = 6 * 3_600_000


class HistoryKeeper(Watch):
    """Looks through ``reader``; a hub whose kiosks are all away writes nothing."""

    def __init__(
        self,
        reader: Engine,
        writer: Writer,
        now_ms: Callable[[], int],
        timezone: str,
        every_s: float = EVERY_S,
    ) -> None:
        super().__init__(
            "hub-history", every_s, "没能记下终端的状态 / could not write down how kiosks are"
        )
        self._reader: Final = reader
        self._writer: Final = writer
        self._now_ms: Final = now_ms
        self._zone: Final[dt.tzinfo] = ZoneInfo(timezone)
        self._connected_ms: dict[str, int] = {}
        self._rolled_ms = 0
        self._first_ms: int | None = None

    def look(self) -> None:
        """One look at every kiosk.

        Raises:
            hub.log.writer.WriterStoppedError: the hub is stopping.
            TimeoutError: the hub is busy; what was counted is counted with the next look.
            sqlalchemy.exc.OperationalError: the database cannot be read.
        """
        now_ms = self._now_ms()
        with self._reader.connect() as connection:
            position, events, failed = history.happened(connection)
            reconnects = self._reconnects(connection, now_ms)
            samples = [
                _sample(one, events, failed, reconnects, now_ms)
                for one in kiosks.kiosks(connection)
                if one.in_service
            ]
            worth = [one for one in samples if one.online or one.events or one.reconnects]
            first = history.cursor(connection) is None
            roll = now_ms - self._rolled_ms > ROLL_MS and history.due(
                connection, now_ms, self._zone
            )
        if worth or first:
            self._writer.call(lambda writing: history.write(writing, worth, position, now_ms))
        if roll:
            self._writer.call(lambda writing: history.roll(writing, now_ms, self._zone))
            self._rolled_ms = now_ms

    def _reconnects(self, connection: Connection, now_ms: int) -> dict[str, int]:
        """Kiosks that have connected since the last look: at least once."""
        table = db.kiosk_state.c
        rows = connection.execute(
            select(table.kiosk, table.status_ms).where(table.online, table.status_ms.is_not(None))
        )
        now = {row[0]: row[1] for row in rows}
        before, self._connected_ms = self._connected_ms, {**self._connected_ms, **now}
        if self._first_ms is None:
            self._first_ms = now_ms
        if now_ms - self._first_ms < SETTLE_MS:
            return {}
        return {kiosk: 1 for kiosk, ms in now.items() if before.get(kiosk) != ms}


def _sample(
    one: Kiosk,
    events: dict[str, int],
    failed: dict[str, int],
    reconnects: dict[str, int],
    now_ms: int,
) -> Sample:
    health = one.health
    fresh = one.health_ms is not None and now_ms - one.health_ms <= FRESH_MS
    warm = None if health is None else health.temperature_c
    return Sample(
        kiosk=one.id,
        online=bool(one.online) and fresh,
        backlog=health.backlog if health else 0,
        warm=None if warm is None or not fresh else round(warm * 10),
        disk=health.disk_free_mb or None if health and fresh else None,
        events=events.get(one.id, 0),
        reconnects=reconnects.get(one.id, 0),
        print_failures=failed.get(one.id, 0),
    )
