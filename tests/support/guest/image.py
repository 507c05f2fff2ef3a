"""The guest as a cached snapshot: a Debian, made a stop's kiosk by its card, booted once.

Two layers below ``$XDG_CACHE_HOME/yicang-guest`` (``~/.cache`` by default), which may be deleted at
any time. What mmdebstrap fetched, renewed after a month, with the kernel's modules. And the booted
machine for this Debian, kernel, QEMU, release, provisioning and agent: a disk and its state in
memory, from which a test's guest starts in two seconds.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from drivers.pin_factory import DEBIAN
from provisioning.card import files
from provisioning.render import merge
from tests.support.guest import qemu
from tests.support.guest.qemu import Guest, Kernel
from tests.support.processes import ROOT, run, until
from tests.support.release_site import Checkout
from tests.support.releases import Signer
from tests.support.systemd_root import PARTS, Machine

SUITE: Final = "bookworm"
PACKAGES: Final = (
    "systemd", "systemd-sysv", "dbus", "udev", "kmod",
    "python3", "python3-venv", "python3-evdev",  # as a card brings it along
    "linux-image-amd64",  # with modules: those for clouds have no USB
    "dosfstools", "exfatprogs", "e2fsprogs",  # make and check sticks
)  # fmt: skip
BUILD_PACKAGES: Final = (
    "linux-headers-amd64", "linux-source-6.1", "gcc", "make", "xz-utils",
)  # fmt: skip
"""For `PINS_HOOK`, which takes them away again."""
PINS_HOOK: Final = Path(__file__).parent / "gpio-sim.sh"
RENEWED_S: Final = 30 * 86_400.0
NEEDED: Final = ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mke2fs", "git")
"""Debian's qemu-system-x86, qemu-utils, mmdebstrap, e2fsprogs and git."""
KIOSK: Final = "yicang-kiosk.service"
STATE: Final = "/var/lib/yicang/kiosk"
MODULES: Final = ("libcomposite", "usb_f_hid", "usb_f_printer", "gpio-sim")
PORTS: Final = 6
"""USB sockets for what is plugged in from inside (`inside/gadgets.py`)."""
READY: Final = "ready"
MADE: Final = "made.json"
DISK_BYTES: Final = 4 << 30
BOOT_S: Final = 240.0
"""Without KVM and beside other work."""
INSIDE: Final = Path(__file__).parent / "inside"
UNIT: Final = """\
[Unit]
Description=What the test asks of the guest
DefaultDependencies=no
After=systemd-udevd.service local-fs.target

[Service]
ExecStart=/usr/bin/python3 /usr/local/lib/guest/agent.py
Restart=always

[Install]
WantedBy=multi-user.target
"""


def missing() -> str:
    """Why there can be no guest here; empty where there can."""
    if os.geteuid() != 0:
        return "builds a Debian: needs root"
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    return f"needs {', '.join(lacking)} (docs/running.md)" if lacking else ""


class Snapshot(NamedTuple):
    """A booted kiosk's machine. ``local`` is what provisioning made with it: its hub's folder."""

    folder: Path
    accelerator: tuple[str, ...]

    @property
    def local(self) -> Path:
        return self.folder / "local"

    @property
    def kernel(self) -> Kernel:
        return Kernel(self.folder / "vmlinuz", self.folder / "initrd.img")

    def guest(self, folder: Path) -> Guest:
        """One that goes on from there; not started."""
        folder.mkdir(parents=True, exist_ok=True)
        disk = folder / "root.qcow2"
        # The disk below is shared; the state in memory lies in the one above, which QEMU locks.
        shutil.copyfile(self.folder / "root.qcow2", disk)
        words = [*self.accelerator, *_root(disk), *self.kernel.words(), "-loadvm", READY]
        return Guest(folder, words)


