"""A kiosk on a Debian that systemd runs, from its card on: its units under their real restrictions,
a scanner, a stick, the Wi-Fi, a release that does not work.

One machine, and the tests in this order: a card, then a stop's kiosk.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from provisioning.card import files
from provisioning.render import merge
from provisioning.updates.progress import Phase, Result
from provisioning.updates.state import load
from tests.support import people
from tests.support.processes import ROOT, run, until
from tests.support.release_site import Checkout
from tests.support.releases import Signer
from tests.support.systemd_root import DEVICES, Machine

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("mmdebstrap") is None or not Path("/dev/loop0").exists(),
        reason="builds a Debian: needs root, mmdebstrap and loop devices",
    ),
]
DEBIANS: Final = {"bookworm": "debian12", "trixie": "debian13"}
"""Each Debian with the releases that are made for it."""
KIOSK: Final = "yicang-kiosk.service"
UPDATE: Final = "yicang-update.service"
BROUGHT: Final = "yicang-hub-backup.timer"
ITS: Final = "yicang-hub-backup.service"
"""These stand for units that a later release brings: they are in every one, and in no kiosk's
list."""
PROGRAM: Final = "/opt/yicang/current/.venv/bin/yicang"
STATE: Final = "/var/lib/yicang/kiosk"

SCANNER: Final = """
import os, pty, shutil, tty
device, host = pty.openpty()
tty.setraw(host)
shutil.chown(os.ttyname(host), "yicang-kiosk", "yicang-kiosk")  # udev's part
os.symlink(os.ttyname(host), "/dev/scanner")
for line in iter(open(os.open("/run/scans", os.O_RDWR)).readline, ""):
    os.write(device, line.strip().encode() + b"\\r")
"""
"""The device's end of a serial scanner; what is written into the pipe /run/scans was scanned."""

WIFI: Final = (
    "nmcli -t -f PERMISSION,VALUE general permissions; nmcli radio wifi on && echo radio;"
    " nmcli connection add type dummy ifname dummy0 con-name yicang-wifi && echo added;"
    " nmcli connection delete id yicang-wifi && echo deleted; nmcli general hostname x || echo no"
)


class CardMade:
    """A machine that a card has made a kiosk of: the first boot is over."""

    def __init__(self, folder: Path, suite: str) -> None:
        self.signer: Final = Signer(folder / "person")
        self.checkout: Final = Checkout(folder / "checkout")
        self.target: Final = DEBIANS[suite]
        self.dist: Final = folder / "dist"
        self.machine: Final = Machine(
            folder / "machine", suite, packages=DEVICES, ours=False, udev=True
        )
        boot = self.machine.root / files.BOOT.lstrip("/")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "yicang", "provision", "card", "--out", str(boot)),
                *("--release", str(self.build()), "--keys", str(self.signer.folder)),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        for file in msgspec.yaml.decode((boot / "user-data").read_text())["write_files"]:
            self.path(file["path"]).parent.mkdir(parents=True, exist_ok=True)
            self.path(file["path"]).write_text(file["content"])

    def build(self) -> Path:
        """A release of the checkout's last commit."""
        return self.checkout.build(self.dist, self.signer.private, target=self.target)

    def path(self, path: str) -> Path:
        """A path of the machine's, as seen from here; nothing below /run, /dev or /tmp."""
        return self.machine.root / path.lstrip("/")

    def ask(self, *words: str, deadline_s: float = 120.0) -> str:
        """What a command in there says, once it is done."""
        done = self.machine.run(*words, deadline_s=deadline_s)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.ask("systemctl", "show", "--property", name, "--value", unit).strip()

    def is_active(self, unit: str) -> bool:
        return self.machine.run("systemctl", "is-active", "--quiet", unit).returncode == 0

    def log(self, unit: str) -> str:
        return self.ask("journalctl", "--boot", "--output=cat", "--no-pager", "--unit", unit)

    def facts(self) -> dict[str, object]:
        """What the kiosk tells the updater; empty while it tells nothing."""
        told = self.machine.run("cat", "/run/yicang-kiosk/facts.json").stdout
        return dict(json.loads(told)) if told else {}


@pytest.fixture(scope="module", params=DEBIANS)
def card(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CardMade]:
    made = CardMade(tmp_path_factory.mktemp(request.param), request.param)
    with made.machine:
        first = made.machine.run("systemctl", "enable", "--now", files.UNIT, deadline_s=300)
        assert first.returncode == 0, made.log(files.UNIT)
        yield made


