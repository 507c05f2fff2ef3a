"""What a kiosk's own loop tells the watchdog, when its hub answers, is silent, or only seems to
work: a real journal, the real relay, the clock of the test."""

from pathlib import Path

import pytest

from contract import topics
from contract.events import ZERO_HASH
from contract.messages import Ack, Hello, HubStatus, Position, Welcome, decode, encode
from kiosk.inputs import MqttConnected, MqttDisconnected, MqttMessage
from kiosk.loop import LOOK_MS
from kiosk.watchdog import UNACKED_MS
from tests.support.journals import KIOSK, WALL, Home
from tests.support.loop_scene import Running
from tests.support.people import RICE

DOOR = "scanner-1"


class Stop:
    """A kiosk with something that the hub has not acknowledged."""

    def __init__(self, kiosk: Running) -> None:
        self.kiosk = kiosk
        kiosk.scan(RICE, lane=DOOR)

    def welcome(self) -> None:
        """The hub answers the newest hello, and has nothing yet."""
        hellos = [raw for topic, raw in self.kiosk.wire.said if topic == topics.up(KIOSK, "hello")]
        hello = decode(hellos[-1], Hello)
        told = tuple(Position(kept.epoch, 0, ZERO_HASH, 0) for kept in hello.epochs)
        self.hear("welcome", encode(Welcome(hello.nonce, told, WALL)))

    def connect(self) -> None:
        self.kiosk.take(MqttConnected())
        online = encode(HubStatus(online=True, incarnation="one"))
        self.kiosk.take(MqttMessage(topics.HUB_STATUS, online))
        self.welcome()

    def hear(self, name: str, payload: bytes) -> None:
        self.kiosk.take(MqttMessage(topics.down(KIOSK, name), payload))

    def acknowledge(self, count: int) -> None:
        """The hub has the first ``count`` of them."""
        event = self.kiosk.open.lines()[count - 1]
        self.hear("ack", encode(Ack(event.public.epoch, count, event.hash)))

    def fed_for(self, ms: int) -> bool:
        """Whether the watchdog was fed at the last of so many looks. A line that the kiosk wants
        anew it gets, and the hub answers there."""
        before = after = self.kiosk.fed
        for _ in range(ms // LOOK_MS):
            before, lines = after, self.kiosk.wire.reconnects
            self.kiosk.wait(LOOK_MS)
            after = self.kiosk.fed
            if self.kiosk.wire.reconnects > lines:
                self.kiosk.take(MqttDisconnected("anew"))
                self.connect()
        return after > before


@pytest.fixture
def stop(tmp_path: Path) -> Stop:
    return Stop(Running(Home(tmp_path / "kiosk"), lanes=[DOOR]))


def test_a_hub_that_answers_and_acknowledges_nothing_lets_the_watchdog_bite(stop: Stop) -> None:
    stop.connect()
    assert stop.fed_for(UNACKED_MS // 2)
    assert not stop.fed_for(UNACKED_MS)


def test_a_hub_that_acknowledges_now_and_then_is_progress(stop: Stop) -> None:
    stop.connect()
    for count in (1, 2):
        assert stop.fed_for(UNACKED_MS * 3 // 4)
        stop.acknowledge(count)
    assert stop.fed_for(UNACKED_MS * 3 // 4)


def test_a_kiosk_without_a_line_is_fed_however_long_it_lasts(stop: Stop) -> None:
    assert stop.fed_for(3 * UNACKED_MS)
    stop.connect()
    assert stop.fed_for(UNACKED_MS // 2)
    stop.kiosk.take(MqttDisconnected("gone"))
    assert stop.fed_for(3 * UNACKED_MS)
