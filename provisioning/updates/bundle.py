"""A release as one file: a tar with a manifest, a signature over it, and what it names.

Shape, in this order: ``manifest.json``, ``manifest.sig``, then every file of the manifest, by name.
Plain, without compression: almost all of it is wheels, which are compressed already. What is not
exactly of this shape is refused; nothing of it is written before the signature was verified.
"""

import base64
import hashlib
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
REQUIREMENTS: Final = "requirements.txt"
SBOM: Final = "sbom.cdx.json"
SUFFIX: Final = ".yrel"

_MAX_MANIFEST: Final = 1 << 20
_MAX_SIGNATURE: Final = 4096
_MAX_FILE: Final = 1 << 30
_CHUNK: Final = 1 << 18
_SIGNED: Final = b"yicang release 1\n"
"""Goes before the manifest under the signature, so that it can never stand for anything else."""
_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@-]*(?:/[A-Za-z0-9_][A-Za-z0-9._+@-]*)*")
_ID: Final = re.compile(r"[0-9][0-9A-Za-z.]{0,15}-[0-9]{8}T[0-9]{6}-[0-9a-f]{7,12}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")


class BundleError(Exception):
    """A bundle that is not used. ``word`` is the machine word of the reason, the text says it in
    both languages."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.word: Final = word


@dataclass(frozen=True)
class Target:
    """Where a release runs: ``name`` for people, ``python`` the tag of CPython (``cp313``),
    ``machine`` as the kernel says it (``aarch64``), ``libc`` the least glibc, major and minor."""

    name: str
    python: str
    machine: str
    libc: tuple[int, int]


@dataclass(frozen=True)
class Entry:
    """A file of the bundle: its SHA-256 in hex, and its length in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """What a bundle holds. ``id`` is version, time of the commit and commit; ``made`` is that time
    in Unix seconds; ``pip`` the file with the installer; ``journal`` the version of the kiosk's
    journal that this release writes."""

    id: str
    version: str
    commit: str
    made: int
    target: Target
    journal: int
    pip: str
    files: Mapping[str, Entry]

    def to_json(self) -> bytes:
        """The bytes that are signed, the same for the same content."""
        document = {
            "format": FORMAT,
            "id": self.id,
            "version": self.version,
            "commit": self.commit,
            "made": self.made,
            "target": {
                "name": self.target.name,
                "python": self.target.python,
                "machine": self.target.machine,
                "libc": list(self.target.libc),
            },
            "journal": self.journal,
            "pip": self.pip,
            "files": {
                path: {"sha256": entry.sha256, "size": entry.size}
                for path, entry in self.files.items()
            },
        }
        return json.dumps(document, sort_keys=True, indent=1).encode() + b"\n"


@dataclass(frozen=True)
class Signature:
    """An Ed25519 signature (RFC 8032, 64 bytes) over `signed_bytes`, and the id of its key."""

    key: str
    value: bytes

    def to_json(self) -> bytes:
        """The bytes of ``manifest.sig``."""
        document = {"key": self.key, "signature": base64.b64encode(self.value).decode()}
        return json.dumps(document, sort_keys=True).encode() + b"\n"


Verify = Callable[[bytes, Signature], None]
"""Raises `BundleError` unless the signature over the manifest's bytes is by a trusted key."""


def signed_bytes(manifest: bytes) -> bytes:
    """What a signature is over."""
    return _SIGNED + manifest


def release_id(version: str, stamp: str, commit: str) -> str:
    """The name of a release: its ``stamp`` (``20261122T091721``) orders it among its version's."""
    return f"{version}-{stamp}-{commit[:7]}"


def is_release_id(text: str) -> bool:
    """Whether this can be a release's name, and so a folder's."""
    return _ID.fullmatch(text) is not None


def is_older(one: Manifest, other: Manifest) -> bool:
    """Whether ``one`` came before ``other``: by version, then by the commit's time."""
    return (_version(one.version), one.made) < (_version(other.version), other.made)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:4])


def parse_manifest(raw: bytes) -> Manifest:
    """The manifest in these bytes.

    Raises:
        BundleError: ``manifest``: it is not one, or of a format of a later release.
    """
    try:
        found = json.loads(raw)
        if found["format"] != FORMAT:
            raise BundleError(
                "format",
                f"发布包的格式 {found['format']} 不认识 / a bundle of format {found['format']}",
            )
        target = found["target"]
        major, minor = target["libc"]
        manifest = Manifest(
            id=_text(found["id"], _ID),
            version=str(found["version"]),
            commit=_text(found["commit"], re.compile(r"[0-9a-f]{40}")),
            made=int(found["made"]),
            target=Target(
                str(target["name"]), str(target["python"]), str(target["machine"]),
                (int(major), int(minor)),
            ),
            journal=int(found["journal"]),
            pip=_text(found["pip"], _PATH),
            files={_text(p, _PATH): _entry(e) for p, e in sorted(found["files"].items())},
        )  # fmt: skip
        if manifest.pip not in manifest.files or REQUIREMENTS not in manifest.files:
            raise ValueError("pip or requirements missing")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(
            "manifest", f"发布包的清单无法读取 / its manifest cannot be read: {error}"
        ) from None
    return manifest


