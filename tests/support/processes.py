"""Real processes of our own command line: started, read, waited for, ended, and looked for."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar
from urllib.error import URLError

from tests.support.ports import free_ports
from tests.support.stopwatch import Stopwatch
from tests.support.warm import ROOT as ROOT
from tests.support.warm import Forked, needs_start

T = TypeVar("T")


def until(
    what: str, probe: Callable[[], T | None], *, deadline_s: float = 60.0, pause_s: float = 0.02
) -> T:
    """The first value of ``probe`` that counts as true; it is asked again every ``pause_s``.

    Raises:
        AssertionError: none came within ``deadline_s``; it names ``what``.
    """
    deadline = time.monotonic() + deadline_s
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        time.sleep(pause_s)


def healthy(port: int) -> bool:
    """Whether ``/healthz`` on 127.0.0.1 answers with 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def processes_naming(word: str) -> dict[int, str]:
    """Every living process with ``word`` (a directory of the test's own) in its command line."""
    found: dict[int, str] = {}
    for pid in _numbers(Path("/proc")):
        if pid == os.getpid():
            continue
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            command = line.replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended
        if word in command:
            found[pid] = command
    return found


def _numbers(folder: Path) -> list[int]:
    return [int(entry.name) for entry in folder.iterdir() if entry.name.isdigit()]


def children(pid: int) -> list[int]:
    """The living processes that this one has started, without theirs."""
    return [one for one in _numbers(Path("/proc")) if _stat(one)[1] == pid]


def alive(pid: int) -> bool:
    """Whether it runs still: one that ended and that nobody has asked for does not."""
    return _stat(pid)[0] not in "XZ"


def _stat(pid: int) -> tuple[str, int]:
    """State and parent; X for one that is gone (see proc_pid_stat(5))."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return "X", 0
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


class Yicang:
    """One ``yicang …`` process; its output is collected from the start. It is forked from an
    interpreter that has loaded it, or with ``cold`` or an ``env`` that needs it Python starts for
    it, in a session of its own.

    As a context manager it is ended at the exit, with all that it has started.
    """

    def __init__(
        self, *arguments: str, env: Mapping[str, str] | None = None, cold: bool = False
    ) -> None:
        self.arguments = arguments
        self._lines: list[str] = []
        self._first_output = Stopwatch()
        read, write = os.pipe()
        self._first_output.start()
        with os.fdopen(write, "wb") as out:
            self.process = (
                self._start(out, env) if cold or needs_start(env) else self._fork(out, env)
            )
        self._reader = threading.Thread(target=self._read, args=(read,), daemon=True)
        self._reader.start()

    def _fork(
        self, out: IO[bytes], env: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes] | Forked:
        return Forked(self.arguments, stdin=False, stdout=out, stderr=out, env=env)

    def _start(
        self, out: IO[bytes], env: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes] | Forked:
        return subprocess.Popen(
            [sys.executable, "-m", "yicang", *self.arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})},
        )

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, encoding="utf-8") as output:
            for line in output:
                if not self._lines:
                    self._first_output.stop()
                self._lines.append(line.rstrip("\n"))

    @property
    def output(self) -> str:
        """All that it has written so far, to either stream."""
        return "\n".join(self._lines)

    @property
    def first_output_s(self) -> float:
        """Seconds from its start to its first line, without what the machine held up."""
        until("a first line of output", lambda: self._lines)
        return self._first_output.seconds

    def wait_for(self, pattern: str, *, deadline_s: float = 60.0) -> re.Match[str]:
        """The first match of ``pattern`` in its output; fails at once when it ends without."""

        def look() -> re.Match[str] | None:
            ended = self.process.poll() is not None
            if ended:
                self._reader.join(5)
            found = re.search(pattern, self.output)
            if ended and found is None:
                raise AssertionError(f"ended without {pattern!r}:\n{self.output}")
            return found

        try:
            return until(f"{pattern!r} in the output", look, deadline_s=deadline_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output}") from None

    def signal(self, number: int) -> None:
        """Sends it a signal, and it alone."""
        self.process.send_signal(number)

    def wait(self, *, deadline_s: float = 30.0) -> int:
        """Its exit status."""
        try:
            status = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {deadline_s:g} s:\n{self.output}") from None
        self._reader.join(5)
        return status

    def stop(self) -> int:
        """Ctrl-C, and its exit status."""
        if self.process.poll() is None:
            self.signal(signal.SIGINT)
        return self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self._reader.join(5)


class Up(Yicang):
    """``yicang up`` on free ports and a data directory of the test's own."""

    def __init__(
        self, data: Path, *options: str, ports: tuple[int, int, int] | None = None
    ) -> None:
        if ports is None:
            hub, screen, mqtt = free_ports(3)
            ports = hub, screen, mqtt
        self.data = data
        self.ports = ports
        self.hub_port, self.screen_port, self.mqtt_port = ports
        super().__init__(
            "up",
            "--data",
            str(data),
            "--hub-port",
            str(self.hub_port),
            "--screen-port",
            str(self.screen_port),
            "--mqtt-port",
            str(self.mqtt_port),
            "--no-open",
            *options,
            cold=True,  # it starts its children so, too
        )

    @property
    def hub_url(self) -> str:
        """Where the hub's pages are, without a slash at the end."""
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def screen_url(self) -> str:
        """Where the kiosk's page is, without a slash at the end."""
        return f"http://127.0.0.1:{self.screen_port}"

    def ready(self) -> Self:
        """Waits until it has said that it runs, to the last line of what it says then."""
        self.wait_for(r"Yicang Stop is running[\s\S]*Ctrl-C")
        return self

    @property
    def password(self) -> str:
        """The operator's password, from the output of a first start."""
        return self.wait_for(r"(?:password|密码) ([a-z0-9-]{19})")[1]

    def family(self) -> dict[int, str]:
        """Its living processes, itself and its children's children included."""
        return processes_naming(str(self.data))


def run(
    *arguments: str,
    deadline_s: float = 60.0,
    env: Mapping[str, str] | None = None,
    cold: bool = False,
) -> subprocess.CompletedProcess[str]:
    """One command to its end, both streams apart: forked from an interpreter that has loaded it,
    or with ``cold`` or an ``env`` that needs it from Python's start on."""
    if not (cold or needs_start(env)):
        return _run_warm(arguments, deadline_s, env)
    return subprocess.run(
        [sys.executable, "-m", "yicang", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=deadline_s,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})},
    )


def _run_warm(
    arguments: Sequence[str], deadline_s: float, env: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = Forked(arguments, stdin=False, stdout=out, stderr=err, env=env)
        try:
            status = process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode())
        return subprocess.CompletedProcess(process.args, status, *texts)
