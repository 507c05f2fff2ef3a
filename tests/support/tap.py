"""A tap on the broker: hears every message under ``yicang/`` and holds it against the contract.

What it checks is what the contract publishes: the JSON Schemas, the topics, which messages are
retained, that a batch's header equals its user properties and that its lines are what the header
says. A test that sends garbage on purpose names the kiosk it sends as (`Tap.expect_garbage`).
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from msgspec import Struct
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from contract import topics
from tests.support.conformance import Conformance

EVERYTHING = "yicang/#"


class Heard(Struct, frozen=True):
    """One message as the tap got it. ``retain`` is as it was published, or True for what was
    there when the tap (re)subscribed; ``properties`` are the user properties."""

    topic: str
    payload: bytes
    retain: bool
    qos: int
    properties: dict[str, str]

    @property
    def kiosk(self) -> str:
        """Whose topic it is, ``hub`` or ``reference`` for those, "" for a foreign one."""
        parts = self.topic.split("/")
        return parts[2] if len(parts) > 3 else ""

    @property
    def name(self) -> str:
        """The topic's last word, for example ``events``."""
        return self.topic.rpartition("/")[2]

    def json(self) -> Any:
        """The payload as JSON; raises ValueError."""
        return json.loads(self.payload)

    def lines(self) -> list[bytes]:
        """A batch's event lines, without its header."""
        return [line for line in self.payload.split(b"\n")[1:] if line]


class Tap:
    """An MQTT 5 client on ``host:port`` that records everything and reconnects by itself."""

    def __init__(
        self, host: str, port: int, *, username: str | None = None, password: str | None = None
    ) -> None:
        self._address = (host, port)
        self._conformance = Conformance()
        self._garbage: set[str] = set()
        self._changed = threading.Condition()
        self._heard: list[Heard] = []
        self._subscribed = False
        self._subscriptions = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    # --- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect and subscribe. Raises AssertionError when the broker does not let it."""
        self._client.connect(*self._address, keepalive=30, clean_start=True)
        self._client.loop_start()
        self.wait_subscribed()

    def close(self) -> None:
        """Disconnect and end the thread; what was heard stays."""
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if error is None:
            self.check()

    # --- for tests -------------------------------------------------------------------------

    def expect_garbage(self, kiosk: str) -> None:
        """Do not judge what is sent under this kiosk's ``up`` topics; the hub's answers are."""
        self._garbage.add(kiosk)

    @property
    def subscriptions(self) -> int:
        """How often the broker granted its subscription; grows with every reconnect."""
        return self._subscriptions

    def wait_subscribed(self, timeout: float = 15.0, *, after: int = 0) -> None:
        """Wait until it listens, by a subscription later than the ``after``-th: give what
        `subscriptions` said before the broker was killed. AssertionError at the deadline."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: self._subscribed and self._subscriptions > after, timeout
            ), "the tap could not subscribe"

    def wait_for(
        self, predicate: Callable[[Heard], bool], timeout: float = 15.0, *, count: int = 1
    ) -> Heard:
        """The ``count``-th message for which ``predicate`` holds, among all heard so far and
        those to come. Each message is shown to it once.

        Raises:
            AssertionError: it was not heard within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        looked = found = 0
        while True:
            fresh = self._heard_after(looked, deadline)
            looked += len(fresh)
            for heard in fresh:
                if predicate(heard):
                    found += 1
                    if found == count:
                        return heard
            if not fresh:
                raise AssertionError(
                    f"heard {found} of {count} such messages within {timeout} s; "
                    f"{looked} in all, topics {sorted({heard.topic for heard in self.heard()})}"
                )

    def _heard_after(self, looked: int, deadline: float) -> list[Heard]:
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._heard) > looked, max(0.0, deadline - time.monotonic())
            )
            return self._heard[looked:]

    def heard(self, name: str | None = None, kiosk: str | None = None) -> list[Heard]:
        """What was heard so far, in order; by the topic's last word and kiosk when given."""
        with self._changed:
            everything = list(self._heard)
        return [
            heard
            for heard in everything
            if name in (None, heard.name) and kiosk in (None, heard.kiosk)
        ]

    def carried(self, secret: str) -> list[Heard]:
        """The messages in which ``secret`` stands, in topic, payload or properties."""
        return [
            heard
            for heard in self.heard()
            if secret.encode() in heard.payload
            or secret in heard.topic
            or any(secret in part for pair in heard.properties.items() for part in pair)
        ]

    # --- judging ---------------------------------------------------------------------------

    def problems(self) -> list[str]:
        """What broke the contract so far, a line each."""
        return [problem for heard in self.heard() for problem in self._problems_of(heard)]

    def check(self) -> None:
        """Raises AssertionError when anything broke the contract."""
        problems = self.problems()
        shown = "\n".join(problems[:20])
        assert not problems, f"{len(problems)} messages broke the contract:\n{shown}"

    def _problems_of(self, heard: Heard) -> Iterator[str]:
        if heard.kiosk in self._garbage and "/up/" in heard.topic:
            return
        for problem in self._conformance.problems(heard.topic, heard.payload, heard.properties):
            yield f"{heard.topic}: {problem}"
        reference = heard.topic == topics.reference(hashlib.sha256(heard.payload).hexdigest())
        cleared = heard.kiosk == "reference" and not heard.payload
        expected = (
            topics.REFERENCE_DELIVERY.retain
            if reference or cleared
            else heard.name in topics.DELIVERY and topics.DELIVERY[heard.name].retain
        )
        if heard.retain != expected:
            yield f"{heard.topic}: retain is {heard.retain}, must be {expected}"

    # --- paho's thread ---------------------------------------------------------------------

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(EVERYTHING, options=SubscribeOptions(qos=2, retainAsPublished=True))

    def _on_subscribe(self, *_: object) -> None:
        with self._changed:
            self._subscribed = True
            self._subscriptions += 1
            self._changed.notify_all()

    def _on_disconnect(self, *_: object) -> None:
        with self._changed:
            self._subscribed = False
            self._changed.notify_all()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        pairs = getattr(message.properties, "UserProperty", ())
        heard = Heard(
            message.topic, bytes(message.payload), message.retain, message.qos, dict(pairs)
        )
        with self._changed:
            self._heard.append(heard)
            self._changed.notify_all()
