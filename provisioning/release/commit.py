"""What a release is made from: one commit, and nothing else that lies in the folder."""

import io
import subprocess
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provisioning.updates.bundle import release_id


class ReleaseError(Exception):
    """No release can be made; the text says why, in both languages."""


@dataclass(frozen=True)
class Commit:
    """A commit: its full name, and its time in Unix seconds."""

    name: str
    made: int

    def id(self, version: str) -> str:
        """The release's name."""
        stamp = datetime.fromtimestamp(self.made, UTC).strftime("%Y%m%dT%H%M%S")
        return release_id(version, stamp, self.name)


def read(root: Path, revision: str) -> Commit:
    """The commit that ``revision`` names in the checkout ``root``. Raises `ReleaseError`."""
    name = _git(root, "rev-parse", "--verify", f"{revision}^{{commit}}").decode().strip()
    made = _git(root, "show", "--no-patch", "--format=%ct", name).decode().strip()
    return Commit(name, int(made))


def is_clean(root: Path) -> bool:
    """Whether the files that lie there are those of the commit. Raises `ReleaseError`."""
    return not _git(root, "status", "--porcelain", "--untracked-files=no").strip()


def unpack(root: Path, commit: Commit, folder: Path) -> None:
    """Writes the commit's files into ``folder``, with the same modes and times everywhere.

    Raises `ReleaseError`, OSError.
    """
    with tarfile.open(
        fileobj=io.BytesIO(_git(root, "archive", "--format=tar", commit.name))
    ) as tar:
        for member in tar.getmembers():
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.mtime = commit.made
            member.uid = member.gid = 0
            member.uname = member.gname = ""
        # Our own commit. Not as an argument: Debian 12's Python 3.11.2 does not know it (PEP 706).
        tar.extraction_filter = lambda member, _path: member
        tar.extractall(folder)  # noqa: S202


def _git(root: Path, *words: str) -> bytes:
    try:
        return subprocess.run(
            ("git", "-C", str(root), *words), capture_output=True, check=True
        ).stdout
    except FileNotFoundError:
        raise ReleaseError("需要 git / git is needed") from None
    except subprocess.CalledProcessError as error:
        raise ReleaseError(error.stderr.decode(errors="replace").strip()) from None
