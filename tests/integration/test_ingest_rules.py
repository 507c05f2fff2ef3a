"""What ingest makes of each message, looked at in the database and in its answers."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import pytest
import sqlalchemy as sa

from contract import batches, codes, events, messages, topics
from contract.codes import Kind
from contract.messages import Hello, Kept, Product, Welcome
from hub import db as tables
from hub import incidents
from hub.folds.entries import Entry
from hub.folds.item import FoldError, ItemState, fold_item
from hub.kiosks import catalogue, reference
from hub.log import quarantine
from hub.log.ingest import Handled, Message
from tests.support.events import Journal, message, message_of, runs
from tests.support.hubdb import HubDb, acks

NONCE = "00000000000000ff"


@pytest.fixture
def hub(template: Path, tmp_path: Path) -> Iterator[HubDb]:
    with HubDb.copy_of(template, tmp_path / "hub.sqlite3") as opened:
        yield opened


@pytest.fixture
def journal() -> Journal:
    made = Journal("kiosk-a", "00AA")
    made.start()
    return made


def hello(journal: Journal, *kept: Kept) -> Message:
    said = Hello(NONCE, kept)
    return Message(topics.up(journal.kiosk, topics.HELLO), messages.encode(said), {})


def welcome(handled: list[Handled]) -> Welcome:
    sends = [send for one in handled for send in one.sends if send.topic.endswith("/welcome")]
    assert len(sends) == 1
    return messages.decode(sends[0].payload, Welcome)


def kinds(hub: HubDb) -> list[str]:
    return [row[1] for row in hub.open_incidents()]


def test_a_batch_is_acknowledged_through_its_last_event_with_its_hash(
    hub: HubDb, journal: Journal
) -> None:
    item = journal.receive()
    handled = hub.take(message_of(journal.written))
    assert acks(handled) == [messages.Ack(journal.written[0].public.epoch, 3, journal.head)]
    assert hub.item(item)["status"] == "in_stock"
    assert hub.rows("SELECT * FROM stock") == [("stop-1", "H1", "in_stock", 1)]


def test_a_gap_is_not_acknowledged_until_it_is_filled(hub: HubDb, journal: Journal) -> None:
    for _ in range(3):
        journal.receive()
    early, middle, late = journal.written[:2], journal.written[2:4], journal.written[4:]
    assert [ack.through for ack in acks(hub.take(message_of(early)))] == [2]
    assert [ack.through for ack in acks(hub.take(message_of(late)))] == [2]
    filled = acks(hub.take(message_of(middle)))
    assert [(ack.through, ack.hash) for ack in filled] == [(7, journal.head)]
    assert kinds(hub) == []


def test_a_repeated_batch_changes_nothing(hub: HubDb, journal: Journal) -> None:
    journal.receive()
    first = acks(hub.take(message_of(journal.written)))
    before = hub.state()
    positions = hub.rows("SELECT id, position FROM event")
    for _ in range(10):
        assert acks(hub.take(message_of(journal.written))) == first
    assert hub.state() == before
    assert hub.rows("SELECT id, position FROM event") == positions


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"{}",
        b"[" * 3000,
        b'{"prev":1,"salt":2,"public":3,"private":4}',
        b"x" * (events.MAX_EVENT_BYTES + 1),
    ],
    ids=["empty", "text", "bytes", "object", "deep", "types", "huge"],
)
def test_an_unreadable_line_is_kept_and_counts_as_received_and_the_next_is_unharmed(
    hub: HubDb, journal: Journal, garbage: bytes
) -> None:
    journal.receive()
    item = journal.receive()
    header = batches.Header(journal.written[0].public.epoch, 1, 5, journal.head)
    lines = [event.raw for event in journal.written]
    lines[1] = garbage
    payload = b"\n".join((messages.encode(header), *lines)) + b"\n"
    handled = hub.take(message(journal.kiosk, payload, header), garbage=True)
    assert [(ack.through, ack.hash) for ack in acks(handled)] == [(5, journal.head)]
    assert hub.item(item)["status"] == "in_stock"
    assert hub.rows("SELECT seq, raw, hash FROM event WHERE problem IS NOT NULL") == [
        (2, garbage, journal.written[1].hash)  # as the line behind it says
    ]
    assert kinds(hub) == ["quarantined", "unknown-item"]
    hub.take(message_of(journal.written))  # it was damaged on the way: now it comes whole
    assert hub.rows("SELECT problem FROM event WHERE seq = 2") == [(None,)]
    assert kinds(hub) == []
    assert hub.rows("SELECT sum(n) FROM stock") == [(2,)]


def test_an_unreadable_last_line_keeps_the_hash_that_the_header_gives(
    hub: HubDb, journal: Journal
) -> None:
    journal.receive()
    header = batches.Header(journal.written[0].public.epoch, 1, 3, journal.head)
    lines = [event.raw for event in journal.written[:2]]
    payload = b"\n".join((messages.encode(header), *lines, b"?")) + b"\n"
    handled = hub.take(message(journal.kiosk, payload, header), garbage=True)
    assert [(ack.through, ack.hash) for ack in acks(handled)] == [(3, journal.head)]


@pytest.mark.parametrize("before", [0, 3], ids=["at once", "in a batch of its own"])
def test_an_event_of_a_later_release_waits_in_quarantine_and_folds_at_its_place_once_understood(
    hub: HubDb, journal: Journal, before: int
) -> None:
    item = journal.receive()
    moved = events.Moved(place=codes.place_code("000001"), items=(item,))
    real = journal.add(moved)
    journal.add(events.Moved(place=codes.place_code("000002"), items=(item,)))
    strange = real.raw.replace(b'"type":"moved"', b'"type":"teleported"')
    line = [*(event.raw for event in journal.written[:3]), strange]
    digest = _hash_of(strange)
    if before:
        hub.take(message_of(journal.written[:before]))
    header = batches.Header(real.public.epoch, before + 1, 4 - before, digest)
    payload = batches.encode(header, line[before:])
    handled = hub.take(message(journal.kiosk, payload, header), garbage=True)
    assert [(ack.through, ack.hash) for ack in acks(handled)] == [(4, digest)]
    assert kinds(hub) == ["quarantined"]
    [(row, problem)] = hub.rows("SELECT id, problem FROM event WHERE problem IS NOT NULL")
    assert problem == "unknown-type"
    assert hub.item(item)["place"] == codes.PLACE_IN
    assert hub.change(lambda connection: quarantine.retry(connection, hub.now_ms)) == 0
    hub.change(lambda connection: quarantine.repair(connection, row, real.raw, hub.now_ms))
    hub.project()
    assert hub.item(item)["place"] == codes.place_code("000001")
    assert kinds(hub) == []
    assert hub.rows("SELECT raw FROM event WHERE id = ?", row) == [(strange,)]


def _hash_of(raw: bytes) -> str:
    with pytest.raises(events.EventError) as caught:
        events.decode(raw)
    assert caught.value.hash is not None
    return caught.value.hash


def test_a_repair_for_another_place_is_refused(hub: HubDb, journal: Journal) -> None:
    journal.receive()
    header = batches.Header(journal.written[0].public.epoch, 1, 1, journal.written[0].hash)
    payload = messages.encode(header) + b"\nnonsense\n"
    hub.take(message(journal.kiosk, payload, header), garbage=True)
    other = journal.written[1].raw
    with pytest.raises(quarantine.RepairError, match="seq"):
        hub.change(lambda connection: quarantine.repair(connection, 1, other, hub.now_ms))


def test_events_in_another_kiosks_name_are_quarantined(hub: HubDb, journal: Journal) -> None:
    journal.receive()
    handled = hub.take(
        Message(
            topics.up("kiosk-b", topics.EVENTS),
            message_of(journal.written).payload,
            message_of(journal.written).properties,
        ),
        garbage=True,
    )
    assert [ack.through for ack in acks(handled)] == [3]
    assert hub.rows("SELECT DISTINCT kiosk, problem FROM event") == [("kiosk-b", "wrong-kiosk")]
    assert hub.rows("SELECT * FROM item") == []
    assert kinds(hub) == ["quarantined"]


def test_lines_that_are_not_where_the_header_says_are_quarantined(
    hub: HubDb, journal: Journal
) -> None:
    journal.receive()
    header = batches.Header(journal.written[0].public.epoch, 7, 3, journal.head)
    payload = batches.encode(header, [event.raw for event in journal.written])
    hub.take(message(journal.kiosk, payload, header), garbage=True)
    assert hub.rows("SELECT DISTINCT problem FROM event") == [("wrong-place",)]


def test_a_lost_header_is_read_from_the_user_properties(hub: HubDb, journal: Journal) -> None:
    journal.receive()
    whole = message_of(journal.written)
    damaged = b"###" + whole.payload[3:]
    handled = hub.take(Message(whole.topic, damaged, whole.properties), garbage=True)
    assert [(ack.through, ack.hash) for ack in acks(handled)] == [(3, journal.head)]


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        ("events", b"no header", "no-header"),
        ("events", b"x" * (batches.MAX_BATCH_BYTES + 1), "too-large"),
        ("hello", b"{}", "bad-message"),
        ("health", b'{"backlog":-1}', "bad-message"),
        ("status", b"[1]", "bad-message"),
        ("reply", b"?", "bad-message"),
    ],
)
def test_a_message_that_cannot_be_placed_is_kept_with_one_counted_incident(
    hub: HubDb, name: str, payload: bytes, reason: str
) -> None:
    topic = f"yicang/1/kiosk-a/up/{name}"
    for _ in range(250):
        hub.take(Message(topic, payload, {}), project=False, garbage=True)
    assert hub.rows("SELECT count(*), max(length(payload)) FROM unreadable") == [
        (200, len(payload))
    ]
    rows = hub.rows("SELECT kind, kiosk, count FROM incident")
    assert rows == [("unreadable", "kiosk-a", 250)]
    assert hub.rows("SELECT DISTINCT reason FROM unreadable") == [(reason,)]


def test_a_message_under_a_name_that_is_no_kiosk_is_kept(hub: HubDb) -> None:
    hub.take(Message("yicang/1/No Kiosk/up/events", b"?", {}), garbage=True)
    assert hub.rows("SELECT kiosk, reason FROM unreadable") == [("", "bad-topic")]


def test_an_unregistered_kiosks_events_are_kept_and_counted_once_it_is_registered(
    hub: HubDb,
) -> None:
    stranger = Journal("kiosk-new", "00NN")
    stranger.start()
    item = stranger.receive()
    hub.take(message_of(stranger.written))
    assert kinds(hub) == ["unknown-kiosk"]
    assert hub.item(item)["stop"] == ""
    hub.change(
        lambda connection: connection.exec_driver_sql(
            "INSERT INTO kiosk (id, stop, created_ms) VALUES ('kiosk-new', 'stop-2', 0)"
        )
    )
    hub.take(message_of(stranger.written))
    hub.project()
    assert kinds(hub) == []
    assert hub.item(item)["stop"] == "stop-2"
    assert hub.rows("SELECT stop, n FROM stock") == [("stop-2", 1)]


def test_a_copied_journal_is_one_fork_incident_and_both_stories_are_kept(
    hub: HubDb, journal: Journal
) -> None:
    journal.receive()
    copied = journal.clone("copy")
    copied.serial = 500
    copied.start(reboot=True)
    theirs = copied.receive()
    journal.start(reboot=True)
    ours = journal.receive()
    for run in runs([*journal.written, *copied.written]):
        hub.take(message_of(run))
    assert kinds(hub) == ["fork"]
    assert {hub.item(item)["status"] for item in (ours, theirs)} == {"in_stock"}
    assert hub.rows("SELECT sum(n) FROM stock") == [(3,)]
    for run in runs([*journal.written, *copied.written]):
        hub.take(message_of(run))
    assert len(hub.open_incidents("fork")) == 1


@pytest.mark.parametrize("order", ["original first", "backup first", "backup in between"])
def test_a_backup_that_goes_on_from_the_middle_of_an_epoch_is_a_fork(
    hub: HubDb, journal: Journal, order: str
) -> None:
    journal.receive()
    backup = journal.clone("backup")
    ours = journal.receive()  # behind the event that the backup goes on from, in its own epoch
    backup.serial = 500
    backup.start(reboot=True)
    theirs = backup.receive()
    original, copied = journal.written, backup.written
    arriving = {
        "original first": [original, copied],
        "backup first": [copied, original],
        "backup in between": [original[:3], copied, original[3:]],
    }
    for story in arriving[order]:
        for run in runs(story):
            hub.take(message_of(run))
    assert kinds(hub) == ["fork"]
    assert {hub.item(item)["status"] for item in (ours, theirs)} == {"in_stock"}


def test_a_second_journal_of_one_kiosk_is_told_with_what_may_be_missing(
    hub: HubDb, journal: Journal
) -> None:
    journal.receive()
    fresh = Journal("kiosk-a", "00AB", name="second journal")
    fresh.mono = 900_000
    fresh.start()
    fresh.receive()
    for run in runs([*journal.written, *fresh.written]):
        hub.take(message_of(run))
    [(_, kind, subject, kiosk, stop, detail)] = hub.open_incidents()
    assert (kind, subject, kiosk, stop) == ("journal-lost", fresh.epoch, "kiosk-a", "stop-1")
    assert str(journal.epoch) in detail


@pytest.mark.parametrize("before", [0, 2, 3], ids=["at once", "within a batch", "between two"])
def test_a_broken_chain_is_told_and_does_not_stop_the_stream(
    hub: HubDb, journal: Journal, before: int
) -> None:
    journal.receive()
    journal.head = hashlib.sha256(b"elsewhere").hexdigest()
    journal.receive()
    if before:
        hub.take(message_of(journal.written[:before]))
        assert kinds(hub) == []
    handled = hub.take(message_of(journal.written[before:]))
    assert [(ack.through, ack.hash) for ack in acks(handled)] == [(5, journal.head)]
    assert kinds(hub) == ["chain-break"]


# --- hello -----------------------------------------------------------------------------------


def test_a_hello_is_answered_from_the_database_with_the_same_nonce(
    hub: HubDb, journal: Journal
) -> None:
    journal.receive()
    hub.take(message_of(journal.written[:2]))
    epoch = str(journal.epoch)
    said = hello(journal, Kept("e" * 16, 1, 4, "a" * 64), Kept(epoch, 1, 3, journal.head))
    answer = welcome(hub.take(said))
    assert answer.nonce == NONCE
    assert answer.hub_time == hub.now_ms
    assert answer.epochs == (
        messages.Position("e" * 16, 0, events.ZERO_HASH, 0),
        messages.Position(epoch, 2, journal.written[1].hash, 0),
    )
    assert kinds(hub) == []


def test_reference_data_is_published_before_the_welcome_that_names_it(
    hub: HubDb, journal: Journal
) -> None:
    handled = hub.take(hello(journal))
    sends = [send for one in handled for send in one.sends]
    assert [send.topic.split("/")[-1] for send in sends][-1] == "welcome"
    digest = welcome(handled).manifest["products"]
    [retained] = [send for send in sends if send.topic == topics.reference(digest)]
    assert retained.retain
    assert messages.digest(retained.payload) == digest


def test_what_no_journal_holds_any_more_is_a_recorded_hole_and_the_stream_goes_on(
    hub: HubDb, journal: Journal
) -> None:
    for _ in range(4):
        journal.receive()
    epoch = str(journal.epoch)
    hub.take(message_of(journal.written[:2]))
    answer = welcome(hub.take(hello(journal, Kept(epoch, 6, 9, journal.head))))
    assert [position.through for position in answer.epochs] == [5]
    assert hub.rows("SELECT first, last FROM hole") == [(3, 5)]
    assert kinds(hub) == ["hole"]
    handled = hub.take(message_of(journal.written[5:]))
    assert [(ack.through, ack.hash) for ack in acks(handled)] == [(9, journal.head)]
    hub.take(message_of(journal.written[3:4]))  # something turns up after all
    assert hub.rows("SELECT first, last FROM hole ORDER BY first") == [(3, 3), (5, 5)]
    hub.take(message_of(journal.written[2:5]))
    assert hub.rows("SELECT * FROM hole") == []
    assert kinds(hub) == []


def test_a_head_that_the_hub_knows_otherwise_is_a_fork(hub: HubDb, journal: Journal) -> None:
    journal.receive()
    hub.take(message_of(journal.written))
    hub.take(hello(journal, Kept(str(journal.epoch), 1, 3, "b" * 64)))
    assert kinds(hub) == ["fork"]


def test_an_older_epoch_that_ends_before_what_the_hub_has_was_restored(
    hub: HubDb, journal: Journal
) -> None:
    journal.receive()
    before = journal.written[1]
    hub.take(message_of(journal.written))
    old = Kept(str(journal.epoch), 1, 2, before.hash)
    hub.take(hello(journal, old))  # the newest epoch may be an old hello delivered late
    assert kinds(hub) == []
    hub.take(hello(journal, old, Kept("e" * 16, 1, 1, "c" * 64)))
    assert kinds(hub) == ["journal-behind"]


def test_health_and_status_are_remembered(hub: HubDb) -> None:
    health = messages.Health(backlog=3, oldest_unsent_s=9, events=40, clock=True)
    hub.take(
        Message(topics.up("kiosk-a", topics.STATUS), b'{"online":true}', {}),
        Message(topics.up("kiosk-a", topics.HEALTH), messages.encode(health), {}),
    )
    [(online, text)] = hub.rows("SELECT online, health FROM kiosk_state")
    assert online == 1
    assert messages.decode(text.encode(), messages.Health) == health


# --- projecting ------------------------------------------------------------------------------


def test_an_event_that_no_fold_takes_is_set_aside_and_the_rest_goes_on(
    template: Path, tmp_path: Path, journal: Journal
) -> None:
    poison = journal.receive()
    good = journal.receive()

    def fold(code: str, entries: Sequence[Entry]) -> ItemState | None:
        if code == poison and entries:
            raise FoldError(entries[0].stored.row)
        return fold_item(code, entries)

    with HubDb.copy_of(template, tmp_path / "hub.sqlite3", fold) as hub:
        handled = hub.take(message_of(journal.written))
        assert [ack.through for ack in acks(handled)] == [5]
        assert hub.item(good)["status"] == "in_stock"
        assert kinds(hub) == ["quarantined"]
        rows = hub.rows("SELECT type, problem FROM event WHERE problem IS NOT NULL ORDER BY seq")
        assert rows == [("received", "fold-failed"), ("label.attached", "fold-failed")]
    with HubDb(tmp_path / "hub.sqlite3") as mended:  # a release that can
        mended.rebuild()
        assert mended.item(poison)["status"] == "in_stock"
        assert kinds(mended) == []


def test_an_acknowledged_incident_stays_acknowledged_through_refolds(
    hub: HubDb, journal: Journal
) -> None:
    plans = [codes.serial_code(Kind.PLAN, "00AA", serial) for serial in (1, 2, 3)]
    item = journal.receive()
    journal.add(events.Out(plan=plans[0], items=(item,)))
    journal.add(events.Out(plan=plans[1], items=(item,)))
    hub.take(message_of(journal.written))
    [(key, *_)] = hub.open_incidents("double-handover")
    hub.change(lambda connection: incidents.acknowledge(connection, key, "li", 5))
    journal.add(events.ItemSeen(item=item, outcome="out"))
    hub.take(message_of(journal.written))
    hub.rebuild()
    assert hub.rows("SELECT key, acknowledged_by FROM incident") == [(key, "li")]
    journal.add(events.Out(plan=plans[2], items=(item,)))  # new evidence, a new incident
    hub.take(message_of(journal.written))
    waiting = hub.rows("SELECT kind FROM incident WHERE acknowledged_ms IS NULL")
    assert waiting == [("double-handover",)]


def test_what_cannot_be_made_unhappen_is_settled_when_somebody_has_seen_it_until_more_happens(
    hub: HubDb, journal: Journal
) -> None:
    def rubbish() -> None:
        hub.take(Message("yicang/1/kiosk-a/up/events", b"no header", {}), garbage=True)

    rubbish()
    [(key, *_)] = hub.open_incidents("unreadable")
    hub.change(lambda connection: incidents.acknowledge(connection, key, "li", 5))
    assert kinds(hub) == []
    rubbish()
    assert kinds(hub) == ["unreadable"]
    assert hub.rows("SELECT acknowledged_ms, acknowledged_by FROM incident") == [(None, None)]


def test_what_opens_again_is_to_be_seen_again(hub: HubDb, journal: Journal) -> None:
    stranger = codes.serial_code(Kind.ITEM, "QQQQ", 5)
    journal.add(events.Moved(place=codes.PLACE_IN, items=(stranger,)))
    hub.take(message_of(journal.written))
    [(key, *_)] = hub.open_incidents("unknown-item")
    hub.change(lambda connection: incidents.acknowledge(connection, key, "li", 5))
    assert kinds(hub) == ["unknown-item"]
    hub.change(lambda connection: incidents.close(connection, key, 6))
    hub.rebuild()
    assert kinds(hub) == ["unknown-item"]
    assert hub.rows("SELECT acknowledged_ms FROM incident") == [(None,)]


def test_a_void_that_came_before_its_event_still_holds_after_a_restart(hub: HubDb) -> None:
    plan = codes.serial_code(Kind.PLAN, "00AA", 1)
    giver = Journal("kiosk-a", "00AA")
    giver.start()
    item = giver.receive()
    giver.add(events.Out(plan=plan, items=(item,)))
    taker = Journal("kiosk-b", "00BB")
    opening = taker.start()
    family = events.family_hash("F1")
    delivered = taker.add(events.Delivered(plan=plan), family=family, after_ms=9_000_000)
    void = taker.add(events.Voided(events=(delivered.id,)))
    hub.take(message_of(giver.written), message_of([opening]), message_of([void]))
    hub.restart()
    hub.take(message_of([delivered]))
    assert hub.item(item)["status"] == "out"


def name(hub: HubDb, *products: Product) -> None:
    fields = [msgspec.to_builtins(product) for product in products]
    hub.change(lambda db: catalogue.put(db, "products", fields))
    hub.ingest.changed()  # as the writer does after each change by a person


def retained(hub: HubDb, broker: dict[str, bytes], journal: Journal) -> None:
    """What a broker holds of reference data after the next hello."""
    for send in (send for one in hub.take(hello(journal)) for send in one.sends):
        if send.retain and send.payload:
            broker[send.topic] = send.payload
        elif send.retain:
            broker.pop(send.topic, None)


def test_only_the_newest_reference_data_stays_on_the_broker_also_across_a_restart(
    hub: HubDb, journal: Journal
) -> None:
    broker: dict[str, bytes] = {}
    for number in range(5):
        name(hub, Product(f"{number:014d}", "H1", "米", "Rice"))
        if number == 3:
            hub.restart()
        retained(hub, broker, journal)
    manifest = hub.reference.current()
    assert set(broker) == {topics.reference(digest) for digest in manifest.values()}
    payload = broker[topics.reference(manifest["products"])]
    assert messages.digest(payload) == manifest["products"]
    assert len(messages.decode(payload, messages.Products).products) == 5


LONG: Final = {"category": "H1", "zh": "洗" * 60, "en": "d" * 60}
"""Names as long as they may be: 310 bytes or so each."""
TOO_MANY: Final = 25_000


def many_products(count: int) -> list[dict[str, str]]:
    return [{"gtin": f"{number:014d}", **LONG} for number in range(count)]


def test_more_names_than_kiosks_can_hold_are_refused_in_words_that_tell_the_limit(
    hub: HubDb, journal: Journal
) -> None:
    hub.change(lambda db: db.execute(sa.insert(tables.product), many_products(TOO_MANY)))
    with pytest.raises(reference.TooManyNamesError, match=r"6291456.*/.*6291456"):
        hub.change(lambda db: reference.require_room(db, "products"))
    hub.change(lambda db: db.execute(sa.delete(tables.product)))
    hub.change(lambda db: db.execute(sa.insert(tables.product), many_products(500)))
    hub.change(lambda db: reference.require_room(db, "products"))
    manifest = welcome(hub.take(hello(journal))).manifest
    assert {"products", "products.1"} <= set(manifest)
    assert kinds(hub) == []


def test_reference_data_that_kiosks_would_drop_is_an_incident_until_it_fits(
    hub: HubDb, journal: Journal
) -> None:
    hub.change(lambda db: db.execute(sa.insert(tables.product), many_products(TOO_MANY)))
    manifest = welcome(hub.take(hello(journal))).manifest
    assert "products" not in manifest
    assert "places" in manifest
    assert kinds(hub) == ["reference-too-large"]
    hub.change(lambda db: db.execute(sa.delete(tables.product)))
    hub.ingest.changed()
    assert "products" in welcome(hub.take(hello(journal))).manifest
    assert kinds(hub) == []
