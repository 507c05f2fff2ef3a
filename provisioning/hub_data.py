"""The database of a new hub, and its operator's first password: done by the hub's own account."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from msgspec import Struct

from hub import db, operations
from hub.access import audit
from hub.command_line import do
from hub.config import load
from hub.control import writer_lock
from hub.fleet.stops import Stop, every, put
from provisioning.local import LOCK_WAIT_S, OPERATOR, put_operator
from provisioning.record import UNSHOWN


class Prepared(Struct, frozen=True):
    """``password`` is the operator's when it was made just now: it is kept nowhere else."""

    operator: str
    password: str | None = None
    changed: bool = False


DONE: Final = Prepared(OPERATOR)


def prepare(data: Path, stops: Sequence[Stop] = ()) -> Prepared:
    """Makes the database, the operator and ``stops`` where they are not there yet. A hub that runs
    is asked for the stops that it has not; the rest it has.

    Raises:
        SettingsError: hub.toml cannot be used.
        StopError: a stop that cannot be.
        hub.command_line.Refused: the hub that runs cannot add a stop.
        hub.control.LockedError: the hub runs, and its operator's password was shown to nobody.
        OSError, sqlalchemy.exc.OperationalError: it cannot be written.
    """
    folder = data / "hub"
    config = load(folder / "hub.toml")
    path = folder / "hub.sqlite3"
    ours = sa.make_url(config.database).database == str(path)
    if ours and path.exists() and not (folder / UNSHOWN).exists():
        return Prepared(OPERATOR, None, _added(data, stops)) if stops else DONE
    with writer_lock(folder, wait_s=LOCK_WAIT_S):
        if ours:
            # SQLite would make it by the umask.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        engine = db.open_writer(config.database)
        try:
            db.migrate(engine)
            with engine.begin() as connection:
                now_ms = time.time_ns() // 1_000_000
                known = {one.id for one in every(connection)}
                new = [one for one in stops if one.id not in known]
                for one in new:
                    put(connection, one, audit.COMMAND_LINE, now_ms)
                password = put_operator(connection, data, OPERATOR, now_ms)
        finally:
            engine.dispose()
    return Prepared(OPERATOR, password, bool(new) or password is not None)


def _added(data: Path, stops: Sequence[Stop]) -> bool:
    """Adds those that a hub has not, running or not; whether there were any."""
    known = {one.id for one in do(data, operations.ListStops(), list[Stop])}
    new = [one for one in stops if one.id not in known]
    for one in new:
        do(data, operations.PutStop(one), bool)
    return bool(new)
