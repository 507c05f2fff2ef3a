"""Journals that were damaged on their disk: kept, said, and followed by a fresh one."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contract.events import EpochOpened
from kiosk.damage import open_journal
from kiosk.store import JournalError
from tests.support.journals import Home, OpenJournal, issued
from tests.support.lanes import CLOTHES, FINISH, TOYS

PAGE = 4096


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A kiosk that has worked for a while and was stopped: everything is in the database."""
    home = Home(tmp_path / "kiosk")
    kiosk = home.open()
    for _ in range(10):
        kiosk.scan(TOYS, CLOTHES, FINISH)
    kiosk.close()
    assert home.path.stat().st_size > 10 * PAGE
    return home


def start(home: Home) -> tuple[OpenJournal, list[Path]]:
    return open_journal(home.path, home.identity, home.clock, home.open)


def overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def every_page(path: Path) -> None:
    """The first bytes of every page but the first: headers of the B-trees."""
    for at in range(PAGE, path.stat().st_size, PAGE):
        overwrite(path, at, b"\xff" * 8)


def root_of(path: Path, name: str) -> int:
    """Where the first page of a table begins."""
    query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    with closing(sqlite3.connect(path)) as db:
        (root,) = db.execute(query, (name,)).fetchone()
    return int(root - 1) * PAGE


def cut_at(path: Path, share: float) -> None:
    """Only so much of it is left, in whole pages."""
    os.truncate(path, int(path.stat().st_size * share) // PAGE * PAGE)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "the header": lambda path: overwrite(path, 0, b"\x00" * 16),
    "a byte of the header": lambda path: overwrite(path, 3, b"X"),
    "the page size": lambda path: overwrite(path, 16, b"\x00\x07"),
    "the version": lambda path: overwrite(path, 60, b"\x7f\x00\x00\x00"),
    "the version, zeroed": lambda path: overwrite(path, 60, b"\x00" * 4),
    "the schema": lambda path: overwrite(path, 100, b"\x00" * 400),
    "the root of the events": lambda path: overwrite(path, root_of(path, "event"), b"\xaa" * 64),
    "the root of the lanes": lambda path: overwrite(path, root_of(path, "lane"), b"\xaa" * 64),
    "every page": every_page,
    "all of it, by noise": lambda path: overwrite(path, 0, os.urandom(path.stat().st_size)),
    "all of it, by zeros": lambda path: overwrite(path, 0, b"\x00" * path.stat().st_size),
    "its second half, cut off": lambda path: cut_at(path, 0.5),
    "its last page, in part": lambda path: os.truncate(path, path.stat().st_size - 1000),
    "its last page, whole": lambda path: os.truncate(path, path.stat().st_size - PAGE),
    "everything but some bytes": lambda path: os.truncate(path, 50),
    "everything": lambda path: os.truncate(path, 0),
    "its tables": lambda path: _without_tables(path),
}  # fmt: skip


def _without_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE event")
        db.commit()


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_journal_is_kept_aside_and_a_fresh_one_goes_on_under_a_new_prefix(
    home: Home, what: str
) -> None:
    before = home.open()
    known = set(before.issued())
    prefix = before.journal.allocator.prefix
    before.close()
    DAMAGE[what](home.path)
    damaged = home.path.read_bytes()

    kiosk, aside = start(home)
    [kept] = aside
    assert kept.read_bytes() == damaged
    assert kept.name.startswith("journal.sqlite3.damaged-")
    kiosk.scan(TOYS, CLOTHES, FINISH)
    assert kiosk.journal.allocator.prefix not in (None, prefix)
    assert known.isdisjoint(kiosk.issued())
    opened = kiosk.lines()[0].public.body
    assert isinstance(opened, EpochOpened)
    assert (opened.why, opened.prev_epoch is None) == ("restored", False)
    kiosk.close()
    again, aside = start(home)
    assert aside == []
    again.close()


def test_two_damaged_journals_are_both_kept(home: Home) -> None:
    overwrite(home.path, 0, b"1" * 100)
    kiosk, first = start(home)
    kiosk.close()
    overwrite(home.path, 0, b"2" * 100)
    kiosk, second = start(home)
    kiosk.close()
    assert first[0].read_bytes()[:1] == b"1"
    assert second[0].read_bytes()[:1] == b"2"


def test_a_whole_journal_is_opened_as_it_is(home: Home) -> None:
    kiosk, aside = start(home)
    assert aside == []
    assert len(kiosk.issued()) == 20
    kiosk.close()


def test_a_first_start_finds_nothing_damaged(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    home.path.touch()  # cut off before SQLite wrote a byte
    kiosk, aside = start(home)
    assert aside == []
    kiosk.close()


def test_a_journal_that_another_process_uses_is_not_damaged(home: Home) -> None:
    running = home.open()
    with pytest.raises(JournalError, match="another process"):
        start(home)
    assert list(home.directory.glob("*damaged*")) == []
    running.close()


def test_a_journal_of_a_later_release_is_refused_and_stays(home: Home) -> None:
    with closing(sqlite3.connect(home.path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="later release"):
        start(home)
    assert list(home.directory.glob("*damaged*")) == []


# --- the log beside the database, which holds what was committed last --------------------------


@pytest.fixture
def cut(home: Home) -> tuple[Home, OpenJournal]:
    """What a power cut leaves: the last scans are in the log alone. Also the journal before it."""
    kiosk = home.open()
    kiosk.scan(TOYS, CLOTHES, FINISH, TOYS)
    return home.copy("cut"), kiosk


LOG_DAMAGE: dict[str, Callable[[Path], None]] = {
    "gone": lambda log: log.unlink(),
    "empty": lambda log: os.truncate(log, 0),
    "cut in half": lambda log: os.truncate(log, log.stat().st_size // 2),
    "its header overwritten": lambda log: overwrite(log, 0, b"\x00" * 32),
    "its middle overwritten": lambda log: overwrite(log, log.stat().st_size // 2, b"\xff" * 512),
    "all of it noise": lambda log: overwrite(log, 0, os.urandom(log.stat().st_size)),
}


@pytest.mark.parametrize("what", LOG_DAMAGE)
def test_a_journal_whose_log_is_lost_or_damaged_repeats_no_code(
    cut: tuple[Home, OpenJournal], what: str
) -> None:
    home, before = cut
    LOG_DAMAGE[what](home.path.with_name("journal.sqlite3-wal"))
    kiosk, _aside = start(home)
    held = set(kiosk.issued())
    fresh = issued([line for line in kiosk.lines() if line.public.epoch == _newest(kiosk)])
    assert fresh == []
    kiosk.scan(TOYS, CLOTHES, FINISH)
    assert set(before.issued()).isdisjoint(set(kiosk.issued()) - held)
    kiosk.close()
    before.close()


def _newest(kiosk: OpenJournal) -> str:
    return kiosk.journal.streams.current.epoch


def test_a_log_without_its_database_is_kept_with_what_it_belongs_to(
    cut: tuple[Home, OpenJournal],
) -> None:
    home, before = cut
    os.truncate(home.path, 0)
    log = home.path.with_name("journal.sqlite3-wal").read_bytes()
    kiosk, [kept] = start(home)
    assert kept.with_name(kept.name + "-wal").read_bytes() == log
    kiosk.close()
    before.close()
