"""The MQTT client at the kiosk's rim: posts what comes, publishes what it is told.

* paho-mqtt's queue is in memory, so nothing is entrusted to it: the journal keeps what counts.
* A connection lives in this link's own thread, which also does all writing (one TLS connection
  is not for two threads at once). What it delivers goes into the loop's queue and nowhere else.
* Whatever ends a connection, be it an exception in a callback or a packet that cannot be read,
  ends that connection only: the thread waits, for longer each time, and connects anew.
* A connection that only looks alive is noticed by the keep-alive; one on which the hub says
  nothing by the relay (`kiosk.relay`), which has it dropped by `MqttLink.reconnect`.
"""

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from contract import topics
from contract.messages import KioskStatus, encode
from kiosk.inputs import LoopInput, MqttConnected, MqttDisconnected, MqttMessage, MqttRefused

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 30
RECONNECT_MIN_S: Final = 1.0
RECONNECT_MAX_S: Final = 30
STEADY_S: Final = 5
"""A connection that lasted as long was a good one: the next is tried soon."""
LOOP_S: Final = 1.0
"""How long the thread waits for the network at most before it looks at the keep-alive."""
GOODBYE_S: Final = 1.0
"""How long `MqttLink.close` waits for the broker to take the goodbye."""
END_S: Final = 0.5
"""How long it then waits for the thread, which cannot be woken while it connects."""


class MqttLink:
    """One kiosk's connection. ``post`` must be thread-safe and quick; ``tls`` says whom to trust
    (`kiosk.tls`), None speaks in the clear. A broker that is silent for twice ``keepalive_s``
    (seconds) is gone; after a connection that ended the next is tried in ``retry_s`` (seconds), and
    later each time."""

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
        keepalive_s: int = KEEPALIVE_S,
        retry_s: float = RECONNECT_MIN_S,
    ) -> None:
        self._kiosk: Final = kiosk
        self._host: Final = host
        self._port: Final = port
        self._post: Final = post
        self._keepalive_s: Final = keepalive_s
        self._retry_s: Final = retry_s
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=kiosk, protocol=mqtt.MQTTv5)
        if username is not None:
            client.username_pw_set(username, password)
        if tls is not None:
            client.tls_set_context(tls)
        client.will_set(
            topics.up(kiosk, topics.STATUS), encode(KioskStatus(False)), qos=1, retain=True
        )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        # With it set, paho leaves all writing to the thread that runs its loop.
        client.on_socket_register_write = lambda *_: None
        self._client: Final = client
        self._closing: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._connected = False
        self._reason = ""
        self._failure = ""

    @property
    def connected(self) -> bool:
        """Whether the broker has taken us in and is still there."""
        return self._connected

    def start(self) -> None:
        """Begins to connect, and goes on trying until `close`. Once only."""
        self._thread.start()

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
        """Drops the connection, at once, so that the thread makes another: the way out of one that
        only looks alive. (A goodbye would wait behind all that such a one does not take.)"""
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):  # it is closed already
                # TLS or not: an SSLSocket's own shutdown is not for another thread.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Says goodbye by hand, since a clean disconnect discards the will. Takes at most
        `GOODBYE_S` and `END_S`; a thread that is still connecting then ends by itself."""
        if self._connected:
            done = self._client.publish(
                topics.up(self._kiosk, topics.STATUS),
                encode(KioskStatus(False)),
                qos=1,
                retain=True,
            )
            try:
                done.wait_for_publish(timeout=GOODBYE_S)
            except (RuntimeError, ValueError):
                log.info("再见未送达，代理已断开 / the broker left before the goodbye")
        self._client.disconnect()  # wakes the thread, which writes it
        self._closing.set()
        self._thread.join(END_S)

    # --- the link's thread -------------------------------------------------------------------

    def _run(self) -> None:
        wait_s = self._retry_s
        while not self._closing.is_set():
            began = time.monotonic()
            self._reason = "error"
            try:
                self._connection()
            except Exception as error:  # noqa: BLE001 - the thread's rim: a link must come back
                if isinstance(error, OSError) and not self._connected:
                    self._tell("连不上代理 / the broker cannot be reached: %s", str(error))
                else:
                    self._tell(
                        "连接出错，将重连 / the link met an error and connects anew: %s",
                        repr(error),
                        error,
                    )
            self.reconnect()  # after an exception paho's socket is still open
            if self._connected:
                self._connected = False
                self._post(MqttDisconnected(self._reason))
                if time.monotonic() - began >= STEADY_S:
                    wait_s = self._retry_s
            self._closing.wait(wait_s)
            wait_s = min(wait_s * 2, RECONNECT_MAX_S)

    def _connection(self) -> None:
        """One connection, from its beginning to its end.

        Raises:
            OSError: it could not be made.
            Exception: whatever a callback raises, or paho at a packet that it cannot read.
        """
        self._client.connect(self._host, self._port, self._keepalive_s, clean_start=True)
        while not self._closing.is_set():
            if self._client.loop(LOOP_S) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return
        self._client.loop_write()  # the goodbye, should it still be here

    def _tell(self, words: str, failure: str, mistake: Exception | None = None) -> None:
        """Logs a failure, the same one once until a connection was made; a mistake with where it
        was made."""
        if failure != self._failure:
            log.warning(words, failure, exc_info=mistake)
            self._failure = failure

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if reason.is_failure:
            self._tell("代理拒绝连接 / the broker refused us: %s", _word(reason))
            return
        self._failure = ""
        self._connected = True
        client.subscribe(
            [(topics.down(self._kiosk, name), 1) for name in topics.DOWN] + [(topics.HUB_STATUS, 1)]
        )
        client.publish(
            topics.up(self._kiosk, topics.STATUS), encode(KioskStatus(True)), qos=1, retain=True
        )
        self._post(MqttConnected())

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        self._reason = _word(reason)

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
