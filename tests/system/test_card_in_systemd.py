"""A prepared card in a machine that systemd runs: the unit of its first boot as cloud-init writes
it, the real release, a kiosk that waits to be set up, an update that real units undo."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from contract.enrolling import Invitation, encode, new_code, pin
from provisioning.card import files
from tests.support.processes import ROOT, until
from tests.support.release_site import TARGET, Checkout
from tests.support.releases import Signer
from tests.support.systemd_root import BARE, Machine

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("mmdebstrap") is None or TARGET != "debian12",
        reason="builds a Debian 12: needs root, mmdebstrap and its Python 3.11",
    ),
]
PASSWORD = "correct horse"
CODE = new_code(b"0123456789")
INVITATION = encode(Invitation(CODE, pin(b"hub"), "HUB.EXAMPLE", 8443))
UPDATE = "/opt/yicang/confirmed/.venv/bin/yicang"


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signer, Path, Path]:
    """Who signs, this release, and a later one whose kiosk ends at once."""
    folder = tmp_path_factory.mktemp("releases")
    signer, checkout = Signer(folder / "person"), Checkout(folder / "checkout")
    good = checkout.build(folder / "dist", signer.private)
    checkout.commit("kiosk/__main__.py", "def run_file(path", "def never_run_file(path")
    return signer, good, checkout.build(folder / "dist", signer.private)


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, releases: tuple[Signer, Path, Path]
) -> Iterator[Machine]:
    """A bare Debian with the card in it, as cloud-init leaves it; on."""
    signer, release, bad = releases
    made = Machine(tmp_path_factory.mktemp("machine"), packages=BARE, ours=False)
    boot = made.root / files.BOOT.lstrip("/")
    words = ("--release", str(release), "--keys", str(signer.folder), "--invitation", INVITATION)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "yicang", "provision", "card", "--out", str(boot)),
            *(*words, "--wifi", "Home", "--wifi-password-stdin"),
        ],
        cwd=ROOT,
        input=PASSWORD,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    document = msgspec.yaml.decode((boot / "user-data").read_text())
    for file in document["write_files"]:
        target = made.root / file["path"].lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file["content"])
    log = made.root / "var/log/cloud-init.log"
    log.write_text((boot / files.NETWORK).read_text())
    shutil.copyfile(bad, made.root / "root/bad.yrel")
    with made:
        yield made


def test_the_first_boot_makes_a_kiosk_that_waits_to_be_set_up(machine: Machine) -> None:
    started = machine.run("systemctl", "enable", "--now", files.UNIT, deadline_s=600)
    assert started.returncode == 0, machine.run("journalctl", "-u", files.UNIT).stdout
    said = machine.run("journalctl", "-u", files.UNIT, "-o", "cat").stdout
    assert "this machine is a kiosk now" in said

    until("the kiosk is ready", lambda: is_active(machine, "yicang-kiosk.service"))
    assert "is to be set up is ready" in logged(machine)
    until("it has taken up its invitation", lambda: "setup: no-network" in logged(machine))
    for unit in ("yicang-update.timer", "yicang-reboot.path"):
        assert is_active(machine, unit), unit
    failed = machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout
    assert "yicang" not in failed
    assert secrets_below(machine.root / "boot", machine.root / "var/log") == []
    state = machine.root / "var/lib/yicang/kiosk"
    assert state.stat().st_mode & 0o777 == 0o700
    assert {path.parent for path in secrets_below(machine.root / "var/lib")} <= {state}

    again = machine.run("systemctl", "start", files.UNIT)
    assert again.returncode == 0, "its condition holds it off"
    assert machine.run("systemctl", "is-active", files.UNIT).stdout.strip() == "inactive"


def test_a_release_whose_kiosk_ends_at_once_is_left_again_by_the_machine_itself(
    machine: Machine,
) -> None:
    before = (machine.root / "opt/yicang/current").readlink()
    tried = machine.run(UPDATE, "update", "install", "/root/bad.yrel", "--force", deadline_s=600)
    assert tried.returncode == 1, tried.stdout + tried.stderr
    assert "the kiosk's process ends again and again" in tried.stdout
    assert (machine.root / "opt/yicang/current").readlink() == before
    until("the kiosk is back", lambda: is_active(machine, "yicang-kiosk.service"))


def is_active(machine: Machine, unit: str) -> bool:
    return machine.run("systemctl", "is-active", unit).stdout.strip() == "active"


def logged(machine: Machine) -> str:
    """What the kiosk's journal says."""
    return machine.run("journalctl", "-u", "yicang-kiosk", "-o", "cat").stdout


def secrets_below(*folders: Path) -> list[Path]:
    """Files that hold the Wi-Fi's password or the one-time code."""
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and (PASSWORD.encode() in path.read_bytes() or CODE.encode() in path.read_bytes())
    ]
