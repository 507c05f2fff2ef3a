"""A machine becomes a hub: everything that is written, below another root, with real programs."""

import datetime as dt
import os
import pwd
import re
import shutil
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion

from hub.config import load
from provisioning.authority import Authority
from tests.support.broker import mosquitto_executable
from tests.support.ports import free_port
from tests.support.processes import run, until

STOP = "stop-1:义仓一号站:Yicang Stop 1"


def an_empty_root(folder: Path) -> Path:
    """What Debian with Mosquitto has of the files that are looked at; its version is the real
    one's."""
    told = subprocess.run([mosquitto_executable(), "-h"], capture_output=True, text=True)
    version = re.search(r"version (\S+)", told.stdout + told.stderr)
    assert version is not None
    for path, content in {
        "etc/passwd": "root:x:0:0::/root:/bin/sh\nmosquitto:x:4242:4243::/:/bin/false\n",
        "etc/group": "root:x:0:\nmosquitto:x:4243:\n",
        "var/lib/dpkg/status": f"Package: mosquitto\nStatus: install ok installed\n"
        f"Version: {version[1]}-1\n\nPackage: other\nVersion: 1\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    if shutil.which("systemd-sysusers") is None:
        for name in ("passwd", "group"):
            with (folder / "etc" / name).open("a") as table:
                table.write("yicang-hub:x:999:999::/:/bin/false\n")
    return folder


def provision(root: Path, *words: str, status: int = 0) -> str:
    told = run("provision", "hub", "--root", str(root), *words)
    assert told.returncode == status, told.stdout + told.stderr
    return told.stdout + told.stderr


def everything(root: Path) -> dict[str, tuple[object, ...]]:
    """Each path with what it is, whose, and when it was last written."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        there = path.lstat()
        found[path.relative_to(root).as_posix()] = (
            there.st_mode,
            there.st_uid,
            there.st_gid,
            there.st_mtime_ns if stat.S_ISREG(there.st_mode) else 0,
        )
    return found


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A root with a hub, and what was said while it was made."""
    root = an_empty_root(tmp_path_factory.mktemp("root"))
    return root, provision(root, "--host", "hub.example", "--host", "127.0.0.1", "--stop", STOP)


def test_the_operators_password_is_shown_once_and_the_address_is_named(
    hub: tuple[Path, str],
) -> None:
    root, said = hub
    assert "https://hub.example" in said
    assert len(re.findall(r"password \(shown this once\): \S{19}", said)) == 1
    assert not (root / "var/lib/yicang/hub/password-not-shown").exists()


def test_a_second_run_changes_nothing_and_says_so(hub: tuple[Path, str]) -> None:
    root, _ = hub
    before = everything(root / "etc") | everything(root / "var/lib/yicang")
    said = provision(root)
    assert "已经设置好，没有改动 / was set up already; nothing has changed" in said
    assert "password (shown" not in said
    after = everything(root / "etc") | everything(root / "var/lib/yicang")
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert {path for path in changed if not path.startswith((".pwd", "passwd", "group"))} == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_keys_belong_to_the_account_that_needs_them_and_to_nobody_else(
    hub: tuple[Path, str],
) -> None:
    root, _ = hub
    numbers = {
        name: int(number)
        for name, _, number, *_ in (
            line.split(":") for line in (root / "etc/passwd").read_text().splitlines()
        )
    }
    for path, owner in {
        "etc/mosquitto/yicang/server.key": "mosquitto",
        "etc/mosquitto/yicang/hub.passwd": "mosquitto",
        "var/lib/yicang/hub/authority/ca.key": "yicang-hub",
        "var/lib/yicang/hub/web.key": "yicang-hub",
        "var/lib/yicang/hub/secret.key": "yicang-hub",
        "var/lib/yicang/hub/hub.toml": "yicang-hub",
        "var/lib/yicang/hub/hub.sqlite3": "yicang-hub",
    }.items():
        there = (root / path).stat()
        assert (path, stat.S_IMODE(there.st_mode)) == (path, 0o600)
        assert (path, there.st_uid) == (path, numbers[owner])
    broker = (root / "var/lib/yicang/broker").stat()
    assert (stat.S_IMODE(broker.st_mode), broker.st_gid) == (0o2750, 4243)


def test_every_unit_that_is_linked_is_there(hub: tuple[Path, str]) -> None:
    root, _ = hub
    base = (root / "opt/yicang/current").readlink()
    links = [path for path in (root / "etc").rglob("*") if path.is_symlink()]
    assert len(links) > 10
    for link in links:
        target = str(link.readlink())
        if target.startswith("/etc/"):  # what a target wants
            assert (root / target.lstrip("/")).is_symlink(), target
        else:
            file = target.replace("/confirmed/", "/current/").replace(
                "/opt/yicang/current", str(base)
            )
            assert Path(file).is_file(), target
    assert (root / "opt/yicang/confirmed").readlink() == base, "what updates go back to"


def test_the_settings_of_the_hub_are_those_that_it_reads(hub: tuple[Path, str]) -> None:
    root, _ = hub
    config = load(root / "var/lib/yicang/hub/hub.toml")
    assert config.public_url == "https://hub.example"
    assert config.broker_dir == "/var/lib/yicang/broker"
    authority = Authority.open(Path(config.authority_dir))
    assert authority.signed(Path(config.tls_certificate).read_bytes())
    held = x509.load_pem_x509_certificate(Path(config.tls_certificate).read_bytes())
    names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(name.value) for name in names} == {"hub.example", "127.0.0.1"}


