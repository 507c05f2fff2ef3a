"""Setting up a bare machine: real environments, a real pip, wheels made here, no network."""

import ast
import fcntl
import hashlib
import os
import platform
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from provisioning.bootstrap import debian
from provisioning.bootstrap.__main__ import refusal
from provisioning.bootstrap.environment import PIP_SHA256, PIP_WHEEL, Environment, SetupError
from provisioning.bootstrap.lock import LockError, canonical, direct, parse_lock, select
from provisioning.bootstrap.setup import PURPOSES, WHY, prepare

ROOT = Path(__file__).parents[2]
BOOTSTRAP = ROOT / "provisioning" / "bootstrap"

# A build backend in forty lines, so that no test needs one from an index.
BACKEND = """
import pathlib, zipfile
METADATA = ["Metadata-Version: 2.1", "Name: yicang-stop", "Version: 0.1", ""]
WHEEL = ["Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any", ""]
def _write(folder, name):
    info = "yicang_stop-0.1.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr("yicang_stop.pth", str(pathlib.Path.cwd()))
        wheel.writestr(f"{info}/METADATA", "\\n".join(METADATA))
        wheel.writestr(f"{info}/WHEEL", "\\n".join(WHEEL))
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\\nyicang = stop:main\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
def build_editable(folder, config_settings=None, metadata_directory=None):
    return _write(folder, "yicang_stop-0.1-0.editable-py3-none-any.whl")
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "yicang-stop"
dependencies = ["lantern"]
[project.optional-dependencies]
dev = ["moth"]
"""


