"""What a release brings for the machine's configuration: units, drop-ins, rules, accounts, folders.

All of it is linked, and the links go through ``current`` (the updater's own units through
``confirmed``), so that switching the release changes their contents at once. What links there are
to be differs from one release to the next, though. A release names its units in lists, one for
each kind of machine (``systemd/kiosk.units``); of the folders beside them it brings what is in
them. From two releases follows what is to be made and what to be taken away, the same on the way
back; what is in both is left alone, and so is whatever a person has put in a link's place.

Imports the standard library only, see the package.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioning.updates.names import follows
from provisioning.updates.places import Places

KIOSK_UNIT: Final = "yicang-kiosk.service"
HUB_UNIT: Final = "yicang-hub.service"
KINDS: Final = {"kiosk": KIOSK_UNIT, "hub": HUB_UNIT}
"""Kinds of machines, and the unit by which each is known; ``<kind>.units`` is its list."""
UNITS: Final = Path("etc/systemd/system")
NOW: Final = "now"
STARTS: Final = ("", "boot", NOW)

FOLLOWING: Final = {
    "systemd/journald.conf.d": Path("etc/systemd/journald.conf.d"),
    "systemd/polkit": Path("etc/polkit-1/rules.d"),
    "systemd/sysusers.d": Path("etc/sysusers.d"),
    "systemd/tmpfiles.d": Path("etc/tmpfiles.d"),
    "systemd/udev": Path("etc/udev/rules.d"),
}
"""Folders of a release, and where the machine looks for such files."""
ALL_OURS: Final = "yicang-.service"
"""Its drop-ins are for every service of ours."""
NEWER: Final = {ALL_OURS: 254}
"""Drop-ins with words that systemd knows from this version on; older ones would only grumble."""


@dataclass(frozen=True)
class Linked:
    """A link of the machine: ``to`` is where it leads, ``file`` what of the release that is;
    ``unit`` is the unit's name when it is one, ``start`` as in the list."""

    to: Path
    file: str
    unit: str = ""
    start: str = ""

    @property
    def follows(self) -> str:
        """Which of the two links to releases it goes with."""
        return follows(Path(self.file).name)


Links = Mapping[Path, Linked]
"""By the link's path below the machine's root."""


def kinds(root: Path) -> tuple[str, ...]:
    """What this machine is: a kiosk, a hub, both or neither."""
    return tuple(kind for kind, unit in KINDS.items() if (root / UNITS / unit).is_symlink())


def listed(release: Path, *which: str) -> dict[str, str] | None:
    """The units that machines of these kinds have by this release, each with when it is started;
    None for a release from before there were such lists. Raises OSError."""
    found: dict[str, str] = {}
    paths = [release / "systemd" / f"{kind}.units" for kind in which]
    if not any(path.is_file() for path in paths):
        return None
    for path in paths:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for line in text.splitlines():
            name, _, start = line.partition("#")[0].strip().partition(" ")
            if name:
                found[name] = start.strip()
    return found


def wanted(release: Path, units: Mapping[str, str], systemd: int) -> Links:
    """Every link that a machine with these units has by this release; ``systemd`` is the version
    of the machine's. Raises OSError."""
    found: dict[Path, Linked] = {}
    for name, start in units.items():
        unit = release / "systemd" / name
        if not unit.is_file():
            continue
        file = f"systemd/{name}"
        found[UNITS / name] = Linked(_through(file), file, name, start)
        text = unit.read_text(encoding="utf-8") if start else ""
        # Not by `systemctl enable`: that follows our links to the end and writes the release's own
        # folder down, which the next update but one takes away.
        for targets in re.findall(r"^WantedBy=(.+)$", text, re.MULTILINE):
            for target in targets.split():
                wants = UNITS / f"{target}.wants" / name
                found[wants] = Linked(Path("/") / UNITS / name, file)
    for folder, into in {**FOLLOWING, **_drop_ins(release, units, systemd)}.items():
        there = release / folder
        for source in sorted(there.iterdir()) if there.is_dir() else ():
            if source.is_file():
                file = f"{folder}/{source.name}"
                found[into / source.name] = Linked(_through(file), file)
    return found


def _drop_ins(release: Path, units: Mapping[str, str], systemd: int) -> dict[str, Path]:
    found = {}
    for folder in sorted((release / "systemd").glob("*.d")):
        of = folder.name.removesuffix(".d")
        if (of == ALL_OURS or of in units) and systemd >= NEWER.get(of, 0):
            found[f"systemd/{folder.name}"] = UNITS / folder.name
    return found


def _through(file: str) -> Path:
    return Path("/opt/yicang") / follows(Path(file).name) / file


def make(root: Path, links: Links) -> None:
    """Makes every one of these links. Raises OSError."""
    for path, linked in links.items():
        link(root / path, linked.to)


def link(path: Path, target: Path) -> bool:
    """Replaces whatever is there by a link, at once; whether it was not there. Raises OSError."""
    if path.is_symlink() and path.readlink() == target:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(path)
    return True


def is_ours(path: Path) -> bool:
    """Whether it is a link to what a release brings, or to a unit that is."""
    if not path.is_symlink():
        return False
    target = path.readlink()
    return target.is_relative_to("/opt/yicang") or (
        target.is_relative_to(Path("/") / UNITS) and target.name.startswith("yicang-")
    )


def unlink(root: Path, path: Path, linked: Linked) -> None:
    """Takes a link away, if it is that one; and a folder of drop-ins or of what a target wants, if
    that was all in it. Raises OSError."""
    there = root / path
    if not (there.is_symlink() and there.readlink() == linked.to):
        return
    there.unlink()
    if path.parent.parent == UNITS:
        with suppress(OSError):  # something else is in it
            there.parent.rmdir()


def systemd_version(root: Path) -> int:
    """The version of the systemd below ``root``; 0 when there is none. (A library of its own has
    the number in its name, so that no program of a foreign machine need run.)"""
    found = [
        int(number)
        for library in (root / "usr/lib").glob("**/systemd/libsystemd-shared-*.so")
        if (number := library.stem.rpartition("-")[2].partition(".")[0]).isdecimal()
    ]
    return max(found, default=0)


def first_links(places: Places, release: Path, units: Mapping[str, str] | None = None) -> Links:
    """Links the configuration of a machine that has no release yet; which links those are. Without
    ``units`` every unit of the release is linked, and none started. Raises OSError."""
    if units is None:
        there = sorted((release / "systemd").glob("yicang-*.*"))
        units = {path.name: "" for path in there if path.is_file()}
    links = wanted(release, units, systemd_version(places.root))
    make(places.root, links)
    return links
