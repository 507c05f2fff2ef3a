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