def snapshot() -> Snapshot:
    """Made if there is none for what is here now. Raises AssertionError when it cannot be made."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yicang-guest"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once would make the same
        debian = _debian(cache)
        folder = cache / f"kiosk-{_key(debian)}"
        if not (folder / MADE).exists():
            for old in cache.glob("kiosk-*"):
                shutil.rmtree(old)
            _make(debian, folder)
    return Snapshot(folder, tuple(json.loads((folder / MADE).read_text())))


def _debian(cache: Path) -> Path:
    """The archive of a Debian with `PACKAGES`; beside it, with .status, which versions they are."""
    packages = (*PACKAGES, *BUILD_PACKAGES)
    made_of = " ".join((SUITE, *packages)).encode() + PINS_HOOK.read_bytes()
    words = hashlib.sha256(made_of).hexdigest()[:12]
    archive = cache / f"debian-{words}.tar"
    if not archive.exists() or time.time() - archive.stat().st_mtime > RENEWED_S:
        beside = cache / f"making-{words}.tar"
        copy = f"cp $1/var/lib/dpkg/status {archive.with_suffix('.status')}"
        _run(
            *("mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}"),
            *(f"--customize-hook={PINS_HOOK}", f"--customize-hook={copy}", SUITE, str(beside)),
        )
        beside.replace(archive)
    return archive


def _key(debian: Path) -> str:
    """Of all that the snapshot is made from."""
    found = hashlib.sha256(debian.with_suffix(".status").read_bytes())
    trees = [f"HEAD:{part}" for part in (*PARTS, "pyproject.toml", "requirements.lock")]
    found.update(_run("git", "-C", str(ROOT), "rev-parse", *trees).encode())
    found.update(_run(qemu.QEMU, "--version").encode())
    found.update(" ".join(qemu.DEVICES + qemu.KVM + qemu.TCG).encode())
    for path in (Path(__file__), INSIDE / "agent.py"):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def _make(debian: Path, folder: Path) -> None:
    folder.mkdir()
    disk = folder / "root.ext4"
    with tempfile.TemporaryDirectory(prefix="yicang-guest-") as name:
        work = Path(name)
        root = _provisioned(debian, work, folder / "local")
        _settle(root)
        for name, ours in (("vmlinuz-*", "vmlinuz"), ("initrd.img-*", "initrd.img")):
            [there] = (root / "boot").glob(name)
            shutil.copyfile(there, folder / ours)
        with disk.open("wb") as file:
            file.truncate(DISK_BYTES)
        _run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(disk))
    overlay = folder / "root.qcow2"
    _run("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(disk), "-F", "raw", str(overlay))
    kernel = Kernel(folder / "vmlinuz", folder / "initrd.img")
    accelerator = qemu.accelerator(kernel, folder)
    with Guest(folder, [*accelerator, *_root(overlay), *kernel.words()]) as guest:
        guest.ask("true", deadline_s=BOOT_S)
        until("the kiosk runs", lambda: is_up(guest), deadline_s=BOOT_S)
        guest.ask("modprobe", "--all", *MODULES)
        guest.ask("modprobe", "dummy_hcd", f"num={PORTS}")
        guest.monitor(f"savevm {READY}")
        guest.qmp("quit", {})
    (folder / MADE).write_text(json.dumps(accelerator))


def is_up(guest: Guest) -> bool:
    """Whether the kiosk has said that it is ready."""
    return guest.run("systemctl", "is-active", "--quiet", KIOSK).status == 0


def _provisioned(debian: Path, work: Path, local: Path) -> Path:
    """A root that its card has made a stop's kiosk, with scanners and printers as they come."""
    signer, checkout = Signer(work / "person"), Checkout(work / "checkout")
    release = checkout.build(work / "dist", signer.private, target="debian12")
    machine = Machine(work / "machine", SUITE, archive=debian, ours=False, udev=True)
    _bring_lgpio(machine.root)
    boot = machine.root / files.BOOT.lstrip("/")
    _yicang(
        *("provision", "card", "--out", str(boot)),
        *("--release", str(release), "--keys", str(signer.folder)),
    )
    for file in msgspec.yaml.decode((boot / "user-data").read_text())["write_files"]:
        target = machine.root / file["path"].lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file["content"])
    with machine:
        first = machine.run("systemctl", "enable", "--now", files.UNIT, deadline_s=300)
        assert first.returncode == 0, first.stderr
        _yicang("provision", "local", "--data", str(local))
        machine.run("systemctl", "stop", KIOSK)
        state = machine.root / STATE.lstrip("/")
        shutil.copyfile(local / "kiosk/identity.json", state / "identity.json")
        settings = {
            "kiosk": "kiosk-1",
            "stop_zh": "一号义仓",
            "stop_en": "Stop 1",
            "hub_url": "http://127.0.0.1:8080",
        }
        merge(state / "kiosk.toml", settings, "test")
        owned = machine.run("chown", "-R", "yicang-kiosk:yicang-kiosk", STATE)
        assert owned.returncode == 0, owned.stderr
    return machine.root


def _bring_lgpio(root: Path) -> None:
    """Where Raspberry Pi OS has it: Debian 12 has no python3-lgpio."""
    lock = (ROOT / "requirements.lock").read_text()
    [pinned] = (line.split()[0] for line in lock.splitlines() if line.startswith("lgpio=="))
    _run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
        *("--only-binary=:all:", "--python-version=3.11", "--platform=manylinux_2_34_x86_64"),
        *("--target", str(root / DEBIAN.relative_to("/")), pinned),
    )


def _settle(root: Path) -> None:
    """From the namespaces that it was provisioned in to a machine of its own."""
    (root / "etc/systemd/system/systemd-udev-trigger.service").unlink()
    there = root / "usr/local/lib/guest"
    there.mkdir()
    shutil.copy(INSIDE / "agent.py", there)
    unit = root / "etc/systemd/system/guest-agent.service"
    unit.write_text(UNIT)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    (wants / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")


def _root(disk: Path) -> list[str]:
    return ["-drive", f"if=none,id=root,file={disk},format=qcow2,cache=unsafe"]


def _yicang(*words: str) -> None:
    done = run(*words)
    assert done.returncode == 0, done.stderr


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, (words, done.stderr[-2000:])
    return done.stdout
