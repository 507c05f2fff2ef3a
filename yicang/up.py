"""`yicang up`: broker, hub and one kiosk on this machine, as one thing that starts and stops.

First everything is checked (`yicang.preflight`), then the first start's set-up runs in a process
of its own, then the children start in order, each when the one before is ready. This process
stays small: it imports neither the hub nor the kiosk.
"""

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Final

import click
import msgspec

from drivers.ports import Words
from provisioning.record import Installation, Provisioned, mark_shown, recorded
from provisioning.render import RenderError, merge
from yicang import probes
from yicang.children import Child, as_typed, command_line, environment
from yicang.preflight import HOST, Plan, PreflightError, Wishes, check, take_directory
from yicang.supervisor import Asked, Ended, Event, Stage, Supervisor
from yicang.terminal import Language, Terminal

BROKER_S: Final = 15.0
HUB_S: Final = 900.0
KIOSK_S: Final = 120.0
"""How long each may take until it is ready. A Raspberry Pi's first start compiles every module;
a hub may have to bring an old database up to date and fold all of its events anew."""

SETUP_S: Final = 120.0

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - only when somebody has written it into hub.toml


class SetupError(Exception):
    """The first start's set-up failed; the text is what it said."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status: Final = status


@click.command("up")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("data"),
    show_default=True,
    help="数据目录 / data directory",
)
@click.option("--hub-port", default="8080", show_default=True, help="中心网页 / hub pages")
@click.option("--screen-port", default="8081", show_default=True, help="终端网页 / kiosk page")
@click.option("--mqtt-port", default="1883", show_default=True, help="内置代理 / embedded broker")
@click.option(
    "--scanner", "scanners", multiple=True, metavar="URL", help="serial:/dev/ttyACM0, screen:"
)
@click.option(
    "--printer",
    "printers",
    multiple=True,
    metavar="URL",
    help="serial:/dev/ttyUSB0?baud=115200, network:HOST:9100, file:PATH, screen:",
)
@click.option(
    "--panel",
    default="none:",
    show_default=True,
    metavar="URL",
    help="指示灯和按钮 / lights and buttons: none:, gpio:",
)
@click.option(
    "--language",
    type=click.Choice([language.value for language in Language]),
    default=Language.BOTH.value,
    show_default=True,
    help="终端、标签和提示的语言 / language of kiosk, labels and messages",
)
@click.option("--no-open", is_flag=True, help="不打开浏览器 / do not open a browser")
@click.option(
    "--broker", metavar="HOST:PORT", help="使用已有的 MQTT 5 代理 / use an existing broker"
)
@click.pass_context
def up_command(
    context: click.Context,
    data: Path,
    hub_port: str,
    screen_port: str,
    mqtt_port: str,
    scanners: tuple[str, ...],
    printers: tuple[str, ...],
    panel: str,
    language: str,
    no_open: bool,
    broker: str | None,
) -> None:
    """在本机启动代理、中心和一台终端 / Broker, hub and one kiosk on this machine."""
    terminal = Terminal(Language(language))
    terminal.say(Words(zh="义仓站：正在检查……", en="Yicang Stop: checking ..."))
    wishes = Wishes(data, hub_port, screen_port, mqtt_port, scanners, printers, panel, broker)
    try:
        plan = check(wishes)
        lock = take_directory(plan)
    except PreflightError as error:
        for fault in error.faults:
            terminal.fault(fault)
        context.exit(2)
    try:
        context.exit(run(plan, terminal, open_browser=not no_open))
    finally:
        os.close(lock)


def run(plan: Plan, terminal: Terminal, *, open_browser: bool) -> int:
    """Sets up, starts, supervises; the exit status. The caller holds the directory's lock."""
    inbox: SimpleQueue[Event] = SimpleQueue()
    with _signals(inbox):
        try:
            provisioned = _set_up(plan, terminal)
        except SetupError as error:
            terminal.warn(str(error))
            return error.status
        for note in plan.notes:
            terminal.say(note)
        supervisor = Supervisor(_stages(plan, terminal, inbox), terminal, inbox)
        announced: list[bool] = []

        def announce() -> None:
            announced.append(True)
            _announce(plan, terminal, provisioned)
            _remember_shown(plan, terminal)
            if open_browser:
                probes.open_browser(f"http://{HOST}:{plan.screen_port}/")

        try:
            status = supervisor.run(announce)
        finally:
            if not announced and provisioned.password is not None:
                terminal.say(_login(plan, provisioned))  # it is kept nowhere else
                _remember_shown(plan, terminal)
        if announced:
            terminal.say(
                Words(zh="已全部停止，数据已保存", en="everything has stopped; all data is saved")
            )
        return status


