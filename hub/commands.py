"""``yicang hub …``: serving, and what an operator does at the command line.

What kiosks are told (places, plans, names of retail codes, …) has its commands in
`hub.catalogue_commands`.
"""

import logging
import sys
from pathlib import Path
from typing import IO, Any, Final

import click
import msgspec

from hub import backup, operations
from hub.catalogue_commands import GROUPS
from hub.command_line import DATA, Refused, database_file, do, now_ms, settings
from hub.control import LockedError, writer_lock
from hub.demo_command import demo_data_command
from hub.passwords import new_password
from hub.permissions import Role
from hub.scope import make


@click.group("hub", commands=(*GROUPS, demo_data_command))
def hub() -> None:
    """中心：服务、账号、备份 / The hub: serve, accounts, backups."""
    logging.getLogger("alembic").setLevel(logging.WARNING)


# --- serving -----------------------------------------------------------------------------------


@hub.command("serve")
@DATA
def serve_command(data: Path) -> None:
    """运行中心，直到被停止 / Run the hub until it is stopped."""
    config = settings(data)
    logging.getLogger().setLevel(logging.INFO)
    from hub.serve import serve

    try:
        serve(config, data / "hub")
    except LockedError:
        raise Refused(
            f"--data {data}: 已有一个中心在使用这个数据库 / another hub is running on this data"
        ) from None


# --- the database ------------------------------------------------------------------------------


@hub.command("rebuild")
@DATA
def rebuild_command(data: Path) -> None:
    """由全部事件重新计算 / Fold all events anew; ingest waits meanwhile."""
    do(data, operations.Rebuild(), type(None))
    click.echo("已重新计算 / rebuilt")


@hub.command("backup")
@DATA
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="目录，在另一块盘上，不在数据目录里"
    " / a directory on another disk, not below the data directory",
)
@click.option(
    "--off-machine",
    is_flag=True,
    help="该目录会离开本机（网络盘、会被送走）：终端可以删除其中已有的旧记录"
    " / what is there leaves this machine (a network drive, sent away): kiosks may forget what it"
    " holds",
)
def backup_command(data: Path, to: Path, off_machine: bool) -> None:
    """备份并核对；中心可以在运行 / Back up and verify; the hub may run.

    同一块盘上的备份会留着，但不算安全：终端不会因此删除旧记录。
    A backup on the database's own disk is kept, but is not safe: kiosks forget nothing by it.
    """
    if to.resolve().is_relative_to(data.resolve()):
        raise Refused(
            f"--to {to}: 备份要放在数据目录之外"
            " / a backup belongs in another directory, not below the data"
        )
    operation = operations.MakeBackup(str(to.absolute()), off_machine)
    made = do(data, operation, operations.BackupMade)
    click.echo(f"已备份并核对 / backed up and verified: {made.file} ({made.events} events)")
    if not made.apart:
        click.echo(backup.NOT_SAFE, err=True)
        click.echo(
            "若它会离开本机，请加 --off-machine / if it leaves this machine, add --off-machine",
            err=True,
        )


@hub.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@DATA
def restore_command(file: Path, data: Path) -> None:
    """用备份 FILE 替换数据库；中心不能在运行 / Put the backup FILE in the database's place."""
    config = settings(data)
    try:
        with writer_lock(data / "hub"):
            made = backup.restore(file, database_file(config), now_ms())
    except LockedError:
        raise Refused(
            f"--data {data}: 请先停止中心 / a hub is running on it; stop it first"
        ) from None
    except backup.BackupError as error:
        raise Refused(str(error)) from None
    click.echo(
        f"已恢复 / restored: {made.events} events; "
        "启动后各终端会补上缺少的 / kiosks send again what it lacks"
    )


# --- accounts ----------------------------------------------------------------------------------

ROLE: Final = click.Choice([role.value for role in Role])
STOPS: Final = click.option(
    "--stop", "stops", multiple=True, help="只管这个站点，可重复 / only this stop; may be repeated"
)
CITIES: Final = click.option(
    "--city",
    "cities",
    multiple=True,
    help="只管这个城市的站点，可重复 / only the stops of this city; may be repeated",
)


