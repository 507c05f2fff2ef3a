"""A small Debian with systemd as its first process, in namespaces of its own: a machine for tests.

Built by mmdebstrap from Debian's archive, once; needs root. Our checkout and the installed packages
of this Python are copied into it, so that nothing but Debian's own packages is fetched.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.support.processes import ROOT, until

BARE: Final = "systemd,systemd-sysv,dbus,iproute2,hostname,python3,python3-venv"
"""What there is on a machine on which nothing of ours is installed yet."""
PACKAGES: Final = f"{BARE},mosquitto"
DEVICES: Final = f"{BARE},e2fsprogs,udev,polkitd,network-manager"
CACHE: Final = ROOT / "build" / "machines"
"""Where what mmdebstrap made is kept, as an archive for each Debian and list of packages."""
BASE: Final = "/opt/yicang/releases/test"
PARTS: Final = ("contract", "drivers", "hub", "kiosk", "provisioning", "yicang", "systemd", "docs")

START: Final = """
echo $$ > "$1/cgroup.procs"
shift
exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child bash -c "$@"
"""
"""In a control group of its own: machines that shared one would end each other's services."""

BOOT: Final = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o "$2" sysfs sys
for folder in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs $folder; done
chmod 1777 tmp
mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5; mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8; mknod -m 666 dev/urandom c 1 9; mknod -m 666 dev/tty c 5 0
mkdir dev/shm dev/pts dev/mqueue
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mknod -m 660 dev/loop-control c 10 237
for number in $(seq 0 31); do mknod -m 660 dev/loop$number b 7 $number; done
mount -t cgroup2 cgroup2 sys/fs/cgroup
ip link set lo up
hostname machine
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
mount --make-rshared /
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system
"""
"""pivot_root and not chroot: in a chroot systemd can give no service a mount namespace. Shared, as
systemd itself makes everything but in a container: what is mounted later reaches the services."""


def _built(suite: str, packages: str) -> Path:
    """The archive of a Debian with these packages, made if there is none."""
    words = hashlib.sha256(packages.encode()).hexdigest()[:12]
    archive = CACHE / f"{suite}-{words}.tar"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        beside = archive.with_suffix(f".{os.getpid()}.tar")
        built = subprocess.run(
            ["mmdebstrap", "--variant=minbase", f"--include={packages}", suite, str(beside)],
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert built.returncode == 0, built.stderr[-2000:]
        beside.replace(archive)
    return archive


def _control_group() -> Path:
    """Below this process's own group, a fresh one."""
    unified = Path("/sys/fs/cgroup/unified")
    top = unified if unified.is_dir() else Path("/sys/fs/cgroup")
    (own,) = (
        line.removeprefix("0::/").strip()
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        if line.startswith("0::")
    )
    made = top / own / f"machine-{uuid.uuid4().hex[:8]}"
    made.mkdir()
    return made


class Machine:
    """As a context manager. With ``ours`` the program of this checkout is installed. With ``udev``
    the kernel's devices are seen in there, and only then; none but pseudo-terminals and loops can
    be opened. ``archive`` is a Debian instead of the one with ``packages``. Raises AssertionError
    when it cannot be built or does not start."""

    def __init__(
        self,
        folder: Path,
        suite: str = "bookworm",
        *,
        packages: str = PACKAGES,
        ours: bool = True,
        udev: bool = False,
        archive: Path | None = None,
    ) -> None:
        self.root: Final = folder / "root"
        self._log: Final = folder / "boot.log"
        self._udev: Final = udev
        self.root.mkdir(parents=True)
        source = archive or _built(suite, packages)
        unpacked = ["tar", "--numeric-owner", "--xattrs", "-xpf", str(source)]
        subprocess.run([*unpacked, "-C", str(self.root)], check=True, timeout=300)
        # What this machine's devices would be told once more is not this one's to tell.
        (self.root / "etc/systemd/system/systemd-udev-trigger.service").symlink_to("/dev/null")
        if ours:
            self._install()
        self._group: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def program(self) -> str:
        """Our command line, in there."""
        return f"{BASE}/.venv/bin/yicang"

    def _install(self) -> None:
        base = self.root / BASE.lstrip("/")
        base.mkdir(parents=True)
        for part in PARTS:
            hidden = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, base / part, ignore=hidden)
        words = ["chroot", str(self.root), "python3", "-m", "venv", "--without-pip"]
        subprocess.run([*words, f"{BASE}/.venv"], check=True, timeout=120)
        there = next((base / ".venv" / "lib").glob("python*/site-packages"))
        here = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
        assert there.parent.name == here.parent.name, "another Python than Debian's runs the tests"
        hidden = shutil.ignore_patterns("__pycache__", "*.pth", "mypy*", "playwright*", "ruff*")
        shutil.copytree(here, there, dirs_exist_ok=True, ignore=hidden, symlinks=True)
        (there / "yicang.pth").write_text(f"{BASE}\n", encoding="utf-8")
        program = base / ".venv" / "bin" / "yicang"
        main = "import sys\nfrom yicang.__main__ import main\nsys.exit(main())\n"
        program.write_text(f"#!{BASE}/.venv/bin/python3\n{main}", encoding="utf-8")
        program.chmod(0o755)

    def run(self, *words: str, deadline_s: float = 180.0) -> subprocess.CompletedProcess[str]:
        """A command in there, as root."""
        assert self._process is not None
        (first,) = (
            Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        )
        inside = ["nsenter", "-t", first, "-m", "-p", "-u", "-i", "-n", "-C", "-r"]
        return subprocess.run(
            [*inside, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=deadline_s,
            check=False,
        )

    def __enter__(self) -> Self:
        self._group = _control_group()
        boot = [BOOT, "boot", str(self.root), "rw" if self._udev else "ro"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", START, "start", str(self._group), *boot],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until("systemd is up", self._is_up)
        if self._udev:  # it looks for udev when it starts, and there was none yet
            self.run("systemctl", "daemon-reexec")
            until("systemd is up again", self._is_up)
        return self

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text(errors="replace")
        try:
            told = self.run("systemctl", "is-system-running", deadline_s=20)
        except ValueError:
            return False  # no child yet
        return told.stdout.strip() in ("running", "degraded")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        if not self.is_off:
            os.kill(self._process.pid, signal.SIGKILL)  # and by --kill-child all in there
        self._process.wait(20)
        assert self._group is not None
        until("nothing runs in there", self._is_gone)

    @property
    def is_off(self) -> bool:
        """Whether it has shut down by itself."""
        assert self._process is not None
        return self._process.poll() is not None

    def _is_gone(self) -> bool:
        """Takes the control groups away, from below."""
        assert self._group is not None
        for folder, _, _ in os.walk(self._group, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
        return not self._group.exists()
