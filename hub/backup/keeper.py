"""Keeps a running hub's backups: one every so often, and its own events within seconds.

Two threads, since a backup takes minutes when the hub is large and the hub's own events must not
wait for it. Both only read; what they remember goes through the one writer.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from hub import postgresql
from hub.backup import (
    NOT_SAFE,
    Backup,
    BackupError,
    Progress,
    hub_events,
    keys,
    postgres,
    state,
    taking,
)
from hub.backup.retention import Keep
from hub.backup.taking import Order, Snapshot, Tell
from hub.config import HubConfig
from hub.log.writer import WriterStoppedError

T = TypeVar("T")

COPY_S: Final = 2.0
"""How often the hub looks for events of its own to be copied."""

LOOK_AGAIN_MS: Final = 60_000
"""How often it looks at the directory itself, and at what is late."""

RETRY_MS: Final = 10 * 60_000
"""When a backup failed: how soon it is tried again, if not due before."""

HUB_EVENTS: Final = "hub-events"

_log: Final = logging.getLogger(__name__)


class Change(Protocol):
    """Runs something in a transaction of the one writer."""

    def __call__(self, change: Callable[[Connection], T], /) -> T:
        """Its result after COMMIT."""


class Keeper:
    """See the module. ``reader`` cannot write; ``now_ms`` is the hub's clock."""

    def __init__(
        self, config: HubConfig, reader: Engine, change: Change, now_ms: Callable[[], int]
    ) -> None:
        self._config: Final = config
        self._reader: Final = reader
        self._change: Final = change
        self._now_ms: Final = now_ms
        self._one_at_a_time: Final = threading.Lock()
        self._stopping: Final = threading.Event()
        self._threads: Final[list[threading.Thread]] = []
        self._progress: Progress | None = None
        self._present: list[hub_events.Segment] | None = None
        self._looked_ms = 0
        self._told_ms = 0

    def start(self) -> None:
        """Begins, where ``hub.toml`` names a directory."""
        if not self._config.backup_dir:
            return
        for name, work in (("hub-backup", self._back_up_for_ever), ("hub-copy", self._copy_always)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ends. Call it while the writer still works: the hub's last events are copied first."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout_s)

    @property
    def progress(self) -> Progress | None:
        """How far the backup under way is; None when none is."""
        return self._progress

    def back_up(
        self, directory: Path, *, off_machine: bool = False, tell: Tell | None = None
    ) -> Backup:
        """Make a verified backup in ``directory``; kiosks learn what of it is safe.

        Raises:
            BackupError: it does not count.
        """
        if not self._one_at_a_time.acquire(blocking=False):
            raise BackupError("正在备份，请稍候 / a backup is being made already; please wait")
        config = self._config

        def told(progress: Progress) -> None:
            if self._stopping.is_set():
                raise BackupError("中心正在停止 / the hub is stopping")
            self._progress = progress
            if tell is not None:
                tell(progress)

        try:
            order = Order(
                directory,
                taking.require_key(config.backup_key),
                off_machine,
                Keep(
                    config.backup_keep_last,
                    config.backup_keep_daily,
                    config.backup_keep_weekly,
                    config.backup_keep_monthly,
                ),
                ZoneInfo(config.timezone),
            )
            now_ms = self._now_ms()
            with self._snapshot(told) as snapshot:
                made = taking.take(snapshot, order, now_ms, home(config), told)
            self._change(lambda connection: state.remember(connection, made))
        except OSError as error:
            raise BackupError(f"备份失败 / the backup failed: {error}") from error
        finally:
            self._progress = None
            self._one_at_a_time.release()
        return made

    @contextmanager
    def _snapshot(self, tell: Tell) -> Iterator[Snapshot]:
        file = database_file(self._config)
        if file is not None:
            with taking.of_sqlite(file, tell) as snapshot:
                yield snapshot
        else:
            with postgres.snapshot(self._config.database, home(self._config), tell) as snapshot:
                yield snapshot

    # --- every so often --------------------------------------------------------------------

    def _first_due_ms(self) -> int:
        """When the next backup after the last one is due; now, when nobody can say."""
        try:
            with self._reader.connect() as connection:
                last = state.standing(connection).last
        except SQLAlchemyError:
            _log.exception("上次备份读不出来 / the last backup cannot be read: a new one")
            return 0
        return last.taken_ms + self._config.backup_every_s * 1000 if last is not None else 0

    def _back_up_for_ever(self) -> None:
        due_ms = self._first_due_ms()
        while not self._stopping.wait(max(due_ms - self._now_ms(), 0) / 1000):
            try:
                made = self.back_up(
                    Path(self._config.backup_dir), off_machine=self._config.backup_off_machine
                )
                if not made.apart:
                    _log.warning("%s: %s", made.file, NOT_SAFE)
                due_ms = made.taken_ms + self._config.backup_every_s * 1000
            except BackupError as error:
                if self._stopping.is_set():
                    return
                _log.error("备份没有成功 / the backup did not succeed: %s", error)
                due_ms = self._now_ms() + min(RETRY_MS, self._config.backup_every_s * 1000)
                self._remember_failure(str(error))
            except (WriterStoppedError, TimeoutError):
                _log.exception("备份没有记下 / the backup could not be recorded")
                due_ms = self._now_ms() + RETRY_MS
            except Exception as error:  # noqa: BLE001 - the thread's rim: the next must be tried
                _log.exception("备份出错 / the backup met an error")
                due_ms = self._now_ms() + RETRY_MS
                self._remember_failure(
                    f"备份出错 / the backup met an error: {type(error).__name__}"
                )

    def _remember_failure(self, error: str) -> None:
        try:
            self._change(lambda connection: state.failed(connection, error, self._now_ms()))
        except (WriterStoppedError, TimeoutError):
            _log.exception("备份的失败没有记下 / the failure could not be recorded")

    # --- always ----------------------------------------------------------------------------

    def _copy_always(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stopping.wait(COPY_S)
            try:
                self.copy_hub_events()
            except (WriterStoppedError, TimeoutError, sa.exc.DBAPIError) as error:
                _log.warning("未能记下副本进度 / the copy's progress was not recorded: %s", error)
            except Exception:  # noqa: BLE001 - the thread's rim: the next try is 2 s away
                _log.exception("复制中心自己的记录时出错 / copying the hub's own events failed")

    def copy_hub_events(self) -> None:
        """Copy what the hub has recorded since the last time; look after what is late.

        Raises:
            WriterStoppedError, TimeoutError: what was done could not be remembered.
        """
        now_ms = self._now_ms()
        directory = hub_events_directory(self._config)
        try:
            key = keys.recipient(taking.require_key(self._config.backup_key))
            if self._present is None or now_ms - self._looked_ms > LOOK_AGAIN_MS:
                hub_events.clear(directory)
                self._present = hub_events.segments(directory)
                self._looked_ms = now_ms
            present = self._present
            with self._reader.connect() as connection:
                streams = hub_events.streams(connection)
                for segment in (
                    *hub_events.missing(streams, hub_events.copied(present)),
                    *hub_events.merges(present),
                ):
                    hub_events.write(connection, segment, directory, key)
                    present.append(segment)
            gone = hub_events.covered(present)
            hub_events.drop(directory, gone)
            self._present = [one for one in present if one not in gone]
            error = ""
        except (BackupError, OSError) as caught:
            self._present, error = None, str(caught)
        done = hub_events.copied(self._present or [])
        self._remember(state.Copied(now_ms, done, error), now_ms)

    def _remember(self, now: state.Copied, now_ms: int) -> None:
        """Write only what is news: a hub at rest writes nothing."""
        limit_ms = self._config.backup_late_s * 1000
        with self._reader.connect() as connection:
            before = state.standing(connection)
        was = before.copied
        moved = (
            was is None or was.error != now.error or (not now.error and was.through != now.through)
        )
        if moved:
            through = now.through if not now.error else (was.through if was else {})
            told = state.Copied(now_ms, through, now.error)
            self._change(lambda connection: state.copied(connection, told))
            if now.error:
                _log.error(
                    "中心自己的记录没有副本 / no copy of the hub's own events: %s", now.error
                )
        if now_ms - self._told_ms > LOOK_AGAIN_MS:
            self._told_ms = now_ms
            self._change(lambda connection: state.tell(connection, now_ms, limit_ms))


def database_file(config: HubConfig) -> Path | None:
    """The SQLite file; None with PostgreSQL."""
    if postgresql.is_postgresql(config.database):
        return None
    return Path(sa.make_url(config.database).database or "")


def home(config: HubConfig) -> Path:
    """The directory on the disk that the hub itself needs to live."""
    file = database_file(config)
    return file.parent if file is not None else Path(config.secret_key_file).parent


def hub_events_directory(config: HubConfig) -> Path:
    """Where the hub's own events are copied to."""
    return Path(config.hub_events_dir or Path(config.backup_dir) / HUB_EVENTS)
