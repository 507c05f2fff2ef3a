"""A bare MQTT 5 publisher for tests that play a kiosk or a hub themselves."""

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


class Publisher:
    """Publishes with QoS 1 and waits for the broker's answer; use it with ``with``."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)

    def __enter__(self) -> Self:
        self._client.connect(*self._address, clean_start=True)
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

    def send(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        properties: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Publish and wait until the broker has it; raises AssertionError after 15 s."""
        packet: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        pairs = list(properties)
        if pairs:
            packet.UserProperty = pairs
        sent = self._client.publish(topic, payload, qos=1, retain=retain, properties=packet)
        sent.wait_for_publish(15)
        assert sent.is_published(), f"the broker did not take {topic}"
