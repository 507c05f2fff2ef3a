"""A small Debian with systemd as its first process, in namespaces of its own: a machine for tests.

Built by mmdebstrap from Debian's archive; needs root. Our checkout and the installed packages of
this Python are copied into it, so that nothing but Debian's own packages is fetched.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.support.processes import ROOT, until

PACKAGES: Final = "systemd,systemd-sysv,dbus,mosquitto,iproute2,hostname,python3,python3-venv"
BASE: Final = "/opt/yicang/releases/test"
PARTS: Final = ("contract", "drivers", "hub", "kiosk", "provisioning", "yicang", "systemd", "docs")

BOOT: Final = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
for folder in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs $folder; done
chmod 1777 tmp
mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5; mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8; mknod -m 666 dev/urandom c 1 9; mknod -m 666 dev/tty c 5 0
mkdir dev/shm dev/pts dev/mqueue
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mkdir sys/fs/cgroup/unified sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
fi
ip link set lo up
hostname hubtest
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system
"""
"""pivot_root and not chroot: in a chroot systemd can give no service a mount namespace."""


class Machine:
    """As a context manager. Raises AssertionError when it cannot be built or does not start."""

    def __init__(self, folder: Path, suite: str = "bookworm") -> None:
        self.root: Final = folder / "root"
        self._log: Final = folder / "boot.log"
        built = subprocess.run(
            ["mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(self.root)],
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert built.returncode == 0, built.stderr[-2000:]
        self._install()
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
        spaces = ["--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["unshare", *spaces, "--kill-child", "bash", "-c", BOOT, "boot", str(self.root)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until("systemd is up", self._is_up)
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
        os.kill(self._process.pid, signal.SIGKILL)  # and with it, by --kill-child, all in there
        self._process.wait(20)
