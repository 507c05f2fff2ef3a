"""``yicang hub …``: serving, and what an operator does at the command line.

What kiosks are told (places, plans, names of retail codes, …) has its commands in
`hub.kiosks.catalogue_commands`; backups have theirs in `hub.backup.commands`.
"""

import logging
import sys
from pathlib import Path
from typing import IO, Any, Final

import click
import msgspec

from hub import operations
from hub.access.passwords import new_password
from hub.access.permissions import Role
from hub.access.scope import make
from hub.alerts.commands import GROUPS as ALARMS
from hub.backup.commands import COMMANDS
from hub.city_commands import COMMANDS as CITY
from hub.city_commands import city_settings
from hub.command_line import DATA, Refused, do, settings
from hub.control import LockedError
from hub.demo_command import demo_data_command
from hub.fleet.commands import bundle_group
from hub.fleet.invitation_commands import kiosk_group
from hub.fleet.release_commands import release_group
from hub.fleet.stop_commands import stop_group
from hub.kiosks.catalogue_commands import GROUPS
from hub.tls import CertificateError


@click.group(
    "hub",
    commands=(
        *GROUPS,
        *COMMANDS,
        *ALARMS,
        demo_data_command,
        bundle_group,
        kiosk_group,
        release_group,
        stop_group,
        *CITY,
    ),
)
def hub() -> None:
    """中心：服务、账号、备份 / The hub: serve, accounts, backups."""
    logging.getLogger("alembic").setLevel(logging.WARNING)


# --- serving -----------------------------------------------------------------------------------


@hub.command("serve")
@DATA
@click.option(
    "--no-ingest",
    is_flag=True,
    help="只有网页和接口（PostgreSQL）：接收和计算是别的进程"
    " / pages and API alone (PostgreSQL): ingest and projector are other processes",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="--no-ingest 时的进程数 / how many processes, with --no-ingest",
)
def serve_command(data: Path, no_ingest: bool, workers: int) -> None:
    """运行中心，直到被停止 / Run the hub until it is stopped."""
    if no_ingest:
        from hub.serve_web import serve_web

        try:
            serve_web(city_settings(data, "hub serve --no-ingest"), workers)
        except CertificateError as error:
            raise Refused(str(error)) from None
        return
    config = settings(data)
    logging.getLogger().setLevel(logging.INFO)
    from hub.serve import serve

    try:
        serve(config, data / "hub")
    except LockedError:
        raise Refused(
            f"--data {data}: 已有一个中心在使用这个数据库 / another hub is running on this data"
        ) from None
    except CertificateError as error:
        raise Refused(str(error)) from None


# --- the database ------------------------------------------------------------------------------


@hub.command("rebuild")
@DATA
def rebuild_command(data: Path) -> None:
    """由全部事件重新计算 / Fold all events anew; ingest waits meanwhile."""
    do(data, operations.Rebuild(), type(None))
    click.echo("已重新计算 / rebuilt")


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
