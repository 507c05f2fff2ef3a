"""The database of a new hub, and its operator's first password: done by the hub's own account."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from msgspec import Struct

from hub import db
from hub.config import load
from hub.control import writer_lock
from provisioning.local import LOCK_WAIT_S, OPERATOR, put_operator
from provisioning.record import UNSHOWN


class NewStop(Struct, frozen=True):
    """A stop to begin with."""

    id: str
    zh: str
    en: str


class Prepared(Struct, frozen=True):
    """``password`` is the operator's when it was made just now: it is kept nowhere else."""

    operator: str
    password: str | None = None
    changed: bool = False


DONE: Final = Prepared(OPERATOR)


def prepare(data: Path, stops: Sequence[NewStop] = ()) -> Prepared:
    """Makes the database, the operator and ``stops`` where they are not there yet. A hub that runs
    is left alone: it has them.

    Raises:
        SettingsError: hub.toml cannot be used.
        hub.control.LockedError: the hub runs, and its operator's password was shown to nobody.
        OSError, sqlalchemy.exc.OperationalError: it cannot be written.
    """
    folder = data / "hub"
    config = load(folder / "hub.toml")
    path = folder / "hub.sqlite3"
    ours = sa.make_url(config.database).database == str(path)
    if ours and path.exists() and not (folder / UNSHOWN).exists() and not stops:
        return DONE
    with writer_lock(folder, wait_s=LOCK_WAIT_S):
        if ours:
            # SQLite would make it by the umask.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        engine = db.open_writer(config.database)
        try:
            db.migrate(engine)
            with engine.begin() as connection:
                added = [one for one in stops if _put_stop(connection, one)]
                now_ms = time.time_ns() // 1_000_000
                password = put_operator(connection, data, OPERATOR, now_ms)
        finally:
            engine.dispose()
    return Prepared(OPERATOR, password, bool(added) or password is not None)


def _put_stop(connection: sa.Connection, stop: NewStop) -> bool:
    if connection.scalar(sa.select(db.stop.c.id).where(db.stop.c.id == stop.id)) is not None:
        return False
    connection.execute(db.stop.insert().values(id=stop.id, zh=stop.zh, en=stop.en))
    return True