def test_the_real_broker_starts_on_what_was_written_and_lets_the_hub_in(
    hub: tuple[Path, str], tmp_path: Path
) -> None:
    root, _ = hub
    config = load(root / "var/lib/yicang/hub/hub.toml")
    text = (root / "etc/mosquitto/conf.d/yicang.conf").read_text(encoding="utf-8")
    hubs, kiosks = free_port(), free_port()
    for before, after in (
        ("/etc/mosquitto/yicang", f"{root}/etc/mosquitto/yicang"),
        ("/var/lib/yicang", f"{root}/var/lib/yicang"),
        ("listener 1883 ", f"listener {hubs} "),
        ("listener 8883", f"listener {kiosks} 127.0.0.1"),
    ):
        assert before in text
        text = text.replace(before, after)
    with broker_of(tmp_path, text, hubs):
        assert answer(hubs, config.mqtt_user, config.mqtt_password) == "Success"
        assert answer(hubs, config.mqtt_user, "wrong") == "Not authorized"
        assert answer(hubs, None, None) == "Not authorized"
        context = ssl.create_default_context(cafile=str(root / "etc/mosquitto/yicang/ca.pem"))
        with (
            socket.create_connection(("127.0.0.1", kiosks), timeout=10) as line,
            context.wrap_socket(line, server_hostname="127.0.0.1") as secure,
        ):
            assert secure.version() in ("TLSv1.2", "TLSv1.3")


