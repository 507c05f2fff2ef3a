"""Whether a release may take the place of the one in use."""

from provisioning.updates.bundle import MANIFEST, BundleError, Manifest, is_older, parse_manifest
from provisioning.updates.places import Places


def judge(manifest: Manifest, in_use: str, running: Manifest | None, *, older: bool) -> None:
    """Raises `BundleError`: it is ``in_use`` already, or older than what is ``running`` there
    (which ``older`` allows)."""
    if in_use == manifest.id:
        raise BundleError("installed", f"{manifest.id} 正在使用 / is in use already")
    if running is not None and is_older(manifest, running) and not older:
        raise BundleError(
            "older",
            f"{manifest.id} 比正在使用的 {in_use} 旧 / is older than {in_use}, which is in use",
        )


def installed(places: Places, release: str) -> Manifest | None:
    """The manifest of a release that is unpacked here; None when it cannot be read."""
    try:
        return parse_manifest((places.release(release) / MANIFEST).read_bytes())
    except (OSError, ValueError, BundleError):
        return None
