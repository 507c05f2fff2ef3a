"""A kiosk's line to its broker ends in every way that lines end, and comes back each time."""

import contextlib
import itertools
import logging
import os
import queue
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract import topics
from contract.messages import HubStatus, KioskStatus, Welcome, decode, encode
from kiosk.clock import LearntClock
from kiosk.command_desk import CommandDesk
from kiosk.inputs import LoopInput, MqttConnected, MqttDisconnected, MqttMessage
from kiosk.mqtt_link import MqttLink
from kiosk.time_desk import TimeDesk
from kiosk.tls import pinned_context
from kiosk.uplink import Uplink
from tests.support.broker import Mosquitto
from tests.support.certificates import Authority
from tests.support.journals import Home, SetClock
from tests.support.ports import free_port
from tests.support.processes import until
from tests.support.stopwatch import Stopwatch
from tests.support.tap import Tap

KIOSK = "kiosk-1"
CLOSE_S = 2.0
RETRY_S = 0.1
SILENT_MS = 4 * 60_000
HUB_TIME = 1_790_000_000_000
CONNACK = b"\x20\x03\x00\x00\x00"
TOPIC_LONGER_THAN_ITS_PACKET = b"\x30\x04\x00\x10ab"
PROPERTIES_THAT_ARE_NONE = b"\x30\x06\x00\x01a\x02\x7f\x00"


