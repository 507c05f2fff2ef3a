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

KIOSK: Final = """
import queue, sys
from pathlib import Path
from kiosk.sticks import StickWatch

found = queue.SimpleQueue()
own = Path(sys.argv[1])
watch = StickWatch(own / "sticks", own / "taken", found.put, look_s=0.01, settle_s=1.5)
watch.start()
folder = Path(found.get(timeout=20).folder)
try:
    (folder / "yicang").mkdir(exist_ok=True)
    (folder / "yicang" / "bundle").touch()
    print("written", flush=True)
except OSError as error:
    print(error.strerror, flush=True)
watch.take_out(str(folder))
watch.close()
"""
"""Finds a stick and writes onto it."""

HELD: Final = """
import subprocess, sys, threading, time
from pathlib import Path
from provisioning import stick

folder = Path(sys.argv[1])
no_rights = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]  # root who must ask, like anybody
kiosk = subprocess.Popen([*no_rights, sys.executable, "-c", sys.argv[2], folder])
time.sleep(0.5)
stick.hold("sdz1", folder / "sticks", folder / "taken", hold_s=20)
kiosk.wait()
print((folder / "sticks" / "sdz1").exists())
"""

SCRIPTS: Final = {
    "udevadm": 'echo "ID_FS_TYPE=$KIND"',
    "systemd-mount": 'echo "$@" >> "$LOG"; eval target=\\"\\${$#}\\"; mkdir -p "$target";'
    ' mount -t tmpfs $MOUNTED none "$target"; eval "$AFTERWARDS"',
    "systemd-umount": 'umount "$1"; exit $UMOUNTED',
}


def in_a_namespace(
    folder: Path,
    kind: str,
    how: str,
    umounted: int = 0,
    *,
    child: str = CHILD,
    mounted: str = "",
    afterwards: str = "",
) -> tuple[str, str]:
    """What the child said, and how systemd was asked to mount; ``umounted`` is what it says to
    unmounting, ``afterwards`` what happens while it has mounted and not yet said so."""
    programs, log = folder / "bin", folder / "log"
    for one in (programs, folder / "sticks", folder / "taken"):
        one.mkdir()
    for name, body in SCRIPTS.items():
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    made = subprocess.run(
        [*OWN_MOUNTS, sys.executable, "-c", child, str(folder), how],
        cwd=ROOT,
        env={
            "PATH": f"{programs}:/usr/bin:/bin:/usr/sbin:/sbin",
            "KIND": kind,
            "LOG": str(log),
            "UMOUNTED": str(umounted),
            "MOUNTED": mounted,
            "AFTERWARDS": afterwards,
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
@pytest.mark.parametrize("seen", ["true", 'mkdir -m 0555 "$target/yicang"'], ids=["none", "closed"])
def test_a_stick_whose_folder_is_still_being_made_is_waited_for(tmp_path: Path, seen: str) -> None:
    said, _ = in_a_namespace(
        tmp_path,
        "ext4",
        KIOSK,
        child=HELD,
        mounted="-o mode=0555",
        afterwards=f"{seen}; sleep 0.5",
    )
    assert said == "written\nFalse"


@needs_mounts
@pytest.mark.parametrize("options", ["ro", "mode=0555,nr_inodes=1"], ids=["locked", "full"])
def test_a_stick_on_which_no_folder_can_be_made_is_named_so(tmp_path: Path, options: str) -> None:
    said, _ = in_a_namespace(tmp_path, "ext4", KIOSK, child=HELD, mounted=f"-o {options}")
    *_, named, still_there = said.splitlines()
    assert (named in ("Read-only file system", "Permission denied"), still_there) == (True, "False")


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
