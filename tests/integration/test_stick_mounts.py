"""Mounting a stick for the kiosk, in a mount namespace of the test's own: there, a file system in
memory stands for the stick, and scripts for systemd's commands, which ask a running systemd."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from provisioning.stick import StickError, hold, is_in_use
from tests.support.namespaces import OWN_MOUNTS, needs_mounts
from tests.support.processes import ROOT

CHILD: Final = """
import os, sys, threading, time
from pathlib import Path
from provisioning import stick

folder, how, kind = Path(sys.argv[1]), sys.argv[2], os.environ["KIND"]
sticks, taken = folder / "sticks", folder / "taken"
target = sticks / "sdz1"
seen = []

def wait(what):
    deadline = time.monotonic() + 20
    while not what() and time.monotonic() < deadline:
        time.sleep(0.01)

def kiosk():
    wait(lambda: os.path.ismount(target))
    seen.append("mounted")
    room = target / "yicang"
    if kind == "ext4":
        wait(lambda: room.exists() and room.stat().st_mode & 0o1000)
    seen.append(oct(room.stat().st_mode & 0o7777) if room.exists() else "no folder")
    if how == "pulled":
        os.system(f"umount {target}")
    else:
        (taken / "sdz1").touch()

(taken / "sdz1").touch()
os.utime(taken / "sdz1", (1, 1))  # of the last stick
thread = threading.Thread(target=kiosk)
thread.start()
try:
    stick.hold("sdz1", sticks, taken, hold_s=20)
except stick.StickError as error:
    print(error, flush=True)
    os._exit(0)
thread.join()
print(*seen, os.path.ismount(target), target.exists())
"""

SCRIPTS: Final = {
    "udevadm": 'echo "ID_FS_TYPE=$KIND"',
    "systemd-mount": 'echo "$@" >> "$LOG"; eval target=\\"\\${$#}\\"; mkdir -p "$target";'
    ' mount -t tmpfs none "$target"',
    "systemd-umount": 'umount "$1"; exit $UMOUNTED',
}


def in_a_namespace(folder: Path, kind: str, how: str, umounted: int = 0) -> tuple[str, str]:
    """What the child said, and how systemd was asked to mount; ``umounted`` is what it says to
    unmounting."""
    programs, log = folder / "bin", folder / "log"
    for one in (programs, folder / "sticks", folder / "taken"):
        one.mkdir()
    for name, body in SCRIPTS.items():
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    made = subprocess.run(
        [*OWN_MOUNTS, sys.executable, "-c", CHILD, str(folder), how],
        cwd=ROOT,
        env={
            "PATH": f"{programs}:/usr/bin:/bin:/usr/sbin:/sbin",
            "KIND": kind,
            "LOG": str(log),
            "UMOUNTED": str(umounted),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.stderr == ""
    return made.stdout.strip(), log.read_text() if log.exists() else ""


@needs_mounts
def test_a_stick_is_mounted_until_the_kiosk_has_what_it_wants(tmp_path: Path) -> None:
    said, asked = in_a_namespace(tmp_path, "vfat", "written")
    assert said == "mounted no folder False False"
    assert "nosuid,nodev,noexec,umask=0077 --owner=yicang-kiosk /dev/sdz1" in asked


@needs_mounts
def test_a_stick_with_owners_of_its_own_gets_a_folder_for_the_kiosk(tmp_path: Path) -> None:
    said, asked = in_a_namespace(tmp_path, "ext4", "written")
    assert said == "mounted 0o1777 False False"
    assert "--owner" not in asked


@needs_mounts
def test_a_stick_that_is_pulled_leaves_nothing_behind(tmp_path: Path) -> None:
    assert in_a_namespace(tmp_path, "exfat", "pulled")[0] == "mounted no folder False False"


@needs_mounts
def test_a_stick_that_systemd_unmounts_at_the_same_time_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    said = in_a_namespace(tmp_path, "exfat", "written", umounted=1)[0]
    assert said == "mounted no folder False False"


@needs_mounts
def test_a_stick_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    said, asked = in_a_namespace(tmp_path, "ntfs", "written")
    assert ("unsupported file system: ntfs" in said, asked) == (True, "")


def test_no_name_leads_anywhere_else(tmp_path: Path) -> None:
    for name in ("../sda1", "", "sda1/..", "SDA1", "-x"):
        with pytest.raises(StickError, match="partition"):
            hold(name, tmp_path, tmp_path)


@pytest.mark.skipif(not Path("/sys/class/block").exists(), reason="a root without /sys")
def test_a_disk_that_this_machine_runs_from_is_in_use() -> None:
    numbers = {line.split()[2] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    for part in Path("/sys/class/block").iterdir():
        if (part / "dev").read_text().strip() in numbers:
            assert is_in_use(part.name)
    assert not is_in_use("nosuchdisk")
