"""Hub ingest through Mosquitto, 50 events a message and all projections included, against a floor.

The floor is what no hub on SQLite can go without: decode each event, insert it under its key,
upsert its items and the stock that they leave and come to, COMMIT every 50 events; one process, no
network, WAL and synchronous=FULL, on the same disk. Its stock is right, which `floor` asserts: what
adds up to nothing that stands anywhere is no stock.

Ours is the whole hub as it runs (`hub.service.HubService` in its own process), fed through a real
Mosquitto by another process that plays kiosks: each keeps a few messages without acknowledgement
under way and is done when the hub has acknowledged its last event. The clock stops when the
projections have caught up as well. The floor is measured before and after, for a disk's speed may
change within a second.
"""

import multiprocessing
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import paho.mqtt.client as mqtt
import sqlalchemy as sa
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench import load
from contract import batches, events, messages, topics
from hub import db
from hub.config import HubConfig
from hub.service import HubService
from tests.support.broker import Mosquitto

GOAL = 0.8
ROUNDS = 7
KIOSKS = 8
MESSAGES_EACH = 50
WINDOW = 8
"""Messages of one kiosk under way without acknowledgement."""

GIVE_UP_S = 60.0

FLOOR_SCHEMA = """
CREATE TABLE event (kiosk TEXT, epoch TEXT, seq INTEGER, hash TEXT, prev TEXT, type TEXT, raw BLOB,
  PRIMARY KEY (kiosk, epoch, seq, hash));
CREATE TABLE item (code TEXT PRIMARY KEY, stop TEXT, category TEXT, status TEXT, t INTEGER)
  WITHOUT ROWID;
CREATE TABLE stock (stop TEXT, category TEXT, status TEXT, n INTEGER,
  PRIMARY KEY (stop, category, status)) WITHOUT ROWID;
"""
INSERT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
UPSERT_ITEM = """
INSERT INTO item VALUES (?, ?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET
  stop = excluded.stop, status = excluded.status, t = excluded.t
"""
OLD_ITEM = "SELECT category, status FROM item WHERE code = ?"
UPSERT_STOCK = """
INSERT INTO stock VALUES (?, ?, ?, ?) ON CONFLICT (stop, category, status) DO UPDATE SET
  n = n + excluded.n
"""


def floor(path: Path, ready: Sequence[load.Ready]) -> float:
    """Events a second of the floor, on a fresh database at ``path``."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(FLOOR_SCHEMA)
        count = 0
        started = time.perf_counter()
        for one in ready:
            batch = batches.decode(one.payload, dict(one.properties))
            connection.execute("BEGIN IMMEDIATE")
            for raw in batch.lines:
                _floor_event(connection, events.decode(raw))
                count += 1
            connection.execute("COMMIT")
        rate = count / (time.perf_counter() - started)
        standing = "SELECT status, count(*) FROM item GROUP BY status ORDER BY status"
        counted = "SELECT status, sum(n) FROM stock GROUP BY status HAVING sum(n) ORDER BY status"
        assert connection.execute(standing).fetchall() == connection.execute(counted).fetchall()
        return rate


STATUS = {
    events.Received: "unlabelled",
    events.LabelAttached: "in_stock",
    events.ItemPicked: "in_stock",
    events.Out: "out",
    events.Delivered: "delivered",
}
"""What an item is after such an event, in the floor's hub."""


def _floor_event(connection: sqlite3.Connection, event: events.Event) -> None:
    public = event.public
    body = public.body
    kind = events.type_of(body)
    row = (public.kiosk, public.epoch, public.seq, event.hash, event.prev, kind, event.raw)
    connection.execute(INSERT, row)
    status = STATUS.get(type(body))
    if status is None:
        return
    if isinstance(body, events.Received):
        connection.execute(UPSERT_ITEM, (body.item, "stop-1", body.category, status, public.mono))
        connection.execute(UPSERT_STOCK, ("stop-1", body.category, status, 1))
        return
    items: tuple[str, ...] = ()
    if isinstance(body, events.LabelAttached | events.ItemPicked):
        items = (body.item,)
    elif isinstance(body, events.Out | events.Delivered):
        items = body.items
    for item in items:
        category, was = connection.execute(OLD_ITEM, (item,)).fetchone()
        connection.execute(UPSERT_ITEM, (item, "stop-1", category, status, public.mono))
        if was != status:
            connection.execute(UPSERT_STOCK, ("stop-1", category, was, -1))
            connection.execute(UPSERT_STOCK, ("stop-1", category, status, 1))


# --- ours ------------------------------------------------------------------------------------


