"""The hub's connection to the broker.

paho's callbacks run in this link's own thread and only pass messages on; whatever goes wrong in
them is logged here and nowhere ends the thread: an exception that left a paho callback would stop
its loop while it still believes itself connected. The loop is restarted for as long as the link is
wanted, so a broker may come, go or lose its memory at any time.

The hub relies on no broker queue (clean start): kiosks resend what the hub has not acknowledged.
The retained status is published only once the subscription is granted, since kiosks begin to send
when they see it.

Of what kiosks publish only their status may stay retained. No broker's access rules can say so, and
anything else would come again with each connection of the hub's, long after it was true. So what
comes with that mark, which the subscription asks the broker to keep, is taken off its topic at
once; and nothing of it is believed but events, which have their place whenever they arrive.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import paho.mqtt.client as mqtt
from msgspec import Struct
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from contract import messages, topics
from contract.messages import HubStatus
from hub.kiosks.mqtt_client import ForgivingClient, user_properties
from hub.kiosks.outgoing import Send
from hub.log.ingest import Message
from provisioning.broker_access import may_stay

KEEPALIVE_S: Final = 30
RECEIVE_MAXIMUM: Final = 256
MAX_PACKET_BYTES: Final = 4 * 1024 * 1024
"""Larger messages never reach us; a valid one has 128 KiB at most."""

RECONNECT_S: Final = 1.0
STOP_S: Final = 5.0
OUTGOING: Final = 1000
"""Most messages that wait in memory for a broker that is away; kiosks ask again anyhow."""

_log: Final = logging.getLogger(__name__)


class Broker(Struct, frozen=True):
    """Where the broker is and who we are there; an empty user means anonymous."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    client_id: str = "yicang-hub"


class Part(Struct, frozen=True):
    """Which part of a hub's talk with the broker a process has. ``filters`` are subscribed to;
    who ``speaks`` says for all of them whether the hub is there, and publishes what is retained.
    ``name``, unless it is all, makes the client id differ from the other processes'."""

    filters: tuple[str, ...]
    speaks: bool = True
    name: str = ""


SHARE: Final = "yicang-hub"
"""Name of the subscription that ingest workers share: the broker gives each message to one."""

ALL: Final = Part((topics.ALL_UP,))
INGESTING: Final = Part(
    tuple(
        f"$share/{SHARE}/{topics.up('+', name)}"
        for name in (topics.HELLO, topics.EVENTS, topics.REPLY)
    ),
    speaks=False,
    name="ingest",
)
PROJECTING: Final = Part(
    tuple(topics.up("+", name) for name in (topics.STATUS, topics.HEALTH)), name="project"
)
"""Statuses are retained, which a shared subscription is never told of; and whoever hears that the
broker's copies of reference data are damaged must be the one that publishes them."""


