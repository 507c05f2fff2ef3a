"""A prepared card: what is on it, that cloud-init takes it, and that no secret stays on it."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.enrolling import Invitation, encode, new_code, pin
from kiosk.config import load_setup, panel_wiring
from provisioning import hub_plan
from provisioning.card import files, first_boot
from provisioning.card.files import Choices, network_config, texts, with_lines
from provisioning.updates.links import NOW, listed
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.places import Places
from tests.support.processes import ROOT
from tests.support.releases import NEW, Signer, bundle

SCHEMA = json.loads((ROOT / "tests/contract/vendor/cloud-init-22.4.2.json").read_text())
INVITATION = encode(Invitation(new_code(b"0123456789"), pin(b"hub"), "HUB.EXAMPLE", 8443))
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEIP0du7ZPjP2e9c1uB7ajnjLEYY4iJNCvEv5XQhKxD7 desk"
PASSWORD = "correct horse"
EVERYTHING = Choices(
    instance="0123",
    ssid='Home; "2"',
    password=PASSWORD,
    hidden=True,
    invitation=INVITATION,
    authorized_key=KEY,
    clock="ds3231",
    has_release=True,
)


def card(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "yicang", "provision", "card", *words],
        cwd=ROOT,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """The boot partition of a fresh card."""
    folder = tmp_path / "bootfs"
    folder.mkdir()
    (folder / "config.txt").write_text("[all]\ndtparam=audio=on\n")
    (folder / "cmdline.txt").write_text("console=tty1 root=PARTUUID=0-02\n")
    return folder


@pytest.mark.parametrize("choices", [Choices(instance="1"), EVERYTHING], ids=["bare", "everything"])
def test_cloud_init_takes_what_is_written(choices: Choices) -> None:
    made = texts(choices)
    assert made["user-data"].startswith("#cloud-config\n")
    document = msgspec.yaml.decode(made["user-data"])
    jsonschema.Draft4Validator(SCHEMA).validate(document)
    assert msgspec.yaml.decode(made["meta-data"]) == {
        "dsmode": "local",
        "instance-id": f"yicang-{choices.instance}",
    }
    network = msgspec.yaml.decode(made["network-config"])["network"]
    assert network["version"] == 2
    assert network["ethernets"] == {"eth0": {"dhcp4": True, "optional": True}}
    assert document["users"][0]["lock_passwd"] is True


def test_everything_that_was_chosen_is_on_it() -> None:
    made = texts(EVERYTHING)
    network = msgspec.yaml.decode(made["network-config"])["network"]
    assert network["wifis"]["wlan0"] == {
        "dhcp4": True,
        "optional": True,
        "regulatory-domain": "CN",
        "access-points": {'Home; "2"': {"password": PASSWORD, "hidden": True}},
    }
    document = msgspec.yaml.decode(made["user-data"])
    assert document["users"][0]["ssh_authorized_keys"] == [KEY]
    assert ["raspi-config", "nonint", "do_wifi_country", "CN"] in document["runcmd"]
    assert "dtoverlay=i2c-rtc,ds3231" in made[files.CONFIG_LINES]
    assert made[files.INVITATION].strip() == INVITATION
    [unit] = [f["content"] for f in document["write_files"] if f["path"].endswith(files.UNIT)]
    assert f"PYTHONPATH=/boot/firmware/{files.WHEEL}" in unit


def test_no_file_but_two_holds_a_secret() -> None:
    code = INVITATION.split(":")[2]
    for name, text in texts(EVERYTHING).items():
        holds = PASSWORD in text or code in text
        assert holds == (name in files.SECRET), name


@given(
    st.text(min_size=1, max_size=12),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8),
)
def test_every_name_and_password_is_yaml_that_says_just_that(name: str, password: str) -> None:
    network = msgspec.yaml.decode(
        network_config(Choices(instance="1", ssid=name, password=password))
    )["network"]
    assert network["wifis"]["wlan0"]["access-points"] == {name: {"password": password}}


@pytest.mark.parametrize("name", ["no", "null", "Yes", "1e3", "0x10", "~", "- a", "#", "a: b", "{"])
def test_a_wifi_may_be_called_what_yaml_takes_for_something_else(name: str) -> None:
    test = network_config(Choices(instance="1", ssid=name))
    points = msgspec.yaml.decode(test)["network"]["wifis"]["wlan0"]["access-points"]
    assert points == {name: {}}


def test_the_settings_on_the_card_are_those_of_a_kiosk_to_be_set_up(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(texts(Choices(instance="1", timezone="Asia/Urumqi"))[files.SETTINGS])
    config = load_setup(path)
    assert (config.kiosk, config.timezone) == ("not-enrolled", "Asia/Urumqi")
    assert config.panel == "none:"


def test_a_card_for_a_kiosk_with_lights_has_them_on_from_the_first_minute(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(texts(Choices(instance="1", lights=True))[files.SETTINGS])
    config = load_setup(path)
    assert config.panel == "gpio:"
    assert panel_wiring(config) is not None


def test_lines_for_the_clock_are_put_in_once_and_taken_out_again() -> None:
    config = "[all]\ndtparam=audio=on\n"
    once = with_lines(config, files.config_lines("ds3231"))
    assert with_lines(once, files.config_lines("ds3231")) == once
    other = with_lines(once, files.config_lines("pi5"))
    assert "i2c-rtc" not in other
    assert "rtc_bbat_vchg" in other
    assert with_lines(other, ()).rstrip() == config.rstrip()


# --- the command ----------------------------------------------------------------------------------


def test_a_card_is_written_with_its_release(tmp_path: Path, boot: Path) -> None:
    signer = Signer(tmp_path / "signer")
    name = "wheels/yicang_stop-0.1.0-py3-none-any.whl"
    release = bundle(tmp_path / "new.yrel", signer, 1, {name: b"a wheel"})
    words = ("--boot", str(boot), "--release", str(release), "--keys", str(signer.folder))
    done = card(*words, "--wifi", "Home", "--wifi-password-stdin", "--clock", "pi5", said=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert (boot / files.RELEASE).read_bytes() == release.read_bytes()
    assert str(boot / files.RELEASE) in done.stdout.splitlines()
    assert (boot / files.WHEEL).read_bytes() == b"a wheel"
    assert (boot / "yicang/release-keys/release.pem").exists()
    assert "rtc_bbat_vchg" in (boot / "config.txt").read_text()
    assert "dtparam=audio=on" in (boot / "config.txt").read_text()
    assert PASSWORD not in done.stdout + done.stderr
    again = card(*words)
    assert again.returncode == 0, again.stderr
    assert PASSWORD not in (boot / "network-config").read_text()


def test_a_card_brings_along_what_a_scanner_that_types_is_read_by(
    tmp_path: Path, boot: Path
) -> None:
    package = tmp_path / "python3-evdev_1.9.1_arm64.deb"
    package.write_bytes(b"!<arch>\ndebian-binary   0           0     0     100644  4         `\n")
    assert card("--boot", str(boot), "--package", str(package)).returncode == 0
    there = boot / files.PACKAGES / package.name
    assert there.read_bytes() == package.read_bytes()
    assert card("--boot", str(boot)).returncode == 0
    assert not there.exists(), "what this card was not given, it does not keep"

    package.write_bytes(b"<html>not found</html>")
    refused = card("--boot", str(boot), "--package", str(package))
    assert refused.returncode == 2
    assert "is no Debian package" in refused.stderr


def test_a_release_that_nobody_here_trusts_is_refused(tmp_path: Path, boot: Path) -> None:
    release = bundle(tmp_path / "new.yrel", Signer(tmp_path / "somebody"), 1)
    trusted = Signer(tmp_path / "ours").folder
    done = card("--boot", str(boot), "--release", str(release), "--keys", str(trusted))
    assert done.returncode == 2
    assert "not trusted" in done.stderr
    assert not (boot / "user-data").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "one of --boot and --out"),
        (("--boot", "EMPTY"), "no boot partition"),
        (("--out", "OUT", "--wifi", "x" * 33), "at most 32 bytes"),
        (("--out", "OUT", "--wifi", "Home", "--wifi-password-stdin"), "8 to 63"),
        (("--out", "OUT", "--wifi-password-stdin"), "needs --wifi"),
        (("--out", "OUT", "--invitation", INVITATION[:-8] + "9"), "copy the whole line"),
        (("--out", "OUT", "--hostname", "Not A Name"), "--hostname"),
        (("--out", "OUT", "--timezone", "Asia/Nowhere"), "no such time zone"),
        (("--out", "OUT", "--country", "China"), "--country"),
        (("--out", "OUT", "--authorized-key", "README.md"), "public SSH key"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "empty").mkdir()
    there = {"EMPTY": str(tmp_path / "empty"), "OUT": str(tmp_path / "out")}
    done = card(*(there.get(word, word) for word in words))
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_dry_run_shows_everything_but_the_secrets_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = card(
        *("--out", str(out), "--wifi", "Home", "--wifi-password-stdin", "--dry-run"),
        *("--invitation", INVITATION),
        said=PASSWORD,
    )
    assert done.returncode == 0, done.stderr
    assert not out.exists()
    assert "user-data" in done.stdout
    assert PASSWORD not in done.stdout
    assert INVITATION not in done.stdout


# --- the first boot -------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine that has a release, and cloud-init's copies of what it read."""
    places = Places(tmp_path / "root")
    release = places.release(NEW)
    shutil.copytree(ROOT / "systemd", release / "systemd")
    places.link(CURRENT, NEW)
    places.link(CONFIRMED, NEW)
    for copy in (
        "var/lib/cloud/seed/nocloud/network-config",
        "var/lib/cloud/instances/yicang-1/network-config.json",
        "var/lib/cloud/instances/yicang-1/obj.pkl",
        "var/log/cloud-init.log",
    ):
        (places.root / copy).parent.mkdir(parents=True, exist_ok=True)
        (places.root / copy).write_text(f'password: "{PASSWORD}"\n')
    (places.root / "var/lib/cloud/instance").symlink_to("instances/yicang-1")
    return places.root


