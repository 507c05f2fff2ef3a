"""What is different where the hub's database is PostgreSQL.

Statements are written once, for SQLite and PostgreSQL alike. What remains:

* **Placeholders.** Prepared text has ``?``, which here becomes the driver's ``%s``.
* **Collation.** Keys are looked up by range (``V:`` to ``V;``) and sorted as SQLite does it, by
  bytes. A database whose locale sorts otherwise would find the wrong rows, so it is refused.
* **Read-only** connections see one moment for as long as a page is being made, as SQLite's do.
* **Broken connections.** A server notices within seconds that a process, or the machine under it,
  is gone: what that process had locked is free again for whoever waits.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

NAME: Final = "postgresql"

_WORDS: Final = ("V:a", "V;", "Va", "va", "V", "v", "B", "a", "0", "-a", "é", "中", "一")
"""No language sorts these by their bytes."""

MIGRATING: Final = 0x59494341_00000001
"""Advisory lock of whoever changes the schema ("YICA", 1)."""

_STREAMS: Final = 0x5949
"""The first of two numbers of a kiosk's lock."""

_ALIVE: Final = {
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "2",
    "client_connection_check_interval": "1000",
}
"""The server looks for its client while idle (a TCP probe) and while it works for it."""

_PROBING: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 4000,
}
"""The client's side of the same, in seconds, and in milliseconds for what it sent."""

_READING: Final = {
    "default_transaction_read_only": "on",
    "default_transaction_isolation": r"repeatable\ read",
}

_CONFLICTS: Final = frozenset({"40001", "40P01"})
"""SQLSTATE of serialization_failure and deadlock_detected: the same again will do."""


class CollationError(Exception):
    """The database sorts otherwise than by bytes; the text is for people."""


def is_postgresql(url: str) -> bool:
    """Whether ``url`` names a PostgreSQL database."""
    return sa.make_url(url).get_backend_name() == NAME


def open_one(url: str) -> Engine:
    """An engine with one connection, for the thread that ingests and projects."""
    return _engine(url, _ALIVE, poolclass=StaticPool)


def open_many(url: str, size: int) -> Engine:
    """An engine whose connections write, up to ``size`` of them at once."""
    return _engine(url, _ALIVE, poolclass=QueuePool, pool_size=size, pool_pre_ping=True)


def open_reader(url: str, size: int) -> Engine:
    """An engine whose connections cannot write; each transaction sees one moment."""
    settings = {**_ALIVE, **_READING}
    return _engine(url, settings, poolclass=QueuePool, pool_size=size, pool_pre_ping=True)


def lock(connection: Connection, key: int) -> None:
    """Wait for an advisory lock, which this connection holds until `unlock` or its end."""
    connection.exec_driver_sql("SELECT pg_advisory_lock(?)", (key,))
    connection.commit()


def unlock(connection: Connection, key: int) -> None:
    """Give an advisory lock back."""
    connection.exec_driver_sql("SELECT pg_advisory_unlock(?)", (key,))
    connection.commit()


def lock_kiosks(connection: Connection, kiosks: Iterable[str]) -> None:
    """Let nobody else append to these kiosks' streams until this transaction ends. A stream that
    begins has no row yet that could be locked; and forks and incidents concern all streams of a
    kiosk. Everybody locks in one order, so that no two wait for each other. On SQLite there is
    nobody else."""
    if connection.dialect.name != NAME:
        return
    keys = sorted({int.from_bytes(sha256(kiosk.encode()).digest()[:4]) >> 1 for kiosk in kiosks})
    if keys:
        connection.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(?, ?)", [(_STREAMS, key) for key in keys]
        )


def require_collation(connection: Connection) -> None:
    """Raises `CollationError` when texts are not sorted by their bytes."""
    given = connection.exec_driver_sql(
        "SELECT string_agg(word, ' ' ORDER BY word) FROM unnest(string_to_array(?, ' ')) word",
        (" ".join(_WORDS),),
    ).scalar_one()
    if given.split(" ") != sorted(_WORDS):
        raise CollationError(
            "数据库按某种语言排序，必须按字节排序"
            " / the database sorts by a language and must sort by bytes:"
            " createdb --template=template0 --encoding=UTF8 --locale=C NAME"
        )


def is_conflict(error: DBAPIError) -> bool:
    """Whether two transactions were in each other's way: the same again will do."""
    return getattr(error.orig, "sqlstate", None) in _CONFLICTS


def _engine(url: str, settings: dict[str, str], **pool: Any) -> Engine:
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    engine = sa.create_engine(
        url, connect_args={**_PROBING, "options": options}, hide_parameters=True, **pool
    )
    sa.event.listen(engine, "before_cursor_execute", _translate, retval=True)
    return engine


def _translate(
    _connection: Connection,
    _cursor: Any,
    statement: str,
    parameters: Any,
    context: Any,
    _executemany: bool,
) -> tuple[str, Any]:
    if context is not None and context.compiled is None:
        statement = _with_percents(statement)
    return statement, parameters


@lru_cache(maxsize=2000)
def _with_percents(statement: str) -> str:
    """``statement`` with the driver's placeholders; no text of ours has a ``?`` elsewhere."""
    return statement.replace("%", "%%").replace("?", "%s")
