"""``yicang fleet …``: many kiosks at once."""

import logging
import sys
from pathlib import Path
from typing import Final

import click

MAX_KIOSKS: Final = 300
"""In one process (`kiosk.fleet.simulation.MAX_KIOSKS`)."""


@click.group("fleet")
def fleet() -> None:
    """多台终端 / Many kiosks."""


@fleet.command("simulate")
@click.option("--kiosks", type=click.IntRange(1, MAX_KIOSKS), default=30, show_default=True)
@click.option(
    "--first",
    type=click.IntRange(1, 100_000),
    default=1,
    show_default=True,
    help="从几号开始，用来同时运行几个模拟 / the first one's number, to run several simulations",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default=True,
    help="中心的数据目录，最好是试验用的 / the hub's data directory, best one for trials",
)
@click.option(
    "--visits",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="每台终端来多少人 / how many people come to each kiosk",
)
@click.option(
    "--pace",
    type=click.FloatRange(0, 3600),
    default=1.0,
    show_default=True,
    help="一台终端两次扫码之间平均多少秒 / seconds between two scans at a kiosk, on average",
)
@click.option(
    "--backlog",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="其中多少人在断网时来 / how many of them come before the network does",
)
@click.option(
    "--cuts",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="每台终端断线几次 / how many times each kiosk loses its connection",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="同一个数来同样的人 / the same number brings the same people",
)
@click.option(
    "--broker",
    default=None,
    metavar="HOST:PORT",
    help="代理，默认同中心 / the broker; without it, the hub's own",
)
@click.option(
    "--tls-ca",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="终端用的 TLS 端口：签发机构的文件（PEM），并用各自的账户"
    " / the kiosks' TLS listener: its authority (PEM); each with its own account",
)
@click.option(
    "--patience",
    type=click.FloatRange(1, 3600),
    default=120.0,
    show_default=True,
    help="中心多少秒没有确认就不再等 / after so many seconds without any acknowledgement, give up",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="终端的日志放哪里，默认 DATA/simulated / where the kiosks' journals are",
)
@click.option(
    "--into-existing",
    is_flag=True,
    help="已有真实物品的中心也用 / also into a hub that has real goods",
)
@click.option("--json", "as_json", is_flag=True, help="结果只输出 JSON / the summary as JSON")
@click.pass_context
def simulate_command(
    context: click.Context,
    kiosks: int,
    first: int,
    data: Path,
    visits: int,
    pace: float,
    backlog: int,
    cuts: int,
    seed: int,
    broker: str | None,
    tls_ca: Path | None,
    patience: float,
    state: Path | None,
    into_existing: bool,
    as_json: bool,
) -> None:
    """在一个进程里运行许多台终端，看中心跟不跟得上
    / Run many kiosks in one process, to see whether a hub keeps up.

    日志、流程、传送和协议都是真的，扫码是模拟的。
    Journals, workflow, relay and contract are the real ones; the scans are made up.

    \b
    退出状态 / Exit status: 0 全部确认 all acknowledged, 1 有未确认的 some are not
    """
    import msgspec

    from contract.enrolment import Identity
    from hub.command_line import do, settings
    from hub.operations import EnrolSimulated
    from kiosk.fleet.report import Display, told
    from kiosk.fleet.simulated import Where
    from kiosk.fleet.simulation import (
        Plan,
        Simulation,
        TooFewFilesError,
        keep,
        missing,
        require_files,
    )
    from kiosk.identity import IdentityError
    from kiosk.store import JournalError

    if backlog > visits:
        raise click.UsageError(
            f"--backlog {backlog}：多于 --visits {visits}"
            f" / --backlog {backlog}: more than --visits {visits}"
        )
    config = settings(data)
    try:
        require_files(kiosks)
    except TooFewFilesError as error:
        raise click.UsageError(f"--kiosks {kiosks}: {error}") from None
    host, port = _address(broker, config.mqtt_host, config.mqtt_port)
    where = Where(host, port, auth=tls_ca is not None, authority=tls_ca)
    folder = state if state is not None else data / "simulated"
    names = tuple(f"sim-{number:03d}" for number in range(first, first + kiosks))
    wanting = tuple(missing(folder, names))
    enrolled = do(data, EnrolSimulated(wanting, into_existing), list[Identity])
    logging.getLogger().setLevel(logging.ERROR)
    display = Display(kiosks, quiet=as_json or not sys.stderr.isatty())
    plan = Plan(visits, pace, backlog, cuts, seed, patience)
    try:
        keep(folder, enrolled)
        with Simulation(folder, names, where, plan) as simulation:
            summary = simulation.run(display.tell)
    except (IdentityError, JournalError) as error:
        raise click.UsageError(str(error.words)) from None
    except OSError as error:
        raise click.UsageError(f"--state {folder}: {error}") from None
    display.end()
    click.echo(msgspec.json.encode(summary).decode() if as_json else told(summary))
    context.exit(1 if summary.left else 0)


def _address(given: str | None, host: str, port: int) -> tuple[str, int]:
    if given is None:
        return host, port
    name, _, number = given.rpartition(":")
    if not name or not number.isdigit() or not 0 < int(number) < 65536:
        raise click.UsageError(
            f"--broker {given}：应为 HOST:PORT / --broker {given}: HOST:PORT is wanted"
        )
    return name.strip("[]"), int(number)
