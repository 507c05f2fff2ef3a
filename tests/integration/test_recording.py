"""What people do at the hub is an event like a kiosk's: numbered, chained, folded, counted once."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from contract import codes, events
from contract.codes import Kind
from hub.log import recording
from hub.log.recording import Actor, Conflict, Draft, Recorded, RequestReusedError
from tests.support.events import Journal, message_of, runs
from tests.support.hubdb import HubDb, make_template

PLAN = codes.serial_code(Kind.PLAN, "00AA", 1)
KEEPER = Actor(account="00000000000000a1")
REQUEST = str(UUID(int=7))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubDb]:
    with HubDb(make_template(tmp_path / "hub.sqlite3")) as hub:
        yield hub


def received(hub: HubDb, count: int = 3) -> list[str]:
    """Items that came in at kiosk-a."""
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    journal.learn_time()
    items = [journal.receive() for _ in range(count)]
    for run in runs(journal.written):
        hub.take(message_of(run))
    return items


def record(hub: HubDb, *drafts: Draft, request: str | None = None, **expects: int) -> Recorded:
    """Records as the writer does, and projects."""
    recorded: list[Recorded] = []
    hub.now_ms += 1
    hub.change(
        lambda connection: recorded.append(
            recording.record(
                connection,
                drafts,
                KEEPER,
                now_ms=hub.now_ms,
                request=request,
                expects=expects or None,
            )
        )
    )
    hub.ingest.changed()
    hub.project()
    return recorded[0]


def test_a_correction_counts_at_once_and_says_who(hub: HubDb) -> None:
    item, *_ = received(hub)
    done = record(
        hub, Draft(events.Corrected(items=(item,), status="missing", why="looked"), "stop-1")
    )
    assert hub.item(item)["status"] == "missing"
    [raw] = [
        row[0]
        for row in hub.rows("SELECT raw FROM event WHERE kiosk = 'hub' AND type = 'corrected'")
    ]
    event = events.decode(raw)
    assert (event.id,) == done.events
    assert (event.public.stop, event.private.account) == ("stop-1", KEEPER.account)


def test_the_same_request_again_does_nothing_and_answers_the_same(hub: HubDb) -> None:
    item, *_ = received(hub)
    draft = Draft(events.Disposed(items=(item,), why="B"), "stop-1")
    first = record(hub, draft, request=REQUEST)
    before = hub.state()
    again = record(hub, draft, request=REQUEST)
    assert again.events == first.events
    assert (first.repeated, again.repeated) == (False, True)
    assert hub.state() == before
    with pytest.raises(RequestReusedError):
        record(hub, Draft(events.Released(items=(item,)), "stop-1"), request=REQUEST)
    assert hub.state() == before


def test_two_people_who_change_one_item_find_out(hub: HubDb) -> None:
    item, other, _ = received(hub)
    seen = hub.item(item)["position"]
    first = record(hub, Draft(events.Reserved(plan=PLAN, items=(item,)), "stop-1"), **{item: seen})
    with pytest.raises(Conflict) as caught:
        record(
            hub,
            Draft(events.Reserved(plan=PLAN, items=(other,)), "stop-1"),
            Draft(events.Disposed(items=(item,), why="B"), "stop-1"),
            **{item: seen},
        )
    assert caught.value.subject == item
    assert caught.value.events == first.events
    assert (hub.item(item)["status"], hub.item(other)["status"]) == ("reserved", "in_stock")


def test_a_reserved_item_stands_beside_the_free_ones(hub: HubDb) -> None:
    item, *_ = received(hub)
    record(hub, Draft(events.Reserved(plan=PLAN, items=(item,)), "stop-1"))
    stock = {(row[2], row[3]) for row in hub.state()["stock"]}
    assert stock == {("in_stock", 2), ("reserved", 1)}
    assert hub.item(item)["reserved"] == PLAN
    record(hub, Draft(events.Unreserved(items=(item,)), "stop-1"))
    assert {(row[2], row[3]) for row in hub.state()["stock"]} == {("in_stock", 3)}


def test_the_stream_has_one_chain_and_each_start_an_epoch_of_its_own(hub: HubDb) -> None:
    item, *_ = received(hub)
    for _ in range(2):
        record(hub, Draft(events.Priced(items=(item,), price=5), "stop-1"))
        record(hub, Draft(events.Priced(items=(item,), price=6), "stop-1"))
        hub.change(recording.start_anew)
    rows = hub.rows("SELECT epoch, seq, prev, hash FROM event WHERE kiosk = 'hub' ORDER BY id")
    assert [row[1] for row in rows] == [1, 2, 3, 4] * 2
    assert rows[0][0] != rows[4][0]
    assert [row[2] for row in rows] == [events.ZERO_HASH, *(row[3] for row in rows[:-1])]
    assert hub.open_incidents() == []


def test_a_copy_that_went_on_by_itself_is_a_fork_that_is_seen(hub: HubDb, tmp_path: Path) -> None:
    item, *_ = received(hub)
    record(hub, Draft(events.Priced(items=(item,), price=5), "stop-1"))
    hub.restart()  # nobody looks while it is copied
    with HubDb.copy_of(hub.path, tmp_path / "copy.sqlite3") as copy:
        copy.change(recording.start_anew)
        record(copy, Draft(events.Priced(items=(item,), price=6), "stop-1"))
        lost = [
            events.decode(row[0])
            for row in copy.rows("SELECT raw FROM event WHERE kiosk = 'hub' ORDER BY id")
        ]
    record(hub, Draft(events.Priced(items=(item,), price=7), "stop-1"))
    own = {row[0] for row in hub.rows("SELECT epoch FROM event WHERE kiosk = 'hub'")}
    assert {event.public.epoch for event in lost} - own, "the copy wrote under the same numbers"


def test_nobody_else_writes_the_hubs_stream(hub: HubDb) -> None:
    journal = Journal("hub", "00AA")
    journal.start()
    journal.receive()
    for run in runs(journal.written):
        hub.take(message_of(run), garbage=False)
    assert hub.rows("SELECT 1 FROM event") == []
    assert [row[1] for row in hub.open_incidents()] == ["unreadable"]


def test_flows_add_up_to_what_is_there(hub: HubDb) -> None:
    items = received(hub, 6)
    record(hub, Draft(events.Out(plan=PLAN, items=tuple(items[:3])), "stop-1"))
    record(hub, Draft(events.Delivered(plan=PLAN, items=tuple(items[:2])), "stop-1"))
    record(hub, Draft(events.Disposed(items=(items[5],), why="B"), "stop-1"))
    balance: Counter[str] = Counter()
    for status, way, n in hub.rows("SELECT status, way, n FROM flow"):
        balance[status] += n if way == "in" else -n
    assert balance == {"here": 2, "out": 1, "delivered": 2, "disposed": 1}
    causes = {row[0] for row in hub.rows("SELECT cause FROM flow")}
    assert causes == {"received", "out", "delivered", "disposed"}
