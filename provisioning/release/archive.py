"""Writes a release's tar so that the same content gives the same bytes."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from provisioning.updates.bundle import MANIFEST, SIGNATURE, Entry


def entries(files: Mapping[str, bytes]) -> dict[str, Entry]:
    """What a manifest says of these files."""
    return {
        path: Entry(hashlib.sha256(content).hexdigest(), len(content))
        for path, content in files.items()
    }


def write(path: Path, manifest: bytes, signature: bytes, files: Mapping[str, bytes]) -> None:
    """Writes the bundle: manifest, signature, then the files by name; of no time, nobody's.

    Raises OSError.
    """
    # GNU_FORMAT: wheels have longer names than the oldest format holds. No compression, so that no
    # other version of a compressor can make other bytes of it.
    with (
        path.open("wb") as out,
        tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        members = {MANIFEST: manifest, SIGNATURE: signature, **dict(sorted(files.items()))}
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
