"""Commands reach a running hub through its socket, and only one process ever writes."""

import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from hub.control import (
    MAX_LINE_BYTES,
    ControlError,
    ControlServer,
    LockedError,
    NotRunningError,
    ask,
    writer_lock,
)


def perform(request: bytes) -> bytes:
    if b"refuse" in request:
        raise ControlError("不行 / no")
    return b'{"heard":' + request.strip() + b"}"


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A directory whose path is longer than a socket's may be."""
    directory = tmp_path / ("long-" * 20) / ("name-" * 20)
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def server(deep: Path) -> Iterator[ControlServer]:
    server = ControlServer(deep, perform)
    server.start()
    yield server
    server.close()


def test_a_command_gets_the_answer_of_the_running_hub(server: ControlServer, deep: Path) -> None:
    assert ask(deep, b'{"a":1}') == b'{"heard":{"a":1}}'


def test_a_refusal_arrives_as_the_words_for_people(server: ControlServer, deep: Path) -> None:
    with pytest.raises(ControlError, match="不行 / no"):
        ask(deep, b'"refuse"')
    assert ask(deep, b"2") == b'{"heard":2}'


def test_many_commands_at_once_each_get_their_own_answer(server: ControlServer, deep: Path) -> None:
    answers: dict[int, bytes] = {}

    def command(number: int) -> None:
        answers[number] = ask(deep, str(number).encode())

    threads = [threading.Thread(target=command, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: b'{"heard":%d}' % number for number in range(20)}


def test_a_command_waits_for_its_turn_while_the_hub_has_its_hands_full(deep: Path) -> None:
    with ExitStack() as stack:
        descriptor = os.open(deep, os.O_RDONLY)
        stack.callback(os.close, descriptor)
        name = f"/proc/self/fd/{descriptor}/control.sock"
        busy = stack.enter_context(socket.socket(socket.AF_UNIX))
        busy.bind(name)
        busy.listen(1)
        with suppress(BlockingIOError):
            while True:
                waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
                waiting.setblocking(False)
                waiting.connect(name)
        began = time.monotonic()
        with pytest.raises(ControlError, match="cannot be reached"):
            ask(deep, b"1", timeout_s=0.5)
        assert time.monotonic() - began >= 0.5


def test_only_the_owner_can_reach_the_socket(server: ControlServer, deep: Path) -> None:
    mode = (deep / "control.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_without_a_hub_the_command_is_told_so(deep: Path) -> None:
    with pytest.raises(NotRunningError):
        ask(deep, b"1")


def test_the_socket_of_a_hub_that_was_killed_counts_as_no_hub(deep: Path) -> None:
    left_behind = socket.socket(socket.AF_UNIX)
    descriptor = os.open(deep, os.O_RDONLY)
    left_behind.bind(f"/proc/self/fd/{descriptor}/control.sock")
    left_behind.close()
    with pytest.raises(NotRunningError):
        ask(deep, b"1")
    server = ControlServer(deep, perform)
    server.start()
    assert ask(deep, b"1") == b'{"heard":1}'
    server.close()
    os.close(descriptor)
    with pytest.raises(NotRunningError):
        ask(deep, b"1")


def test_half_a_request_and_an_endless_one_are_never_acted_on(deep: Path) -> None:
    acted: list[bytes] = []

    def remember(request: bytes) -> bytes:
        acted.append(request)
        return b"1"

    server = ControlServer(deep, remember)
    server.start()
    for bad in (b'{"half":', b"x" * (MAX_LINE_BYTES + 10)):
        descriptor = os.open(deep, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"/proc/self/fd/{descriptor}/control.sock")
            client.sendall(bad)
            client.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):  # it hung up while we were still sending
                assert client.recv(100) == b""
        os.close(descriptor)
    assert ask(deep, b"2") == b"1"
    assert acted == [b"2\n"]
    server.close()


def test_two_processes_never_hold_the_writers_lock(tmp_path: Path) -> None:
    hold = (
        "import sys, pathlib, hub.control as c\n"
        "with c.writer_lock(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(LockedError), writer_lock(tmp_path):
        pass
    holder.kill()
    holder.wait()
    with writer_lock(tmp_path, wait_s=5):
        pass
