"""A paho client that one malformed message cannot cut off.

paho ends the connection when a PUBLISH cannot be read, for example because a user property holds
U+0000 or U+FEFF. Where the broker lets such a message through and retains it, that happens again at
each subscription, and nothing is ever received any more. So such a packet is acknowledged and
handed on as its bytes, which no decoder of the contract takes: it is set aside and shown like
whatever else cannot be understood.
"""

import struct
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

_LENGTH: Final = struct.Struct("!H")
_QOS: Final = 0x06


class ForgivingClient(mqtt.Client):
    """See the module; in all else `paho.mqtt.client.Client`."""

    def _handle_publish(self) -> MQTTErrorCode:
        # paho's own handler of a complete PUBLISH; it raises before it has done anything.
        try:
            return super()._handle_publish()
        except MalformedPacket:
            found = _salvage(self._in_packet["command"], bytes(self._in_packet["packet"]))
            if found is None:
                raise
            self._handle_on_message(found)
            if found.qos == 0:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            return self._send_puback(found.mid)


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
