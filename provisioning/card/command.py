"""``yicang provision card``: writes a card's boot partition, or a folder to be copied onto it."""

import os
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from contract import enrolling
from contract.enrolling import InvitationError
from kiosk.durable import sync_directory, write_durably
from kiosk.setup.wifi import WifiCodeError, parse_wifi
from provisioning.card import files
from provisioning.card.files import Choices, Clock

HOSTNAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
COUNTRY: Final = re.compile(r"[A-Z]{2}")
DEB: Final = b"!<arch>\ndebian-binary"
"""How a Debian package begins (deb(5): an ar archive, whose first member is this)."""
BOOT_FILES: Final = ("config.txt", "cmdline.txt")
"""What every boot partition of Raspberry Pi OS has."""
_OWN: Final = re.compile(r"wheels/yicang_stop-[^/]+\.whl")
FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER: Final = click.Path(path_type=Path, file_okay=False)


@click.command("card")
@click.option(
    "--boot", type=FOLDER, help="插好的卡的 boot 分区 / the card's boot partition, mounted"
)
@click.option(
    "--out", type=FOLDER, help="写进一个文件夹，之后自己拷 / a folder, to be copied later"
)
@click.option("--release", type=FILE, help="发布包 .yrel / the release to install")
@click.option("--keys", type=FOLDER, help="受信任的发布公钥目录 / folder of trusted release keys")
@click.option("--wifi", "ssid", help="Wi-Fi 名称 / the Wi-Fi's name")
@click.option("--wifi-hidden", "hidden", is_flag=True, help="隐藏的 Wi-Fi / it hides its name")
@click.option(
    "--wifi-password-stdin", "with_password", is_flag=True,
    help="从标准输入读 Wi-Fi 密码 / read its password from standard input",
)  # fmt: skip
@click.option(
    "--invitation",
    help="中心的登记码：地址、指纹、一次性码 / the hub's address, pin and one-time code",
)
@click.option("--hostname", default="yicang-kiosk", show_default=True, help="主机名 / its name")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="时区 / time zone")
@click.option("--country", default="CN", show_default=True, help="Wi-Fi 所在国家 / for its Wi-Fi")
@click.option("--authorized-key", type=FILE, help="SSH 公钥文件 / a public SSH key to log in with")
@click.option(
    "--clock", type=click.Choice(get_args(Clock)), help="时钟电池 / the clock with a battery it has"
)
@click.option(
    "--package", "packages", type=FILE, multiple=True,
    help="随卡安装的 Debian 软件包，可多次 / a Debian package (.deb) to install, may be repeated",
)  # fmt: skip
@click.option(
    "--lights", is_flag=True,
    help="按通常接法接了灯和按钮 / lights and buttons in the usual wiring (docs/panel.md)",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="只显示，不写 / show, write nothing")
def card_command(
    boot: Path | None,
    out: Path | None,
    release: Path | None,
    keys: Path | None,
    ssid: str | None,
    hidden: bool,
    with_password: bool,
    invitation: str | None,
    hostname: str,
    timezone: str,
    country: str,
    authorized_key: Path | None,
    clock: Clock | None,
    packages: tuple[Path, ...],
    lights: bool,
    dry_run: bool,
) -> None:
    """准备一张终端的存储卡 / Prepare a kiosk's memory card (Raspberry Pi OS "Trixie", 64-bit).

    \b
    同一张卡适用于每个站：是哪个站，开机后扫码决定。
    The same card serves every stop: which one is decided by a scan, after it has started.
    """
    if (boot is None) == (out is None):
        raise click.UsageError("--boot 或 --out，选一个 / one of --boot and --out")
    target = _boot(boot) if boot is not None else out
    assert target is not None
    password = sys.stdin.readline().rstrip("\r\n") if with_password else ""
    choices = Choices(
        instance=secrets.token_hex(8),
        hostname=_matching("--hostname", hostname, HOSTNAME),
        timezone=_timezone(timezone),
        country=_matching("--country", country.upper(), COUNTRY),
        ssid=_wifi(ssid, password, with_password=with_password),
        password=password,
        hidden=hidden,
        invitation=_invitation(invitation),
        authorized_key=_key(authorized_key),
        clock=clock,
        lights=lights,
        has_release=release is not None,
    )
    made: dict[str, bytes] = {name: text.encode() for name, text in files.texts(choices).items()}
    if release is not None:
        made |= _release(release, keys)
    made |= {f"{files.PACKAGES}/{path.name}": _package(path) for path in packages}
    lines = files.config_lines(clock) if clock is not None else ()
    if boot is not None:
        config = (boot / "config.txt").read_bytes().decode("utf-8", "surrogateescape")
        changed = files.with_lines(config, lines)
        if changed != config:
            made["config.txt"] = changed.encode("utf-8", "surrogateescape")
    if dry_run:
        _show(target, made)
        return
    try:
        _write(target, made, release)
    except OSError as error:
        raise click.UsageError(f"{target}: 写不了 / cannot be written: {error}") from None
    names = [*made, *([files.RELEASE] if release is not None else [])]
    _told(target, names, choices, copied=boot is None)


def _boot(path: Path) -> Path:
    missing = [name for name in BOOT_FILES if not (path / name).is_file()]
    if missing:
        raise click.UsageError(
            f"--boot {path}: 不是 Raspberry Pi OS 的 boot 分区（缺 {missing[0]}）；"
            "写进文件夹请用 --out"
            f" / no boot partition of Raspberry Pi OS ({missing[0]} is missing); --out writes"
            " into any folder"
        )
    return path


def _matching(option: str, value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise click.UsageError(f"{option} {value}: 不对 / not right: {pattern.pattern}")
    return value


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.UsageError(f"--timezone {name}: 没有这个时区 / no such time zone") from None
    return name


def _wifi(ssid: str | None, password: str, *, with_password: bool) -> str:
    """The name, once the network is known to be one that a kiosk can join."""
    if ssid is None:
        if with_password:
            raise click.UsageError("--wifi-password-stdin: 缺 --wifi / needs --wifi")
        return ""
    escaped = [re.sub(r'([\\;,":])', r"\\\1", text) for text in (ssid, password)]
    kind = "WPA" if with_password else "nopass"
    try:
        parse_wifi(f"WIFI:T:{kind};S:{escaped[0]};P:{escaped[1]};;")
    except WifiCodeError:
        raise click.UsageError(
            "--wifi: 名称最多 32 字节；密码 8 到 63 个英文字符"
            " / a name of at most 32 bytes; a password of 8 to 63 ASCII characters"
        ) from None
    return ssid


def _invitation(text: str | None) -> str:
    if text is None:
        return ""
    try:
        return enrolling.encode(enrolling.parse(text))
    except InvitationError:
        raise click.UsageError(
            "--invitation: 不是登记码，请整行复制 / no invitation; copy the whole line"
        ) from None


def _key(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        text = path.read_text(encoding="utf-8").strip()
        load_ssh_public_key(text.encode())
    except (OSError, ValueError, UnsupportedAlgorithm):
        text = ""
    if not text or "\n" in text:
        raise click.UsageError(
            f"--authorized-key {path}: 不是一行 SSH 公钥 / not one line with a public SSH key"
        )
    return text


def _package(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix != ".deb" or not content.startswith(DEB):
        raise click.UsageError(
            f"--package {path}: 不是 Debian 软件包 / is no Debian package (.deb)"
        )
    return content


def _release(path: Path, keys: Path | None) -> dict[str, bytes]:
    """What the card carries of a release whose signature holds: its hash, the package that runs
    it first, and the keys that later releases are checked by. (The bundle itself is copied.)"""
    from provisioning.updates.bundle import Bundle, BundleError
    from provisioning.updates.first import digest_of
    from provisioning.updates.keys import KeyFileError, load_public, verifier
    from provisioning.updates.places import Places

    folder = keys or Places().keys
    wheel = b""
    try:
        trusted = load_public(folder)
        with path.open("rb") as source, Bundle(source, verifier(trusted)) as bundle:
            for name, content in bundle.files():
                parts = list(content)
                if _OWN.fullmatch(name):
                    wheel = b"".join(parts)
    except (BundleError, KeyFileError, OSError) as error:
        raise click.UsageError(f"--release {path}: {error}") from None
    if not wheel:
        raise click.UsageError(f"--release {path}: 里面没有义仓的程序 / holds no package of ours")
    made = {
        files.WHEEL: wheel,
        files.SHA256: f"{digest_of(path)}  {Path(files.RELEASE).name}\n".encode(),
    }
    for key in sorted(folder.glob("*.pem")):
        made[f"{files.FOLDER}/release-keys/{key.name}"] = key.read_bytes()
    return made


def _show(target: Path, made: Mapping[str, bytes]) -> None:
    for name, content in sorted(made.items()):
        click.echo(f"--- {target / name} ({len(content)} bytes)")
        if name in files.SECRET:
            click.echo("（不显示：可能有密码 / not shown: it may hold a password）")
        elif not name.endswith((".whl", ".pem", ".deb")):
            click.echo(content.decode("utf-8", "replace"))
    click.echo("没有写任何东西 / nothing was written")


def _write(target: Path, made: Mapping[str, bytes], release: Path | None) -> None:
    """meta-data last: cloud-init begins anew by its name, with all the rest there. What an earlier
    card of ours held and this one does not is taken away."""
    (target / files.FOLDER).mkdir(parents=True, exist_ok=True)
    for name in (files.INVITATION, files.CONFIG_LINES, files.RELEASE, files.WHEEL, files.SHA256):
        if name not in made:
            (target / name).unlink(missing_ok=True)
    for path in (target / files.PACKAGES).glob("*.deb"):
        if f"{files.PACKAGES}/{path.name}" not in made:
            path.unlink()
    if release is not None:
        _copy(release, target / files.RELEASE)
    for name, content in sorted(made.items(), key=lambda one: one[0] == "meta-data"):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, content, mode=0o600 if name in files.SECRET else 0o644)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as given, target.open("wb") as file:
        while block := given.read(1 << 20):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    sync_directory(target.parent)


def _told(target: Path, names: Sequence[str], choices: Choices, *, copied: bool) -> None:
    for name in sorted(names):
        click.echo(str(target / name))
    if copied:
        click.echo("请把这些都拷进卡的 boot 分区 / copy all of it onto the card's boot partition")
        if choices.clock is not None:
            click.echo(
                f"并把 {files.CONFIG_LINES} 的内容加到 config.txt 末尾"
                f" / and add the lines of {files.CONFIG_LINES} to the end of config.txt"
            )
    if not choices.has_release:
        click.echo(
            "没有发布包：机器上要已装好义仓 / no release: the machine must have one installed"
        )
    click.echo("插卡通电，听到“准备好了”就开始扫 / plug it in; scan when it says Ready")
