"""Releases of this very repository, made, compared, installed, tried and left again, with a real
kiosk, broker and hub, and an updater that is killed at random."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cyclonedx.schema
import jsonschema
import pytest
from referencing import Registry, Resource

from kiosk.update_facts import read_facts
from provisioning.updates import first, keys, venvs
from provisioning.updates.bundle import Bundle, BundleError
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.places import Places
from provisioning.updates.progress import Phase, Result
from provisioning.updates.runner import RealTime, Updater
from provisioning.updates.state import load
from tests.support import people
from tests.support.broker import Mosquitto
from tests.support.processes import until
from tests.support.release_site import PYTHON, TARGET, Checkout, Supervisor
from tests.support.releases import Signer
from tests.support.site import Kiosk, Site

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(900),
    pytest.mark.skipif(TARGET is None, reason="there is no release for this Python"),
]
SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"


class Made:
    """Three releases: the present one, one that is as good, and one whose kiosk ends at once."""

    def __init__(self, folder: Path) -> None:
        self.signer = Signer(folder / "person")
        self.checkout = Checkout(folder / "checkout")
        self.old = self.checkout.build(folder / "dist", self.signer.private)
        self.checkout.commit("docs/fleet.md", "# The fleet", "# A fleet")
        self.good = self.checkout.build(folder / "dist", self.signer.private)
        self.good_checkout = folder / "good"
        self.checkout.git("clone", "--quiet", "--no-local", ".", str(self.good_checkout))
        self.checkout.commit("kiosk/__main__.py", "def _run(start", "def _never_run(start")
        self.bad = self.checkout.build(folder / "dist", self.signer.private)

    def id_of(self, bundle: Path) -> str:
        with bundle.open("rb") as file, Bundle(file, self.verify) as opened:
            return opened.manifest.id

    @property
    def verify(self) -> Any:
        return keys.verifier(keys.load_public(self.signer.folder))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("releases"))


class Stop:
    """A machine with the old release, its kiosk running, a broker and a hub."""

    def __init__(self, folder: Path, made: Made, site: Site) -> None:
        self.made = made
        self.places = Places(folder / "machine")
        self.places.keys.mkdir(parents=True)
        for key in made.signer.folder.glob("*.pem"):
            (self.places.keys / key.name).write_bytes(key.read_bytes())
        self.places.told.mkdir(parents=True)
        self.old = first.install(
            self.places, made.old, first.digest_of(made.old), python=PYTHON, link_system=False
        ).id
        self.kiosk: Kiosk = site.kiosk()
        self.config = self.kiosk.folder / "kiosk.toml"

    def updater(self, *words: str) -> subprocess.Popen[bytes]:
        """The updater of the confirmed release, as its unit starts it."""
        program = self.places.home / CONFIRMED / ".venv" / "bin" / "yicang"
        options = ("--root", str(self.places.root), "--python", str(PYTHON))
        return subprocess.Popen(
            [str(program), "update", *words, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def works(self) -> bool:
        """Whether the kiosk of the current release runs, and the hub has all of its events."""
        facts = read_facts(self.places.heard)
        return (
            facts is not None
            and facts.release == self.places.linked(CURRENT)
            and (facts.backlog == 0)
        )


@pytest.fixture
def stop(tmp_path: Path, made: Made) -> Iterator[Stop]:
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as broker, Site(tmp_path, broker) as site:
        site.start_hub()
        yield Stop(tmp_path, made, site)


def test_the_same_commit_gives_the_same_bytes_anywhere(made: Made, tmp_path: Path) -> None:
    elsewhere = Checkout.__new__(Checkout)
    elsewhere.folder = made.good_checkout  # type: ignore[misc]
    (tmp_path / "scratch").mkdir()
    again = elsewhere.build(
        tmp_path / "dist",
        made.signer.private,
        umask=0o077,
        TZ="Asia/Shanghai",
        LC_ALL="C",
        PYTHONHASHSEED="7",
        TMPDIR=str(tmp_path / "scratch"),
    )
    assert again.name == made.good.name
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (again, made.good)}
    assert len(digests) == 1


def test_the_list_of_parts_is_what_cyclonedx_says_it_should_be(made: Made) -> None:
    with made.good.open("rb") as file, Bundle(file, made.verify) as bundle:
        files = {name: b"".join(chunks) for name, chunks in bundle.files()}
    document = json.loads(files["sbom.cdx.json"])
    schema = json.loads((SCHEMAS / "bom-1.6.SNAPSHOT.schema.json").read_text())
    resources = [
        (f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", Resource.from_contents(
            json.loads((SCHEMAS / f"{name}.SNAPSHOT.schema.json").read_text())
        ))
        for name in ("spdx", "jsf-0.82")
    ]  # fmt: skip
    validator = jsonschema.Draft7Validator(schema, registry=Registry().with_resources(resources))
    assert [error.message for error in validator.iter_errors(document)] == []
    wheels = {
        hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name.startswith("wheels/") and not name.startswith("wheels/pip-")
    }
    listed = {part["hashes"][0]["content"] for part in document["components"]}
    assert listed == wheels
    refs = {part["bom-ref"] for part in document["components"]}
    assert {row["ref"] for row in document["dependencies"]} >= refs
    silent = {part["name"] for part in document["components"] if not part.get("licenses")}
    assert silent <= {"pyrage"}, "its wheel does not say; docs/dependencies.md does"


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare of util-linux")
def test_a_blank_machine_gets_its_first_release_from_debians_python_and_no_network(
    made: Made, tmp_path: Path
) -> None:
    python = venvs.PYTHON
    try:
        with made.good.open("rb") as file, Bundle(file, made.verify) as bundle:
            venvs.check_fits(bundle.manifest.target, venvs.here(python))
            (wheel,) = [name for name in bundle.manifest.files if "/yicang_stop-" in name]
            content = {name: b"".join(chunks) for name, chunks in bundle.files()}[wheel]
    except BundleError as error:
        pytest.skip(str(error))
    own = tmp_path / Path(wheel).name
    own.write_bytes(content)
    root = tmp_path / "machine"
    root.mkdir()
    install = ["-m", "provisioning.updates.first", str(made.good), "--root", str(root), "--sha256"]

    def run(digest: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["unshare", "--map-root-user", "--net", str(python), *install, digest],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(own), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )

    wrong = run("0" * 64)
    assert wrong.returncode == 1
    assert "not the bundle that was expected" in wrong.stderr
    assert not (root / "opt").exists()
    for _ in range(2):  # the second time there is nothing to do
        done = run(first.digest_of(made.good))
        assert done.returncode == 0, done.stderr
    places = Places(root)
    assert places.linked(CURRENT) == places.linked(CONFIRMED) == made.id_of(made.good)
    program = places.home / CURRENT / ".venv" / "bin" / "yicang"
    status = [str(program), "update", "status", "--root", str(root), "--json"]
    told = json.loads(subprocess.run(status, capture_output=True, check=True).stdout)
    assert told["current"] == made.id_of(made.good)
    units = root / "etc/systemd/system"
    kiosk = (units / "yicang-kiosk.service").readlink()
    assert str(kiosk) == "/opt/yicang/current/systemd/yicang-kiosk.service"
    updater = (units / "yicang-update.service").readlink()
    assert str(updater) == "/opt/yicang/confirmed/systemd/yicang-update.service"


def test_killed_at_random_times_a_real_kiosk_ends_up_with_the_new_release(
    made: Made, stop: Stop, tmp_path: Path
) -> None:
    new = made.id_of(made.good)
    chance = random.Random(20261122)
    with Supervisor(stop.places, stop.config, tmp_path / "kiosk.log"):
        until("the old kiosk works", stop.works, deadline_s=60)
        codes = [stop.kiosk.scan(people.RICE).codes[-1]]
        stop.kiosk.scan(people.FINISH)

        def goes_on() -> subprocess.Popen[bytes]:
            state = load(stop.places.state)
            idle = state.phase is Phase.IDLE and state.result is not Result.CONFIRMED
            return stop.updater(*(("install", str(made.good)) if idle else ("run",)))

        for _ in range(14):
            updater = goes_on()
            time.sleep(chance.uniform(0.05, 3.0))  # the length of the life that is cut off
            with suppress(ProcessLookupError):
                os.killpg(updater.pid, signal.SIGKILL)  # with its pip, as the power or systemd does
            updater.wait()
            for link in (CURRENT, CONFIRMED):
                release = stop.places.linked(link)
                assert release in (stop.old, new)
                assert stop.places.is_complete(str(release))
            if load(stop.places.state).phase is Phase.TRYING:
                break  # it may go back after too many of these, and rightly
        assert goes_on().wait(240) == 0
        state = load(stop.places.state)
        assert (state.phase, state.result) == (Phase.IDLE, Result.CONFIRMED)
        until("the new kiosk works", stop.works, deadline_s=60)
        assert stop.places.linked(CURRENT) == stop.places.linked(CONFIRMED) == new
        codes.append(stop.kiosk.scan(people.RICE).codes[-1])
        stop.kiosk.scan(people.FINISH)
        until("all is at the hub", stop.works, deadline_s=60)
    assert len(set(codes)) == 2


def test_a_release_whose_kiosk_does_not_start_is_left_and_scans_go_on(
    made: Made, stop: Stop, tmp_path: Path
) -> None:
    with Supervisor(stop.places, stop.config, tmp_path / "kiosk.log") as service:
        until("the old kiosk works", stop.works, deadline_s=60)
        updater = Updater(
            stop.places,
            service,
            RealTime(),
            verify=made.verify,
            make=lambda folder, what: venvs.make(folder, what, PYTHON),
            fits=lambda what: venvs.check_fits(what.target, venvs.here(PYTHON)),
        )
        state = updater.install(made.bad)
        assert (state.result, state.result_reason) == (Result.REVERTED, "crashes")
        assert made.id_of(made.bad) in service.started, "it was tried"
        until("the old kiosk works again", stop.works, deadline_s=60)
        assert stop.places.linked(CURRENT) == stop.old
        assert stop.kiosk.scan(people.RICE).signal == "saved"
