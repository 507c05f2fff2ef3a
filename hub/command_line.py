"""What every ``yicang hub …`` command needs: where the hub is, and how it is asked.

A command that touches the database asks the running hub to do it, and does it itself, under the
writer's lock, when none runs (`hub.control`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click
import msgspec

from contract.settings import SettingsError
from hub import db, operations, postgresql
from hub.backup import Progress
from hub.config import HubConfig, load
from hub.control import ANSWER_S, ControlError, LockedError, NotRunningError, ask, writer_lock
from hub.desk import perform
from hub.local_desk import LocalDesk

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


def do(
    data: Path,
    operation: operations.Operation,
    result: type[T],
    *,
    timeout_s: float = ANSWER_S,
    tell: Callable[[Progress], None] | None = None,
) -> T:
    """Has ``operation`` done by whoever may write, and gives its result. ``tell`` hears of the
    progress of a backup that is made in this process.

    Ends the command with status 2 when it is refused.
    """
    config = settings(data)
    request = msgspec.json.encode(operation)
    try:
        if postgresql.is_postgresql(config.database):
            return msgspec.json.decode(_beside(request, config, tell), type=result)
        try:
            answer = ask(data / "hub", request, timeout_s=timeout_s)
        except NotRunningError:
            answer = _alone(data, request, config, tell)
        return msgspec.json.decode(answer, type=result)
    except ControlError as error:
        raise Refused(str(error)) from None


def _beside(request: bytes, config: HubConfig, tell: Callable[[Progress], None] | None) -> bytes:
    """On PostgreSQL, where whatever else runs need not be asked."""
    from hub.city_desk import CityDesk

    engine = db.open_writer(config.database)
    try:
        db.migrate(engine)
        return perform(request, CityDesk(config, engine, tell))
    finally:
        engine.dispose()


def _alone(
    data: Path, request: bytes, config: HubConfig, tell: Callable[[Progress], None] | None
) -> bytes:
    try:
        with writer_lock(data / "hub", wait_s=LOCK_WAIT_S):
            engine = db.open_writer(config.database)
            try:
                db.migrate(engine)
                return perform(request, LocalDesk(config, engine, tell))
            finally:
                engine.dispose()
    except LockedError:
        pass
    return ask(data / "hub", request)  # a hub was starting: it answers now
