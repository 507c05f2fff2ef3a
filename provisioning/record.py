"""The record of a machine that was set up as hub and stop at once."""

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from contract.enrolment import decode_identity

FILE_NAME: Final = "provisioned.json"
UNSHOWN: Final = "password-not-shown"
"""In the hub's folder while nobody has seen the operator's password: the stamp of that password,
so that one which somebody set since is left alone. The password itself is kept nowhere."""


class Installation(Struct, frozen=True):
    """What was set up, as ``provisioned.json``."""

    stop: str
    stop_zh: str
    stop_en: str
    kiosk: str
    operator: str


class Provisioned(Struct, frozen=True):
    """``password`` is the operator's when it was made just now: it is kept nowhere else."""

    installation: Installation
    password: str | None = None


def recorded(data: Path) -> Installation | None:
    """The finished set-up in ``data``; None when there is none, a part of it is gone, nobody
    has seen the operator's password, or an earlier release gave the kiosk no key to sign with."""
    if (data / "hub" / UNSHOWN).exists():
        return None
    parts = (
        data / "hub" / "hub.sqlite3",
        data / "hub" / "secret.key",
        data / "kiosk" / "identity.json",
    )
    try:
        record = msgspec.json.decode((data / FILE_NAME).read_bytes(), type=Installation)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return record if all(part.exists() for part in parts) and _signs(parts[-1]) else None


def _signs(identity: Path) -> bool:
    try:
        return decode_identity(identity.read_bytes()).signing_key is not None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return True  # a damaged document is the kiosk's to explain, not ours to replace unasked


def mark_shown(data: Path) -> None:
    """Somebody has seen the operator's password. Raises OSError."""
    (data / "hub" / UNSHOWN).unlink(missing_ok=True)
