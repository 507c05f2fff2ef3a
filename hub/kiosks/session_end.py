"""Ending a kiosk's session at the broker from the hub's own door.

Two connections cannot have the same client id: the broker ends the older one (MQTT 5, section
3.1.4: "session taken over"). On the kiosks' doors the id is the account's, so only the hub, whose
door lets it choose, can do this.
"""

import time
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from contract import topics
from contract.messages import KioskStatus, encode
from hub.kiosks.mqtt_link import Broker

PATIENCE_S: Final = 3.0
_STEP_S: Final = 0.1


def end_session(broker: Broker, kiosk: str, /, *, say: bool, for_good: bool) -> None:
    """End whatever session has the client id ``kiosk``. ``say`` in its stead that it is offline:
    the broker may not publish its will any more; ``for_good``: nothing of it stays retained.

    Raises:
        OSError: the broker cannot be reached, or does not take us.
    """
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=kiosk,
        protocol=mqtt.MQTTv5,
        reconnect_on_failure=False,
    )
    if broker.user:
        client.username_pw_set(broker.user, broker.password)
    client.connect(broker.host, broker.port, keepalive=10, clean_start=True)
    deadline = time.monotonic() + PATIENCE_S
    while not client.is_connected():
        _turn(client, deadline)
    status = topics.up(kiosk, topics.STATUS)
    said: list[mqtt.MQTTMessageInfo] = []
    if say:
        said.append(client.publish(status, encode(KioskStatus(False)), qos=1, retain=not for_good))
    if say and for_good:
        said.append(client.publish(status, b"", qos=1, retain=True))
    while not all(one.is_published() for one in said):
        _turn(client, deadline)
    client.disconnect()
    while client.loop(_STEP_S) is MQTTErrorCode.MQTT_ERR_SUCCESS and time.monotonic() < deadline:
        pass


def _turn(client: mqtt.Client, deadline: float) -> None:
    if client.loop(_STEP_S) is not MQTTErrorCode.MQTT_ERR_SUCCESS or time.monotonic() > deadline:
        raise OSError("代理没有接受连接 / the broker did not take the connection")
