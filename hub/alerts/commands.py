"""``yicang hub alarm|contact``: alarms, and when stops are open, at the command line."""

from pathlib import Path
from typing import Final

import click

from hub import operations
from hub.alerts import words
from hub.alerts.contacts import Contact
from hub.alerts.life import Alarm
from hub.alerts.opening import DAYS
from hub.command_line import DATA, Refused, do

DAY_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@click.group("alarm")
def alarm_group() -> None:
    """告警 / Alarms: what somebody must go and look at."""


@alarm_group.command("list")
@DATA
def list_command(data: Path) -> None:
    """列出现在的告警 / What is an alarm now, the most urgent first."""
    for one in do(data, operations.ListAlarms(), list[Alarm]):
        told = words.of(one.kind, one.values)
        seen = "  已确认 / acknowledged" if one.acknowledged_ms is not None else ""
        where = " ".join(part for part in (one.stop, one.kiosk) if part) or "hub"
        click.echo(f"{one.id} {one.severity} {where}: {told.title.zh} / {told.title.en}{seen}")
        click.echo(f"    {told.cause.zh} / {told.cause.en}")
        click.echo(f"    {told.ask.zh} / {told.ask.en}")


@alarm_group.command("acknowledge")
@DATA
@click.argument("alarm", type=click.IntRange(1, 2**31))
def acknowledge_command(data: Path, alarm: int) -> None:
    """确认告警，不再提醒 / Take care of an alarm: nobody is told again."""
    if not do(data, operations.AcknowledgeAlarm(alarm), bool):
        raise Refused(
            f"{alarm}: 没有这个告警，或已有人确认 / no such alarm, or somebody acknowledged it"
        )


@click.group("contact")
def contact_group() -> None:
    """站点的开放时间和电话 / When stops are open, and their hosts' telephones."""


@contact_group.command("show")
@DATA
@click.argument("stop")
def show_command(data: Path, stop: str) -> None:
    """显示 / How it is set."""
    _show(do(data, operations.PutContact(stop), Contact))


@contact_group.command("set")
@DATA
@click.argument("stop")
@click.option(
    "--hours",
    multiple=True,
    metavar="DAY=HOURS",
    help="mon=09:00-12:00,14:00-18:00 … 没写的日子不开放 / days not named are closed",
)
@click.option("--always", is_flag=True, help="任何时间都开放 / open at any time")
@click.option(
    "--holidays",
    metavar="DAYS",
    help="2026-10-01/2026-10-07,2027-01-01 空为没有 / empty: none",
)
@click.option("--phone", help="号码，空为没有 / the host's number; empty: none")
def set_command(
    data: Path,
    stop: str,
    hours: tuple[str, ...],
    always: bool,
    holidays: str | None,
    phone: str | None,
) -> None:
    """设置；没写的不变 / Set it; what is not named stays as it is."""
    if always and hours:
        raise Refused("--always 和 --hours 只能选一个 / choose one of --always and --hours")
    week = () if always else _week(hours) if hours else None
    days = None if holidays is None else tuple(filter(None, holidays.replace(",", " ").split()))
    _show(do(data, operations.PutContact(stop, week, days, phone), Contact))


def _week(hours: tuple[str, ...]) -> tuple[str, ...]:
    week = [""] * DAYS
    for text in hours:
        day, equals, spans = text.partition("=")
        if not equals or day not in DAY_NAMES:
            raise Refused(
                f"--hours {text}: 应写作 mon=09:00-18:00 / should be like mon=09:00-18:00"
            )
        week[DAY_NAMES.index(day)] = spans
    return tuple(week)


def _show(one: Contact) -> None:
    if not one.hours.week:
        click.echo("任何时间都开放 / open at any time")
    for name, text in zip(DAY_NAMES, one.hours.week, strict=False):
        click.echo(f"{name} {text or '-'}")
    if one.hours.holidays:
        click.echo(f"holidays {','.join(one.hours.holidays)}")
    if one.phone:
        click.echo(f"phone {one.phone}")


GROUPS: Final = (alarm_group, contact_group)
