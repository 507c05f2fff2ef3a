"""The relay: what it publishes and what it believes, whatever the broker and the hub do."""

from collections.abc import Mapping
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from contract.events import ZERO_HASH
from contract.messages import HELLO_INTERVAL_S, Ack, HubStatus, Position, Welcome
from kiosk import relay
from kiosk.relay import (
    MAX_SILENCE_MS,
    SILENCE_MS,
    STALLED_RESENDS,
    WINDOW,
    Acked,
    Appended,
    Connected,
    Disconnected,
    Dispute,
    FetchReference,
    HubStatusSeen,
    LearnTime,
    Now,
    Reconnect,
    RelayEffect,
    RelayInput,
    RelayState,
    SayHello,
    SendFrom,
    Store,
    StreamFacts,
    Tick,
    Welcomed,
    next_deadline,
)

OLD, NEW = "0" * 15 + "1", "0" * 15 + "2"
HUB_TIME = 1_760_000_000_000
ONLINE = HubStatusSeen(HubStatus(online=True, incarnation="one"))
AWAY = HubStatusSeen(HubStatus(online=False))


def hash_of(epoch: str, seq: int) -> str:
    return sha256(f"{epoch}.{seq}".encode()).hexdigest() if seq else ZERO_HASH


class Kiosk:
    """The relay with a journal of so many events an epoch; effects on it are carried out."""

    def __init__(self, **heads: int) -> None:
        self.streams = {
            epoch: StreamFacts(epoch, head, acked=0, safe=0)
            for epoch, head in ((OLD, heads.get("old", 0)), (NEW, heads.get("new", 0)))
            if head
        }
        self.state = RelayState()
        self.now = 1_000_000
        self.jitter = 0.5
        self._nonces = 0

    def take(self, incoming: RelayInput) -> list[RelayEffect]:
        self._nonces += 1
        now = Now(self.now, f"{self._nonces:016x}", self.jitter)
        self.state, effects = relay.step(self.state, incoming, self.streams, now)
        for effect in effects:
            if isinstance(effect, Store):
                for epoch, (acked, safe) in effect.positions.items():
                    self.set(epoch, acked=acked, safe=safe)
            if isinstance(effect, Dispute):
                self.set(effect.epoch, disputed=True)
        return effects

    def set(self, epoch: str, **changes: object) -> None:
        self.streams[epoch] = structs.replace(self.streams[epoch], **changes)

    def append(self, epoch: str = NEW, count: int = 1) -> list[RelayEffect]:
        head = self.streams[epoch].head if epoch in self.streams else 0
        self.streams.setdefault(epoch, StreamFacts(epoch, 0, 0, 0))
        self.set(epoch, head=head + count)
        return self.take(Appended())

    def welcome(
        self, through: Mapping[str, int], *, nonce: str | None = None, safe: int = 0
    ) -> list[RelayEffect]:
        positions = tuple(
            Position(epoch, seq, hash_of(epoch, seq), safe) for epoch, seq in through.items()
        )
        return self.welcome_with(positions, nonce=nonce)

    def welcome_with(
        self, positions: tuple[Position, ...], *, nonce: str | None = None
    ) -> list[RelayEffect]:
        welcome = Welcome(nonce or self.state.nonce or "", positions, HUB_TIME)
        return self.take(
            Welcomed(welcome, {p.epoch: self.own(p.epoch, p.through) for p in positions})
        )

    def ack(self, epoch: str, through: int, hash_there: str | None = None) -> list[RelayEffect]:
        ack = Ack(epoch, through, hash_there or hash_of(epoch, through))
        return self.take(Acked(ack, self.own(epoch, through)))

    def own(self, epoch: str, seq: int) -> str | None:
        stream = self.streams.get(epoch)
        return hash_of(epoch, seq) if stream is not None and seq <= stream.head else None

    def tick_when_due(self) -> list[RelayEffect]:
        due = next_deadline(self.state)
        assert due is not None
        self.now = max(self.now, due)
        return self.take(Tick())

    def acked(self, epoch: str = NEW) -> int:
        return self.streams[epoch].acked


def sends(effects: list[RelayEffect]) -> list[RelayEffect]:
    return [effect for effect in effects if isinstance(effect, SendFrom)]


def greeted(**heads: int) -> Kiosk:
    """Connected, the hub is there, and its welcome knows nothing yet."""
    kiosk = Kiosk(**heads)
    kiosk.take(Connected())
    kiosk.take(ONLINE)
    return kiosk