class Line:
    """A link and what it posted, in order; ``trip`` raises ``mistake`` once, on the
    first message."""

    def __init__(
        self,
        port: int,
        *,
        keepalive_s: int = 30,
        trip: bool = False,
        mistake: Exception | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._inputs: queue.SimpleQueue[LoopInput] = queue.SimpleQueue()
        self._trip = trip
        self._mistake = mistake or OSError(22, "Invalid argument")
        self.link = MqttLink(
            kiosk=KIOSK,
            host="127.0.0.1",
            port=port,
            post=self._post,
            tls=tls,
            keepalive_s=keepalive_s,
            retry_s=RETRY_S,
        )
        self.link.start()

    def _post(self, incoming: LoopInput) -> None:
        if self._trip and isinstance(incoming, MqttMessage):
            self._trip = False
            raise self._mistake
        self._inputs.put(incoming)

    def next(self, kind: type[LoopInput]) -> LoopInput:
        """The next input, which must be of this kind."""
        incoming = self._inputs.get(timeout=60)
        assert isinstance(incoming, kind), incoming
        return incoming

    def close_s(self) -> float:
        """Closes the link; how many seconds that took."""
        with Stopwatch() as watch:
            self.link.close()
        return watch.seconds


Start = Callable[..., Line]


@pytest.fixture
def start() -> Iterator[Start]:
    lines: list[Line] = []

    def begin(port: int, **how: object) -> Line:
        lines.append(Line(port, **how))  # type: ignore[arg-type]
        return lines[-1]

    yield begin
    for line in lines:
        line.link.close()


class StandIn:
    """Something that accepts connections where a broker should be. To the first packet of each it
    says the next of ``answers``, and nothing when there is none."""

    def __init__(self, *answers: bytes) -> None:
        self.accepted = 0
        self._answers = list(answers)
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener's end, or a client's
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self.accepted += 1
                if self._answers:
                    connection.recv(4096)
                    connection.sendall(self._answers.pop(0))

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def stand_in(*answers: bytes) -> Iterator[StandIn]:
    made = StandIn(*answers)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def stopped(broker: Mosquitto) -> Iterator[None]:
    """The broker as a half-open connection shows it: it accepts, and says nothing."""
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def assert_it_delivers(line: Line) -> None:
    """What it says passes through the broker and is heard by it."""
    payload = encode(HubStatus(online=True, incarnation=f"{time.monotonic_ns():032x}"))
    line.link.publish(topics.HUB_STATUS, payload)
    while line.next(MqttMessage) != MqttMessage(topics.HUB_STATUS, payload):
        pass  # what it had said before the line broke comes again


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


def test_a_line_whose_thread_met_an_error_comes_back_and_delivers(
    mosquitto: Mosquitto, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    line = start(mosquitto.port, trip=True)
    line.next(MqttConnected)
    line.link.publish(topics.down(KIOSK, topics.COMMAND), b"what the thread stumbles over")
    line.next(MqttDisconnected)
    assert not line.link.connected
    line.next(MqttConnected)
    assert_it_delivers(line)
    (words,) = told(caplog)
    assert words.startswith("连接出错，将重连 / the link met an error and connects anew: ")
    assert "Invalid argument" in words


def test_a_mistake_of_ours_is_logged_with_where_it_was_made(
    mosquitto: Mosquitto, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    line = start(mosquitto.port, trip=True, mistake=KeyError("what nobody foresaw"))
    line.next(MqttConnected)
    line.link.publish(topics.down(KIOSK, topics.COMMAND), b"what the thread stumbles over")
    line.next(MqttDisconnected)
    line.next(MqttConnected)
    [said] = [one for one in caplog.records if "the link met an error" in one.getMessage()]
    assert said.exc_info
    assert said.exc_info[0] is KeyError


@pytest.mark.parametrize("packet", [TOPIC_LONGER_THAN_ITS_PACKET, PROPERTIES_THAT_ARE_NONE])
def test_a_packet_that_nobody_can_read_costs_one_connection(packet: bytes, start: Start) -> None:
    with stand_in(CONNACK + packet, CONNACK) as broker:
        line = start(broker.port)
        line.next(MqttConnected)
        line.next(MqttDisconnected)
        line.next(MqttConnected)
        assert broker.accepted == 2


def test_waits_grow_while_each_connection_ends_at_once(start: Start) -> None:
    with stand_in(*[CONNACK + TOPIC_LONGER_THAN_ITS_PACKET] * 5) as broker:
        line = start(broker.port)
        moments = []
        for _ in range(5):
            line.next(MqttConnected)
            line.next(MqttDisconnected)
            moments.append(time.monotonic())
        waits = [after - before for before, after in itertools.pairwise(moments)]
        assert all(wait > 0.9 * RETRY_S * 2**turn for turn, wait in enumerate(waits)), waits
        assert waits[-1] > 2 * min(waits), waits


def test_a_broker_that_falls_silent_is_left_and_found_again(
    mosquitto: Mosquitto, start: Start
) -> None:
    line = start(mosquitto.port, keepalive_s=1)
    line.next(MqttConnected)
    with stopped(mosquitto):
        line.next(MqttDisconnected)
    line.next(MqttConnected)
    assert_it_delivers(line)


def test_something_that_accepts_and_never_answers_is_tried_again(start: Start) -> None:
    with stand_in() as broker:
        start(broker.port, keepalive_s=1)
        until("a second connection", lambda: broker.accepted >= 2)


def test_a_connection_that_only_looks_alive_is_dropped_at_once_when_told_to(
    mosquitto: Mosquitto, start: Start
) -> None:
    line = start(mosquitto.port)
    line.next(MqttConnected)
    with stopped(mosquitto):
        for _ in range(20):  # more than a socket takes
            line.link.publish(topics.up(KIOSK, topics.HEALTH), bytes(400_000))
        with Stopwatch() as watch:
            line.link.reconnect()
        assert watch.seconds < 0.5
        line.next(MqttDisconnected)
    line.next(MqttConnected)
    assert_it_delivers(line)


@pytest.mark.parametrize("greeted", [False, True])
def test_a_hub_that_acknowledges_nothing_for_minutes_costs_the_connection_and_no_event(
    greeted: bool,
    mosquitto: Mosquitto,
    start: Start,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    line = start(mosquitto.port)
    line.next(MqttConnected)
    stop = Home(tmp_path / "stop").open()
    time_desk = TimeDesk(stop.journal, stop.learnt, lambda: None)
    uplink = Uplink(
        KIOSK,
        stop.journal,
        stop.learnt,
        line.link,
        stop.reference,
        time_desk,
        CommandDesk(KIOSK, stop.journal, stop.learnt, line.link),
        software="test",
        entropy=stop.random,
    )
    uplink.connected()
    began = stop.clock.now
    if greeted:
        welcome = Welcome(uplink.state.nonce or "", (), HUB_TIME)
        uplink.message(MqttMessage(topics.down(KIOSK, topics.WELCOME), encode(welcome)))
        assert uplink.online
    backlog = stop.journal.streams.backlog()
    assert backlog > 0
    while "connecting anew" not in caplog.text:
        assert stop.clock.now - began < SILENT_MS
        stop.clock.now = uplink.next_deadline() or stop.clock.now
        uplink.tick()
    line.next(MqttDisconnected)
    line.next(MqttConnected)
    assert stop.journal.streams.backlog() == backlog


# --- the end --------------------------------------------------------------------------------------


def test_a_kiosk_that_ends_says_goodbye(mosquitto: Mosquitto, tap: Tap, start: Start) -> None:
    line = start(mosquitto.port)
    line.next(MqttConnected)
    assert line.close_s() < CLOSE_S
    until("the goodbye", lambda: len(tap.heard(topics.STATUS, KIOSK)) == 2)
    last = tap.heard(topics.STATUS, KIOSK)[-1]
    assert decode(last.payload, KioskStatus) == KioskStatus(False)
    assert "disconnected" in until("its leave", lambda: left(mosquitto))


_CHILD = f"""
import sys
from kiosk.mqtt_link import MqttLink
said = lambda one: print(type(one).__name__, flush=True)
MqttLink(kiosk={KIOSK!r}, host="127.0.0.1", port=int(sys.argv[1]), post=said).start()
sys.stdin.read()
"""


def test_whoever_asks_later_too_hears_that_a_kiosk_lost_its_power(
    mosquitto: Mosquitto, tap: Tap
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(mosquitto.port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"MqttConnected\n"
        until("the kiosk is there", lambda: tap.heard(topics.STATUS, KIOSK))
        child.kill()
    until("the broker tells it", lambda: len(tap.heard(topics.STATUS, KIOSK)) == 2)
    with Tap(mosquitto.host, mosquitto.port) as later:
        until("it is told again", lambda: later.heard(topics.STATUS, KIOSK))
        for heard in (tap, later):
            last = heard.heard(topics.STATUS, KIOSK)[-1]
            assert decode(last.payload, KioskStatus) == KioskStatus(False)
            assert last.retain


def left(broker: Mosquitto) -> str:
    """What the broker logged of the kiosk's leave."""
    lines = [one for one in broker.log().splitlines() if f"Client {KIOSK} " in one]
    return lines[-1] if lines else ""


def test_it_ends_soon_while_the_broker_says_nothing(mosquitto: Mosquitto, start: Start) -> None:
    line = start(mosquitto.port)
    line.next(MqttConnected)
    with stopped(mosquitto):
        assert line.close_s() < CLOSE_S


def test_it_ends_soon_while_nobody_listens(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    line = start(free_port())
    until("it has tried", lambda: told(caplog))
    assert line.close_s() < CLOSE_S


def test_it_ends_soon_after_an_error(start: Start) -> None:
    with stand_in(CONNACK + TOPIC_LONGER_THAN_ITS_PACKET) as broker:
        line = start(broker.port)
        line.next(MqttConnected)
        line.next(MqttDisconnected)
        assert line.close_s() < CLOSE_S


@pytest.mark.parametrize("by_tls", [False, True])
def test_it_ends_soon_while_it_waits_to_be_let_in(
    by_tls: bool, start: Start, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "ca")
    tls = pinned_context(authority.file, LearntClock(SetClock())) if by_tls else None
    with stand_in() as broker:
        line = start(broker.port, tls=tls)
        until("it is accepted", lambda: broker.accepted)
        assert line.close_s() < CLOSE_S


def test_nothing_of_it_is_left_after_the_end(mosquitto: Mosquitto, start: Start) -> None:
    before = threading.active_count()
    line = start(mosquitto.port)
    line.next(MqttConnected)
    line.link.close()
    assert threading.active_count() == before
