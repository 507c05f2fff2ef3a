"""Journals that were copied, deleted or brought back: no item code is ever on two items."""

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from contract.codes import BLOCK, parse
from contract.events import EpochOpened, Event, Received
from drivers.ports import Signal
from kiosk.state import EventRef
from tests.support.journals import (
    Home,
    OpenJournal,
    check_chain,
    entropy,
    issued,
    lines_on_disk,
    prefixes,
)
from tests.support.lanes import ANN, CLOTHES, FINISH, PLAN, STRANGER, UNDO, times


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "kiosk")


def opened(kiosk: OpenJournal) -> Event:
    """The event that opened the present epoch."""
    ((_, raw),) = kiosk.journal.streams.read(kiosk.journal.streams.current.epoch, 1, 1)
    event = next(e for e in kiosk.lines() if e.raw == raw)
    assert isinstance(event.public.body, EpochOpened)
    return event


def body(event: Event) -> EpochOpened:
    assert isinstance(event.public.body, EpochOpened)
    return event.public.body


def a_busy_day(kiosk: OpenJournal) -> None:
    for _ in range(3):
        kiosk.scan(CLOTHES, times(24), UNDO, CLOTHES, times(24), FINISH)


def test_a_copied_card_continued_twice_repeats_no_code_and_tells_two_stories(home: Home) -> None:
    kiosk = home.open()
    a_busy_day(kiosk)
    kiosk.close()
    common = kiosk_head(home)
    clone = home.copy("clone")
    stories = []
    for one in (home, clone):
        for _ in range(5):
            kiosk = one.open()
            a_busy_day(kiosk)
            kiosk.close()
        lines = lines_on_disk(one.path)
        check_chain(lines)
        stories.append([event for _, event in lines])
    before = set(issued([event for event in stories[0] if event in stories[1]]))
    after = [set(issued(story)) - before for story in stories]
    assert before
    assert after[0]
    assert not after[0] & after[1]
    successors = {e.hash for story in stories for e in story if e.prev == common}
    assert len(successors) == 2, "the hub sees the fork by two successors of one hash"


def kiosk_head(home: Home) -> str:
    """The hash of the newest event on disk."""
    return lines_on_disk(home.path)[-1][0]


def test_a_deleted_journal_takes_a_new_prefix_and_names_the_epoch_it_cannot_remember(
    home: Home,
) -> None:
    kiosk = home.open()
    a_busy_day(kiosk)
    lost, codes, journal = kiosk.journal.streams.current.epoch, kiosk.issued(), kiosk.journal.id
    kiosk.close()
    home.delete_journal()

    kiosk = home.open()
    assert body(opened(kiosk)) == EpochOpened(
        journal=kiosk.journal.id, prefix="0001", prev_epoch=lost, software="test", why="restored"
    )
    assert kiosk.journal.id != journal
    assert kiosk.journal.knowledge.item_facts(codes[0]).status == "foreign"
    a_busy_day(kiosk)
    assert prefixes(kiosk.issued()) == {"0001"}
    kiosk.close()
    again = home.open()
    assert body(opened(again)).why == "start"
    assert body(opened(again)).prefix == "0001"
    again.close()


@pytest.mark.parametrize("ended", ["by a stop", "by a cut of power"])
def test_an_old_backup_of_the_journal_takes_a_fresh_prefix_and_forks_the_chain(
    home: Home, tmp_path: Path, ended: str
) -> None:
    kiosk = home.open()
    a_busy_day(kiosk)
    kiosk.close()
    shutil.copy(home.path, tmp_path / "backup")
    common = kiosk_head(home)
    kiosk = home.open()
    a_busy_day(kiosk)
    newer, lost = kiosk.issued(), kiosk.journal.streams.current.epoch
    image = home.copy("as it was cut off")
    kiosk.close()
    home = home if ended == "by a stop" else image

    home.delete_journal()
    shutil.copy(tmp_path / "backup", home.path)
    kiosk = home.open()
    event = opened(kiosk)
    assert (body(event).why, body(event).prefix) == ("restored", "0001")
    assert event.prev == common
    assert lost not in kiosk.journal.streams.by_epoch
    a_busy_day(kiosk)
    fresh = [code for code in kiosk.issued() if code not in newer]
    assert prefixes(fresh) == {"0001"}
    kiosk.close()
    again = home.open()
    assert body(opened(again)).prefix == "0001", "its codes of before are still its own"
    assert {again.journal.knowledge.item_facts(code).status for code in fresh} == {"here", "voided"}
    again.close()
    check_chain(lines_on_disk(home.path))


