"""Files that are private from their first byte, on disk when we say so, or not there at all."""

import os
import shutil
from pathlib import Path
from typing import Final

from hub.backup import BackupError

MARGIN_BYTES: Final = 64 * 1024 * 1024
"""What a backup leaves free beyond what it expects to need."""


def make_private(file: Path) -> None:
    """An empty file that only its owner may read, whatever the umask: what is written into it
    keeps its mode."""
    file.unlink(missing_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def sync(path: Path) -> None:
    """What was written to this file, or into this directory, is on disk. Raises OSError."""
    flags = os.O_RDONLY | (os.O_DIRECTORY if path.is_dir() else 0)
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def let_go(path: Path) -> None:
    """Ask the kernel to forget its copy of a synced file, so that the disk is what is read next."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def require_room(directory: Path, needed: int) -> None:
    """Raises `BackupError` when ``directory`` has not ``needed`` bytes and a margin free."""
    free = shutil.disk_usage(directory).free
    if free < needed + MARGIN_BYTES:
        raise BackupError(
            f"{directory}: 空间不足，约需 {_mib(needed + MARGIN_BYTES)} MiB，只剩 {_mib(free)}"
            f" / not enough room: about {_mib(needed + MARGIN_BYTES)} MiB are needed,"
            f" {_mib(free)} MiB are free"
        )


def _mib(size: int) -> str:
    return f"{size / 1048576:,.0f}"
