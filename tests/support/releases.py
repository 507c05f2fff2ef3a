"""Small releases, and a machine on which they are tried: real bundles, signatures, folders, links
and journals; only systemd and the kiosk's process are played.

Two releases: `OLD` runs, `NEW` is to replace it and has a later journal. What a kiosk of either
does when it starts is what a real one does to its journal: it opens it with its own schema, which
migrates it one way or the other, and records.
"""

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contract.events import Noticed
from kiosk.store_schema import SCHEMA, Schema
from kiosk.update_facts import read_ask, write_facts
from kiosk.update_words import KioskFacts
from provisioning.release import archive
from provisioning.updates import fitting, folders, keys, links
from provisioning.updates.bundle import Manifest, Target, release_id
from provisioning.updates.fitting import Step
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.places import Places
from provisioning.updates.runner import Updater
from tests.support.journals import Home

PYTHON: Final = Path(sys.executable)
HERE: Final = Target(
    "test", f"cp{sys.version_info[0]}{sys.version_info[1]}", platform.machine(), (2, 17)
)
COMMITS: Final = ("a" * 40, "b" * 40, "c" * 40)
MADE: Final = (1_795_000_000, 1_795_100_000, 1_795_200_000)
STAMPS: Final = ("20261118T092640", "20261119T131320", "20261120T170000")
IDS: Final = tuple(
    release_id("0.1.0", stamp, commit) for stamp, commit in zip(STAMPS, COMMITS, strict=True)
)
OLD, NEW, NEWER = IDS
NEXT: Final = Schema(
    SCHEMA.version + 1,
    SCHEMA.create
    + "CREATE TABLE weighed (id INTEGER PRIMARY KEY, grams INTEGER NOT NULL);"
    + "ALTER TABLE epoch ADD COLUMN colour TEXT;",
    {
        **SCHEMA.upgrades,
        SCHEMA.version: "CREATE TABLE weighed (id INTEGER PRIMARY KEY, grams INTEGER NOT NULL);"
        "ALTER TABLE epoch ADD COLUMN colour TEXT;",
    },
    {
        **SCHEMA.ways_back,
        SCHEMA.version + 1: "DROP TABLE weighed; ALTER TABLE epoch DROP COLUMN colour;",
    },
)
"""The journal of a release that comes after this one."""

FILES: Final = {
    "requirements.txt": b"",
    "wheels/pip-0-py3-none-any.whl": b"not needed here",
    "systemd/yicang-kiosk.service": b"[Service]\nExecStart=/bin/true\n[Install]\n"
    b"WantedBy=multi-user.target\n",
}

TIMER: Final = b"[Timer]\nOnBootSec=1min\n[Install]\nWantedBy=timers.target\n"
BROUGHT: Final = (
    {
        "systemd/kiosk.units": b"yicang-kiosk.service now\nyicang-left.timer now\n",
        "systemd/yicang-left.timer": TIMER,
        "systemd/sysusers.d/yicang.conf": b"u yicang-kiosk -\n",
        "systemd/udev/99-yicang.rules": b"",
    },
    {
        "systemd/kiosk.units": b"yicang-kiosk.service now\nyicang-weigh.timer now # new\n"
        b"yicang-update-weigh.service\n",
        "systemd/yicang-weigh.timer": TIMER,
        "systemd/yicang-update-weigh.service": b"[Service]\nExecStart=/bin/true\n",
        "systemd/yicang-kiosk.service.d/weigh.conf": b"[Service]\nNice=1\n",
        "systemd/sysusers.d/yicang.conf": b"u yicang-kiosk -\nu yicang-weigh -\n",
        "systemd/udev/99-yicang.rules": b"",
        "systemd/udev/98-yicang-scales.rules": b"",
    },
)
"""What `OLD` and the two after it have of units and rules: some stay, come, go and change."""


class Signer:
    """A person with a release key; ``folder`` is what machines trust."""

    def __init__(self, folder: Path) -> None:
        self.private: Final = folder / "release.key"
        self.folder: Final = folder / "trusted"
        self.folder.mkdir(parents=True)
        keys.make(self.private, self.folder / "release.pem")

    def sign(self, manifest: bytes) -> bytes:
        """What stands in ``manifest.sig``."""
        return keys.sign(manifest, keys.load_private(self.private)).to_json()


