"""The MQTT client at the kiosk's rim: posts what comes, publishes what it is told.

paho-mqtt's queue is in memory and its callbacks die silently with an exception, so nothing is
entrusted to the one and everything is caught in the other. The client is connected by its own
thread; what it delivers goes into the loop's queue and nowhere else.
"""

import logging
import ssl
import sys
from collections.abc import Callable
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from contract import topics
from contract.messages import KioskStatus, encode
from kiosk.inputs import LoopInput, MqttConnected, MqttDisconnected, MqttMessage, MqttRefused

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 30
RECONNECT_MIN_S: Final = 1
RECONNECT_MAX_S: Final = 30


class MqttLink:
    """One kiosk's connection. ``post`` must be thread-safe and quick; ``tls`` says whom to trust
    (`kiosk.tls`), None speaks in the clear."""

    def __init__(
        self,
        *,
        kiosk: str,
        host: str,
        port: int,
        post: Callable[[LoopInput], None],
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._kiosk: Final = kiosk
        self._host: Final = host
        self._port: Final = port
        self._post: Final = post
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=kiosk, protocol=mqtt.MQTTv5)
        if username is not None:
            client.username_pw_set(username, password)
        if tls is not None:
            client.tls_set_context(tls)
        client.will_set(
            topics.up(kiosk, topics.STATUS), encode(KioskStatus(False)), qos=1, retain=True
        )
        client.reconnect_delay_set(RECONNECT_MIN_S, RECONNECT_MAX_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        self._client: Final = client
        self._failure = ""

    @property
    def connected(self) -> bool:
        """Whether the broker has taken us in and is still there."""
        return self._client.is_connected()

    def start(self) -> None:
        """Begins to connect, and goes on trying for as long as it takes."""
        self._client.connect_async(self._host, self._port, KEEPALIVE_S, clean_start=True)
        self._client.loop_start()

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        user_properties: list[tuple[str, str]] | None = None,
    ) -> None:
        """Hands a message to the broker; whether it arrived is for the hub to say."""
        properties = None
        if user_properties:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.UserProperty = user_properties
        self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)

    def subscribe(self, topic: str) -> None:
        """Subscribes at QoS 1."""
        self._client.subscribe(topic, qos=1)

    def unsubscribe(self, topic: str) -> None:
        """Hears no more of ``topic``."""
        self._client.unsubscribe(topic)

    def reconnect(self) -> None:
        """Leaves and comes back: the way out of a connection that only looks alive."""
        self._client.disconnect()
        self._client.loop_stop()
        self.start()

    def close(self) -> None:
        """Says goodbye by hand, since a clean disconnect discards the will."""
        if self._client.is_connected():
            done = self._client.publish(
                topics.up(self._kiosk, topics.STATUS),
                encode(KioskStatus(False)),
                qos=1,
                retain=True,
            )
            try:
                done.wait_for_publish(timeout=1.0)
            except (RuntimeError, ValueError):
                log.info("the broker left before the goodbye")
        self._client.disconnect()
        self._client.loop_stop()

    # --- paho's thread -----------------------------------------------------------------------

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if reason.is_failure:
            self._post(MqttDisconnected(_word(reason)))
            return
        self._failure = ""
        client.subscribe(
            [(topics.down(self._kiosk, name), 1) for name in topics.DOWN] + [(topics.HUB_STATUS, 1)]
        )
        client.publish(
            topics.up(self._kiosk, topics.STATUS), encode(KioskStatus(True)), qos=1, retain=True
        )
        self._post(MqttConnected())

    def _on_connect_fail(self, _client: mqtt.Client, _data: Any) -> None:
        # paho calls this while it handles the error, and tries again; the same is logged once.
        failure = str(sys.exception())
        if failure != self._failure:
            log.warning("the broker cannot be reached: %s", failure)
            self._failure = failure

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        self._post(MqttDisconnected(_word(reason)))

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            log.warning("a message on a topic that is not UTF-8 was dropped")
            return
        self._post(MqttMessage(topic, bytes(message.payload)))

    def _on_publish(
        self, _client: mqtt.Client, _data: Any, _mid: int, reason: ReasonCode, _props: Any
    ) -> None:
        if reason.is_failure:
            self._post(MqttRefused(_word(reason)))


def _word(reason: ReasonCode) -> str:
    return str(reason).lower().replace(" ", "-")[:64]
