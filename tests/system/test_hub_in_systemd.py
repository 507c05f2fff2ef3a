"""`yicang provision hub` as a whole, on a Debian that systemd runs: the real broker and the real
hub under their real restrictions; and its updates, one that does not work and one that does.

One machine, and the tests in this order.
"""

import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from provisioning.updates import first
from provisioning.updates.bundle import Bundle
from provisioning.updates.hub import STATE
from provisioning.updates.progress import Phase, Result
from provisioning.updates.state import load
from tests.support.processes import until
from tests.support.release_site import Checkout
from tests.support.releases import Signer
from tests.support.systemd_root import PACKAGES, Machine

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("mmdebstrap") is None,
        reason="builds a Debian: needs root and mmdebstrap",
    ),
]
DEBIANS: Final = {"bookworm": "debian12", "trixie": "debian13"}
"""Each Debian with the releases that are made for it."""
PROGRAM: Final = "/opt/yicang/current/.venv/bin/yicang"
HOME: Final = "/var/lib/yicang/hub"

LOOK = """
import http.client, ssl
context = ssl.create_default_context(cafile="/etc/mosquitto/yicang/ca.pem")
line = http.client.HTTPSConnection("127.0.0.1", 443, context=context, timeout=10)
line.request("GET", "/healthz"); print(line.getresponse().read().decode())
line = http.client.HTTPConnection("127.0.0.1", 80, timeout=10)
line.request("GET", "/login"); answer = line.getresponse()
print(answer.status, answer.headers["Location"])
"""
SHAPE = """
import sqlite3
found = sqlite3.connect("file:/var/lib/yicang/hub/hub.sqlite3?mode=ro", uri=True)
print(*found.execute("SELECT version_num FROM alembic_version").fetchone())
"""
HOSTS = ("--host", "hub.example", "--host", "127.0.0.1")
LATER = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kiosk", sa.Column("colour", sa.String()))
"""
STARTED = "        self._link.start()\n"


class Site:
    """A machine with the first release, not yet a hub; and who makes releases."""

    def __init__(self, folder: Path, suite: str) -> None:
        self.signer: Final = Signer(folder / "person")
        self.checkout: Final = Checkout(folder / "checkout")
        self.machine: Final = Machine(folder / "machine", suite, packages=PACKAGES, ours=False)
        self._target: Final = DEBIANS[suite]
        self._dist: Final = folder / "dist"
        self.first: Final = self.build("first.yrel")
        trusted = self.path("/etc/yicang/release-keys")
        trusted.mkdir(parents=True)
        shutil.copy(self.signer.folder / "release.pem", trusted)

    def build(self, name: str) -> Path:
        """A release of the checkout's last commit, on the machine as ``/root/<name>``."""
        made = self.checkout.build(self._dist, self.signer.private, target=self._target)
        return Path(shutil.copyfile(made, self.path(f"/root/{name}")))

    def install_first(self) -> None:
        """By Debian's Python alone, as the page on the fleet says."""
        with self.first.open("rb") as file, Bundle(file, first.believed) as bundle:
            for path, chunks in bundle.files():
                content = b"".join(chunks)
                if "/yicang_stop-" in path:
                    self.path("/root/own.whl").write_bytes(content)
        with zipfile.ZipFile(self.path("/root/own.whl")) as wheel:
            wheel.extractall(self.path("/root/own"))
        digest = first.digest_of(self.first)
        words = ("/root/first.yrel", "--sha256", digest, "--no-units")
        self.ask(
            "env", "PYTHONPATH=/root/own", "python3", "-m", "provisioning.updates.first", *words
        )

    def path(self, path: str) -> Path:
        """A path of the machine's, as seen from here; nothing below /run, /dev or /tmp."""
        return self.machine.root / path.lstrip("/")

    def ask(self, *words: str, deadline_s: float = 600.0) -> str:
        """What a command in there says, once it is done."""
        done = self.machine.run(*words, deadline_s=deadline_s)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def answers(self) -> str:
        told = self.machine.run("python3", "-c", LOOK)
        return told.stdout if '"ok"' in told.stdout else ""

    def shape(self) -> str:
        """The shape of the hub's database."""
        return self.ask("python3", "-c", SHAPE).strip()

    def in_use(self) -> str:
        return self.path("/opt/yicang/current").readlink().name

    def later(self) -> None:
        """The checkout's next release has another shape of the database, and a setting that the one
        before does not know."""
        versions = self.checkout.folder / "hub/migrations/versions"
        newest = max(path.stem for path in versions.glob("[0-9]*.py")).partition("_")[0]
        (versions / "9999_later.py").write_text(LATER.format(before=newest).lstrip())
        field = '    broker_dir: str = ""\n'
        self.checkout.commit("hub/config.py", field, f'    colour: str = ""\n{field}')
        value = '        "broker_dir": BROKER,\n'
        self.checkout.commit(
            "provisioning/hub_plan.py", value, f'{value}        "colour": "red",\n'
        )
        self.checkout.git("add", str(versions))


