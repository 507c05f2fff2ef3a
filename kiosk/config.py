"""The kiosk's settings: one TOML file (``kiosk.toml``), refused as a whole when anything is off."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from contract.events import KioskId
from contract.settings import SettingsError, convert_settings, parse_toml
from drivers.ports import DeviceUrlError
from drivers.registry import Devices, parse_devices
from drivers.wiring import Wiring
from kiosk.panel_settings import GpioSettings, SpeakerSettings, wiring
from kiosk.screen.view import SCREEN_LANE

Port = Annotated[int, Meta(ge=1, le=65535)]
Name = Annotated[str, Meta(min_length=1, max_length=40)]
LANES_MAX: Final = 8


class KioskConfig(Struct, frozen=True, kw_only=True):
    """What a kiosk needs to know. ``state_dir`` is absolute or relative to the settings file."""

    kiosk: KioskId
    stop_zh: Name
    stop_en: Name
    hub_url: Annotated[str, Meta(pattern=r"^https?://[^\s/]+(/[^\s]*)?$")]
    """The hub's public address: it stands in the receipt's QR code."""
    mqtt_host: Name = "127.0.0.1"
    mqtt_port: Port = 1883
    mqtt_auth: bool = False
    """Sends the identity document's user name and password to the broker."""
    mqtt_tls_ca: str = ""
    """File with the one certificate authority (PEM) that the broker's certificate must come from;
    empty: no TLS. ``mqtt_host`` must be a name in that certificate."""
    mqtt_tls_certificate: str = ""
    """File with this kiosk's own certificate (PEM), for brokers that want one."""
    mqtt_tls_key: str = ""
    """File with the private key (PEM) of that certificate."""
    scanners: tuple[str, ...] = ("auto:", "screen:")
    """Without a word: whatever is plugged in, now or later, and the local page."""
    printers: tuple[str, ...] = ("auto:",)
    """Without a word: whatever is plugged in."""
    panel: str = "none:"
    gpio: GpioSettings | None = None
    """Which pin does what, for ``panel = "gpio:"``."""
    lamp_brightness: Annotated[int, Meta(ge=10, le=100)] = 100
    """Per cent of the lamps' full light."""
    speaker: SpeakerSettings | None = None
    """The voice; None: there is none."""
    language: Literal["zh", "en", "both"] = "both"
    screen_host: Name = "127.0.0.1"
    screen_port: Annotated[int, Meta(ge=0, le=65535)] = 8081
    """Port of the local page; 0: no page."""
    timezone: Name = "Asia/Shanghai"
    """For the date on papers."""
    update_hour: Annotated[int, Meta(ge=0, le=23)] = 3
    """The local hour in which another release may be taken over; each kiosk has a minute of its
    own after it."""
    state_dir: str = "."
    """Where identity.json, the journal and the spool are."""
    data_mount: Annotated[str, Meta(pattern=r"^(/.*)?$")] = ""
    """Where the data partition is mounted, above `state_dir`; empty: there is none. As long as it
    is not mounted the kiosk refuses scans, visibly: a journal below the empty folder would be on
    the wrong disk, or gone with the next start."""
    sticks: str = "/run/yicang/sticks"
    """Folder in which USB sticks appear, each mounted under a name of its own; empty: none do."""
    min_free_mb: Annotated[int, Meta(ge=1)] = 64
    """Below this the kiosk refuses scans, visibly, while it still can."""

    @property
    def state(self) -> Path:
        """`state_dir` as a path."""
        return Path(self.state_dir)


UNNAMED: Final = {
    "kiosk": "not-enrolled",
    "stop_zh": "新的义仓终端",
    "stop_en": "New Yicang kiosk",
    "hub_url": "https://not-enrolled.invalid",
}
"""What enrolment gives. A settings file with none of these is that of a kiosk to be set up."""


def is_named(path: Path) -> bool:
    """Whether the settings file at ``path`` names a kiosk, rightly or wrongly.

    Raises:
        SettingsError: it cannot be read, or is not TOML.
    """
    return bool(UNNAMED.keys() & parse_toml(path.read_bytes, str(path)).keys())