@pytest.fixture(scope="module")
def kiosk(card: CardMade) -> CardMade:
    """The same machine as a stop's kiosk, with a scanner; its hub is not in reach."""
    local = run("provision", "local", "--data", str(card.dist / "local"))
    assert local.returncode == 0, local.stderr
    state = card.path(STATE)
    shutil.copyfile(card.dist / "local/kiosk/identity.json", state / "identity.json")
    settings = {
        "kiosk": "kiosk-1",
        "stop_zh": "一号义仓",
        "stop_en": "Stop 1",
        "hub_url": "http://127.0.0.1:8080",
        "scanners": ["serial:/dev/scanner", "screen:"],
        "printers": [f"file:{STATE}/paper.bin"],
    }
    merge(state / "kiosk.toml", settings, "test")
    card.ask("chown", "-R", "yicang-kiosk:yicang-kiosk", STATE)
    card.path("/root/scanner.py").write_text(SCANNER)
    card.ask("mkfifo", "/run/scans")
    card.ask("systemd-run", "--quiet", "--unit=scanner", "python3", "/root/scanner.py")
    until(
        "it is plugged in", lambda: card.machine.run("test", "-e", "/dev/scanner").returncode == 0
    )
    card.ask("systemctl", "restart", KIOSK)
    return card


# --- from the card --------------------------------------------------------------------------------


def test_a_card_makes_a_kiosk_that_waits_to_be_set_up(card: CardMade) -> None:
    until("the kiosk runs", lambda: card.is_active(KIOSK))
    assert "a kiosk that is to be set up is ready" in card.log(KIOSK)
    assert card.show(KIOSK, "User") == "yicang-kiosk"
    process = card.show(KIOSK, "MainPID")
    owner = card.ask("stat", "--format=%U", f"/proc/{process}").strip()
    assert owner == "yicang-kiosk"
    for unit in ("yicang-reboot.path", "yicang-update.timer"):
        assert card.is_active(unit), unit
    for unit in (
        KIOSK,
        "yicang-reboot.path",
        "yicang-update.timer",
        "yicang-update-recover.service",
    ):
        assert card.ask("systemctl", "is-enabled", unit).strip() == "enabled"
    assert card.ask("systemctl", "--failed", "--plain", "--no-legend").strip() == ""
    fragment = card.show(KIOSK, "FragmentPath")
    assert str(card.path(fragment).readlink()) == f"/opt/yicang/current/systemd/{KIOSK}"


def test_it_says_that_it_lives_to_the_watchdog(card: CardMade) -> None:
    assert card.show(KIOSK, "Type") == "notify"
    assert card.show(KIOSK, "WatchdogUSec") == "1min"
    first = card.show(KIOSK, "WatchdogTimestampMonotonic")
    until("it is heard", lambda: card.show(KIOSK, "WatchdogTimestampMonotonic") != first)


def test_what_it_logs_is_json_and_bounded(card: CardMade) -> None:
    until("the kiosk runs", lambda: card.is_active(KIOSK))
    process = f"_PID={card.show(KIOSK, 'MainPID')}"
    told = until("it logs", lambda: card.ask("journalctl", "-o", "cat", process))
    lines = told.splitlines()
    assert all(json.loads(line)["message"] for line in lines)
    *_, limit = re.findall(r"System Journal .* max ([\d.]+)M", card.log("systemd-journald"))
    assert float(limit) == 200, "journald.conf.d is in force"


def test_it_is_as_closed_as_it_was_computed_to_be(card: CardMade) -> None:
    told = card.ask("systemd-analyze", "security", "--no-pager", "--threshold=15", KIOSK)
    [exposure] = re.findall(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert float(exposure) <= 1.5
    process = card.show(KIOSK, "MainPID")
    status = card.ask("cat", f"/proc/{process}/status")
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)


def test_pauses_grow_where_systemd_knows_how(card: CardMade) -> None:
    version = int(re.findall(r"systemd (\d+)", card.ask("systemctl", "--version"))[0])
    grows = "RestartSteps=8" in card.ask("systemctl", "show", KIOSK)
    assert grows is (version >= 254)


def test_every_rule_for_devices_is_understood(card: CardMade) -> None:
    rules = sorted(path.name for path in card.path("/etc/udev/rules.d").iterdir())
    assert {"60-yicang.rules", "90-yicang-sticks.rules", "99-yicang.rules"} <= set(rules)
    if "verify" in card.ask("udevadm", "--help"):  # from systemd 254 on
        told = card.machine.run(
            "udevadm", "verify", *(f"/etc/udev/rules.d/{name}" for name in rules)
        )
        assert told.returncode == 0, told.stdout + told.stderr
    tried = card.machine.run("udevadm", "test", "/sys/class/mem/null")
    said = [line for line in (tried.stdout + tried.stderr).splitlines() if "yicang" in line]
    assert any("99-yicang.rules" in line for line in said), tried.stderr
    complaints = ("nvalid", "nknown", "gnoring", "ailed")
    assert [line for line in said if any(word in line for word in complaints)] == []


