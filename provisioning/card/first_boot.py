"""The first start of a prepared card, on the Pi: the release, the kiosk's folder, no secrets left.

``python3 -m provisioning.card.first_boot --boot /boot/firmware --root /``, as root, by the unit
that cloud-init wrote. Imports the standard library only: nothing of ours is installed yet. Each
step looks whether it was done, and the mark that all were is made last, so that the power may
fail anywhere.

What holds a secret is overwritten where it lies, synced, and then replaced: NetworkManager has the
Wi-Fi by now, the kiosk its invitation. (A memory card may keep old cells all the same: a one-time
code is worth nothing after a day, and a Wi-Fi's password is what the kiosk has on it anyway.)
"""

import argparse
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from provisioning.updates import first
from provisioning.updates.bundle import BundleError
from provisioning.updates.fitting import SUBSYSTEMS
from provisioning.updates.links import NOW, first_links, link, listed
from provisioning.updates.names import CURRENT
from provisioning.updates.places import Places
from provisioning.updates.venvs import PYTHON

FOLDER: Final = "yicang"
KIND: Final = "kiosk"
"""Of machine; which units it has and starts is a list in the release."""
STATE: Final = "var/lib/yicang/kiosk"
DONE: Final = "var/lib/yicang/first-boot-done"
ACCOUNT: Final = "yicang-kiosk"
PROGRAM: Final = Path("/opt/yicang/current/.venv/bin/yicang")
TYPED: Final = "usr/local/bin/yicang"
"""Where a shell finds it, for whoever looks after the kiosk."""

NETWORK: Final = """\
network:
  version: 2
  ethernets:
    eth0:
      dhcp4: true
      optional: true
"""
SCRUBBED: Final = {
    "network-config": f"# 已生效，密码已抹去 / in use; its password was wiped\n{NETWORK}",
}
COPIES: Final = (
    "var/lib/cloud/instances/*/network-config.json",
    "var/lib/cloud/instances/*/obj.pkl",
    "var/lib/cloud/seed/**/*",
    "var/log/cloud-init.log",
)
"""Where cloud-init (seen: 25.1) keeps what it read, its log among them. What it made of it for
NetworkManager, in /etc/netplan and for root alone, is in use and stays."""


def first_boot(boot: Path, root: Path, *, machine: bool = True, python: Path = PYTHON) -> str:
    """Makes this machine a kiosk; the release that it runs. With ``machine`` false, ``root`` is not
    the running system: no account is made, no service started.

    Raises:
        BundleError: the release on the card cannot be installed.
        OSError: the disk refuses, or a command fails.
    """
    places, card = Places(root), boot / FOLDER
    for key in sorted((card / "release-keys").glob("*.pem")):
        places.keys.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(key, places.keys / key.name)
    if machine:
        _packages(card)
    release = _install(places, card, python)
    there = places.release(release)
    linked = first_links(places, there, listed(there, KIND))
    typed = root / TYPED
    if not (typed.is_symlink() or typed.exists()):
        link(typed, PROGRAM)
    if machine:
        _run("systemd-sysusers")
        _run("systemd-tmpfiles", "--create")
    _kiosk_folder(card, root / STATE, machine=machine)
    if machine:
        _run("systemctl", "daemon-reload")
        _run("systemctl", "restart", "systemd-journald.service")  # it reads its limits at its start
        _rules_for_devices()
    scrub(boot, root)
    (root / "etc/cloud").mkdir(parents=True, exist_ok=True)
    (root / "etc/cloud/cloud-init.disabled").touch()
    if machine:
        now = sorted(one.unit for one in linked.values() if one.start == NOW)
        _run("systemctl", "start", "--no-block", *now)
    done = root / DONE
    done.parent.mkdir(parents=True, exist_ok=True)
    done.write_text(f"{release}\n", encoding="ascii")
    os.sync()
    return release


def _packages(card: Path) -> None:
    """Installs the Debian packages that the card brought along. Without them the kiosk lacks what
    they are for (a scanner that types, say) and no more, so it starts all the same."""
    packages = sorted(str(path) for path in (card / "packages").glob("*.deb"))
    if not packages:
        return
    try:
        _run("dpkg", "--install", *packages)
    except OSError as error:
        print(f"随卡的软件包没有装上 / packages are not installed: {error}", file=sys.stderr)


def _install(places: Places, card: Path, python: Path) -> str:
    bundle = card / "release.yrel"
    if bundle.exists():
        digest = (card / "release.sha256").read_text(encoding="ascii").split()[0]
        return first.install(places, bundle, digest, python=python, link_system=False).id
    release = places.linked(CURRENT)
    if release is None:
        raise BundleError("none", "卡上没有发布包 / there is no release on this card")
    return release


def _kiosk_folder(card: Path, state: Path, *, machine: bool) -> None:
    """The kiosk's settings and invitation, once: what a kiosk has written there stays."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = {"kiosk.toml": card / "kiosk.toml", "invitation.txt": card / "invitation.txt"}
    if (state / "kiosk.toml").exists():
        names.clear()  # an interrupted start got this far; the kiosk may have begun
    for name, source in reversed(names.items()):
        if source.exists():
            beside = state / f".{name}.new"
            shutil.copyfile(source, beside)
            beside.chmod(0o600)
            beside.replace(state / name)
    if machine:
        account = pwd.getpwnam(ACCOUNT)
        for path in (state, *state.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)


def _rules_for_devices() -> None:
    """Has the new rules hold for scanner and printer, which were plugged in before them. Without
    this they would from the next start of the machine on, so that the kiosk starts all the same.
    """
    kinds = [f"--subsystem-match={kind}" for kind in SUBSYSTEMS]
    try:
        _run("udevadm", "control", "--reload")
        _run("udevadm", "trigger", *kinds)
        _run("udevadm", "settle", "--timeout=60")
    except OSError as error:
        print(f"接好的设备要重启后才能用 / devices only after a restart: {error}", file=sys.stderr)


def scrub(boot: Path, root: Path) -> None:
    """Wipes what may hold a secret from the boot partition and from cloud-init's copies; may be
    done again. Raises OSError."""
    for name, left in SCRUBBED.items():
        path = boot / name
        if path.exists() and path.read_text(encoding="utf-8", errors="replace") != left:
            _wipe(path)
            path.write_text(left, encoding="utf-8")
    _away(boot / FOLDER / "invitation.txt")
    for copy in COPIES:
        for path in sorted(root.glob(copy)):
            if path.is_file() and not path.is_symlink():
                _away(path)
    os.sync()


def _away(path: Path) -> None:
    if path.exists():
        _wipe(path)
        path.unlink()


def _wipe(path: Path) -> None:
    """Overwrites a file where it lies."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\0" * size)
        file.flush()
        os.fsync(file.fileno())


def _run(*words: str) -> None:
    """A command of the machine. Raises OSError when it fails."""
    try:
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, timeout=300)
    except subprocess.SubprocessError as error:
        raise OSError(f"{' '.join(words)}: {error}") from error


def main(words: Sequence[str]) -> int:
    """Returns the exit status: 0 done, 1 not yet."""
    parser = argparse.ArgumentParser(prog="python3 -m provisioning.card.first_boot")
    parser.add_argument("--boot", type=Path, required=True)
    parser.add_argument("--root", type=Path, default=Path("/"))
    options = parser.parse_args(words)
    try:
        release = first_boot(options.boot, options.root)
    except (BundleError, OSError) as error:
        print(f"首次启动没有完成 / the first boot is not done: {error}", file=sys.stderr)
        return 1
    print(f"这台机器是义仓终端了 / this machine is a kiosk now: {release}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
