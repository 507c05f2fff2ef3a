"""Namespaces of a test's own, in which it may mount what it likes and nobody else sees it."""

import os
import subprocess
from typing import Final

import pytest

OWN_MOUNTS: Final = (
    ("unshare", "--mount")
    if os.geteuid() == 0
    else ("unshare", "--user", "--map-root-user", "--mount")
)
"""Goes before a command."""


def may_mount() -> bool:
    """Whether this machine lets this test mount in a namespace. A chroot does not: its root is no
    mount."""
    tried = subprocess.run(
        [*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0


needs_mounts: Final = pytest.mark.skipif(
    not may_mount(), reason="this machine lets nobody mount a disk in a namespace"
)
