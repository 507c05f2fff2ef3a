"""The machine around a release: its service manager."""

import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from provisioning.updates.places import CONFIRMED, CURRENT, Places

KIOSK_UNIT: Final = "yicang-kiosk.service"
_LIMIT_S: Final = 120


class Host(Protocol):
    """What the updater needs of the machine. Each raises OSError when it cannot be done."""

    def reload(self) -> None:
        """Takes over units and rules of the release that is current now."""

    def restart(self) -> None:
        """Starts the kiosk anew, whether it runs or not; does not wait until it is ready."""

    def failures(self) -> int:
        """How often the kiosk's process has ended by itself since `restart`."""


class SystemdHost:
    """systemd. What is not installed (a kiosk without the unit, a machine without udev) is left."""

    def reload(self) -> None:
        # A kiosk must not be stopped by a machine without udev. Accounts and folders are not made
        # here, that would take rights: a release that needs new ones has its units make them
        # (StateDirectory=), or says that the machine is to be provisioned again.
        udev = ("udevadm", "control", "--reload")
        with suppress(FileNotFoundError, subprocess.TimeoutExpired):
            subprocess.run(udev, stdin=subprocess.DEVNULL, check=False, timeout=_LIMIT_S)
        _systemctl("daemon-reload")

    def restart(self) -> None:
        _systemctl("reset-failed", KIOSK_UNIT, check=False)
        _systemctl("restart", "--no-block", KIOSK_UNIT)

    def failures(self) -> int:
        said = _systemctl("show", "--property=NRestarts", "--value", KIOSK_UNIT)
        return int(said) if said.isdecimal() else 0


class StillHost:
    """A root that is not this machine's own: nothing runs there."""

    def reload(self) -> None:
        """Nothing to take over."""

    def restart(self) -> None:
        """Nothing to start."""

    def failures(self) -> int:
        return 0


def _systemctl(*words: str, check: bool = True) -> str:
    try:
        done = subprocess.run(
            ("systemctl", *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=check,
            timeout=_LIMIT_S,
        )
    except subprocess.SubprocessError as error:
        raise OSError(f"systemctl {' '.join(words)}: {error}") from error
    return done.stdout.strip()


FOLLOWING: Final = {
    "systemd": "etc/systemd/system",
    "systemd/yicang-.service.d": "etc/systemd/system/yicang-.service.d",
    "systemd/journald.conf.d": "etc/systemd/journald.conf.d",
    "systemd/polkit": "etc/polkit-1/rules.d",
    "systemd/sysusers.d": "etc/sysusers.d",
    "systemd/tmpfiles.d": "etc/tmpfiles.d",
    "systemd/udev": "etc/udev/rules.d",
}
"""Folders of a release, and where the machine looks for such files."""

NEWER: Final = {"systemd/yicang-.service.d": 254}
"""Folders with words that systemd knows from this version on; older ones would only grumble."""


def systemd_version(root: Path) -> int:
    """The version of the systemd below ``root``; 0 when there is none. (A library of its own has
    the number in its name, so that no program of a foreign machine need run.)"""
    found = [
        int(number)
        for library in (root / "usr/lib").glob("**/systemd/libsystemd-shared-*.so")
        if (number := library.stem.rpartition("-")[2].partition(".")[0]).isdecimal()
    ]
    return max(found, default=0)


def system_links(places: Places, release: Path, units: Sequence[str] | None = None) -> list[Path]:
    """Links the machine's configuration to the release in use, so that switching the release
    switches its units with it; the links that were made or were there.

    Units of the updater follow the confirmed release, all others the current one. ``units`` names
    which of the release's units are wanted on this machine; None: all. Raises OSError.
    """
    made = []
    version = systemd_version(places.root)
    for folder, into in FOLLOWING.items():
        there = release / folder
        if version < NEWER.get(folder, 0):
            continue
        for source in sorted(there.iterdir()) if there.is_dir() else ():
            wanted = folder != "systemd" or units is None or source.name in units
            if source.is_dir() or not wanted:
                continue
            follows = CONFIRMED if source.name.startswith("yicang-update") else CURRENT
            link = places.root / into / source.name
            _link(link, Path("/opt/yicang") / follows / folder / source.name)
            made.append(link)
    return made


def start_links(places: Places, release: Path, units: Sequence[str]) -> list[str]:
    """Has those of ``units`` started with the machine that say so; which ones.

    Not by ``systemctl enable``: that follows our links to the end and writes the release's own
    folder down, which the next update but one takes away. Raises OSError.
    """
    started = []
    for name in units:
        unit = release / "systemd" / name
        text = unit.read_text(encoding="utf-8") if unit.is_file() else ""
        targets = re.findall(r"^WantedBy=(.+)$", text, re.MULTILINE)
        for target in " ".join(targets).split():
            wants = places.root / f"etc/systemd/system/{target}.wants" / name
            _link(wants, Path("/etc/systemd/system") / name)
        if targets:
            started.append(name)
    return started


def _link(link: Path, target: Path) -> None:
    """Replaces whatever is there by a link, at once."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if not (link.is_symlink() and link.readlink() == target):
        beside = link.with_name(f".{link.name}.new")
        beside.unlink(missing_ok=True)
        beside.symlink_to(target)
        beside.replace(link)
