"""One kiosk sends as fast as it can; the others wait no second longer for acknowledgements."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec import to_builtins

from contract import batches, codes, messages, topics
from contract.messages import Health, Hello, HubStatus, Kept, PartHealth, Welcome
from contract.reference import KnownPlace
from hub.kiosks import catalogue
from hub.log.ingest import REPEAT_MS, Message
from kiosk.relay import WINDOW
from tests.support.broker_doors import Caller
from tests.support.broker_site import BrokerSite, acknowledged, send
from tests.support.databases import DATABASES
from tests.support.events import Journal, message_of, runs
from tests.support.flood import flooding, packets
from tests.support.hubdb import HubDb, make_template
from tests.support.tries import quickest

NOISY = "kiosk-a"
QUIET = "kiosk-b"
ADDED_S = 1.0
ROUNDS = 5
FLOOD_S = 2.5


@contextmanager
def two_kiosks(folder: Path) -> Iterator[BrokerSite]:
    """A broker and a hub that know both."""
    (folder / "hub").mkdir(parents=True)
    with BrokerSite(folder, make_template(folder / "hub" / "hub.sqlite3")) as running:
        running.allow(NOISY)
        running.allow(QUIET)
        yield running


@pytest.fixture
def site(tmp_path: Path) -> Iterator[BrokerSite]:
    with two_kiosks(tmp_path) as running:
        yield running


class Scanning:
    """A kiosk at which somebody scans; how long each batch waits for its acknowledgement. Like any
    kiosk it says hello to a hub of another incarnation, and sends what that lacks; unlike one it
    never sends again for having waited, which would hide a loss."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.journal = Journal(QUIET, "00AB")
        self.journal.start()
        self._sent = 0
        self._known = ""
        self._nonces = 0
        self._told = 0  # through which event the hub has what, by its last welcome
        caller.subscribe(*(topics.down(QUIET, name) for name in topics.DOWN), topics.HUB_STATUS)
        caller.wait(lambda: self._incarnation() != "", "the hub")
        self._known = self._incarnation()

    def scan(self) -> float:
        self.journal.receive()
        fresh = self.journal.written[self._sent :]
        self._sent = len(self.journal.written)
        began = time.monotonic()
        send(self.caller, message_of(fresh))
        self.caller.wait(self._is_through, "the acknowledgement", 60)
        return time.monotonic() - began

    def _is_through(self) -> bool:
        if self._incarnation() != self._known:
            self._known = self._incarnation()
            self._nonces += 1
            last = self.journal.written[-1]
            kept = Kept(str(self.journal.epoch), 1, last.public.seq, last.hash)
            hello = messages.encode(Hello(f"{self._nonces:016x}", (kept,)))
            self.caller.publish(topics.up(QUIET, topics.HELLO), hello)
        epoch, last_seq = str(self.journal.epoch), self.journal.seq
        for topic, payload, _ in self.caller.received:
            if topic == topics.down(QUIET, topics.WELCOME):
                welcome = messages.decode(payload, Welcome)
                if welcome.nonce == f"{self._nonces:016x}":
                    self._told = welcome.epochs[0].through
                    self._nonces += 1
                    if lacking := self.journal.written[self._told :]:
                        send(self.caller, message_of(lacking))
        return max(self._told, acknowledged(self.caller, QUIET, epoch)) >= last_seq

    def _incarnation(self) -> str:
        said = [one for one in self.caller.received if one[0] == topics.HUB_STATUS]
        status = messages.decode(said[-1][1], HubStatus) if said else None
        return status.incarnation if status is not None and status.online else self._known


def valid() -> list[Message]:
    journal = Journal(NOISY, "00AA")
    journal.start()
    for _ in range(6000):
        journal.receive()
    return [message_of(run) for run in runs(journal.written, 150)]


def junk() -> list[Message]:
    """Everything that costs the hub something: unreadable, half readable, wrong, asking."""
    noise = b"\xff\xfe{" * 40
    hello = messages.encode(Hello("0" * 16, ()))
    health = messages.encode(
        Health(
            backlog=0,
            oldest_unsent_s=0,
            events=1,
            clock=True,
            software="0",
            uptime_s=1,
            disk_free_mb=1,
        )
    )
    each = [
        *(Message(topics.up(NOISY, name), noise, {}) for name in topics.UP),
        Message(topics.up(NOISY, topics.HELLO), hello, {}),
        Message(topics.up(NOISY, topics.HEALTH), health, {}),
        Message(topics.down(QUIET, topics.ACK), noise, {}),
    ]
    return each * 500


def large() -> list[Message]:
    return [
        Message(topics.up(NOISY, topics.EVENTS), b"x" * batches.MAX_BATCH_BYTES, {})
        for _ in range(40)
    ]


@pytest.mark.proof  # a bound in seconds, for a machine that does nothing else
@pytest.mark.sqlite  # PostgreSQL shares this machine's processors with it
@pytest.mark.parametrize(
    ("kind", "qos"),
    [
        (junk, 0),
        (junk, 1),
        (valid, 0),
        (valid, 1),
        (large, 0),
        (large, 1),
    ],
)
def test_a_kiosk_that_sends_as_fast_as_it_can_delays_nobody_by_a_second(
    tmp_path: Path, kind: Callable[[], Sequence[Message]], qos: int
) -> None:
    flood = packets(kind(), qos)

    def once(number: int) -> float:
        folder = tmp_path / str(number)  # whoever was held off once stays so
        with two_kiosks(folder) as site:
            return added(site, flood, folder)

    assert quickest(once, ADDED_S) < ADDED_S


def added(site: BrokerSite, flood: bytes, folder: Path) -> float:
    """By how many seconds the quiet kiosk waits longer, at worst, while the other one floods."""
    with site.broker.by_password(QUIET) as caller:
        quiet = Scanning(caller)
        usual = statistics.median(quiet.scan() for _ in range(ROUNDS))
        worst = 0.0
        with flooding(site.broker, NOISY, flood, folder):
            began = time.monotonic()
            while time.monotonic() - began < FLOOD_S:
                worst = max(worst, quiet.scan())
            assert not site.lets_in(NOISY), "it is held off"
        assert not caller.ended
    query = "SELECT count FROM incident WHERE kind = 'sends-too-much' AND kiosk = 'kiosk-a'"
    assert DATABASES.look(site.database, query) == [(1,)]
    return worst - usual


def test_a_kiosk_that_catches_up_is_not_held_off(site: BrokerSite) -> None:
    """All that a kiosk can have under way, each event by itself, and all of it again."""
    journal = Journal(NOISY, "00AA")
    journal.start()
    for _ in range(200):
        journal.receive()
    with site.broker.by_password(NOISY) as caller:
        caller.subscribe(topics.down(NOISY, topics.ACK))
        for _ in range(2):
            for run in runs(journal.written[:WINDOW], 1):
                send(caller, message_of(run))
        epoch = str(journal.epoch)
        caller.wait(lambda: acknowledged(caller, NOISY, epoch) >= WINDOW, "all of them", 30)
        assert not caller.ended
    assert DATABASES.look(site.database, "SELECT kind FROM incident") == []


def test_a_kiosk_that_always_asks_is_told_all_names_once_in_a_while(tmp_path: Path) -> None:
    shelf = KnownPlace(codes.PLACE_IN, "shelf", "架", "Shelf")
    health = Health(
        backlog=0,
        oldest_unsent_s=0,
        events=1,
        clock=True,
        software="0",
        uptime_s=1,
        disk_free_mb=1,
        reference=(PartHealth("places", ok=False, detail="a piece is damaged"),),
    )
    asking = Message(topics.up(NOISY, topics.HEALTH), messages.encode(health), {})
    with HubDb(make_template(tmp_path / "hub.sqlite3")) as hub:
        with hub.engine.begin() as connection:
            catalogue.put(connection, "places", [to_builtins(shelf)])
            hub.reference.manifest(connection, hub.now_ms)
        told = [len(one.sends) for _ in range(50) for one in hub.take(asking)]
        assert told[0] > 0
        assert sum(told[1:]) == 0
        hub.now_ms += REPEAT_MS
        assert [len(one.sends) for one in hub.take(asking)] == told[:1]
