"""What a kiosk keeps for a hub that comes back from a backup: a real journal, the real uplink, and
a hub that is a table, as anybody's disk may leave it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from contract import batches, topics
from contract.events import ZERO_HASH, Noticed, decode
from contract.messages import Ack, Hello, Position, Welcome, encode
from contract.messages import decode as decode_message
from kiosk.command_desk import CommandDesk
from kiosk.inputs import MqttMessage
from kiosk.streams import KEPT_MS
from kiosk.time_desk import TimeDesk
from kiosk.uplink import Uplink
from tests.support.journals import DAY_MS, KIOSK, WALL, Home, OpenJournal
from tests.support.loop_scene import Wire
from tests.support.memory import in_memory

Key = tuple[str, int]
"""An event: epoch and seq."""


class Disk(NamedTuple):
    """What a hub's database holds: the hash of each event, and how far a backup had it."""

    held: dict[Key, str]
    safe: dict[str, int]


class Hub:
    """A hub's word is what is on its disk now."""

    def __init__(self) -> None:
        self.disk = Disk({}, {})
        self.backups: Final[list[Disk]] = []

    def through(self, epoch: str) -> int:
        seq = 0
        while (epoch, seq + 1) in self.disk.held:
            seq += 1
        return seq

    def hash_at(self, epoch: str, seq: int) -> str:
        return self.disk.held[epoch, seq] if seq else ZERO_HASH

    def commit(self, payload: bytes) -> Ack:
        """Takes a batch and acknowledges it."""
        batch = batches.decode(payload, {})
        for seq, line in enumerate(batch.lines, start=batch.header.first):
            self.disk.held[batch.header.epoch, seq] = decode(line).hash
        through = self.through(batch.header.epoch)
        return Ack(batch.header.epoch, through, self.hash_at(batch.header.epoch, through))

    def welcome(self, hello: Hello, now: int) -> Welcome:
        told = []
        for kept in hello.epochs:
            through = self.through(kept.epoch)
            digest = self.hash_at(kept.epoch, through)
            told.append(Position(kept.epoch, through, digest, self.disk.safe.get(kept.epoch, 0)))
        return Welcome(hello.nonce, tuple(told), now)

    def back_up(self) -> None:
        """All of it is elsewhere and was verified; only then the database says so."""
        self.backups.append(Disk(dict(self.disk.held), dict(self.disk.safe)))
        for epoch, _ in self.disk.held:
            self.disk.safe[epoch] = self.through(epoch)

    def restore(self, number: int) -> None:
        old = self.backups[number]
        self.disk = Disk(dict(old.held), dict(old.safe))


class Stop:
    """A kiosk as its loop would run it, and the hub at the other end."""

    def __init__(self, home: Home) -> None:
        self.home: Final = home
        self.hub: Final = Hub()
        self.days = 0
        self.begin()

    def begin(self) -> None:
        self.kiosk: OpenJournal = self.home.open()
        self.wire = Wire()
        journal, learnt = self.kiosk.journal, self.kiosk.learnt
        self.uplink = Uplink(
            KIOSK,
            journal,
            learnt,
            self.wire,
            self.kiosk.reference,
            TimeDesk(journal, learnt, lambda: None),
            CommandDesk(KIOSK, journal, learnt, self.wire),
            software="test",
            entropy=self.kiosk.random,
        )

    def held(self) -> dict[Key, str]:
        """What stands in the kiosk's journal."""
        return {(e.public.epoch, e.public.seq): e.hash for e in self.kiosk.lines()}

    def scan(self, count: int) -> None:
        self.kiosk.append(*[Noticed(kind="card-dropped")] * count)
        self.uplink.appended()

    def wait(self, days: int) -> None:
        self.days += days
        self.home.clock.now += days * DAY_MS

    def meet(self) -> None:
        """The line is there again: hello and welcome."""
        self.uplink.disconnected()
        self.wire.said.clear()
        self.uplink.connected()
        [(_, payload)] = self.wire.said
        self.wire.said.clear()
        welcome = self.hub.welcome(decode_message(payload, Hello), WALL + self.days * DAY_MS)
        self._hear(topics.WELCOME, encode(welcome))

    def deliver(self) -> list[Ack]:
        """The hub commits what was sent; its acknowledgements are not heard yet."""
        said, self.wire.said = self.wire.said, []
        events = topics.up(KIOSK, topics.EVENTS)
        return [self.hub.commit(payload) for topic, payload in said if topic == events]

    def hear(self, ack: Ack) -> None:
        self._hear(topics.ACK, encode(ack))

    def _hear(self, name: str, payload: bytes) -> None:
        self.uplink.message(MqttMessage(topics.down(KIOSK, name), payload))

    def settle(self) -> None:
        """Until the hub has all that the kiosk has."""
        self.meet()
        while acks := self.deliver():
            for ack in acks:
                self.hear(ack)


