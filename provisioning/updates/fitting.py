"""Makes the machine's configuration that of the release it runs: what `links` says differs between
two releases, and what has to be told of it.

Which two follows from where the update stands and where the links point, so that it may be done
again after every cut, and the same thing that goes forward goes back. What it cannot undo on the
way back it leaves: an account that was made stays, since files may be its own.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from provisioning.updates import links
from provisioning.updates.links import Linked, Links
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.places import Places
from provisioning.updates.progress import Phase, State

log: Final = logging.getLogger(__name__)

APPLY_UNIT: Final = "yicang-update-apply.service"
ANEW: Final = (".path", ".socket", ".timer")
"""Kinds of units that hold to what they were when they were started."""
SUBSYSTEMS: Final = ("tty", "input", "usbmisc", "usb", "gpio", "sound")
"""Of the devices that the udev rules give to the kiosk."""
ONCE: Final = ("systemd-run", "--quiet", "--collect", "--service-type=oneshot", "--")
"""Has systemd do it, and waits: what asks has no right to do it."""

Tell: TypeAlias = Callable[..., None]
"""Runs a command of the machine, given as words. Raises OSError when it fails; FileNotFoundError
when the machine has no such program."""


@dataclass(frozen=True)
class Step:
    """From the release ``before`` (empty: from none) to ``after``, of what goes with the link
    ``follows``. Both are folders of releases; a hub's may be a checkout."""

    before: str
    after: str
    follows: str


def steps(places: Places, state: State) -> tuple[Step, ...]:
    """What an update that stands here may have to make the machine fit. ``current`` is where it
    is to be by now, or ``confirmed`` when that follows."""
    link = {
        Phase.SWITCHING: CURRENT,
        Phase.RETURNING: CURRENT,
        Phase.CONFIRMING: CONFIRMED,
    }.get(state.phase)
    after = places.linked(link) if link is not None else None
    if link is None or after is None:
        return ()
    before = state.previous if after == state.release else state.release
    return (Step(before, after, link),) if before != after else ()


@dataclass(frozen=True)
class Difference:
    """Between two releases: links to be made and taken away, and files whose contents changed."""

    made: Links
    gone: Links
    changed: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.made or self.gone or self.changed)

    def touches(self, folder: str) -> bool:
        """Whether anything of a folder of the release differs."""
        files = {one.file for one in (*self.made.values(), *self.gone.values())} | self.changed
        return any(file.startswith(f"{folder}/") for file in files)


def difference(places: Places, step: Step) -> Difference:
    """What differs on this machine. A release from before there were lists of units takes none
    away, and after one every unit is to be there. Raises OSError."""
    which = links.kinds(places.root)
    version = links.systemd_version(places.root)
    one = places.releases / step.before if step.before else None
    other = places.releases / step.after
    units = links.listed(other, *which)
    if units is None:
        return Difference({}, {}, frozenset())
    known = links.listed(one, *which) if one is not None else None
    before, after = (
        {path: link for path, link in found.items() if link.follows == step.follows}
        for found in (
            links.wanted(one, known, version) if one is not None and known is not None else {},
            links.wanted(other, units, version),
        )
    )
    changed = {
        link.file
        for path, link in after.items()
        if path in before and one is not None and _bytes(one, link) != _bytes(other, link)
    }
    return Difference(
        {path: link for path, link in after.items() if before.get(path) != link},
        {path: link for path, link in before.items() if path not in after},
        frozenset(changed),
    )


def _bytes(release: Path, link: Linked) -> bytes:
    path = release / link.file
    return path.read_bytes() if path.is_file() else b""


def matters(places: Places, step: Step) -> bool:
    """Whether it takes more than reading the units again. Raises OSError."""
    found = difference(places, step)
    told = any(found.touches(folder) for folder in links.FOLLOWING)
    anew = any(Path(file).suffix in ANEW for file in found.changed)
    return bool(found.made or found.gone or told or anew)


def writes(places: Places, step: Step) -> bool:
    """Whether something is to be written below ``/etc``. Raises OSError."""
    found = difference(places, step)
    return bool(found.made or found.gone or found.touches("systemd/sysusers.d"))


@dataclass(frozen=True)
class Fitted:
    """What was done to paths below the machine's root: links that were not there are ``made``,
    links that led nowhere ``gone``; what somebody has put in a link's place is ``left``."""

    made: tuple[Path, ...]
    gone: tuple[Path, ...]
    left: tuple[Path, ...]


def fit(places: Places, step: Step, tell: Tell) -> Fitted:
    """Makes the machine fit the release ``step.after``; may be cut off anywhere and done again.

    Raises:
        OSError: it cannot be done; part of it may be.
    """
    found = difference(places, step)
    for link in found.gone.values():
        if link.unit:
            with suppress(OSError):  # it may never have run
                tell("systemctl", "stop", link.unit)
    for path, link in found.gone.items():
        links.unlink(places.root, path, link)
    made, left = [], []
    for path, link in found.made.items():
        there = places.root / path
        if not links.is_ours(there) and (there.is_symlink() or there.exists()):
            log.warning("%s is not ours, and stays", there)
            left.append(path)
        elif links.link(there, link.to):
            made.append(path)
    lost = _forget_lost(places, found)
    if found.touches("systemd/sysusers.d"):
        tell(*ONCE, "systemd-sysusers")
    if found.touches("systemd/tmpfiles.d"):
        tell(*ONCE, "systemd-tmpfiles", "--create", *_names(places, step, "tmpfiles.d"))
    tell("systemctl", "daemon-reload")
    for command in _told(found):
        with suppress(FileNotFoundError):  # a kiosk must not be stopped by a machine without it
            tell(*command)
    return Fitted(tuple(made), (*found.gone, *lost), tuple(left))


def _names(places: Places, step: Step, folder: str) -> list[str]:
    there = places.releases / step.after / "systemd" / folder
    return sorted(path.name for path in there.iterdir()) if there.is_dir() else []


def _told(found: Difference) -> Iterator[tuple[str, ...]]:
    if found.touches("systemd/udev"):
        kinds = (f"--subsystem-match={kind}" for kind in SUBSYSTEMS)
        yield "udevadm", "control", "--reload"
        yield (*ONCE, "udevadm", "trigger", *kinds)
    if found.touches("systemd/journald.conf.d"):
        yield "systemctl", "try-restart", "systemd-journald.service"
    if found.touches("systemd/polkit"):
        yield "systemctl", "try-restart", "polkit.service"
    changed = [Path(file).name for file in sorted(found.changed) if Path(file).suffix in ANEW]
    if changed:
        yield "systemctl", "try-restart", *changed
    new = [link.unit for link in found.made.values() if link.start == links.NOW]
    if new:
        yield "systemctl", "start", "--no-block", *sorted(new)


def _forget_lost(places: Places, found: Difference) -> list[Path]:
    """Takes away what leads nowhere, and returns it: links of a release that was left while this
    could not be done."""
    lost = []
    folders = {places.root / links.UNITS} | {
        (places.root / path).parent for path in (*found.made, *found.gone)
    }
    for folder in sorted(one for one in folders if one.is_dir()):
        for path in sorted(folder.iterdir()):
            if path.is_symlink() and _is_lost(places, path.readlink()):
                log.warning("%s led nowhere", path)
                path.unlink()
                lost.append(path.relative_to(places.root))
    return lost


def _is_lost(places: Places, target: Path) -> bool:
    through = [Path("/opt/yicang") / link for link in (CURRENT, CONFIRMED)]
    if not any(target.is_relative_to(one) for one in through):
        return False
    return not (places.root / target.relative_to("/")).exists()
