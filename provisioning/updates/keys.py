"""Who may sign releases: Ed25519 keys. The public ones lie on every machine, in a folder that only
root can write; the private one stays with a person."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from provisioning.updates.bundle import BundleError, Signature, Verify, signed_bytes

FOLDER: Final = Path("etc/yicang/release-keys")
"""Below the machine's root."""


class KeyFileError(Exception):
    """A key file that cannot be used; the text says which and why, in both languages."""


def key_id(public: Ed25519PublicKey) -> str:
    """The short name of a key: the first 16 hex digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def make(private: Path, public: Path) -> str:
    """Makes a pair of keys in two new files, the private one 0600; the key's id.

    Raises:
        FileExistsError: there is such a file already, which is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    open_ = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if public.exists():
        raise FileExistsError(str(public))
    for path, content, mode in ((private, secret, 0o600), (public, open_, 0o644)):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    return key_id(key.public_key())


def load_private(path: Path) -> Ed25519PrivateKey:
    """The key that signs. Raises `KeyFileError`."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(path, error) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(path, "Ed25519")
    return key


def load_public(folder: Path) -> dict[str, Ed25519PublicKey]:
    """Every key of a folder, by its id; without the folder, none. Raises `KeyFileError`."""
    found = {}
    for path in sorted(folder.glob("*.pem")):
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise _unusable(path, error) from None
        if not isinstance(key, Ed25519PublicKey):
            raise _unusable(path, "Ed25519")
        found[key_id(key)] = key
    return found


def sign(manifest: bytes, key: Ed25519PrivateKey) -> Signature:
    """The signature over a manifest; always the same for the same key."""
    return Signature(key_id(key.public_key()), key.sign(signed_bytes(manifest)))


def verifier(trusted: Mapping[str, Ed25519PublicKey]) -> Verify:
    """Believes these keys and no other."""

    def verify(manifest: bytes, signature: Signature) -> None:
        key = trusted.get(signature.key)
        if key is None:
            raise BundleError(
                "foreign-key",
                f"签名的密钥 {signature.key} 不在受信任之列"
                f" / signed by the key {signature.key}, which is not trusted here",
            )
        try:
            key.verify(signature.value, signed_bytes(manifest))
        except InvalidSignature:
            raise BundleError(
                "signature", "签名不符：发布包被改动过 / the signature does not fit the bundle"
            ) from None

    return verify


def _unusable(path: Path, why: object) -> KeyFileError:
    return KeyFileError(f"{path}: 密钥不能用 / this key cannot be used: {why}")
