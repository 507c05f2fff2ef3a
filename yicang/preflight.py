"""What `yicang up` checks before it starts or writes anything.

Every fault is found before any is reported, each is one line that names its option, and a run
that is refused leaves nothing behind: no directory, no lock, no child.
"""

import fcntl
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from drivers import registry
from drivers.ports import DeviceUrlError, Words
from yicang import broker_probe

HOST: Final = "127.0.0.1"
LOCK_NAME: Final = "up.lock"
FOLDERS: Final = ("hub", "kiosk", "broker", "logs")


class Wishes(msgspec.Struct, frozen=True):
    """The options as they were typed."""

    data: Path
    hub_port: str = "8080"
    screen_port: str = "8081"
    mqtt_port: str = "1883"
    scanners: tuple[str, ...] = ()
    printers: tuple[str, ...] = ()
    panel: str = "none:"
    broker: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """What will be started. ``own_broker`` is False with ``--broker``; the MQTT address is then
    that broker's. ``notes`` are for the terminal: devices that are not there yet."""

    data: Path
    hub_port: int
    screen_port: int
    mqtt_host: str
    mqtt_port: int
    own_broker: bool
    scanners: tuple[str, ...]
    printers: tuple[str, ...]
    panel: str
    notes: tuple[Words, ...] = ()


class PreflightError(Exception):
    """Why nothing was started; every fault with the option it belongs to."""

    def __init__(self, faults: Sequence[Words]) -> None:
        super().__init__("; ".join(fault.en for fault in faults))
        self.faults: Final = tuple(faults)


def check(wishes: Wishes) -> Plan:
    """The plan for these options; touches nothing.

    The screen is always a scanner, since a laptop has a keyboard; other scanners are added to
    it. A printer that is named takes the place of the screen's.

    Raises:
        PreflightError: with every fault.
    """
    faults: list[Words] = []
    ports = _ports(wishes, faults)
    mqtt = _mqtt(wishes, ports, faults)
    scanners = ("screen:", *(url for url in wishes.scanners if url.strip() != "screen:"))
    printers = wishes.printers or ("screen:",)
    notes = _devices(scanners, printers, wishes.panel, faults)
    _directory(wishes.data, faults)
    if faults:
        raise PreflightError(faults)
    return Plan(
        data=wishes.data.resolve(),
        hub_port=ports["--hub-port"],
        screen_port=ports["--screen-port"],
        mqtt_host=mqtt[0],
        mqtt_port=mqtt[1],
        own_broker=wishes.broker is None,
        scanners=scanners,
        printers=printers,
        panel=wishes.panel,
        notes=notes,
    )


# --- ports -------------------------------------------------------------------------------------


def _ports(wishes: Wishes, faults: list[Words]) -> dict[str, int]:
    given = {"--hub-port": wishes.hub_port, "--screen-port": wishes.screen_port}
    if wishes.broker is None:
        given["--mqtt-port"] = wishes.mqtt_port
    ports: dict[str, int] = {}
    for option, text in given.items():
        port = _port_number(text)
        if port is None:
            faults.append(
                Words(
                    zh=f"{option} {text}：端口应为 1 到 65535 的整数",
                    en=f"{option} {text}: a port is a whole number from 1 to 65535",
                )
            )
            continue
        twin = next((name for name, other in ports.items() if other == port), None)
        if twin is not None:
            faults.append(
                Words(
                    zh=f"{option} {port}：与 {twin} 相同，请另选一个",
                    en=f"{option} {port}: the same as {twin}; choose another",
                )
            )
        elif (why := _why_not_free(port)) is not None:
            faults.append(Words(zh=f"{option} {port}：{why.zh}", en=f"{option} {port}: {why.en}"))
        ports[option] = port
    return ports


def _port_number(text: str) -> int | None:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    return None


def _why_not_free(port: int) -> Words | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers bind: connections of an earlier run in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except PermissionError:
            return Words(
                zh="1024 以下的端口需要管理员权限，请另选一个",
                en="ports below 1024 need root; choose another",
            )
        except OSError:
            return Words(
                zh="端口已被占用，请另选一个", en="this port is already in use; choose another"
            )
    return None


