"""Carries out what the pure relay decides: hellos, batches, positions, time, reference data."""

import logging
import random
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from contract import batches, topics
from contract.events import MAX_SEQ, Noticed
from contract.messages import (
    Ack,
    Command,
    Hello,
    HubStatus,
    MessageError,
    Welcome,
    decode,
    encode,
)
from kiosk import relay
from kiosk.clock import LearntClock
from kiosk.command_desk import CommandDesk
from kiosk.inputs import MqttMessage
from kiosk.journal import Journal
from kiosk.reference import ReferenceStore
from kiosk.reference_desk import ReferenceDesk
from kiosk.relay import RelayState, StreamFacts
from kiosk.state import Draft, EventRef
from kiosk.streams import Stream
from kiosk.time_desk import TimeDesk

log = logging.getLogger(__name__)


class Link(Protocol):
    """What the uplink needs of the MQTT client."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        user_properties: list[tuple[str, str]] | None = None,
    ) -> None: ...

    def subscribe(self, topic: str) -> None: ...

    def unsubscribe(self, topic: str) -> None: ...

    def reconnect(self) -> None: ...


class Uplink:
    """The journal's way to the hub. Called by the loop's thread only."""

    def __init__(
        self,
        kiosk: str,
        journal: Journal,
        clock: LearntClock,
        link: Link,
        reference: ReferenceStore,
        time: TimeDesk,
        commands: CommandDesk,
        *,
        software: str,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._kiosk: Final = kiosk
        self._journal: Final = journal
        self._clock: Final = clock
        self._link: Final = link
        self._time: Final = time
        self._commands: Final = commands
        self._software: Final = software
        self._entropy: Final = entropy
        self.reference: Final = ReferenceDesk(reference, link, self._refused)
        self.state = RelayState()

    @property
    def online(self) -> bool:
        """Whether the hub has answered our newest hello."""
        return self.state.welcomed

    def next_deadline(self) -> int | None:
        """When `tick` has something to do, in monotonic milliseconds."""
        return relay.next_deadline(self.state)

    def connected(self) -> None:
        """The broker took us in."""
        self._step(relay.Connected())

    def disconnected(self) -> None:
        """The broker is gone."""
        self._step(relay.Disconnected())

    def appended(self) -> None:
        """The journal may have grown."""
        self._step(relay.Appended())

    def tick(self) -> None:
        """Time passed."""
        self._step(relay.Tick())

    def message(self, message: MqttMessage) -> None:
        """Something from the hub; what cannot be understood is named in the log and left."""
        topic, payload = message.topic, message.payload
        try:
            if topic == topics.HUB_STATUS:
                self._step(relay.HubStatusSeen(decode(payload, HubStatus)))
            elif topic == topics.down(self._kiosk, topics.WELCOME):
                self._welcome(decode(payload, Welcome))
            elif topic == topics.down(self._kiosk, topics.ACK):
                ack = decode(payload, Ack)
                own = self._own_hash(ack.epoch, ack.through)
                self._step(relay.Acked(ack, own))
            elif topic == topics.down(self._kiosk, topics.COMMAND):
                self._commands.heard(decode(payload, Command))
            elif self.reference.takes(topic):
                self.reference.message(topic, payload)
        except MessageError as error:
            log.warning("a message on %s cannot be understood: %s", topic, error)

    def _welcome(self, welcome: Welcome) -> None:
        own = {
            position.epoch: self._own_hash(position.epoch, position.through)
            for position in welcome.epochs
        }
        self._step(relay.Welcomed(welcome, own), every_stream=True)

    def _own_hash(self, epoch: str, seq: int) -> str | None:
        return self._journal.streams.hash_at(epoch, seq) if seq <= MAX_SEQ else None

    def _step(self, incoming: relay.RelayInput, *, every_stream: bool = False) -> None:
        now = relay.Now(
            self._clock.mono(),
            self._entropy(8).hex(),
            random.random(),  # noqa: S311 (jitter is no secret)
        )
        streams = self._facts(every_stream)
        self.state, effects = relay.step(self.state, incoming, streams, now)
        disputed = [effect for effect in effects if isinstance(effect, relay.Dispute)]
        if disputed:
            self._journal.go_on_elsewhere([EventRef(d.epoch, d.seq) for d in disputed])
        for effect in effects:
            self._perform(effect)
        if disputed:
            self.appended()

    def _facts(self, every_stream: bool) -> Mapping[str, StreamFacts]:
        def wanted(stream: Stream) -> bool:
            return every_stream or stream.acked < stream.head

        return {
            epoch: StreamFacts(epoch, s.head, s.acked, s.safe, s.disputed)
            for epoch, s in self._journal.streams.by_epoch.items()
            if wanted(s)
        }

    def _perform(self, effect: relay.RelayEffect) -> None:
        match effect:
            case relay.SayHello(nonce):
                hello = Hello(nonce, self._journal.streams.kept(), self._software, self._journal.id)
                self._link.publish(topics.up(self._kiosk, topics.HELLO), encode(hello))
            case relay.SendFrom(epoch, first, last):
                self._send(epoch, first, last)
            case relay.Store(positions):
                self._journal.streams.store_positions(positions)
            case relay.Dispute():
                pass  # all of them at once, above
            case relay.LearnTime(hub_time):
                self._time.hub_said(hub_time)
            case relay.FetchReference(manifest):
                self.reference.offered(manifest)
            case relay.Reconnect():
                log.warning(
                    "中心很久没有确认，将重连 / no acknowledgement for long: connecting anew"
                )
                self._link.reconnect()

    def _send(self, epoch: str, first: int, last: int) -> None:
        # What was pruned was safe with the hub; one set back behind that learns it from hello.
        first = max(first, self._journal.streams.by_epoch[epoch].oldest)
        while first <= last:
            rows = self._journal.streams.read(epoch, first, min(relay.BATCH, last - first + 1))
            if not rows:
                return
            count = batches.fit([raw for _, raw in rows])
            rows = rows[:count]
            header = batches.Header(epoch, first, count, rows[-1][0])
            self._link.publish(
                topics.up(self._kiosk, topics.EVENTS),
                batches.encode(header, [raw for _, raw in rows]),
                user_properties=batches.properties(header),
            )
            first += count

    def _refused(self) -> None:
        """A part of the reference data is refused: somebody must see it."""
        self._journal.append([Draft(Noticed(kind="reference-refused"))])