def ours(directory: Path, broker: Mosquitto, ready: Sequence[load.Ready]) -> float:
    """Events a second of the hub, on a fresh database in ``directory``."""
    directory.mkdir()
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    url = db.sqlite_url(directory / "hub.sqlite3")
    prepare(url)
    hub = context.Process(target=serve, args=(url, broker.port, stop), daemon=True)
    hub.start()
    try:
        player = Player(broker, ready)
        started = player.play()
        total = len(ready) * load.EVENTS_A_MESSAGE
        wait_projected(directory / "hub.sqlite3", total)
        return total / (time.perf_counter() - started)
    finally:
        stop.set()
        hub.join(10)
        if hub.is_alive():
            hub.kill()


def prepare(url: str) -> None:
    """A migrated database that knows the kiosks."""
    engine = db.open_writer(url)
    db.migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(db.stop), [{"id": "stop-1", "zh": "一号站", "en": "One"}])
        connection.execute(
            sa.insert(db.kiosk),
            [
                {"id": f"kiosk-{number:03d}", "stop": "stop-1", "created_ms": 0}
                for number in range(KIOSKS)
            ],
        )
    engine.dispose()


def serve(url: str, port: int, stop: "threading.Event") -> None:
    """The hub's process, without pages."""
    service = HubService(HubConfig(database=url, mqtt_port=port))
    service.start()
    stop.wait()
    service.stop()


QUERY = "SELECT value FROM meta WHERE key = 'projected'"


def wait_projected(path: Path, total: int) -> None:
    """Return when ``total`` events are projected; raises TimeoutError."""
    deadline = time.monotonic() + GIVE_UP_S
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        while time.monotonic() < deadline:
            if connection.execute(QUERY).fetchone() == (str(total),):
                return
            time.sleep(0.005)
    raise TimeoutError("the projections did not catch up")


class Player:
    """Plays all kiosks over one connection, each within its window."""

    def __init__(self, broker: Mosquitto, ready: Sequence[load.Ready]) -> None:
        self._waiting: dict[str, list[load.Ready]] = {}
        for one in reversed(ready):
            self._waiting.setdefault(one.kiosk, []).append(one)
        self._under_way: dict[str, list[int]] = {kiosk: [] for kiosk in self._waiting}
        self._last = {one.kiosk: one.last for one in ready}
        self._hub = threading.Event()
        self._done = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.max_inflight_messages_set(KIOSKS * WINDOW)
        self._client.on_message = self._on_message
        self._client.connect(broker.host, broker.port, clean_start=True)
        self._client.subscribe([(topics.HUB_STATUS, 1), (f"{topics.ROOT}/+/down/ack", 0)])
        self._client.loop_start()

    def play(self) -> float:
        """Send everything and wait for the last acknowledgement; when the first was sent."""
        if not self._hub.wait(GIVE_UP_S):
            raise TimeoutError("the hub did not come")
        started = time.perf_counter()
        for kiosk in self._waiting:
            self._fill(kiosk)
        if not self._done.wait(GIVE_UP_S):
            raise TimeoutError("the hub did not acknowledge everything")
        self._client.disconnect()
        self._client.loop_stop()
        return started

    def _fill(self, kiosk: str) -> None:
        waiting, under_way = self._waiting[kiosk], self._under_way[kiosk]
        while waiting and len(under_way) < WINDOW:
            one = waiting.pop()
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.UserProperty = one.properties
            under_way.append(one.last)
            topic = topics.up(kiosk, topics.EVENTS)
            self._client.publish(topic, one.payload, qos=1, properties=properties)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic == topics.HUB_STATUS:
            if messages.decode(bytes(message.payload), messages.HubStatus).online:
                self._hub.set()
            return
        kiosk = message.topic.split("/")[2]
        ack = messages.decode(bytes(message.payload), messages.Ack)
        self._under_way[kiosk] = [last for last in self._under_way[kiosk] if last > ack.through]
        self._fill(kiosk)
        if not any(self._under_way.values()) and not any(self._waiting.values()):
            self._done.set()


def run() -> bool:
    """Measure and print; whether the median ratio reached `GOAL`."""
    floors, rates = [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for number in range(ROUNDS):
            ready = load.make(KIOSKS, MESSAGES_EACH, f"round {number}")
            before = floor(folder / f"before-{number}.sqlite3", ready)
            broker_folder = folder / f"broker-{number}"
            broker_folder.mkdir()
            with Mosquitto(broker_folder) as broker:
                rates.append(ours(folder / f"hub-{number}", broker, ready))
            after = floor(folder / f"after-{number}.sqlite3", ready)
            floors.append(statistics.harmonic_mean([before, after]))  # of as many events each
            ratio = rates[-1] / floors[-1]
            print(
                f"  round {number + 1}: floor {floors[-1]:8,.0f}/s   hub {rates[-1]:8,.0f}/s"
                f"   ratio {ratio:.2f}",
                flush=True,
            )
    ratios = [rate / base for rate, base in zip(rates, floors, strict=True)]
    median = statistics.median(ratios)
    print(
        f"  ratio: median {median:.2f}, min {min(ratios):.2f}, max {max(ratios):.2f}"
        f" (goal: at least {GOAL})"
    )
    return median >= GOAL
