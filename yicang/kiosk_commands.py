"""``yicang kiosk …``: the composition root of a kiosk, called with a configuration file."""

import logging
from pathlib import Path

import click


@click.group("kiosk")
def kiosk() -> None:
    """终端 / A kiosk."""


@kiosk.command("run")
@click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="kiosk.toml",
)
@click.pass_context
def run_command(context: click.Context, config: Path) -> None:
    """运行终端，直到被停止 / Run a kiosk until it is stopped."""
    from kiosk.__main__ import run_file

    logging.getLogger().setLevel(logging.INFO)
    context.exit(run_file(config))


@kiosk.command("sounds")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.pass_context
def sounds_command(context: click.Context, folder: Path) -> None:
    """检查一个录音文件夹 / Say what is wrong with a folder of recordings (docs/voices.md)."""
    from drivers.sound_files import check

    faults = list(check(folder))
    for fault in faults:
        click.echo(str(fault), err=True)
    if not faults:
        click.echo("全部可用 / every recording can be used")
    context.exit(1 if faults else 0)
