"""Real releases of this repository, and what systemd is to them: it keeps the kiosk of ``current``
running, and starts it anew when the link or the process says so."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from provisioning.updates.fitting import Step
from provisioning.updates.names import CURRENT
from provisioning.updates.places import Places
from tests.support.processes import ROOT

PYTHON: Final = Path(sys.executable)
TARGET: Final = {(3, 11): "debian12", (3, 13): "debian13"}.get(sys.version_info[:2])
"""The target that runs here, if there is one."""
_COMMITTER: Final = {
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
}


class Checkout:
    """A clone of this repository, in which a test may commit."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        subprocess.run(
            ["git", "clone", "--quiet", "--no-local", str(ROOT), str(folder)], check=True
        )
        self._made = int(self.git("show", "-s", "--format=%ct", "HEAD"))

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **_COMMITTER},
        )
        return done.stdout.strip()

    def commit(self, path: str, before: str, after: str) -> None:
        """One change to one file, an hour later than the last."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert text.count(before) == 1
        file.write_text(text.replace(before, after), encoding="utf-8")
        self._made += 3600
        os.environ["GIT_AUTHOR_DATE"] = os.environ["GIT_COMMITTER_DATE"] = f"@{self._made} +0000"
        try:
            self.git("commit", "--quiet", "-am", "Change something")
        finally:
            del os.environ["GIT_AUTHOR_DATE"], os.environ["GIT_COMMITTER_DATE"]

    def build(
        self, out: Path, key: Path, *, target: str | None = TARGET, umask: int = 0o022, **env: str
    ) -> Path:
        """The release of its last commit, made in this folder; the bundle."""
        done = subprocess.run(
            [
                sys.executable, "-m", "provisioning.release", "build", "--target", str(target),
                "--key", str(key), "--out", str(out), "--cache", str(ROOT / "build" / "wheels"),
            ],
            cwd=self.folder,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            umask=umask,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return Path(done.stdout.splitlines()[0])


class Supervisor:
    """Keeps the kiosk's process as a service manager does; a context manager."""

    def __init__(self, places: Places, config: Path, log: Path) -> None:
        self._places = places
        self._config = config
        self._log = log
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep)
        self.ends = 0
        self.started: list[str] = []

    def __enter__(self) -> "Supervisor":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _keep(self) -> None:
        process: subprocess.Popen[bytes] | None = None
        running = None
        try:
            while not self._stop.wait(0.05):
                wanted = self._places.linked(CURRENT)
                if process is not None and process.poll() is not None:
                    process, self.ends = None, self.ends + 1
                    shutil.rmtree(self._places.heard.parent, ignore_errors=True)
                elif process is not None and wanted != running:
                    self._end(process)
                    process, self.ends = None, 0
                if process is None and wanted is not None:
                    process, running = self._start(), wanted
                    self.started.append(wanted)
        finally:
            if process is not None:
                self._end(process)

    def _start(self) -> subprocess.Popen[bytes]:
        self._places.heard.parent.mkdir(parents=True, exist_ok=True)
        program = self._places.home / CURRENT / ".venv" / "bin" / "yicang"
        with self._log.open("ab") as out:
            return subprocess.Popen(
                [str(program), "kiosk", "run", "--config", str(self._config)],
                env={**os.environ, "RUNTIME_DIRECTORY": str(self._places.heard.parent)},
                cwd=self._config.parent,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        shutil.rmtree(self._places.heard.parent, ignore_errors=True)

    # --- as the updater sees a service manager (`Host`) -----------------------------------------

    def fit(self, step: Step) -> None:
        """Nothing here has units."""

    def is_fixed(self) -> bool:
        return False

    def reload(self) -> None:
        """Nothing here reads units."""

    def restart(self) -> None:
        """The changed link is seen by itself."""

    def failures(self) -> int:
        return self.ends