def test_with_no_prefix_left_a_new_journal_takes_nothing_in_but_hands_over(tmp_path: Path) -> None:
    home = Home(tmp_path / "kiosk", prefixes=("7K2M",))
    home.open().close()
    home.delete_journal()
    for _ in range(2):
        kiosk = home.open()
        assert body(opened(kiosk)).prefix is None
        outcome = kiosk.scan(CLOTHES)
        assert (outcome.signal, outcome.message.key) == (Signal.REFUSED, "no-codes")
        assert kiosk.scan(ANN, STRANGER, PLAN).signal is Signal.SAVED
        kiosk.close()


def test_a_restored_journal_without_a_spare_never_goes_back_to_its_old_prefix(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "kiosk", prefixes=("7K2M",))
    kiosk = home.open()
    a_busy_day(kiosk)
    kiosk.close()
    shutil.copy(home.path, tmp_path / "backup")
    kiosk = home.open()
    a_busy_day(kiosk)
    kiosk.close()
    home.delete_journal()
    shutil.copy(tmp_path / "backup", home.path)
    for _ in range(3):
        kiosk = home.open()
        assert body(opened(kiosk)).prefix is None
        assert kiosk.scan(CLOTHES).message.key == "no-codes"
        kiosk.close()


def test_a_lost_spare_is_not_missed_when_the_hub_issues_more(tmp_path: Path) -> None:
    home = Home(tmp_path / "kiosk", prefixes=())
    kiosk = home.open()
    assert kiosk.journal.allocator.prefix is None
    kiosk.close()
    grants = Home(tmp_path / "donor", prefixes=("9ABC",)).identity.load().prefixes
    identity = home.identity.load()
    home.identity.save(structs.replace(identity, prefixes=grants))
    kiosk = home.open()
    kiosk.scan(CLOTHES)
    assert prefixes(kiosk.issued()) == {"9ABC"}
    kiosk.close()


def test_every_start_takes_a_block_of_its_own(home: Home) -> None:
    blocks = set()
    for _ in range(20):
        kiosk = home.open()
        kiosk.scan(CLOTHES)
        blocks.add(kiosk.journal.allocator.next // 1024)
        kiosk.close()
    assert len(blocks) == 20
    kiosk = home.open()
    assert len(set(kiosk.issued())) == 20
    kiosk.close()


def falling_alike(seed: str) -> Callable[[int], bytes]:
    """Chance that draws block 0 first at every start, and then the next ones."""
    numbers, other = itertools.count(), entropy(seed)
    return lambda count: next(numbers).to_bytes(4) if count == 4 else other(count)


def test_a_block_that_chance_draws_again_is_not_taken_again(home: Home) -> None:
    for start in range(3):
        kiosk = OpenJournal(home, falling_alike(f"start {start}"))
        kiosk.scan(CLOTHES)
        kiosk.close()
    codes = [
        parse(event.public.body.item)
        for _, event in lines_on_disk(home.path)
        if isinstance(event.public.body, Received)
    ]
    assert [code.serial // BLOCK for code in codes] == [0, 1, 2]


def test_codes_go_on_across_blocks_without_a_repeat(home: Home) -> None:
    kiosk = home.open()
    for _ in range(100):
        kiosk.scan(CLOTHES, times(24), UNDO, FINISH)
    codes = kiosk.issued()
    assert len(codes) == len(set(codes)) == 2_400
    kiosk.close()
    clone = home.copy("clone").open()
    clone.scan(CLOTHES)
    assert clone.issued()[-1] not in codes
    assert clone.journal.event_ids[EventRef(clone.journal.streams.current.epoch, 1)]
    clone.close()
