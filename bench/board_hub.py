"""A hub as small as can be, for `bench.board`: welcomes a kiosk and acknowledges what it sends.

It believes everything and keeps nothing. It runs in the process that measures, so nothing of it
counts as the kiosk's.
"""

import time
from collections import Counter
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from contract import batches, topics
from contract.events import decode as decode_event
from contract.events import type_of
from contract.messages import Ack, Hello, HubStatus, Welcome, decode, encode


class SmallHub:
    """One kiosk's hub on the broker at 127.0.0.1:``port``."""

    def __init__(self, port: int, kiosk: str) -> None:
        self.port: Final = port
        self.kiosk: Final = kiosk
        self._client: Final = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"hub-{kiosk}", protocol=mqtt.MQTTv5
        )
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self.heard: Final[Counter[str]] = Counter()
        """Events so far, by type."""

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe(topics.up(self.kiosk, "+"), qos=1)
        client.publish(
            topics.HUB_STATUS, encode(HubStatus(online=True, incarnation="bench")), 1, retain=True
        )

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        payload = bytes(message.payload)
        if message.topic == topics.up(self.kiosk, topics.HELLO):
            nonce = decode(payload, Hello).nonce
            welcome = Welcome(nonce, (), time.time_ns() // 1_000_000)
            client.publish(topics.down(self.kiosk, topics.WELCOME), encode(welcome), 1)
        elif message.topic == topics.up(self.kiosk, topics.EVENTS):
            batch = batches.decode(payload, {})
            header = batch.header
            self.heard.update(type_of(decode_event(raw).public.body) for raw in batch.lines)
            last = header.first + header.count - 1
            ack = Ack(header.epoch, last, header.hash)
            client.publish(topics.down(self.kiosk, topics.ACK), encode(ack), 1)