def welcomed(**heads: int) -> Kiosk:
    kiosk = greeted(**heads)
    kiosk.welcome({})
    return kiosk


# --- saying hello ---------------------------------------------------------------------------------


def test_the_first_thing_on_a_connection_is_a_hello() -> None:
    kiosk = Kiosk(new=5)
    assert kiosk.take(Connected()) == [SayHello("0000000000000001")]
    assert kiosk.append() == []


def test_nothing_is_sent_before_the_hub_has_answered() -> None:
    kiosk = greeted(new=5)
    assert kiosk.append() == []
    assert kiosk.take(Tick()) == []
    effects = kiosk.welcome({NEW: 2}, safe=1)
    assert effects == [
        Store({NEW: (2, 1)}),
        LearnTime(HUB_TIME),
        FetchReference({}),
        SendFrom(NEW, 3, 6),
    ]


def test_a_hub_that_has_everything_is_sent_nothing_and_the_next_event_goes_at_once() -> None:
    kiosk = greeted(new=5)
    assert sends(kiosk.welcome({NEW: 5})) == []
    assert kiosk.append() == [SendFrom(NEW, 6, 6)]


def test_hellos_are_repeated_until_one_is_answered_with_longer_and_longer_waits() -> None:
    kiosk = Kiosk(new=1)
    kiosk.take(Connected())
    waits = []
    for _ in range(STALLED_RESENDS - 1):
        before = kiosk.now
        (hello,) = kiosk.tick_when_due()
        assert isinstance(hello, SayHello)
        waits.append(kiosk.now - before)
    assert waits == [SILENCE_MS, 8_000, 16_000, 32_000, MAX_SILENCE_MS]


def test_a_connection_on_which_no_hello_is_ever_answered_is_made_anew() -> None:
    kiosk = welcomed(new=1)
    kiosk.ack(NEW, 1)
    heard = [kiosk.tick_when_due() for _ in range(STALLED_RESENDS + 1)]
    assert [Reconnect()] in heard
    assert all(
        effects in ([Reconnect()], [SayHello(kiosk.state.nonce or "")]) for effects in heard[-1:]
    )
    kiosk.take(Disconnected())
    assert isinstance(kiosk.take(Connected())[0], SayHello)


def test_every_ten_minutes_there_is_a_hello() -> None:
    kiosk = welcomed(new=1)
    kiosk.ack(NEW, 1)
    before = kiosk.now
    (hello,) = kiosk.tick_when_due()
    assert isinstance(hello, SayHello)
    assert kiosk.now - before == HELLO_INTERVAL_S * 1000


def test_a_hub_with_another_incarnation_is_greeted_anew() -> None:
    kiosk = welcomed(new=1)
    old_nonce = kiosk.state.nonce
    (hello,) = kiosk.take(HubStatusSeen(HubStatus(online=True, incarnation="two")))
    assert isinstance(hello, SayHello)
    assert hello.nonce != old_nonce
    assert kiosk.append() == []


def test_the_same_status_again_is_no_news() -> None:
    kiosk = welcomed(new=1)
    assert kiosk.take(ONLINE) == []


def test_while_the_hub_is_away_nothing_is_sent() -> None:
    kiosk = welcomed(new=1)
    assert kiosk.take(AWAY) == []
    assert kiosk.append(count=10) == []
    for _ in range(3):
        assert sends(kiosk.tick_when_due()) == []
    (hello,) = kiosk.take(ONLINE)
    assert isinstance(hello, SayHello)
    assert sends(kiosk.welcome({NEW: 0})) == [SendFrom(NEW, 1, 11)]


def test_without_a_broker_nothing_is_due_and_nothing_is_sent() -> None:
    kiosk = welcomed(new=5)
    assert kiosk.take(Disconnected()) == []
    assert next_deadline(kiosk.state) is None
    for incoming in (Tick(), Appended(), ONLINE, AWAY):
        assert kiosk.take(incoming) == []


# --- sending --------------------------------------------------------------------------------------


def test_the_oldest_epoch_goes_first_and_the_window_holds_over_both() -> None:
    kiosk = greeted(old=WINDOW - 10, new=50)
    assert sends(kiosk.welcome({OLD: 0, NEW: 0})) == [
        SendFrom(OLD, 1, WINDOW - 10),
        SendFrom(NEW, 1, 10),
    ]
    assert kiosk.append() == []
    assert sends(kiosk.ack(OLD, 100)) == [SendFrom(NEW, 11, 51)]


