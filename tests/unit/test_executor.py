"""Plans are carried out without following what somebody else may have put there."""

import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioning.executor import Executor, PlanError
from provisioning.plan import File, Folder

SECRET = 0o400


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a folder of another account's, and a file that is nobody's business."""
    made = tmp_path / "root"
    (made / "etc").mkdir(parents=True)
    (made / "etc/passwd").write_text(f"me:x:{os.getuid()}:{os.getgid()}\n")
    (made / "etc/group").write_text(f"me:x:{os.getgid()}\n")
    (made / "etc/shadow").write_text("secret")
    (made / "etc/shadow").chmod(SECRET)
    (made / "var").mkdir()
    return made


def run(root: Path, *steps: File | Folder) -> None:
    Executor(root, lambda _: None).run(steps)


@contextmanager
def swapped(path: Path, swap: Callable[[], None]) -> Iterator[None]:
    """Inside, ``swap`` is done right after somebody has looked at ``path`` for the first time, and
    before anything is done with it: the audit hook of its opening."""
    armed, me = [True], threading.get_ident()

    def hook(event: str, found: tuple[object, ...]) -> None:
        if not armed or threading.get_ident() != me or event not in ("open", "os.chmod"):
            return
        if isinstance(found[0], str | os.PathLike) and os.fspath(found[0]) == str(path):
            armed.clear()
            swap()

    sys.addaudithook(hook)
    try:
        yield
    finally:
        armed.clear()


def test_a_file_and_a_folder_get_their_rights(root: Path) -> None:
    run(root, Folder("/var/hub", mode=0o2750), File("/var/hub/key", b"k", mode=0o600))
    assert stat.S_IMODE((root / "var/hub").stat().st_mode) == 0o2750
    key = root / "var/hub/key"
    assert (key.read_bytes(), stat.S_IMODE(key.stat().st_mode)) == (b"k", 0o600)
    key.chmod(0o644)
    run(root, File("/var/hub/key", b"k", mode=0o600))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["key", "folder"])
def test_a_link_that_was_there_before_is_refused(root: Path, name: str) -> None:
    (root / "var" / name).symlink_to(root / "etc/shadow")
    step = File("/var/key", b"k") if name == "key" else Folder("/var/folder")
    with pytest.raises(PlanError, match="is no"):
        run(root, step)
    assert stat.S_IMODE((root / "etc/shadow").stat().st_mode) == SECRET


def test_a_link_that_is_planted_while_rights_are_set_is_not_followed(root: Path) -> None:
    there = root / "var/key"
    there.write_bytes(b"k")
    there.chmod(0o640)

    def plant() -> None:
        there.unlink()
        there.symlink_to(root / "etc/shadow")

    step = File("/var/key", b"k", mode=0o666, keep=True)  # its content is not looked at
    with swapped(there, plant), pytest.raises(PlanError, match="a link has taken its place"):
        run(root, step)
    assert stat.S_IMODE((root / "etc/shadow").stat().st_mode) == SECRET
    assert (root / "etc/shadow").read_text() == "secret"


def test_a_link_that_is_planted_while_it_is_compared_is_not_read(root: Path) -> None:
    there = root / "var/key"
    there.write_bytes(b"old")

    def plant() -> None:
        there.unlink()
        there.symlink_to(root / "etc/shadow")

    with swapped(there, plant), pytest.raises(PlanError, match="cannot be done"):
        run(root, File("/var/key", b"new"))
    assert (root / "etc/shadow").read_text() == "secret"
