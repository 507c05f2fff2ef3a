"""One projector at a time: on PostgreSQL, whoever holds an advisory lock on its one connection.

Everything that the projector writes goes over the connection that holds the lock. When that
connection breaks, the transaction under way is undone and the lock is free at the same moment, so
two projectors never write, whatever each of them believes. Who has lost it must not open another
connection and carry on: what it remembers may be old. So the next connection is refused, and the
process ends; its successor, or a standby, begins anew.
"""

import threading
import time
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Engine

LOOK_S: Final = 0.25
"""How often a standby tries."""

PROJECTING: Final = 0x59494341_00000002
"""Advisory lock of whoever projects ("YICA", 2)."""


class LeadershipLostError(RuntimeError):
    """The connection that held the lock is gone."""


class Leadership:
    """See the module; ``engine`` has one connection (`hub.postgresql.open_one`)."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine
        self.lost: Final = threading.Event()
        """Set when this process must end."""
        self.held = False

    def acquire(self, stopping: threading.Event, wait_s: float | None = None) -> bool:
        """Wait until this process is the one that projects, for ``wait_s`` seconds or for ever;
        False when it is still another one's turn, or ``stopping`` was set.

        Raises:
            sqlalchemy.exc.OperationalError: the database cannot be reached.
        """
        deadline = time.monotonic() + wait_s if wait_s is not None else None
        while not self._try():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            if stopping.wait(LOOK_S):
                return False
        sa.event.listen(self._engine, "connect", self._refuse)
        self.held = True
        return True

    def _try(self) -> bool:
        with self._engine.connect() as connection:
            return bool(
                connection.exec_driver_sql(
                    "SELECT pg_try_advisory_lock(?)", (PROJECTING,)
                ).scalar_one()
            )

    def _refuse(self, _connection: Any, _record: Any) -> None:
        self.lost.set()
        raise LeadershipLostError("与数据库的连接断过 / the connection to the database broke")


def is_led(connection: sa.Connection) -> bool:
    """Whether some process projects now."""
    high, low = PROJECTING >> 32, PROJECTING & 0xFFFFFFFF
    found = connection.exec_driver_sql(
        "SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
        " AND d.datname = current_database()"
        " AND classid::bigint = ? AND objid::bigint = ?",
        (high, low),
    )
    return found.first() is not None