def test_an_ack_makes_room_for_as_many_as_it_names() -> None:
    kiosk = greeted(new=1_000)
    assert sends(kiosk.welcome({OLD: 0, NEW: 0})) == [SendFrom(NEW, 1, WINDOW)]
    assert kiosk.ack(NEW, 7) == [Store({NEW: (7, 0)}), SendFrom(NEW, WINDOW + 1, WINDOW + 7)]


def test_silence_is_followed_by_the_same_again_after_longer_and_longer_waits() -> None:
    kiosk = welcomed(new=3)
    waits = []
    for _ in range(STALLED_RESENDS - 1):
        before = kiosk.now
        assert kiosk.tick_when_due() == [SendFrom(NEW, 1, 3)]
        waits.append(kiosk.now - before)
    assert waits == [SILENCE_MS, 8_000, 16_000, 32_000, MAX_SILENCE_MS]
    assert kiosk.tick_when_due() == [Reconnect()]


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 3_000), (0.5, 4_000), (1.0, 5_000)])
def test_waits_differ_from_kiosk_to_kiosk(jitter: float, wait: int) -> None:
    kiosk = greeted(new=3)
    kiosk.jitter = jitter
    kiosk.welcome({})
    assert next_deadline(kiosk.state) == kiosk.now + wait


def test_progress_makes_the_waits_short_again() -> None:
    kiosk = welcomed(new=3)
    for _ in range(3):
        kiosk.tick_when_due()
    kiosk.ack(NEW, 1)
    before = kiosk.now
    assert kiosk.tick_when_due() == [SendFrom(NEW, 2, 3)]
    assert kiosk.now - before == SILENCE_MS


def test_when_all_is_acknowledged_nothing_is_sent_again() -> None:
    kiosk = welcomed(new=3)
    kiosk.ack(NEW, 3)
    (effect,) = kiosk.tick_when_due()
    assert isinstance(effect, SayHello)


# --- believing ------------------------------------------------------------------------------------


def test_an_ack_never_lowers_what_is_acknowledged() -> None:
    kiosk = welcomed(new=10)
    kiosk.ack(NEW, 8)
    for through in (3, 8):
        assert kiosk.ack(NEW, through) == []
    assert kiosk.acked() == 8


def test_a_hub_restored_from_a_backup_is_sent_what_it_lacks() -> None:
    kiosk = welcomed(new=10)
    kiosk.ack(NEW, 10)
    kiosk.take(HubStatusSeen(HubStatus(online=True, incarnation="restored")))
    effects = kiosk.welcome({NEW: 4})
    assert Store({NEW: (4, 0)}) in effects
    assert sends(effects) == [SendFrom(NEW, 5, 10)]


def test_a_hub_that_lost_an_epoch_altogether_is_sent_all_of_it() -> None:
    kiosk = welcomed(old=3, new=10)
    kiosk.ack(OLD, 3)
    kiosk.ack(NEW, 10)
    kiosk.take(HubStatusSeen(HubStatus(online=True, incarnation="empty")))
    assert sends(kiosk.welcome({OLD: 0, NEW: 0})) == [SendFrom(OLD, 1, 3), SendFrom(NEW, 1, 10)]


def test_an_epoch_that_the_hello_had_no_room_for_keeps_what_is_acknowledged() -> None:
    kiosk = welcomed(old=3, new=10)
    kiosk.ack(OLD, 3)
    kiosk.take(HubStatusSeen(HubStatus(online=True, incarnation="again")))
    effects = kiosk.welcome({NEW: 10})
    assert Store({NEW: (10, 0)}) in effects
    assert sends(effects) == []


def test_a_late_answer_to_an_older_hello_is_ignored() -> None:
    kiosk = greeted(new=10)
    late = "0000000000000001"
    assert kiosk.state.nonce != late
    kiosk.welcome({NEW: 8})
    assert kiosk.welcome({NEW: 2}, nonce=late) == []
    assert kiosk.acked() == 8


def test_a_late_answer_is_ignored_also_while_the_newer_hello_waits_for_its_own() -> None:
    kiosk = welcomed(new=10)
    kiosk.ack(NEW, 10)
    kiosk.tick_when_due()
    older = kiosk.state.nonce
    kiosk.tick_when_due()
    assert len({None, older, kiosk.state.nonce}) == 3
    assert kiosk.welcome({NEW: 2}, nonce=older) == []
    assert kiosk.acked() == 10
    kiosk.welcome({NEW: 3})
    assert kiosk.acked() == 3


def test_the_same_welcome_a_second_time_lowers_nothing() -> None:
    kiosk = greeted(new=10)
    nonce = kiosk.state.nonce
    kiosk.welcome({NEW: 2})
    kiosk.ack(NEW, 10)
    assert kiosk.welcome({NEW: 2}, nonce=nonce) == []
    assert kiosk.acked() == 10


@pytest.mark.parametrize("through", [1, 7, 10])
def test_an_ack_with_another_hash_is_none_and_is_told(through: int) -> None:
    kiosk = welcomed(new=10)
    assert kiosk.ack(NEW, through, "f" * 64) == [Dispute(NEW, through)]
    assert kiosk.acked() == 0


def test_a_welcome_with_another_hash_keeps_the_tail_and_the_other_epoch_goes_on() -> None:
    kiosk = greeted(old=4, new=10)
    effects = kiosk.welcome_with((Position(OLD, 3, "f" * 64, 3), Position(NEW, 1, hash_of(NEW, 1))))
    assert Dispute(OLD, 3) in effects
    assert Store({NEW: (1, 0)}) in effects
    assert sends(effects) == [SendFrom(NEW, 2, 10)]


def test_a_hub_that_knows_more_than_there_ever_was_knows_another_story() -> None:
    kiosk = greeted(new=10)
    assert Dispute(NEW, 12) in kiosk.welcome({NEW: 12})
    assert kiosk.ack(NEW, 11) == []
    kiosk = welcomed(new=10)
    assert kiosk.ack(NEW, 11) == [Dispute(NEW, 11)]
    assert kiosk.acked() == 0


def test_a_disputed_epoch_is_neither_sent_nor_acknowledged_again() -> None:
    kiosk = welcomed(new=10)
    kiosk.ack(NEW, 5, "f" * 64)
    assert kiosk.ack(NEW, 10) == []
    assert kiosk.append() == []
    kiosk.take(HubStatusSeen(HubStatus(online=True, incarnation="two")))
    assert sends(kiosk.welcome({NEW: 3})) == []
    assert kiosk.acked() == 0


def test_a_position_that_was_pruned_here_is_believed() -> None:
    kiosk = greeted(new=10)
    welcome = Welcome(kiosk.state.nonce or "", (Position(NEW, 4, "f" * 64, 4),), HUB_TIME)
    effects = kiosk.take(Welcomed(welcome, {NEW: None}))
    assert Store({NEW: (4, 4)}) in effects


def test_epochs_that_only_the_hub_knows_are_no_business_of_ours() -> None:
    kiosk = greeted(new=1)
    assert Store({NEW: (0, 0)}) in kiosk.welcome({OLD: 7, NEW: 0})
    assert kiosk.ack(OLD, 8) == []


# --- a whole afternoon ----------------------------------------------------------------------------


class Hub:
    """What a hub does, as a model: a set of events an epoch, acknowledged up to the first gap."""

    def __init__(self) -> None:
        self.held: dict[str, set[int]] = {OLD: set(), NEW: set()}
        self.most = {OLD: 0, NEW: 0}
        self.incarnation = 0

    def through(self, epoch: str) -> int:
        seq = 0
        while seq + 1 in self.held[epoch]:
            seq += 1
        return seq

    def commit(self, send: SendFrom) -> Ack:
        self.held[send.epoch] |= set(range(send.first, send.last + 1))
        through = self.through(send.epoch)
        self.most[send.epoch] = max(self.most[send.epoch], through)
        return Ack(send.epoch, through, hash_of(send.epoch, through))

    def answer(self, hello: SayHello) -> Welcome:
        through = {epoch: self.through(epoch) for epoch in (*self.held, OLD, NEW)}
        positions = tuple(Position(e, seq, hash_of(e, seq)) for e, seq in through.items())
        return Welcome(hello.nonce, positions, HUB_TIME)

    def snapshot(self) -> dict[str, set[int]]:
        return {epoch: set(seqs) for epoch, seqs in self.held.items()}


