"""Namespaces of a test's own, in which it may mount what it likes and nobody else sees it."""

import os
import subprocess
from typing import Final

OWN_MOUNTS: Final = (
    ("unshare", "--mount")
    if os.geteuid() == 0
    else ("unshare", "--user", "--map-root-user", "--mount")
)
"""Goes before a command. Root needs no user namespace, which a chroot would refuse."""


def may_mount() -> bool:
    """Whether this machine lets this test mount in a namespace."""
    tried = subprocess.run(
        [*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0
