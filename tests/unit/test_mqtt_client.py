"""How the hub's client reads what a broker sends: as paho does, only sooner."""

import socket
import struct
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.exception import MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hub.kiosks.mqtt_client import (
    AHEAD_BYTES,
    ForgivingClient,
    ReadAhead,
    read_publish,
    user_properties,
)

_PUBLISH = 0x30
_TOPIC = "yicang/v1/kiosk-1/up/events"

_words = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=80)
_pairs = st.lists(st.tuples(_words, _words), max_size=6)
_payloads = st.binary(max_size=200)
_flags = st.integers(0, 15)


def _packet(pairs: list[tuple[str, str]], payload: bytes, flags: int) -> bytes:
    """What follows the remaining length of a PUBLISH, its properties written by paho."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if pairs:
        properties.UserProperty = pairs
    topic = _TOPIC.encode()
    mid = struct.pack("!H", 4711) if flags & 0x06 else b""
    written: bytes = properties.pack()  # type: ignore[no-untyped-call]
    return struct.pack("!H", len(topic)) + topic + mid + written + payload


class _Paho(mqtt.Client):
    """paho's own reading of a PUBLISH: None where it would end the connection."""

    def __init__(self) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.found: mqtt.MQTTMessage | None = None
        self.on_message = self._keep

    def _keep(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.found = message

    def read(self, command: int, packet: bytes) -> mqtt.MQTTMessage | None:
        self.found = None
        self._in_packet["command"] = command
        self._in_packet["packet"] = bytearray(packet)
        try:
            self._handle_publish()
        except MQTTException:
            return None
        return self.found


def _same(ours: mqtt.MQTTMessage, paho: mqtt.MQTTMessage) -> bool:
    def told(message: mqtt.MQTTMessage) -> tuple[object, ...]:
        return (
            message.topic,
            message.mid,
            message.qos,
            message.dup,
            message.retain,
            bytes(message.payload),
            list(user_properties(message)),
        )

    return told(ours) == told(paho)


@given(_pairs, _payloads, _flags)
@example([("yicang-epoch", "x" * 200), ("yicang-hash", "y" * 64)], b"", 0x02)
def test_what_a_kiosk_publishes_is_read_as_paho_reads_it(
    pairs: list[tuple[str, str]], payload: bytes, flags: int
) -> None:
    packet = _packet(pairs, payload, flags)
    ours = read_publish(_PUBLISH | flags, packet)
    if flags & 0x04:  # QoS 2, which no kiosk uses, and 3, which there is not
        assert ours is None
        return
    assert ours is not None
    paho = _Paho().read(_PUBLISH | flags, packet)
    assert paho is not None
    assert _same(ours, paho)


@given(_pairs, _payloads, _flags, st.data())
def test_of_a_damaged_packet_nothing_is_read_that_paho_would_not_read(
    pairs: list[tuple[str, str]], payload: bytes, flags: int, data: st.DataObject
) -> None:
    packet = bytearray(_packet(pairs, payload, flags))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(packet) - 1))
        packet[place] = data.draw(st.integers(0, 255))
    del packet[data.draw(st.integers(0, len(packet))) :]
    ours = read_publish(_PUBLISH | flags, packet)
    if ours is None:
        return  # it is left to paho
    try:
        assert ours.topic is not None
    except UnicodeDecodeError:
        return  # `hub.kiosks.mqtt_link` logs it; paho tells its callback the same
    paho = _Paho().read(_PUBLISH | flags, bytes(packet))
    assert paho is not None
    assert _same(ours, paho)


@pytest.mark.parametrize("character", ["\0", "\ufeff"])
def test_a_character_that_mqtt_does_not_allow_is_left_to_paho(character: str) -> None:
    packet = _packet([("name", f"a{character}b")], b"{}", 0x02)
    assert read_publish(_PUBLISH | 0x02, packet) is None


def test_another_property_is_left_to_paho() -> None:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "json"
    packet = struct.pack("!H", 1) + b"t" + properties.pack() + b"{}"  # type: ignore[no-untyped-call]
    assert read_publish(_PUBLISH, packet) is None
    paho = _Paho().read(_PUBLISH, packet)
    assert paho is not None
    assert user_properties(paho) == ()


# --- the socket --------------------------------------------------------------------------------


@pytest.fixture
def pair() -> Iterator[tuple[ReadAhead, socket.socket]]:
    """Our end, not blocking as paho has it, and the broker's."""
    ours, theirs = socket.socketpair()
    ahead = ReadAhead.of(ours)
    ahead.setblocking(False)
    with ahead, theirs:
        yield ahead, theirs


def test_what_came_is_handed_out_in_the_pieces_that_are_asked_for(
    pair: tuple[ReadAhead, socket.socket],
) -> None:
    ours, theirs = pair
    theirs.sendall(b"abcdefgh")
    assert [ours.recv(1), ours.recv(2), ours.recv(3)] == [b"a", b"bc", b"def"]
    assert ours.pending() == 2
    theirs.sendall(b"ij")
    assert ours.recv(100) == b"gh"  # no call of the system for what is here
    assert ours.recv(100) == b"ij"
    assert ours.pending() == 0


def test_with_nothing_there_it_says_so_and_not_that_the_broker_left(
    pair: tuple[ReadAhead, socket.socket],
) -> None:
    ours, theirs = pair
    with pytest.raises(BlockingIOError):
        ours.recv(1)
    theirs.sendall(b"last")
    theirs.close()
    assert ours.recv(2) == b"la"
    assert ours.recv(9) == b"st"
    assert ours.recv(1) == b""


def test_a_large_packet_comes_whole(pair: tuple[ReadAhead, socket.socket]) -> None:
    ours, theirs = pair
    sent = bytes(range(256)) * 1024  # four times what is taken at once
    assert len(sent) > 2 * AHEAD_BYTES
    theirs.setblocking(False)
    got, left = bytearray(), memoryview(sent)
    while len(got) < len(sent):
        if left:
            left = left[theirs.send(left[:50_000]) :]
        got += ours.recv(1) + ours.recv(70_000 if len(got) % 2 else 999)
    assert bytes(got) == sent


def test_the_time_that_a_connection_may_take_stays_as_it_was() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        plain = socket.create_connection(server.getsockname(), timeout=7.0)
        with ReadAhead.of(plain) as ours:
            assert ours.gettimeout() == 7.0


def test_the_client_of_the_hub_reads_ahead() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = ForgivingClient(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        client.connect(*server.getsockname()[:2])
        try:
            assert isinstance(client.socket(), ReadAhead)
        finally:
            client.disconnect()
