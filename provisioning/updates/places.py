"""Where releases and the words about them lie on a machine, and the two links between."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from kiosk.durable import sync_directory
from provisioning.updates.bundle import is_release_id

COMPLETE: Final = ".complete"
"""Written last into a release's folder: without it the folder is half a release, and rubbish."""


class Places:
    """The paths below ``root``, which is ``/`` but for a mounted card or a test."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root: Final = root
        self.home: Final = root / "opt/yicang"
        self.releases: Final = self.home / "releases"
        self.keys: Final = root / "etc/yicang/release-keys"
        self.data: Final = root / "var/lib/yicang/update"
        self.state: Final = self.data / "state.json"
        self.incoming: Final = self.data / "incoming"
        """What was fetched: written by the kiosk's account, only read by root."""
        self.told: Final = root / "run/yicang-update"
        """What the updater tells the kiosk: gone with every start of the machine."""
        self.heard: Final = root / "run/yicang-kiosk/facts.json"
        """What the kiosk tells the updater: gone with every stop of the kiosk."""

    def release(self, name: str) -> Path:
        """The folder of a release. Raises ValueError: that is no release's name."""
        if not is_release_id(name):
            raise ValueError(name)
        return self.releases / name

    def linked(self, link: str) -> str | None:
        """The release that ``current`` or ``confirmed`` points to; None without one."""
        try:
            target = str((self.home / link).readlink())
        except OSError:
            return None
        found = re.fullmatch(r"(?:.*/)?releases/([^/]+)/?", target)
        return found.group(1) if found and is_release_id(found.group(1)) else None

    def is_complete(self, name: str) -> bool:
        """Whether all of this release is there."""
        return is_release_id(name) and (self.releases / name / COMPLETE).is_file()

    def complete(self) -> list[str]:
        """The releases that are there, by name."""
        if not self.releases.is_dir():
            return []
        return sorted(one.name for one in self.releases.iterdir() if self.is_complete(one.name))

    def link(self, link: str, name: str) -> None:
        """Lets ``link`` point to this release: either it does when the power fails, or it points
        where it did. On disk when this returns. Raises OSError."""
        if self.linked(link) == name:
            sync_directory(self.home)
            return
        beside = self.home / f".{link}.new"
        with suppress(FileNotFoundError):
            beside.unlink()
        beside.symlink_to(Path("releases") / name)
        beside.replace(self.home / link)
        sync_directory(self.home)
