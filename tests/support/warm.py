"""Processes of our command line that start at once: forks of an interpreter that has loaded it.

Python takes most of a second of a core to load a hub, a quarter to load a kiosk, and the suite
starts hundreds of them. Here an interpreter without threads (one for each process of tests) loads
what they need once, and forks for each: a process of its own, with its own pid, working files,
signals, memory and end, that goes the way of ``python -m yicang`` from the first line of that
module on. What differs is the loading and the command line that the kernel shows. What is about
these (`yicang up`, the units, memory, which command loads what) starts Python anew.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[2]

LOADED: Final = (
    "yicang.kiosk_commands",
    "kiosk.__main__",
    "hub.commands",
    "hub.serve",
    "provisioning.commands",
)

READ_AT_START: Final = ("LD_", "LC_", "LANG", "PYTHON", "TZ", "MALLOC_", "GLIBC_")
"""How variables begin that the loader, the C library and Python read before any of our lines."""

REQUEST_BYTES: Final = 65_536
STATUS_BYTES: Final = 4


def needs_start(env: Mapping[str, str] | None) -> bool:
    """Whether these variables mean something only to a process that starts anew."""
    changed = [name for name, value in (env or {}).items() if os.environ.get(name) != value]
    return any(name.startswith(READ_AT_START) for name in changed)


class Forked:
    """One ``yicang …`` process, used as a `subprocess.Popen` is. ``stdin`` is a pipe, or nothing;
    ``env`` is added to the environment of this process.

    Raises:
        AssertionError: the interpreter that forks is gone.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        stdin: bool,
        stdout: IO[bytes],
        stderr: IO[bytes],
        env: Mapping[str, str] | None = None,
    ) -> None:
        assert not needs_start(env)
        self.args: Final = ["yicang", *arguments]
        self.returncode: int | None = None
        self._told, tell = os.pipe()
        if stdin:
            read, write = os.pipe()
            self.stdin: IO[bytes] | None = os.fdopen(write, "wb", buffering=0)
        else:
            read, self.stdin = os.open(os.devnull, os.O_RDONLY), None
        fds = [read, stdout.fileno(), stderr.fileno(), tell]
        try:
            self.pid: Final = _parent().fork(arguments, env or {}, fds)
        finally:
            os.close(read)
            os.close(tell)

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            told = select.poll()
            told.register(self._told, select.POLLIN)
            if not told.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            status = os.read(self._told, STATUS_BYTES)
            os.close(self._told)
            assert status, "the interpreter that forks has ended"
            self.returncode = int.from_bytes(status, signed=True)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing when it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class _Parent:
    """The interpreter that forks, as a child of this process; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process: Final = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                cwd=ROOT,
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # a file's buffering, for what is forked as well
                pass_fds=[theirs.fileno()],
            )

    def fork(self, arguments: Sequence[str], env: Mapping[str, str], fds: Sequence[int]) -> int:
        """The new process's id."""
        request = json.dumps([arguments, dict(env)]).encode()
        assert len(request) <= REQUEST_BYTES
        with self._lock:
            socket.send_fds(self._control, [request], fds)
            answer = self._control.recv(REQUEST_BYTES)
        assert answer, "the interpreter that forks has ended"
        return int(answer)

    def close(self) -> None:
        """It ends; what it forked does not."""
        self._control.close()
        self._process.wait(10)


@functools.cache
def _parent() -> _Parent:
    made = _Parent()
    atexit.register(made.close)
    return made


# --- the interpreter that forks ----------------------------------------------------------------


def _serve(control: socket.socket) -> Sequence[str] | None:
    """Forks when asked to. Returns the arguments in each fork, and None in the end."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, REQUEST_BYTES)
            _tell_the_ended(running)
        if control.fileno() not in ready:
            continue
        message, fds, _, _ = socket.recv_fds(control, REQUEST_BYTES, 4)
        if not message:
            return None
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            control.close()
            for number, fd in enumerate(fds[:3]):
                os.dup2(fd, number)
            os.closerange(3, max((*fds, woken, wake, *running.values())) + 1)
            arguments, env = json.loads(message)
            os.environ.update(env)
            return [str(one) for one in arguments]
        for fd in fds[:3]:
            os.close(fd)
        running[pid] = fds[3]
        control.send(str(pid).encode())


def _tell_the_ended(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        told = running.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            code = os.waitstatus_to_exitcode(status)
            os.write(told, code.to_bytes(STATUS_BYTES, signed=True))
        os.close(told)


def _main() -> None:
    for name in LOADED:
        importlib.import_module(name)
    assert threading.active_count() == 1, "what is loaded started a thread: it may not be forked"
    gc.collect()
    gc.freeze()
    arguments = _serve(socket.socket(fileno=int(sys.argv[1])))
    if arguments is not None:
        sys.argv[1:] = arguments
        runpy.run_module("yicang", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
