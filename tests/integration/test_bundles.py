"""What somebody carries to the hub on a stick: each event is one record, whatever the way it came
by and however often."""

import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import pytest
import sqlalchemy as sa
from pyrage import x25519
from sqlalchemy import Connection

from contract import batches, topics
from contract.batches import Batch, Header
from contract.bundles import FOLDER, Opening, Source, file_name
from contract.events import Event, Line
from hub import db
from hub.access.audit import By
from hub.fleet import bundle_key, bundles, lifecycle, reviewing
from hub.fleet.bundles import Imported, ImportRefusedError
from hub.fleet.reviewing import Stretch
from hub.kiosks import broker_accounts
from hub.kiosks.broker_accounts import AccountClosedError
from hub.log.ingest import Message
from kiosk.bundles import FAULTY, BundleThread, Order, seal, signing_key_id, write
from kiosk.inputs import Written
from provisioning.identity import publish_key
from tests.support.events import Story, message_of, runs
from tests.support.hubdb import HubDb, acks

T = TypeVar("T")

KIOSK: Final = "kiosk-a"
OPERATOR: Final = By("0123456789abcdef")
SEED: Final = "11" * 32
OTHER_SEED: Final = "22" * 32


class Desk:
    """A hub that takes bundles, and what a kiosk has to tell."""

    def __init__(self, template: Path, directory: Path) -> None:
        self.directory = directory
        self.hub = HubDb.copy_of(template, directory / "hub.sqlite3")
        self.key_file = directory / "bundle.key"
        self.recipient = bundle_key.ensure(self.key_file)
        self.call(lambda connection: publish_key(connection, KIOSK, 0, SEED))
        self.events = [one for one in story() if one.public.kiosk == KIOSK]
        self.made = 0

    def call(self, change: Callable[[Connection], T], /) -> T:
        """As the writer does it."""
        with self.hub.engine.begin() as connection:
            result = change(connection)
        self.hub.ingest.changed()
        self.hub.project()
        return result

    def bundle(
        self,
        events: Sequence[Event] | None = None,
        *,
        seed: str | None = SEED,
        source: Source = Source.KIOSK,
        **opening: Any,
    ) -> Path:
        """A file that a kiosk wrote."""
        self.made += 1
        path = self.directory / f"{self.made}.yicang"
        key = signing_key_id(seed)
        head = Opening(1, KIOSK, source, self.recipient, 5, False, "yicang-test", key)
        head = msgspec.structs.replace(head, **opening)
        with path.open("wb") as file:
            seal(head, seed, batches_of(self.events if events is None else events), file)
        return path

    def carry(self, path: Path) -> Imported:
        """Somebody hands it over."""
        return bundles.import_file(path, str(self.key_file), self.call, OPERATOR, lambda: 77)

    def mqtt(self, events: Sequence[Event] | None = None) -> None:
        """The same events over the network."""
        for run in runs(self.events if events is None else events):
            self.hub.take(message_of(run))

    def refused(self, path: Path) -> str:
        """Why the hub does not take it."""
        with pytest.raises(ImportRefusedError) as caught:
            self.carry(path)
        return caught.value.why

    def waiting(self) -> int:
        """How many lines wait for a person."""
        return self.call(lambda connection: reviewing.count(connection, KIOSK))

    def state(self) -> Any:
        """What the hub shows, whatever the way it came."""
        return self.hub.state()


