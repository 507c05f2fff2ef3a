"""The one command line. Each command's module is imported when it is called, so that a kiosk
never loads what only the hub needs, and ``--help`` answers at once."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import sys
from collections.abc import Mapping
from typing import Final, NamedTuple

import click

from drivers.ports import Words
from yicang import lifeline, logs, usage

YOUNG: Final = 50_000
"""Objects made between two looks for cycles. A start makes hundreds of thousands that stay (its
modules, classes, tables): looking at every 700th, as Python does, takes a sixth of the time of a
short command."""


class Lazy(NamedTuple):
    """A command that is imported when it is called: ``module:attribute`` and its help line."""

    target: str
    help: Words


COMMANDS: Final[Mapping[str, Lazy]] = {
    "up": Lazy(
        "yicang.up:up_command",
        Words(zh="在本机启动代理、中心和一台终端", en="broker, hub and one kiosk on this machine"),
    ),
    "kiosk": Lazy("yicang.kiosk_commands:kiosk", Words(zh="终端", en="a kiosk")),
    "hub": Lazy(
        "hub.commands:hub", Words(zh="中心：服务、账号、备份", en="the hub: serve, users, backup")
    ),
    "provision": Lazy(
        "provisioning.commands:provision",
        Words(zh="登记终端、打印操作卡", en="enrol kiosks, print action cards"),
    ),
    "fleet": Lazy(
        "yicang.fleet_commands:fleet",
        Words(zh="许多台终端：模拟", en="many kiosks: simulate them"),
    ),
    "update": Lazy(
        "provisioning.updates.commands:update",
        Words(zh="升级：检查、安装、退回", en="updates: check, install, go back"),
    ),
    "receipt": Lazy(
        "yicang.receipt_commands:receipt",
        Words(zh="离线核对收据", en="check a receipt without a network"),
    ),
    "broker": Lazy(
        "yicang.broker:broker_command",
        Words(zh="单独运行内置消息代理", en="the embedded broker alone"),
    ),
}


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported when needed."""

    def __init__(self, *, lazy: Mapping[str, Lazy], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._lazy: Final = lazy

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if usage.empty_folder(args):
            raise click.UsageError("--data：目录名是空的 / --data: the directory's name is empty")
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        lazy = self._lazy.get(cmd_name)
        if lazy is None:
            return None
        module, _, attribute = lazy.target.partition(":")
        try:
            command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise click.UsageError(
                f"缺少 Python 模块 {error.name}，请安装对应的扩展"
                f" / the Python module {error.name} is missing; install the extra that brings it"
            ) from error
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, f"{lazy.help.zh} / {lazy.help.en}") for name, lazy in self._lazy.items()]
        with formatter.section("命令 / Commands"):
            formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--lifeline", "hold_lifeline", is_flag=True, hidden=True)
@click.option(
    "--log-format",
    type=click.Choice([one.value for one in logs.LogFormat]),
    default=logs.LogFormat.AUTO.value,
    help="日志格式；auto：systemd 日志里是 JSON"
    " / how logs are written; auto: as JSON for systemd's journal",
)
@click.version_option(package_name="yicang-stop", prog_name="yicang")
def cli(hold_lifeline: bool, log_format: str) -> None:
    """义仓站：扫描终端与中心 / Yicang Stop: scanning kiosks and their hub.

    \b
    退出状态 / Exit status: 0 正常 ok, 1 故障 failure, 2 参数或环境有误 usage or environment
    """
    # Services raise their own level; a command's output is what it prints.
    logs.install(wanted=logs.LogFormat(log_format))
    if hold_lifeline:
        lifeline.hold()


def main() -> None:
    """The console script ``yicang``."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(OSError, ValueError):
                # A terminal without Chinese shows question marks instead of a traceback.
                stream.reconfigure(errors="replace")
    logs.install()  # what goes wrong before the command line was read
    try:
        status = cli.main(standalone_mode=False)
    except click.UsageError as error:
        click.echo(usage.explain(error), err=True)
        status = error.exit_code
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except click.Abort:
        status = 1
    gc.freeze()  # the memory goes back as a whole, instead of object by object
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