# --- as a stop's kiosk ----------------------------------------------------------------------------


def test_what_is_scanned_is_kept_and_outlives_a_kill(kiosk: CardMade) -> None:
    until(
        "it has its scanner", lambda: kiosk.facts().get("devices") == {"printer": 1, "scanner": 2}
    )
    before = int(str(kiosk.facts()["backlog"]))
    kiosk.ask("sh", "-c", f"echo '{people.RICE}' > /run/scans")
    kept = int(until("it is kept", lambda: more_than(kiosk, before)))
    until("its label is out", lambda: kiosk.path(f"{STATE}/paper.bin").stat().st_size > 0)

    first = kiosk.show(KIOSK, "MainPID")
    kiosk.ask("systemctl", "kill", "--signal=KILL", KIOSK)
    until("another runs", lambda: kiosk.show(KIOSK, "MainPID") not in ("0", first))
    until("it is back", lambda: kiosk.is_active(KIOSK))
    until("nothing is lost", lambda: more_than(kiosk, kept - 1))
    assert kiosk.show(KIOSK, "NRestarts") == "1"


def test_it_opens_no_disk(kiosk: CardMade) -> None:
    """The device policy is not on paper alone: asked with the unit's own words."""
    words = [
        f"--property={line}"
        for line in (ROOT / "systemd" / KIOSK).read_text(encoding="utf-8").splitlines()
        if line.startswith(("DevicePolicy=", "DeviceAllow="))
    ]
    for path, opens in (
        ("/dev/scanner", True),
        ("/dev/loop0", False),
        ("/dev/loop-control", False),
    ):
        run_in = ("systemd-run", "--wait", "--quiet", *words)
        opened = kiosk.machine.run(*run_in, "sh", "-c", f"<{path}")
        assert (opened.returncode == 0) is opens, path


def test_it_may_join_a_wifi_and_do_nothing_besides_to_the_network(kiosk: CardMade) -> None:
    until("NetworkManager runs", lambda: kiosk.is_active("NetworkManager.service"))
    said = as_the_kiosk(kiosk, WIFI)
    allowed = set(re.findall(r"^(\S+):yes$", said, re.MULTILINE))
    network = "org.freedesktop.NetworkManager."
    assert {name.removeprefix(network) for name in allowed} == {
        "enable-disable-wifi",
        "network-control",
        "settings.modify.system",
        "wifi.scan",
    }
    assert {"radio", "added", "deleted", "no"} <= set(said.split())


def test_a_stick_is_mounted_for_it_written_and_let_go_of(kiosk: CardMade) -> None:
    image = kiosk.path("/srv/stick.img")
    with image.open("wb") as file:
        file.truncate(16 << 20)
    kiosk.ask("mkfs.ext4", "-q", "/srv/stick.img")
    loop = kiosk.ask("losetup", "--find", "--show", "/srv/stick.img").strip()
    name = Path(loop).name
    try:
        rule = f'SUBSYSTEM=="block", KERNEL=="{name}", ENV{{ID_BUS}}="usb"\n'
        kiosk.path("/etc/udev/rules.d/70-test.rules").write_text(rule)
        kiosk.ask("udevadm", "control", "--reload")
        kiosk.ask("udevadm", "trigger", "--action=add", loop)
        unit = f"yicang-stick@{name}.service"
        until("it is held", lambda: kiosk.log(unit))
        until("it is let go of", lambda: "Deactivated successfully" in kiosk.log(unit))
        assert kiosk.ask("ls", "/run/yicang/sticks") == ""
        assert f" /run/yicang/sticks/{name} " not in kiosk.ask("cat", "/proc/mounts")
        kiosk.ask("mount", loop, "/mnt")
        found = kiosk.ask("stat", "--format=%a %U %s", *bundles(kiosk)).split()
        kiosk.ask("umount", "/mnt")
        assert found[:2] == ["644", "yicang-kiosk"]
        assert int(found[2]) > 1000
    finally:
        kiosk.machine.run("losetup", "--detach", loop)


