"""The wheels of a release: our own, built from the commit, and the others, as the lock has them."""

import hashlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from provisioning.bootstrap.environment import PIP_SHA256, PIP_WHEEL
from provisioning.bootstrap.lock import LockError, Pin, direct, parse_lock, select
from provisioning.release.commit import Commit, ReleaseError
from provisioning.release.targets import Plan

_SETTINGS: Final = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""What of this machine's environment those see who build and fetch; and its settings for pip."""


def own(source: Path, commit: Commit, into: Path) -> Path:
    """Builds the project's wheel from the unpacked commit; its path.

    hatchling takes every time in it from SOURCE_DATE_EPOCH, and levels the modes.

    Raises:
        ReleaseError: with what the builder said.
    """
    into.mkdir(parents=True, exist_ok=True)
    _run(
        [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)],
        source,
        {
            **_environment(),
            "SOURCE_DATE_EPOCH": str(commit.made),
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            "PYTHONHASHSEED": "0",
        },
    )
    (wheel,) = into.glob("*.whl")
    return wheel


def pins(source: Path, plan: Plan) -> list[Pin]:
    """What of the commit's lock the plan's extras need on its machine. Raises `ReleaseError`."""
    pyproject = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    lock = (source / "requirements.lock").read_text(encoding="utf-8")
    try:
        roots = [name for extra in ("", *plan.extras) for name in direct(pyproject, extra)]
        chosen = select(parse_lock(lock), roots)
    except LockError as error:
        raise ReleaseError(str(error)) from None
    return [pin for pin in chosen if pin.fits(plan.target.machine)]


def fetch(chosen: Sequence[Pin], plan: Plan, cache: Path, into: Path) -> list[Path]:
    """The wheels of these pins for the plan's machine, in ``into``, each with a hash of the lock.

    What is in ``cache`` is taken from there without asking anybody; what is fetched is put there.

    Raises:
        ReleaseError: one cannot be had, with what pip said.
    """
    lines = "".join(f"{pin.text}\n" for pin in chosen)
    drawer = cache / plan.name / hashlib.sha256(f"{lines}{PIP_SHA256}".encode()).hexdigest()[:24]
    into.mkdir(parents=True, exist_ok=True)
    drawer.mkdir(parents=True, exist_ok=True)
    wanted = into.parent / f"{plan.name}-locked.txt"
    wanted.write_text(lines, encoding="utf-8")
    version = plan.target.python.removeprefix("cp")
    command = [
        sys.executable, "-I", f"{PIP_WHEEL}/pip", "download", "--no-input", "--no-color", "--quiet",
        "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary=:all:",
        "--implementation", "cp", "--python-version", f"{version[0]}.{version[1:]}",
        "--abi", plan.target.python, "--abi", "abi3", "--abi", "none",
    ]  # fmt: skip
    for platform in plan.platforms:
        command += ["--platform", platform]
    command += ["-r", str(wanted), "-d", str(into)]
    settings = _environment()
    try:
        kept = ["--no-index", "--find-links", str(drawer)]
        _run([*command, *kept], into, {**settings, "PIP_CONFIG_FILE": os.devnull})
    except ReleaseError:
        for leftover in into.glob("*.whl"):
            leftover.unlink()
        asked = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        _run(command, into, settings | asked)
    found = sorted(into.glob("*.whl"))
    if len(found) != len(chosen):
        raise ReleaseError(f"{len(found)} != {len(chosen)}: {[path.name for path in found]}")
    for wheel in found:
        if not (drawer / wheel.name).exists():
            (drawer / wheel.name).write_bytes(wheel.read_bytes())
    return found


def pip_wheel() -> bytes:
    """The installer that every release carries. Raises `ReleaseError`."""
    content = PIP_WHEEL.read_bytes()
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        raise ReleaseError(f"文件损坏 / damaged file: {PIP_WHEEL}")
    return content


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _SETTINGS if name in os.environ}


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise ReleaseError(done.stdout.strip()[-4000:])