def manifest(
    index: int, files: dict[str, bytes], *, target: Target = HERE, journal: int = SCHEMA.version
) -> Manifest:
    """What the release ``IDS[index]`` says of itself."""
    return Manifest(
        IDS[index], "0.1.0", COMMITS[index], MADE[index], target, journal,
        "wheels/pip-0-py3-none-any.whl", archive.entries(files),
    )  # fmt: skip


def bundle(
    path: Path,
    signer: Signer,
    index: int,
    files: dict[str, bytes] | None = None,
    *,
    target: Target = HERE,
) -> Path:
    """A signed bundle of the release ``IDS[index]`` at ``path``."""
    content = FILES | (files or {})
    raw = manifest(index, content, target=target).to_json()
    path.parent.mkdir(parents=True, exist_ok=True)
    archive.write(path, raw, signer.sign(raw), content)
    return path


def make_quickly(folder: Path, _manifest: Manifest) -> None:
    """An environment in no time: what starts, and nothing else."""
    program = folder / ".venv" / "bin" / "yicang"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho {folder.name}\n")
    program.chmod(0o755)


@dataclass
class Manners:
    """How the kiosk of one release behaves."""

    schema: Schema = SCHEMA
    crashes: bool = False
    """Ends as soon as it is started, before it has its journal."""
    panics: bool = False
    """Takes the whole machine down."""
    devices: dict[str, int] = field(default_factory=lambda: {"scanner": 2, "printer": 1})
    heard: bool = True
    """Whether the hub acknowledges."""
    refusing: str = ""
    backlog: int = 0
    resting_s: int = 3600
    open_now: bool = True
    records: bool = True


class PanicError(Exception):
    """The machine went down."""


