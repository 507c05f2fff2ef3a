"""The machines that releases are made for."""

from dataclasses import dataclass
from typing import Final

from provisioning.updates.bundle import Target


@dataclass(frozen=True)
class Plan:
    """A target, and what goes onto it: ``extras`` of pyproject.toml, ``platforms`` as wheels name
    those it can run (newest first), the libraries that the machine has from elsewhere."""

    target: Target
    extras: tuple[str, ...]
    platforms: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called on the command line and in the bundle's name."""
        return self.target.name


def _manylinux(machine: str, newest: int) -> tuple[str, ...]:
    """Tags of PEP 600 that glibc 2.``newest`` satisfies, back to 2.17, and the names of before."""
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, 16, -1)]
    return (*tags, f"manylinux2014_{machine}")


_KIOSK: Final = ("kiosk",)
"""Keyboard scanners and pins: Debian's own python3-evdev and python3-lgpio (docs/scanners.md)."""
_ALL: Final = ("kiosk", "kiosk-hid", "hub", "hub-postgresql", "cards")

PLANS: Final = {
    plan.name: plan
    for plan in (
        # Raspberry Pi OS Trixie, 64-bit: Python 3.13, glibc 2.41.
        Plan(Target("kiosk", "cp313", "aarch64", (2, 41)), _KIOSK, _manylinux("aarch64", 41)),
        # A kiosk or hub on a PC with Debian 13, and with Debian 12.
        Plan(Target("debian13", "cp313", "x86_64", (2, 41)), _ALL, _manylinux("x86_64", 41)),
        Plan(Target("debian12", "cp311", "x86_64", (2, 36)), _ALL, _manylinux("x86_64", 36)),
        # A hub on a Raspberry Pi.
        Plan(
            Target("hub", "cp313", "aarch64", (2, 41)),
            ("kiosk", "hub", "hub-postgresql", "cards"),
            _manylinux("aarch64", 41),
        ),
    )
}
