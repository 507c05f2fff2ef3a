"""udev's own message wakes whoever watches: sent as its daemon sends it, on a real netlink socket.

The header is libudev's (systemd, `libsystemd/sd-device/device-monitor.c`): its magic, offset and
length of the properties, and MurmurHash2 of the subsystem, by which the kernel filters.
"""

import select
import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from drivers.hotplug import Hotplug, watch

NETLINK_KOBJECT_UEVENT = 15
GROUP_UDEV = 2
MAGIC = 0xFEEDCAFE
HEADER = 40
MULTIPLIER = 0x5BD1E995
WORD = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """MurmurHash2 with seed 0 (Austin Appleby, public domain)."""
    digest = len(data)
    whole = len(data) // 4 * 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        mixed = word * MULTIPLIER & WORD
        mixed = (mixed ^ mixed >> 24) * MULTIPLIER & WORD
        digest = digest * MULTIPLIER & WORD ^ mixed
    if rest := data[whole:]:
        digest = (digest ^ int.from_bytes(rest, "little")) * MULTIPLIER & WORD
    digest = (digest ^ digest >> 13) * MULTIPLIER & WORD
    return digest ^ digest >> 15


def message(subsystem: str) -> bytes:
    """Something was plugged in."""
    named = {"ACTION": "add", "DEVPATH": "/devices/x", "SUBSYSTEM": subsystem, "SEQNUM": "1"}
    properties = b"".join(f"{key}={value}\0".encode() for key, value in named.items())
    return (
        b"libudev\0"
        + struct.pack(">I", MAGIC)
        + struct.pack("=III", HEADER, HEADER, len(properties))
        + struct.pack(">IIII", murmur2(subsystem.encode()), 0, 0, 0)
        + properties
    )


@pytest.fixture
def tell() -> Iterator[Callable[[str], None]]:
    """Tells of a device of this subsystem as udev's daemon does."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT) as daemon:

        def send(subsystem: str) -> None:
            try:
                daemon.sendto(message(subsystem), (0, GROUP_UDEV))
            except (PermissionError, ConnectionRefusedError):
                pytest.skip("only root may speak as udev")

        yield send


@pytest.fixture
def scanners() -> Hotplug:
    found = watch("input", "tty")
    if found is None:
        pytest.skip("this machine has no libudev")
    return found


def heard(hotplug: Hotplug, within_s: float) -> bool:
    return bool(select.select([hotplug.fileno()], [], [], within_s)[0])


@pytest.mark.parametrize("subsystem", ["input", "tty"])
def test_a_scanner_that_is_plugged_in_is_heard_of_at_once(
    scanners: Hotplug, tell: Callable[[str], None], subsystem: str
) -> None:
    tell(subsystem)
    assert heard(scanners, 5.0)
    scanners.drain()
    assert not heard(scanners, 0.0)


def test_a_disk_or_a_network_card_wakes_nobody(
    scanners: Hotplug, tell: Callable[[str], None]
) -> None:
    tell("block")
    tell("net")
    assert not heard(scanners, 0.3)
    tell("input")
    assert heard(scanners, 5.0)


def test_more_than_anybody_reads_is_one_wake_up(
    scanners: Hotplug, tell: Callable[[str], None]
) -> None:
    for _ in range(5_000):
        tell("input")
    assert heard(scanners, 5.0)
    scanners.drain()
    scanners.drain()
    tell("tty")
    assert heard(scanners, 5.0)
