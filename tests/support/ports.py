"""TCP ports for what a test starts, so that no two tests are ever handed the same one.

A port that the kernel picks is free again as soon as its broker is killed, and a kiosk that still
looks for that broker then reports to the next test's. So each process of a run takes a block of
ports to itself and goes through it in turn, and a port comes back only after all the others of
the block. The blocks lie below those that Linux gives to outgoing connections (from 32768 on,
ip-sysctl: ip_local_port_range): none of them takes a port while its broker is down.
"""

import fcntl
import functools
import os
import socket
import tempfile
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import IO, Final

_FIRST: Final = 20_000
_BLOCK: Final = 400
_BLOCKS: Final = 30

_claims: list[IO[bytes]] = []  # each holds its lock until this process ends


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now and no other test was handed."""
    return next(_ports())


def free_ports(count: int) -> list[int]:
    """``count`` different ones."""
    return [free_port() for _ in range(count)]


@functools.cache
def _ports() -> Iterator[int]:
    block = _claim()
    return (port for port in chain.from_iterable(repeat(block)) if _nobody_listens(port))


def _claim() -> range:
    folder = Path(tempfile.gettempdir()) / f"yicang-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for number in range(_BLOCKS):
        lock = (folder / str(number)).open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _claims.append(lock)
        start = _FIRST + number * _BLOCK
        return range(start, start + _BLOCK)
    raise AssertionError(f"{_BLOCKS} processes of tests run on this machine already")


def _nobody_listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else TIME_WAIT counts
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
