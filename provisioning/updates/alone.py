"""One updater at a time on a machine."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BusyError(Exception):
    """Another updater is at work."""


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Inside, no other updater with this folder is at work. Raises `BusyError`, OSError."""
    data.mkdir(mode=0o755, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(data / "lock", flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError("另一个升级正在进行 / another update is going on") from None
        yield
    finally:
        os.close(descriptor)
