"""Broker, hub and journals are lost, copied or set back; the journals heal the hub."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from contract import batches, topics
from contract.batches import Header
from tests.support import people
from tests.support.processes import until
from tests.support.publisher import Publisher
from tests.support.site import Kiosk, Site


def _received(site: Site) -> list[str]:
    return [e["public"]["body"]["item"] for e in site.events() if e["type"] == "received"]


def _kinds(site: Site) -> set[str]:
    return {incident["kind"] for incident in site.incidents()}


def _take_in(kiosk: Kiosk, count: int) -> list[str]:
    cards = people.category_cards()
    codes = [kiosk.scan(next(cards)).codes[-1] for _ in range(count)]
    kiosk.scan(people.FINISH)
    until("all papers are out", lambda: kiosk.state()["kiosk"]["papers_waiting"] == 0)
    return codes


class _TwoDays(NamedTuple):
    """A copy of the hub's database from in between, and the items of before and after it."""

    database: Path
    old: list[str]
    new: list[str]


def _two_days(site: Site) -> _TwoDays:
    """A running kiosk without backlog, and a hub that has all of both days."""
    kiosk = site.kiosk()
    kiosk.start()
    old = _take_in(kiosk, 2)
    kiosk.wait_acknowledged()
    site.stop_hub()
    yesterday = site.folder / "yesterday.sqlite3"
    shutil.copy(site.database, yesterday)
    site.start_hub()
    new = _take_in(kiosk, 2)
    kiosk.wait_acknowledged()
    until("today's items are there", lambda: set(new) <= set(_received(site)))
    return _TwoDays(yesterday, old, new)


class _State(NamedTuple):
    """What a hub makes of its events: stock lines, status by item, event ids."""

    stock: list[str]
    items: dict[str, str]
    events: list[str]


def _state(site: Site) -> _State:
    stock = sorted(map(str, site.api("stock")["stock"]))
    items = {code: site.api(f"items/{code}")["status"] for code in sorted(set(_received(site)))}
    return _State(stock, items, sorted(event["id"] for event in site.events()))


def _journal_lines(journal: Path) -> dict[str, list[tuple[str, bytes]]]:
    lines: dict[str, list[tuple[str, bytes]]] = {}
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db:
        for epoch, digest, raw in db.execute(
            "SELECT epoch, hash, raw FROM event JOIN epoch ON number = id >> 40 ORDER BY id"
        ):
            lines.setdefault(epoch, []).append((digest, raw))
    return lines


def test_the_broker_dies_with_its_memory_and_everything_arrives(site: Site) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    before = _take_in(kiosk, 3)
    site.stop_hub()
    waiting = _take_in(kiosk, 3)
    site.broker.kill()
    site.broker.delete_database()
    more = _take_in(kiosk, 3)
    site.broker.start()
    site.start_hub()
    kiosk.wait_acknowledged()
    assert sorted(_received(site)) == sorted(before + waiting + more)


@pytest.mark.parametrize("many", [1_000, pytest.param(5_000, marks=pytest.mark.proof)])
def test_thousands_of_events_of_a_hub_that_was_away_arrive_once(site: Site, many: int) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    kiosk.wait_acknowledged()
    site.stop_hub()
    cards, two_dozen = people.category_cards(), people.quantity(24)
    codes: set[str] = set()
    while kiosk.backlog() < many:
        for _ in range(15):
            kiosk.scan(next(cards))
            codes.update(kiosk.scan(two_dozen).codes)  # the page lists the newest
        kiosk.scan(people.FINISH)
    backlog = kiosk.backlog()
    site.start_hub()
    kiosk.wait_acknowledged(deadline_s=120)
    assert sorted(_received(site)) == sorted(codes)
    ids = [event["id"] for event in site.events()]
    assert len(ids) == len(set(ids))
    assert len(ids) >= backlog


