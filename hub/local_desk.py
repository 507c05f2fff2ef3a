"""Commands where no hub runs: whoever asks does the work, and holds the writer's lock meanwhile."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import sqlalchemy as sa

from hub import db
from hub.access.audit import COMMAND_LINE
from hub.backup import Backup, Progress
from hub.config import HubConfig
from hub.fleet import bundles
from hub.fleet.bundles import Imported

T = TypeVar("T")


class LocalDesk:
    """Carries out what a command wants that found no hub running; it holds the lock."""

    def __init__(
        self, config: HubConfig, engine: sa.Engine, tell: Callable[[Progress], None] | None = None
    ) -> None:
        self._config: Final = config
        self._engine: Final = engine
        self._tell: Final = tell

    def call(self, change: Callable[[sa.Connection], T]) -> T:
        """What changes an item shows after the next start, whose first act is to project."""
        with self._engine.begin() as connection:
            return change(connection)

    def rebuild(self) -> None:
        """Drops and refolds all projections."""
        from hub.service import rebuild_database

        self._engine.dispose()  # one connection at a time
        rebuild_database(self._config.database, now_ms(), self._config.timezone)

    def back_up(self, directory: Path, *, off_machine: bool) -> Backup:
        """Raises `BackupError`."""
        from hub.backup.keeper import Keeper

        reader = db.open_reader(self._config.database)
        try:
            keeper = Keeper(self._config, reader, self.call, now_ms)
            made = keeper.back_up(directory, off_machine=off_machine, tell=self._tell)
            if self._config.backup_dir:
                keeper.copy_hub_events()
            return made
        finally:
            reader.dispose()

    def import_bundle(self, path: Path) -> Imported:
        """Raises `hub.fleet.bundles.ImportRefusedError` and OSError."""
        key_file = self._config.bundle_key_file
        return bundles.import_file(path, key_file, self.call, COMMAND_LINE, now_ms)

    def backing_up(self) -> Progress | None:
        """Nothing: who holds the lock is the one that makes it."""
        return None


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
