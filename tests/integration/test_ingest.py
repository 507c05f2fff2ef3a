"""The hub on a real Mosquitto: what kiosks send is acknowledged, kept and counted once."""

import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from sqlalchemy import Connection

from contract import messages, topics
from contract.messages import Ack, Hello, HubStatus, Kept, Welcome
from hub.config import HubConfig
from hub.log.ingest import Message
from hub.service import HubService
from tests.support.broker import Mosquitto
from tests.support.databases import DATABASES
from tests.support.events import Journal, message_of, runs
from tests.support.hubdb import make_template
from tests.support.processes import until
from tests.support.tap import Tap

PATIENCE_S = 20.0


class Kiosk:
    """A connection that speaks as a kiosk and remembers what the hub answered."""

    def __init__(self, broker: Mosquitto, name: str) -> None:
        self.name = name
        self.acks: list[Ack] = []
        self.welcomes: list[Welcome] = []
        self.hub: list[HubStatus] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.reconnect_delay_set(1, 1)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, message: Message) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.UserProperty = list(message.properties.items())
        self._client.publish(message.topic, message.payload, qos=1, properties=properties)

    def say_hello(self, nonce: str, *kept: Kept) -> Welcome:
        payload = messages.encode(Hello(nonce, kept))
        self._client.publish(topics.up(self.name, topics.HELLO), payload, qos=1)
        until(
            "a welcome",
            lambda: any(one.nonce == nonce for one in self.welcomes),
            deadline_s=PATIENCE_S,
        )
        return next(one for one in self.welcomes if one.nonce == nonce)

    def wait_hub(self, *, online: bool = True) -> None:
        until(
            f"hub {online}",
            lambda: bool(self.hub) and self.hub[-1].online is online,
            deadline_s=PATIENCE_S,
        )

    def wait_through(self, epoch: str, through: int) -> Ack:
        until(
            f"an ack through {through}",
            lambda: any((ack.epoch, ack.through) == (epoch, through) for ack in self.acks),
            deadline_s=PATIENCE_S,
        )
        return next(ack for ack in self.acks if (ack.epoch, ack.through) == (epoch, through))

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        down = f"{topics.ROOT}/{self.name}/down/+"
        client.subscribe([(down, 1), (topics.HUB_STATUS, 1)])

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        payload = bytes(message.payload)
        if message.topic == topics.HUB_STATUS:
            self.hub.append(messages.decode(payload, HubStatus))
        elif message.topic.endswith(topics.WELCOME):
            self.welcomes.append(messages.decode(payload, Welcome))
        elif message.topic.endswith(topics.ACK):
            self.acks.append(messages.decode(payload, Ack))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with Mosquitto(folder) as running:
        yield running


@pytest.fixture(autouse=True)
def tap(broker: Mosquitto) -> Iterator[Tap]:
    with Tap(broker.host, broker.port) as listening:
        yield listening


@pytest.fixture
def database(tmp_path: Path) -> Path:
    folder = tmp_path / "hub"
    folder.mkdir()
    return make_template(folder / "hub.sqlite3")


def start_hub(broker: Mosquitto, database: Path) -> HubService:
    service = HubService(HubConfig(database=DATABASES.at(database), mqtt_port=broker.port))
    service.start()
    return service


@pytest.fixture
def hub(broker: Mosquitto, database: Path) -> Iterator[HubService]:
    service = start_hub(broker, database)
    yield service
    service.stop()


@pytest.fixture
def kiosk(broker: Mosquitto) -> Iterator[Kiosk]:
    opened = Kiosk(broker, "kiosk-a")
    yield opened
    opened.close()


@pytest.fixture
def journal() -> Journal:
    made = Journal("kiosk-a", "00AA")
    made.start()
    return made


def look(database: Path, query: str) -> list[tuple[object, ...]]:
    return DATABASES.look(database, query)


def test_what_is_sent_is_on_disk_when_the_acknowledgement_comes(
    hub: HubService, database: Path, kiosk: Kiosk, journal: Journal
) -> None:
    kiosk.wait_hub()
    item = journal.receive()
    kiosk.send(message_of(journal.written))
    ack = kiosk.wait_through(str(journal.epoch), 3)
    assert ack.hash == journal.head
    assert look(database, "SELECT count(*) FROM event") == [(3,)]
    until(
        "the item",
        lambda: look(database, "SELECT code FROM item") == [(item,)],
        deadline_s=PATIENCE_S,
    )


def test_the_same_batches_ten_times_shuffled_from_two_connections_count_once(
    hub: HubService, database: Path, broker: Mosquitto, kiosk: Kiosk, journal: Journal
) -> None:
    kiosk.wait_hub()
    for _ in range(60):
        journal.receive()
    pieces = [message_of(run) for run in runs(journal.written, 7)] * 10
    random.Random(5).shuffle(pieces)
    second = Kiosk(broker, "kiosk-a")
    for number, piece in enumerate(pieces):
        (kiosk, second)[number % 2].send(piece)
    kiosk.wait_through(str(journal.epoch), 121)
    second.close()
    until(
        "sixty items in stock",
        lambda: (
            look(database, "SELECT status, sum(n) FROM stock GROUP BY status") == [("in_stock", 60)]
        ),
        deadline_s=PATIENCE_S,
    )
    assert look(database, "SELECT count(*) FROM event") == [(121,)]
    assert look(database, "SELECT * FROM incident WHERE closed_ms IS NULL") == []


def test_a_broker_that_lost_its_memory_has_status_and_reference_again(
    hub: HubService, broker: Mosquitto, kiosk: Kiosk, journal: Journal
) -> None:
    kiosk.wait_hub()
    manifest = kiosk.say_hello("0" * 15 + "1").manifest
    broker.kill()
    broker.delete_database()
    broker.start()
    with Tap(broker.host, broker.port) as tap:
        wanted = {topics.HUB_STATUS, topics.reference(manifest["products"])}
        until(
            "the retained messages",
            lambda: hub.health().broker and wanted <= {heard.topic for heard in tap.heard()},
            deadline_s=PATIENCE_S,
        )
    until("the status again", lambda: len(kiosk.hub) > 1, deadline_s=PATIENCE_S)
    kiosk.send(message_of(journal.written))
    kiosk.wait_through(str(journal.epoch), 1)


def test_a_hub_that_stops_says_so_and_comes_back_as_another_incarnation(
    broker: Mosquitto, database: Path, kiosk: Kiosk
) -> None:
    first = start_hub(broker, database)
    kiosk.wait_hub()
    first.stop()
    kiosk.wait_hub(online=False)
    second = start_hub(broker, database)
    kiosk.wait_hub()
    second.stop()
    online = {status.incarnation for status in kiosk.hub if status.online}
    assert len(online) == 2


@pytest.mark.sqlite
def test_an_older_database_says_so_in_its_welcome_and_is_healed_by_sending_again(
    broker: Mosquitto, database: Path, tmp_path: Path, kiosk: Kiosk, journal: Journal
) -> None:
    epoch = str(journal.epoch)
    old = tmp_path / "old.sqlite3"
    journal.receive()
    first = start_hub(broker, database)
    kiosk.wait_hub()
    kiosk.send(message_of(journal.written))
    kiosk.wait_through(epoch, 3)
    first.stop()
    shutil.copyfile(database, old)
    second = start_hub(broker, database)
    kiosk.wait_hub()
    journal.receive()
    kiosk.send(message_of(journal.written[3:]))
    kiosk.wait_through(epoch, 5)
    second.stop()
    shutil.copyfile(old, database)
    third = start_hub(broker, database)
    kiosk.wait_hub()
    kept = Kept(epoch, 1, 5, journal.head)
    welcome = kiosk.say_hello("0" * 15 + "7", kept)
    assert [position.through for position in welcome.epochs] == [3]
    kiosk.acks.clear()
    kiosk.send(message_of(journal.written[3:]))
    kiosk.wait_through(epoch, 5)
    third.stop()
    assert look(database, "SELECT sum(n) FROM stock") == [(2,)]
    assert look(database, "SELECT kind FROM incident WHERE closed_ms IS NULL") == []


def test_a_change_by_a_person_runs_between_messages_and_a_failed_one_changes_nothing(
    hub: HubService, database: Path
) -> None:
    def rename(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE stop SET en = 'Other' WHERE id = 'stop-1'")

    def fail(connection: Connection) -> None:
        connection.exec_driver_sql("DELETE FROM kiosk")
        raise LookupError("no")

    hub.writer.call(rename)
    with pytest.raises(LookupError):
        hub.writer.call(fail)
    assert look(database, "SELECT en FROM stop WHERE id = 'stop-1'") == [("Other",)]
    assert look(database, "SELECT count(*) FROM kiosk") == [(2,)]
    assert hub.health().writer
