"""The service files: they name commands that exist, accounts that are made, and folders those own,
they keep a service from whatever it does not need, and they never give up."""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.processes import ROOT, run

SYSTEMD = ROOT / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
NAMES = [unit.stem for unit in UNITS]
LASTING = [unit for unit in UNITS if "Type=oneshot" not in unit.read_text(encoding="utf-8")]
OTHERS = sorted(path for kind in ("socket", "path", "timer") for path in SYSTEMD.glob(f"*.{kind}"))
BROKER = SYSTEMD / "mosquitto.service.d" / "yicang.conf"
PROGRAM = "/opt/yicang/current/.venv/bin/yicang"
MOST_EXPOSED = 15
"""Tenths of the ten points of `systemd-analyze security`."""

DEBIANS_BROKER = """\
[Unit]
Description=Mosquitto MQTT Broker
After=network.target
Wants=network.target

[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
"""
"""mosquitto.service of Debian 12 and 13, without the lines that the drop-in takes out."""

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
    text = (SYSTEMD / path).read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def test_there_is_a_unit_for_each_part() -> None:
    assert {
        "yicang-broker",
        "yicang-certificates",
        "yicang-hub",
        "yicang-hub-backup",
        "yicang-hub-ingest",
        "yicang-hub-project",
        "yicang-hub-web",
        "yicang-kiosk",
    } <= set(NAMES)


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_a_service_starts_commands_that_exist(unit: Path) -> None:
    for command in settings(unit)["ExecStart"]:
        program, *words = command.split()
        if program != PROGRAM:
            assert program.startswith(("/bin/", "/usr/bin/", "/opt/yicang/")), command
            continue
        options = [word for word in words if word.startswith("--")]
        wanted = [word for word in words if not word.startswith(("-", "/")) and word != "4"]
        told = run(*wanted, "--help")
        assert told.returncode == 0, told.stderr
        shown = {"--when-configured", "--renew"}  # for timers alone
        assert [option for option in options if option not in told.stdout] == [
            option for option in options if option in shown
        ]


@pytest.mark.parametrize("unit", LASTING, ids=lambda unit: unit.stem)
def test_a_service_that_lasts_is_watched_and_comes_back_for_ever(unit: Path) -> None:
    found = settings(unit)
    assert found["Type"] == ["notify"]
    assert len(found["WatchdogSec"]) == 1
    assert found["Restart"] == ["always"]
    assert found["StartLimitIntervalSec"] == ["0"]
    assert int(found["RestartSec"][0]) >= 2


@pytest.mark.parametrize("unit", [*UNITS, *OTHERS], ids=lambda unit: unit.name)
def test_nothing_waits_for_a_network_or_the_time(unit: Path) -> None:
    found = settings(unit)
    order = " ".join(found[key][0] for key in ("After", "Wants", "Requires") if found[key])
    assert not re.search(r"network|time-sync|time-set|nss-lookup", order)


@pytest.mark.parametrize("unit", LASTING, ids=lambda unit: unit.stem)
def test_a_service_writes_only_the_folder_that_its_own_account_has(unit: Path) -> None:
    found = settings(unit)
    (user,) = found["User"]
    assert found["Group"] == [user]
    assert user in [row[1] for row in rows("sysusers.d/yicang.conf") if row[0] == "u"]
    (folder,) = found["StateDirectory"]
    assert found["StateDirectoryMode"] == ["0700"]
    assert found["WorkingDirectory"] == [f"/var/lib/{folder}"]
    folders = {row[1]: row[2:5] for row in rows("tmpfiles.d/yicang.conf")}
    assert folders[f"/var/lib/{folder}"] == ["0700", user, user]
    besides = {
        "yicang-kiosk": "-/var/lib/yicang/update/incoming -/run/yicang/sticks",
        "yicang-hub": "-/var/lib/yicang/broker",
    }
    assert found["ReadWritePaths"] == [besides[user]]


