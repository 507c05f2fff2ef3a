"""``yicang provision hub``: makes this machine a hub, and unmakes it; and what its plan calls."""

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
import msgspec

from provisioning import hub_plan
from provisioning.authority import AuthorityError, general_name
from provisioning.executor import Executor, PlanError
from provisioning.hub_facts import FactsError, Machine, own_hosts
from provisioning.hub_plan import Options
from provisioning.plan import Plan, Section, shown
from provisioning.record import mark_shown
from provisioning.render import toml

if TYPE_CHECKING:
    from provisioning.hub_data import Prepared


class Refused(click.ClickException):
    """Why nothing, or not all of it, was done; exit status 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """The reason alone."""
        click.echo(self.message, err=True)


@click.command("hub")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    help="大家用来访问中心的主机名或地址，可重复；第一个写进链接"
    " / a host name or address that leads here; may be repeated, the first is for links",
)
@click.option(
    "--stop",
    "stops",
    multiple=True,
    metavar="ID:中文:ENGLISH",
    help="新站点，可重复 / a stop to begin with; may be repeated",
)
@click.option(
    "--kiosk-certificates",
    is_flag=True,
    help="终端也要出示证书（端口 8884）/ kiosks show certificates, too (port 8884)",
)
@click.option("--dry-run", is_flag=True, help="只显示，不改动 / show all of it, touch nothing")
@click.option(
    "--uninstall", is_flag=True, help="删除服务和设置，保留数据 / remove all but the data"
)
@click.option("--renew", is_flag=True, hidden=True)  # for the timer
@click.option("--held", is_flag=True, hidden=True)  # for the updater: starts nothing of the hub
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("/"),
    help="写到这个目录下，例如挂载的卡 / write below this folder, for example a mounted card",
)
def hub_command(
    hosts: tuple[str, ...],
    stops: tuple[str, ...],
    kiosk_certificates: bool,
    dry_run: bool,
    uninstall: bool,
    renew: bool,
    held: bool,
    root: Path,
) -> None:
    """把这台机器设为中心 / Make this machine a hub (Debian 12, 13 or Raspberry Pi OS)."""
    machine = Machine(root.resolve())
    try:
        if uninstall:
            _uninstall(machine, root.resolve(), dry_run)
        elif renew:
            _renew(machine, root.resolve())
        else:
            for name in hosts:
                general_name(name)
            for stop in stops:
                parse_stop(stop)
            asked = Asked(hosts, stops, kiosk_certificates, dry_run, held)
            _install(machine, root.resolve(), asked)
    except (FactsError, AuthorityError, PlanError) as error:
        raise Refused(str(error)) from None
    except PermissionError as error:
        raise Refused(f"没有权限，请用 sudo / no permission; use sudo: {error.filename}") from None


class Asked(msgspec.Struct, frozen=True):
    """What the command was told."""

    hosts: tuple[str, ...]
    stops: tuple[str, ...]
    certificates: bool
    dry_run: bool
    held: bool


def _install(machine: Machine, root: Path, asked: Asked) -> None:
    if not asked.dry_run:
        machine.require()
    options = Options(
        asked.hosts or machine.hosts() or own_hosts(), asked.stops, asked.certificates
    )
    executor = Executor(root, click.echo, (sys.executable, "-m", "yicang"))
    facts = machine.facts()
    if facts.broker is None and not asked.dry_run:
        if executor.elsewhere:
            raise FactsError(
                f"{root}: 里面没有 Mosquitto，请先输入 / has no Mosquitto; type first: "
                f"chroot {root} apt-get install --no-install-recommends mosquitto"
            )
        _run(executor, (hub_plan.INSTALL,), "apt-get update && apt-get install mosquitto")
        facts = machine.facts()
    drawn = machine.drawn(options, facts, dt.datetime.now(dt.UTC))
    plan = hub_plan.hub_plan(options, facts, drawn, toml, held=asked.held)
    if asked.dry_run:
        _show(plan)
        return
    machine.require_ports(hub_plan.with_certificates(options, facts))
    try:
        _run(executor, plan, "yicang provision hub")
    except PlanError:
        _tell_password(executor, options, root)  # nobody would see it again
        raise
    _tell(executor, options, root)


def _run(executor: Executor, plan: Plan, again: str) -> None:
    try:
        executor.run(plan)
    except PlanError as error:
        raise PlanError(
            f"{error}\n解决后可重复运行 / mend that, then run this again: {again}"
        ) from None


def _show(plan: Plan) -> None:
    for line in shown(plan):
        click.echo(line)
    click.echo()
    click.echo("没有改动任何东西 / nothing was touched")


def _tell(executor: Executor, options: Options, root: Path) -> None:
    click.echo()
    if executor.changes == 0 and not _prepared(executor, options).changed:
        click.echo("已经设置好，没有改动 / was set up already; nothing has changed")
        return
    click.echo(f"中心 / hub: https://{options.hosts[0]}")
    _tell_password(executor, options, root)
    click.echo(
        "浏览器第一次会警告：证书来自中心自己的机构，文件在 /enrol/authority.pem"
        " / the browser warns at first: the certificate comes from the hub's own authority,"
        " which is at /enrol/authority.pem"
    )


def _prepared(executor: Executor, options: Options) -> "Prepared":
    from provisioning.hub_data import DONE, Prepared

    said = executor.output.get(hub_plan.prepare_command(options.stops).words, "")
    return msgspec.json.decode(said, type=Prepared) if said else DONE


def _tell_password(executor: Executor, options: Options, root: Path) -> None:
    prepared = _prepared(executor, options)
    if prepared.password is not None:
        click.echo(f"操作员 / operator: {prepared.operator}")
        click.echo(f"密码（只显示这一次）/ password (shown this once): {prepared.password}")
        mark_shown(root / hub_plan.DATA.lstrip("/"))


def _uninstall(machine: Machine, root: Path, dry_run: bool) -> None:
    kiosk = machine.has_kiosk()
    plan = hub_plan.uninstall_plan(kiosk=kiosk)
    if dry_run:
        _show(plan)
    else:
        machine.require()
        executor = Executor(root, click.echo)
        executor.run(plan)
    click.echo()
    click.echo(f"保留 / left as they are: {', '.join(hub_plan.STAYS)}")
    if kiosk:
        click.echo("这台机器上的终端继续运行 / the kiosk on this machine goes on")


def _renew(machine: Machine, root: Path) -> None:
    drawn = machine.renewed(dt.datetime.now(dt.UTC))
    if drawn is None:
        raise FactsError("这里没有设置过中心 / no hub was set up here")
    plan = hub_plan.renewal_plan(drawn)
    if not [step for step in plan if not isinstance(step, Section)][:-1]:
        click.echo("证书都还有效 / every certificate is good for long")
        return
    Executor(root, click.echo).run(plan)


@click.command("hub-data", hidden=True)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--stop", "stops", multiple=True)
def hub_data_command(data: Path, stops: tuple[str, ...]) -> None:
    """Makes a hub's database; prints JSON."""
    import sqlalchemy as sa

    from contract.settings import SettingsError
    from hub.control import LockedError
    from hub.fleet.stops import Stop, StopError
    from provisioning.hub_data import prepare

    found = [Stop(*parse_stop(stop)) for stop in stops]
    try:
        click.echo(msgspec.json.encode(prepare(data, found)).decode())
    except LockedError:
        _refuse(f"{data}: 中心正在运行 / the hub runs on it")
    except SettingsError as error:
        _refuse("\n".join(error.problems))
    except StopError as error:
        _refuse(str(error))
    except (OSError, sa.exc.SQLAlchemyError) as error:
        _refuse(f"{data}: {error}")


def _refuse(reason: str) -> NoReturn:
    raise Refused(reason)


def parse_stop(text: str) -> tuple[str, str, str]:
    """``id:中文:English``. Raises FactsError."""
    parts = tuple(part.strip() for part in text.split(":"))
    if len(parts) != 3 or not all(parts):
        raise FactsError(
            f"--stop {text}: 应为 编号:中文名:英文名 / is to be id:Chinese name:English name"
        )
    return parts[0], parts[1], parts[2]