@contextmanager
def a_stop() -> Iterator[Stop]:
    with in_memory() as folder:
        stop = Stop(Home(Path(folder) / "kiosk"))
        yield stop
        stop.kiosk.close()


@pytest.mark.parametrize("restarted", [False, True])
def test_what_a_restored_hub_lacks_is_sent_again_however_old_and_safe_it_was(
    restarted: bool,
) -> None:
    with a_stop() as stop:
        stop.scan(3)
        stop.settle()
        stop.hub.back_up()
        stop.scan(8)
        stop.settle()
        stop.hub.back_up()
        stop.settle()
        if restarted:
            stop.kiosk.close()
            stop.begin()
            stop.settle()
        before = stop.held()
        stop.wait(days=31)
        stop.hub.restore(0)
        stop.settle()
        assert before.items() <= stop.hub.disk.held.items()
        assert stop.kiosk.journal.streams.backlog() == 0
        stop.hub.back_up()
        stop.wait(days=1)
        stop.settle()
        assert len(stop.held()) < len(before), "what is old and safe with this hub goes"


def test_of_what_a_hub_has_another_story_nothing_goes_however_old() -> None:
    with a_stop() as stop:
        stop.scan(5)
        stop.settle()
        stop.hub.back_up()
        stop.settle()
        [(epoch, _), *_] = stop.held()
        mine = {key for key in stop.held() if key[0] == epoch}
        stop.hub.disk.held[epoch, stop.hub.through(epoch)] = "f" * 64
        stop.meet()
        assert stop.kiosk.journal.streams.by_epoch[epoch].disputed
        stop.kiosk.close()
        stop.begin()
        stop.meet()
        stop.home.clock.now += 2 * KEPT_MS
        stop.days += 60
        stop.meet()
        assert mine <= stop.held().keys()


class RestoredHub(RuleBasedStateMachine):
    """Whatever is restored, lost, late or repeated: what leaves the kiosk's journal is on the hub's
    disk at that moment and in a backup, and in the end the hub has all else."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = in_memory()
        self.stop = Stop(Home(Path(self.folder.name) / "kiosk"))
        self.late: list[Ack] = []
        self.dropped: dict[Key, str] = {}
        self.ever: dict[Key, str] = {}

    @rule(count=st.integers(1, 4))
    def somebody_scans(self, count: int) -> None:
        self.stop.scan(count)
        self.ever |= self.stop.held()

    @rule(heard=st.booleans())
    def what_was_sent_arrives(self, heard: bool) -> None:
        acks = self.stop.deliver()
        self.late += acks
        if heard:
            for ack in acks:
                self.stop.hear(ack)

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def an_acknowledgement_comes_late_or_again(self, data: st.DataObject) -> None:
        self.stop.hear(data.draw(st.sampled_from(self.late)))

    @rule()
    def the_line_is_there_again(self) -> None:
        self._line(self.stop.meet)

    @rule()
    def all_is_sent_and_backed_up(self) -> None:
        self._line(self.stop.settle)
        self.stop.hub.back_up()
        self._line(self.stop.meet)

    def _line(self, happens: Callable[[], None]) -> None:
        before = self.stop.held()
        happens()
        after = self.stop.held()
        gone = dict(before.items() - after.items())
        assert gone.items() <= self.stop.hub.disk.held.items()
        assert all(any(k in b.held for b in self.stop.hub.backups) for k in gone)
        self.dropped |= gone
        self.ever |= after

    @rule()
    def the_hub_is_backed_up(self) -> None:
        self.stop.hub.back_up()

    @precondition(lambda self: self.stop.hub.backups)
    @rule(data=st.data())
    def the_hub_is_restored(self, data: st.DataObject) -> None:
        self.stop.hub.restore(data.draw(st.integers(0, len(self.stop.hub.backups) - 1)))

    @rule(days=st.sampled_from((1, 29, 31)))
    def time_passes(self, days: int) -> None:
        self.stop.wait(days)

    @rule(rebooted=st.booleans())
    def the_kiosk_starts_anew(self, rebooted: bool) -> None:
        self.stop.kiosk.close()
        if rebooted:
            self.stop.home.clock.boot = f"{int(self.stop.home.clock.boot, 16) + 1:032x}"
            self.stop.home.clock.now = 5_000
        self.stop.begin()
        self.ever |= self.stop.held()

    def teardown(self) -> None:
        try:
            self.ever |= self.stop.held()
            self.the_line_is_there_again()
            self.stop.settle()
            self.ever |= self.stop.held()
            lacking = self.ever.items() - self.stop.hub.disk.held.items()
            assert lacking <= self.dropped.items()
        finally:
            self.stop.kiosk.close()
            self.folder.cleanup()


TestRestoredHub = RestoredHub.TestCase
TestRestoredHub.settings = settings(max_examples=25, stateful_step_count=20)
