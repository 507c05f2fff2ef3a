"""Files that the hub asked for: kept for a while, since a lost part is asked for again."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contract.messages import PART_BYTES, FilePart
from kiosk.durable import write_durably
from kiosk.tasks.step import File

KEPT: Final = 4
"""How many files stay, of 256 KiB at most each."""


class Outbox:
    """The folder ``files`` of the state directory. Every method raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    def put(self, command: str, file: File) -> None:
        """Keeps the file of this command, and lets go of the oldest."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        write_durably(self._folder / f"{command}.{file.name}", file.content)
        kept = sorted(self._folder.glob("*.*"), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-KEPT]:
            path.unlink(missing_ok=True)

    def parts(self, command: str, name: str) -> Iterator[FilePart]:
        """The parts of that file in their order; none when it was let go of."""
        try:
            content = (self._folder / f"{command}.{name}").read_bytes()
        except FileNotFoundError:
            return
        count = max(1, -(-len(content) // PART_BYTES))
        digest = hashlib.sha256(content).hexdigest()
        for index in range(count):
            data = content[index * PART_BYTES : (index + 1) * PART_BYTES]
            yield FilePart(name, index, count, digest, data)
