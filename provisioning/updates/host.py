"""The machine around a release: its service manager."""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from provisioning.updates.fitting import APPLY_UNIT, Step
from provisioning.updates.links import KIOSK_UNIT

MOUNTS: Final = Path("/proc/self/mountinfo")
_LIMIT_S: Final = 120


class Host(Protocol):
    """What the updater needs of the machine. Each raises OSError when it cannot be done."""

    def fit(self, step: Step) -> None:
        """Makes the machine's configuration fit (`provisioning.updates.fitting.fit`)."""

    def is_fixed(self) -> bool:
        """Whether that cannot be done, since the system is mounted read-only."""

    def reload(self) -> None:
        """Reads units and rules of the release that is current now."""

    def restart(self) -> None:
        """Starts the kiosk anew, whether it runs or not; does not wait until it is ready."""

    def failures(self) -> int:
        """How often the kiosk's process has ended by itself since `restart`."""


class SystemdHost:
    """systemd. What is not installed (a kiosk without the unit, a machine without udev) is left."""

    def fit(self, step: Step) -> None:
        # In a unit of its own, which has the right to do it and finds out for itself which step
        # that is. systemd may not have read yet that this unit is there.
        _systemctl("daemon-reload")
        _systemctl("start", APPLY_UNIT)

    def is_fixed(self) -> bool:
        return is_read_only(Path("/etc"), MOUNTS.read_text(encoding="utf-8", errors="replace"))

    def reload(self) -> None:
        # A kiosk must not be stopped by a machine without udev.
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

    def fit(self, step: Step) -> None:
        """Nobody started it from links."""

    def is_fixed(self) -> bool:
        return False

    def reload(self) -> None:
        """Nothing to take over."""

    def restart(self) -> None:
        """Nothing to start."""

    def failures(self) -> int:
        return 0


def is_read_only(path: Path, mounts: str) -> bool:
    """Whether the file system that ``path`` is on takes nothing from anybody; ``mounts`` as in
    proc_pid_mountinfo(5). What counts is the file system's own option, the last field: the
    updater's unit sees all but its folders read-only as well."""
    found = [line.split() for line in mounts.splitlines()]
    there = [
        (len(row[4]), number, row[-1].split(","))
        for number, row in enumerate(found)
        if len(row) > 6 and path.is_relative_to(row[4])
    ]
    return bool(there) and "ro" in max(there)[2]


def tell(*words: str) -> None:
    """Runs a command of the machine. Raises FileNotFoundError: there is none of that name; OSError:
    it failed."""
    try:
        subprocess.run(words, stdin=subprocess.DEVNULL, check=True, timeout=_LIMIT_S)
    except subprocess.SubprocessError as error:
        raise OSError(f"{' '.join(words)}: {error}") from error


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
