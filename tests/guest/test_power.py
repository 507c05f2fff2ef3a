"""The plug is pulled out of the wall, and the disk had not yet written all that it had taken."""

import random
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import people
from tests.support.guest.disk import VolatileDisk
from tests.support.guest.image import KIOSK, Snapshot
from tests.support.guest.stop import Stop
from tests.support.processes import until

pytestmark = [pytest.mark.guest, pytest.mark.timeout(1800)]

SIZE = 256 << 20
PARTITION = "/var/lib/yicang"
DISK = "/dev/vdb"
CARELESS = (
    "dd",
    "if=/dev/urandom",
    f"of={PARTITION}/careless",
    "bs=64k",
    "count=16",
    "oflag=direct",
)
"""Has the disk take a file and does not ask whether it has it: so that it has something to lose."""
ANOTHER_START = """\
# The snapshot is of one start of the machine; each time that it is started from stands for another.
[Service]
BindReadOnlyPaths=/run/boot-id:/proc/sys/kernel/random/boot_id
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[VolatileDisk]:
    with tempfile.TemporaryDirectory(prefix="yicang-disk-") as sockets:
        made = VolatileDisk(tmp_path / "disk", Path(sockets, "nbd"), SIZE, random.Random(7))
        yield made
        made.close()


def start_on(stop: Stop, disk: VolatileDisk, *, fresh: bool) -> None:
    """The machine starts, with the kiosk's data on a partition of its own (docs/running.md)."""
    guest = stop.guest
    guest.ask("systemctl", "stop", KIOSK)
    guest.write("/run/boot-id", f"{uuid.uuid4()}\n".encode())
    guest.ask("mkdir", "--parents", f"/run/systemd/system/{KIOSK}.d")
    guest.write(f"/run/systemd/system/{KIOSK}.d/boot.conf", ANOTHER_START.encode())
    guest.ask("systemctl", "daemon-reload")
    guest.plug_disk("data", disk.path)
    until("there is a disk", lambda: guest.run("test", "-b", DISK).status == 0)
    if fresh:
        guest.ask("mkfs.ext4", "-q", DISK)
        guest.ask("mount", DISK, "/mnt")
        guest.ask("cp", "--archive", f"{PARTITION}/.", "/mnt")
        guest.ask("umount", "/mnt")
    else:
        assert guest.run("fsck.ext4", "-p", DISK).status in (0, 1)
    guest.ask("mount", "-o", "noatime,errors=remount-ro", DISK, PARTITION)
    guest.ask("systemctl", "start", KIOSK, deadline_s=240)
    until("the page answers", lambda: stop.is_ready("screen"))


def scan(stop: Stop, card: str) -> list[str]:
    """The codes that were shown with the green light, in the moment that it is seen."""
    lane = next(lane for lane in stop.state()["lanes"] if lane["lane"] == "screen")
    before = [line["code"] for line in lane["lines"]]
    last = stop.last_sound()
    stop.enter(card)
    until("a sound", lambda: stop.last_sound() > last)
    lane = next(lane for lane in stop.state()["lanes"] if lane["lane"] == "screen")
    if lane["signal"] != "saved":
        assert "saved already" in lane["message_en"], lane["message_en"]
        return []
    return [line["code"] for line in lane["lines"] if line["code"] not in before]


def test_nothing_that_was_green_is_missing_after_the_power_failed(
    snapshot: Snapshot, disk: VolatileDisk, tmp_path: Path, cuts: int
) -> None:
    dice = random.Random(cuts)
    cards = people.category_cards()
    green: list[str] = []
    for number in range(cuts + 1):
        with Stop(snapshot, tmp_path / f"guest{number}") as stop:
            start_on(stop, disk, fresh=number == 0)
            received = Counter(item.item for item in stop.received())
            assert [code for code in green if received[code] != 1] == []
            assert "journal" not in stop.said()
            if number == cuts:
                break
            for _ in range(dice.randint(1, 3)):
                green += scan(stop, next(cards))
            if number % 2:  # within the next scan
                timer = threading.Timer(dice.uniform(0, 1.0), stop.guest.kill)
                timer.start()
                with stop.until_killed():
                    green += scan(stop, next(cards))
                timer.join()
            else:
                stop.guest.ask(*CARELESS)
            stop.guest.kill()
        disk.cut()
    assert len(green) >= cuts
    assert len(set(green)) == len(green)
    assert disk.flushes > 0
    assert disk.dropped > 0


def test_a_disk_that_lies_about_flushing_loses_what_was_green(
    snapshot: Snapshot, disk: VolatileDisk, tmp_path: Path
) -> None:
    """No program can help that: docs/running.md says so. And the test above could fail."""
    cards = people.category_cards()
    with Stop(snapshot, tmp_path / "before") as stop:
        start_on(stop, disk, fresh=True)
        stop.guest.ask("sync")
        disk.honest = False
        green = scan(stop, next(cards)) + scan(stop, next(cards))
    disk.cut()
    disk.honest = True
    assert len(green) == 2
    with Stop(snapshot, tmp_path / "after") as stop:
        start_on(stop, disk, fresh=False)
        assert stop.received() == []
