"""Which events concern a subject: what is remembered is what the database has."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from hub import db
from hub.projections.touches import LONG, SUBJECTS, Touches


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = db.open_writer(db.sqlite_url(tmp_path / "hub.sqlite3"))
    db.migrate(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def told(connection: Connection, touches: Touches, *subjects: str) -> dict[str, list[int]]:
    found = touches.of(connection, subjects)
    return {subject: sorted(rows) for subject, rows in found.items()}


def test_what_was_asked_for_before_it_came_is_known_when_it_has_come(
    connection: Connection,
) -> None:
    touches = Touches()
    touches.add(connection, [("G1", 1)])
    assert told(connection, touches, "G1", "G2") == {"G1": [1]}
    touches.add(connection, [("G1", 2), ("G2", 2), ("G1", 2)])
    assert told(connection, touches, "G1", "G2") == {"G1": [1, 2], "G2": [2]}
    assert told(connection, Touches(), "G1", "G2") == {"G1": [1, 2], "G2": [2]}


def test_after_a_rollback_only_what_the_database_has_is_told(connection: Connection) -> None:
    touches = Touches()
    told(connection, touches, "G1")
    savepoint = connection.begin_nested()
    touches.add(connection, [("G1", 1)])
    savepoint.rollback()
    touches.forget()
    assert told(connection, touches, "G1") == {}


@pytest.mark.parametrize("asked_early", [False, True])
def test_a_subject_of_very_many_events_is_told_in_full(
    connection: Connection, *, asked_early: bool
) -> None:
    touches = Touches()
    if asked_early:
        told(connection, touches, "M1")
    rows = range(1, LONG + 3)
    for some in (rows[:400], rows[400:800], rows[800:]):
        touches.add(connection, [("M1", row) for row in some])
    assert told(connection, touches, "M1") == {"M1": list(rows)}
    touches.add(connection, [("M1", LONG + 3)])
    assert told(connection, touches, "M1") == {"M1": [*rows, LONG + 3]}


def test_more_subjects_than_are_remembered_are_all_told(connection: Connection) -> None:
    touches = Touches()
    names = [f"G{n:06d}" for n in range(SUBJECTS + 10)]
    told(connection, touches, *names)
    touches.add(connection, [(name, n) for n, name in enumerate(names)])
    assert told(connection, touches, *names) == {name: [n] for n, name in enumerate(names)}