def load_setup(path: Path) -> KioskConfig:
    """The settings of a kiosk that is to be set up (`kiosk.setup`), with `UNNAMED` in place of what
    the hub will say and a voice in both languages.

    Raises:
        SettingsError: as `load`; or there is a journal already, of a kiosk that was enrolled.
    """
    document = parse_toml(path.read_bytes, str(path))
    voice = {"languages": ["zh", "en"]}
    config = _checked(path, {"speaker": voice, **document, **UNNAMED})
    if (config.state / "journal.sqlite3").exists():
        zh = f"没有站名，但 {config.state} 里有终端的记录；先取回记录，再清空这个目录"
        en = (
            f"names no stop, but {config.state} holds a kiosk's journal;"
            " bring its events home first, then empty that folder"
        )
        raise SettingsError((f"{path}: {zh} / {en}",))
    return config


def load(path: Path) -> KioskConfig:
    """The settings in the file at ``path``, with ``state_dir`` made absolute.

    Raises:
        SettingsError: the file cannot be read, is not TOML, or holds unknown keys, bad values
            or device URLs or pins that mean nothing; every fault at once.
    """
    return _checked(path, parse_toml(path.read_bytes, str(path)))


def _checked(path: Path, document: Mapping[str, Any]) -> KioskConfig:
    config = convert_settings(document, KioskConfig)
    problems: list[str] = []
    for check in (devices, panel_wiring):
        try:
            check(config)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(tuple(problems))
    state = (path.parent / config.state_dir).absolute()
    if config.data_mount and not state.is_relative_to(config.data_mount):
        where = f"{config.data_mount}, {state}"
        raise SettingsError((f"data_mount: 应在 state_dir 之上 / is not above state_dir: {where}",))
    names = ("mqtt_tls_ca", "mqtt_tls_certificate", "mqtt_tls_key")
    files = {name: file for name in names if (file := getattr(config, name))}
    return msgspec.structs.replace(
        config,
        state_dir=str(state),
        **{name: str((path.parent / file).absolute()) for name, file in files.items()},
    )


def devices(config: KioskConfig) -> Devices:
    """The device URLs, parsed.

    Raises:
        SettingsError: with every fault of every URL.
    """
    try:
        found = parse_devices(config.scanners, config.printers, config.panel)
    except DeviceUrlError as error:
        raise SettingsError(tuple(f"{fault.zh} / {fault.en}" for fault in error.faults)) from None
    if len(found.scanners) > LANES_MAX:
        raise SettingsError((f"scanners: 最多 {LANES_MAX} 个 / at most {LANES_MAX}",))
    return found


def lane_names(scanners: Sequence[str]) -> tuple[str, ...]:
    """A lane for each scanner URL, in their order: the page's is ``screen``, the others count
    from 1."""
    names: list[str] = []
    number = 0
    for url in scanners:
        if url.strip().lower().startswith("screen:"):
            names.append(SCREEN_LANE)
        else:
            number += 1
            names.append(f"lane-{number}")
    return tuple(names)


def panel_wiring(config: KioskConfig) -> Wiring | None:
    """Which pin does what; None for a panel that has none. Without a table ``[gpio]`` it is the
    usual wiring, for the first scanner that is not the page. ``auto:`` may find a scanner for
    every lane.

    Raises:
        SettingsError: with every fault of the table.
    """
    if not config.panel.strip().lower().startswith("gpio:"):
        return None
    lanes = list(lane_names(config.scanners))
    if any(url.strip().lower().startswith("auto:") for url in config.scanners):
        lanes += (f"lane-{number}" for number in range(2, LANES_MAX + 1))
    return wiring(
        config.gpio,
        sorted(lanes, key=lambda lane: lane == SCREEN_LANE),
        brightness=config.lamp_brightness,
    )


def time_zone(config: KioskConfig) -> ZoneInfo:
    """The zone of the dates on papers. Raises `SettingsError`: there is none of that name."""
    try:
        return ZoneInfo(config.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        told = f"timezone: 没有这个时区 / no such time zone: {config.timezone}"
        raise SettingsError((told,)) from None
