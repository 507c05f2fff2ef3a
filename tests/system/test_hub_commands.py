"""The operator's commands, with the hub running and without, on a real database."""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import sqlalchemy as sa

from hub import db
from provisioning.render import merge
from tests.support.broker import Mosquitto
from tests.support.ports import free_ports
from tests.support.processes import Yicang, healthy, run, until
from tests.support.site import provisioned

RICE = "6901234567892"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A hub that was set up and never ran."""
    return Path(shutil.copytree(provisioned().folder, tmp_path / "data"))


@pytest.fixture(scope="module")
def with_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a key for its backups, the private one beside it; to be copied."""
    folder = tmp_path_factory.mktemp("with-key") / "all"
    make_key(Path(shutil.copytree(provisioned().folder, folder / "data")))
    return folder


@pytest.fixture(params=["running", "stopped"])
def hub(request: pytest.FixtureRequest, with_key: Path, tmp_path: Path) -> Iterator[Path]:
    """A hub with a key for its backups, running (with its broker) in one case and stopped in the
    other."""
    shutil.copytree(with_key, tmp_path, dirs_exist_ok=True)
    data = tmp_path / "data"
    if request.param == "stopped":
        yield data
        return
    mosquitto: Mosquitto = request.getfixturevalue("mosquitto")
    request.getfixturevalue("tap")  # what the hub says is held against the schemas
    with running(data, mosquitto.port):
        yield data


def running(data: Path, mqtt_port: int) -> Yicang:
    (port,) = free_ports(1)
    merge(data / "hub" / "hub.toml", {"http_port": port, "mqtt_port": mqtt_port}, "a test")
    process = Yicang("hub", "serve", "--data", str(data))
    try:
        until("the hub is ready", lambda: healthy(port))
    except AssertionError as error:
        process.signal(signal.SIGKILL)
        raise AssertionError(f"{error}\n{process.output}") from None
    return process


def command(data: Path, *words: str) -> CompletedProcess[str]:
    return run("hub", *words, "--data", str(data))


def done(data: Path, *words: str) -> str:
    result = command(data, *words)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def refused(data: Path, *words: str) -> str:
    result = command(data, *words)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


def rows(data: Path, table: sa.Table) -> list[tuple[object, ...]]:
    engine = db.open_reader(db.sqlite_url(data / "hub" / "hub.sqlite3"))
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.select(table))]
    engine.dispose()
    return found


def test_the_token_is_the_last_line_and_only_its_hash_is_kept(hub: Path) -> None:
    token = done(hub, "token", "--role", "viewer").splitlines()[-1]
    assert len(token) >= 32
    assert " " not in token
    (row,) = rows(hub, db.token)
    assert token not in row


def test_an_account_is_added_once_and_its_password_is_shown_once(hub: Path) -> None:
    shown = done(hub, "user", "add", "wang", "--role", "viewer")
    assert "password (shown this once)" in shown
    assert "there is an account" in refused(hub, "user", "add", "wang")
    assert "there is no account" in refused(hub, "user", "password", "li")
    assert "wang" in {value for row in rows(hub, db.user) for value in row}
    assert not any(shown.split()[-1] in str(row) for row in rows(hub, db.user))


def test_a_product_is_named_and_named_anew(hub: Path) -> None:
    done(hub, "product", "add", RICE, "F1", "大米", "Rice")
    done(hub, "product", "add", RICE, "F1", "东北大米", "North-eastern rice")
    listed = done(hub, "product", "list")
    assert listed.splitlines() == [f"0{RICE} F1 东北大米 / North-eastern rice"]


def test_a_mistyped_retail_code_names_nothing(hub: Path) -> None:
    assert "check digit" in refused(hub, "product", "add", "6901234567893", "F1", "米", "Rice")
    assert "digits are needed" in refused(hub, "product", "add", "69012", "F1", "米", "Rice")
    assert rows(hub, db.product) == []


def test_without_a_key_a_backup_is_refused(data: Path, tmp_path: Path) -> None:
    assert "yicang hub backup-key" in refused(data, "backup", "--to", str(tmp_path / "copies"))
    assert not (tmp_path / "copies").exists()


def test_the_private_key_is_in_the_file_and_on_the_paper_and_nowhere_else(
    data: Path, tmp_path: Path
) -> None:
    file, page = tmp_path / "key", tmp_path / "key.html"
    settings = (data / "hub" / "hub.toml").read_text()
    shown = done(data, "backup-key", "--out", str(file), "--paper", str(page))
    private = file.read_text().split()[-1]
    assert private.startswith("AGE-SECRET-KEY-1")
    assert private in page.read_text().replace("<wbr>", "")
    assert private not in shown + (data / "hub" / "hub.toml").read_text()
    assert settings in (data / "hub" / "hub.toml").read_text()
    assert [path.stat().st_mode & 0o777 for path in (file, page)] == [0o600, 0o600]
    assert "--replace" in refused(data, "backup-key")
    assert "such a file already" in refused(data, "backup-key", "--replace", "--out", str(file))
    assert "AGE-SECRET-KEY-1" in done(data, "backup-key", "--replace").splitlines()[-1]


