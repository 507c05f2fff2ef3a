"""``yicang hub ingest|project``: the parts of a hub that is several processes on PostgreSQL."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy.exc import OperationalError

from drivers.service_manager import ServiceManager
from hub import postgresql
from hub.command_line import DATA, Refused, settings
from hub.config import HubConfig


@click.command("ingest")
@DATA
def ingest_command(data: Path) -> None:
    """只接收（PostgreSQL，可以有多个）/ Ingest alone: as many of these as you like, on PostgreSQL.

    它们共用一个 MQTT 订阅；网页和计算由别的进程负责。
    They share one MQTT subscription; pages and projections are other processes' work.
    """
    from hub.city import run_ingest

    config = city_settings(data, "hub ingest")
    with _database_told():
        run_ingest(config, _until_stopped(), ServiceManager.from_environment(os.environ))


@click.command("project")
@DATA
def project_command(data: Path) -> None:
    """只计算（PostgreSQL，一个工作，其余待命）/ Project alone, on PostgreSQL; others stand by.

    工作的那个停了，待命的会在 5 秒内接手。
    When the one that works ends, one that stands by takes over within 5 seconds.
    """
    from hub.city import run_projector

    config = city_settings(data, "hub project")
    with _database_told():
        manager = ServiceManager.from_environment(os.environ)
        kept = run_projector(config, _until_stopped(), manager)
    if not kept:
        click.echo("与数据库的连接断过 / the connection to the database broke", err=True)
        sys.exit(1)


COMMANDS: Final = (ingest_command, project_command)


def city_settings(data: Path, command: str) -> HubConfig:
    """The settings of a hub on PostgreSQL; a usage error for another."""
    config = settings(data)
    if not postgresql.is_postgresql(config.database):
        raise Refused(
            f"{command}: 只用于 PostgreSQL；SQLite 的中心是一个进程（yicang hub serve）"
            " / only for PostgreSQL: on SQLite a hub is one process (yicang hub serve)"
        )
    logging.getLogger().setLevel(logging.INFO)
    return config


@contextmanager
def _database_told() -> Iterator[None]:
    """One line instead of a traceback, and status 1, when the database cannot be reached: whoever
    watches over the process starts it again."""
    try:
        yield
    except OperationalError as error:
        click.echo(f"数据库连不上 / the database cannot be reached: {error.orig}", err=True)
        sys.exit(1)
    except postgresql.CollationError as error:
        raise Refused(str(error)) from None


def _until_stopped() -> threading.Event:
    """Set at SIGTERM or SIGINT."""
    stopping = threading.Event()

    def stop(_number: int, _frame: Any) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopping
