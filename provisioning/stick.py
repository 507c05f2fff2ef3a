"""``yicang provision stick NAME``: holds a USB stick mounted for the kiosk, as long as it writes.

Started by udev's rule through ``yicang-stick@.service``, as root without root's privileges: systemd
itself mounts and unmounts, asked by ``systemd-mount``. The kiosk writes below the mount point
(`kiosk.sticks`) and then leaves a mark; what it says next, "take it out", is true once the stick is
unmounted. A stick that is pulled before takes its mount with it.

Disks that this machine runs from are USB disks, too, where it starts from one: a disk of which
anything is mounted is left alone.
"""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from contract.bundles import FOLDER

STICKS: Final = Path("/run/yicang/sticks")
TAKEN: Final = Path("/run/yicang-kiosk/taken")
OWNER: Final = "yicang-kiosk"
HOLD_S: Final = 1800.0
"""How long a stick stays mounted at most: 50,000 events onto the slowest stick take minutes."""

LOOK_S: Final = 0.5
UNMOUNT_S: Final = 20.0
"""How long systemd's own unmounting of a stick that was pulled is waited for."""

_NAME: Final = re.compile(r"[a-z][a-z0-9]{1,30}")
_OPTIONS: Final = "nosuid,nodev,noexec"
_OWNED: Final = ("vfat", "exfat")
"""File systems without owners: all of it is given to the kiosk. Not mounted with ``sync``: that
writes the table of a FAT stick with each piece and takes ten times as long. The kiosk syncs the
file and its folder, and unmounting does the rest."""

_KINDS: Final = (*_OWNED, "ext4")


class StickError(Exception):
    """A stick that is left alone; the text is for people, zh / en."""


def hold(name: str, sticks: Path, taken: Path, *, hold_s: float = HOLD_S) -> None:
    """Mounts the partition ``/dev/NAME`` as ``sticks``/NAME until ``taken``/NAME is newer than
    that, the stick is gone, or ``hold_s`` seconds have passed.

    Raises:
        StickError: it is no stick of ours to mount, or systemd does not mount it.
    """
    if _NAME.fullmatch(name) is None:
        raise StickError(f"{name}: 不是分区名 / is no partition's name")
    if is_in_use(name):
        raise StickError(f"{name}: 本机正在使用这块盘 / this machine uses that disk")
    kind = _kind(name)
    if kind not in _KINDS:
        raise StickError(f"{name}: 不支持的文件系统 / unsupported file system: {kind or '?'}")
    target = sticks / name
    began = time.time()
    _run([*_mounting(kind), f"/dev/{name}", str(target)])
    try:
        if kind not in _OWNED:
            _try_to_open_folder(target)
        end = time.monotonic() + hold_s
        while _is_mounted(target) and time.monotonic() < end and not _is_taken(taken / name, began):
            time.sleep(LOOK_S)
    finally:
        _let_go(target)


def _let_go(target: Path) -> None:
    """Unmounts; where the stick was pulled, systemd does the same at the same time, and asking it
    fails. Raises StickError when it stays mounted."""
    try:
        if _is_mounted(target):
            _run(["systemd-umount", str(target)])
    except StickError:
        end = time.monotonic() + UNMOUNT_S
        while _is_mounted(target):
            if time.monotonic() > end:
                raise
            time.sleep(LOOK_S)
    if target.is_dir():
        target.rmdir()


def is_in_use(name: str) -> bool:
    """Whether anything of the disk that the partition ``name`` is on is mounted or swapped to."""
    block = Path("/sys/class/block")
    try:
        part = (block / name).resolve(strict=True)
    except OSError:
        return False
    disk = part.parent if (part / "partition").exists() else part
    numbers = {
        path.read_text().strip() for path in (disk / "dev", *disk.glob("*/dev")) if path.exists()
    }
    mounted = {line.split()[2] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    swaps = {line.split()[0] for line in Path("/proc/swaps").read_text().splitlines()[1:]}
    return bool(numbers & mounted) or any(Path(swap).name.startswith(disk.name) for swap in swaps)


def _mounting(kind: str) -> Sequence[str]:
    options = f"{_OPTIONS},umask=0077" if kind in _OWNED else _OPTIONS
    owner = [f"--owner={OWNER}"] if kind in _OWNED else []
    return [
        "systemd-mount",
        "--collect",
        "--fsck=no",
        f"--type={kind}",
        "--options",
        options,
        *owner,
    ]


def _kind(name: str) -> str:
    told = _run(["udevadm", "info", "--query=property", f"--name=/dev/{name}"])
    found = re.search(r"^ID_FS_TYPE=(\S+)$", told, re.MULTILINE)
    return found[1] if found else ""


def _try_to_open_folder(target: Path) -> None:
    """Where it cannot be had (write-protected, full), the stick stays all the same: it is the kiosk
    that says so to whoever stands there."""
    try:
        _open_folder(target)
    except (StickError, OSError) as error:
        click.echo(error)


def _open_folder(target: Path) -> None:
    """A file system with owners belongs to whoever made it: the kiosk gets a folder."""
    folder = target / FOLDER
    folder.mkdir(exist_ok=True)
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise StickError(f"{folder}: 不是文件夹 / is no folder")
    if folder.stat().st_uid == os.geteuid():
        folder.chmod(0o1777)


def _is_mounted(target: Path) -> bool:
    try:
        return target.stat().st_dev != target.parent.stat().st_dev
    except OSError:
        return False


def _is_taken(mark: Path, since: float) -> bool:
    try:
        return mark.lstat().st_mtime >= since
    except OSError:
        return False


def _run(words: Sequence[str]) -> str:
    try:
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout
    except OSError as error:
        raise StickError(f"{words[0]}: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        raise StickError(f"{words[0]}: {error.stderr.strip()}") from None


@click.command("stick")
@click.argument("name")
def stick_command(name: str) -> None:
    """为终端挂载U盘，写完后卸载 / Hold a stick mounted for the kiosk until it was written."""
    # Pulled out, its unit is stopped: no failure, and its folder goes as well.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        hold(name, STICKS, TAKEN)
    except StickError as error:
        raise click.ClickException(str(error)) from None
