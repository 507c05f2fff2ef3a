"""What a prepared card's boot partition holds. Pure: choices in, files out.

Raspberry Pi OS "Trixie" reads cloud-init's three files from the boot partition (data source
NoCloud, ``seedfrom: file:///boot/firmware``; the forms are those of pi-gen's
``stage2/04-cloud-init`` and of cloud-init's and netplan's references). All that is particular to us
lies in the folder ``yicang`` beside them: the release, what runs it first, and the words about it.

* The same card serves every stop: which stop it is comes by a scan, or by the invitation that the
  card may bring along.
* Two files may hold a secret: ``network-config`` (the Wi-Fi's password) and
  ``yicang/invitation.txt`` (the one-time code). ``user-data`` never does, since cloud-init keeps
  copies of it. The first boot wipes both (`provisioning.card.first_boot`).
* YAML is written as its subset that every version reads the same: strings are quoted as in JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from provisioning.render import Value, toml

Yaml: TypeAlias = "str | int | bool | Sequence[Yaml] | Mapping[str, Yaml]"
Clock = Literal["ds3231", "pcf8523", "pi5"]

FOLDER: Final = "yicang"
BOOT: Final = "/boot/firmware"
RELEASE: Final = f"{FOLDER}/release.yrel"
WHEEL: Final = f"{FOLDER}/yicang_stop.whl"
SETTINGS: Final = f"{FOLDER}/kiosk.toml"
INVITATION: Final = f"{FOLDER}/invitation.txt"
SHA256: Final = f"{FOLDER}/release.sha256"
PACKAGES: Final = f"{FOLDER}/packages"
"""Debian packages that the system on the card lacks, for a stop without a network: what a scanner
is read by must be there before the first scan, which brings the network."""
NETWORK: Final = "network-config"
CONFIG_LINES: Final = f"{FOLDER}/config-lines.txt"
SECRET: Final = frozenset({NETWORK, INVITATION})
"""Files that may hold what nobody should read off the card."""

UNIT: Final = "yicang-first-boot.service"
USER: Final = "yicang"

CLOCKS: Final[Mapping[Clock, tuple[str, ...]]] = {
    "ds3231": ("dtparam=i2c_arm=on", "dtoverlay=i2c-rtc,ds3231"),
    "pcf8523": ("dtparam=i2c_arm=on", "dtoverlay=i2c-rtc,pcf8523"),
    "pi5": ("dtparam=rtc_bbat_vchg=3000000",),
}
"""Lines of config.txt: a clock on the pins, or the charging of the Pi 5's own battery at 3.0 V
(Raspberry Pi documentation, "Real Time Clock")."""


class Choices(Struct, frozen=True, kw_only=True):
    """What was asked for. ``wheel`` and ``release`` are bytes of the release and of the package
    that runs it first; without them the release must be there already."""

    instance: str
    """A name that no card had before: cloud-init does its work once for each."""
    hostname: str = "yicang-kiosk"
    timezone: str = "Asia/Shanghai"
    country: str = "CN"
    ssid: str = ""
    password: str = ""
    hidden: bool = False
    invitation: str = ""
    authorized_key: str = ""
    clock: Clock | None = None
    lights: bool = False
    """A panel in the usual wiring (docs/panel.md); one that is not there does no harm."""
    has_release: bool = False


def texts(choices: Choices) -> dict[str, str]:
    """Every text file of the card by its path on the boot partition."""
    made = {
        "user-data": user_data(choices),
        NETWORK: network_config(choices),
        SETTINGS: kiosk_settings(choices),
    }
    if choices.invitation:
        made[INVITATION] = choices.invitation + "\n"
    if choices.clock is not None:
        made[CONFIG_LINES] = "\n".join(config_lines(choices.clock)) + "\n"
    made["meta-data"] = (
        "# 换了内容就是新机器 / cloud-init begins anew when this name changes\n"
        f"dsmode: local\ninstance-id: yicang-{choices.instance}\n"
    )
    return made


def user_data(choices: Choices) -> str:
    """The machine's name and account, and what its first boot runs. No secret stands here."""
    user: dict[str, Yaml] = {
        "name": USER,
        "gecos": "Yicang",
        "groups": "users,adm,netdev,sudo",
        "shell": "/bin/bash",
        "lock_passwd": True,
    }
    commands: list[Yaml] = []
    if choices.authorized_key:
        user["sudo"] = "ALL=(ALL) NOPASSWD:ALL"
        user["ssh_authorized_keys"] = [choices.authorized_key]
        commands.append(["systemctl", "enable", "--now", "ssh.service"])
    document: dict[str, Yaml] = {
        "hostname": choices.hostname,
        "manage_etc_hosts": True,
        "timezone": choices.timezone,
        "ssh_pwauth": False,
        "users": [user],
        "write_files": [
            _file(f"/etc/systemd/system/{UNIT}", unit(has_release=choices.has_release)),
            _file("/etc/systemd/system.conf.d/50-yicang-watchdog.conf", WATCHDOG),
        ],
        "runcmd": [
            ["raspi-config", "nonint", "do_wifi_country", choices.country],
            *commands,
            ["systemctl", "daemon-reload"],
            ["systemctl", "enable", "--now", "--no-block", UNIT],
        ],
    }
    head = "#cloud-config\n# 由 yicang provision card 生成 / made by yicang provision card\n"
    return head + yaml(document)


