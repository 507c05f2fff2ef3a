"""A hub's machine on which releases are tried: real bundles, signatures, folders, links and a real
database; only systemd and the hub's process are played.

`NEW` has a later shape of the database than `OLD`. What a hub of either does when it starts is what
a real one does: it brings the database to its own shape, or refuses one that is newer; and records.
"""

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from contract import batches
from hub import db
from hub.backup import BackupError, updating
from hub.log.event_log import EventLog
from provisioning.updates import fitting, folders, keys, links
from provisioning.updates.bundle import BundleError
from provisioning.updates.fitting import Step
from provisioning.updates.hub import HubUpdater
from provisioning.updates.names import CURRENT
from provisioning.updates.places import Places
from tests.support.events import Journal, message_of, runs
from tests.support.hubdb import make_template
from tests.support.releases import NEW, OLD, Signer, bundle, make_quickly

NEXT_SHAPE: Final = "later"
UNIT: Final = b"[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
OF_OLD: Final = {
    "systemd/hub.units": b"yicang-hub.service now\nyicang-hub-left.service\n",
    "systemd/yicang-hub.service": UNIT,
    "systemd/yicang-hub-left.service": UNIT,
}
OF_NEW: Final = {
    "systemd/hub.units": b"yicang-hub.service now\nyicang-hub-new.service now\n",
    "systemd/yicang-hub.service": UNIT,
    "systemd/yicang-hub-new.service": UNIT,
}


@dataclasses.dataclass
class Manners:
    """How the hub of one release behaves."""

    migrates: bool = False
    ails: frozenset[str] | None = frozenset()
    """What it says of itself once it runs; None: it never answers."""
    crashes: bool = False
    cannot_migrate: bool = False
    starts_ms: int = 20_000


