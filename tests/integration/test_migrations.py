"""A database of any earlier release, with data in place, becomes today's, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub import db
from hub.projections.projector import TABLES
from tests.support.databases import DATABASES, unsynced
from tests.support.events import Story, message_of, runs
from tests.support.hubdb import HubDb, make_template

REVISIONS: Final = [
    script.revision
    for script in ScriptDirectory(str(Path(db.__file__).parent / "migrations")).walk_revisions()
][::-1]

LOG: Final = ("stop", "kiosk", "event", "stream", "hole", "incident")
"""Copied from a hub that lived, as far as the columns were there already."""

PROJECTED: Final = frozenset({*TABLES, "meta", "alembic_version"})
"""Made anew from the log."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubDb]:
    """A hub of today with a story in it."""
    path = make_template(tmp_path_factory.mktemp("lived") / "hub.sqlite3")
    story = Story()
    for n in range(300):
        story.act(n, n // 3, n // 2, n // 5)
    with HubDb(path) as hub:
        for run in runs(story.written):
            hub.take(message_of(run))
        yield hub


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An empty database of each release, made of the one before it."""
    folder = tmp_path_factory.mktemp("earlier")
    made: dict[str, Path] = {}
    for before, revision in zip([None, *REVISIONS], REVISIONS, strict=False):
        path = folder / f"{revision}.sqlite3"
        url = DATABASES.copy(made[before], path) if before else DATABASES.empty(path)
        engine = db.open_writer(url)
        db.migrate(engine, revision)
        engine.dispose()
        made[revision] = path
    return made


def shape(connection: sa.Connection) -> set[tuple[Any, ...]]:
    """Its tables and indices as SQLite wrote them down."""
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {tuple(row) for row in rows}


def assert_todays(connection: sa.Connection, newest: Path) -> None:
    """The schema is what the code says. What is letter by letter as at ``newest``, is."""
    if connection.dialect.name == "sqlite":
        engine = db.open_reader(DATABASES.at(newest))
        with engine.connect() as other:
            assert shape(connection) == shape(other)
        engine.dispose()
    else:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []


def test_the_newest_release_has_the_tables_of_the_code(earlier: dict[str, Path]) -> None:
    engine = db.open_reader(DATABASES.at(earlier[REVISIONS[-1]]))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
    engine.dispose()


def value(column: sa.Column[Any], n: int) -> Any:
    """Something that the column holds; another one for each ``n``."""
    if column.foreign_keys:
        [key] = column.foreign_keys
        return value(key.column, n)
    if column.name == "role":
        return "viewer"
    if isinstance(column.type, sa.Boolean):
        return True
    if isinstance(column.type, (sa.Integer, sa.Numeric, sa.Float)):
        return n
    if isinstance(column.type, sa.LargeBinary):
        return b"%d" % n
    return f"{column.table.name}-{column.name}-{n}"


def fill(connection: sa.Connection, tables: sa.MetaData, lived: HubDb) -> None:
    """The story's log, and rows of every other table that people or ingest write."""
    for table in tables.sorted_tables:
        if table.name in LOG:
            today = db.metadata.tables[table.name]
            shared = [column for column in today.columns if column.name in table.columns]
            with lived.engine.connect() as source:
                rows = [dict(row._mapping) for row in source.execute(sa.select(*shared))]
        elif table.name in PROJECTED:
            continue
        else:
            rows = [{c.name: value(c, n) for c in table.columns} for n in (1, 2)]
        if table.name in ("stop", "kiosk"):
            rows += [{c.name: value(c, n) for c in table.columns} for n in (1, 2)]
        if rows:
            connection.execute(sa.insert(table), rows)


def contents(connection: sa.Connection, tables: sa.MetaData) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of what is not made anew, as far as its columns are still there today."""
    found = {}
    for table in tables.sorted_tables:
        today = db.metadata.tables.get(table.name)
        if table.name in PROJECTED or table.name == "stream" or today is None:
            continue
        shared = [table.c[c.name] for c in table.columns if c.name in today.columns]
        rows = [tuple(row) for row in connection.execute(sa.select(*shared))]
        found[table.name] = sorted(rows, key=repr)
    return found


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_an_earlier_release_becomes_todays_with_all_that_is_in_it(
    revision: str, earlier: dict[str, Path], lived: HubDb, tmp_path: Path
) -> None:
    path = tmp_path / "hub.sqlite3"
    engine = unsynced(db.open_writer(DATABASES.copy(earlier[revision], path)))
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        fill(connection, tables, lived)
        before = contents(connection, tables)
    db.migrate(engine)
    with engine.connect() as connection:
        assert contents(connection, tables) == before
        assert_todays(connection, earlier[REVISIONS[-1]])
    engine.dispose()
    with HubDb(path) as hub:
        hub.rebuild()
        state = hub.state()
    assert len(state["item"]) > 5
    differing = {name for name, rows in lived.state().items() if rows != state[name]}
    assert differing == set()
