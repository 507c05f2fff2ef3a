"""A hub behind the doors of an installed broker, which reads its accounts when the hub says so."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from sqlalchemy import Connection

from contract import messages, topics
from contract.messages import Ack
from hub.config import HubConfig
from hub.kiosks import broker_accounts
from hub.log.ingest import Message
from hub.service import HubService
from provisioning.authority import serial_of
from provisioning.mosquitto import HUB_USER, RELOAD, Style
from tests.support.broker_doors import (
    HUB_PASSWORD,
    Caller,
    InstalledBroker,
    Papers,
    RefusedError,
    executables,
)
from tests.support.databases import DATABASES
from tests.support.processes import until


class BrokerSite:
    """Use it with ``with``. `hub` is a running `HubService`."""

    def __init__(self, folder: Path, database: Path, style: Style = Style.V2_0) -> None:
        self.database: Final = database
        self.papers: Final = Papers(folder / "papers")
        self.broker: Final = InstalledBroker(
            folder / "broker", self.papers, style, executables()[style]
        )
        self.config: Final = HubConfig(
            database=DATABASES.at(database),
            mqtt_port=self.broker.hub_port,
            mqtt_user=HUB_USER,
            mqtt_password=HUB_PASSWORD,
            broker_dir=str(self.broker.directory),
            authority_dir=str(self.papers.directory),
        )
        self.hub = HubService(self.config)
        self.certificates: Final[dict[str, tuple[Path, Path]]] = {}
        self._over: Final = threading.Event()
        self._unit: Final = threading.Thread(target=self._watch, name="yicang-broker.path")

    def _watch(self) -> None:
        """The unit ``yicang-broker.path``: while the mark is there, have the files read."""
        while not self._over.wait(0.02):
            if (self.broker.directory / RELOAD).exists() and self.broker.running:
                self.broker.reload()

    def __enter__(self) -> Self:
        self.broker.start()
        self._unit.start()
        self.hub.start()
        until("the hub is at the broker", lambda: self.hub.health().broker)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hub.stop()
        self._over.set()
        self._unit.join()
        self.broker.kill()

    def restart_hub(self) -> None:
        """Another process, as it were, on the same database."""
        self.hub.stop()
        self.hub = HubService(self.config)
        self.hub.start()
        until("the hub is at the broker", lambda: self.hub.health().broker)

    def allow(self, kiosk: str, *, certificate: bool = False) -> None:
        """Open an account, and wait until the broker knows."""
        serial = None
        if certificate:
            self.certificates[kiosk] = self.papers.certificate(kiosk)
            serial = serial_of(self.certificates[kiosk][0].read_bytes())
        verifier = self.papers.verifier(kiosk)

        def change(connection: Connection) -> None:
            broker_accounts.allow(connection, kiosk, verifier, 1, serial=serial)

        self.hub.writer.call(change)
        until(f"{kiosk} may come in", lambda: self.lets_in(kiosk))

    def forbid(self, kiosk: str) -> None:
        """Close an account for good; returns at once."""
        self.hub.writer.call(lambda here: broker_accounts.forbid(here, kiosk, 2))

    def lets_in(self, kiosk: str) -> bool:
        """Whether the broker takes its password."""
        return self._enters(self.broker.by_password(kiosk))

    def lets_in_by_certificate(self, kiosk: str) -> bool:
        """Whether the broker takes its certificate."""
        return self._enters(self.broker.by_certificate(self.certificates[kiosk]))

    @staticmethod
    def _enters(caller: Caller) -> bool:
        try:
            with caller:
                return True
        except RefusedError:
            return False


def send(caller: Caller, message: Message, *, retain: bool = False) -> int:
    """Publish a kiosk's message as it would; its packet id."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.UserProperty = list(message.properties.items())
    return caller.publish(message.topic, message.payload, retain=retain, properties=properties)


def acknowledged(caller: Caller, kiosk: str, epoch: str) -> int:
    """Through which event of ``epoch`` the hub has acknowledged, as far as ``caller`` has heard."""
    acks = [
        messages.decode(payload, Ack)
        for topic, payload, _ in list(caller.received)
        if mqtt.topic_matches_sub(topics.down(kiosk, topics.ACK), topic)
    ]
    return max((ack.through for ack in acks if ack.epoch == epoch), default=0)
