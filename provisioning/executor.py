"""Carries a plan out: changes what differs, says what it did, leaves the rest alone.

Files are replaced as a whole, by a rename, with owner and mode set before they have their name.
Nothing is followed: a link or a folder where a file is to be is refused, since some folders belong
to accounts that are not root's. Rights are set through a descriptor, never by a name that may have
come to mean something else since it was looked at.

With another ``root`` than ``/`` everything is written below it, owners are those of its own
``/etc/passwd``, and what needs the running machine is passed over with a word.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

from provisioning.plan import YICANG, Command, File, Folder, Gone, Link, Owned, Plan, Section

LIMIT_S: Final = 1800
"""For one command: a package may have to be fetched over a slow line."""

Tell: TypeAlias = Callable[[str], None]


class PlanError(Exception):
    """A step that could not be done; the text is for people, zh / en."""


class Executor:
    """Carries plans out below ``root``. ``tell`` gets a line for each change; ``program`` is what
    stands for `YICANG` in another root."""

    def __init__(self, root: Path, tell: Tell, program: Sequence[str] = ()) -> None:
        self._root: Final = root
        self._tell: Final = tell
        self._program: Final = tuple(program)
        self._changed: Final[list[str]] = []
        self.output: Final[dict[tuple[str, ...], str]] = {}
        """What commands printed, by their words."""

    @property
    def elsewhere(self) -> bool:
        """Whether this is not the running machine."""
        return self._root != Path("/")

    @property
    def changes(self) -> int:
        """How many steps changed something so far."""
        return len(self._changed)

    def run(self, plan: Plan) -> None:
        """Carries out the steps in their order.

        Raises:
            PlanError: one could not be done; those before it are, those behind it are not.
        """
        for step in plan:
            try:
                match step:
                    case Section(title):
                        self._tell(f"{title.zh} / {title.en}")
                    case Folder():
                        self._folder(step)
                    case File():
                        self._file(step)
                    case Link():
                        self._link(step)
                    case Gone():
                        self._gone(step)
                    case Owned():
                        self._give_all(step)
                    case Command():
                        self._command(step)
            except OSError as error:
                raise PlanError(f"做不到 / cannot be done: {error}") from error

    def at(self, path: str) -> Path:
        """Where ``path`` is."""
        return self._root / path.lstrip("/")

    # --- files -----------------------------------------------------------------------------

    def _folder(self, step: Folder) -> None:
        path = self.at(step.path)
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise PlanError(f"{step.path}: 不是文件夹 / is no folder")
        if not path.exists():
            path.mkdir(parents=True)
            self._note(step.path, "新建 / made")
        if self._give(path, step.owner, step.group, step.mode):
            self._note(step.path, f"权限 / rights: {step.mode:04o} {step.owner}:{step.group}")

    def _file(self, step: File) -> None:
        path = self.at(step.path)
        there = path.is_symlink() or path.exists()
        if there and not stat.S_ISREG(path.lstat().st_mode):
            raise PlanError(f"{step.path}: 不是普通文件 / is no plain file")
        if not there or (not step.keep and _content(path) != step.content):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(path, step)
            self._note(step.path, "改写 / changed" if there else "写入 / written")
        elif self._give(path, step.owner, step.group, step.mode):
            self._note(step.path, f"权限 / rights: {step.mode:04o} {step.owner}:{step.group}")

    def _replace(self, path: Path, step: File) -> None:
        new = path.with_name(f".{path.name}.new")
        with suppress(FileNotFoundError):
            new.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
            file.write(step.content)
            self._give_held(file.fileno(), step.owner, step.group, step.mode)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)

    def _link(self, step: Link) -> None:
        path = self.at(step.path)
        if path.is_symlink() and str(path.readlink()) == step.target:
            return
        if step.keep and (path.is_symlink() or path.exists()):
            self._tell(f"  {step.path}: 已有别的文件，保留 / something else is there, and stays")
            return
        if path.exists() and not path.is_symlink():
            raise PlanError(f"{step.path}: 已有文件，不是链接 / is there and is no link")
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        with suppress(FileNotFoundError):
            new.unlink()
        new.symlink_to(step.target)
        new.replace(path)
        self._note(step.path, f"-> {step.target}")

    def _gone(self, step: Gone) -> None:
        path = self.at(step.path)
        if step.led_to and not (path.is_symlink() and str(path.readlink()) == step.led_to):
            return
        if path.is_dir() and not path.is_symlink():
            with suppress(OSError):  # somebody else's files are in it
                path.rmdir()
                self._note(step.path, "删除 / removed")
        elif path.is_symlink() or path.exists():
            path.unlink()
            self._note(step.path, "删除 / removed")

    def _give(self, path: Path, owner: str, group: str, mode: int) -> bool:
        """Sets rights and owner of a file or folder; whether they were others."""
        held = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return self._give_held(held, owner, group, mode)
        finally:
            os.close(held)

    def _give_held(self, held: int, owner: str, group: str, mode: int) -> bool:
        there = os.fstat(held)
        if not (stat.S_ISREG(there.st_mode) or stat.S_ISDIR(there.st_mode)):
            raise PlanError("换成了链接 / a link has taken its place")
        changed = stat.S_IMODE(there.st_mode) != mode
        user, its_group = self._id("passwd", owner), self._id("group", group)
        itself = f"/proc/self/fd/{held}"  # what is held, whatever its name means by now
        if os.geteuid() == 0 and (there.st_uid, there.st_gid) != (user, its_group):
            os.chown(itself, user, its_group)
            changed = True
        if changed:
            Path(itself).chmod(mode)  # behind chown, which takes the set-group-ID bit away
        return changed

    def _give_all(self, step: Owned) -> None:
        if not self.elsewhere or os.geteuid() != 0:
            return
        owner, group = self._id("passwd", step.owner), self._id("group", step.group)
        for path in (self.at(step.path), *self.at(step.path).rglob("*")):
            os.chown(path, owner, group, follow_symlinks=False)

    def _id(self, table: str, name: str) -> int:
        """The number of an account or group of this root."""
        if name == "root":
            return 0
        with suppress(FileNotFoundError):
            for line in self.at(f"/etc/{table}").read_text(encoding="utf-8").splitlines():
                parts = line.split(":")
                if parts[0] == name:
                    return int(parts[2])
        raise PlanError(f"没有这个账户或组 / there is no such account or group: {name}")

    # --- commands --------------------------------------------------------------------------

    def _command(self, step: Command) -> None:
        if step.after and not self._touched(step.after):
            return
        line = " ".join(step.words)
        if self.elsewhere and not step.elsewhere:
            self._tell(f"  跳过，需要正在运行的系统 / left out, needs a running system: {line}")
            return
        if not self.elsewhere and self._is_done(step.unless):
            return
        words = self._words(step)
        if self.elsewhere and shutil.which(words[0]) is None:
            self._tell(f"  跳过，这里没有这个程序 / left out, is not installed here: {line}")
            return
        if not step.quiet:
            self._tell(f"  $ {' '.join(words)}")
            self._changed.append(line)
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            check=False,
            **self._account(step.user),
        )
        if done.returncode != 0 and not step.may_fail:
            said = (done.stderr or done.stdout).strip()
            raise PlanError(f"命令失败 / the command failed: {line}\n{said}")
        self.output[step.words] = done.stdout

    def _is_done(self, unless: tuple[str, ...]) -> bool:
        return (
            bool(unless)
            and subprocess.run(unless, capture_output=True, check=False).returncode == 0
        )

    def _words(self, step: Command) -> list[str]:
        if not self.elsewhere:
            return list(step.words)
        told = [word.replace("@ROOT@", str(self._root)) for word in step.elsewhere]
        return [*self._program, *told[1:]] if self._program and told[0] == YICANG else told

    def _account(self, user: str) -> dict[str, Any]:
        if self.elsewhere or user == "root" or os.geteuid() != 0:
            return {}
        number = self._id("passwd", user)
        return {
            "user": number,
            "group": self._id("group", user),
            "extra_groups": [],
            "umask": 0o077,
            "cwd": "/",
            "env": {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nonexistent"},
        }

    def _touched(self, paths: tuple[str, ...]) -> bool:
        return any(
            changed == path or changed.startswith(f"{path.rstrip('/')}/")
            for changed in self._changed
            for path in paths
        )

    def _note(self, path: str, what: str) -> None:
        self._changed.append(path)
        self._tell(f"  {path}  {what}")


def _content(path: Path) -> bytes:
    """What is in a file that was one a moment ago. Raises OSError when it is a link by now."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb") as file:
        return file.read()