def story() -> list[Event]:
    told = Story()
    for n in range(60):
        told.act(n, n // 3, n // 2, n // 5)
    return list(told.written)


def batches_of(events: Sequence[Event], limit: int = 7) -> Iterator[Batch]:
    for run in runs(events):
        for at in range(0, len(run), limit):
            part = run[at : at + limit]
            first = part[0].public
            header = Header(first.epoch, first.seq, len(part), part[-1].hash)
            yield Batch(header, tuple(one.raw for one in part))


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(template, tmp_path)
    with found.hub:
        yield found


@pytest.fixture(scope="module")
def by_network(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The state of a hub that got everything over the network, once."""
    desk = Desk(template, tmp_path_factory.mktemp("network"))
    with desk.hub:
        desk.mqtt()
        return desk.state()


WAYS: Final = sorted(set(itertools.permutations(("bundle", "bundle", "older", "mqtt"))))


@pytest.mark.parametrize("order", WAYS, ids="-".join)
def test_a_bundle_twice_an_older_one_and_the_late_network_are_one_record_each(
    desk: Desk, by_network: Any, order: tuple[str, ...]
) -> None:
    fresh = 0
    newest, older = desk.bundle(), desk.bundle(desk.events[: len(desk.events) // 2])
    for way in order:
        if way == "mqtt":
            desk.mqtt()
        else:
            fresh += desk.carry(newest if way == "bundle" else older).fresh
    assert desk.state() == by_network
    rows = desk.hub.rows("SELECT count(*) FROM event WHERE kiosk = ?", KIOSK)
    assert rows == [(len(desk.events),)]
    assert fresh <= len(desk.events)
    assert desk.waiting() == 0


def test_the_list_of_bundles_tells_what_each_brought(desk: Desk) -> None:
    path = desk.bundle()
    first, again = desk.carry(path), desk.carry(path)
    n = len(desk.events)
    assert (first.events, first.fresh, first.held, first.review) == (n, n, 0, 0)
    assert (again.fresh, again.held) == (0, n)
    rows = desk.hub.rows("SELECT kiosk, source, events, fresh, held, imported_by FROM bundle")
    assert rows == [
        (KIOSK, "kiosk", n, n, 0, OPERATOR.account),
        (KIOSK, "kiosk", n, 0, n, OPERATOR.account),
    ]


# --- what is not taken ----------------------------------------------------------------------------


def test_a_bundle_for_another_hub_cannot_be_opened_and_says_so(desk: Desk) -> None:
    other = str(x25519.Identity.generate().to_public())
    assert desk.refused(desk.bundle(hub=other)) == "another-hub"


def test_a_hub_that_was_given_its_old_key_again_opens_old_bundles(desk: Desk) -> None:
    path = desk.bundle()
    old = desk.key_file.read_text()
    desk.key_file.unlink()
    bundle_key.ensure(desk.key_file)
    assert desk.refused(path) == "another-hub"
    desk.key_file.write_text(desk.key_file.read_text() + old)
    assert desk.carry(path).fresh == len(desk.events)


@pytest.mark.parametrize("cut", [1, 40, 300, 2000])
def test_a_stick_that_was_pulled_too_early_brings_nothing_in(desk: Desk, cut: int) -> None:
    path = desk.bundle()
    path.write_bytes(path.read_bytes()[:-cut])
    assert desk.refused(path) in {"damaged", "cut-off"}
    assert desk.hub.rows("SELECT count(*) FROM event") == [(0,)]


def test_what_is_no_bundle_is_named(desk: Desk, tmp_path: Path) -> None:
    picture = tmp_path / "holiday.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xe0" * 100)
    assert desk.refused(picture) == "not-a-bundle"
    picture.write_bytes(b"")
    assert desk.refused(picture) == "empty"


def test_a_changed_byte_anywhere_is_found(desk: Desk) -> None:
    path = desk.bundle()
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert desk.refused(path) in {"damaged", "not-a-bundle", "another-hub", "cut-off"}


def test_nobody_can_speak_for_a_kiosk_without_its_key(desk: Desk) -> None:
    assert desk.refused(desk.bundle(seed=OTHER_SEED)) == "unknown-signer"
    named = signing_key_id(SEED)
    assert desk.refused(desk.bundle(seed=OTHER_SEED, key=named)) == "bad-signature"
    assert desk.refused(desk.bundle(kiosk="kiosk-b")) == "unknown-signer"
    assert desk.refused(desk.bundle(kiosk="hub")) == "unknown-kiosk", "the hub's own events"


@pytest.mark.parametrize("source", [Source.KIOSK, Source.SALVAGE])
def test_what_comes_of_a_kiosk_that_a_restored_hub_has_forgotten_waits_for_a_person(
    desk: Desk, source: Source
) -> None:
    desk.mqtt([one for one in story() if one.public.kiosk != KIOSK])

    def forget(connection: Connection) -> None:
        connection.execute(sa.delete(db.kiosk_key).where(db.kiosk_key.c.kiosk == KIOSK))
        connection.execute(sa.delete(db.kiosk).where(db.kiosk.c.id == KIOSK))

    desk.call(forget)
    done = desk.carry(desk.bundle(source=source))
    assert (done.fresh, done.held, done.review) == (0, 0, len(desk.events))
    again = desk.carry(desk.bundle(source=source))
    assert (again.fresh, again.review) == (0, len(desk.events))
    assert desk.hub.rows("SELECT count(*) FROM event WHERE kiosk = 'kiosk-a'") == [(0,)]
    assert desk.waiting() == len(desk.events)
    desk.call(lambda here: reviewing.accept(here, KIOSK, (), OPERATOR, 78))
    assert desk.waiting() == 0
    taken = desk.hub.rows("SELECT count(*) FROM event WHERE kiosk = 'kiosk-a'")
    assert taken == [(len(desk.events),)]


def test_what_nobody_signed_waits_for_a_person(desk: Desk) -> None:
    done = desk.carry(desk.bundle(seed=None))
    assert (done.fresh, done.review) == (0, len(desk.events))
    assert desk.hub.rows("SELECT count(*) FROM event") == [(0,)]
    assert [row[1] for row in desk.hub.open_incidents("review-waits")] == ["review-waits"]


# --- revoked kiosks -------------------------------------------------------------------------------


def revoke(desk: Desk) -> list[lifecycle.Mark]:
    return desk.call(lambda one: lifecycle.revoke(one, KIOSK, "stolen", OPERATOR, 50))


def accept(desk: Desk, *stretches: Stretch) -> reviewing.Decided:
    return desk.call(lambda one: reviewing.accept(one, KIOSK, stretches, OPERATOR, 60))


def hello_of(desk: Desk) -> Message:
    last = desk.events[-1].public
    kept = {"epoch": last.epoch, "oldest": 1, "head": last.seq, "hash": desk.events[-1].hash}
    hello = {"nonce": "ab" * 8, "epochs": [kept], "software": "x", "journal": "cd" * 8}
    return Message(topics.up(KIOSK, topics.HELLO), json.dumps(hello).encode(), {})


def test_what_a_revoked_kiosk_sends_is_kept_unanswered_and_counts_for_nothing(desk: Desk) -> None:
    half = len(desk.events) // 2
    desk.mqtt(desk.events[:half])
    marks = revoke(desk)
    assert sum(mark.through for mark in marks) == half
    before = desk.state()
    for run in runs(desk.events[half:]):
        [handled] = desk.hub.take(message_of(run))
        assert (handled.ack, handled.sends, handled.fresh) == (None, (), ())
    assert desk.state()["item"] == before["item"]
    assert desk.waiting() == len(desk.events) - half


def test_what_a_revoked_kiosk_had_sent_before_is_still_answered(desk: Desk) -> None:
    desk.mqtt()
    revoke(desk)
    for run in runs(desk.events):
        [ack] = acks(desk.hub.take(message_of(run)))
        assert ack.through >= run[-1].public.seq
    assert desk.waiting() == 0


def test_a_revoked_kiosk_that_still_says_hello_is_told_nothing_and_somebody_hears_of_it(
    desk: Desk,
) -> None:
    desk.mqtt()
    revoke(desk)
    [handled] = desk.hub.take(hello_of(desk))
    assert handled.sends == ()
    assert [row[1] for row in desk.hub.open_incidents("revoked-heard")] == ["revoked-heard"]


def test_who_was_revoked_after_the_backup_that_is_back_is_trusted_in_nothing(desk: Desk) -> None:
    half = len(desk.events) // 2
    desk.mqtt(desk.events[:half])
    # All that is left of it: the broker's files forbid the account, and so the keeper does.
    desk.call(lambda one: broker_accounts.forbid(one, KIOSK, 50))
    done = desk.carry(desk.bundle())
    assert (done.fresh, done.review) == (0, len(desk.events) - half)
    desk.mqtt(desk.events[half:])
    assert desk.waiting() == len(desk.events) - half
    desk.call(lambda one: lifecycle.retire(one, KIOSK, "broken", OPERATOR, 60, anyway=True))
    done = desk.carry(desk.bundle())
    assert (done.fresh, done.review) == (len(desk.events) - half, 0), "it was honest after all"


@pytest.mark.parametrize("order", sorted(itertools.permutations(("bundle", "mqtt", "accept"))))
def test_after_review_each_event_is_one_record_whatever_comes_when(
    desk: Desk, by_network: Any, order: tuple[str, ...]
) -> None:
    half = len(desk.events) // 2
    desk.mqtt(desk.events[:half])
    revoke(desk)
    path = desk.bundle()
    for way in (*order, "accept", "bundle", "mqtt"):
        if way == "bundle":
            desk.carry(path)
        elif way == "mqtt":
            desk.mqtt()
        else:
            accept(desk)
    assert desk.waiting() == 0
    assert desk.hub.rows("SELECT count(*) FROM event") == [(len(desk.events),)]
    ours = {name: rows for name, rows in desk.state().items() if name != "incident"}
    assert ours == {name: rows for name, rows in by_network.items() if name != "incident"}
    assert desk.hub.open_incidents("review-waits") == []


def test_a_stretch_is_taken_in_and_the_rest_refused_and_put_back(desk: Desk) -> None:
    revoke(desk)
    done = desk.carry(desk.bundle())
    assert done.review == len(desk.events)
    first = desk.events[0].public
    assert accept(desk, Stretch(first.epoch, 1, 5)).fresh == 5
    refused = desk.call(lambda one: reviewing.reject(one, KIOSK, (), "made-up", OPERATOR, 61))
    assert refused.lines == len(desk.events) - 5
    assert desk.waiting() == 0
    again = desk.carry(desk.bundle())
    assert (again.held, again.review, again.rejected) == (5, 0, len(desk.events) - 5)
    back = desk.call(lambda one: reviewing.reconsider(one, KIOSK, (), OPERATOR, 62))
    assert (back.lines, desk.waiting()) == (len(desk.events) - 5, len(desk.events) - 5)
    assert accept(desk).fresh == len(desk.events) - 5


def test_an_event_that_a_thief_puts_in_the_place_of_one_that_is_here_waits_as_well(
    desk: Desk,
) -> None:
    desk.mqtt(desk.events)
    revoke(desk)
    line = desk.events[3]
    written = msgspec.json.decode(line.raw, type=Line)
    forged = msgspec.json.encode(msgspec.structs.replace(written, salt="00" * 16))
    header = Header(line.public.epoch, line.public.seq, 1, line.hash)
    payload, properties = batches.encode(header, [forged]), dict(batches.properties(header))
    desk.hub.take(Message(topics.up(KIOSK, topics.EVENTS), payload, properties))
    assert desk.waiting() == 1
    assert desk.hub.rows("SELECT count(*) FROM event") == [(len(desk.events),)]


# --- a kiosk's end --------------------------------------------------------------------------------


def test_the_account_of_a_kiosk_that_ended_is_forbidden_for_good(desk: Desk) -> None:
    desk.call(lambda one: lifecycle.retire(one, KIOSK, "broken", OPERATOR, 50, anyway=True))
    desk.call(lambda one: lifecycle.revoke(one, "kiosk-b", "lost", OPERATOR, 50))
    held = desk.call(broker_accounts.read)
    assert [(row.kiosk, row.allowed) for row in held.rows] == [(KIOSK, False), ("kiosk-b", False)]
    verifier = "$7$101$" + "A" * 16 + "$" + "B" * 86 + "=="
    for kiosk in (KIOSK, "kiosk-b"):
        with pytest.raises(AccountClosedError):
            desk.call(partial(broker_accounts.allow, kiosk=kiosk, verifier=verifier, now_ms=51))


def test_a_kiosk_that_may_hold_more_is_not_retired_without_a_word(desk: Desk) -> None:
    half = len(desk.events) // 2
    desk.mqtt(desk.events[:half])
    desk.hub.take(hello_of(desk))

    def retire(**how: Any) -> None:
        desk.call(lambda one: lifecycle.retire(one, KIOSK, "replaced", OPERATOR, 50, **how))

    with pytest.raises(lifecycle.LifecycleError) as caught:
        retire()
    assert caught.value.why == "unsent"
    desk.mqtt()
    with pytest.raises(lifecycle.LifecycleError) as caught:
        retire()
    assert caught.value.why == "unheard"
    status = Message(topics.up(KIOSK, topics.STATUS), b'{"online":true}', {})
    desk.hub.take(status)
    retire()
    with pytest.raises(lifecycle.LifecycleError) as caught:
        retire()
    assert caught.value.why == "retired"


def test_what_a_retired_kiosk_still_had_counts_as_ever(desk: Desk, by_network: Any) -> None:
    desk.call(lambda one: lifecycle.retire(one, KIOSK, "broken", OPERATOR, 50, anyway=True))
    assert desk.carry(desk.bundle()).fresh == len(desk.events)
    assert desk.state() == by_network


# --- the stick ------------------------------------------------------------------------------------


def test_the_file_on_the_stick_is_whole_or_the_one_that_was_there(
    desk: Desk, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "holiday.jpg").write_bytes(b"mine")
    opening = Opening(1, KIOSK, Source.KIOSK, desk.recipient, 5, True, "x", signing_key_id(SEED))
    name = file_name(KIOSK, "ab" * 8)
    order = Order(stick, name, opening, SEED, ("gone.yicang",), b"<p>")
    (stick / FOLDER).mkdir()
    (stick / FOLDER / "gone.yicang").write_bytes(b"older")
    assert write(order, batches_of(desk.events)) == len(desk.events)
    whole = (stick / FOLDER / name).read_bytes()

    def broken() -> Iterator[Batch]:
        yield from itertools.islice(batches_of(desk.events), 3)
        raise OSError(28, "no space left")

    with pytest.raises(OSError, match="no space"):
        write(order, broken())
    assert (stick / FOLDER / name).read_bytes() == whole
    there = sorted(str(one.relative_to(stick)) for one in stick.rglob("*") if one.is_file())
    assert there == ["holiday.jpg", "yicang/README.html", f"yicang/{name}"]
    assert desk.carry(stick / FOLDER / name).fresh == len(desk.events)


def test_fifty_thousand_events_are_written_and_checked_in_little_memory(
    desk: Desk, tmp_path: Path
) -> None:
    line = desk.events[5].raw
    many = (
        Batch(Header("ab" * 8, first, 100, "0" * 64), (line,) * 100)
        for first in range(1, 50_001, 100)
    )
    opening = Opening(1, KIOSK, Source.KIOSK, desk.recipient, 5, True, "x", signing_key_id(SEED))
    path = tmp_path / "large.yicang"
    tracemalloc.start()
    with path.open("wb") as file:
        events, _ = seal(opening, SEED, many, file)
    with path.open("rb") as file:
        opened, lines = bundles.open_bundle(
            file, bundle_key.load(desk.key_file), desk.call, tmp_path
        )
    lines.close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (events, opened.events) == (50_000, 50_000)
    assert peak < 8 * 2**20


def test_why_a_bundle_could_not_be_written_is_logged_and_the_kiosk_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    head = Opening(1, KIOSK, Source.KIOSK, "no key at all", 5, False, "yicang-test", "")
    done: list[Written] = []
    thread = BundleThread(Order(tmp_path, "1.yicang", head, None, (), b""), done.append)
    thread.give(None)
    thread.start()
    thread.join(10.0)
    assert done == [Written(str(tmp_path), 0, FAULTY)]
    [said] = [one for one in caplog.records if one.exc_info]
    assert said.getMessage() == "the bundle 1.yicang could not be written"
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []
