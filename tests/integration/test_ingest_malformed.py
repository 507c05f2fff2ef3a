"""A message that no MQTT client may send does not cut the hub off, on either broker."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract import topics
from hub.config import HubConfig
from hub.service import HubService
from tests.support.broker import Mosquitto
from tests.support.databases import DATABASES
from tests.support.events import Journal, message_of
from tests.support.hubdb import make_template
from tests.support.ports import free_ports
from tests.support.processes import Yicang, until
from yicang.probes import accepts

STATUS = topics.up("kiosk-b", topics.STATUS)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    folder = tmp_path / "hub"
    folder.mkdir()
    return make_template(folder / "hub.sqlite3")


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    with Yicang("broker", "--port", str(port), "--data", str(tmp_path / "broker")):
        until("the broker accepts", lambda: accepts("127.0.0.1", port))
        yield port


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[int]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    with Mosquitto(folder) as broker:
        yield broker.port


@pytest.fixture
def service(database: Path) -> Iterator[Callable[[int], HubService]]:
    started: list[HubService] = []

    def start(port: int) -> HubService:
        service = HubService(HubConfig(database=DATABASES.at(database), mqtt_port=port))
        started.append(service)
        service.start()
        return service

    yield start
    for one in started:
        one.stop()


class Sender:
    """A client that sends whatever it is told to."""

    def __init__(self, port: int) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        until("the sender is connected", self._client.is_connected)

    def send(
        self, topic: str, payload: bytes, properties: list[tuple[str, str]], *, retain: bool = False
    ) -> None:
        extra: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        extra.UserProperty = properties
        self._client.publish(topic, payload, 1, retain, extra)

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def look(database: Path, query: str) -> list[tuple[Any, ...]]:
    return DATABASES.look(database, query)


def send_an_item(port: int, database: Path) -> None:
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    item = journal.receive()
    message = message_of(journal.written)
    with Sender(port) as sender:
        sender.send(message.topic, message.payload, list(message.properties.items()))
        until("the item", lambda: look(database, "SELECT code FROM item") == [(item,)])


def test_a_retained_message_with_a_null_character_is_shown_and_the_next_one_is_received(
    embedded: int, database: Path, service: Callable[[int], HubService]
) -> None:
    with Sender(embedded) as sender:
        sender.send(STATUS, b'{"online":true}', [("name", "\0")], retain=True)
        hub = service(embedded)  # meets it at its subscription
        until("an incident", lambda: look(database, "SELECT 1 FROM incident"))
        (row,) = look(database, "SELECT topic, reason, payload FROM unreadable")
        assert row[:2] == (STATUS, "bad-message")
        assert row[2].endswith(b'{"online":true}')
        assert b"name" in row[2]
        sender.send(STATUS, b'{"online":true}', [("name", "\ufeff")])  # and one while it listens
        until("the second", lambda: len(look(database, "SELECT 1 FROM unreadable")) == 2)
    send_an_item(embedded, database)
    assert hub.health().broker


def test_mosquitto_or_the_hub_survives_a_null_character_and_goes_on(
    mosquitto: int, database: Path, service: Callable[[int], HubService]
) -> None:
    hub = service(mosquitto)
    until("the hub is connected", lambda: hub.health().broker)
    with Sender(mosquitto) as sender:
        sender.send(STATUS, b'{"online":true}', [("name", "\0")], retain=True)
        send_an_item(mosquitto, database)
    assert hub.health().broker