def test_a_release_that_does_not_work_is_left_again(kiosk: CardMade) -> None:
    kiosk.checkout.commit("kiosk/__main__.py", "def _run(start", "def _never_run(start")
    listed = "yicang-reboot.service\n"
    kiosk.checkout.commit("systemd/kiosk.units", listed, f"{listed}{BROUGHT} now\n{ITS}\n")
    account = "u yicang-hub "
    kiosk.checkout.commit("systemd/sysusers.d/yicang.conf", account, f"u weigh -\n{account}")
    bad = kiosk.build()
    had = links(kiosk)
    shutil.copyfile(bad, kiosk.path("/srv/bad.yrel"))
    in_use = kiosk.path("/opt/yicang/current").readlink()
    kept = int(str(kiosk.facts()["backlog"]))
    until("no update runs", lambda: kiosk.show(UPDATE, "ActiveState") == "inactive")
    by_hand = (PROGRAM, "update", "install", "--force", "/srv/bad.yrel")
    kiosk.ask("systemd-run", "--quiet", "--unit=by-hand", *by_hand)
    state = kiosk.path("/var/lib/yicang/update/state.json")
    until("it is begun", lambda: load(state).phase is Phase.UNPACKING)
    kiosk.ask("systemctl", "kill", "--signal=KILL", "by-hand.service")  # the plug is pulled

    kiosk.ask("systemctl", "start", UPDATE, deadline_s=240)
    after = load(state)
    assert (after.result, after.result_reason) == (Result.REVERTED, "crashes"), kiosk.log(UPDATE)
    assert kiosk.path("/opt/yicang/current").readlink() == in_use
    until("the kiosk is back", lambda: kiosk.is_active(KIOSK))
    until("nothing is lost", lambda: more_than(kiosk, kept - 1))
    assert "Started" in kiosk.log(BROUGHT), "what it brought was there with it"
    assert kiosk.machine.run("systemctl", "cat", BROUGHT).returncode != 0
    assert links(kiosk) == had
    assert "weigh" in kiosk.ask("id", "weigh"), "an account stays: files may be its own"
    said = kiosk.ask(PROGRAM, "update", "status")
    assert "tried and left again" in said
    kiosk.ask("systemctl", "start", "yicang-update-recover.service")
    kiosk.ask("systemctl", "start", "yicang-update-fetch.service")


def test_what_was_lost_of_its_units_comes_back_by_one_command_while_it_runs(
    kiosk: CardMade,
) -> None:
    had = links(kiosk)
    runs = kiosk.show(KIOSK, "MainPID")
    kiosk.ask("systemctl", "stop", "yicang-update.timer")
    for name in ("systemd/system/yicang-update.timer", "udev/rules.d/99-yicang.rules"):
        kiosk.path(f"/etc/{name}").unlink()
    kiosk.path("/etc/systemd/system/timers.target.wants/yicang-update.timer").unlink()
    kiosk.ask("systemctl", "daemon-reload")
    assert kiosk.machine.run("systemctl", "cat", "yicang-update.timer").returncode != 0
    said = kiosk.ask(PROGRAM, "update", "apply", "--all")
    assert "linked: /etc/udev/rules.d/99-yicang.rules" in said
    assert links(kiosk) == had
    until("the timer runs", lambda: kiosk.is_active("yicang-update.timer"))
    assert kiosk.show(KIOSK, "MainPID") == runs, "nobody at the kiosk notices"


def test_the_machine_starts_anew_when_the_kiosk_asks(kiosk: CardMade) -> None:
    failed = kiosk.ask("systemctl", "list-units", "--failed", "--plain", "--no-legend", "yicang-*")
    assert failed.strip() == ""
    kiosk.ask("runuser", "-u", "yicang-kiosk", "--", "touch", "/run/yicang-kiosk/reboot")
    until("it goes down", lambda: kiosk.machine.is_off, deadline_s=90)


def more_than(kiosk: CardMade, events: int) -> int:
    """How many events the hub lacks, when they are more than ``events``."""
    found = int(str(kiosk.facts().get("backlog", 0)))
    return found if found > events else 0


def links(kiosk: CardMade) -> dict[str, Path]:
    """Every link of the machine's to what the release brings, with where it leads."""
    etc = kiosk.path("/etc")
    found = {str(path): path.readlink() for path in etc.rglob("*") if path.is_symlink()}
    return {path: to for path, to in found.items() if "yicang" in path}


def as_the_kiosk(kiosk: CardMade, script: str) -> str:
    """What a script says that runs with the kiosk's rights and restrictions."""
    unit = (ROOT / "systemd" / KIOSK).read_text(encoding="utf-8")
    kept = [
        line
        for line in unit.splitlines()
        if not re.match(r"(Type|NotifyAccess|ExecStart|Watchdog|Restart|RuntimeDir|Wanted)", line)
    ]
    kiosk.path("/srv/script.sh").write_text(script)
    text = "\n".join(kept).replace(
        "[Service]", "[Service]\nType=oneshot\nExecStart=/bin/sh /srv/script.sh"
    )
    kiosk.path("/etc/systemd/system/as-the-kiosk.service").write_text(text)
    kiosk.ask("systemctl", "daemon-reload")
    kiosk.machine.run("systemctl", "start", "as-the-kiosk.service")
    return kiosk.ask("journalctl", "-o", "cat", "-u", "as-the-kiosk.service")


def bundles(kiosk: CardMade) -> list[str]:
    found = kiosk.ask("find", "/mnt/yicang", "-name", "*.yicang").split()
    assert len(found) == 1
    return found
