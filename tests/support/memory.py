"""Folders in memory, for what syncs hundreds of times and of which nobody pulls the plug.

A kill -9 takes nothing from the kernel's hands, and an image of a folder shows what was written: of
either the disk is no part. On a busy machine a sync takes tens of milliseconds.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SHARED: Final = Path("/dev/shm")
ROOM: Final = 64 << 20
"""Bytes that must be free there, as containers often have no more."""


def in_memory() -> "tempfile.TemporaryDirectory[str]":
    """A new folder, until its ``cleanup``; on the disk where memory has no room for one."""
    room = os.access(SHARED, os.W_OK) and shutil.disk_usage(SHARED).free >= ROOM
    return tempfile.TemporaryDirectory(prefix="yicang-test-", dir=SHARED if room else None)


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """The same within a ``with``."""
    with in_memory() as folder:
        yield Path(folder)
