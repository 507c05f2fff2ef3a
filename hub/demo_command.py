"""``yicang hub demo-data``: fills a hub with a made-up city's year."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from hub import db
from hub.command_line import DATA, Refused, settings
from hub.control import LockedError, writer_lock
from hub.demo.places import MAX_STOPS

DAY: Final = "%Y-%m-%d"


@click.command("demo-data")
@DATA
@click.option("--stops", type=click.IntRange(1, MAX_STOPS), default=30, show_default=True)
@click.option(
    "--events",
    type=click.IntRange(1_000, 20_000_000),
    default=200_000,
    show_default=True,
    help="大约多少条事件，其中五分之一是物品 / about how many events; a fifth of it are items",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="同一个数得到同一年 / the same number gives the same year",
)
@click.option(
    "--until",
    type=click.DateTime([DAY]),
    default=None,
    help="最后一天，默认昨天 / its last day; without it, yesterday",
)
@click.option(
    "--into-existing",
    is_flag=True,
    help="已有事件的中心也填 / fill a hub that holds events already",
)
def demo_data_command(
    data: Path, stops: int, events: int, seed: int, until: datetime | None, into_existing: bool
) -> None:
    """用一座虚构城市的一年填满中心，用来试用和演示；中心不能在运行
    / Fill the hub with a made-up city's year, to try it out and to show it.

    The hub must not be running.
    """
    from hub.demo.fill import DemoError, Filler

    config = settings(data)
    last = until.date() if until is not None else _yesterday(config.timezone)
    try:
        with writer_lock(data / "hub"):
            engine = db.open_writer(config.database)
            try:
                db.migrate(engine)
                filler = Filler(engine, config, seed=seed, until=last)
                with click.progressbar(
                    length=events, label="写入事件 / events", show_pos=True
                ) as bar:
                    year = filler.fill(stops, events, bar.update, into_existing=into_existing)
            finally:
                engine.dispose()
    except LockedError:
        raise Refused(
            f"--data {data}: 请先停止中心 / a hub is running on it; stop it first"
        ) from None
    except DemoError as error:
        raise Refused(str(error)) from None
    world = year.world
    click.echo(
        f"已写入 / written: {world.written} 条事件 / events, {world.items} 件物品 / items, "
        f"{len(world.stores)} 个站 / stops, {year.days[0]:{DAY}} – {year.days[-1]:{DAY}}"
    )
    click.echo(f"一位捐赠者的清单 / a donor's list: /c/{world.claim}")
    click.echo("现在启动中心 / now start the hub: yicang up, yicang hub serve")


def _yesterday(timezone: str) -> date:
    return datetime.now(ZoneInfo(timezone)).date() - timedelta(days=1)
