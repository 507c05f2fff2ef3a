"""The record of a machine that was set up as hub and stop at once."""

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

FILE_NAME: Final = "provisioned.json"


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
    """The finished set-up in ``data``; None when there is none, or a part of it is gone."""
    parts = (
        data / "hub" / "hub.sqlite3",
        data / "hub" / "secret.key",
        data / "kiosk" / "identity.json",
    )
    try:
        record = msgspec.json.decode((data / FILE_NAME).read_bytes(), type=Installation)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return record if all(part.exists() for part in parts) else None
