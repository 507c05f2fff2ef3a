"""``yicang hub kiosk``: inviting a new kiosk at the command line, beside a running hub or alone."""

from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from contract import enrolling
from hub import operations
from hub.command_line import DATA, Refused, do, settings
from hub.config import HubConfig
from hub.fleet.invitations import DEFAULT_HOURS, MAX_HOURS, Invited, State
from hub.fleet.reachable import NotReachableError, Reach, reach

_UNREACHABLE: Final = {
    "no-address": "hub.toml 里的 public_url 应以 https:// 开头，请先运行 yicang provision hub"
    " / public_url in hub.toml is to begin with https://; run yicang provision hub first",
    "no-authority": "这个中心还没有证书机构，请先运行 yicang provision hub"
    " / this hub has no certificate authority yet; run yicang provision hub first",
    "no-bundle-key": "读不到数据包密钥，请查看 hub.toml 里的 bundle_key_file"
    " / the key for bundles cannot be read: look at bundle_key_file in hub.toml",
}

_STATES: Final = {
    State.WAITING: "等终端来 / waits for the kiosk",
    State.ENROLLED: "等六位数字 / waits for the six digits",
    State.CONFIRMED: "已确认 / confirmed",
    State.EXPIRED: "已过期 / expired",
    State.CANCELLED: "已撤销 / taken back",
}


@click.group("kiosk")
def kiosk_group() -> None:
    """新终端 / New kiosks: invite, list, confirm."""


@kiosk_group.command("invite")
@DATA
@click.option(
    "--stop", required=True, help="放在哪个站点（编号）/ id of the stop where it will stand"
)
@click.option("--replace", default="", help="代替这台终端 / the kiosk in whose place it comes")
@click.option(
    "--hours",
    type=click.IntRange(1, MAX_HOURS),
    default=DEFAULT_HOURS,
    show_default=True,
    help="码有效多少小时 / for how many hours the code works",
)
@click.option(
    "--pdf",
    type=click.Path(path_type=Path, dir_okay=False),
    help="把装机单写到这个 PDF 文件 / write the sheet to this PDF file",
)
def invite_command(data: Path, stop: str, replace: str, hours: int, pdf: Path | None) -> None:
    """邀请一台新终端 / Invite a new kiosk.

    没有 --pdf 时打印要扫的文字：最后一行是二维码的内容。
    Without --pdf it prints what is to be scanned: the last line is what the QR code holds.
    """
    config = settings(data)
    where = _reach(config)
    made = do(data, operations.InviteKiosk(stop, replace, hours), operations.KioskInvited)
    invitation = where.invitation(made.code)
    until = _moment(made.until_ms, config)
    click.echo(f"{made.id}: {made.stop_zh} / {made.stop_en}, {until}")
    if pdf is None:
        for part in enrolling.parts(invitation):
            click.echo(part)
        click.echo(enrolling.encode(invitation))
        return
    from provisioning.enrolment_sheet import Facts, draw

    try:
        pdf.write_bytes(draw(invitation, Facts(made.stop_zh, made.stop_en, until, replace)))
    except OSError as error:
        do(data, operations.CancelInvitation(made.id), type(None))
        raise Refused(
            f"{pdf}: 写不了，邀请已撤销 / cannot be written; the invitation was taken back"
            f" ({error.strerror})"
        ) from None
    click.echo(f"{pdf}: 请按 100% 打印 / print it at 100 %")


@kiosk_group.command("list")
@DATA
@click.option("--all", "past", is_flag=True, help="也列出已结束的 / also those that are over")
def list_command(data: Path, past: bool) -> None:
    """列出邀请 / List invitations, the newest first."""
    config = settings(data)
    found = do(data, operations.ListInvitations(), list[Invited])
    shown = [one for one in found if past or one.state.is_open]
    if not shown:
        click.echo("没有邀请 / no invitations")
    for one in shown:
        more = [one.kiosk] if one.kiosk else []
        if one.replaces:
            more.append(f"<- {one.replaces}")
        until = _moment(one.until_ms, config)
        click.echo("  ".join([one.id, one.stop, *more, _STATES[one.state], until]))


@kiosk_group.command("confirm")
@DATA
@click.argument("invitation")
@click.argument("digits")
def confirm_command(data: Path, invitation: str, digits: str) -> None:
    """用终端印出的六位数字确认它 / Confirm a kiosk by the six digits that it printed."""
    request = operations.ConfirmKiosk(invitation, digits, _reach(settings(data)))
    done = do(data, request, operations.KioskAnswer)
    if not done.kiosk:
        raise Refused(
            f"数字不对，还可以试 {done.left} 次 / not its digits; tries left: {done.left}"
        )
    click.echo(f"{done.kiosk}: 已确认 / confirmed")
    if done.retired:
        click.echo(f"{done.retired}: 已停用 / out of use")


@kiosk_group.command("cancel")
@DATA
@click.argument("invitation")
def cancel_command(data: Path, invitation: str) -> None:
    """撤销邀请 / Take an invitation back."""
    do(data, operations.CancelInvitation(invitation), type(None))
    click.echo(f"{invitation}: 已撤销 / taken back")


def _reach(config: HubConfig) -> Reach:
    try:
        return reach(config)
    except NotReachableError as error:
        raise Refused(_UNREACHABLE[error.why]) from None


def _moment(ms: int, config: HubConfig) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, ZoneInfo(config.timezone)):%Y-%m-%d %H:%M}"
