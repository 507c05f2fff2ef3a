"""The hub's composition root: everything but the pages, in one process with one writer.

``HubService(config).start()`` brings the schema up to date, projects what an earlier run left,
and connects to the broker; ``stop()`` undoes it in reverse. Pages get `reader` (an engine that
cannot write) and `writer` (for what a person changes).
"""

import gc
import logging
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

from hub import backup, db, recording
from hub.config import HubConfig
from hub.event_log import EventLog
from hub.folds.item import fold_item
from hub.ingest import Ingest
from hub.mqtt_link import Broker, MqttLink
from hub.outgoing import Send
from hub.projector import TIMEZONE, Projector
from hub.reference import Reference
from hub.refold import Fold
from hub.writer import Writer, WriterStoppedError

_log: Final = logging.getLogger(__name__)


class HubHealth(Struct, frozen=True):
    """For ``/healthz``: ``writer`` is whether what comes in can be saved and shown."""

    writer: bool
    broker: bool


class HubService:
    """See the module. One instance a process; not restartable."""

    def __init__(
        self,
        config: HubConfig,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        fold: Fold = fold_item,
    ) -> None:
        self._config: Final = config
        self._now_ms: Final = now_ms
        self._projector: Final = Projector(fold, config.timezone)
        self._reference: Final = Reference()
        self._engine: Engine = db.open_writer(config.database)
        self.reader: Engine = db.open_reader(config.database)
        self.writer: Final = Writer(
            self._engine,
            Ingest(EventLog(), self._reference),
            self._projector,
            self._publish,
            now_ms,
            self._announce,
        )
        self._link: Final = MqttLink(
            Broker(
                config.mqtt_host,
                config.mqtt_port,
                config.mqtt_user,
                config.mqtt_password,
                config.mqtt_client_id,
            ),
            secrets.token_hex(8),
            self.writer.post,
            self._reference.retained,
            self._reference.current,
        )
        self._stopping: Final = threading.Event()
        self._backups: threading.Thread | None = None

    # --- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Ready when this returns, except for the broker, which may come later.

        Raises:
            alembic.util.CommandError: the database is newer than this release.
            sqlalchemy.exc.OperationalError: it cannot be opened.
        """
        tune_process()
        path = self.database_path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        db.migrate(self._engine)
        with self._engine.begin() as connection:
            if not self._projector.is_current(connection):
                self._projector.rebuild(connection, self._now_ms())
            self._reference.manifest(connection, self._now_ms())  # published on connection
            recording.start_anew(connection)
        self.writer.start()
        self._link.start()
        if self._config.backup_dir and path is not None:
            self._backups = threading.Thread(
                target=self._back_up_for_ever, name="hub-backup", daemon=True
            )
            self._backups.start()

    def stop(self) -> None:
        """Say goodbye to the broker, finish the transaction under way, close."""
        self._stopping.set()
        self._link.stop()
        self.writer.stop()
        if self._backups is not None:
            self._backups.join(5.0)
        self.reader.dispose()
        self._engine.dispose()

    @property
    def database_path(self) -> Path | None:
        """The SQLite file; None with another database."""
        url = sa.make_url(self._config.database)
        return Path(url.database) if url.drivername == "sqlite" and url.database else None

    def health(self) -> HubHealth:
        """How the hub is, now."""
        return HubHealth(self.writer.healthy, self._link.connected)

    # --- what commands ask for -------------------------------------------------------------

    def rebuild(self, timeout_s: float = 3600.0) -> None:
        """Drop and refold all projections while the hub runs; ingest waits meanwhile."""
        self.writer.call(
            lambda connection: self._projector.rebuild(connection, self._now_ms()), timeout_s
        )

    def back_up(self, directory: Path, *, off_machine: bool = False) -> backup.Backup:
        """Make a verified backup in ``directory``; kiosks learn what of it is safe
        (`hub.backup.backup`).

        Raises:
            hub.backup.BackupError: it does not count.
        """
        path = self.database_path
        if path is None:
            raise backup.BackupError(
                "中心只备份 SQLite，其他数据库请用其自带工具"
                " / the hub backs up SQLite only; use your database's own tools"
            )
        made = backup.backup(path, directory, self._now_ms(), off_machine=off_machine)
        self.writer.call(lambda connection: backup.record_safe(connection, made))
        return made

    # --- inside ----------------------------------------------------------------------------

    def _publish(self, send: Send) -> None:
        self._link.publish(send)

    def _announce(self) -> None:
        self._link.announce()

    def _back_up_for_ever(self) -> None:
        while True:
            try:
                made = self.back_up(
                    Path(self._config.backup_dir), off_machine=self._config.backup_off_machine
                )
                if not made.apart:
                    _log.warning("%s: %s", made.file, backup.NOT_SAFE)
            except (backup.BackupError, WriterStoppedError, TimeoutError):
                _log.exception("备份没有成功 / the backup did not succeed")
            if self._stopping.wait(self._config.backup_every_s):
                return


def tune_process() -> None:
    """Settings of the interpreter for a process that ingests.

    Decoded events are many and hold no cycles: looking for cycles at the usual threshold cost a
    sixth of ingest. And the link's thread, which reads a message in several small system calls,
    would otherwise wait 5 ms for its turn after each of them while the writer is busy.
    """
    gc.set_threshold(100_000, 20, 50)
    sys.setswitchinterval(0.0005)


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
