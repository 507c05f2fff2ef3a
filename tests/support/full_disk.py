"""A disk that takes no byte more, for as long as a ``with`` lasts."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def full_disk(database: Path, room: int = 0) -> Iterator[None]:
    """Lets the write-ahead log of ``database`` grow by ``room`` bytes at most. It holds for every
    file of this process that is as long."""
    log = database.with_name(f"{database.name}-wal")
    most = log.stat().st_size + room if log.exists() else room
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
