"""A release's folder: made complete, and taken away again."""

import ctypes
import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from kiosk.durable import sync_directory, write_durably
from provisioning.updates.bundle import Bundle, BundleError, Manifest, Verify
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.places import COMPLETE, Places

Make = Callable[[Path, Manifest], None]
"""Makes a release's environment in its folder. Raises `BundleError`."""


def open_source(path: Path) -> int:
    """A descriptor of the bundle. No link is followed, and nothing but a file is read: the folder
    belongs to an account with fewer rights. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _found(source: Path) -> int:
    try:
        return open_source(source)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # A service sees nothing of /root, /home and /tmp, from where a person may have begun.
        raise BundleError(
            "source", f"{source}: 发布包不在了，或服务看不到 / gone, or not seen by a service"
        ) from None


def read_manifest(path: Path, verify: Verify) -> Manifest:
    """The signed manifest of a bundle, of which nothing else is read.

    Raises:
        BundleError: it is not signed by anybody who is trusted, or no bundle.
        OSError: it cannot be read.
    """
    with os.fdopen(open_source(path), "rb") as file, Bundle(file, verify) as bundle:
        return bundle.manifest


def unpack(places: Places, name: str, source: Path, verify: Verify, make: Make) -> None:
    """Makes the folder of release ``name`` complete, unless it is; from nothing, whatever a run
    that was cut off has left there.

    Raises:
        BundleError: the bundle is not used; ``source``: it is gone, or not seen from here.
        OSError: the disk refuses.
    """
    if places.is_complete(name):
        return
    folder = places.release(name)
    remove(folder)
    folder.mkdir(mode=0o755, parents=True)
    try:
        with os.fdopen(_found(source), "rb") as file, Bundle(file, verify) as bundle:
            if bundle.manifest.id != name:
                raise BundleError(
                    "other-release", f"发布包是 {bundle.manifest.id} / it is {bundle.manifest.id}"
                )
            bundle.unpack(folder)
            make(folder, bundle.manifest)
        shutil.rmtree(folder / "wheels", ignore_errors=True)  # installed, and as large again
    except BaseException:
        remove(folder)
        raise
    sync_all(folder)  # thousands of files: all of them before the one that says so
    write_durably(folder / COMPLETE, b"", mode=0o644)
    sync_directory(places.releases)


def sync_all(folder: Path) -> None:
    """Brings the whole file system that ``folder`` is on to the disk, and no other: a stick that
    answers no more must not hold up a kiosk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs", str(folder))
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """Takes a release away; cut off in between, it is half a release. Raises OSError."""
    complete = folder / COMPLETE
    if complete.exists():
        complete.unlink()
        sync_directory(folder)
    if folder.exists():
        shutil.rmtree(folder)


def prune(places: Places, keep: Collection[str]) -> None:
    """Takes away every release but those to keep and those in use. Raises OSError."""
    kept = {*keep, places.linked(CURRENT), places.linked(CONFIRMED)}
    for folder in sorted(places.releases.iterdir()):
        if folder.name not in kept and folder.is_dir():
            remove(folder)