@pytest.fixture(scope="module", params=DEBIANS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp(request.param), request.param)
    with made.machine:
        made.install_first()
        yield made


def test_a_bare_debian_becomes_a_hub_stays_one_and_can_be_left(site: Site) -> None:
    machine = site.machine
    made = site.ask(PROGRAM, "provision", "hub", *HOSTS)
    assert "password (shown this once)" in made
    said = until("the hub has its broker", site.answers)
    assert "308 https://hub.example/login" in said
    assert "nothing has changed" in site.ask("/usr/local/bin/yicang", "provision", "hub")

    for unit in ("yicang-hub-backup", "yicang-certificates"):
        started = machine.run("systemctl", "start", f"{unit}.service")
        assert started.returncode == 0, machine.run("journalctl", "-u", unit).stdout
    flag = "/var/lib/yicang/broker/reload"
    machine.run("touch", flag)
    until("the broker was told", lambda: machine.run("test", "-e", flag).returncode == 1)
    failed = machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout
    assert "yicang" not in failed
    assert "mosquitto" not in failed

    site.ask("systemctl", "kill", "--signal=KILL", "yicang-hub.service")
    until("it comes back by itself", site.answers)

    site.ask(PROGRAM, "provision", "hub", "--uninstall")
    assert site.path(f"{HOME}/hub.sqlite3").is_file()
    units = machine.run("systemctl", "list-units", "--plain", "--no-legend", "yicang*").stdout
    assert units.strip() == ""
    program = next(site.path("/opt/yicang/releases").iterdir()).name
    site.ask(f"/opt/yicang/releases/{program}/.venv/bin/yicang", "provision", "hub", *HOSTS)
    until("the hub is back on its data", site.answers)


def test_a_release_whose_hub_does_not_start_is_left_again_with_its_database(site: Site) -> None:
    was, shape = site.in_use(), site.shape()
    site.later()
    site.checkout.commit("hub/service.py", STARTED, "        raise OSError\n")
    site.build("bad.yrel")
    tried = site.machine.run(PROGRAM, "update", "install", "/root/bad.yrel", deadline_s=900)
    assert tried.returncode == 1, tried.stdout + tried.stderr
    assert "tried and left again" in tried.stdout, tried.stderr
    state = load(site.path(f"/var/lib/yicang/update/{STATE}"))
    assert (state.result, state.result_reason) == (Result.REVERTED, "crashes"), tried.stderr
    until("the hub is back", site.answers)
    assert (site.in_use(), site.shape()) == (was, shape)
    assert "colour" not in site.path(f"{HOME}/hub.toml").read_text()
    (aside,) = site.path(HOME).glob("hub.sqlite3.tried-*")
    assert aside.stat().st_mode & 0o777 == 0o600
    assert "9999" not in site.ask(PROGRAM, "hub", "stop", "list", "--data", "/var/lib/yicang")


def test_a_release_that_works_is_kept_and_a_cut_before_that_taken_back(site: Site) -> None:
    was, shape = site.in_use(), site.shape()
    site.checkout.commit("hub/service.py", "        raise OSError\n", STARTED)
    site.build("good.yrel")
    install = (PROGRAM, "update", "install", "/root/good.yrel")
    site.ask("systemd-run", "--quiet", "--unit=by-hand", *install)
    state = site.path(f"/var/lib/yicang/update/{STATE}")
    until("it is on trial", lambda: load(state).phase is Phase.TRYING, deadline_s=300)
    assert site.in_use() != was
    # The power fails: what was going on is gone, and the machine starts.
    site.ask("systemctl", "kill", "--signal=KILL", "by-hand.service")
    site.ask("systemctl", "kill", "--signal=KILL", "yicang-hub.service")
    units = ("yicang-hub.socket", "yicang-hub.service")
    site.ask("systemctl", "stop", *units)
    site.ask("systemctl", "start", "yicang-update-hub.service", *units)
    after = load(state)
    assert (after.result, after.result_reason) == (Result.REVERTED, "cut-off")
    until("the hub is back", site.answers)
    assert (site.in_use(), site.shape()) == (was, shape)

    kept = site.ask(*install, deadline_s=900)
    assert "confirmed" in kept
    assert site.in_use() == site.path("/opt/yicang/confirmed").readlink().name != was
    assert site.shape() == "9999"
    assert 'colour = "red"' in site.path(f"{HOME}/hub.toml").read_text()
    assert list(site.path(HOME).glob("*.tried-*")) == []
    assert site.answers()
    failed = ("systemctl", "list-units", "--failed", "--plain", "--no-legend", "yicang-*")
    assert site.ask(*failed).strip() == ""