def test_the_same_batches_ten_times_shuffled_from_two_connections_change_nothing(
    site: Site,
) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    item = _take_in(kiosk, 4)[0]
    kiosk.scan(people.card())
    kiosk.scan(item)
    kiosk.scan(people.plan())
    kiosk.wait_acknowledged()
    kiosk.stop()
    until("everything is folded", lambda: site.api(f"items/{item}")["status"] == "out")
    before = _state(site)

    messages: list[tuple[bytes, list[tuple[str, str]]]] = []
    for epoch, lines in _journal_lines(kiosk.journal).items():
        for start in range(0, len(lines), 3):
            part = lines[start : start + 3]
            header = Header(epoch, start + 1, len(part), part[-1][0])
            payload = batches.encode(header, [raw for _, raw in part])
            messages.append((payload, batches.properties(header)))
    dice = random.Random(10)
    again = messages * 10
    dice.shuffle(again)
    topic = topics.up("kiosk-1", topics.EVENTS)
    with (
        Publisher(site.broker.host, site.broker.port) as one,
        Publisher(site.broker.host, site.broker.port) as two,
    ):
        for number, (payload, properties) in enumerate(again):
            (one, two)[number % 2].send(topic, payload, properties=properties)
    # A new event of the kiosk is numbered after all of them.
    kiosk.start()
    late = _take_in(kiosk, 1)
    kiosk.wait_acknowledged()
    until("the newest item is in stock", lambda: late[0] in _received(site))
    after = _state(site)
    del after.items[late[0]]
    assert after.items == before.items
    assert set(before.events) <= set(after.events)
    assert len(after.events) == len(set(after.events))


def test_a_hub_set_back_to_yesterday_is_healed_by_a_kiosk_without_backlog(site: Site) -> None:
    yesterday, old, new = _two_days(site)
    site.stop_hub()
    for leftover in site.database.parent.glob("hub.sqlite3*"):
        leftover.unlink()
    shutil.copy(yesterday, site.database)
    site.start_hub()
    until("the kiosk has healed it", lambda: set(new) <= set(_received(site)), deadline_s=60)
    assert sorted(_received(site)) == sorted(old + new)


def test_an_older_database_put_under_the_running_hub_is_noticed_and_healed(site: Site) -> None:
    yesterday, old, new = _two_days(site)

    for beside in site.database.parent.glob("hub.sqlite3-*"):
        beside.unlink()  # else what was written today would be read from the log beside it
    yesterday.replace(site.database)
    until(
        "the kiosk has healed it",
        lambda: (
            sorted(site.received_or_nothing()) == sorted(old + new) and site.database_holds(new[-1])
        ),
        deadline_s=60,
    )


def test_two_copies_of_one_journal_are_a_fork_and_both_stories_stay(site: Site) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    first = _take_in(kiosk, 2)
    kiosk.wait_acknowledged()
    kiosk.stop()
    copied = site.folder / "copied card"
    kiosk.copy_to(copied)

    kiosk.start()
    original = _take_in(kiosk, 3)
    kiosk.wait_acknowledged()
    kiosk.stop()
    clone = site.adopt(copied)
    clone.start()
    second = _take_in(clone, 3)
    clone.wait_acknowledged()
    clone.stop()

    until("the fork is an incident", lambda: "fork" in _kinds(site))
    everything = first + original + second
    assert len(set(everything)) == len(everything), "a code stands on two items"
    assert sorted(_received(site)) == sorted(everything)
    until(
        "every label has come out",
        lambda: all(site.api(f"items/{code}")["status"] == "in_stock" for code in everything),
    )


def test_a_deleted_journal_goes_on_with_a_new_prefix_and_leaves_a_recorded_hole(
    site: Site,
) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    before = _take_in(kiosk, 2)
    kiosk.wait_acknowledged()
    kiosk.stop()
    for leftover in kiosk.folder.glob("journal.sqlite3*"):
        leftover.unlink()
    kiosk.start()
    after = _take_in(kiosk, 2)
    kiosk.wait_acknowledged()
    assert {code[1:5] for code in before}.isdisjoint({code[1:5] for code in after})
    assert sorted(_received(site)) == sorted(before + after)
    until("the hole is an incident", lambda: "journal-lost" in _kinds(site))