def make_key(data: Path) -> Path:
    """The file with the private key, whose public one is in hub.toml from now on."""
    file = data.parent / "private-key"
    done(data, "backup-key", "--out", str(file))
    return file


def test_a_backup_is_verified_and_named(hub: Path, tmp_path: Path) -> None:
    shown = done(hub, "backup", "--to", str(tmp_path / "other disk"))
    (file,) = (tmp_path / "other disk").glob("*.sqlite3.gz.age")
    assert str(file) in shown
    assert "another directory" in refused(hub, "backup", "--to", str(hub / "hub"))
    assert "another directory" in refused(hub, "backup", "--to", str(hub / "copies"))
    assert any("backup.made" in row for row in rows(hub, db.audit))


def test_a_backup_on_the_same_disk_is_told_apart_from_one_that_leaves_the_machine(
    hub: Path, tmp_path: Path
) -> None:
    here = run("hub", "backup", "--to", str(tmp_path / "copies"), "--data", str(hub))
    assert here.returncode == 0
    assert "on the database's own disk" in here.stderr
    assert "--off-machine" in here.stderr
    to = str(tmp_path / "copies")
    away = run("hub", "backup", "--to", to, "--off-machine", "--data", str(hub))
    assert (away.returncode, away.stderr) == (0, "")


def test_rebuild_and_quarantine_answer_on_an_empty_hub(hub: Path) -> None:
    assert "rebuilt" in done(hub, "rebuild")
    assert done(hub, "quarantine", "list") == ""
    assert done(hub, "quarantine", "retry").split()[-1] == "0"
    assert "no such line" in refused(hub, "quarantine", "show", "1")
    assert "no such quarantined event" in refused(hub, "quarantine", "repair", "1")


@pytest.mark.usefixtures("tap")
def test_restore_puts_the_backup_in_place_but_never_under_a_running_hub(
    data: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    key = make_key(data)
    done(data, "product", "add", RICE, "F1", "大米", "Rice")
    done(data, "backup", "--to", str(tmp_path / "other"))
    (file,) = (tmp_path / "other").glob("*.age")
    assert "this key opens it" in run("hub", "verify", str(file), "--key", str(key)).stdout
    done(data, "product", "add", "96385074", "Z1", "新", "New")
    with running(data, mosquitto.port):
        assert "stop it first" in refused(data, "restore", str(file), "--key", str(key))
        assert len(rows(data, db.product)) == 2
    assert "by --key" in refused(data, "restore", str(file))
    done(data, "restore", str(file), "--key", str(key))
    assert [row[0] for row in rows(data, db.product)] == [f"0{RICE}"]


@pytest.mark.usefixtures("tap")
def test_a_second_hub_on_the_same_data_is_refused(data: Path, mosquitto: Mosquitto) -> None:
    with running(data, mosquitto.port):
        assert "another hub is running" in refused(data, "serve")


@pytest.mark.usefixtures("tap")
def test_killing_the_arbiter_ends_its_worker_and_frees_the_data(
    data: Path, mosquitto: Mosquitto
) -> None:
    first = running(data, mosquitto.port)
    first.signal(signal.SIGKILL)
    first.wait()
    with running(data, mosquitto.port):
        assert done(data, "token").strip()


def test_commands_where_no_hub_is_say_so(tmp_path: Path) -> None:
    assert "there is no hub here" in refused(tmp_path / "nowhere", "token")
    assert not (tmp_path / "nowhere").exists()


def test_settings_that_are_wrong_are_all_named(data: Path) -> None:
    merge(data / "hub" / "hub.toml", {"http_prt": 1, "households": "ten"}, "a test")
    told = refused(data, "serve")
    assert "http_prt" in told
    assert "households" in told


def test_set_up_is_done_once(tmp_path: Path) -> None:
    first = run("provision", "local", "--data", str(tmp_path), "--json")
    identity = (tmp_path / "kiosk" / "identity.json").read_bytes()
    second = run("provision", "local", "--data", str(tmp_path), "--json")
    assert json.loads(first.stdout)["password"]
    assert json.loads(second.stdout)["password"] is None
    assert (tmp_path / "kiosk" / "identity.json").read_bytes() == identity


def test_a_kiosk_that_lost_its_identity_gets_prefixes_that_are_new(tmp_path: Path) -> None:
    run("provision", "local", "--data", str(tmp_path))
    path = tmp_path / "kiosk" / "identity.json"
    before = {grant["prefix"] for grant in json.loads(path.read_text())["prefixes"]}
    path.unlink()
    assert run("provision", "local", "--data", str(tmp_path)).returncode == 0
    after = {grant["prefix"] for grant in json.loads(path.read_text())["prefixes"]}
    assert len(before | after) == 16
    assert {row[0] for row in rows(tmp_path, db.prefix)} == before | after


def test_a_set_up_that_was_cut_short_is_finished_by_the_next(tmp_path: Path) -> None:
    run("provision", "local", "--data", str(tmp_path))
    (tmp_path / "provisioned.json").unlink()
    (tmp_path / "hub" / "secret.key").unlink()
    assert run("provision", "local", "--data", str(tmp_path)).returncode == 0
    assert (tmp_path / "hub" / "secret.key").stat().st_size > 32
    assert [row[0] for row in rows(tmp_path, db.kiosk)] == ["kiosk-1"]