class Machine:
    """A machine with `OLD` in use. `boot` starts it, as often as it is needed."""

    def __init__(self, root: Path, signer: Signer, manners: dict[str, Manners]) -> None:
        self.places: Final = Places(root)
        self.signer: Final = signer
        self.manners: Final = manners
        self.home_folder: Final = root / "var/lib/yicang/kiosk"
        self.ledger: Final = root / "var/lib/yicang/ledger"
        """What was recorded, written after the journal's COMMIT: what a donor was told."""
        self.running: str | None = None
        self.ends = 0
        self.now = 0
        self.fixed = False
        """Whether its system is mounted read-only."""
        self.told_machine: Final[list[tuple[str, ...]]] = []
        """Commands that the machine was given, while this process lives."""
        self.on_sleep: Callable[[], None] = lambda: None

    def prepare(self) -> None:
        """Installs `OLD` as the first release, and offers nothing."""
        source = bundle(self.places.root / "old.yrel", self.signer, 0, BROUGHT[0])
        folders.unpack(self.places, OLD, source, self.verify, make_quickly)
        self.places.link(CURRENT, OLD)
        self.places.link(CONFIRMED, OLD)
        there = self.places.release(OLD)
        links.first_links(self.places, there, links.listed(there, "kiosk"))
        self.places.incoming.mkdir(parents=True)
        self.places.told.mkdir(parents=True)
        self.places.heard.parent.mkdir(parents=True)

    @property
    def verify(self) -> Callable[..., None]:
        return keys.verifier(keys.load_public(self.signer.folder))

    # --- what the updater needs of a machine (`Host`, `Waiting`) --------------------------------

    def fit(self, step: Step) -> None:
        """What the unit for it does."""
        fitting.fit(self.places, step, lambda *words: self.told_machine.append(words))

    def is_fixed(self) -> bool:
        return self.fixed

    def reload(self) -> None:
        """What was there comes with the link."""

    def restart(self) -> None:
        """The service manager starts what ``current`` points to."""
        self.stop_kiosk()
        self.ends = 0
        self.start_kiosk()

    def failures(self) -> int:
        return self.ends

    def mono_ms(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Time passes (a minute each): the kiosk answers, or the service manager starts it
        again."""
        self.now += int(seconds * 60_000)
        if self.running is None:
            self.start_kiosk()
        self.tell()
        self.on_sleep()

    # --- the kiosk ------------------------------------------------------------------------------

    def current_manners(self) -> Manners:
        assert self.running is not None
        return self.manners[self.running]

    def start_kiosk(self) -> None:
        """What systemd does at boot and whenever the process has ended."""
        release = self.places.linked(CURRENT)
        assert release is not None
        program = self.places.home / CURRENT / ".venv" / "bin" / "yicang"
        assert program.read_text().endswith(f"{release}\n")
        manners = self.manners[release]
        if manners.panics:
            raise PanicError
        if manners.crashes:
            self.ends += 1
            return
        self.running = release
        if manners.records:
            self.record(manners.schema)
        self.tell()

    def record(self, schema: Schema) -> None:
        """A scan, signalled only after its COMMIT."""
        home = Home(self.home_folder, ("7K2M", "0001", "ZZZZ"))
        opened = home.open(seed=os.urandom(8).hex(), schema=schema)
        try:
            opened.append(Noticed(kind="scan-of-the-test"))
            head = opened.journal.head_id
        finally:
            opened.close()
        with self.ledger.open("a") as file:
            file.write(f"{head}\n")

    def tell(self) -> None:
        """What the kiosk's desk writes once a second."""
        if self.running is None:
            return
        manners = self.current_manners()
        nonce = read_ask(self.places.told / "ask.json")
        facts = KioskFacts(
            release=self.running,
            wall=1_795_000_000_000,
            backlog=manners.backlog,
            resting_s=manners.resting_s,
            refusing=manners.refusing,
            devices=manners.devices,
            open_now=manners.open_now,
            asked=nonce,
            acked=manners.heard and nonce != "",
        )
        self.places.heard.parent.mkdir(parents=True, exist_ok=True)
        write_facts(self.places.heard.parent, facts)

    def stop_kiosk(self) -> None:
        self.running = None
        shutil.rmtree(self.places.heard.parent, ignore_errors=True)

    # --- the machine ----------------------------------------------------------------------------

    def updater(self, *, early: bool = False, make: folders.Make = make_quickly) -> Updater:
        """One run of the updater."""
        return Updater(
            self.places, self, self, verify=self.verify, make=make, fits=lambda _: None, early=early
        )

    def power_cut(self) -> None:
        """What is in memory is gone."""
        self.running, self.ends = None, 0
        shutil.rmtree(self.places.root / "run", ignore_errors=True)
        self.places.told.mkdir(parents=True)
        self.places.heard.parent.mkdir(parents=True)

    def boot(self) -> None:
        """The machine starts: the updater looks first, then the kiosk, then the timer."""
        self.updater(early=True).run()
        self.start_kiosk()
        self.updater().run()

    def offer(self, index: int = 1) -> Path:
        """A bundle was fetched."""
        there = self.places.incoming / f"{IDS[index]}.yrel"
        return bundle(there, self.signer, index, BROUGHT[min(index, 1)])

    def in_use(self) -> str:
        """The release that the kiosk runs, which must be whole and start."""
        current, confirmed = (self.places.linked(link) for link in (CURRENT, CONFIRMED))
        for release in (current, confirmed):
            assert release is not None, "no release is in use"
            assert self.places.is_complete(release), f"{release} is not whole"
            program = self.places.home / "releases" / release / ".venv" / "bin" / "yicang"
            assert program.read_text().endswith(f"{release}\n")
        assert current is not None
        return current

    def has(self) -> dict[str, str]:
        """Every link below ``/etc`` by its path there, with the file of a release or the unit that
        it leads to."""
        etc = self.places.root / "etc"
        found = {path.relative_to(etc).as_posix(): path.readlink() for path in etc.rglob("*")
                 if path.is_symlink()}  # fmt: skip
        for path, target in found.items():
            there = self.places.root / target.relative_to("/")
            assert there.exists() or there.is_symlink(), f"{path} leads nowhere"
        return {
            path.removeprefix("systemd/system/"): str(target).removeprefix("/opt/yicang/")
            for path, target in found.items()
        }

    def told(self) -> dict[str, str]:
        """What the kiosk reports of the update."""
        found: dict[str, str] = json.loads((self.places.told / "told.json").read_text())
        return found

    def recorded(self) -> list[str]:
        """What was signalled."""
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []
