"""What a kiosk's journal holds after a stop, a full disk, a cut of power, and thirty days."""

import random
import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from contract import events
from contract.events import Noticed
from contract.messages import MAX_KEPT, Product
from drivers.ports import Signal
from kiosk.inputs import ItemLabel, Scan
from kiosk.state import EventRef, LabelJob, Phase, ReceiptJob
from kiosk.store import JournalError
from kiosk.streams import KEPT_MS, Stream
from tests.support.journals import (
    CLAIM,
    DAY_MS,
    WALL,
    Home,
    OpenJournal,
    SetClock,
    check_chain,
    issued,
    lines_on_disk,
)
from tests.support.lanes import (
    ANN,
    CLOTHES,
    FINISH,
    HELP,
    MYSTERY,
    PLAN,
    SHELF,
    TOYS,
    UNDO,
    times,
)
from tests.support.reference import tell


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "kiosk")


def notices(kiosk: OpenJournal, count: int) -> None:
    for number in range(count):
        kiosk.append(Noticed(kind=f"number-{number}"))


# --- stopping and starting ------------------------------------------------------------------------


def test_after_a_restart_the_lanes_papers_and_items_are_as_they_were(home: Home) -> None:
    kiosk = home.open()
    kiosk.scan(ANN, CLOTHES, times(3))
    kiosk.scan(MYSTERY, lane="back")
    lanes, papers = kiosk.journal.lanes(), kiosk.journal.queue.waiting()
    codes = kiosk.issued()
    kiosk.close()

    again = home.open()
    assert again.journal.lanes() == lanes
    assert again.journal.queue.waiting() == papers
    assert [paper.paper for paper in papers] == [LabelJob(code, "C1") for code in codes]
    assert {again.journal.knowledge.item_facts(code).status for code in codes} == {"here"}
    again.scan(UNDO)
    assert again.state().entries == ()
    assert {again.journal.knowledge.item_facts(code).status for code in codes} == {"voided"}
    again.close()
    check_chain(lines_on_disk(home.path))


def test_each_start_opens_an_epoch_that_follows_the_last_event(home: Home) -> None:
    heads = []
    for _ in range(3):
        kiosk = home.open()
        kiosk.scan(HELP)
        heads.append((kiosk.journal.streams.current.epoch, kiosk.journal.streams.current.hash))
        kiosk.close()
    kiosk = home.open()
    assert [(s.epoch, s.hash) for s in kiosk.journal.streams.by_epoch.values()][:3] == heads
    opened = [line for line in kiosk.lines() if isinstance(line.public.body, events.EpochOpened)]
    assert [line.prev for line in opened] == [events.ZERO_HASH, *(digest for _, digest in heads)]
    assert [line.public.body.prev_epoch for line in opened] == [  # type: ignore[union-attr]
        None,
        *(epoch for epoch, _ in heads),
    ]
    assert kiosk.journal.streams.backlog() == kiosk.journal.streams.events() == 7
    kiosk.close()


def test_what_the_hub_said_and_the_names_of_goods_stay(home: Home) -> None:
    kiosk = home.open()
    notices(kiosk, 4)
    epoch = kiosk.journal.streams.current.epoch
    kiosk.journal.streams.store_positions({epoch: (4, 2), "f" * 16: (9, 9)})
    blocks = Product(MYSTERY.retail.gtin, "T1", "积木", "Blocks")
    digests = tell(kiosk.reference, "products", blocks)
    kiosk.close()
    again = home.open()
    stream = again.journal.streams.by_epoch[epoch]
    assert (stream.head, stream.acked, stream.safe) == (5, 4, 2)
    assert again.reference.held == {"products": digests}
    assert [job.category for job in again.scan(MYSTERY).jobs if isinstance(job, LabelJob)] == ["T1"]
    assert again.journal.streams.backlog() == 1 + 1 + 2
    again.close()


def test_a_disputed_epoch_stays_disputed_and_events_go_on_in_a_new_one(home: Home) -> None:
    kiosk = home.open()
    kiosk.scan(CLOTHES)
    disputed = kiosk.journal.streams.current
    kiosk.journal.go_on_elsewhere([EventRef(disputed.epoch, 2)])
    kiosk.scan(CLOTHES)
    assert kiosk.journal.streams.current.epoch != disputed.epoch
    assert kiosk.journal.allocator.prefix == "0001"
    kiosk.close()
    again = home.open()
    assert again.journal.streams.by_epoch[disputed.epoch].disputed
    assert not again.journal.streams.current.disputed
    again.close()
    lines = lines_on_disk(home.path)
    check_chain(lines)
    [told] = [e.public.body for _, e in lines if isinstance(e.public.body, Noticed)]
    assert (told.kind, told.epoch, told.seq) == ("hash-disputed", disputed.epoch, 2)


def test_a_lane_and_a_paper_in_a_form_nobody_reads_are_told_and_stop_nothing(home: Home) -> None:
    kiosk = home.open()
    kiosk.scan(CLOTHES)
    kiosk.close()
    with closing(sqlite3.connect(home.path)) as db, db:
        db.execute('UPDATE lane SET state = \'{"entries": [{"code": 1}]}\'')
        db.execute('UPDATE print_job SET data = \'{"type": "from the future"}\'')
    again = home.open()
    assert again.journal.lanes() == {}
    assert again.journal.queue.waiting() == []
    assert again.scan(CLOTHES).signal is Signal.SAVED
    again.close()
    lines = lines_on_disk(home.path)
    check_chain(lines)
    kinds = [e.public.body.kind for _, e in lines if isinstance(e.public.body, Noticed)]
    assert kinds == ["state-lost", "job-lost"]


def test_a_journal_of_more_epochs_than_a_hello_holds_names_all_of_them_in_turn(
    home: Home,
) -> None:
    kiosk = home.open()
    streams = kiosk.journal.streams
    newest = streams.current
    for number in range(2 * MAX_KEPT):
        epoch = f"{number:016x}"
        streams.by_epoch[epoch] = Stream(epoch, 1, 2, "0" * 64, acked=2, safe=0)
    lacking = Stream("f" * 16, 1, 2, "0" * 64, acked=1, safe=0)
    streams.by_epoch[lacking.epoch] = lacking
    del streams.by_epoch[newest.epoch]
    streams.by_epoch[newest.epoch] = newest
    named: set[str] = set()
    for _ in range(3):
        kept = [one.epoch for one in streams.kept()]
        assert len(kept) == MAX_KEPT
        assert {lacking.epoch, newest.epoch} <= set(kept)
        named |= set(kept)
    assert named == set(streams.by_epoch)


def test_two_processes_cannot_use_one_journal(home: Home) -> None:
    first = home.open()
    first.scan(CLOTHES)
    with pytest.raises(JournalError) as refused:
        home.open()
    assert "journal.sqlite3" in refused.value.words.en
    assert "another process" in refused.value.words.en
    assert "另一个" in refused.value.words.zh
    first.scan(CLOTHES)
    first.close()
    home.open().close()


@pytest.mark.parametrize(
    "content", [b"a letter and no journal" * 99, b"SQLite format 3\0" + bytes(9_000)]
)
def test_a_file_that_is_no_journal_is_refused_in_words(home: Home, content: bytes) -> None:
    home.path.write_bytes(content)
    with pytest.raises(JournalError) as refused:
        home.open()
    assert "journal.sqlite3" in refused.value.words.en
    assert home.path.read_bytes() == content


def test_a_journal_of_a_later_release_is_refused_and_left_alone(home: Home) -> None:
    home.open().close()
    db = sqlite3.connect(home.path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = home.path.read_bytes()
    with pytest.raises(JournalError, match="later release"):
        home.open()
    assert home.path.read_bytes() == before


# --- secrets --------------------------------------------------------------------------------------


def test_a_claim_waits_in_the_spool_alone_and_is_gone_with_its_receipt(home: Home) -> None:
    kiosk = home.open()
    kiosk.scan(CLOTHES, FINISH)
    receipt = kiosk.journal.queue.waiting()[-1]
    assert isinstance(receipt.paper, ReceiptJob)
    assert receipt.secret is not None
    assert kiosk.journal.secret_of(receipt.secret) == CLAIM
    assert [path.read_text() for path in home.spool.iterdir()] == [CLAIM]
    assert CLAIM.encode() not in home.bytes_of_database()
    kiosk.journal.finish_job(receipt.id, [], "door")
    assert list(home.spool.iterdir()) == []
    kiosk.close()
    assert CLAIM.encode() not in home.bytes_of_database()


def test_a_claim_whose_receipt_was_never_promised_is_swept_at_the_next_start(home: Home) -> None:
    kiosk = home.open()
    kiosk.scan(CLOTHES)
    (home.spool / ("0" * 32)).write_text(CLAIM)
    kiosk.scan(FINISH)
    kiosk.close()
    again = home.open()
    (waiting,) = home.spool.iterdir()
    assert again.journal.secret_of(waiting.name) == CLAIM
    assert waiting.name != "0" * 32
    again.close()


# --- a full disk ----------------------------------------------------------------------------------


def everything(kiosk: OpenJournal) -> object:
    journal = kiosk.journal
    return (
        kiosk.lines(),
        journal.lanes(),
        journal.queue.waiting(),
        journal.allocator,
        journal.streams.current.head,
        journal.streams.current.hash,
    )


def test_on_a_full_disk_nothing_is_half_written_and_it_goes_on_when_there_is_room(
    home: Home,
) -> None:
    kiosk = home.open()
    kiosk.scan(CLOTHES)
    before = everything(kiosk)
    outcome = kiosk.turn(FINISH)
    biggest = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        for room in (0, 1, 100, 5_000):  # bytes beyond what the write-ahead log has now
            wal = home.path.with_name(home.path.name + "-wal").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (wal + room, biggest[1]))
            with pytest.raises(JournalError) as refused:
                kiosk.journal.commit("door", outcome)
            assert refused.value.words.zh
            with pytest.raises(JournalError):
                kiosk.append(*[Noticed(kind="x" * 60)] * 20)
            assert everything(kiosk) == before
            assert list(home.spool.iterdir()) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, biggest)
        signal.signal(signal.SIGXFSZ, ignored)
    kiosk.journal.commit("door", outcome)
    assert kiosk.state().phase is Phase.REST
    kiosk.close()
    check_chain(lines_on_disk(home.path))


# --- thirty days ----------------------------------------------------------------------------------


def test_only_what_is_safe_and_thirty_days_old_goes_and_the_head_never(home: Home) -> None:
    kiosk = home.open()
    start = kiosk.clock.now
    notices(kiosk, 5)
    epoch = kiosk.journal.streams.current.epoch
    kiosk.clock.now = start + KEPT_MS - 1
    notices(kiosk, 4)

    kiosk.journal.streams.store_positions({epoch: (10, 10)})
    assert kiosk.journal.streams.prune(WALL) == 0, "safe but young"
    kiosk.journal.streams.store_positions({epoch: (10, 3)})
    kiosk.clock.now = start + KEPT_MS
    assert kiosk.journal.streams.prune(WALL) == 3, "old, but only three are safe"
    assert kiosk.journal.streams.prune(WALL) == 0
    kiosk.journal.streams.store_positions({epoch: (10, 10)})
    assert kiosk.journal.streams.prune(WALL) == 3, "the first six are old"
    assert kiosk.journal.streams.current.oldest == 7
    kiosk.clock.now = start + 2 * KEPT_MS
    assert kiosk.journal.streams.prune(WALL) == 3
    assert (kiosk.journal.streams.current.oldest, kiosk.journal.streams.current.head) == (10, 10)
    assert kiosk.journal.streams.kept()[-1].oldest == 10
    assert kiosk.journal.streams.hash_at(epoch, 9) is None
    kiosk.scan(CLOTHES)
    kiosk.close()
    again = home.open()
    assert again.journal.streams.by_epoch[epoch].oldest == 10
    again.close()


@pytest.mark.parametrize("done", [PLAN, SHELF])
def test_goods_are_as_they_were_when_a_handover_is_taken_back_long_after_they_came_in(
    home: Home, done: Scan
) -> None:
    kiosk = home.open()
    kiosk.scan(CLOTHES, FINISH)
    [code] = kiosk.issued()
    current = kiosk.journal.streams.current
    kiosk.journal.streams.store_positions({current.epoch: (current.head, current.head)})
    kiosk.clock.now += KEPT_MS
    notices(kiosk, 1)
    assert kiosk.journal.streams.prune(WALL) > 0
    assert kiosk.issued() == [], "nothing of its coming in is left to look at"

    before = kiosk.journal.knowledge.item_facts(code)
    kiosk.scan(ANN, ItemLabel(code), done)
    assert kiosk.journal.knowledge.item_facts(code) != before
    assert kiosk.scan(UNDO).message.key == "handover-undone"
    assert kiosk.journal.knowledge.item_facts(code) == before
    kiosk.close()


