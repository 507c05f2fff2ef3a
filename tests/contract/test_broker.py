"""The test broker itself: what other suites rely on."""

import re
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.support.broker import Mosquitto


def _retained(broker: Mosquitto, topic: str) -> bytes | None:
    """The retained message on ``topic``, or None; asks by a fresh client."""
    found: list[bytes] = []
    subscribed = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_message = lambda _client, _data, message: found.append(bytes(message.payload))

    def on_connect(*_: object) -> None:
        client.subscribe([(topic, SubscribeOptions(qos=1)), ("probe", SubscribeOptions(qos=1))])

    def on_subscribe(*_: object) -> None:
        client.publish("probe", b"", qos=1)  # comes back after anything that was retained

    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.message_callback_add("probe", lambda *_: subscribed.set())
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        assert subscribed.wait(10)
    finally:
        client.disconnect()
        client.loop_stop()
    return found[0] if found else None


def _retain(broker: Mosquitto, topic: str, payload: bytes) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        client.publish(topic, payload, qos=1, retain=True).wait_for_publish(10)
    finally:
        client.disconnect()
        client.loop_stop()


def test_a_stopped_broker_comes_back_on_its_port_with_what_it_had(mosquitto: Mosquitto) -> None:
    port = mosquitto.port
    _retain(mosquitto, "kept", b"1")
    mosquitto.stop()
    assert mosquitto.database.exists()
    mosquitto.start()
    assert mosquitto.port == port
    assert _retained(mosquitto, "kept") == b"1"


def test_a_killed_broker_whose_database_is_deleted_forgets_everything(
    mosquitto: Mosquitto,
) -> None:
    _retain(mosquitto, "kept", b"1")
    mosquitto.stop()
    mosquitto.start()
    mosquitto.kill()
    assert not mosquitto.running
    mosquitto.delete_database()
    mosquitto.start()
    assert _retained(mosquitto, "kept") is None


def test_the_log_tells_of_every_start(mosquitto: Mosquitto) -> None:
    mosquitto.kill()
    mosquitto.start()
    assert len(re.findall(r"mosquitto version .* starting", mosquitto.log())) == 2
