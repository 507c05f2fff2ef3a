"""What is to be done to a machine, as values: folders, files, links, commands. Pure.

A plan is made whole before anything is touched, so that it can be shown (``--dry-run``) and read in
a test. Who carries it out is `provisioning.executor`: it changes what differs and nothing else, so
that a second run changes nothing.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

from msgspec import Struct

from drivers.ports import Words

ROOT: Final = "root"
YICANG: Final = "/opt/yicang/current/.venv/bin/yicang"
"""Our own command line, where the units expect it."""
TYPED: Final = "/usr/local/bin/yicang"
"""Where shells and sudo find it, so that people need not type where it lies."""
INDENT: Final = "    "


class Section(Struct, frozen=True):
    """What the steps behind it are about, for people."""

    title: Words


class Folder(Struct, frozen=True):
    """A directory. ``mode`` may hold the set-group-ID bit."""

    path: str
    owner: str = ROOT
    group: str = ROOT
    mode: int = 0o755


class File(Struct, frozen=True):
    """A file as a whole. One with ``keep`` is written only where there is none; the content of a
    ``secret`` one is never shown."""

    path: str
    content: bytes
    owner: str = ROOT
    group: str = ROOT
    mode: int = 0o644
    keep: bool = False
    secret: bool = False


class Link(Struct, frozen=True):
    """A symbolic link. One with ``keep`` is made only where there is nothing."""

    path: str
    target: str
    keep: bool = False


class Gone(Struct, frozen=True):
    """A file, link or empty folder that is to be there no more; with ``led_to`` only a link that
    leads there."""

    path: str
    led_to: str = ""


class Owned(Struct, frozen=True):
    """What a command made below another root, where no account of its own could: it is given away.
    On the running machine the command ran under that account."""

    path: str
    owner: str
    group: str


class Command(Struct, frozen=True):
    """A command, without a shell.

    ``after``: done only when a step on one of these paths (or below it) changed something; empty:
    always. ``unless``: a command whose success says that it is done already. ``elsewhere``: what
    does the same below another root, which stands as ``@ROOT@`` in it; without one it needs the
    running machine, and is passed over there. ``user``: whose account does it. ``may_fail``: what
    it cannot do changes nothing.
    """

    words: tuple[str, ...]
    after: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    user: str = ROOT
    may_fail: bool = False
    quiet: bool = False
    """Looks first whether there is anything to do, and counts for no change by itself."""


Step: TypeAlias = Section | Folder | File | Link | Gone | Owned | Command
Plan: TypeAlias = tuple[Step, ...]


def shown(plan: Plan) -> Iterator[str]:
    """Every line of ``--dry-run``: each file with its content, each command."""
    if_there = "  (已有则保留 / kept if there)"
    for step in plan:
        match step:
            case Section(title):
                yield ""
                yield f"# {title.zh} / {title.en}"
            case Folder():
                yield f"mkdir {step.path}  {_rights(step)}"
            case File():
                kept = if_there if step.keep else ""
                yield f"write {step.path}  {_rights(step)}{kept}"
                yield from _content(step)
            case Link():
                kept = if_there if step.keep else ""
                yield f"link {step.path} -> {step.target}{kept}"
            case Gone():
                yield f"remove {step.path}"
            case Owned():
                pass
            case Command():
                yield f"run {_line(step)}"


def _rights(step: Folder | File) -> str:
    return f"{step.mode:04o} {step.owner}:{step.group}"


def _content(step: File) -> Iterator[str]:
    if step.secret:
        yield f"{INDENT}(秘密，不显示 / secret, not shown)"
        return
    for line in step.content.decode("utf-8", "replace").splitlines():
        yield f"{INDENT}{line}".rstrip()


def _line(step: Command) -> str:
    line = " ".join(step.words)
    return line if step.user == ROOT else f"{line}  ({step.user})"