def _text(found: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(found, str) or not pattern.fullmatch(found):
        raise ValueError(repr(found)[:100])
    return found


def _entry(found: Any) -> Entry:
    size = int(found["size"])
    if not 0 <= size <= _MAX_FILE:
        raise ValueError(f"size {size}")
    return Entry(_text(found["sha256"], _HEX), size)


def parse_signature(raw: bytes) -> Signature:
    """The signature in these bytes. Raises `BundleError`, ``unsigned``."""
    try:
        found = json.loads(raw)
        return Signature(str(found["key"]), base64.b64decode(found["signature"], validate=True))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BundleError("unsigned", "发布包没有签名 / the bundle is not signed") from None


class Bundle:
    """A bundle that is read from ``source`` once, from its start; a context manager.

    Constructing it verifies the signature. Raises `BundleError` there (``unsigned``,
    ``signature``, ``manifest``, ``damaged``), and from `files`.
    """

    def __init__(self, source: BinaryIO, verify: Verify) -> None:
        try:
            self._tar: Final = tarfile.open(fileobj=source, mode="r|")  # noqa: SIM115
        except (tarfile.TarError, OSError) as error:
            raise _damaged(str(error)) from None
        raw = self._small(MANIFEST, _MAX_MANIFEST)
        verify(raw, parse_signature(self._small(SIGNATURE, _MAX_SIGNATURE)))
        self.raw: Final = raw
        self.manifest: Final = parse_manifest(raw)

    def __enter__(self) -> "Bundle":
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def _next(self, name: str) -> tuple[tarfile.TarInfo, BinaryIO]:
        try:
            member = self._tar.next()
            if member is None or member.name != name or not member.isreg():
                raise _damaged(f"{name}: {member.name if member else 'missing'}")
            content = self._tar.extractfile(member)
        except (tarfile.TarError, OSError, UnicodeDecodeError, EOFError) as error:
            raise _damaged(str(error)) from None
        assert content is not None
        return member, content  # type: ignore[return-value]

    def _small(self, name: str, limit: int) -> bytes:
        member, content = self._next(name)
        if member.size > limit:
            raise _damaged(f"{name}: {member.size}")
        try:
            raw = content.read()
        except (tarfile.TarError, OSError) as error:
            raise _damaged(str(error)) from None
        if len(raw) != member.size:
            raise _damaged(name)
        return raw

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Each file's path and its bytes, to be taken before the next; whoever takes all of one
        has its hash compared, and at the end nothing may follow. Raises `BundleError`."""
        for path, entry in sorted(self.manifest.files.items()):
            member, content = self._next(path)
            if member.size != entry.size:
                raise _damaged(path)
            yield path, self._checked(path, entry, content)
        try:
            if self._tar.next() is not None:
                raise _damaged("more than the manifest names")
        except (tarfile.TarError, OSError) as error:
            raise _damaged(str(error)) from None

    def _checked(self, path: str, entry: Entry, content: BinaryIO) -> Iterator[bytes]:
        digest = hashlib.sha256()
        try:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                yield chunk
        except (tarfile.TarError, OSError) as error:
            raise _damaged(f"{path}: {error}") from None
        if digest.hexdigest() != entry.sha256:
            raise _damaged(path)

    def check(self) -> None:
        """Reads all of it and keeps nothing. Raises `BundleError`, ``damaged``."""
        for _path, chunks in self.files():
            for _chunk in chunks:
                pass

    def unpack(self, folder: Path) -> None:
        """Writes every file below ``folder``, which must be there, and the manifest.

        Raises:
            BundleError: ``damaged``; what was written so far is of no use.
            OSError: the disk refuses.
        """
        for path, chunks in self.files():
            there = folder / path
            there.parent.mkdir(parents=True, exist_ok=True)
            _write(there, chunks)
        _write(folder / MANIFEST, iter((self.raw,)))


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o644), "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _damaged(what: str) -> BundleError:
    return BundleError("damaged", f"发布包已损坏 / the bundle is damaged: {what}")
