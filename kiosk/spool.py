"""Where a claim's plaintext waits for its receipt: a file of its own, gone once it is printed.

Not in the journal: SQLite keeps old pages in its write-ahead log, and a deleted secret would
stay readable there. The journal holds the claim's hash and the name of this file.
"""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Final

from contract.codes import is_claim
from kiosk.durable import write_durably

log = logging.getLogger(__name__)


class Spool:
    """Secrets by name (32 hex digits) in ``directory``; readable by its owner only."""

    def __init__(self, directory: Path) -> None:
        self._directory: Final = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, name: str, secret: str) -> None:
        """Keeps ``secret``; on disk when this returns. Raises OSError when it cannot be."""
        write_durably(self._directory / name, secret.encode(), mode=0o600)

    def get(self, name: str) -> str | None:
        """The secret, or None when it is gone, or what is left of it is none: a receipt is better
        without an address than with one that leads nowhere, and must not stop the kiosk."""
        try:
            secret = (self._directory / name).read_text()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            log.warning("a claim cannot be read: %s", type(error).__name__)
            return None
        return secret if is_claim(secret) else None

    def drop(self, name: str) -> None:
        """Forgets a secret; no error when it is gone already. One that the disk does not let go of
        is forgotten at the next start (`sweep`)."""
        try:
            (self._directory / name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("a claim cannot be taken off the disk yet: %s", error.strerror)

    def sweep(self, wanted: Collection[str]) -> None:
        """Forgets every secret that no pending job names: left by a cut before its commit."""
        for path in self._directory.iterdir():
            if path.name not in wanted:
                path.unlink()