def make_wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel whose one module holds its version; return its SHA-256 in hex."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = '{version}'\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Checkout:
    """A small project with a lock, whose dependencies lie in a folder of wheels."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self.wheels = folder / "wheels"
        self.root.mkdir()
        self.wheels.mkdir()
        (self.root / "backend.py").write_text(BACKEND)
        (self.root / "pyproject.toml").write_text(PYPROJECT)
        (self.root / "stop.py").write_text(
            "import lantern\ndef main():\n    print('lantern', lantern.VERSION)\n"
        )
        self.lock({"lantern": "1.0", "moth": "2.0"})

    def lock(self, versions: Mapping[str, str], wrong: str = "") -> None:
        """Make a wheel and a pin for each; the one named `wrong` gets another wheel's digest."""
        text = ""
        for name, version in versions.items():
            digest = make_wheel(self.wheels, name, version)
            pinned = "0" * 64 if name == wrong else digest
            text += f"{name}=={version} \\\n    --hash=sha256:{pinned}\n    # via yicang-stop\n"
        (self.root / "requirements.lock").write_text(text)

    def variables(self) -> dict[str, str]:
        """Return the person's environment: pip is told to use the folder and nothing else."""
        return {"PATH": os.defpath, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}

    def prepare(self, *extras: str) -> None:
        prepare(self.root, frozenset(extras), self.variables())

    def run(self) -> str:
        """Run the console script and return what it prints."""
        command = [str(self.root / ".venv" / "bin" / "yicang")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def has(self, module: str) -> bool:
        command = [str(self.root / ".venv" / "bin" / "python"), "-c", f"import {module}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_bare_checkout_runs_after_one_set_up_and_follows_what_changes_in_place(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names what it installs, does nothing when nothing changed, adds what the tests need later
    and keeps it, and follows a new lock. (One story: a real pip takes a second and more a turn.)"""
    checkout.prepare()
    said = capsys.readouterr().out
    assert re.search(r"both sides: messages, command line, MQTT\n +lantern\n", said)
    assert "[1/1] lantern" in said
    assert checkout.run() == "lantern 1.0"
    assert not checkout.has("moth")

    hidden = checkout.wheels.rename(checkout.wheels.with_name("hidden"))  # pip could not even look
    checkout.prepare()
    assert capsys.readouterr().out.splitlines() == [
        f"环境已就绪 / Environment ready: {checkout.root / '.venv'}"
    ]
    hidden.rename(checkout.wheels)

    running = checkout.root / ".venv" / "used-by-a-running-process"
    running.touch()
    checkout.prepare("dev")
    assert checkout.has("moth")
    checkout.lock({"lantern": "1.1", "moth": "2.1"})
    checkout.prepare()
    assert checkout.run() == "lantern 1.1"
    probe = "import moth; print(moth.VERSION)"
    python = str(checkout.root / ".venv" / "bin" / "python")
    found = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "2.1"
    assert running.exists()


def test_a_set_up_that_was_cut_short_is_started_over(checkout: Checkout) -> None:
    environment = Environment(checkout.root, checkout.variables())
    environment.begin(afresh=True)
    rubbish = environment.folder / "half-written"
    rubbish.touch()
    checkout.prepare()
    assert not rubbish.exists()
    assert checkout.run() == "lantern 1.0"


@pytest.mark.proof
def test_a_second_set_up_waits_for_the_first(checkout: Checkout) -> None:
    script = (
        "import os, pathlib, sys; from provisioning.bootstrap.setup import prepare;"
        "prepare(pathlib.Path(sys.argv[1]), frozenset(), os.environ)"
    )
    with (checkout.root / "requirements.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [sys.executable, "-u", "-c", script, str(checkout.root)],
            cwd=ROOT,
            env=checkout.variables(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert second.stdout is not None
        first_line = second.stdout.readline()
        assert "Waiting for another set-up" in first_line
        assert not (checkout.root / ".venv").exists()
    said, _ = second.communicate(timeout=60)
    assert "Environment ready" in said
    assert checkout.run() == "lantern 1.0"


@pytest.mark.proof
def test_a_moved_checkout_is_healed(checkout: Checkout) -> None:
    checkout.prepare()
    checkout.root = checkout.root.rename(checkout.root.with_name("elsewhere"))
    checkout.prepare()
    assert checkout.run() == "lantern 1.0"
    script = (checkout.root / ".venv" / "bin" / "yicang").read_text()
    assert script.startswith(f"#!{checkout.root}/.venv/bin/python")


@pytest.mark.proof
def test_a_python_that_went_away_is_healed(checkout: Checkout) -> None:
    checkout.prepare()
    python = checkout.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3.10")
    checkout.prepare()
    assert checkout.run() == "lantern 1.0"


@pytest.mark.proof
def test_an_environment_made_by_hand_is_completed_and_not_removed(checkout: Checkout) -> None:
    folder = checkout.root / ".venv"
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--without-pip", str(folder)], check=True)
    own = folder / "made-by-hand"
    own.touch()
    checkout.prepare()
    assert own.exists()
    assert checkout.run() == "lantern 1.0"


def test_a_package_that_is_not_the_locked_one_is_refused(checkout: Checkout) -> None:
    checkout.lock({"lantern": "1.0", "moth": "2.0"}, wrong="lantern")
    with pytest.raises(SetupError, match=r"(?s)HASH.*pip failed"):
        checkout.prepare()
    assert not checkout.has("lantern")
    checkout.lock({"lantern": "1.0", "moth": "2.0"})
    checkout.prepare()
    assert checkout.run() == "lantern 1.0"


def test_a_damaged_pip_is_not_run(checkout: Checkout, tmp_path: Path) -> None:
    damaged = tmp_path / PIP_WHEEL.name
    damaged.write_bytes(PIP_WHEEL.read_bytes()[:-1])
    environment = Environment(checkout.root, checkout.variables(), pip=damaged)
    environment.begin(afresh=True)
    with pytest.raises(SetupError, match="damaged file"):
        environment.install_project()


def test_the_pip_that_comes_along_is_the_one_written_down() -> None:
    assert hashlib.sha256(PIP_WHEEL.read_bytes()).hexdigest() == PIP_SHA256
    assert [path.name for path in BOOTSTRAP.glob("*.whl")] == [PIP_WHEEL.name]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(SetupError, match="cannot write"):
        Environment(in_the_way, {}).begin(afresh=True)


# The lock


def real() -> tuple[dict[str, object], str]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text()), (
        ROOT / "requirements.lock"
    ).read_text()


@pytest.mark.parametrize("purpose", sorted(PURPOSES))
def test_whatever_a_chosen_package_requires_is_chosen_too(purpose: str) -> None:
    pyproject, lock = real()
    extras = ("", "build", *PURPOSES[purpose].extras)
    roots = [name for extra in extras for name in direct(pyproject, extra)]
    pins = [pin for pin in select(parse_lock(lock), roots) if pin.fits(platform.machine())]
    chosen = {pin.name for pin in pins}
    # The packages' own words, not the lock's comments.
    required = {
        canonical(requirement.name)
        for name in chosen
        for requirement in map(Requirement, metadata.requires(name) or [])
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
    assert required <= chosen
    assert "click" in required


def test_running_the_product_installs_no_test_tools() -> None:
    pyproject, lock = real()
    roots = [name for extra in PURPOSES["up"].extras for name in direct(pyproject, extra)]
    chosen = {pin.name for pin in select(parse_lock(lock), roots)}
    assert not chosen & {"pytest", "playwright", "mypy", "evdev", "lgpio"}


def test_every_extra_has_a_reason_to_tell() -> None:
    pyproject, _ = real()
    project = pyproject["project"]
    assert isinstance(project, dict)
    assert set(WHY) == {"", "build", *project["optional-dependencies"]}


def test_a_pin_without_a_hash_is_refused() -> None:
    with pytest.raises(LockError, match="no hash: lantern==1"):
        parse_lock("lantern==1.0\n    # via yicang-stop\n")


def test_a_dependency_missing_from_the_lock_is_named() -> None:
    _, lock = real()
    with pytest.raises(LockError, match=r"lantern is not in requirements\.lock"):
        select(parse_lock(lock), ["lantern"])


def test_an_unknown_extra_is_answered_with_those_there_are() -> None:
    pyproject, _ = real()
    with pytest.raises(LockError, match=r"no such extra: kiosk-led; .*kiosk-gpio"):
        direct(pyproject, "kiosk-led")


# The machine


@pytest.mark.parametrize(
    ("version", "maxsize", "said"),
    [
        ((3, 9), 2**63 - 1, "this is 3.9"),
        ((3, 10), 2**63 - 1, "3.11 or newer is needed"),
        ((3, 13), 2**31 - 1, "64-bit system"),
    ],
)
def test_a_python_that_cannot_serve_is_told_in_one_line(
    version: tuple[int, int], maxsize: int, said: str
) -> None:
    reason = refusal(version, maxsize)
    assert reason is not None
    assert said in reason
    assert "\n" not in reason


def test_a_python_that_can_serve_is_not_refused() -> None:
    assert refusal((3, 11), 2**63 - 1) is None
    assert refusal((3, 13), 2**63 - 1) is None


def test_the_first_file_is_understood_by_old_and_by_minimal_pythons() -> None:
    first = ast.parse((BOOTSTRAP / "__main__.py").read_text(), feature_version=(3, 6))
    second = ast.parse((BOOTSTRAP / "debian.py").read_text())
    # What Debian's python3-minimal holds, as far as these two files use it.
    minimal = {"glob", "io", "os", "sys", "subprocess", "collections.abc", "dataclasses"}
    for tree in (first, second):
        for node in tree.body:
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= minimal
            elif isinstance(node, ast.ImportFrom):
                assert node.module in minimal


def test_only_the_debian_packages_that_are_missing_are_wanted(tmp_path: Path) -> None:
    command = tmp_path / "mosquitto"
    command.touch(mode=0o755)
    absent = replace(debian.LIBATOMIC, library="libno-such-thing.so.9")
    wanted = [debian.MOSQUITTO, debian.CHROMIUM, absent]
    assert debian.missing(wanted, [str(tmp_path)]) == [debian.CHROMIUM, absent]
    present = replace(debian.LIBATOMIC, library="libc.so.6")
    assert debian.missing([present], [str(tmp_path)]) == []


def test_daemons_are_looked_for_in_sbin_even_when_the_path_leaves_it_out() -> None:
    assert debian.search_path("/usr/bin")[-3:] == ["/usr/local/sbin", "/usr/sbin", "/sbin"]


def test_without_the_right_to_install_one_line_to_type_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert not debian.install([debian.MOSQUITTO, debian.CHROMIUM], before=None)
    line = capfd.readouterr().err.splitlines()[-1]
    assert line.endswith(
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends mosquitto chromium"
    )


def test_with_the_right_to_install_apt_is_run_without_questions(tmp_path: Path) -> None:
    recorder = tmp_path / "recorder"
    told = tmp_path / "told"
    recorder.write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
    recorder.chmod(0o755)
    assert debian.install([debian.CHROMIUM], before=[str(recorder)])
    update, install = told.read_text().splitlines()
    assert update.endswith(" update")
    assert update.startswith("env DEBIAN_FRONTEND=noninteractive apt-get ")
    assert install.endswith(" install -y --no-install-recommends chromium")


def test_a_service_that_comes_along_is_stopped_where_systemd_would_run_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recorder = tmp_path / "recorder"
    told = tmp_path / "told"
    recorder.write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
    recorder.chmod(0o755)
    packages = [debian.PROMETHEUS, debian.CHROMIUM]
    assert debian.install(packages, before=[str(recorder)], systemd=str(tmp_path / "none"))
    assert "systemctl" not in told.read_text()
    assert debian.install(packages, before=[str(recorder)], systemd=str(tmp_path))
    assert told.read_text().splitlines()[4:] == ["systemctl disable --now prometheus.service"]
    assert "it would hold port 9090" in capfd.readouterr().out


def test_the_long_proofs_need_more_of_debian_than_the_everyday_suite() -> None:
    everyday = PURPOSES["test"].packages
    assert set(everyday) < set(PURPOSES["proof"].packages)
    more = set(PURPOSES["proof"].packages) - set(everyday)
    assert more == {debian.PROMETHEUS, debian.MMDEBSTRAP}


def test_an_apt_that_fails_is_reported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    failing = tmp_path / "failing"
    failing.write_text("#!/bin/sh\nexit 100\n")
    failing.chmod(0o755)
    assert not debian.install([debian.CHROMIUM], before=[str(failing)])
    assert "apt-get failed" in capfd.readouterr().err


@pytest.mark.parametrize(("machine", "library"), [("x86_64", "evdev-binary"), ("aarch64", "evdev")])
def test_each_machine_gets_the_one_evdev_that_is_made_for_it(machine: str, library: str) -> None:
    pyproject, lock = real()
    pins = select(parse_lock(lock), direct(pyproject, "kiosk-hid"))
    assert [pin.name for pin in pins if pin.fits(machine)] == [library]