def _mqtt(wishes: Wishes, ports: dict[str, int], faults: list[Words]) -> tuple[str, int]:
    if wishes.broker is None:
        return HOST, ports.get("--mqtt-port", 0)
    host, colon, text = wishes.broker.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    port = _port_number(text)
    if not colon or not host or port is None:
        faults.append(
            Words(
                zh=f"--broker {wishes.broker}：应写成 主机:端口，例如 192.0.2.5:1883",
                en=f"--broker {wishes.broker}: write HOST:PORT, such as 192.0.2.5:1883",
            )
        )
        return "", 0
    why = broker_probe.fault(host, port, has_account=_has_account(wishes.data))
    if why is not None:
        option = f"--broker {wishes.broker}"
        faults.append(Words(zh=f"{option}：{why.zh}", en=f"{option}: {why.en}"))
    return host, port


def _has_account(data: Path) -> bool:
    """Whether somebody has written the hub's account at its broker into its settings."""
    try:
        return "mqtt_user" in (data / "hub" / "hub.toml").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False


# --- devices -----------------------------------------------------------------------------------


def _devices(
    scanners: Sequence[str], printers: Sequence[str], panel: str, faults: list[Words]
) -> tuple[Words, ...]:
    from kiosk.config import LANES_MAX

    before = len(faults)
    read_scanners = _read("--scanner", scanners, registry.parse_scanner, faults)
    read_printers = _read("--printer", printers, registry.parse_printer, faults)
    read_panels = _read("--panel", [panel], registry.parse_panel, faults)
    if len(faults) == before:  # each is right by itself: are they together?
        try:
            registry.parse_devices(scanners, printers, panel)
        except DeviceUrlError as error:
            faults.extend(
                Words(zh=f"--scanner/--printer：{fault.zh}", en=f"--scanner/--printer: {fault.en}")
                for fault in error.faults
            )
        if len(scanners) > LANES_MAX:
            faults.append(
                Words(
                    zh=f"--scanner：连同屏幕最多 {LANES_MAX} 个",
                    en=f"--scanner: at most {LANES_MAX}, the screen included",
                )
            )
    absent = (registry.missing(url) for url in (*read_scanners, *read_printers, *read_panels))
    return tuple(note for note in absent if note is not None)


T = TypeVar("T")


def _read(
    option: str, urls: Sequence[str], parse: Callable[[str], T], faults: list[Words]
) -> list[T]:
    found: list[T] = []
    for url in urls:
        try:
            found.append(parse(url))
        except DeviceUrlError as error:
            faults.extend(
                Words(zh=f"{option}：{fault.zh}", en=f"{option}: {fault.en}")
                for fault in error.faults
            )
    return found


# --- the data directory ------------------------------------------------------------------------


def _directory(data: Path, faults: list[Words]) -> None:
    for path in (data, *(data / folder for folder in FOLDERS)):
        existing = path
        # Not Path.exists: it raises for a place behind a folder that may not be looked into.
        while not os.path.exists(existing) and existing != existing.parent:  # noqa: PTH110
            existing = existing.parent
        if not existing.is_dir():
            faults.append(
                Words(
                    zh=f"--data {data}：{existing} 不是目录",
                    en=f"--data {data}: {existing} is not a directory",
                )
            )
            return
        if not os.access(existing, os.R_OK | os.W_OK | os.X_OK):
            faults.append(
                Words(
                    zh=f"--data {data}：不能写入 {existing}",
                    en=f"--data {data}: {existing} cannot be written",
                )
            )
            return
    if _is_running(data):
        faults.append(already_running(data))


def already_running(data: Path) -> Words:
    """The fault of a second `up` on the same data."""
    return Words(
        zh=f"--data {data}：已有一个 yicang up 在使用这个目录",
        en=f"--data {data}: another yicang up is already running on it",
    )


def _is_running(data: Path) -> bool:
    try:
        descriptor = os.open(data / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def take_directory(plan: Plan) -> int:
    """Makes the directories and takes the lock, which is held while the descriptor that this
    returns is open.

    Raises:
        PreflightError: it cannot be written after all, or somebody else was faster.
    """
    try:
        for path in (plan.data, *(plan.data / folder for folder in FOLDERS)):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(plan.data / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        fault = Words(
            zh=f"--data {plan.data}：不能写入（{error}）",
            en=f"--data {plan.data}: cannot be written ({error})",
        )
        raise PreflightError([fault]) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise PreflightError([already_running(plan.data)]) from None
    return descriptor
