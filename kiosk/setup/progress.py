"""How far setting up has come, on disk: a power cut anywhere goes on from here.

One document beside the journal-to-be. It holds secrets (the one-time code, the key, the password),
is readable by its owner only, and goes away with the first scan.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

import msgspec

from kiosk.durable import sync_directory, write_durably
from kiosk.setup.flow import Progress

FILE_NAME: Final = "setup.json"
INVITATION_FILE: Final = "invitation.txt"
"""What a prepared card brings along: the hub's code as text, taken as if it had been scanned."""
MAX_BYTES: Final = 64 * 1024


class ProgressStore:
    """The document in the kiosk's state folder; those who write raise OSError. ``mount`` is where
    the data partition should be (`kiosk.config.KioskConfig.data_mount`): without it nothing is
    kept, since it would be on the wrong disk."""

    def __init__(self, state: Path, mount: str = "") -> None:
        self._mount: Final = mount
        self._path: Final = state / FILE_NAME
        self._brought: Final = state / INVITATION_FILE

    def load(self) -> Progress | None:
        """The document; None when there is none, or one that cannot be read: whoever sets the
        kiosk up then begins anew, by scanning again."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Progress)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def save(self, progress: Progress) -> None:
        """On disk when this returns."""
        if self._mount and not Path(self._mount).is_mount():
            raise OSError(errno.EROFS, "the data partition is not mounted", self._mount)
        write_durably(self._path, msgspec.json.encode(progress), mode=0o600)

    def forget(self) -> None:
        """Takes the document away; nothing happens when it is away already."""
        self._path.unlink(missing_ok=True)
        sync_directory(self._path.parent)

    def brought(self) -> str:
        """The invitation that the card brought along; "" when it brought none."""
        try:
            with self._brought.open("rb") as file:
                return file.read(MAX_BYTES).decode("ascii", "replace").strip()
        except OSError:
            return ""

    def forget_brought(self) -> None:
        """It was taken, and stands in the document now."""
        self._brought.unlink(missing_ok=True)
        sync_directory(self._brought.parent)
