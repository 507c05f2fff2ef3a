"""The environment of a release, made from what its bundle carries and from nothing else.

No network and no index: pip comes with the bundle, and installs the wheels beside it, each by its
hash. Debian's Python without ``python3-venv`` is enough, since pip is not taken from there.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from provisioning.updates.bundle import REQUIREMENTS, BundleError, Manifest, Target

PYTHON: Final = Path("/usr/bin/python3")
"""What a release's environment is made with, on a machine of its own."""
_MINUTES: Final = 60
_ASK: Final = (
    "import os, platform, sys; print(sys.implementation.name, *sys.version_info[:2], "
    "platform.machine(), os.confstr('CS_GNU_LIBC_VERSION'))"
)


def here(python: Path) -> Target:
    """What this Python on this machine can run.

    Raises:
        BundleError: ``no-python``: it does not start, or is none that wheels are made for.
    """
    try:
        said = _run([str(python), "-I", "-c", _ASK], limit_s=_MINUTES).split()
        name, major, minor, machine, libc, version = said
        first, second = version.split(".")[:2]
        if (name, libc) != ("cpython", "glibc"):
            raise ValueError(" ".join(said))
        return Target("", f"cp{major}{minor}", machine, (int(first), int(second)))
    except (ValueError, subprocess.SubprocessError, OSError) as error:
        raise BundleError(
            "no-python", f"{python}: 这个 Python 不能用 / this Python cannot be used: {error}"
        ) from None


def check_fits(wanted: Target, found: Target) -> None:
    """Raises `BundleError`, ``target``, unless what is made for ``wanted`` runs here."""
    same = (wanted.python, wanted.machine) == (found.python, found.machine)
    if same and wanted.libc <= found.libc:
        return
    raise BundleError(
        "target",
        f"这个发布包是给 {_words(wanted)} 的，本机是 {_words(found)}"
        f" / made for {_words(wanted)}, and this machine is {_words(found)}",
    )


def _words(target: Target) -> str:
    libc = ".".join(str(number) for number in target.libc)
    return f"{target.machine} {target.python} glibc {libc}"


def make(folder: Path, manifest: Manifest, python: Path) -> None:
    """Makes ``folder/.venv`` from the unpacked bundle in ``folder``, and lets the release say that
    it starts.

    Raises:
        BundleError: ``install``, with what was said.
    """
    environment = folder / ".venv"
    own = environment / "bin" / "python"
    install = [
        str(own), "-I", f"{folder / manifest.pip}/pip", "install", "--no-input", "--no-color",
        "--disable-pip-version-check", "--no-cache-dir", "--no-index", "--no-deps",
        "--only-binary=:all:", "--require-hashes", "--find-links", str(folder / "wheels"),
        "-r", str(folder / REQUIREMENTS),
    ]  # fmt: skip
    try:
        _run([str(python), "-I", "-m", "venv", "--without-pip", str(environment)], limit_s=600)
        _run(install, limit_s=30 * _MINUTES)
        _run([str(environment / "bin" / "yicang"), "update", "probe"], limit_s=5 * _MINUTES)
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stdout", None) or str(error)
        raise BundleError(
            "install", f"新版本装不起来 / the release cannot be installed: {said[-2000:]}"
        ) from None


def _run(command: Sequence[str], *, limit_s: int) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=limit_s,
        check=True,
        # Nothing of the machine's own settings for pip or Python.
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "PIP_CONFIG_FILE": os.devnull},
    )
    return done.stdout