WATCHDOG: Final = """\
# A machine that hangs is started anew by its own chip.
[Manager]
RuntimeWatchdogSec=15s
RebootWatchdogSec=2min
"""


def unit(*, has_release: bool) -> str:
    """The service of the first boot. It runs at every start until it has come to its end once, so
    that a power cut in the middle costs a start and no more."""
    path = f"{BOOT}/{WHEEL}" if has_release else "/opt/yicang/current"
    python = "/usr/bin/python3" if has_release else "/opt/yicang/current/.venv/bin/python"
    return f"""\
[Unit]
Description=Yicang first boot
ConditionPathExists=!/var/lib/yicang/first-boot-done
RequiresMountsFor={BOOT} /var/lib
After=local-fs.target

[Service]
Type=oneshot
Environment=PYTHONPATH={path}
ExecStart={python} -m provisioning.card.first_boot --boot {BOOT} --root /
TimeoutStartSec=30min
Restart=on-failure
RestartSec=10s

[Install]
WantedBy=multi-user.target
"""


def network_config(choices: Choices) -> str:
    """Netplan, version 2; NetworkManager renders it. A cable always works."""
    network: dict[str, Yaml] = {
        "version": 2,
        "ethernets": {"eth0": {"dhcp4": True, "optional": True}},
    }
    if choices.ssid:
        point: dict[str, Yaml] = {}
        if choices.password:
            point["password"] = choices.password
        if choices.hidden:
            point["hidden"] = True
        network["wifis"] = {
            "wlan0": {
                "dhcp4": True,
                "optional": True,
                "regulatory-domain": choices.country,
                "access-points": {choices.ssid: point},
            }
        }
    return yaml({"network": network})


def kiosk_settings(choices: Choices) -> str:
    """``kiosk.toml`` of a kiosk that is set up by scans: it names no stop."""
    comment = "一台还没登记的义仓终端 / A Yicang kiosk that is to be set up by scans"
    values: dict[str, Value] = {"timezone": choices.timezone}
    if choices.lights:
        values["panel"] = "gpio:"
    return toml(values, comment)


def config_lines(clock: Clock) -> tuple[str, ...]:
    """The block for config.txt, with marks by which it is found again."""
    return (CONFIG_BEGIN, "[all]", *CLOCKS[clock], CONFIG_END)


CONFIG_BEGIN: Final = "# yicang: begin"
CONFIG_END: Final = "# yicang: end"


def with_lines(config: str, lines: Sequence[str]) -> str:
    """config.txt with our block in place of an earlier one, at its end."""
    before, begin, rest = config.partition(CONFIG_BEGIN)
    kept = before + rest.partition(CONFIG_END)[2].lstrip("\n") if begin else config
    if not lines:
        return kept
    return kept.rstrip("\n") + "\n\n" + "\n".join(lines) + "\n"


def _file(path: str, content: str) -> dict[str, Yaml]:
    return {"path": path, "permissions": "0644", "content": content}


# --- YAML -----------------------------------------------------------------------------------------


def yaml(document: Mapping[str, Yaml]) -> str:
    """A YAML document of plain values; strings are double-quoted, or literal blocks where they are
    lines of text."""
    return "\n".join(_mapping(document, 0)) + "\n"


def _mapping(values: Mapping[str, Yaml], depth: int) -> Iterator[str]:
    for key, value in values.items():
        yield from _entry(f"{'  ' * depth}{_key(key)}:", value, depth)


def _entry(head: str, value: Yaml, depth: int) -> Iterator[str]:
    match value:
        case str() if _is_block(value):
            yield f"{head} |"
            indent = "  " * (depth + 1)
            yield from (indent + line if line else "" for line in value.rstrip("\n").split("\n"))
        case str() | bool() | int():
            yield f"{head} {_scalar(value)}"
        case Mapping() if value:
            yield head
            yield from _mapping(value, depth + 1)
        case Mapping():
            yield f"{head} {{}}"
        case _ if all(isinstance(one, str | int) for one in value):
            inside = (_scalar(one) for one in value if isinstance(one, str | int))
            yield f"{head} [{', '.join(inside)}]"
        case _:
            yield head
            for one in value:
                yield from _item(one, depth + 1)


def _item(value: Yaml, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, Mapping):
        first, *rest = _mapping(value, depth + 1)
        yield f"{indent}- {first.lstrip()}"
        yield from rest
    else:
        yield from _entry(f"{indent}-", value, depth)


def _is_block(text: str) -> bool:
    """Whether it can stand as a literal block: lines of printable text that end with one."""
    lines = text.split("\n")
    return (
        text.endswith("\n")
        and len(lines) > 2
        and not lines[0].startswith(" ")
        and bool(lines[-2])
        and all(line.isprintable() for line in lines)
    )


_PLAIN: Final = re.compile(r"[a-z][a-z0-9_-]*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML 1.1 reads as something else than text: a Wi-Fi may have such a name."""


def _key(key: str) -> str:
    return key if _PLAIN.fullmatch(key) and key not in _WORDS else _scalar(key)


def _scalar(value: str | int | bool) -> str:
    if isinstance(value, str):
        # JSON's escapes are YAML's; what YAML may not hold as it is must be escaped.
        return "".join(_escaped(char) for char in json.dumps(value, ensure_ascii=False))
    return json.dumps(value)


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    number = ord(char)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
