"""Turns whose COMMIT is all that happened before the power went."""

import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from contract.events import Noticed
from drivers.ports import Signal
from kiosk.inputs import ItemLabel, Scan
from kiosk.state import ItemFacts, LabelJob, LaneState, Phase
from kiosk.store import SCHEMA_VERSION, JournalError, open_store, repeatable
from tests.support.journals import Home, OpenJournal, check_chain, issued, lines_on_disk
from tests.support.lanes import ANN, CLOTHES, FINISH, HELP, TOYS, UNDO, times

V1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE epoch (
    number INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, boot TEXT NOT NULL,
    acked INTEGER NOT NULL DEFAULT 0, safe INTEGER NOT NULL DEFAULT 0,
    disputed INTEGER NOT NULL DEFAULT 0, closed_wall INTEGER
);
CREATE TABLE event (
    epoch TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, mono INTEGER NOT NULL,
    raw BLOB NOT NULL, PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;
CREATE TABLE lane (lane TEXT PRIMARY KEY, state BLOB NOT NULL);
CREATE TABLE known (code TEXT PRIMARY KEY, status TEXT NOT NULL, plan TEXT) WITHOUT ROWID;
CREATE INDEX known_plan ON known (plan) WHERE plan IS NOT NULL;
CREATE TABLE block (
    prefix TEXT NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (prefix, block)
) WITHOUT ROWID;
CREATE TABLE print_job (
    id INTEGER PRIMARY KEY, lane TEXT NOT NULL, data BLOB NOT NULL, item TEXT, head TEXT NOT NULL,
    secret TEXT, boot TEXT NOT NULL, mono INTEGER NOT NULL, started INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE product (
    gtin TEXT PRIMARY KEY, category TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
"""The schema of journals before turns were written as one row."""

CUT_OFF = """
import os, signal, sys
from pathlib import Path
from tests.support.journals import Home
from tests.support.lanes import ANN, CLOTHES, TOYS, UNDO, times
kiosk = Home(Path(sys.argv[1])).open()
kiosk.burst(ANN, CLOTHES, times(3), TOYS, UNDO, TOYS)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "kiosk")


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """By a connection of our own, of a kiosk that is not running."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement, values)


def labels(kiosk: OpenJournal) -> list[str]:
    """The items whose labels wait."""
    jobs = kiosk.journal.queue.waiting()
    return [job.paper.item for job in jobs if isinstance(job.paper, LabelJob)]


def noticed(home: Home) -> list[str]:
    """What the kiosk noticed, from the disk, whose chain is whole."""
    lines = lines_on_disk(home.path)
    check_chain(lines)
    return [e.public.body.kind for _, e in lines if isinstance(e.public.body, Noticed)]


def test_a_paper_never_takes_the_place_of_one_that_a_printer_still_has_in_hand(home: Home) -> None:
    kiosk = home.open()
    kiosk.scan(CLOTHES)
    [taken_back] = kiosk.journal.queue.waiting()
    kiosk.journal.queue.start(taken_back.id)
    kiosk.scan(UNDO, TOYS)
    [wanted] = kiosk.journal.queue.waiting()
    assert wanted.id != taken_back.id
    kiosk.journal.finish_job(taken_back.id, [], "door")  # its printer is done with it
    assert labels(kiosk) == issued(kiosk.lines())[-1:]


# --- a cut of power between a turn's COMMIT and its settling --------------------------------------


def test_after_a_cut_right_behind_each_green_all_of_its_turn_is_there(home: Home) -> None:
    kiosk = home.open()
    state = LaneState()
    scans: tuple[Scan, ...] = (ANN, CLOTHES, times(5), TOYS, UNDO, TOYS, HELP, FINISH)
    for number, scan in enumerate(scans):
        outcome = kiosk.turn(scan, state=state)
        kiosk.journal.commit("door", outcome)
        state = outcome.state
        image = home.copy(f"cut-{number}")
        assert rows(image.path, "SELECT count(*) FROM turn") == [(number + 1,)]
        cut = image.open()
        assert cut.state() == state
        cut.close()
    kiosk.close()
    last = home.copy("again").open()
    again = cut_of(home, 7)
    assert labels(again) == labels(last) == issued(last.lines())[:-2] + issued(last.lines())[-1:]
    assert [j.secret for j in again.journal.queue.waiting()] == [
        j.secret for j in last.journal.queue.waiting()
    ]
    for code in issued(last.lines()):
        facts = last.journal.knowledge.item_facts(code)
        assert again.journal.knowledge.item_facts(code) == facts
    again.close()
    last.close()


def cut_of(home: Home, number: int) -> OpenJournal:
    return Home(home.directory.with_name(f"cut-{number}")).open("once more")


def test_a_kiosk_killed_before_it_settled_goes_on_where_it_was(home: Home) -> None:
    child = subprocess.run(
        [sys.executable, "-c", CUT_OFF, str(home.directory)],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    assert rows(home.copy("look").path, "SELECT count(*) FROM turn") == [(6,)]
    kiosk = home.open()
    codes = kiosk.issued()
    state = kiosk.state()
    assert state.phase is Phase.INTAKE
    assert [entry.code for entry in state.entries] == [*codes[:3], codes[4]]
    assert labels(kiosk) == [*codes[:3], codes[4]]
    assert kiosk.journal.knowledge.item_facts(codes[3]) == ItemFacts("voided")
    kiosk.close()
    assert rows(home.path, "SELECT count(*) FROM turn") == [(0,)]


def test_turns_that_are_settled_twice_are_as_if_settled_once(home: Home) -> None:
    kiosk = home.open()
    kiosk.burst(ANN, CLOTHES, times(4), UNDO, TOYS)
    kept = rows(home.copy("before").path, "SELECT id, redo FROM turn")
    kiosk.close()
    wanted = everything_settled(home.path)
    for _ in range(2):
        # The settling itself was lost by a cut of power, as far as papers that were not printed.
        with closing(sqlite3.connect(home.path)) as db, db:
            db.executemany("INSERT INTO turn VALUES (?, ?)", kept)
            db.execute("DELETE FROM print_job")
        home.open().close()
        assert everything_settled(home.path) == wanted


def everything_settled(path: Path) -> list[list[tuple[object, ...]]]:
    return [
        rows(path, "SELECT lane, state FROM lane ORDER BY lane"),
        rows(path, "SELECT * FROM known ORDER BY code"),
        rows(path, "SELECT lane, data, item, head, secret FROM print_job ORDER BY id"),
    ]


def test_settling_that_the_disk_refuses_waits_and_green_stays_true(home: Home) -> None:
    kiosk = home.open()
    state = kiosk.burst(ANN, CLOTHES, times(24))
    codes = kiosk.issued()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        size = home.path.with_name(f"{home.path.name}-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        with pytest.raises(JournalError):
            kiosk.journal.queue.waiting()
        assert kiosk.journal.queue.count() == 24
        assert kiosk.journal.knowledge.item_facts(codes[3]).status == "here"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert labels(kiosk) == codes
    assert kiosk.state() == state
    kiosk.close()


def test_every_commit_is_synced_whatever_became_of_a_settling_before_it(tmp_path: Path) -> None:
    level = "PRAGMA synchronous"
    with closing(open_store(tmp_path / "journal.sqlite3")) as db:
        assert db.execute(level).fetchone() == (2,)  # the first scans after a start too
        with repeatable(db):
            assert db.execute(level).fetchone() == (1,)
        assert db.execute(level).fetchone() == (2,)
        with pytest.raises(JournalError), repeatable(db):
            db.execute("INSERT INTO nowhere VALUES (1)")
        assert db.execute(level).fetchone() == (2,)


# --- a long session -------------------------------------------------------------------------------


def test_the_hundredth_item_of_a_session_writes_no_more_than_the_second(home: Home) -> None:
    kiosk = home.open()
    state = kiosk.burst(ANN, *[CLOTHES] * 100)
    sizes = rows(home.copy("look").path, "SELECT count(*), max(length(redo)) < 1000 FROM turn")
    assert sizes == [(101, 1)]
    assert home.copy("cut").open().state() == state
    kiosk.close()


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"\x00\xff", b"{}", b'{"lane": "door", "state": 7}'])
def test_a_turn_that_cannot_be_read_is_told_and_stops_nothing(home: Home, damage: bytes) -> None:
    kiosk = home.open()
    kiosk.burst(ANN, CLOTHES, CLOTHES, CLOTHES)
    codes = kiosk.issued()
    image = home.copy("image")
    kiosk.close()
    change(image.path, "UPDATE turn SET redo = ? WHERE id = 3", damage)
    again = image.open()
    assert again.issued() == codes, "events are whole"
    assert again.state() == LaneState(), "nobody knows what the lost turn left"
    assert labels(again) == [codes[0], codes[2]], "only its own paper is gone with it"
    assert again.journal.knowledge.item_facts(codes[2]).status == "here"
    assert again.scan(CLOTHES).signal is Signal.SAVED
    again.close()
    assert noticed(image) == ["state-lost", "job-lost"]
    image.open().close()
    assert noticed(image) == ["state-lost", "job-lost"], "told once"


def test_a_turn_without_what_it_was_built_on_leaves_the_lane_at_rest_and_tells(home: Home) -> None:
    kiosk = home.open()
    kiosk.burst(ANN, CLOTHES, CLOTHES)
    kiosk.journal.settle()
    kiosk.burst(CLOTHES, CLOTHES)
    image = home.copy("image")
    kiosk.close()
    change(image.path, "DELETE FROM lane")
    again = image.open()
    assert again.state() == LaneState()
    assert len(labels(again)) == 4
    again.close()
    assert set(noticed(image)) == {"state-lost"}


# --- journals of the release before ---------------------------------------------------------------


def as_version_1(path: Path) -> None:
    """Writes the journal at ``path``, which is settled, as the first release would have."""
    new = path.with_name("new.sqlite3")
    path.rename(new)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(V1)
        db.execute("ATTACH ? AS new", (str(new),))
        with db:
            for table in ("meta", "epoch", "lane", "block", "print_job"):
                db.execute(f"INSERT INTO main.{table} SELECT * FROM new.{table}")
            db.execute("INSERT INTO main.known SELECT code, status, plan FROM new.known")
            db.execute(
                """
                INSERT INTO main.event
                SELECT epoch, id & ((1 << 40) - 1), hash, mono, raw
                FROM new.event JOIN new.epoch ON number = id >> 40
                """
            )
    new.unlink()


def test_a_journal_of_the_first_release_is_taken_over_with_everything(home: Home) -> None:
    kiosk = home.open()
    kiosk.scan(CLOTHES, FINISH)
    kiosk.close()
    kiosk = home.open()
    kiosk.scan(ANN, CLOTHES, times(3))
    state, papers = kiosk.state(), kiosk.journal.queue.waiting()
    first, second = kiosk.journal.streams.by_epoch.values()
    kiosk.journal.streams.store_positions({first.epoch: (2, 1)})
    kiosk.close()
    told = lines_on_disk(home.path)
    as_version_1(home.path)

    again = home.open()
    assert again.journal.streams.by_epoch[first.epoch] == first
    assert again.journal.streams.by_epoch[second.epoch] == second
    assert again.state() == state
    assert again.journal.queue.waiting() == papers
    code = issued([event for _, event in told])[0]
    assert again.journal.knowledge.item_facts(code).status == "here"
    assert again.scan(ItemLabel(code)).signal is not Signal.REFUSED
    again.close()
    lines = lines_on_disk(home.path)
    check_chain(lines)
    assert lines[: len(told)] == told
    assert rows(home.path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


def test_a_journal_of_the_first_release_is_left_alone_when_the_disk_is_full(home: Home) -> None:
    kiosk = home.open()
    kiosk.append(*[Noticed(kind="x" * 60)] * 500)
    kiosk.close()
    as_version_1(home.path)
    before = home.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, limits[1]))
        with pytest.raises(JournalError):
            home.open()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert home.path.read_bytes() == before
    again = home.open()
    assert again.journal.streams.events() == 502
    again.close()


def test_a_row_says_only_what_may_stand_in_a_journal(home: Home) -> None:
    kiosk = home.open()
    kiosk.burst(ANN, CLOTHES, FINISH)
    for (redo,) in rows(home.copy("look").path, "SELECT redo FROM turn"):
        assert isinstance(redo, bytes)
        assert "claim" not in msgspec.json.decode(redo)
    kiosk.close()
