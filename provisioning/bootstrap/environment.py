"""The virtual environment `.venv`: its stamp, what is wrong with it, and making it right.

The rules:

* The **stamp** is written last. It holds the Python and the place the environment was made for,
  a digest of everything that decides its content, and the extras in it. When the stamp fits,
  nothing is run at all.
* The **unfinished mark** is laid before the first change and taken away after the stamp. A run
  that finds it was preceded by one that was cut short, and starts from an empty folder, because
  nobody can say what half an installation lacks.
* Another Python or another place also means an empty folder (paths are written into scripts).
  Other content is brought up to date in place, so that what runs from `.venv` goes on running.
* An environment without a stamp (made by hand) is kept if its Python is ours, and completed.
* pip comes as a wheel in this folder, checked by digest, since Debian leaves it out of Python.
  It finds packages as the machine's own pip settings say; no index is named here.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provisioning.bootstrap.lock import Pin

HERE: Final = Path(__file__).parent
PIP_WHEEL: Final = HERE / "pip-26.3-py3-none-any.whl"
PIP_SHA256: Final = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
# Without a wheel for every machine: built here where there is none, with the lock's setuptools and
# the machine's compiler. evdev has no wheel (on x86_64 evdev-binary stands in
# for it), lgpio none for Python 3.13 on arm64.
MAY_BE_BUILT: Final = frozenset({"evdev", "lgpio"})
_LINE: Final = re.compile(r"\(from -r .*? \(line (\d+)\)\)")
# Asked of an environment's Python to learn whether it is ours; must mirror `python_identity`.
_ASK: Final = "import sys; print(sys.version); print(sys.base_prefix); print(sys.prefix)"


class SetupError(Exception):
    """Something failed on the way; the message is for the person at the keyboard."""


@dataclass(frozen=True)
class Stamp:
    """What an environment was made from. `python` holds version, base prefix and own prefix."""

    python: tuple[str, str, str]
    content: str
    extras: frozenset[str]

    def covers(self, wanted: "Stamp") -> bool:
        """Tell whether an environment with this stamp serves where `wanted` is needed."""
        return (
            self.python == wanted.python
            and self.content == wanted.content
            and self.extras >= wanted.extras
        )

    def to_json(self) -> str:
        """Return the stamp file's text."""
        return json.dumps(
            {"python": self.python, "content": self.content, "extras": sorted(self.extras)}
        )

    @staticmethod
    def from_json(text: str) -> "Stamp | None":
        """Read a stamp file's text; None when it is not one."""
        try:
            found = json.loads(text)
            version, base, prefix = found["python"]
            return Stamp((version, base, prefix), found["content"], frozenset(found["extras"]))
        except (ValueError, KeyError, TypeError):
            return None


def python_identity(folder: Path) -> tuple[str, str, str]:
    """Return version, base prefix and prefix as an environment in `folder` made by us has them."""
    return sys.version.replace("\n", " "), sys.base_prefix, str(folder)


def content_digest(lock: str, pyproject: Mapping[str, Any]) -> str:
    """Digest all that decides what is installed: the lock, the metadata and this very setup."""
    digest = hashlib.sha256(lock.encode())
    tables = {"project": pyproject["project"], "build-system": pyproject["build-system"]}
    digest.update(json.dumps(tables, sort_keys=True).encode())
    for source in sorted(HERE.glob("*.py")):
        digest.update(source.read_bytes())
    digest.update(PIP_SHA256.encode())
    return digest.hexdigest()