# --- the first start ---------------------------------------------------------------------------


def _set_up(plan: Plan, terminal: Terminal) -> Provisioned:
    """What is recorded, or what a set-up in a process of its own makes; then the settings."""
    there = recorded(plan.data)
    if there is None:
        terminal.say(
            Words(
                zh=f"正在准备 {plan.data}……",
                en=f"preparing {plan.data} ...",
            )
        )
        document = _ours("provision", "local", "--data", str(plan.data), "--json", "--show-later")
        provisioned = msgspec.json.decode(document, type=Provisioned)
    else:
        provisioned = Provisioned(there)
    _settings(plan, terminal.language, provisioned.installation)
    return provisioned


def _ours(*arguments: str) -> str:
    """The standard output of one of our own commands. Raises `SetupError`."""
    try:
        done = subprocess.run(
            command_line(*arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SETUP_S,
            env=environment(),
            start_new_session=True,  # Ctrl-C waits for it: it takes a second or two
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SetupError(1, f"yicang {arguments[0]}: > {SETUP_S:g} s") from None
    if done.returncode != 0:
        raise SetupError(2 if done.returncode == 2 else 1, done.stderr.strip())
    return done.stdout


def _settings(plan: Plan, language: Language, installation: Installation) -> None:
    """Writes hub.toml and kiosk.toml for this run's options. Raises `SetupError`."""
    comment = (
        "yicang up 每次启动时按其选项更新；其他设置保留，改过的站名和 hub_url 也保留\n"
        "Updated by `yicang up` from its options at each start; other keys keep their values,\n"
        "and so do the stop's names and a hub_url that somebody has set."
    )
    try:
        merge(
            plan.data / "hub" / "hub.toml",
            {
                "database": "hub.sqlite3",
                "http_host": HOST,
                "http_port": plan.hub_port,
                "mqtt_host": plan.mqtt_host,
                "mqtt_port": plan.mqtt_port,
            },
            comment,
            keeps=_is_theirs,
        )
        merge(
            plan.data / "kiosk" / "kiosk.toml",
            {
                "kiosk": installation.kiosk,
                "stop_zh": installation.stop_zh,
                "stop_en": installation.stop_en,
                "hub_url": f"http://{HOST}:{plan.hub_port}",
                "mqtt_host": plan.mqtt_host,
                "mqtt_port": plan.mqtt_port,
                "scanners": plan.scanners,
                "printers": plan.printers,
                "panel": plan.panel,
                "language": language.value,
                "screen_host": HOST,
                "screen_port": plan.screen_port,
                "state_dir": str(plan.data / "kiosk"),
            },
            comment,
            keeps=_is_theirs,
        )
    except (OSError, RenderError) as error:
        raise SetupError(2, str(error)) from None


def _is_theirs(key: str, there: object) -> bool:
    """Whether a value in the settings is somebody's wish rather than what we wrote before: a
    name for the stop, an address that phones can open, a hub that is open to the network."""
    match key:
        case "stop_zh" | "stop_en":
            return True
        case "hub_url":
            return not re.fullmatch(rf"http://{re.escape(HOST)}:[0-9]+", str(there))
        case "http_host":
            return there == EVERYWHERE
        case _:
            return False


# --- the children ------------------------------------------------------------------------------


def _stages(plan: Plan, terminal: Terminal, inbox: "SimpleQueue[Event]") -> list[Stage]:
    def child(name: str, *arguments: str) -> Child:
        return Child(
            name,
            arguments,
            plan.data / "logs" / f"{name}.log",
            on_exit=lambda ended, status: inbox.put(Ended(ended.name, status)),
            on_warning=lambda line: terminal.warn(f"[{name}] {line}"),
        )

    broker = Stage(
        child("broker", "broker", "--port", str(plan.mqtt_port), "--data", str(plan.data)),
        Words(zh="消息代理", en="the broker"),
        lambda: probes.accepts(plan.mqtt_host, plan.mqtt_port),
        BROKER_S,
    )
    hub = Stage(
        child("hub", "hub", "serve", "--data", str(plan.data)),
        Words(zh="中心", en="the hub"),
        lambda: probes.healthy(HOST, plan.hub_port),
        HUB_S,
    )
    kiosk = Stage(
        child("kiosk", "kiosk", "run", "--config", str(plan.data / "kiosk" / "kiosk.toml")),
        Words(zh="终端", en="the kiosk"),
        lambda: probes.healthy(HOST, plan.screen_port),
        KIOSK_S,
    )
    return [broker, hub, kiosk] if plan.own_broker else [hub, kiosk]


class _signals:  # noqa: N801 - used as a function
    """Inside, Ctrl-C, SIGTERM and SIGHUP go to the inbox; `nohup`'s ignoring of SIGHUP stays."""

    def __init__(self, inbox: "SimpleQueue[Event]") -> None:
        self._inbox: Final = inbox
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN or number == signal.SIGINT:
                self._before[number] = signal.signal(number, self._ask)

    def __exit__(self, *_exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self._inbox.put(Asked(number))


# --- words -------------------------------------------------------------------------------------


def _announce(plan: Plan, terminal: Terminal, provisioned: Provisioned) -> None:
    kiosk, hub = f"http://{HOST}:{plan.screen_port}/", f"http://{HOST}:{plan.hub_port}/"
    terminal.block(
        Words(zh="义仓站已经运行。", en="Yicang Stop is running."),
        Words(zh=f"  终端页面    {kiosk}", en=f"  Kiosk page   {kiosk}"),
        Words(zh=f"  公开页面    {hub}", en=f"  Public pages {hub}"),
        Words(zh=f"  看板        {hub}board", en=f"  Board        {hub}board"),
        _login(plan, provisioned),
        Words(
            zh="  操作卡      make cards（打印，或直接扫屏幕）",
            en="  Cards        make cards (print them, or scan them off the screen)",
        ),
        Words(zh=f"  数据        {plan.data}", en=f"  Data         {plan.data}"),
        Words(zh="  停止        Ctrl-C", en="  Stop         Ctrl-C"),
    )


def _remember_shown(plan: Plan, terminal: Terminal) -> None:
    """Unless nobody can have read it: then the next start draws and shows another password."""
    if terminal.gone:
        return
    try:
        mark_shown(plan.data)
    except OSError as error:
        terminal.warn(str(error))


def _login(plan: Plan, provisioned: Provisioned) -> Words:
    name, password = provisioned.installation.operator, provisioned.password
    if password is not None:
        return Words(
            zh=f"  看板登录    用户 {name}  密码 {password}（只显示这一次，请记下）",
            en=f"  Board login  user {name}  password {password} (shown this once: note it down)",
        )
    command = as_typed("hub", "user", "password", name, "--data", str(plan.data))
    return Words(
        zh=f"  看板登录    用户 {name}；密码在第一次启动时显示过，重设请用 {command}",
        en=f"  Board login  user {name}; the password was printed at first start;"
        f" `{command}` sets a new one",
    )
