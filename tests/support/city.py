"""A hub of several processes on PostgreSQL, and kiosks that send to it without end."""

import os
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
import sqlalchemy as sa
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract import messages, topics
from contract.messages import Ack, Hello, HubStatus, Kept, Welcome
from hub import db
from tests.support.broker import Mosquitto
from tests.support.databases import DATABASES
from tests.support.events import Journal, message_of
from tests.support.hubdb import make_template
from tests.support.ports import free_ports
from tests.support.processes import Yicang, until

BATCH = 25
WINDOW = 200
"""Events under way at most, and how many of them in a message."""

SILENCE_S = 1.0
"""After so long without an answer a kiosk sends again."""

AT_WORK = "projector at work"


class City:
    """Processes over one database: use with ``with``; nothing runs until it is started."""

    def __init__(self, directory: Path, broker: Mosquitto, kiosks: Sequence[str] = ()) -> None:
        self.broker = broker
        self.data = directory / "data"
        (self.data / "hub").mkdir(parents=True)
        self.database = directory / "hub.sqlite3"  # what stands for it
        make_template(self.database)
        self.url = DATABASES.at(self.database)
        (self.http_port,) = free_ports(1)
        (self.data / "hub" / "secret.key").write_bytes(b"not a secret: only for tests")
        (self.data / "hub" / "hub.toml").write_text(
            f'database = "{self.url}"\nhttp_port = {self.http_port}\nmqtt_port = {broker.port}\n'
        )
        engine = db.open_writer(self.url)
        with engine.begin() as connection:
            for kiosk in kiosks:
                connection.execute(
                    sa.insert(db.kiosk).values(id=kiosk, stop="stop-1", created_ms=0)
                )
        engine.dispose()
        self.processes: list[Yicang] = []

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> Yicang:
        """A process ``yicang hub …`` of this city, with ``env`` besides this one's variables."""
        told = {**os.environ, **env} if env is not None else None
        process = Yicang("hub", *command, "--data", str(self.data), env=told)
        self.processes.append(process)
        return process

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query finds."""
        return DATABASES.look(self.database, query)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self.processes:
            if error is not None:
                print(f"--- {process.arguments}\n{process.output[-4000:]}")
            if process.process.poll() is None:
                process.process.kill()
                process.process.wait()


def at_work(projectors: Sequence[Yicang]) -> Yicang | None:
    """The living projector that does the work."""
    for one in projectors:
        if one.process.poll() is None and AT_WORK in one.output:
            return one
    return None


class SendingKiosk:
    """A kiosk without hardware: keeps what it wrote, sends what the hub has not acknowledged."""

    def __init__(self, broker: Mosquitto, name: str, prefix: str) -> None:
        self.journal = Journal(name, prefix)
        self.journal.start()
        self.journal.learn_time()
        self.name = name
        self.through = 0
        self.promised = 0
        """The highest seq that the hub ever acknowledged: that far all must be in the log."""
        self.items = 0
        self.incarnations: list[tuple[float, str]] = []
        """When a hub said that it is there, and which."""
        self.manifest: dict[str, str] = {}
        """Of the reference data, as the hub told it last."""
        self._sent = 0
        self._heard = time.monotonic()
        self._online = False
        self._nonce: str | None = None
        self._welcomed = False
        self._lock = threading.Lock()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def done(self) -> bool:
        """Whether all that was written is acknowledged."""
        return self.through == len(self.journal.written)

    def take_in(self, items: int) -> None:
        """Goods come in."""
        with self._lock:
            for _ in range(items):
                self.journal.receive()
                self.items += 1

    def step(self) -> None:
        """Send what is due."""
        with self._lock:
            now = time.monotonic()
            if not self._online:
                return
            if now - self._heard > SILENCE_S:
                self._heard = now
                if not self._welcomed:
                    self._say_hello()
                self._sent = self.through
            written = self.journal.written
            while (
                self._welcomed and self._sent < len(written) and self._sent - self.through < WINDOW
            ):
                part = written[self._sent : self._sent + BATCH]
                message = message_of(part)
                properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
                properties.UserProperty = list(message.properties.items())
                self._client.publish(message.topic, message.payload, 1, properties=properties)
                self._sent += len(part)

    def _say_hello(self) -> None:
        self._nonce = secrets.token_hex(8)
        self._welcomed = False
        journal = self.journal
        kept = (Kept(str(journal.epoch), 1, len(journal.written), journal.head),)
        payload = messages.encode(Hello(self._nonce, kept))
        self._client.publish(topics.up(self.name, topics.HELLO), payload, 1)

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        down = f"{topics.ROOT}/{self.name}/down/+"
        client.subscribe([(down, 1), (topics.HUB_STATUS, 1)])

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        payload = bytes(message.payload)
        with self._lock:
            if message.topic == topics.HUB_STATUS:
                self._on_status(messages.decode(payload, HubStatus))
            elif message.topic.endswith(topics.WELCOME):
                self._on_welcome(messages.decode(payload, Welcome))
            elif message.topic.endswith(topics.ACK):
                self._on_ack(messages.decode(payload, Ack))

    def _on_status(self, status: HubStatus) -> None:
        before = self.incarnations[-1][1] if self.incarnations else None
        self._online = status.online
        if status.online:
            self.manifest = status.manifest
        if status.online and status.incarnation != before:
            self.incarnations.append((time.monotonic(), status.incarnation))
            self._heard = time.monotonic()
            self._say_hello()

    def _on_welcome(self, welcome: Welcome) -> None:
        if welcome.nonce != self._nonce:
            return
        self._nonce = None
        self._welcomed = True
        self._heard = time.monotonic()
        [position] = welcome.epochs
        self.through = self._sent = position.through

    def _on_ack(self, ack: Ack) -> None:
        if ack.through <= self.through:
            return
        assert self.journal.written[ack.through - 1].hash == ack.hash
        self.through = ack.through
        self.promised = max(self.promised, ack.through)
        self._sent = max(self._sent, self.through)
        self._heard = time.monotonic()


class Crowd:
    """Kiosks that take in goods and send, in a thread of their own, while used with ``with``."""

    def __init__(self, kiosks: Sequence[SendingKiosk], items_a_second: float) -> None:
        self.kiosks = kiosks
        self._pause = len(kiosks) / items_a_second
        self._giving = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure: BaseException | None = None

    def no_more_goods(self) -> None:
        """From now on only what is written is sent."""
        self._giving.set()

    def finish(self, deadline_s: float) -> None:
        """Wait until all is acknowledged."""
        self.no_more_goods()
        until(
            "everything is acknowledged",
            lambda: all(kiosk.done for kiosk in self.kiosks),
            deadline_s=deadline_s,
        )

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.wait(0.02):
            while time.monotonic() >= due and not self._giving.is_set():
                for kiosk in self.kiosks:
                    kiosk.take_in(1)
                due += self._pause
            for kiosk in self.kiosks:
                kiosk.step()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(10)
        for kiosk in self.kiosks:
            kiosk.close()