class Environment:
    """The folder `.venv` of one checkout.

    `variables` is the process environment in which pip runs: the person's pip settings are there.
    """

    def __init__(self, root: Path, variables: Mapping[str, str], pip: Path = PIP_WHEEL) -> None:
        self.root = root
        self._variables = variables
        self._pip_wheel = pip
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._command = self.folder / "bin" / "yicang"
        self._stamp = self.folder / ".yicang-stamp"
        self._unfinished = self.folder / ".yicang-unfinished"

    def stamp(self) -> Stamp | None:
        """Return the stamp of a complete environment; None without one, or when cut short."""
        usable = os.access(self.python, os.X_OK) and os.access(self._command, os.X_OK)
        if not usable or self._unfinished.exists() or not self._stamp.is_file():
            return None
        return Stamp.from_json(self._stamp.read_text())

    def must_start_over(self) -> bool:
        """Tell whether what is there cannot be completed in place."""
        if not self.folder.is_dir() or self.folder.is_symlink() or self._unfinished.exists():
            return True
        asked = [str(self.python), "-I", "-c", _ASK]
        try:
            answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return True
        *version, base, prefix = answer.splitlines()
        return (" ".join(version), base, prefix) != python_identity(self.folder)

    def begin(self, *, afresh: bool) -> None:
        """Lay the unfinished mark, in a new empty environment when `afresh`.

        Raises SetupError when the folder cannot be written or Python cannot make it.
        """
        try:
            if afresh:
                if self.folder.is_symlink() or self.folder.is_file():
                    self.folder.unlink()
                elif self.folder.exists():
                    shutil.rmtree(self.folder)
                self.folder.mkdir()
            self._unfinished.touch()
        except OSError as error:
            raise SetupError(
                f"无法写入 / cannot write: {error.filename}: {error.strerror}"
            ) from error
        if afresh:
            # The interpreter underneath, in case we were started from the environment just removed.
            base = getattr(sys, "_base_executable", sys.executable)
            made = subprocess.run(
                [base, "-m", "venv", "--without-pip", str(self.folder)], check=False
            )
            if made.returncode != 0:
                raise SetupError("python3 -m venv 失败 / python3 -m venv failed")

    def finish(self, stamp: Stamp) -> None:
        """Write the stamp, then take the unfinished mark away."""
        partial = self._stamp.with_suffix(".new")
        partial.write_text(stamp.to_json())
        partial.replace(self._stamp)
        self._unfinished.unlink()

    def install(self, pins: Sequence[Pin]) -> Iterator[Pin]:
        """Install exactly `pins`, hash-checked, yielding each when pip turns to it.

        Raises SetupError with pip's own words when it fails.
        """
        wheels = [pin for pin in pins if pin.name not in MAY_BE_BUILT]
        sources = [pin for pin in pins if pin.name in MAY_BE_BUILT]
        exact = ["--require-hashes", "--no-deps"]
        yield from self._install_some(wheels, [*exact, "--only-binary=:all:"])
        if sources:
            yield from self._install_some(sources, [*exact, "--no-build-isolation"])

    def install_project(self) -> None:
        """Install the checkout itself, editable, with the build system that is already there.

        Raises SetupError with pip's own words when it fails.
        """
        for _ in self._pip(
            ["--no-deps", "--no-build-isolation", "--no-index", "-e", str(self.root)]
        ):
            pass

    def _install_some(self, pins: Sequence[Pin], options: Sequence[str]) -> Iterator[Pin]:
        chosen = self.folder / "requirements-chosen.txt"
        by_line: dict[int, Pin] = {}
        text = ""
        for pin in pins:
            by_line[text.count("\n") + 1] = pin
            text += pin.text + "\n"
        chosen.write_text(text)
        for said in self._pip([*options, "-r", str(chosen)]):
            # Whether it collects, processes or finds it installed, pip names the line.
            found = _LINE.search(said)
            if found and int(found.group(1)) in by_line:
                yield by_line.pop(int(found.group(1)))

    def _pip(self, options: Sequence[str]) -> Iterator[str]:
        if hashlib.sha256(self._pip_wheel.read_bytes()).hexdigest() != PIP_SHA256:
            raise SetupError(f"文件损坏 / damaged file: {self._pip_wheel}")
        command = [str(self.python), "-I", f"{self._pip_wheel}/pip", "install", "--no-input"]
        command += ["--disable-pip-version-check", "--no-color", "--no-user", *options]
        said: list[str] = []
        with subprocess.Popen(
            command,
            env=dict(self._variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip:
            assert pip.stdout is not None
            for line in pip.stdout:
                said.append(line)
                yield line
        if pip.returncode != 0:
            raise SetupError(
                "".join(said) + "pip 失败，原因见上；从哪里下载由本机的 pip 设置决定"
                " / pip failed, see above; this machine's pip settings decide where it downloads"
            )
