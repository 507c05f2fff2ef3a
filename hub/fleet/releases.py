"""Releases that are kept at the hub for its kiosks: verified when they come, offered in roll-outs.

A release comes as the file that was made of a commit and signed by a person (docs/fleet.md). The
hub judges it exactly as a kiosk will: by the trusted public keys on this machine, and by every hash
of its manifest. What does not stand is refused at once, so that nobody tells thirty kiosks to fetch
something that they all refuse. The hub holds no key that signs: whoever takes the hub over can
offer kiosks old releases or none, but none of their own.

Bundles are large, so they lie as files in a folder of the hub; the database knows their size and
hash. A file that got lost (a restored backup has none) is brought again.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select

from contract.releases import TargetId
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.config import HubConfig
from provisioning.updates import keys
from provisioning.updates.bundle import SBOM, Bundle, BundleError, Signature

T = TypeVar("T")
Call = Callable[[Callable[[Connection], T]], T]

MAX_BYTES: Final = 512 << 20
"""Of a bundle that comes here; a kiosk's has some 40 MB."""
KEYS: Final = Path("/etc/yicang/release-keys")
_PIECE: Final = 1 << 18

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "no-keys": (
        "这台机器上没有受信任的发布公钥，无法验证",
        "there is no trusted public key for releases on this machine to verify it with",
    ),
    "bad-key": ("受信任的公钥读不了", "a trusted public key cannot be read"),
    "too-large": (
        f"文件超过 {MAX_BYTES >> 20} MB",
        f"the file is larger than {MAX_BYTES >> 20} MB",
    ),
    "damaged": ("这不是发布包，或已损坏", "this is no release, or it is damaged"),
    "unsigned": ("没有签名", "it is not signed"),
    "foreign-key": (
        "签名的密钥不在受信任之列",
        "it was signed with a key that is not trusted here",
    ),
    "signature": ("签名不符：被改动过", "the signature does not fit: somebody changed it"),
    "manifest": ("清单无法读取", "its manifest cannot be read"),
    "format": (
        "格式来自更新的版本，请先升级中心",
        "its format is of a later release: update the hub first",
    ),
    "target": ("不是给终端用的", "it is for no machine that a kiosk can be"),
    "another": (
        "这个发布包已有另一个文件，两者不同",
        "another file of this very release is kept already, and they differ",
    ),
    "unknown": ("没有这个发布包", "there is no such release"),
    "in-use": (
        "有升级计划还要用它，或有终端应运行它",
        "a roll-out still needs it, or kiosks are to run it",
    ),
}


class ReleaseRefusedError(ValueError):
    """A release that is not taken, or not taken away; ``why`` is a key of `WORDS`. The text is for
    people."""

    def __init__(self, why: str, detail: str = "") -> None:
        zh, en = WORDS[why]
        super().__init__(f"{zh} / {en}" + (f" ({detail})" if detail else ""))
        self.why: Final = why
        self.detail: Final = detail


class Release(Struct, frozen=True):
    """A bundle that is kept. ``target`` is Python and machine (``cp313-aarch64``), ``name`` what
    people call that; ``made_s`` is the commit's time in Unix seconds; ``key`` who signed it."""

    id: str
    target: str
    name: str
    version: str
    commit_id: str
    made_s: int
    size: int
    sha256: str
    key: str
    account: str = ""
    added_ms: int = 0

    @property
    def file(self) -> str:
        """Its name in the folder."""
        return f"{self.id}.{self.target}.{self.sha256[:16]}.yrel"

    @property
    def sbom(self) -> str:
        """The name of the list of what is in it."""
        return f"{self.id}.{self.target}.{self.sha256[:16]}.sbom.cdx.json"


def folder_of(config: HubConfig) -> Path:
    """Where bundles lie."""
    return Path(config.releases_dir)


def trusted(config: HubConfig) -> dict[str, Ed25519PublicKey]:
    """The keys that may sign. Raises `ReleaseRefusedError`: no-keys, bad-key."""
    folder = Path(config.release_keys_dir) if config.release_keys_dir else KEYS
    try:
        found = keys.load_public(folder)
    except keys.KeyFileError as error:
        raise ReleaseRefusedError("bad-key", str(error).partition(":")[0]) from None
    if not found:
        raise ReleaseRefusedError("no-keys", str(folder))
    return found


# --- taking in ------------------------------------------------------------------------------------


def take(source: IO[bytes], config: HubConfig) -> Release:
    """Verify a bundle and put it into the folder, with its list of parts beside it. The database
    does not know it yet (`keep`).

    Raises:
        ReleaseRefusedError: no-keys, bad-key, too-large, damaged, unsigned, foreign-key, signature,
            manifest, format, target; then nothing is left of it.
        OSError: it cannot be read, or there is no room.
    """
    believed, folder = trusted(config), folder_of(config)
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".coming-") as coming:
        digest, size = hashlib.sha256(), 0
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > MAX_BYTES:
                raise ReleaseRefusedError("too-large")
            digest.update(piece)
            coming.write(piece)
        coming.flush()
        os.fsync(coming.fileno())
        coming.seek(0)
        found, parts = _read(coming, believed, digest.hexdigest(), size)
        Path(coming.name).chmod(0o644)
        _put(folder / found.sbom, parts)
        whole = folder / found.file
        whole.unlink(missing_ok=True)
        os.link(coming.name, whole)
    _sync(folder)
    return found


