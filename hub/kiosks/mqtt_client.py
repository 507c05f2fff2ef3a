"""A paho client that one malformed message cannot cut off, and that reads many quickly.

paho ends the connection when a PUBLISH cannot be read, for example because a user property holds
U+0000 or U+FEFF. Where the broker lets such a message through and retains it, that happens again at
each subscription, and nothing is ever received any more. So such a packet is acknowledged and
handed on as its bytes, which no decoder of the contract takes: it is set aside and shown like
whatever else cannot be understood.

What kiosks publish has user properties and nothing else. paho looks at each of their characters and
copies the rest of the packet at each of their fields, a tenth of a millisecond a batch; so such a
packet is read here, and every other one by paho.
"""

import socket
import struct
from collections.abc import Sequence
from typing import Final, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

_LENGTH: Final = struct.Struct("!H")
_QOS: Final = 0x06
_DUP: Final = 0x08
_RETAIN: Final = 0x01
_MORE: Final = 0x80
_USER_PROPERTY: Final = 0x26
"""MQTT 5.0, 2.2.2.2 and 3.3.2.3.7."""
_NOT_ALLOWED: Final = ("\0", "\ufeff")
"""In a string of MQTT (5.0, 1.5.4), as paho has it."""
AHEAD_BYTES: Final = 64 * 1024


class ReadAhead(socket.socket):
    """A TCP socket that takes all that has come in one call of the system, up to `AHEAD_BYTES`,
    and hands it out in the pieces that it is asked for: paho asks five times for each message, and
    each time gives the writer's thread its turn. ``pending`` tells what was taken and not handed
    out, as `ssl.SSLSocket` does; paho's loop asks before it waits for more."""

    _taken = b""
    _at = 0

    @classmethod
    def of(cls, plain: socket.socket) -> Self:
        """The same connection; ``plain`` is not to be used any more."""
        timeout = plain.gettimeout()
        ahead = cls(fileno=plain.detach())
        ahead.settimeout(timeout)
        return ahead

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """At most ``size`` bytes; errors are those of `socket.socket.recv`."""
        if flags or (self._at == len(self._taken) and size >= AHEAD_BYTES):
            return super().recv(size, flags)
        if self._at == len(self._taken):
            self._taken, self._at = super().recv(AHEAD_BYTES), 0
        piece = self._taken[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def pending(self) -> int:
        """How many bytes `recv` has without asking the system."""
        return len(self._taken) - self._at


class Publish(mqtt.MQTTMessage):
    """A PUBLISH that was read here: ``pairs`` are its user properties."""

    __slots__ = ("pairs",)

    def __init__(self, mid: int, topic: bytes, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(mid, topic)
        self.pairs: Final = pairs


class ForgivingClient(mqtt.Client):
    """See the module; in all else `paho.mqtt.client.Client`."""

    def _create_socket_connection(self) -> socket.socket:
        plain = super()._create_socket_connection()
        return plain if self._ssl else ReadAhead.of(plain)

    def _handle_publish(self) -> MQTTErrorCode:
        # In place of paho's own handler of a complete PUBLISH; that raises before it has done
        # anything.
        command, packet = self._in_packet["command"], self._in_packet["packet"]
        found: mqtt.MQTTMessage | None = read_publish(command, packet)
        if found is None:
            try:
                return super()._handle_publish()
            except MalformedPacket:
                found = _salvage(command, bytes(packet))
                if found is None:
                    raise
        self._handle_on_message(found)
        if found.qos == 0:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        return self._send_puback(found.mid)


def user_properties(message: mqtt.MQTTMessage) -> Sequence[tuple[str, str]]:
    """The user properties of a message that a `ForgivingClient` received, in their order."""
    if isinstance(message, Publish):
        return message.pairs
    given: Sequence[tuple[str, str]] = getattr(message.properties, "UserProperty", ())
    return given


def read_publish(command: int, packet: bytes | bytearray) -> Publish | None:
    """A PUBLISH of MQTT 5.0 (3.3) with QoS 0 or 1 and no properties but a user's; ``packet`` is
    what follows the remaining length. None for every other, sound or not."""
    qos = (command & _QOS) >> 1
    if qos > 1:
        return None
    try:
        (length,) = _LENGTH.unpack_from(packet)
        at = _LENGTH.size + length
        topic = bytes(packet[_LENGTH.size : at])
        mid = 0
        if qos == 1:
            (mid,) = _LENGTH.unpack_from(packet, at)
            at += _LENGTH.size
        size = packet[at]
        at += 1
        if size & _MORE:
            size = size & ~_MORE | packet[at] << 7
            at += 1
            if size >> 14:  # a third byte: nobody has so many properties
                return None
        end = at + size
        if end > len(packet):
            return None
        pairs = []
        while at < end:
            if packet[at] != _USER_PROPERTY:
                return None
            name, at = _text(packet, at + 1, end)
            value, at = _text(packet, at, end)
            pairs.append((name, value))
    except (IndexError, struct.error, ValueError):
        return None
    message = Publish(mid, topic, pairs)
    message.qos = qos
    message.dup = bool(command & _DUP)
    message.retain = bool(command & _RETAIN)
    message.payload = bytes(packet[end:])
    return message


def _text(packet: bytes | bytearray, at: int, end: int) -> tuple[str, int]:
    """The string of MQTT at ``at``, and where it ends; raises ValueError or `struct.error`."""
    (length,) = _LENGTH.unpack_from(packet, at)
    at += _LENGTH.size
    last = at + length
    if last > end:
        raise ValueError("a string that is longer than what holds it")
    text = packet[at:last].decode()
    if any(character in text for character in _NOT_ALLOWED):
        raise ValueError("a character that MQTT does not allow")
    return text, last


def _salvage(command: int, packet: bytes) -> mqtt.MQTTMessage | None:
    """Topic and message id of a PUBLISH (QoS 0 or 1) whose rest cannot be read, with the rest, from
    its properties on, as payload. None when not even these can be read."""
    qos = (command & _QOS) >> 1
    try:
        (length,) = _LENGTH.unpack_from(packet)
        rest = _LENGTH.size + length
        mid = 0
        if qos == 1:
            (mid,) = _LENGTH.unpack_from(packet, rest)
            rest += _LENGTH.size
    except struct.error:
        return None
    topic = packet[_LENGTH.size : _LENGTH.size + length]
    if qos > 1 or len(topic) < length:
        return None
    message = mqtt.MQTTMessage(mid=mid, topic=topic)
    message.qos = qos
    message.payload = packet[rest:]
    return message
