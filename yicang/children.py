"""A child process of `yicang up`: its lifeline, its bounded log, its end."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, Protocol

LOG_BYTES: Final = 1024 * 1024
"""A log's size at which it becomes ``*.log.1``; together two such files at most."""

STRAGGLER_S: Final = 5.0
"""How long what a child has forked may outlive it."""

TAIL_LINES: Final = 20
MAX_LINE_BYTES: Final = 16 * 1024
_WARNING: Final = re.compile(rb"^\d{4}-\d\d-\d\d \S+ (?:WARNING|ERROR|CRITICAL) ")


class Process(Protocol):
    """What the supervisor needs of a child."""

    name: str

    def start(self) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout_s: float) -> bool: ...
    def tail(self) -> list[str]: ...


class BoundedLog:
    """A log file that never takes more than twice `LOG_BYTES`, and its last lines.

    A disk that is full costs log lines, nothing else.
    """

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._file: IO[bytes] | None = None
        self._size = 0
        self._tail: Final[deque[str]] = deque(maxlen=TAIL_LINES)

    def write(self, line: bytes) -> None:
        """Appends one line, its end included."""
        self._tail.append(line.decode("utf-8", "replace").rstrip())
        with contextlib.suppress(OSError):
            if self._file is None or self._size > LOG_BYTES:
                self._reopen()
            if self._file is not None:
                self._size += self._file.write(line)
                self._file.flush()

    def tail(self) -> list[str]:
        """The last lines since this run began."""
        return list(self._tail)

    def close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _reopen(self) -> None:
        self.close()
        if self._path.exists() and self._path.stat().st_size > LOG_BYTES:
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        self._file = self._path.open("ab")
        self._size = self._path.stat().st_size


class Child:
    """One process of our own command line, in a session of its own.

    The terminal's Ctrl-C therefore reaches the parent only, which ends children in their order;
    and killing the group takes what the child has forked with it.

    ``on_exit(child, status)`` is called from a thread when it ends by whatever cause, with its
    exit status (negative: the signal); ``on_warning(line)`` for each line of its log that is a
    warning or worse.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        log: Path,
        on_exit: Callable[["Child", int], None],
        on_warning: Callable[[str], None],
    ) -> None:
        self.name = name
        self._arguments: Final = tuple(arguments)
        self._log: Final = BoundedLog(log)
        self._on_exit: Final = on_exit
        self._on_warning: Final = on_warning
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._reaping: Final = threading.Lock()

    def start(self) -> None:
        """Starts it. Raises OSError when there are no processes or descriptors left."""
        ended = threading.Event()
        process = subprocess.Popen(
            command_line("--lifeline", *self._arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            env=environment(),
        )
        self._process, self._ended = process, ended
        threading.Thread(
            target=self._follow, args=(process, ended), name=f"{self.name}-end", daemon=True
        ).start()

    def terminate(self) -> None:
        """Asks it to stop; nothing when it has ended."""
        self._signal(os.kill, signal.SIGTERM)

    def kill(self) -> None:
        """Ends it and all that it has forked, now; nothing when it has ended."""
        self._signal(os.killpg, signal.SIGKILL)

    def wait(self, timeout_s: float) -> bool:
        """Whether it had ended, or was never started, within ``timeout_s``."""
        return self._process is None or self._ended.wait(timeout_s)

    def tail(self) -> list[str]:
        """The last lines that it wrote."""
        return self._log.tail()

    def _signal(self, send: Callable[[int, int], None], number: int) -> None:
        # Not Popen.send_signal, which may reap: until `_follow` has reaped the child, its number
        # belongs to nobody else, so that neither it nor its group can be a stranger's.
        with self._reaping:
            if self._process is not None and not self._ended.is_set():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    send(self._process.pid, number)

    def _follow(self, process: subprocess.Popen[bytes], ended: threading.Event) -> None:
        reader = threading.Thread(
            target=self._read, args=(process,), name=f"{self.name}-log", daemon=True
        )
        reader.start()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        # What it has forked (a web worker) sees by itself that it is gone; if not, it is ended:
        # two of them must never write to the same data.
        reader.join(STRAGGLER_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        reader.join(STRAGGLER_S)
        with self._reaping:
            status = process.wait()
            ended.set()
        if process.stdin is not None:
            process.stdin.close()
        self._on_exit(self, status)

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in iter(lambda: lines.readline(MAX_LINE_BYTES), b""):
                self._log.write(line if line.endswith(b"\n") else line + b"\n")
                if _WARNING.match(line):
                    self._on_warning(line.decode("utf-8", "replace").rstrip())
        self._log.close()


def command_line(*arguments: str) -> list[str]:
    """Our own command line in this Python; ``-P`` keeps a folder named like one of our packages
    in the current directory from being taken for it."""
    return [sys.executable, "-P", "-m", "yicang", *arguments]


def as_typed(*arguments: str) -> str:
    """The line that a person types for it in a shell, in whatever folder.

    With the script's whole path: it lies in an environment that is on nobody's PATH.
    """
    script = Path(sys.executable).with_name("yicang")
    start = [str(script)] if script.exists() else [sys.executable, "-m", "yicang"]
    return shlex.join([*start, *arguments])


def environment() -> dict[str, str]:
    """The environment for `command_line`: it finds the packages that this process runs from."""
    root = str(Path(__file__).resolve().parent.parent)
    before = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": root if not before else root + os.pathsep + before,
        "PYTHONUNBUFFERED": "1",
    }
