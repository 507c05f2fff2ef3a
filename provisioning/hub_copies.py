"""What an update of a hub's machine has done to the database and the settings, by the hub's own
account and by the release that it takes: hidden commands, called by
`provisioning.updates.hub_machine`.

The settings go with the database: a later release may write some that the one before refuses, since
it does not know them.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from kiosk.durable import write_durably

_DATA: Final = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), required=True
)
_NAME: Final = click.argument("name")
LOCK_WAIT_S: Final = 30.0


@click.group("hub-copy", hidden=True)
def hub_copy_command() -> None:
    """Copies of a hub's database, ``<database>.<NAME>``, for an update."""


@hub_copy_command.command("keep")
@_NAME
@_DATA
def keep_command(name: str, data: Path) -> None:
    """Makes one, unless it is there, whether the hub runs or not."""
    from hub.backup import updating

    def done(database: Path) -> None:
        updating.keep(database, _beside(database, name))
        held = _settings(data, name)
        if not held.exists():
            write_durably(held, _settings(data).read_bytes())

    _said(data, done)


@hub_copy_command.command("drop")
@_NAME
@_DATA
def drop_command(name: str, data: Path) -> None:
    """Takes one away."""
    from hub.backup import updating

    def done(database: Path) -> None:
        updating.forget(_beside(database, name))
        _settings(data, name).unlink(missing_ok=True)

    _said(data, done)


@hub_copy_command.command("rehearse")
@_NAME
@_DATA
def rehearse_command(name: str, data: Path) -> None:
    """Brings one to this release's shape, and forgets it."""
    from hub.backup import updating

    def done(database: Path) -> None:
        updating.rehearse(_beside(database, name))
        _settings(data, name).unlink(missing_ok=True)

    _said(data, done)


@hub_copy_command.command("back")
@_NAME
@click.option("--aside", required=True)
@click.option("--wait", "wait_s", type=float, default=LOCK_WAIT_S)
@_DATA
def back_command(name: str, aside: str, wait_s: float, data: Path) -> None:
    """Makes one the database again, when that has another shape by now, and its settings those of
    the hub; the hub stands."""
    from hub.backup import updating
    from hub.control import writer_lock

    with suppress(FileNotFoundError):  # cut off before it was kept
        held = _settings(data, name).read_bytes()
        if held != _settings(data).read_bytes():
            write_durably(_settings(data), held)

    def done(database: Path) -> None:
        copy = _beside(database, name)
        if not copy.exists():
            return  # cut off before it was made: nothing had been touched
        with writer_lock(data / "hub", wait_s=wait_s):
            now_ms = time.time_ns() // 1_000_000
            carried = updating.put_back(copy, database, _beside(database, aside), now_ms)
        if carried is None:
            click.echo("数据库没有变过 / the database has the same shape")
        else:
            click.echo(f"数据库已放回 / the database is back, with {carried} events since")

    _said(data, done)


@hub_copy_command.command("forget")
@_NAME
@_DATA
def forget_command(name: str, data: Path) -> None:
    """Takes what other updates than this one have left away."""
    from hub.backup import updating

    def done(database: Path) -> None:
        kept = (_beside(database, name), _settings(data, name))
        for base in (database, _settings(data)):
            for old in (*base.parent.glob(f"{base.name}.before-*T*-*"), *_tried(base)):
                if old not in kept:
                    updating.forget(old)

    _said(data, done)


def _tried(base: Path) -> list[Path]:
    return list(base.parent.glob(f"{base.name}.tried-*T*-*"))


def _settings(data: Path, name: str = "") -> Path:
    """hub.toml, or the copy of it that belongs to a copy of the database."""
    path = data / "hub" / "hub.toml"
    return path.with_name(f"{path.name}.{name}") if name else path


def _beside(database: Path, name: str) -> Path:
    return database.with_name(f"{database.name}.{name}")


def _said(data: Path, work: Callable[[Path], None]) -> None:
    from contract.settings import SettingsError
    from hub.backup import BackupError, updating
    from hub.config import load
    from hub.control import LockedError

    try:
        work(updating.database_of(load(data / "hub" / "hub.toml")))
    except SettingsError as error:
        click.echo("\n".join(error.problems), err=True)
    except LockedError:
        click.echo(f"{data}: 中心正在运行 / the hub runs on it", err=True)
    except (BackupError, OSError) as error:
        click.echo(str(error), err=True)
    else:
        return
    sys.exit(1)
