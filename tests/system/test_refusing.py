"""A kiosk whose disk takes nothing says so at once, stays, and goes on by itself.

The disk is a small one of the test's own (a tmpfs), in a mount namespace that only the kiosk's
process sees; the test changes it from outside, as a failing card or a forgotten log would.
"""

import os
import subprocess
from pathlib import Path

import pytest

from contract.messages import Health, decode
from tests.support import people
from tests.support.namespaces import OWN_MOUNTS, needs_mounts
from tests.support.processes import until
from tests.support.site import Kiosk, Site
from tests.support.tap import Tap

SIZE_MB = 24


pytestmark = needs_mounts


class Disk:
    """The kiosk's state directory on a disk of its own."""

    def __init__(self, site: Site) -> None:
        self.kiosk: Kiosk = site.kiosk(state_dir=str(site.data / "kiosk" / "disk"), min_free_mb=2)
        self.path: Path = site.data / "kiosk" / "disk"
        self.path.mkdir()
        self._identity = site.data / "kiosk" / "identity.json"

    def start(self, *, then: str = "true") -> None:
        """Starts the kiosk after the shell command ``then``, run on the new disk."""
        script = (
            f"mount -t tmpfs -o size={SIZE_MB}m none '{self.path}' &&"
            f" cp '{self._identity}' '{self.path}' && cd '{self.path}' && {then} && cd / &&"
            ' exec "$@"'
        )
        self.kiosk.start(wrapper=[*OWN_MOUNTS, "sh", "-c", script, "sh"])

    def outside(self, *words: str) -> None:
        """Runs a command in the kiosk's namespace."""
        assert self.kiosk.process is not None
        entered = [
            "nsenter",
            "-t",
            str(self.kiosk.process.pid),
            "-m",
            "-U",
            "--preserve-credentials",
        ]
        if os.geteuid() == 0:
            entered = entered[:4]
        subprocess.run([*entered, *words], check=True, timeout=10)

    def cover(self) -> None:
        """The directory becomes read-only, as the kernel makes a disk that has faults."""
        self.outside("mount", "--bind", str(self.path), str(self.path))
        self.outside("mount", "-o", "remount,bind,ro", str(self.path))

    def uncover(self) -> None:
        self.outside("umount", str(self.path))


@pytest.fixture
def disk(site: Site) -> Disk:
    return Disk(site)


def refusals(tap: Tap) -> list[str]:
    """What the kiosk's healths told of it, each time that it changed."""
    told: list[str] = []
    for heard in tap.heard("health", "kiosk-1"):
        refusing = decode(heard.payload, Health).refusing
        if not told or told[-1] != refusing:
            told.append(refusing)
    return told


def refused(kiosk: Kiosk, card: str) -> bool:
    lane = kiosk.scan(card)
    return lane.signal == "refused" and "NOT SAVED" in lane.message


def saved(kiosk: Kiosk, card: str) -> bool:
    try:
        return kiosk.scan(card, deadline_s=3.0).signal == "saved"
    except (OSError, AssertionError):
        return False  # its page is just being served anew: no light came, and nobody was told green


def test_a_disk_that_turns_read_only_refuses_and_is_told_until_it_is_mended(
    disk: Disk, tap: Tap
) -> None:
    disk.start()
    cards = people.category_cards()
    assert saved(disk.kiosk, next(cards))
    disk.cover()
    until("the hub is told", lambda: refusals(tap)[-1:] == ["read-only"])
    assert refused(disk.kiosk, next(cards))
    disk.uncover()
    until("the hub is told that it is well", lambda: refusals(tap) == ["", "read-only", ""])
    assert saved(disk.kiosk, next(cards))


def test_a_disk_that_is_read_only_at_the_start_is_waited_for(disk: Disk) -> None:
    disk.start(then=f"mount -o remount,ro '{disk.path}'")
    cards = people.category_cards()
    assert refused(disk.kiosk, next(cards))
    disk.outside("mount", "-o", "remount,rw", str(disk.path))
    until("it saves again", lambda: saved(disk.kiosk, next(cards)), deadline_s=60)
    disk.kiosk.wait_acknowledged()


def test_a_full_disk_refuses_before_and_after_the_last_byte(disk: Disk, tap: Tap) -> None:
    disk.start()
    cards = people.category_cards()
    assert saved(disk.kiosk, next(cards))
    disk.outside("sh", "-c", f"head -c {SIZE_MB}m /dev/zero 2>&- > '{disk.path}/filler' || true")
    assert refused(disk.kiosk, next(cards))
    until("the hub is told", lambda: refusals(tap)[-1:] == ["disk-low"])
    disk.outside("rm", str(disk.path / "filler"))
    until("the hub is told that it is well", lambda: refusals(tap)[-1:] == [""])
    assert saved(disk.kiosk, next(cards))


def test_a_disk_that_is_full_at_the_start_is_waited_for(disk: Disk) -> None:
    disk.start(then=f"(head -c {SIZE_MB}m /dev/zero 2>&- > filler || true)")
    cards = people.category_cards()
    assert refused(disk.kiosk, next(cards))
    disk.outside("rm", str(disk.path / "filler"))
    until("it saves again", lambda: saved(disk.kiosk, next(cards)), deadline_s=60)