def prepare(boot: Path) -> None:
    done = card(
        *("--boot", str(boot), "--wifi", "Home", "--wifi-password-stdin"),
        *("--invitation", INVITATION),
        said=PASSWORD,
    )
    assert done.returncode == 0, done.stderr


def secrets_below(*folders: Path) -> list[Path]:
    code = INVITATION.split(":")[2]
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
        and (PASSWORD.encode() in path.read_bytes() or code.encode() in path.read_bytes())
    ]


def test_after_the_first_boot_no_secret_is_on_the_card_and_the_kiosk_has_its_code(
    boot: Path, root: Path
) -> None:
    prepare(boot)
    assert secrets_below(boot)
    assert first_boot.first_boot(boot, root, machine=False) == NEW
    state = root / first_boot.STATE
    assert secrets_below(boot, root) == [state / "invitation.txt"]
    assert (state / "invitation.txt").read_text().strip() == INVITATION
    assert (state / "invitation.txt").stat().st_mode & 0o777 == 0o600
    assert load_setup(state / "kiosk.toml").kiosk == "not-enrolled"
    assert (root / "etc/cloud/cloud-init.disabled").exists()
    assert (root / first_boot.DONE).read_text() == f"{NEW}\n"
    network = msgspec.yaml.decode((boot / "network-config").read_text())
    assert network["network"]["ethernets"], "a cable still works"