def test_an_earlier_boots_epoch_goes_as_a_whole_once_its_age_is_known(home: Home) -> None:
    kiosk = home.open()
    notices(kiosk, 5)
    first = kiosk.journal.streams.current.epoch
    kiosk.close()

    home.clock = SetClock("b" * 32, mono=5_000)
    kiosk = home.open()
    second = kiosk.journal.streams.current.epoch
    notices(kiosk, 2)
    kiosk.journal.streams.store_positions({first: (6, 6), second: (3, 3)})
    assert kiosk.journal.streams.prune(WALL) == 0, "nobody knows yet when the first boot ended"
    kiosk.journal.streams.clock_learnt(WALL)
    assert kiosk.journal.streams.prune(WALL + KEPT_MS - 1) == 0
    kiosk.journal.streams.store_positions({first: (6, 5)})
    assert kiosk.journal.streams.prune(WALL + KEPT_MS) == 0, "its last event is not safe"
    kiosk.journal.streams.store_positions({first: (6, 6)})
    kiosk.journal.streams.clock_learnt(WALL + 20 * DAY_MS)
    assert kiosk.journal.streams.prune(WALL + KEPT_MS) == 6
    assert list(kiosk.journal.streams.by_epoch) == [second]
    assert kiosk.journal.streams.events() == 3
    kiosk.close()
    again = home.open()
    assert next(iter(again.journal.streams.by_epoch)) == second
    assert again.journal.allocator.prefix == "7K2M", "a pruned epoch is no sign of a restored copy"
    again.close()


def test_the_age_of_the_backlog_is_told_across_boots(home: Home) -> None:
    kiosk = home.open()
    epoch = kiosk.journal.streams.current.epoch
    kiosk.clock.now += 60_000
    notices(kiosk, 1)
    kiosk.clock.now += 5_000
    assert kiosk.journal.streams.age_of_oldest_unacked_ms() == 65_000
    kiosk.journal.streams.store_positions({epoch: (1, 0)})
    assert kiosk.journal.streams.age_of_oldest_unacked_ms() == 5_000
    kiosk.close()
    home.clock = SetClock("b" * 32, mono=7_000)
    kiosk = home.open()
    assert kiosk.journal.streams.age_of_oldest_unacked_ms() == 7_000
    kiosk.close()


# --- cuts of power --------------------------------------------------------------------------------


@pytest.mark.parametrize("kills", [12, pytest.param(30, marks=pytest.mark.proof)])
def test_killed_at_any_moment_it_holds_all_that_was_reported(home: Home, kills: int) -> None:
    """So often a process is killed while it scans; what it said was saved is there."""
    rng = random.Random(20)
    heads: set[tuple[str, int, str]] = set()
    codes: list[str] = []
    for _ in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.scanning_child", str(home.directory)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        with child.stdout as said:
            reports = [said.readline() for _ in range(rng.randrange(1, 40))]
            child.kill()
            reports += said.readlines()
        assert child.wait() == -signal.SIGKILL
        for report in reports:
            if report.endswith(b"\n"):  # the last one may have been cut off
                epoch, seq, digest, *issued_now = report.decode().split()
                heads.add((epoch, int(seq), digest))
                codes += issued_now
    lines = lines_on_disk(home.path)
    check_chain(lines)
    there = {(event.public.epoch, event.public.seq, digest) for digest, event in lines}
    kept = issued([event for _, event in lines])
    assert len({epoch for epoch, _, _ in heads}) == kills
    assert heads <= there
    assert set(codes) <= set(kept)
    assert len(set(kept)) == len(kept)


def test_a_crash_image_between_commits_is_whole(home: Home) -> None:
    kiosk = home.open()
    scans: tuple[Scan, ...] = (ANN, CLOTHES, times(5), UNDO, TOYS, FINISH)
    for number, scan in enumerate(scans):
        kiosk.scan(scan)
        cut = home.copy(f"cut-{number}").open()
        assert cut.journal.lanes() == kiosk.journal.lanes()
        assert cut.issued() == kiosk.issued()
        assert [j.paper for j in cut.journal.queue.waiting()] == [
            j.paper for j in kiosk.journal.queue.waiting()
        ]
        cut.close()
    kiosk.close()
