"""A hub of several processes on one PostgreSQL database, for a city.

* Any number of **ingest workers** (`IngestWorker`) share one MQTT 5 subscription: the broker gives
  each message to one of them. A worker holds the kiosks of its group until its COMMIT, answers, and
  projects nothing. One that dies loses nothing: what it had not committed was not acknowledged, and
  kiosks send it again, to another.
* One **projector** with as many standbys as one likes (`run_projector`) numbers what was committed
  and projects it (`hub.log.positions`, `hub.projections.leadership`). It alone says that the hub is
  there, publishes reference data, and hears retained statuses.
* Any number of **web workers** write through a `SharedWriter`.

On SQLite all of this is one process (`hub.service`).
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from drivers.service_manager import ServiceManager
from hub import db, postgresql
from hub.config import HubConfig
from hub.feeding import Feeding
from hub.kiosks.broker_keeper import BrokerKeeper
from hub.kiosks.intake import Intake
from hub.kiosks.mqtt_link import INGESTING, PROJECTING, Broker, MqttLink
from hub.kiosks.outgoing import Send
from hub.kiosks.reference import ReferenceOfOthers
from hub.kiosks.session_end import end_session
from hub.log import recording
from hub.log.event_log import EventLog
from hub.log.ingest import Ingest
from hub.log.writer import Writer
from hub.projections import leadership, wishes
from hub.service import HubService, tune_process
from hub.watchdog import writes

T = TypeVar("T")

TRIES: Final = 5
"""How often a change is tried that was in another one's way."""

SHOWN_S: Final = 5.0
"""How long a change waits to be seen in the projections. It is saved before."""

LOOK_S: Final = 0.02

_log: Final = logging.getLogger(__name__)


class IngestWorker:
    """Takes its share of what kiosks send."""

    def __init__(
        self,
        config: HubConfig,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._engine: Final = db.open_writer(config.database)
        self._writer: Final = Writer(
            self._engine, Ingest(EventLog(), ReferenceOfOthers()), None, self._publish, now_ms
        )
        broker = broker_of(config)
        self._sessions: Final = BrokerKeeper(
            self._engine,
            self._writer.call,
            partial(end_session, broker),
            now_ms,
            self._renew,
            directory=None,
        )
        intake = Intake(self._writer.offer, self._sessions.hold)
        self._link: Final = MqttLink(
            broker, secrets.token_hex(8), intake.deliver, list, part=INGESTING
        )

    def start(self) -> None:
        """Begin; the broker may come later.

        Raises:
            sqlalchemy.exc.OperationalError: the database cannot be reached.
        """
        tune_process()
        db.migrate(self._engine)
        self._writer.start()
        self._sessions.start()
        self._link.start()

    def stop(self) -> None:
        """Leave the shared subscription, finish the transaction under way, close."""
        self._link.stop()
        self._sessions.stop()
        self._writer.stop()
        self._engine.dispose()

    def works(self) -> bool:
        """Whether it takes what comes."""
        return writes(self._writer.facts, time.monotonic())

    def _publish(self, send: Send) -> None:
        self._link.publish(send)

    def _renew(self) -> None:
        self._link.renew()


def broker_of(config: HubConfig) -> Broker:
    """The broker that the settings name."""
    return Broker(
        config.mqtt_host,
        config.mqtt_port,
        config.mqtt_user,
        config.mqtt_password,
        config.mqtt_client_id,
    )


def run_ingest(config: HubConfig, stopping: threading.Event, manager: ServiceManager) -> None:
    """An ingest worker until ``stopping`` is set."""
    worker = IngestWorker(config)
    worker.start()
    _log.info("ingest worker ready")
    feeding = Feeding(manager, worker.works)
    feeding.start()
    stopping.wait()
    feeding.stop()
    worker.stop()


def run_projector(config: HubConfig, stopping: threading.Event, manager: ServiceManager) -> bool:
    """Stand by until no other process projects, then project until ``stopping`` is set.

    False when the connection to the database broke: the process must end, and may begin anew.
    """
    service = HubService(config, part=PROJECTING)
    _log.info("projector standing by")
    working = threading.Event()
    feeding = Feeding(
        manager,  # one that stands by has nothing to do, and does it
        lambda: not working.is_set() or writes(service.writer.facts, time.monotonic()),
    )
    feeding.start()
    if not service.lead(stopping):
        feeding.stop()
        service.reader.dispose()
        return True
    service.start()
    working.set()
    _log.info("projector at work")
    assert service.leadership is not None
    lost = service.leadership.lost
    while not stopping.wait(0.2) and not lost.is_set():
        pass
    feeding.stop()
    service.stop()
    return not lost.is_set()


class SharedWriter:
    """What web workers change through: each change is one transaction, one after the other over all
    processes, as with the one writer of SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine

    def call(self, change: Callable[[Connection], T], timeout_s: float = SHOWN_S) -> T:
        """Run ``change`` and give its result after COMMIT. When it recorded events, the projector
        has taken them in by then, or ``timeout_s`` seconds have passed.

        Raises:
            Exception: whatever ``change`` raised; then nothing was changed.
        """
        for left in reversed(range(TRIES)):
            try:
                result, newest = self._commit(change)
            except DBAPIError as error:
                if not left or not postgresql.is_conflict(error):
                    raise
            else:
                break
        if newest is not None and not self._shown(newest, timeout_s):
            _log.warning("已保存，但尚未显示 / saved, but the projector has not taken it in yet")
        return result

    def ailments(self) -> list[str]:
        """What keeps the hub from doing its work now, as machine words for ``/healthz``."""
        try:
            with self._engine.connect() as connection:
                return [] if leadership.is_led(connection) else ["projector"]
        except OperationalError:
            return ["database"]

    def _commit(self, change: Callable[[Connection], T]) -> tuple[T, int | None]:
        with self._engine.begin() as connection:
            postgresql.lock_kiosks(connection, [recording.KIOSK])
            result = change(connection)
            wishes.ask(connection, wishes.LOOK)
            newest = connection.exec_driver_sql(
                "SELECT max(id) FROM event WHERE position < 0 AND kiosk = ?", (recording.KIOSK,)
            ).scalar()
            return result, newest

    def _shown(self, newest: int, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with self._engine.connect() as connection:
                waiting = connection.exec_driver_sql(
                    "SELECT 1 FROM event WHERE position < 0 AND kiosk = ? AND id <= ? LIMIT 1",
                    (recording.KIOSK, newest),
                ).first()
            if waiting is None:
                return True
            time.sleep(LOOK_S)
        return False
