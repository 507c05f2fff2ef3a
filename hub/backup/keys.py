"""The key pair of backups: age X25519 keys, as text.

The public one is in ``hub.toml`` (``backup_key``). The private one leaves the hub at once: on
paper, on a stick in a drawer, with two people.
"""

import os
import re
from pathlib import Path
from typing import Final

import pyrage
from pyrage import x25519

from hub.backup import BackupError

PRIVATE_MARK: Final = "AGE-SECRET-KEY-1"

Identity = x25519.Identity
Recipient = x25519.Recipient


def new() -> x25519.Identity:
    """A fresh private key."""
    return x25519.Identity.generate()


def recipient(public: str) -> x25519.Recipient:
    """Raises `BackupError` for what is no public key."""
    try:
        return x25519.Recipient.from_str(public.strip())
    except pyrage.RecipientError as error:
        raise BackupError(
            f"backup_key: 不是公钥（age1…）/ is not a public key (age1…): {error}"
        ) from None


def read_private(file: Path) -> x25519.Identity:
    """The private key in ``file``: its line that starts with ``AGE-SECRET-KEY-1``; any other line
    is for people.

    Raises:
        BackupError: the file cannot be read, or holds no such line.
    """
    try:
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"{file}: 读不出私钥 / the private key cannot be read: {error}") from None
    for line in lines:
        if line.upper().startswith(PRIVATE_MARK):
            try:
                return x25519.Identity.from_str(line.upper())
            except pyrage.IdentityError:
                raise BackupError(
                    f"{file}: 私钥有误，请核对每个字符"
                    " / the private key has a mistake: compare each character"
                ) from None
    raise BackupError(
        f"{file}: 里面没有以 {PRIVATE_MARK} 开头的一行"
        f" / holds no line that starts with {PRIVATE_MARK}"
    )


def write_private(file: Path, text: str) -> None:
    """A new file that only its owner may read. Raises OSError; FileExistsError for one that is
    there."""
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(descriptor)


def put_public(settings: Path, public: str) -> None:
    """Write ``backup_key`` into ``hub.toml``, in place of one that is there; all else stays as it
    is written, comments too. Raises OSError."""
    lines = settings.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not re.match(r"\s*backup_key\s*=", line)]
    # First, since it may not come behind a table's heading.
    text = "\n".join((f'backup_key = "{public}"', *kept)) + "\n"
    partial = settings.with_name(settings.name + ".partial")
    partial.unlink(missing_ok=True)
    write_private(partial, text)
    partial.chmod(settings.stat().st_mode & 0o777)
    partial.rename(settings)
