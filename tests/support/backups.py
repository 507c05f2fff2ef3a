"""A hub's database with its backups, and without the hub's threads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from hub import db
from hub.backup import Backup, Progress, keys
from hub.backup.keeper import Keeper
from hub.config import HubConfig
from hub.log import recording
from hub.log.recording import Actor, Draft
from tests.support.databases import DATABASES
from tests.support.hubdb import HubDb

T = TypeVar("T")

KEEPER: Final = Actor(account="00000000000000a1")


class BackedUp:
    """The keeper of ``hub``'s backups, with a key pair of its own and ``away`` as the directory
    that leaves the machine."""

    def __init__(self, hub: HubDb, away: Path, **settings: Any) -> None:
        self.hub = hub
        self.away = away
        self.key = keys.new()
        secret = hub.path.parent / "secret.key"
        self.config = msgspec.convert(
            {
                "database": DATABASES.at(hub.path),
                "secret_key_file": str(secret),
                "backup_dir": str(away),
                "backup_off_machine": True,
                "backup_key": str(self.key.to_public()),
                **settings,
            },
            HubConfig,
        )
        self.reader = db.open_reader(self.config.database)
        self.keeper = self._keeper()

    def _keeper(self) -> Keeper:
        return Keeper(self.config, self.reader, self.change, lambda: self.hub.now_ms)

    def close(self) -> None:
        """Gives its connections back."""
        self.reader.dispose()

    def change(self, what: Callable[[Connection], T], /) -> T:
        """As the writer would."""
        with self.hub.engine.begin() as connection:
            result = what(connection)
        self.hub.ingest.changed()
        return result

    def back_up(self, tell: Callable[[Progress], None] | None = None) -> Backup:
        """A backup as the hub makes it by itself, a second later than the last."""
        self.hub.now_ms += 1000
        return self.keeper.back_up(self.away, off_machine=True, tell=tell)

    def copy_hub_events(self) -> None:
        """What the hub does every two seconds, two seconds later."""
        self.hub.now_ms += 2000
        self.keeper.copy_hub_events()

    def restart(self) -> None:
        """The hub's process ended and began again."""
        self.keeper = self._keeper()
        self.change(recording.start_anew)

    def record(self, *drafts: Draft, request: str | None = None) -> tuple[str, ...]:
        """What somebody did at the hub; the ids of its events."""
        self.hub.now_ms += 1

        def work(connection: Connection) -> tuple[str, ...]:
            done = recording.record(
                connection, drafts, KEEPER, now_ms=self.hub.now_ms, request=request
            )
            return done.events

        ids = self.change(work)
        self.hub.project()
        return ids

    def copies(self) -> list[str]:
        """The names of the segments."""
        return sorted(path.name for path in (self.away / "hub-events").glob("*"))


def meta(hub: HubDb, key: str) -> str | None:
    """What the hub remembers under ``key``."""
    with hub.engine.connect() as connection:
        return connection.execute(sa.select(db.meta.c.value).where(db.meta.c.key == key)).scalar()
