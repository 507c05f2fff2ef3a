"""``yicang provision …``: enrolment, and the cards that people scan."""

from pathlib import Path

import click
import msgspec

from provisioning.record import Provisioned, mark_shown, recorded

DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default=True,
    help="数据目录 / data directory",
)


class _Provision(click.Group):
    """`cards`, `hub`, `salvage` and `scanner-sheets` bring libraries that the others do without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        lazy = ("card", "cards", "hub", "salvage", "scanner-sheets")
        return sorted({*super().list_commands(ctx), *lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "card":
            from provisioning.card.command import card_command

            return card_command
        if cmd_name == "cards":
            from provisioning.cards import cards_command

            return cards_command
        if cmd_name == "stick":
            from provisioning.stick import stick_command

            return stick_command
        if cmd_name == "salvage":
            from provisioning.salvage import salvage_command

            return salvage_command
        if cmd_name == "scanner-sheets":
            from provisioning.scanner_sheets import scanner_sheets_command

            return scanner_sheets_command
        if cmd_name == "hub-copy":
            from provisioning.hub_copies import hub_copy_command

            return hub_copy_command
        if cmd_name in ("hub", "hub-data"):
            from provisioning.hub_command import hub_command, hub_data_command

            return hub_command if cmd_name == "hub" else hub_data_command
        return super().get_command(ctx, cmd_name)


@click.group("provision", cls=_Provision)
def provision() -> None:
    """登记与操作卡 / Enrolment and cards."""


@provision.command("local")
@DATA
@click.option("--json", "as_json", is_flag=True, help="只输出 JSON / JSON only")
@click.option("--show-later", is_flag=True, hidden=True)  # the caller does, and then marks it
def local_command(data: Path, as_json: bool, show_later: bool) -> None:
    """为本机建立站点、终端和操作员 / Set up a stop, a kiosk and an operator on this machine."""
    from hub.control import LockedError
    from provisioning.local import provision as provision_local
    from provisioning.render import RenderError

    existing = recorded(data)
    try:
        done = provision_local(data)
    except LockedError:
        raise click.UsageError(f"--data {data}: 中心正在运行 / a hub is running on it") from None
    except (OSError, RenderError) as error:
        raise click.UsageError(f"--data {data}: {error}") from None
    _print(done, as_json=as_json, was_there=existing is not None)
    if not show_later:
        mark_shown(data)


def _print(done: Provisioned, *, as_json: bool, was_there: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
        return
    names = done.installation
    click.echo(f"站点 / stop: {names.stop} ({names.stop_zh} / {names.stop_en})")
    click.echo(f"终端 / kiosk: {names.kiosk}")
    if done.password is not None:
        click.echo(f"操作员 / operator: {names.operator}")
        click.echo(f"密码（只显示这一次）/ password (shown this once): {done.password}")
    elif was_there:
        click.echo("已经设置好，没有改动 / was set up already; nothing has changed")
