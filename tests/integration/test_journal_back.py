"""A journal goes with an update, and comes back with it, and loses nothing on either way."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contract.events import Noticed
from kiosk.store import JournalError, open_store
from kiosk.store_schema import SCHEMA, Schema
from tests.support.journals import Home
from tests.support.lanes import CLOTHES, UNDO
from tests.support.releases import NEXT


def shape(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table with its columns, and the indices, as SQLite understands them."""
    with closing(sqlite3.connect(path)) as db:
        names = [
            str(row[0])
            for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
        found = {name: db.execute(f"PRAGMA table_info({name})").fetchall() for name in names}
        found["indices"] = db.execute(
            "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' ORDER BY 1"
        ).fetchall()
    return found


def opened(path: Path, schema: Schema) -> None:
    open_store(path, schema).close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "kiosk")


@pytest.mark.parametrize("version", sorted(SCHEMA.ways_back))
def test_every_step_of_the_shape_leads_back_to_where_it_came_from(
    tmp_path: Path, version: int
) -> None:
    before = Schema(
        version - 1,
        SCHEMA.create,
        {step: sql for step, sql in SCHEMA.upgrades.items() if step < version - 1},
        {step: sql for step, sql in SCHEMA.ways_back.items() if step < version},
    )
    path = tmp_path / "journal.sqlite3"
    opened(path, SCHEMA)
    now = shape(path)
    opened(path, before)
    earlier = shape(path)
    assert earlier != now
    opened(path, SCHEMA)
    assert shape(path) == now
    opened(path, before)
    assert shape(path) == earlier


def test_every_shape_since_the_first_that_can_be_left_has_its_way_back() -> None:
    assert sorted(SCHEMA.ways_back) == list(range(3, SCHEMA.version + 1))


def test_what_a_release_recorded_is_there_after_going_back_and_forward(home: Home) -> None:
    before = home.open()
    before.scan(CLOTHES)
    before.close()
    newer = home.open(schema=NEXT)
    newer.scan(CLOTHES)
    newer.append(Noticed(kind="recorded-by-the-newer"))
    told = [(event.id, event.raw) for event in newer.lines()]
    newer.close()

    older = home.open()
    assert [(event.id, event.raw) for event in older.lines()][: len(told)] == told
    assert len(older.issued()) == 2
    older.scan(CLOTHES)
    told = [(event.id, event.raw) for event in older.lines()]
    older.close()

    again = home.open(schema=NEXT)
    assert [(event.id, event.raw) for event in again.lines()][: len(told)] == told
    assert len(set(again.issued())) == 3
    hashes = [event.hash for event in again.lines()]
    assert [event.prev for event in again.lines()][1:] == hashes[:-1], "one chain"
    again.close()


def test_a_session_that_was_open_goes_on_in_the_earlier_release(home: Home) -> None:
    newer = home.open(schema=NEXT)
    newer.scan(CLOTHES)
    state = newer.state()
    newer.close()
    older = home.open()
    assert older.state() == state
    assert older.journal.queue.count() == 1, "its label is still to be printed"
    older.close()


def test_going_back_several_versions_at_once(home: Home) -> None:
    after_next = Schema(
        NEXT.version + 1,
        NEXT.create + "CREATE TABLE later (id INTEGER PRIMARY KEY);",
        {**NEXT.upgrades, NEXT.version: "CREATE TABLE later (id INTEGER PRIMARY KEY);"},
        {**NEXT.ways_back, NEXT.version + 1: "DROP TABLE later;"},
    )
    home.open(schema=SCHEMA).close()
    shape_now = shape(home.path)
    newer = home.open(schema=after_next)
    newer.scan(CLOTHES)
    newer.close()
    older = home.open()
    assert len(older.issued()) == 1
    older.close()
    assert shape(home.path) == shape_now


def test_a_way_back_that_cannot_be_gone_leaves_the_journal_as_it_was(home: Home) -> None:
    broken = Schema(NEXT.version, NEXT.create, NEXT.upgrades, {
        **NEXT.ways_back, NEXT.version: "DROP TABLE weighed; DROP TABLE there_is_no_such_table;",
    })  # fmt: skip
    newer = home.open(schema=broken)
    newer.scan(CLOTHES)
    newer.close()
    before = shape(home.path)
    with pytest.raises(JournalError, match="no such table"):
        home.open()
    assert shape(home.path) == before
    kept = home.open(schema=broken)
    assert len(kept.issued()) == 1
    kept.close()


def test_what_only_a_later_release_can_read_is_kept_for_the_hub_and_stumbled_over_by_nobody(
    home: Home,
) -> None:
    newer = home.open(schema=NEXT)
    newer.scan(CLOTHES)
    (code,) = newer.issued()
    newer.append(Noticed(kind="weighed-by-the-newer"))
    newer.close()
    with closing(sqlite3.connect(home.path)) as db:
        key, raw = db.execute("SELECT id, raw FROM event ORDER BY id DESC LIMIT 1").fetchone()
        later = raw.replace(b'"type":"noticed"', b'"type":"weighed"')
        later = later.replace(b"weighed-by-the-newer", code.encode())
        assert later != raw
        db.execute("UPDATE event SET raw = ? WHERE id = ?", (later, key))
        db.commit()
    older = home.open()
    assert [event.public.body for event in older.journal.about(code)], "its own events are told"
    older.scan(UNDO)
    older.scan(CLOTHES)
    epochs = older.journal.streams.by_epoch
    sent = [raw for e, s in epochs.items() for _, raw in older.journal.streams.read(e, 1, s.head)]
    assert later in sent
    older.close()