class MqttLink:
    """Receives what kiosks send and publishes what the hub answers.

    ``deliver`` may block: that is the back-pressure. ``retained`` is published after each
    connection, for a broker that lost its memory; ``manifest`` is what the status says of it;
    ``part`` is the share of a process where a hub is several.
    """

    def __init__(
        self,
        broker: Broker,
        incarnation: str,
        deliver: Callable[[Message], object],
        retained: Callable[[], Sequence[Send]],
        manifest: Callable[[], dict[str, str]] = dict,
        part: Part = ALL,
    ) -> None:
        self._part: Final = part
        self._broker: Final = broker
        self._incarnation = incarnation
        self._deliver: Final = deliver
        self._retained: Final = retained
        self._manifest: Final = manifest
        self._stopping: Final = threading.Event()
        self._renewing: Final = threading.Event()
        self._ready: Final = threading.Event()
        self._announcing: Final = threading.Lock()
        self._client: Final = self._make_client()
        self._thread: Final = threading.Thread(target=self._run, name="hub-mqtt", daemon=True)

    @property
    def connected(self) -> bool:
        """Whether the broker has granted our subscription and is still there."""
        return self._ready.is_set() and self._client.is_connected()

    def start(self) -> None:
        """Connect, now or as soon as there is a broker; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Say that the hub is away, and disconnect."""
        self._stopping.set()
        if self._part.speaks and self._client.is_connected():
            farewell = self._client.publish(
                topics.HUB_STATUS, self._status(online=False), qos=1, retain=True
            )
            try:
                farewell.wait_for_publish(STOP_S)
            except (RuntimeError, ValueError):
                _log.info("代理已断开 / the broker was gone before the farewell")
        self._client.disconnect()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def publish(self, send: Send) -> None:
        """Publish, from any thread. What cannot go out now is asked for again by its reader."""
        self._client.publish(send.topic, send.payload, qos=send.qos, retain=send.retain)

    def announce(self) -> None:
        """Say the status again, from any thread: the manifest is another. Before the subscription
        is granted nothing is said; then the status says it."""
        if self._part.speaks and self._ready.is_set():
            with self._announcing:  # so that what is said last is what holds
                self.publish(Send(topics.HUB_STATUS, self._status(online=True), qos=1, retain=True))

    def renew(self) -> None:
        """Leave behind what waits for us at the broker, and begin anew, from any thread: after a
        flood, in which the broker may have dropped what others sent. Kiosks hear of another
        incarnation, say hello, and send at once what has no acknowledgement. Only for a part that
        speaks: nobody else could tell them."""
        if not self._part.speaks:
            return
        with self._announcing:
            self._incarnation = secrets.token_hex(8)
            self._ready.clear()  # nothing is announced on the connection that ends
        self._set_will(self._client)
        self._renewing.set()
        self._client.disconnect()

    # --- inside ----------------------------------------------------------------------------

    def _make_client(self) -> mqtt.Client:
        client = ForgivingClient(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id(),
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        if self._broker.user:
            client.username_pw_set(self._broker.user, self._broker.password)
        client.max_queued_messages_set(OUTGOING)
        if self._part.speaks:
            self._set_will(client)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _set_will(self, client: mqtt.Client) -> None:
        client.will_set(topics.HUB_STATUS, self._status(online=False), qos=1, retain=True)

    def _client_id(self) -> str:
        """The broker ends a connection when another comes with its client id."""
        part = self._part.name
        own = self._broker.client_id
        return f"{own}-{part}-{self._incarnation}" if part else own

    def _status(self, *, online: bool) -> bytes:
        manifest = self._manifest() if online else {}
        return messages.encode(HubStatus(online, self._incarnation, manifest))

    def _run(self) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        while not self._stopping.is_set():
            try:
                self._client.connect(
                    self._broker.host,
                    self._broker.port,
                    keepalive=KEEPALIVE_S,
                    clean_start=True,
                    properties=properties,
                )
                self._client.loop_forever()
            except OSError as error:
                _log.warning("连不上代理 / the broker cannot be reached: %s", error)
            except Exception:  # noqa: BLE001 - the thread's rim: a link must come back
                _log.exception("连接线程出错 / the link met an error")
            self._ready.clear()
            if self._renewing.is_set():
                self._renewing.clear()
            else:
                self._stopping.wait(RECONNECT_S)

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            _log.error("代理拒绝连接 / the broker refused us: %s", reason)
            return
        client.subscribe(
            [
                # noLocal is not for shared subscriptions, so what we publish may come back.
                (name, SubscribeOptions(qos=1, retainAsPublished=True))
                for name in self._part.filters
            ]
        )

    def _on_subscribe(
        self,
        client: mqtt.Client,
        _data: Any,
        _mid: int,
        reasons: Sequence[ReasonCode],
        _properties: Any,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            _log.error("代理拒绝订阅 / the broker refused our subscription: %s", reasons)
            client.disconnect()
            return
        if self._part.speaks:
            for send in self._retained():
                self.publish(send)
        self._ready.set()  # first: a change from here on is announced after this status
        self.announce()

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self._ready.clear()
        if not self._stopping.is_set():
            _log.warning("与代理的连接断开 / the broker is gone: %s", reason)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            if message.retain and not self._may_pass(message):
                return
            given = dict(user_properties(message))
            self._deliver(Message(message.topic, bytes(message.payload), given))
        except Exception:  # noqa: BLE001 - inside paho's loop nothing may be raised
            _log.exception("收到的消息无法转交 / a message could not be passed on")

    def _may_pass(self, message: mqtt.MQTTMessage) -> bool:
        """Whether a message with the mark of retained ones is to be believed; one that may not stay
        is taken off its topic."""
        if may_stay(message.topic):
            return True
        if not message.payload:
            return False  # it takes one off the topic, as ours does when it comes back
        _log.warning("不应保留的消息已清除 / was retained and is not to be: %s", message.topic)
        self.publish(Send(message.topic, b"", qos=1, retain=True))
        up = topics.parse_up(message.topic)
        return up is not None and up.name == topics.EVENTS