def test_no_account_of_ours_is_in_a_group_of_the_machines() -> None:
    kinds = {row[0] for row in rows("sysusers.d/yicang.conf")}
    assert kinds == {"u"}
    for unit in UNITS:
        assert settings(unit)["SupplementaryGroups"] == []


def test_the_kiosk_alone_may_open_devices_and_of_those_only_what_udev_gives_it() -> None:
    kiosk = settings(SYSTEMD / "yicang-kiosk.service")
    assert kiosk["DevicePolicy"] == ["closed"]
    for kind in ("ttyACM", "ttyUSB", "usb", "usb_device", "input", "gpiochip", "alsa"):
        assert f"char-{kind} rw" in kiosk["DeviceAllow"]
    assert "AF_NETLINK" in kiosk["RestrictAddressFamilies"][0]  # udev's events
    assert settings(SYSTEMD / "yicang-hub.service")["PrivateDevices"] == ["yes"]
    given = [
        line
        for line in (SYSTEMD / "udev/99-yicang.rules").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert all('GROUP="yicang-kiosk", MODE="0660"' in line for line in given)
    rules = "\n".join(given)
    for subsystem in ("tty", "input", "usb", "usbmisc", "gpio", "sound"):
        assert f'SUBSYSTEM=="{subsystem}"' in rules
    (typing,) = [line for line in given if '"input"' in line]
    assert 'ENV{ID_INPUT_KEYBOARD}=="1"' in typing  # no mouse, no touch screen
    assert 'ENV{ID_BUS}=="usb|bluetooth"' in typing  # no power button
    (sound,) = [line for line in given if '"sound"' in line]
    assert "D[0-9]*p" in sound  # p plays, c records
    assert "D[0-9]*c" not in sound


def test_debian_12_is_not_given_words_that_its_systemd_does_not_know() -> None:
    newer = ("RestartSteps=", "RestartMaxDelaySec=")
    holding = [
        path.relative_to(SYSTEMD).as_posix()
        for path in SYSTEMD.rglob("*")
        if path.is_file() and any(word in path.read_text(encoding="utf-8") for word in newer)
    ]
    assert holding == ["yicang-.service.d/back-off.conf"]


def test_the_page_on_running_names_each_unit() -> None:
    page = "".join(
        (ROOT / "docs" / name).read_text(encoding="utf-8")
        for name in ("running.md", "fleet.md")
        if (ROOT / "docs" / name).exists()
    )
    missing = [path.name for path in (*UNITS, *OTHERS) if path.name not in page]
    assert missing == []


def test_logs_are_bounded() -> None:
    found = settings(SYSTEMD / "journald.conf.d" / "yicang.conf")
    assert found["SystemMaxUse"] == ["200M"]
    assert found["SystemKeepFree"]


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_a_service_is_kept_from_what_it_does_not_need(unit: Path) -> None:
    told = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))
    assert told.returncode == 0, told.stdout[-2000:]


@needs_systemd
def test_the_broker_is_kept_from_what_it_does_not_need(tmp_path: Path) -> None:
    unit = tmp_path / "mosquitto.service"
    unit.write_text(DEBIANS_BROKER, encoding="utf-8")
    told = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))
    assert told.returncode != 0  # by itself it may do nearly everything
    unit.write_text(DEBIANS_BROKER + BROKER.read_text(encoding="utf-8"), encoding="utf-8")
    told = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))
    assert told.returncode == 0, told.stdout[-2000:]
    assert verified(unit) == []


@needs_systemd
@pytest.mark.parametrize("unit", [*UNITS, *OTHERS], ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    for path in (*UNITS, *OTHERS):  # a timer is looked at together with what it starts
        program = shutil.which("yicang", path=Path(sys.executable).parent) or "/bin/true"
        text = re.sub(r"/opt/yicang/\S+/bin/\S+", program, path.read_text(encoding="utf-8"))
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    assert verified(tmp_path / unit.name) == []


def verified(unit: Path) -> list[str]:
    told = analyze("verify", "--man=no", str(unit))
    return [line for line in told.stderr.splitlines() if unit.name in line]


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"},
    )