class HubMachine:
    """A hub's machine with `OLD` in use; power can be cut at any instant."""

    def __init__(self, root: Path, signer: Signer, manners: dict[str, Manners]) -> None:
        self.places: Final = Places(root)
        self.signer: Final = signer
        self.manners: Final = manners
        self.folder: Final = root / "var/lib/yicang/hub"
        self.database: Final = self.folder / "hub.sqlite3"
        self.source: Final = root / "new.yrel"
        self.provisioned: Final = root / "etc/provisioned-by"
        self.running: str | None = None
        self.started_ms = 0
        self.ends = 0
        self.now = 0

    def prepare(self) -> None:
        """`OLD` is in use, with the units that it brings, and three items are in its database."""
        first = bundle(self.places.root / "old.yrel", self.signer, 0, OF_OLD)
        verify = keys.verifier(keys.load_public(self.signer.folder))
        folders.unpack(self.places, OLD, first, verify, make_quickly)
        self.places.link(CURRENT, OLD)
        there = self.places.release(OLD)
        links.first_links(self.places, there, links.listed(there, "hub"))
        self.provisioned.write_text(OLD)
        self.folder.mkdir(parents=True)
        make_template(self.database)
        self.record("00AA", "kiosk-a")
        bundle(self.source, self.signer, 1, OF_NEW)

    def updater(self) -> HubUpdater:
        verify = keys.verifier(keys.load_public(self.signer.folder))
        return HubUpdater(
            self.places, self, self, verify=verify, make=make_quickly, fits=lambda _: None
        )

    # --- as the updater sees it (`HubMachine`, `Waiting`) ---------------------------------------

    def ailments(self) -> frozenset[str] | None:
        return None if self.is_starting() or self.running is None else self._manners().ails

    def is_starting(self) -> bool:
        return self.running is not None and self.now < self.started_ms + self._manners().starts_ms

    def failures(self) -> int:
        return self.ends

    def stop(self) -> None:
        self.running = None

    def start(self) -> None:
        """The service manager starts what ``current`` points to."""
        release = str(self.places.linked(CURRENT))
        manners = self.manners[release]
        self.ends = 0
        if manners.crashes:
            self.ends = 9
            return
        if manners.migrates:
            migrate(self.database)
        assert updating.shape(self.database) in (NEXT_SHAPE, shape_here()), "a shape of nobody's"
        assert manners.migrates or updating.shape(self.database) != NEXT_SHAPE, "it is newer"
        self.running, self.started_ms = release, self.now
        if release == NEW:
            self.record("00BB", "kiosk-b")

    def rehearse(self, base: Path, old: Path, release: str) -> None:
        assert old.name == OLD
        copy = self._beside("rehearsal")
        updating.forget(self._beside(f"before-{release}"))
        updating.forget(copy)
        updating.keep(self.database, copy)
        if self.manners[base.name].cannot_migrate:
            raise BundleError("rehearsal", "no such column")
        updating.rehearse(copy)

    def keep(self, base: Path, release: str) -> None:
        assert (base.name, self.running) == (OLD, None)
        updating.keep(self.database, self._beside(f"before-{release}"))

    def put_back(self, base: Path, release: str) -> None:
        assert (base.name, self.running) == (OLD, None)
        copy, aside = self._beside(f"before-{release}"), self._beside(f"tried-{release}")
        if copy.exists():
            try:
                updating.put_back(copy, self.database, aside, 1_800_000_000_000)
            except BackupError as error:
                raise OSError(str(error)) from error

    def forget(self, base: Path, release: str) -> None:
        assert base.name == release

    def provision(self, base: Path) -> None:
        self.provisioned.write_text(base.name)

    def fit(self, step: Step) -> None:
        fitting.fit(self.places, step, lambda *_: None)

    def mono_ms(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Time passes five times as fast."""
        self.now += int(seconds * 5_000)

    # --- the machine ----------------------------------------------------------------------------

    def power_on(self) -> None:
        """The machine starts: first what takes back, then the hub."""
        self.running, self.ends = None, 0
        self.updater().run(early=True)
        self.start()

    def record(self, incarnation: str, kiosk: str) -> None:
        """A kiosk's events come in; the same ones each time."""
        journal = Journal(kiosk, incarnation)
        journal.start()
        journal.learn_time()
        for _ in range(3):
            journal.receive()
        engine = db.open_writer(db.sqlite_url(self.database))
        log = EventLog()
        with engine.begin() as connection:
            log.begin(connection)
            for run in runs(journal.written):
                message = message_of(run)
                batch = batches.decode(message.payload, message.properties)
                log.append(connection, kiosk, batch, 0)
            log.finish(connection, 0)
        engine.dispose()

    def kiosks(self) -> dict[str, int]:
        """How many events of each kiosk the database holds."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as plain:
            return dict(plain.execute("SELECT kiosk, count(*) FROM event GROUP BY kiosk"))

    def in_use(self) -> str:
        """The release in use: its folder is whole, and its units are there and no other's."""
        release = str(self.places.linked(CURRENT))
        assert self.places.is_complete(release)
        return release

    def units(self) -> set[str]:
        """The hub's units on the machine; each leads somewhere."""
        found = [path for path in (self.places.root / links.UNITS).iterdir() if path.is_symlink()]
        for path in found:
            target = self.places.root / path.readlink().relative_to("/")
            assert target.exists(), f"{path.name} leads nowhere"
        return {path.name.removeprefix("yicang-").removesuffix(".service") for path in found}

    def _manners(self) -> Manners:
        assert self.running is not None
        return self.manners[self.running]

    def _beside(self, name: str) -> Path:
        return self.database.with_name(f"{self.database.name}.{name}")


def migrate(database: Path) -> None:
    """What a later release does to the shape of a database, in one transaction."""
    with closing(sqlite3.connect(database)) as plain, plain:
        plain.execute("BEGIN IMMEDIATE")
        (shape,) = plain.execute("SELECT version_num FROM alembic_version").fetchone()
        if shape != NEXT_SHAPE:
            plain.execute("ALTER TABLE kiosk ADD COLUMN colour TEXT")
            plain.execute("UPDATE alembic_version SET version_num = ?", (NEXT_SHAPE,))


def shape_here() -> str:
    """The shape that this checkout's databases have."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(db.__file__).parent / "migrations"))
    return str(ScriptDirectory.from_config(config).get_current_head())
