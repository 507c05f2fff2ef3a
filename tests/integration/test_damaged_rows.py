"""One bit of one value is wrong, where SQLite finds nothing: a kiosk stands there all the same."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.codes import Kind, serial_code
from contract.messages import Command
from drivers.panel_null import NullPanel
from drivers.ports import Signal
from kiosk.damage import open_journal
from kiosk.identity import IdentityError
from kiosk.lanes import LaneDesk, NoScreen
from kiosk.state import LabelJob
from tests.support.journals import WALL, Home, SetClock, entropy
from tests.support.lanes import CLOTHES, FINISH
from tests.support.memory import folder_in_memory

TASK, ORDER = "a" * 16, "b" * 16
STRANGER: Final = serial_code(Kind.ITEM, "ZAAA", 1)


class Value(NamedTuple):
    """A value that stands in a row."""

    table: str
    column: str
    row: int


class Image(NamedTuple):
    """A kiosk that lost its power, and all the values in its journal."""

    home: Home
    values: list[Value]


def work(home: Home) -> None:
    """A little of everything, settled and not."""
    kiosk = home.open()
    kiosk.scan(CLOTHES, FINISH, CLOTHES)
    kiosk.journal.rolls.renewed("usb:0416:5011")
    kiosk.journal.tasks.take(Command(TASK, "restart", WALL))
    kiosk.journal.take_command(ORDER, WALL, [LabelJob(STRANGER, "F1")])
    kiosk.scan(CLOTHES, lane="back")
    kiosk.burst(CLOTHES, CLOTHES, lane="back")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with folder_in_memory() as folder:
        begun = Home(folder / "kiosk-0")
        work(begun)
        image = begun.copy("kiosk-1")
        with closing(sqlite3.connect(image.path)) as db:
            named = db.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%'")
            columns = [
                (table, column[1])
                for (table,) in named.fetchall()
                for column in db.execute(f"PRAGMA table_info({table})")
            ]
            values = [
                Value(table, column, row)
                for table, column in columns
                for (count,) in db.execute(f"SELECT count({column}) FROM {table}")
                for row in range(count)
            ]
        yield Image(image, values)


def flip(home: Home, value: Value, bit: int) -> None:
    """Turns one bit of a value over; a constraint of its table may refuse that."""
    table, column, row = value
    with closing(sqlite3.connect(home.path)) as db:
        where = f"FROM {table} WHERE {column} IS NOT NULL LIMIT 1 OFFSET {row}"
        found = db.execute(f"SELECT CAST({column} AS BLOB), typeof({column}) {where}").fetchone()
        content, kind = found
        if kind == "integer":
            wrong: object = int(content) ^ (1 << bit % 62)
        else:
            number = int.from_bytes(content) ^ (1 << bit % max(1, 8 * len(content)))
            wrong = number.to_bytes(max(1, len(content)))
        new = "CAST(? AS TEXT)" if kind == "text" else "?"
        try:
            db.execute(
                f"UPDATE {table} SET {column} = {new} WHERE CAST({column} AS BLOB) = ?",
                (wrong, content),
            )
        except sqlite3.IntegrityError:
            return
        db.commit()


@given(st.data())
@settings(max_examples=15)
def test_with_one_bit_wrong_it_starts_saves_and_is_still_the_kiosk_it_was(
    image: Image, data: st.DataObject
) -> None:
    home = image.home.copy("kiosk-2")
    try:
        value = data.draw(st.sampled_from(image.values))
        flip(home, value, data.draw(st.integers(0, 2**12)))
        home.clock = SetClock("c" * 32, 5_000)
        kiosk, aside = open_journal(home.path, home.identity, home.clock, home.open)
        desk = LaneDesk(
            kiosk.journal, kiosk.learnt, NullPanel("none:"), NoScreen(), entropy("desk")
        )
        desk.open("door")
        assert kiosk.scan(CLOTHES, FINISH).signal in (Signal.SAVED, Signal.ATTENTION)
        kiosk.journal.queue.waiting()
        kiosk.close()
        assert home.identity.load().kiosk == image.home.identity.load().kiosk
        assert not aside or value.table in ("epoch", "event")
        home.open().close()
    finally:
        shutil.rmtree(home.directory)


def damaged(home: Home, *statements: str) -> None:
    with closing(sqlite3.connect(home.path)) as db, db:
        for statement in statements:
            db.execute(statement)


def test_commands_of_a_later_release_or_damaged_ones_go_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "kiosk")
    kiosk = home.open()
    kiosk.scan(CLOTHES)
    kiosk.journal.tasks.take(Command(TASK, "restart", WALL))
    kiosk.journal.take_command(ORDER, WALL, [LabelJob(STRANGER, "F1")])
    kiosk.close()
    damaged(
        home,
        "UPDATE task SET state = 'in a later release'",
        "UPDATE command SET ending = 'in a later release'",
    )
    again = home.open()
    assert again.journal.tasks.find(TASK) is None
    assert again.journal.commands.find(ORDER) is None
    assert again.state().entries, "who was being served still is"
    again.close()


def test_a_journal_that_forgot_its_own_name_takes_another_prefix_and_spoils_no_identity(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "kiosk")
    home.open().close()
    before = home.identity.load()
    damaged(home, "UPDATE meta SET value = 'no name' WHERE key = 'journal'")
    kiosk = home.open()
    kiosk.scan(CLOTHES)
    taken = [grant for grant in home.identity.load().prefixes if grant.journal is not None]
    assert [grant.journal for grant in taken] == [before.prefixes[0].journal, kiosk.journal.id]
    assert kiosk.journal.allocator.prefix == taken[1].prefix
    kiosk.close()


def test_an_identity_that_could_not_be_read_back_is_never_written(tmp_path: Path) -> None:
    home = Home(tmp_path / "kiosk")
    before = (home.directory / "identity.json").read_bytes()
    with pytest.raises(IdentityError, match="stays as it is"):
        home.identity.take_prefix("no name")
    assert (home.directory / "identity.json").read_bytes() == before