def _read(
    file: IO[bytes], believed: Mapping[str, Ed25519PublicKey], sha256: str, size: int
) -> tuple[Release, bytes]:
    signer: list[str] = []
    verify = keys.verifier(believed)
    parts = b""

    def note_and_verify(raw: bytes, signature: Signature) -> None:
        signer.append(signature.key)
        verify(raw, signature)

    try:
        with Bundle(
            file,  # type: ignore[arg-type]  # a temporary file is a BinaryIO
            note_and_verify,
        ) as bundle:
            manifest = bundle.manifest
            for path, pieces in bundle.files():
                content = b"".join(pieces) if path == SBOM else None
                if content is None:
                    for _piece in pieces:
                        pass
                else:
                    parts = content
    except BundleError as error:
        why = error.word if error.word in WORDS else "damaged"
        raise ReleaseRefusedError(why, signer[0] if why == "foreign-key" else "") from None
    target = f"{manifest.target.python}-{manifest.target.machine}"
    try:
        msgspec.convert(target, TargetId)
    except msgspec.ValidationError:
        raise ReleaseRefusedError("target", target[:40]) from None
    return (
        Release(
            manifest.id,
            target,
            manifest.target.name,
            manifest.version,
            manifest.commit,
            manifest.made,
            size,
            sha256,
            signer[0],
        ),
        parts,
    )


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o644)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep(connection: Connection, found: Release, by: By, now_ms: int) -> Release:
    """Have the database know a bundle that `take` put there; the same one again changes nothing.

    Raises:
        ReleaseRefusedError: another.
    """
    held = one(connection, found.id, found.target)
    if held is not None:
        if held.sha256 != found.sha256:
            raise ReleaseRefusedError("another", f"{found.id} {found.target}")
        return held
    kept = msgspec.structs.replace(found, account=by.account, added_ms=now_ms)
    connection.execute(insert(db.release).values(msgspec.structs.asdict(kept)))
    detail = {"target": kept.target, "commit": kept.commit_id, "sha256": kept.sha256}
    audit.note(connection, by, "release.added", kept.id, detail, now_ms)
    return kept


def add(source: IO[bytes], config: HubConfig, call: Call[Release], by: By, now_ms: int) -> Release:
    """`take` and `keep`; raises what they raise."""
    found = take(source, config)
    try:
        return call(lambda connection: keep(connection, found, by, now_ms))
    except ReleaseRefusedError:
        _remove_files(config, found)
        raise


def forget(connection: Connection, release: str, target: str, by: By, now_ms: int) -> Release:
    """Keep it no longer; its files go by `remove_files` after the commit.

    Raises:
        ReleaseRefusedError: unknown, in-use.
    """
    held = one(connection, release, target)
    if held is None:
        raise ReleaseRefusedError("unknown")
    if release in needed(connection):
        raise ReleaseRefusedError("in-use")
    table = db.release
    connection.execute(delete(table).where(table.c.id == release, table.c.target == target))
    audit.note(connection, by, "release.removed", release, {"target": target}, now_ms)
    return held


def remove(
    config: HubConfig, call: Call[Release], release: str, target: str, by: By, now_ms: int
) -> None:
    """`forget`, and its files are gone; raises what it raises."""
    _remove_files(config, call(lambda here: forget(here, release, target, by, now_ms)))


def _remove_files(config: HubConfig, gone: Release) -> None:
    for name in (gone.file, gone.sbom):
        (folder_of(config) / name).unlink(missing_ok=True)


# --- reading --------------------------------------------------------------------------------------


def all_of_them(connection: Connection) -> list[Release]:
    """What is kept, the newest first."""
    table = db.release
    rows = connection.execute(
        select(table).order_by(table.c.made_s.desc(), table.c.id.desc(), table.c.target)
    )
    return [Release(*row) for row in rows]


def one(connection: Connection, release: str, target: str) -> Release | None:
    """The bundle of this release for this machine."""
    table = db.release
    row = connection.execute(
        select(table).where(table.c.id == release, table.c.target == target)
    ).first()
    return None if row is None else Release(*row)


def targets(connection: Connection, release: str) -> set[str]:
    """For which machines a release is kept; empty: it is not."""
    table = db.release.c
    return set(connection.scalars(select(table.target).where(table.id == release)))


def is_there(config: HubConfig, kept: Release) -> bool:
    """Whether its file is where it should be, as long as it should be."""
    try:
        return (folder_of(config) / kept.file).stat().st_size == kept.size
    except OSError:
        return False


def needed(connection: Connection) -> set[str]:
    """Releases that an open roll-out is about, or that kiosks in use are to run."""
    roll_out, told, kiosk = db.roll_out.c, db.roll_out_kiosk.c, db.kiosk.c
    is_open = roll_out.state.in_(("ready", "running", "paused"))
    found = set(connection.scalars(select(roll_out.release).where(is_open)))
    newest = (
        select(told.kiosk, func.max(told.roll_out).label("roll_out"))
        .where(told.told_ms.is_not(None), told.state != "left-out")
        .group_by(told.kiosk)
        .subquery()
    )
    found |= set(
        connection.scalars(
            select(roll_out.release)
            .join(newest, newest.c.roll_out == roll_out.id)
            .join(db.kiosk, kiosk.id == newest.c.kiosk)
            .where(
                roll_out.state != "halted", kiosk.retired_ms.is_(None), kiosk.revoked_ms.is_(None)
            )
        )
    )
    return found