class Afternoon:
    """A kiosk, a hub and a network between them that may lose, repeat and reorder."""

    def __init__(self) -> None:
        self.kiosk = Kiosk(old=3, new=1)
        self.hub = Hub()
        self.up: list[SayHello | SendFrom] = []
        self.down: list[Welcome | Ack | HubStatus] = []
        self.backups = [self.hub.snapshot()]
        self.carry_out(self.kiosk.take(Connected()))
        self.announce()

    def carry_out(self, effects: list[RelayEffect]) -> None:
        for effect in effects:
            match effect:
                case SayHello() | SendFrom():
                    self.up.append(effect)
                case Store(positions):
                    for epoch, (acked, _) in positions.items():
                        assert acked <= self.hub.most[epoch]
                case Dispute():
                    raise AssertionError("the hub never told another story")
                case Reconnect():
                    self.reconnect()

    def reconnect(self) -> None:
        self.up.clear()
        self.down.clear()
        self.carry_out(self.kiosk.take(Disconnected()))
        self.carry_out(self.kiosk.take(Connected()))
        self.announce()

    def announce(self) -> None:
        self.down.append(HubStatus(online=True, incarnation=str(self.hub.incarnation)))

    def restart_hub(self) -> None:
        self.hub.incarnation += 1
        self.announce()

    def to_hub(self, index: int) -> None:
        message = self.up.pop(index % len(self.up))
        if isinstance(message, SayHello):
            self.down.append(self.hub.answer(message))
        else:
            self.down.append(self.hub.commit(message))

    def to_kiosk(self, index: int) -> None:
        message = self.down.pop(index % len(self.down))
        match message:
            case HubStatus():
                self.carry_out(self.kiosk.take(HubStatusSeen(message)))
            case Ack():
                own = self.kiosk.own(message.epoch, message.through)
                self.carry_out(self.kiosk.take(Acked(message, own)))
            case Welcome():
                own_hashes = {p.epoch: self.kiosk.own(p.epoch, p.through) for p in message.epochs}
                self.carry_out(self.kiosk.take(Welcomed(message, own_hashes)))

    def do(self, what: str, index: int) -> None:
        match what:
            case "up" if self.up:
                self.to_hub(index)
            case "down" if self.down:
                self.to_kiosk(index)
            case "lose up" if self.up:
                self.up.pop(index % len(self.up))
            case "lose down" if self.down:
                self.down.pop(index % len(self.down))
            case "repeat up" if self.up:
                self.up.append(self.up[index % len(self.up)])
            case "repeat down" if self.down:
                self.down.append(self.down[index % len(self.down)])
            case "append":
                self.carry_out(self.kiosk.append(NEW, 1 + index * 20))
            case "wait":
                self.kiosk.now += index * 3_000
                self.carry_out(self.kiosk.take(Tick()))
            case "reconnect":
                self.reconnect()
            case "back up":
                self.backups.append(self.hub.snapshot())
            case "restore":
                self.hub.held = {
                    epoch: set(seqs)
                    for epoch, seqs in self.backups[index % len(self.backups)].items()
                }
                self.restart_hub()
            case "hub away":
                self.carry_out(self.kiosk.take(AWAY))

    def good_weather(self) -> None:
        """From now on everything arrives in order, and a quarter of an hour passes."""
        until = self.kiosk.now + 15 * 60_000
        self.announce()
        while self.kiosk.now < until:
            while self.up or self.down:
                if self.up:
                    self.to_hub(0)
                else:
                    self.to_kiosk(0)
            due = next_deadline(self.kiosk.state)
            assert due is not None, "nothing is due although the kiosk is connected"
            self.kiosk.now = max(self.kiosk.now, due)
            self.carry_out(self.kiosk.take(Tick()))


WEATHER = (
    "up", "down", "up", "down", "lose up", "lose down", "repeat up", "repeat down", "append",
    "append", "wait", "wait", "reconnect", "back up", "restore", "hub away",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WEATHER), st.integers(0, 20)), max_size=60))
def test_in_the_end_the_hub_holds_everything_whatever_the_weather_was(
    weather: list[tuple[str, int]],
) -> None:
    afternoon = Afternoon()
    for what, index in weather:
        afternoon.do(what, index)
    afternoon.good_weather()
    for epoch, stream in afternoon.kiosk.streams.items():
        assert afternoon.hub.held[epoch] == set(range(1, stream.head + 1))
        assert stream.acked == stream.head == afternoon.hub.through(epoch)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WEATHER), st.integers(0, 20)), max_size=60))
def test_never_more_than_the_window_is_under_way(weather: list[tuple[str, int]]) -> None:
    afternoon = Afternoon()
    for what, index in weather:
        afternoon.do(what, index)
        sent = afternoon.kiosk.state.sent
        streams = afternoon.kiosk.streams
        assert sum(max(0, seq - streams[epoch].acked) for epoch, seq in sent.items()) <= WINDOW
