"""Setting a kiosk up once more, by a scan, after its enrolment came to nothing.

An invitation that is taken back, or whose digits nobody typed in time, leaves a kiosk that the hub
does not know: it runs, and keeps what is scanned. Whoever stands there scans a new code of the hub,
and the kiosk begins anew. Nothing of what was recorded is touched: **all files of the kiosk that it
was are moved aside, as a whole, into a folder of their own**, where `yicang provision salvage`
finds them; none is opened, changed or deleted.

The scan itself only writes down what is to happen (`kiosk.setup.flow.Progress.anew`), then the
process ends. The next start does it before anything has a file open. A power cut anywhere in
between leaves a rest, and the start after it goes on with that: files first, the settings last, so
that settings without a name never stand beside the files of a kiosk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from contract.settings import parse_toml
from kiosk.durable import sync_directory
from kiosk.setup.progress import FILE_NAME, INVITATION_FILE, ProgressStore
from kiosk.setup.settle import ENROLLED_KEYS, unsettle

EARLIER: Final = "earlier"
"""The folder, in the kiosk's own, that has one for each kiosk that this machine was."""
_STAY: Final = frozenset({EARLIER, FILE_NAME, INVITATION_FILE, "sounds", "lost+found"})
"""What belongs to the machine, and not to the kiosk that it was."""


def put_aside(path: Path) -> bool:
    """Whether the kiosk that the settings at ``path`` name was one to begin anew; its files are
    aside then, and the settings name no kiosk any more.

    Raises:
        SettingsError: the settings cannot be read.
        OSError: the disk refuses. Nothing may run until it was done: the rest is done next time.
    """
    document: dict[str, Any] = parse_toml(path.read_bytes, str(path))
    state = (path.parent / str(document.get("state_dir", "."))).absolute()
    progress = ProgressStore(state).load()
    named = document.get("kiosk")
    if progress is None or not progress.anew or progress.anew != named:
        return False
    room = state / EARLIER / progress.anew
    room.mkdir(parents=True, exist_ok=True)
    stay = _STAY | {path.name}
    for one in sorted(state.iterdir()):
        if one.name not in stay:
            one.rename(_free(room, one.name))
    for folder in (room, room.parent, state):
        sync_directory(folder)
    unsettle(path, ENROLLED_KEYS)
    return True


def _free(room: Path, name: str) -> Path:
    """Where to move it: nothing that lies there already is ever replaced."""
    number, place = 1, room / name
    while place.exists() or place.is_symlink():
        number += 1
        place = room / f"{name}.{number}"
    return place