def test_a_first_boot_that_is_done_twice_takes_nothing_from_the_kiosk(
    boot: Path, root: Path
) -> None:
    prepare(boot)
    first_boot.first_boot(boot, root, machine=False)
    state = root / first_boot.STATE
    (state / "kiosk.toml").write_text('kiosk = "willow-k1"\n')
    (state / "invitation.txt").unlink()
    (boot / files.INVITATION).write_text(INVITATION)  # as if the power had gone before it was wiped
    first_boot.first_boot(boot, root, machine=False)
    assert (state / "kiosk.toml").read_text() == 'kiosk = "willow-k1"\n'
    assert secrets_below(boot, root) == []


def test_a_kiosk_has_every_unit_that_is_not_the_hubs() -> None:
    units = {path.name for path in (ROOT / "systemd").glob("yicang-*.*") if path.is_file()}
    hubs = {
        name
        for name in units
        if name.startswith(("yicang-hub", "yicang-broker", "yicang-cert", "yicang-update-hub"))
    }
    assert set(listed(ROOT, "kiosk") or ()) == units - hubs
    assert set(listed(ROOT, "hub") or ()) == hubs


def test_what_makes_a_hub_links_and_starts_what_its_list_says() -> None:
    found = listed(ROOT, "hub") or {}
    assert sorted(found) == sorted(hub_plan.LINKED)
    assert {name for name, start in found.items() if start} == set(hub_plan.WANTED)
    assert {name for name, start in found.items() if start == NOW} == set(hub_plan.STARTED)


