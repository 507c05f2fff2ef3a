"""The hub's own door for the command line: a Unix socket beside its database.

While a hub runs it is the only writer of its database, so a command that writes asks it to. A
request and its answer are one line of JSON each; a connection may hold several, one after the
other. Who may ask is a matter of the file system: the socket is 0600 in a directory of the same
owner. With no hub running, the command takes the writer's lock and does the work itself; the lock
and not the socket decides which of the two it is.
"""

import contextlib
import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

SOCKET_NAME: Final = "control.sock"
LOCK_NAME: Final = "writer.lock"
MAX_LINE_BYTES: Final = 1024 * 1024
IDLE_S: Final = 30.0
"""After so long without a request a connection is closed."""

ANSWER_S: Final = 600.0
"""How long a command waits for its answer: a backup copies the whole database."""


class Answer(Struct, frozen=True, omit_defaults=True):
    """``error`` is for people, zh / en; None when it was done."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str | None = None


class ControlError(Exception):
    """A request that was refused; the text is for people, zh / en."""


class NotRunningError(ControlError):
    """Nobody listens at the socket."""


class LockedError(Exception):
    """Another process is this database's writer."""


Perform = Callable[[bytes], bytes]
"""Takes a request (JSON) and gives its result (JSON); raises `ControlError`."""


# --- the writer's lock -------------------------------------------------------------------------


@contextmanager
def writer_lock(directory: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Held by whoever writes to the database in ``directory``; freed by the kernel at its end.

    Raises:
        LockedError: somebody else has it, and still had it ``wait_s`` seconds later.
    """
    descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockedError(str(directory)) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


# --- the hub's side ----------------------------------------------------------------------------


class ControlServer:
    """Answers requests at ``directory/control.sock`` until `close`."""

    def __init__(self, directory: Path, perform: Perform) -> None:
        self._directory: Final = directory
        self._perform: Final = perform
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Listens from now on; the caller holds the writer's lock, so that a socket file that is
        already there is a dead hub's. Raises OSError."""
        (self._directory / SOCKET_NAME).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)  # the file is 0600 from its first instant
        try:
            with _short_name(self._directory) as name:
                listener.bind(name)
        finally:
            os.umask(before)
        listener.listen(8)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="control", daemon=True).start()

    def close(self) -> None:
        """Takes no further requests; one that is under way still gets its answer."""
        listener, self._listener = self._listener, None
        if listener is not None:
            (self._directory / SOCKET_NAME).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # closed
            connection.settimeout(IDLE_S)
            threading.Thread(
                target=self._serve, args=(connection,), name="control-request", daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that went away or dawdles costs its own connection only.
        with connection, contextlib.suppress(OSError), connection.makefile("rwb") as stream:
            while line := stream.readline(MAX_LINE_BYTES + 1):
                if not line.endswith(b"\n"):
                    return  # too long, or cut off: never act on half a request
                try:
                    answer = Answer(msgspec.Raw(self._perform(line)))
                except ControlError as error:
                    answer = Answer(error=str(error))
                stream.write(msgspec.json.encode(answer) + b"\n")
                stream.flush()


# --- the command's side ------------------------------------------------------------------------


def ask(directory: Path, request: bytes, *, timeout_s: float = ANSWER_S) -> bytes:
    """The running hub's result for ``request``, both JSON.

    Raises:
        NotRunningError: no hub listens in ``directory``.
        ControlError: it refused, or ended before it answered (it may have done it).
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            with _short_name(directory) as name:
                _connect(connection, name, time.monotonic() + timeout_s)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunningError("没有正在运行的中心 / no hub is running") from None
        except OSError as error:
            raise ControlError(
                f"无法连接正在运行的中心 / the running hub cannot be reached: {error}"
            ) from None
        try:
            connection.sendall(request + b"\n")
            with connection.makefile("rb") as stream:
                line = stream.readline()
        except OSError:
            line = b""
    if not line.endswith(b"\n"):
        raise ControlError(
            "中心没有回答，请查看是否已执行 / the hub did not answer; see whether it was done"
        )
    answer = msgspec.json.decode(line, type=Answer)
    if answer.error is not None:
        raise ControlError(answer.error)
    return bytes(answer.result)


def _connect(connection: socket.socket, name: str, deadline: float) -> None:
    """Linux refuses a Unix socket with a timeout when the hub's queue is full, instead of waiting
    (EAGAIN in connect(2)). Raises OSError."""
    while True:
        try:
            connection.connect(name)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.02)


@contextmanager
def _short_name(directory: Path) -> Iterator[str]:
    """The socket's name by way of an open directory: a socket's path has 107 bytes at most."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)
