"""The hub's composition root: everything but the pages, in one process with one writer.

``HubService(config).start()`` brings the schema up to date, projects what an earlier run left,
and connects to the broker; ``stop()`` undoes it in reverse. Pages get `reader` (an engine that
cannot write) and `writer` (for what a person changes).
"""

import functools
import gc
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Engine

from hub import db, postgresql
from hub.access.audit import By
from hub.alerts import sending
from hub.alerts.watch import EVERY_S as ALARMS_EVERY_S
from hub.alerts.watch import AlarmWatch
from hub.backup import Backup, Progress
from hub.backup.keeper import Keeper
from hub.config import HubConfig
from hub.control import LockedError
from hub.fleet import bundle_key, bundles
from hub.fleet.bundles import Imported
from hub.fleet.history_keeper import HistoryKeeper
from hub.fleet.roll_out_watch import RollOutWatch
from hub.folds.item import fold_item
from hub.kiosks.broker_keeper import BrokerKeeper
from hub.kiosks.intake import Intake
from hub.kiosks.mqtt_link import ALL, Broker, MqttLink, Part
from hub.kiosks.orders_watch import OrdersWatch
from hub.kiosks.outgoing import Send
from hub.kiosks.reference import Reference
from hub.kiosks.session_end import end_session
from hub.log import recording
from hub.log.event_log import EventLog
from hub.log.ingest import Ingest
from hub.log.writer import Writer
from hub.overdue_watch import OverdueWatch
from hub.projections.leadership import Leadership
from hub.projections.projector import TIMEZONE, Projector
from hub.projections.refold import Fold
from hub.watch import Watch

TAKE_OVER_S: Final = 15.0
"""How long a hub that starts waits for the one before it to end."""


class HubHealth(Struct, frozen=True):
    """For ``/healthz``: ``writer`` is whether what comes in can be saved and shown; ``watches`` are
    those of the hub's threads that should look at something and do not, by name."""

    writer: bool
    broker: bool
    watches: tuple[str, ...] = ()