def test_what_a_kiosk_has_of_a_release_follows_the_release_in_use(boot: Path, root: Path) -> None:
    prepare(boot)
    first_boot.first_boot(boot, root, machine=False)
    etc, release = root / "etc", "/opt/yicang/current/systemd"
    typed = root / "usr/local/bin/yicang"
    assert str(typed.readlink()) == "/opt/yicang/current/.venv/bin/yicang"
    for link, source in {
        "polkit-1/rules.d/50-yicang-network.rules": "polkit/50-yicang-network.rules",
        "systemd/journald.conf.d/yicang.conf": "journald.conf.d/yicang.conf",
        "systemd/system/yicang-kiosk.service": "yicang-kiosk.service",
        "sysusers.d/yicang.conf": "sysusers.d/yicang.conf",
        "tmpfiles.d/yicang.conf": "tmpfiles.d/yicang.conf",
        "udev/rules.d/99-yicang.rules": "udev/99-yicang.rules",
    }.items():
        assert str((etc / link).readlink()) == f"{release}/{source}"
    assert not (etc / "systemd/system/yicang-hub.service").is_symlink()
    wants = sorted(etc.glob("systemd/system/*.wants/*"))
    assert {path.name for path in wants} == {
        "yicang-kiosk.service",
        "yicang-reboot.path",
        "yicang-update-recover.service",
        "yicang-update.timer",
    }  # udev starts yicang-stick@.service, and others are started by these
    # A path with the release's name in it would lead nowhere once that release is taken away.
    assert {path.readlink() for path in wants} == {
        Path("/etc/systemd/system") / path.name for path in wants
    }


@pytest.mark.parametrize(("version", "linked"), [(252, False), (257, True)])
def test_growing_pauses_are_for_a_systemd_that_knows_them(
    boot: Path, root: Path, version: int, linked: bool
) -> None:
    library = root / f"usr/lib/aarch64-linux-gnu/systemd/libsystemd-shared-{version}.so"
    library.parent.mkdir(parents=True)
    library.touch()
    prepare(boot)
    first_boot.first_boot(boot, root, machine=False)
    link = root / "etc/systemd/system/yicang-.service.d/back-off.conf"
    assert link.is_symlink() is linked


def test_the_first_boot_needs_nothing_but_python(tmp_path: Path) -> None:
    wheel = tmp_path / "yicang_stop.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for package in ("contract", "drivers", "kiosk", "provisioning"):
            for path in sorted((ROOT / package).rglob("*.py")):
                archive.write(path, path.relative_to(ROOT))
    done = subprocess.run(
        [sys.executable, "-S", "-m", "provisioning.card.first_boot", "--help"],
        env={"PYTHONPATH": str(wheel)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert "--boot" in done.stdout