@hub.command("token")
@DATA
@click.option("--role", type=ROLE, default=Role.VIEWER.value, show_default=True)
@click.option("--label", default="", help="给谁用的 / what it is for")
@STOPS
@CITIES
def token_command(
    data: Path, role: str, label: str, stops: tuple[str, ...], cities: tuple[str, ...]
) -> None:
    """新建 API 令牌，单独打印在最后一行 / Make an API token, alone on the last line."""
    click.echo(do(data, operations.CreateToken(Role(role), label, make(stops, cities)), str))


@hub.group("user")
def user() -> None:
    """看板账号 / Accounts for the board."""


PASSWORD: Final = click.option(
    "--password-stdin", is_flag=True, help="从标准输入读一行 / read one line from standard input"
)


@user.command("add")
@click.argument("name")
@DATA
@click.option("--role", type=ROLE, default=Role.OPERATOR.value, show_default=True)
@STOPS
@CITIES
@PASSWORD
def user_add_command(
    name: str,
    data: Path,
    role: str,
    stops: tuple[str, ...],
    cities: tuple[str, ...],
    password_stdin: bool,
) -> None:
    """新建账号 / Add an account.

    角色 administrator 可以在网页上管理其他账号。
    The role administrator manages the other accounts in the browser.
    """
    password, made = _password(password_stdin)
    do(data, operations.AddUser(name, password, Role(role), make(stops, cities)), type(None))
    click.echo(f"账号已建立 / account added: {name} ({role})")
    _show(password, made)


@user.command("password")
@click.argument("name")
@DATA
@PASSWORD
def user_password_command(name: str, data: Path, password_stdin: bool) -> None:
    """重设密码 / Set a new password."""
    password, made = _password(password_stdin)
    do(data, operations.SetPassword(name, password), type(None))
    click.echo(f"密码已更新，旧登录已失效 / password set; older sessions have ended: {name}")
    _show(password, made)


def _password(from_stdin: bool) -> tuple[str, bool]:
    """The password, and whether it was drawn here and must be shown."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    return new_password(), True


def _show(password: str, made: bool) -> None:
    if made:
        click.echo(f"密码（只显示这一次）/ password (shown this once): {password}")


# --- quarantine --------------------------------------------------------------------------------


@hub.group("quarantine")
def quarantine() -> None:
    """看不懂的事件 / Events that could not be understood."""


@quarantine.command("list")
@DATA
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def quarantine_list_command(data: Path, limit: int) -> None:
    """最新的在前 / Newest first: row, kiosk.epoch.seq, problem."""
    for line in do(data, operations.ListQuarantine(limit), list[operations.Quarantined]):
        click.echo(f"{line.row}\t{line.kiosk}.{line.epoch}.{line.seq}\t{line.problem}")


@quarantine.command("show")
@click.argument("row", type=int)
@DATA
def quarantine_show_command(row: int, data: Path) -> None:
    """一行的原文 / One line as it came."""
    line = do(data, operations.ShowQuarantine(row), operations.QuarantinedLine)
    about: dict[str, Any] = msgspec.structs.asdict(line.about)
    for name, value in about.items():
        click.echo(f"{name}: {value}")
    click.echo(line.raw)


@quarantine.command("retry")
@DATA
def quarantine_retry_command(data: Path) -> None:
    """全部重读，例如升级之后 / Read all of them again, as after an update."""
    count = do(data, operations.RetryQuarantine(), int)
    click.echo(f"现在读懂了 / understood now: {count}")


@quarantine.command("repair")
@click.argument("row", type=int)
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@DATA
def quarantine_repair_command(row: int, file: IO[str], data: Path) -> None:
    """用 FILE（默认标准输入）里的一行代替 / Fold the line in FILE (or standard input) instead."""
    do(data, operations.RepairQuarantine(row, file.read().strip()), type(None))
    click.echo(f"已修复 / repaired: {row}")
