"""``yicang kiosk …``: the composition root of a kiosk, called with a configuration file."""

import logging
from pathlib import Path

import click

from contract.settings import SettingsError


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
    from kiosk.__main__ import run
    from kiosk.config import load

    try:
        settings = load(config)
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"{config}: {problem}", err=True)
        context.exit(2)
    logging.getLogger().setLevel(logging.INFO)
    context.exit(run(settings))
