"""Which database the hub's tests run on: SQLite, or PostgreSQL (``--database``).

Helpers ask here for a database "at" a path. On SQLite that is the file; on PostgreSQL it is a
database of the throwaway cluster (`tests.support.postgresql`) that goes with the path, and is
dropped some time after the path's directory is gone.

The everyday suite runs on SQLite, and `tests/integration/on_postgresql` repeats the heart of it on
PostgreSQL; ``--database postgresql`` runs all of the hub's tests there but those in a browser, as
`make proof` does.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event

from hub import db
from tests.support.postgresql import Clusters

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
KINDS: Final = (SQLITE, POSTGRESQL)
VARIABLE: Final = "YICANG_TEST_DATABASE"
_EMPTY: Final = "yicang_migrated"

_HELPERS: Final = frozenset(
    {f"tests.support.{name}" for name in ("databases", "hubdb", "hub_site", "hub_scene", "counts")}
)
"""Where tests get a hub's database from."""


def uses_hub(module: object) -> bool:
    """Whether a test module takes anything from these helpers."""
    return any(getattr(value, "__module__", None) in _HELPERS for value in vars(module).values())


def unsynced(engine: Engine) -> Engine:
    """The same without waiting for the disk: nothing here pulls the plug, and a thousand tests
    write some thirty times each."""

    def let_it_lie(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")  # else what is left is synced at the end

    if engine.dialect.name == SQLITE:
        event.listen(engine, "close", let_it_lie)
    return engine.execution_options(**{db.DERIVED: True})


class Databases:
    """The databases of this test process."""

    def __init__(self) -> None:
        self._clusters: Final = Clusters()
        self._made: Final[dict[str, Path]] = {}
        self._migrated = False
        self._file = b""

    @property
    def kind(self) -> str:
        """`SQLITE` or `POSTGRESQL`."""
        return os.environ.get(VARIABLE, SQLITE)

    @contextmanager
    def of_kind(self, kind: str) -> Iterator[None]:
        """Inside, databases are of this kind."""
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = kind
        try:
            yield
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before

    def at(self, path: Path) -> str:
        """The URL of the database at ``path``; the same path gives the same database. A new one on
        PostgreSQL has the newest schema already."""
        return self._url(path, None)

    def migrated(self, path: Path) -> str:
        """The URL of a new database at ``path`` with the newest schema and nothing in it."""
        if self.kind == SQLITE:
            assert not path.exists(), "it would be lost"
            path.write_bytes(self._file or self._make_file())
        return self.at(path)

    def empty(self, path: Path) -> str:
        """The URL of a new database at ``path`` without any table."""
        if self.kind == POSTGRESQL:
            self._make(path, "template0")
        return self.at(path)

    def sorted_by_a_language(self, path: Path) -> str:
        """The URL of a new database of PostgreSQL that sorts as people do."""
        self._make(path, "template0", "ICU_LOCALE 'zh' LOCALE_PROVIDER icu")
        return self._clusters.get().url(_name(path))

    def copy(self, template: Path, path: Path) -> str:
        """The URL of a new database at ``path`` with all that is in the one at ``template``."""
        if self.kind == SQLITE:
            shutil.copyfile(template, path)
        return self._url(path, template)

    def look(self, path: Path, query: str) -> list[tuple[Any, ...]]:
        """What ``query`` finds in the database at ``path``, seen by a connection of its own."""
        engine = db.open_reader(self.at(path))
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.exec_driver_sql(query)]
        finally:
            engine.dispose()

    def _url(self, path: Path, template: Path | None) -> str:
        if self.kind == SQLITE:
            return db.sqlite_url(path)
        if _name(path) not in self._made:
            self._make(path, self._migrated_template() if template is None else _name(template))
        return self._clusters.get().url(_name(path))

    def _make(self, path: Path, template: str, more: str = "") -> None:
        self._sweep()
        self._clusters.get().create(_name(path), template, more)
        self._made[_name(path)] = path

    def _make_file(self) -> bytes:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "hub.sqlite3"
            engine = db.open_writer(db.sqlite_url(path))
            db.migrate(engine)
            engine.dispose()
            self._file = path.read_bytes()
        return self._file

    def _migrated_template(self) -> str:
        if not self._migrated:
            cluster = self._clusters.get()
            cluster.create(_EMPTY)
            engine = db.open_writer(cluster.url(_EMPTY))
            db.migrate(engine)
            engine.dispose()
            self._migrated = True
        return _EMPTY

    def _sweep(self) -> None:
        for name, path in list(self._made.items()):
            if not path.parent.exists():
                self._clusters.get().drop(name)
                del self._made[name]


def _name(path: Path) -> str:
    return "test_" + hashlib.sha256(str(path).encode()).hexdigest()[:24]


DATABASES: Final = Databases()


@pytest.fixture(scope="module", autouse=True)
def on_postgresql() -> Iterator[None]:
    """A test module that imports this runs on PostgreSQL."""
    with DATABASES.of_kind(POSTGRESQL):
        yield
