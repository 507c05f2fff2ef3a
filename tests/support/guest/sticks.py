"""USB sticks as they are sold: one partition, FAT32 or exFAT, made and checked by a real kernel."""

import contextlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.support.guest.qemu import Guest
from tests.support.processes import until

SECTOR: Final = 512
START: Final = 2048
"""The first sector of the partition."""
FORMATS: Final = {
    "vfat": ["mkfs.vfat", "-F", "32", "-n", "USB"],
    "exfat": ["mkfs.exfat", "-n", "USB"],
}
CHECKS: Final = {"vfat": ["fsck.vfat", "-n"], "exfat": ["fsck.exfat", "-n"]}
_TYPES: Final = {"vfat": 0x0C, "exfat": 0x07}
_RULE: Final = "/etc/udev/rules.d/90-yicang-sticks.rules"
_AWAY: Final = "/run/90-yicang-sticks.rules"
PART: Final = "/dev/sda1"
AT: Final = "/mnt"


class Stick:
    """One stick, at first in nobody's computer. ``fill`` is called with it mounted at `AT`."""

    def __init__(
        self,
        guest: Guest,
        image: Path,
        kind: str,
        *,
        megabytes: int = 64,
        fill: Callable[[], None] = lambda: None,
    ) -> None:
        self.kind: Final = kind
        self.image: Final = image
        self._guest: Final = guest
        self._times = 0
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
            file.write(_table(_TYPES[kind], (megabytes << 20) // SECTOR - START))
        with self._in_another_computer():
            guest.ask(*FORMATS[kind], PART)
            guest.ask("mount", "-t", kind, PART, AT)
            fill()
            guest.ask("umount", AT)

    def plug(self, *, write_protected: bool = False, slow: int = 0) -> None:
        """Into the kiosk; returns when the kernel has its partition."""
        self._times += 1
        self._guest.plug_stick(self._name, self.image, write_protected=write_protected, slow=slow)
        until("there is a stick", lambda: self._guest.run("test", "-b", PART).status == 0)

    def pull(self) -> None:
        """Out, at once."""
        self._guest.pull_stick(self._name)
        until("there is none", lambda: self._guest.run("test", "-e", PART).status != 0)

    @property
    def _name(self) -> str:
        return f"stick{self._times}"

    @contextlib.contextmanager
    def _in_another_computer(self) -> Iterator[None]:
        """The same guest, taking no notice of sticks as a kiosk."""
        self._guest.ask("mv", _RULE, _AWAY)
        self._guest.ask("udevadm", "control", "--reload")
        try:
            self.plug()
            yield
            self.pull()
        finally:
            self._guest.ask("mv", _AWAY, _RULE)
            self._guest.ask("udevadm", "control", "--reload")

    def files(self, *, check: bool = True) -> dict[str, bytes]:
        """What is on it for another computer, which with ``check`` must find nothing to mend."""
        guest = self._guest
        with self._in_another_computer():
            if check:
                told = guest.run(*CHECKS[self.kind], PART)
                assert told.status == 0, told
            guest.ask("mount", "-t", self.kind, "-o", "ro", PART, AT)
            names = guest.ask("find", AT, "-type", "f").split("\n")
            found = {name.removeprefix(f"{AT}/"): guest.read(name) for name in names if name}
            guest.ask("umount", AT)
        return found


def _table(kind: int, sectors: int) -> bytes:
    """A master boot record with one partition."""
    entry = struct.pack("<BBBBBBBBII", 0, 0, 2, 0, kind, 0, 0, 0, START, sectors)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"
