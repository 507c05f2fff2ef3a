"""What every ``yicang hub …`` command needs: where the hub is, and how it is asked.

A command that touches the database asks the running hub to do it, and does it itself, under the
writer's lock, when none runs (`hub.control`).
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click
import msgspec
import sqlalchemy as sa

from contract.settings import SettingsError
from hub import backup, db, operations
from hub.config import HubConfig, load
from hub.control import ControlError, LockedError, NotRunningError, ask, writer_lock

T = TypeVar("T")
LOCK_WAIT_S: Final = 10.0
"""A hub that is just stopping or starting holds the lock before or after its socket answers."""

DATA: Final = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default=True,
    help="数据目录 / data directory",
)


class Refused(click.ClickException):
    """What was asked for cannot be done as things are; exit status 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """The reason alone, without usage lines."""
        click.echo(self.message, file=file, err=True)


def settings(data: Path) -> HubConfig:
    """The settings of the hub in ``data``; a usage error when there is none."""
    path = data / "hub" / "hub.toml"
    if not path.exists():
        raise Refused(
            f"--data {data}: 这里没有中心，请先运行 yicang up 或 yicang provision local"
            " / there is no hub here; run yicang up or yicang provision local first"
        )
    try:
        return load(path)
    except SettingsError as error:
        raise Refused("\n".join(f"{path}: {line}" for line in error.problems)) from None


class LocalDesk:
    """Carries out what a command wants that found no hub running; it holds the lock."""

    def __init__(self, config: HubConfig, engine: sa.Engine) -> None:
        self._config: Final = config
        self._engine: Final = engine

    def call(self, change: Callable[[sa.Connection], T]) -> T:
        """What changes an item shows after the next start, whose first act is to project."""
        with self._engine.begin() as connection:
            return change(connection)

    def rebuild(self) -> None:
        """Drops and refolds all projections."""
        from hub.service import rebuild_database

        self._engine.dispose()  # one connection at a time
        rebuild_database(self._config.database, now_ms(), self._config.timezone)

    def back_up(self, directory: Path, *, off_machine: bool) -> backup.Backup:
        """Raises `BackupError`."""
        self._engine.dispose()
        made = backup.backup(
            database_file(self._config), directory, now_ms(), off_machine=off_machine
        )
        self.call(lambda connection: backup.record_safe(connection, made))
        return made


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def database_file(config: HubConfig) -> Path:
    """Raises `BackupError` for a database that is not a file of ours."""
    url = sa.make_url(config.database)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise backup.BackupError(
            "只能备份和恢复 SQLite / only SQLite is backed up here; use your database's own tools"
        )
    return Path(url.database)


def do(data: Path, operation: operations.Operation, result: type[T]) -> T:
    """Has ``operation`` done by whoever may write, and gives its result.

    Ends the command with status 2 when it is refused.
    """
    config = settings(data)
    request = msgspec.json.encode(operation)
    try:
        try:
            answer = ask(data / "hub", request)
        except NotRunningError:
            answer = _alone(data, request, config)
        return msgspec.json.decode(answer, type=result)
    except ControlError as error:
        raise Refused(str(error)) from None


def _alone(data: Path, request: bytes, config: HubConfig) -> bytes:
    try:
        with writer_lock(data / "hub", wait_s=LOCK_WAIT_S):
            engine = db.open_writer(config.database)
            try:
                db.migrate(engine)
                return operations.perform(request, LocalDesk(config, engine))
            finally:
                engine.dispose()
    except LockedError:
        pass
    return ask(data / "hub", request)  # a hub was starting: it answers now
