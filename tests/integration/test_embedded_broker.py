"""The broker that comes with `yicang up` carries what the contract asks of a broker."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract import topics
from contract.batches import MAX_BATCH_BYTES
from tests.support.ports import free_ports
from tests.support.processes import Yicang, run, until
from yicang.probes import accepts

KIOSK = "kiosk-1"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    with Yicang("broker", "--port", str(port), "--data", str(tmp_path)) as broker:
        until("the broker accepts", lambda: accepts("127.0.0.1", port))
        yield port
        assert broker.process.poll() is None, broker.output


class Client:
    """An MQTT 5 client that keeps what it hears."""

    def __init__(self, port: int, name: str, will: str | None = None) -> None:
        self.heard: list[mqtt.MQTTMessage] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5
        )
        self._client.on_message = lambda _client, _data, message: self.heard.append(message)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        if will is not None:
            self._client.will_set(will, b'{"online":false}', qos=1, retain=True)
        self._client.connect("127.0.0.1", port, clean_start=True)
        self._client.loop_start()
        until(f"{name} is connected", self._client.is_connected)

    def subscribe(self, topic: str) -> None:
        self._subscribed.clear()
        self._client.subscribe(topic, qos=1)
        assert self._subscribed.wait(10)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        properties: list[tuple[str, str]] | None = None,
    ) -> None:
        extra: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if properties:
            extra.UserProperty = properties
        self._client.publish(topic, payload, 1, retain, extra).wait_for_publish(10)

    def drop(self) -> None:
        """Its line is cut, without a goodbye."""
        line = self._client.socket()
        assert isinstance(line, socket.socket)
        self._client.loop_stop()
        line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def hub(port: int) -> Iterator[Client]:
    client = Client(port, "hub")
    client.subscribe(topics.ALL_UP)
    yield client
    client.close()


@pytest.fixture
def kiosk(port: int) -> Iterator[Client]:
    client = Client(port, KIOSK, will=topics.up(KIOSK, topics.STATUS))
    yield client
    client.close()


def test_a_full_batch_arrives_whole_with_its_user_properties_in_order(
    hub: Client, kiosk: Client
) -> None:
    properties = [("yicang-epoch", "a" * 16), ("yicang-first", "1"), ("yicang-count", "500")]
    payload = bytes(range(256)) * (MAX_BATCH_BYTES // 256)
    kiosk.publish(topics.up(KIOSK, topics.EVENTS), payload, properties=properties)
    until("the batch", lambda: hub.heard)
    (message,) = hub.heard
    assert message.payload == payload
    assert message.qos == 1
    carried: Any = message.properties
    assert carried.UserProperty == properties


def test_status_is_retained_and_its_will_says_when_the_kiosk_is_cut_off(
    port: int, hub: Client, kiosk: Client
) -> None:
    status = topics.up(KIOSK, topics.STATUS)
    kiosk.publish(status, b'{"online":true}', retain=True)
    until("the status", lambda: [m.payload for m in hub.heard] == [b'{"online":true}'])
    kiosk.drop()
    until("the will", lambda: [m.payload for m in hub.heard][1:] == [b'{"online":false}'])
    late = Client(port, "late")
    late.subscribe(status)
    until("what is retained", lambda: late.heard)
    assert [(m.payload, m.retain) for m in late.heard] == [(b'{"online":false}', True)]
    late.close()


def test_two_workers_share_what_comes_in_and_each_message_goes_to_one(
    port: int, kiosk: Client
) -> None:
    workers = [Client(port, f"worker-{number}") for number in range(2)]
    for worker in workers:
        worker.subscribe(f"$share/ingest/{topics.ALL_UP}")
    for number in range(20):
        kiosk.publish(topics.up(KIOSK, topics.EVENTS), str(number).encode())
    until("all twenty", lambda: sum(len(worker.heard) for worker in workers) == 20)
    heard = sorted(int(m.payload) for worker in workers for m in worker.heard)
    assert heard == list(range(20))
    assert all(worker.heard for worker in workers)
    for worker in workers:
        worker.close()


def test_a_burst_of_full_batches_arrives_complete_and_in_order(hub: Client, kiosk: Client) -> None:
    topic = topics.up(KIOSK, topics.EVENTS)
    for number in range(100):
        kiosk.publish(topic, number.to_bytes(4) + bytes(MAX_BATCH_BYTES - 4))
    until("a hundred batches", lambda: len(hub.heard) == 100)
    assert [int.from_bytes(m.payload[:4]) for m in hub.heard] == list(range(100))


def test_a_port_that_is_taken_is_refused(port: int, tmp_path: Path) -> None:
    done = run("broker", "--port", str(port), "--data", str(tmp_path / "other"))
    assert done.returncode == 2
    assert "cannot start" in done.stderr


def test_it_listens_on_this_machine_alone(port: int) -> None:
    local = f"0100007F:{port:04X}"
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    ]
    assert listening == [local]
