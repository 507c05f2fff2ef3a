"""The service files: they name commands that exist, accounts that are made, and folders those own,
and they keep a service from whatever it does not need."""

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.processes import ROOT, run

UNITS = sorted((ROOT / "systemd").glob("*.service"))
NAMES = [unit.stem for unit in UNITS]
PROGRAM = "/opt/yicang/.venv/bin/yicang"
MOST_EXPOSED = 15
"""Tenths of the ten points of `systemd-analyze security`."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed here"
)


def settings(unit: Path) -> dict[str, list[str]]:
    """Every key with all of its values; the sections of these files share no key."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[key].append(value)
    return found


def rows(path: str) -> list[list[str]]:
    text = (ROOT / "systemd" / path).read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def test_there_is_a_service_for_each_side() -> None:
    assert NAMES == ["yicang-hub", "yicang-kiosk"]


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_a_service_starts_a_command_that_exists_and_comes_back(unit: Path) -> None:
    (command,) = settings(unit)["ExecStart"]
    program, *words = command.split()
    assert program == PROGRAM
    told = run(*words[:2], "--help")
    assert told.returncode == 0, told.stderr
    assert words[2] in told.stdout
    assert settings(unit)["Type"] == ["exec"]
    assert settings(unit)["Restart"] == ["always"]


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_a_service_writes_only_the_folder_that_its_own_account_has(unit: Path) -> None:
    name = unit.stem
    found = settings(unit)
    assert found["User"] == found["Group"] == [name]
    assert name in [row[1] for row in rows("sysusers.d/yicang.conf") if row[0] == "u"]
    folders = {row[1]: row[2:5] for row in rows("tmpfiles.d/yicang.conf")}
    (writable,) = found["ReadWritePaths"]
    assert folders[writable] == ["0700", name, name]
    assert found["WorkingDirectory"] == [writable]


def test_the_kiosk_alone_may_open_scanners_printers_pins_and_the_speaker() -> None:
    kiosk, hub = (
        settings(ROOT / "systemd" / f"yicang-{side}.service") for side in ("kiosk", "hub")
    )
    assert kiosk["SupplementaryGroups"] == ["dialout lp input gpio audio"]
    for kind in ("usb", "usb_device", "input", "gpiochip", "alsa"):
        assert f"char-{kind} rw" in kiosk["DeviceAllow"]
    assert "AF_NETLINK" in kiosk["RestrictAddressFamilies"][0]  # udev's events
    for group in ("dialout", "lp", "input", "gpio", "audio"):  # Debian has all but gpio
        assert ["m", "yicang-kiosk", group] in rows("sysusers.d/yicang.conf")
    assert ["g", "gpio", "-"] in rows("sysusers.d/yicang.conf")
    rules = (ROOT / "systemd/udev/60-yicang.rules").read_text()
    assert 'GROUP="dialout"' in rules
    assert 'KERNEL=="gpiochip*", GROUP="gpio"' in rules
    assert hub["SupplementaryGroups"] == []
    assert hub["PrivateDevices"] == ["yes"]


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_the_page_on_running_names_each_file(unit: Path) -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert unit.stem in page
    for path in (ROOT / "systemd").glob("*/*"):
        assert f"systemd/{path.relative_to(ROOT / 'systemd')}" in page


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_a_service_is_kept_from_what_it_does_not_need(unit: Path) -> None:
    told = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))
    assert told.returncode == 0, told.stdout[-2000:]


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    here = tmp_path / unit.name
    program = shutil.which("yicang", path=Path(sys.executable).parent) or "/bin/true"
    here.write_text(unit.read_text(encoding="utf-8").replace(PROGRAM, program), encoding="utf-8")
    told = analyze("verify", "--man=no", str(here))
    ours = [line for line in told.stderr.splitlines() if unit.name in line]
    assert ours == []


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"},
    )
