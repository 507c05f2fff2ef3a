"""The first release of a machine, installed by Debian's Python with nothing of ours there yet.

``PYTHONPATH=yicang_stop-….whl python3 -m provisioning.updates.first BUNDLE --sha256 … --root /``

Imports the standard library only. It cannot verify an Ed25519 signature, so it believes the hash
that came with the card: whoever wrote the card had the signature verified (``yicang update check``)
and wrote down the SHA-256 of the whole bundle. Everything is as the updater would have left it, and
doing it twice does nothing the second time.
"""

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from provisioning.updates import folders, venvs
from provisioning.updates.bundle import Bundle, BundleError, Manifest, Signature
from provisioning.updates.links import first_links
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.places import Places


def believed(_manifest: bytes, _signature: Signature) -> None:
    """Stands where a signature is verified, for a bundle whose hash was compared as a whole."""


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def install(
    places: Places,
    source: Path,
    sha256: str,
    *,
    python: Path = venvs.PYTHON,
    units: Mapping[str, str] | None = None,
    link_system: bool = True,
) -> Manifest:
    """Makes the bundle's release the one in use on a machine that has none; which one it is.

    ``units`` are those of the release's units that this machine is to have, as in
    `provisioning.updates.links.listed` (None: all of them, and none started).

    Raises:
        BundleError: ``hash``, ``target``, ``damaged``, ``install``; ``installed``: another release
            is, and the updater is the one to replace it.
        OSError: the disk refuses.
    """
    if digest_of(source) != sha256.lower():
        raise BundleError("hash", "发布包与预期的不同 / this is not the bundle that was expected")
    with source.open("rb") as file, Bundle(file, believed) as bundle:
        manifest = bundle.manifest
    venvs.check_fits(manifest.target, venvs.here(python))
    confirmed = places.linked(CONFIRMED)
    if confirmed not in (None, manifest.id) and places.is_complete(str(confirmed)):
        raise BundleError("installed", f"已装有 {confirmed} / {confirmed} is installed here")
    places.releases.mkdir(mode=0o755, parents=True, exist_ok=True)
    folders.unpack(
        places, manifest.id, source, believed, lambda at, what: venvs.make(at, what, python)
    )
    places.link(CURRENT, manifest.id)
    places.link(CONFIRMED, manifest.id)
    if link_system:
        first_links(places, places.release(manifest.id), units)
    return manifest


def main(words: Sequence[str]) -> int:
    """Returns the exit status: 0 installed, 1 not."""
    parser = argparse.ArgumentParser(prog="python3 -m provisioning.updates.first")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--sha256", required=True)
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("--python", type=Path, default=venvs.PYTHON)
    parser.add_argument("--unit", action="append", help="which of its units to link; else all")
    parser.add_argument("--no-units", action="store_true")
    options = parser.parse_args(words)
    try:
        manifest = install(
            Places(options.root),
            options.bundle,
            options.sha256,
            python=options.python,
            units=dict.fromkeys(options.unit, "") if options.unit else None,
            link_system=not options.no_units,
        )
    except (BundleError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"已安装 / installed: {manifest.id}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
