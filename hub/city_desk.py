"""Commands where the hub is on PostgreSQL: they write beside whatever else runs, on any machine."""

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

import sqlalchemy as sa

from hub.backup import Progress
from hub.city import SharedWriter
from hub.config import HubConfig
from hub.control import ControlError
from hub.local_desk import LocalDesk, now_ms
from hub.projections import wishes
from hub.projections.leadership import Leadership
from hub.service import rebuild_database

T = TypeVar("T")

REBUILT_S: Final = 3600.0


class CityDesk(LocalDesk):
    """See the module."""

    def __init__(
        self, config: HubConfig, engine: sa.Engine, tell: Callable[[Progress], None] | None = None
    ) -> None:
        super().__init__(config, engine, tell)
        self._writer: Final = SharedWriter(engine)

    def call(self, change: Callable[[sa.Connection], T]) -> T:
        """What it changes is shown when this returns, if a projector runs."""
        return self._writer.call(change)

    def rebuild(self) -> None:
        """By the projector, or here when none runs."""
        alone = Leadership(self._engine)
        if alone.acquire(threading.Event(), 0.0):
            # The lock stays with this connection while another one rebuilds.
            rebuild_database(self._config.database, now_ms(), self._config.timezone)
            return
        number = self._writer.call(lambda connection: wishes.ask(connection, wishes.REBUILD))
        deadline = time.monotonic() + REBUILT_S
        while time.monotonic() < deadline:
            with self._engine.connect() as connection:
                if not wishes.is_open(connection, number):
                    return
            time.sleep(0.1)
        raise ControlError("重新计算还没有完成 / the rebuilding has not ended yet")