class HubService:
    """See the module. One instance a process; not restartable."""

    def __init__(
        self,
        config: HubConfig,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        fold: Fold = fold_item,
        part: Part = ALL,
        alarms_every_s: float = ALARMS_EVERY_S,
    ) -> None:
        self._config: Final = config
        self._now_ms: Final = now_ms
        self._projector: Final = Projector(fold, config.timezone)
        self._reference: Final = Reference()
        self._engine: Engine = db.open_writer(config.database)
        self.reader: Engine = db.open_reader(config.database)
        several = postgresql.is_postgresql(config.database)
        self.leadership: Final = Leadership(self._engine) if several else None
        """On PostgreSQL, where other processes may write, too."""
        self.writer: Final = Writer(
            self._engine,
            Ingest(EventLog(), self._reference),
            self._projector,
            self._publish,
            now_ms,
            self._announce,
            follows=several,
        )
        broker = Broker(
            config.mqtt_host,
            config.mqtt_port,
            config.mqtt_user,
            config.mqtt_password,
            config.mqtt_client_id,
        )
        self._accounts: Final = BrokerKeeper(
            self.reader,
            self.writer.call,
            functools.partial(end_session, broker),
            now_ms,
            self._renew,
            directory=Path(config.broker_dir) if config.broker_dir else None,
            authority=Path(config.authority_dir) if config.authority_dir else None,
        )
        self._link: Final = MqttLink(
            broker,
            secrets.token_hex(8),
            Intake(self.writer.offer, self._accounts.hold).deliver,
            self._reference.retained,
            self._reference.current,
            part,
        )
        self._keeper: Final = Keeper(config, self.reader, self.writer.call, now_ms)
        self._orders: Final = OrdersWatch(self.reader, self.writer, now_ms)
        self._overdue: Final = OverdueWatch(self.writer, now_ms, config.timezone)
        self._roll_outs: Final = RollOutWatch(self.reader, self.writer, now_ms)
        self._history: Final = HistoryKeeper(self.reader, self.writer, now_ms, config.timezone)
        path = self.database_path
        self._alarms: Final = AlarmWatch(
            config,
            self.reader,
            self.writer,
            sending.sender(config, self.reader, self.writer, now_ms),
            now_ms,
            broker=lambda: self._link.connected,
            well=lambda: self.writer.healthy,
            data=path.parent if path is not None else None,
            every_s=alarms_every_s,
        )
        self._watches: Final[tuple[Watch, ...]] = (
            self._overdue, self._orders, self._alarms, self._history, self._roll_outs,
        )  # fmt: skip

    # --- life ------------------------------------------------------------------------------

    def lead(self, stopping: threading.Event, wait_s: float | None = None) -> bool:
        """Wait until this process is the one that projects: at once on SQLite, where the writer's
        lock has told already. False when it is another's turn still after ``wait_s`` seconds, or
        ``stopping`` was set."""
        db.migrate(self._engine)
        return self.leadership is None or self.leadership.acquire(stopping, wait_s)

    def start(self) -> None:
        """Ready when this returns, except for the broker, which may come later.

        Raises:
            LockedError: on PostgreSQL, another process projects (see `lead`).
            alembic.util.CommandError: the database is newer than this release.
            sqlalchemy.exc.OperationalError: it cannot be opened.
        """
        tune_process()
        path = self.database_path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        db.migrate(self._engine)
        if self._config.bundle_key_file:
            bundle_key.ensure(Path(self._config.bundle_key_file))
        if self.leadership is not None and not self.leadership.held:
            self._take_over(self.leadership)
        with self._engine.begin() as connection:
            if not self._projector.is_current(connection):
                self._projector.rebuild(connection, self._now_ms())
            self._reference.manifest(connection, self._now_ms())  # published on connection
            recording.start_anew(connection)
        self.writer.start()
        self._link.start()
        self._accounts.start()
        self._keeper.start()
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        """Say goodbye to the broker, finish the transaction under way, close."""
        self._link.stop()
        if self.leadership is not None and self.leadership.lost.is_set():
            self.writer.stop()  # it can write nothing: who waits for it hears so, and ends
        for watch in reversed(self._watches):
            watch.stop()
        self._accounts.stop()
        self._keeper.stop()  # its last copy is told to the writer
        self.writer.stop()
        self.reader.dispose()
        db.write_back(self._engine)
        self._engine.dispose()

    @property
    def database_path(self) -> Path | None:
        """The SQLite file; None with another database."""
        url = sa.make_url(self._config.database)
        return Path(url.database) if url.drivername == "sqlite" and url.database else None

    def health(self) -> HubHealth:
        """How the hub is, now."""
        return HubHealth(
            self.writer.healthy,
            self._link.connected,
            tuple(one.name.removeprefix("hub-") for one in self._watches if not one.well),
        )

    # --- what commands ask for -------------------------------------------------------------

    def rebuild(self, timeout_s: float = 3600.0) -> None:
        """Drop and refold all projections while the hub runs; ingest waits meanwhile."""
        self.writer.call(
            lambda connection: self._projector.rebuild(connection, self._now_ms()), timeout_s
        )

    def back_up(self, directory: Path, *, off_machine: bool = False) -> Backup:
        """Make a verified backup in ``directory``; kiosks learn what of it is safe (`hub.backup`).

        Raises:
            hub.backup.BackupError: it does not count.
        """
        return self._keeper.back_up(directory, off_machine=off_machine)

    def import_bundle(self, path: Path, by: By) -> Imported:
        """Take in the bundle in a file that this process can read.

        Raises:
            hub.fleet.bundles.ImportRefusedError: it is not taken.
            OSError: it cannot be read.
        """
        key_file = self._config.bundle_key_file
        return bundles.import_file(path, key_file, self.writer.call, by, self._now_ms)

    @property
    def backing_up(self) -> Progress | None:
        """How far the backup under way is; None when none is."""
        return self._keeper.progress

    # --- inside ----------------------------------------------------------------------------

    @staticmethod
    def _take_over(leadership: Leadership) -> None:
        if not leadership.acquire(threading.Event(), TAKE_OVER_S):
            raise LockedError("another process projects on this database")

    def _publish(self, send: Send) -> None:
        self._link.publish(send)

    def _renew(self) -> None:
        self._link.renew()

    def _announce(self) -> None:
        self._link.announce()


def tune_process() -> None:
    """Settings of the interpreter for a process that ingests.

    Decoded events are many and hold no cycles: looking for cycles at the usual threshold cost a
    sixth of ingest. And the link's thread would otherwise wait 5 ms for its turn after each call
    of the system while the writer is busy; much below 2 ms they take turns more than they work.
    """
    gc.set_threshold(100_000, 20, 50)
    sys.setswitchinterval(0.002)


def rebuild_database(database: str, now_ms: int, timezone: str = TIMEZONE) -> None:
    """Rebuild the projections of a database whose hub does not run, with days of ``timezone``.

    Raises:
        sqlalchemy.exc.OperationalError: it cannot be opened, or somebody else writes to it.
    """
    engine = db.open_writer(database)
    try:
        db.migrate(engine)
        with engine.begin() as connection:
            Projector(fold_item, timezone).rebuild(connection, now_ms)
    finally:
        engine.dispose()