@contextmanager
def broker_of(folder: Path, text: str, port: int) -> Iterator[None]:
    """The real broker with this configuration, as Debian's own file includes it."""
    config = folder / "mosquitto.conf"
    # Started as root it would become "mosquitto", which may not enter these folders.
    user = pwd.getpwuid(os.getuid()).pw_name
    config.write_text(f"{text}\nuser {user}\nlog_dest file {folder}/log\n", encoding="utf-8")
    process = subprocess.Popen([mosquitto_executable(), "-c", str(config)])
    try:
        until("the broker listens", lambda: process.poll() is not None or listens(port))
        assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
        yield
    finally:
        process.terminate()
        process.wait(20)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answer(port: int, user: str | None, password: str | None) -> str:
    """What the broker says to whoever connects so."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    if user is not None:
        client.username_pw_set(user, password)
    said: list[str] = []
    client.on_connect = lambda _client, _data, _flags, reason, _more: said.append(str(reason))
    client.connect("127.0.0.1", port)
    while not said:
        client.loop(0.1)
    client.disconnect()
    return said[0]


def test_a_dry_run_names_every_file_and_command_and_touches_nothing(
    hub: tuple[Path, str], tmp_path: Path
) -> None:
    made, _ = hub
    root = an_empty_root(tmp_path)
    before = everything(root)
    said = provision(root, "--host", "hub.example", "--dry-run")
    assert everything(root) == before
    assert "没有改动任何东西 / nothing was touched" in said
    missing = [
        path
        for path, facts in everything(made).items()
        if (stat.S_ISREG(int(str(facts[0]))) or stat.S_ISLNK(int(str(facts[0]))))
        and f"/{path} " not in said
        and path.startswith(("etc/mosquitto", "etc/systemd", "var/lib/yicang", "opt", "usr/local"))
    ]
    assert [path for path in missing if "hub.sqlite3" not in path and ".lock" not in path] == []
    for command in ("systemctl daemon-reload", "systemctl start yicang-hub.service"):
        assert f"run {command}" in said
    assert "PRIVATE KEY" not in said
    assert "mqtt_password" not in said


@pytest.mark.proof
def test_what_somebody_set_stays_and_a_new_address_gets_new_certificates(tmp_path: Path) -> None:
    root = an_empty_root(tmp_path)
    provision(root, "--host", "hub.example")
    settings = root / "var/lib/yicang/hub/hub.toml"
    settings.write_text(settings.read_text() + 'households = 25\ntimezone = "Asia/Urumqi"\n')
    key = (root / "var/lib/yicang/hub/authority/ca.key").read_bytes()
    password = load(settings).mqtt_password
    provision(root, "--host", "new.example", "--host", "hub.example")
    config = load(settings)
    assert (config.households, config.timezone) == (25, "Asia/Urumqi")
    assert (config.public_url, config.mqtt_password) == ("https://new.example", password)
    assert (root / "var/lib/yicang/hub/authority/ca.key").read_bytes() == key
    broker = (root / "etc/mosquitto/yicang/server.pem").read_bytes()
    assert b"BEGIN CERTIFICATE" in broker
    names = x509.load_pem_x509_certificate(broker).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(name.value) for name in names.value] == ["new.example", "hub.example"]
    assert "every certificate is good for long" in provision(root, "--renew")
    (root / "etc/mosquitto/yicang/server.pem").write_bytes(
        Authority.create("another").server(["new.example"], x509_now()).certificate
    )
    assert "server.pem" in provision(root, "--renew")
    assert Authority.open(root / "var/lib/yicang/hub/authority").signed(
        (root / "etc/mosquitto/yicang/server.pem").read_bytes()
    )


def x509_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def test_the_command_is_known_by_its_name_unless_the_name_is_taken(
    hub: tuple[Path, str], tmp_path: Path
) -> None:
    made, _ = hub
    typed = "usr/local/bin/yicang"
    assert str((made / typed).readlink()) == "/opt/yicang/current/.venv/bin/yicang"
    root = an_empty_root(tmp_path)
    (root / typed).parent.mkdir(parents=True)
    (root / typed).write_text("somebody's own")
    said = provision(root, "--host", "hub.example")
    assert f"/{typed}: 已有别的文件，保留 / something else is there, and stays" in said
    provision(root, "--uninstall")
    assert (root / typed).read_text() == "somebody's own"


def test_uninstalling_leaves_the_data_and_says_what_stays(tmp_path: Path) -> None:
    root = an_empty_root(tmp_path)
    provision(root, "--host", "hub.example")
    data = everything(root / "var/lib/yicang")
    said = provision(root, "--uninstall", "--dry-run")
    assert "nothing was touched" in said
    said = provision(root, "--uninstall")
    assert "保留 / left as they are: /var/lib/yicang" in said
    assert everything(root / "var/lib/yicang") == data
    left = [path for path in everything(root) if "yicang" in path]
    assert [one for one in left if not one.startswith("var/lib/yicang")] == ["opt/yicang"]
    provision(root, "--host", "hub.example")  # and back, on the same data


@pytest.mark.proof
def test_kiosks_that_show_certificates_still_get_in_after_a_run_that_does_not_mention_them(
    tmp_path: Path,
) -> None:
    root = an_empty_root(tmp_path)
    broker = root / "etc/mosquitto/conf.d/yicang.conf"
    settings = root / "var/lib/yicang/hub/hub.toml"
    provision(root, "--host", "hub.example")
    assert "listener 8884" not in broker.read_text()
    assert not load(settings).kiosk_certificates
    for words in (("--kiosk-certificates",), ()):
        provision(root, "--host", "hub.example", *words)
        assert "listener 8884" in broker.read_text()
        assert load(settings).kiosk_certificates
        assert load(settings).kiosk_mqtt_port == 8884


def test_uninstalling_leaves_a_kiosk_on_the_same_machine_what_it_needs(tmp_path: Path) -> None:
    root = an_empty_root(tmp_path)
    provision(root, "--host", "hub.example")
    unit = root / "etc/systemd/system/yicang-kiosk.service"
    unit.symlink_to("/opt/yicang/current/systemd/yicang-kiosk.service")
    said = provision(root, "--uninstall")
    assert "the kiosk on this machine goes on" in said
    assert (root / "opt/yicang/current").is_symlink()
    assert (root / "etc/tmpfiles.d/yicang.conf").is_symlink()
    assert (root / "usr/local/bin/yicang").is_symlink()
    assert unit.is_symlink()
    assert not os.path.lexists(root / "etc/systemd/system/yicang-hub.service")
    assert not (root / "etc/mosquitto/yicang").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--host", "hub example"), "is neither a host name nor an IP address"),
        (("--stop", "one"), "is to be id:Chinese name:English name"),
    ],
)
def test_what_makes_no_sense_is_named_before_anything_is_touched(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    root = an_empty_root(tmp_path)
    before = everything(root)
    assert told in provision(root, *words, status=2)
    assert everything(root) == before


def test_a_root_without_a_broker_is_told_what_to_type(tmp_path: Path) -> None:
    said = provision(tmp_path, "--host", "hub.example", status=2)
    assert "apt-get install --no-install-recommends mosquitto" in said
    root = an_empty_root(tmp_path)
    status = root / "var/lib/dpkg/status"
    status.write_text(re.sub(r"Version: \S+", "Version: 1.6.12-1", status.read_text(), count=1))
    assert "2.0" in provision(root, "--host", "hub.example", status=2)


def test_settings_that_cannot_be_read_and_keys_that_do_not_fit_are_left_alone(
    tmp_path: Path,
) -> None:
    root = an_empty_root(tmp_path)
    provision(root, "--host", "hub.example")
    settings = root / "var/lib/yicang/hub/hub.toml"
    good = settings.read_bytes()
    settings.write_bytes(b"database = [")
    assert "hub.toml: 读不了 / cannot be read" in provision(root, status=2)
    settings.write_bytes(good)
    key = root / "var/lib/yicang/hub/authority/ca.key"
    key.write_bytes(Authority.create("another").files().key)
    assert "belong together" in provision(root, status=2)
    assert settings.read_bytes() == good


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("systemd-tmpfiles") is None,
    reason="gives folders to accounts: needs root and systemd-tmpfiles",
)
def test_a_kiosk_on_the_same_machine_finds_its_account_and_its_folder(
    hub: tuple[Path, str],
) -> None:
    root, _ = hub
    found = (root / "var/lib/yicang/kiosk").stat()
    assert stat.S_IMODE(found.st_mode) == 0o700
    [line] = [
        line
        for line in (root / "etc/passwd").read_text(encoding="utf-8").splitlines()
        if line.startswith("yicang-kiosk:")
    ]
    assert found.st_uid == int(line.split(":")[2])


def test_a_taken_port_is_seen_also_on_a_machine_without_programs_that_list_ports() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        asked = "import sys; from provisioning.hub_facts import holder; "
        asked += "print([holder(int(port)) for port in sys.argv[1:]])"
        told = subprocess.run(
            [sys.executable, "-c", asked, str(port), str(free_port())],
            env={"PATH": "/nonexistent"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert told.stdout == "['', None]\n"
