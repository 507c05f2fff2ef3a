"""The updater's units: each may do what its part needs, and nothing besides."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.updates.host import is_read_only
from tests.support.processes import ROOT, run
from tests.unit.test_systemd import rows, settings

SYSTEMD = ROOT / "systemd"
UNITS = (
    "yicang-update",
    "yicang-update-apply",
    "yicang-update-fetch",
    "yicang-update-hub",
    "yicang-update-recover",
)
PROGRAM = "/opt/yicang/confirmed/.venv/bin/yicang"


@pytest.mark.parametrize("name", UNITS)
def test_the_updater_runs_from_the_confirmed_release_never_from_one_under_trial(name: str) -> None:
    (command,) = settings(SYSTEMD / f"{name}.service")["ExecStart"]
    program, *words = command.split()
    assert program == PROGRAM
    told = run(*words[:2], "--help")
    assert told.returncode == 0, told.stderr
    for option in (word for word in words if word.startswith("--")):
        assert option in told.stdout


@pytest.mark.parametrize("name", ["yicang-update", "yicang-update-hub", "yicang-update-recover"])
def test_what_switches_has_no_capability_no_network_and_two_folders(name: str) -> None:
    found = settings(SYSTEMD / f"{name}.service")
    assert found["CapabilityBoundingSet"] == [""]
    assert found["PrivateNetwork"] == ["yes"]
    assert found["RestrictAddressFamilies"] == ["AF_UNIX"]  # the service manager's socket
    assert found["ReadWritePaths"] == ["/opt/yicang /var/lib/yicang/update"]


def test_what_writes_the_machines_own_files_writes_no_release_and_hears_nobody() -> None:
    found = settings(SYSTEMD / "yicang-update-apply.service")
    assert found["ReadWritePaths"] == ["/etc"]
    assert found["CapabilityBoundingSet"] == ["CAP_DAC_OVERRIDE"]  # polkit's folder is polkit's
    assert found["PrivateNetwork"] == ["yes"]
    assert found["RestrictAddressFamilies"] == ["AF_UNIX"]


@pytest.mark.parametrize(
    ("mounts", "fixed"),
    [
        ("22 1 8:2 / / rw,noatime shared:1 - ext4 /dev/root rw,errors=remount-ro", False),
        ("22 1 8:2 / / ro,noatime shared:1 - ext4 /dev/root ro", True),
        ("22 1 8:2 / / ro,noatime shared:1 - ext4 /dev/root rw", False),  # ProtectSystem=strict
        ("22 1 8:2 / / ro - ext4 /dev/root ro\n23 22 0:4 / /etc rw - overlay overlay rw", False),
        ("22 1 8:2 / / rw - ext4 /dev/root rw\n23 22 8:3 / /etcetera ro - ext4 /dev/x ro", False),
        ("", False),
    ],
)
def test_a_system_that_is_mounted_read_only_is_known(mounts: str, fixed: bool) -> None:
    assert is_read_only(Path("/etc"), mounts) is fixed


def test_what_fetches_is_not_root_and_writes_where_nothing_runs() -> None:
    found = settings(SYSTEMD / "yicang-update-fetch.service")
    assert found["User"] == ["yicang-kiosk"]
    assert found["ReadWritePaths"] == ["/var/lib/yicang/update/incoming"]
    folders = {row[1]: row[2:5] for row in rows("tmpfiles.d/yicang.conf")}
    assert folders["/var/lib/yicang/update"] == ["0755", "root", "root"]
    # Files take the folder's group, so that root reads them without a right to read everything.
    assert folders["/var/lib/yicang/update/incoming"] == ["2750", "yicang-kiosk", "root"]
    assert found["UMask"] == ["0027"]


def test_a_boot_is_counted_before_the_kiosk_starts_and_holds_nobody_up() -> None:
    found = settings(SYSTEMD / "yicang-update-recover.service")
    assert "yicang-kiosk.service" in found["Before"][0]
    assert found["TimeoutStartSec"] == ["2min"]
    kiosk = (SYSTEMD / "yicang-kiosk.service").read_text(encoding="utf-8")
    assert "yicang-update" not in kiosk.partition("[Service]")[0], (
        "it starts whatever becomes of it"
    )
    assert "RuntimeDirectory=yicang-kiosk\n" in kiosk


def test_the_service_manager_is_asked_for_what_an_update_needs(tmp_path: Path) -> None:
    said = tmp_path / "said"
    for name in ("systemctl", "udevadm"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {said}\necho 3\n')
        program.chmod(0o755)
    script = (
        "from provisioning.updates.fitting import Step\n"
        "from provisioning.updates.host import SystemdHost as H\n"
        "host = H(); host.fit(Step('', '', '')); host.reload(); host.restart()\n"
        "print(host.failures())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "3"
    assert said.read_text().splitlines() == [
        "systemctl daemon-reload",
        "systemctl start yicang-update-apply.service",
        "udevadm control --reload",
        "systemctl daemon-reload",
        "systemctl reset-failed yicang-kiosk.service",
        "systemctl restart --no-block yicang-kiosk.service",
        "systemctl show --property=NRestarts --value yicang-kiosk.service",
    ]


def test_a_machine_whose_service_manager_does_not_answer_is_no_traceback(tmp_path: Path) -> None:
    script = (
        "from provisioning.updates.host import SystemdHost as H\n"
        "try:\n H().restart()\nexcept OSError as e:\n print('refused', e)"
    )
    broken = tmp_path / "systemctl"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("refused systemctl restart")
