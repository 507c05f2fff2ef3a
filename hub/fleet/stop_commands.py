"""``yicang hub stop``: the stops of a hub at the command line, beside a running hub or alone."""

from pathlib import Path

import click

from hub import operations
from hub.command_line import DATA, Refused, do
from hub.fleet.stops import Stop


@click.group("stop")
def stop_group() -> None:
    """站点 / Stops: where kiosks stand."""


@stop_group.command("list")
@DATA
def list_command(data: Path) -> None:
    """列出 / List them."""
    for one in do(data, operations.ListStops(), list[Stop]):
        where = " ".join(filter(None, (one.city_zh, one.district_zh)))
        click.echo(f"{one.id}: {one.zh} / {one.en}{f'  ({where})' if where else ''}")


@stop_group.command("add")
@DATA
@click.argument("stop")
@click.argument("zh", metavar="中文名")
@click.argument("en", metavar="ENGLISH")
@click.option("--district", default="", metavar="中文:ENGLISH", help="区 / its district")
@click.option("--city", default="", metavar="中文:ENGLISH", help="城市 / its city")
def add_command(data: Path, stop: str, zh: str, en: str, district: str, city: str) -> None:
    """新建站点，或改它的名称 / Add a stop, or name one anew."""
    (in_zh, in_en), (of_zh, of_en) = _pair("--district", district), _pair("--city", city)
    wish = Stop(stop, zh, en, in_zh, in_en, of_zh, of_en)
    if not do(data, operations.PutStop(wish), bool):
        click.echo("已经是这样 / it is so already")


def _pair(option: str, text: str) -> tuple[str, str]:
    zh, colon, en = text.partition(":")
    if text and not (colon and zh.strip() and en.strip()):
        raise Refused(f"{option} {text}: 应写作 中文:English / should be like 中文:English")
    return zh, en
