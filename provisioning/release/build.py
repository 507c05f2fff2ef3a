"""Puts a release together: from a commit, a target and a key to one file."""

import hashlib
import re
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioning.bootstrap.environment import PIP_WHEEL
from provisioning.bootstrap.lock import canonical
from provisioning.release import archive, commit, sbom, wheels
from provisioning.release.commit import Commit, ReleaseError
from provisioning.release.targets import Plan
from provisioning.updates.bundle import REQUIREMENTS, SBOM, SUFFIX, Manifest

UNSIGNED: Final = b"{}\n"
"""Stands for the signature in a release that nobody has signed, and nobody installs."""
_CARRIED: Final = ("systemd", "docs")
"""Folders of the commit that go along as they are."""

Sign = Callable[[bytes], bytes]
"""What stands in ``manifest.sig`` for this manifest."""


@dataclass(frozen=True)
class Made:
    """A release that was made: the bundle, beside it its signature and its SBOM."""

    manifest: Manifest
    bundle: Path
    sha256: str


def make(
    root: Path, plan: Plan, revision: str, sign: Sign, out: Path, cache: Path, *, signed: bool
) -> Made:
    """Makes the release of a commit for a target, in the folder ``out``.

    ``root`` is the checkout, ``cache`` where wheels are kept from one time to the next.

    Raises:
        ReleaseError: it cannot be made, and why.
        OSError: the disk refuses.
    """
    source = commit.read(root, revision)
    with tempfile.TemporaryDirectory(prefix="yicang-release-") as scratch:
        tree = Path(scratch) / "tree"
        commit.unpack(root, source, tree)
        manifest, files = _contents(tree, plan, source, cache, Path(scratch))
    raw = manifest.to_json()
    signature = sign(raw)
    out.mkdir(parents=True, exist_ok=True)
    stem = f"yicang-{manifest.id}-{plan.name}{'' if signed else '-unsigned'}"
    bundle = out / f"{stem}{SUFFIX}"
    beside = bundle.with_name(f".{bundle.name}.new")
    archive.write(beside, raw, signature, files)
    beside.replace(bundle)
    (out / f"{stem}{SUFFIX}.sig").write_bytes(signature)
    (out / f"{stem}.{SBOM}").write_bytes(files[SBOM])
    return Made(manifest, bundle, hashlib.sha256(bundle.read_bytes()).hexdigest())


def _contents(
    tree: Path, plan: Plan, source: Commit, cache: Path, scratch: Path
) -> tuple[Manifest, dict[str, bytes]]:
    project = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = str(project["version"])
    own = wheels.own(tree, source, scratch / "own")
    chosen = wheels.pins(tree, plan)
    fetched = wheels.fetch(chosen, plan, cache, scratch / "wheels")
    found = {path.name: path.read_bytes() for path in (own, *fetched)}
    release = source.id(version)
    pip = f"wheels/{PIP_WHEEL.name}"
    files = {f"wheels/{name}": content for name, content in found.items()}
    files[pip] = wheels.pip_wheel()
    files[REQUIREMENTS] = requirements(found)
    files[SBOM] = sbom.make(release, version, source, found, chosen)
    for folder in _CARRIED:
        for path in sorted((tree / folder).rglob("*")):
            wanted = folder != "docs" or path.suffix in (".md", ".svg")
            if path.is_file() and wanted:
                files[path.relative_to(tree).as_posix()] = path.read_bytes()
    manifest = Manifest(
        release, version, source.name, source.made, plan.target, _journal(tree), pip,
        archive.entries(files),
    )  # fmt: skip
    return manifest, files


def requirements(found: dict[str, bytes]) -> bytes:
    """What pip installs from the bundle: every wheel by its hash, and no other."""
    lines = []
    for content in found.values():
        metadata = sbom.metadata_of(content)
        digest = hashlib.sha256(content).hexdigest()
        name = canonical(str(metadata["Name"]))
        lines.append(f"{name}=={metadata['Version']} --hash=sha256:{digest}\n")
    return "".join(sorted(lines)).encode()


def _journal(tree: Path) -> int:
    text = (tree / "kiosk" / "store_schema.py").read_text(encoding="utf-8")
    found = re.search(r"^SCHEMA_VERSION: Final = (\d+)$", text, flags=re.MULTILINE)
    if found is None:
        raise ReleaseError("kiosk/store_schema.py: SCHEMA_VERSION")
    return int(found.group(1))
