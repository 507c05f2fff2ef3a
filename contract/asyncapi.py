"""The AsyncAPI 3.0 document: every topic, who sends on it, and what.

Built from `contract.topics` and the schemas of `contract.schema`, so that it cannot say anything
else than the code does.
"""

from typing import Any, Final, NamedTuple

from msgspec import Struct

from contract import batches, events, messages, reference, topics
from contract.schema import Schema, components

_MQTT_BINDING: Final = "0.2.0"
_JSON: Final = "application/json"
_JSON_LINES: Final = "application/jsonl"

KIOSK: Final = "kiosk"
HUB: Final = "hub"


class Channel(NamedTuple):
    """One topic: its address with parameters in braces, who sends, how, and what."""

    key: str
    address: str
    sender: str
    delivery: topics.Delivery
    payload: type[Struct]
    about: str
    others: tuple[type[Struct], ...] = ()
    """Further messages that this topic carries, each as good as the first."""

    @property
    def payloads(self) -> tuple[type[Struct], ...]:
        """Every message that this topic carries."""
        return (self.payload, *self.others)

    def message_key(self, payload: type[Struct]) -> str:
        """What one of its messages is called in the document."""
        return self.key if payload is self.payload else f"{self.key}{payload.__name__}"


_UP_ABOUT: Final[dict[str, tuple[type[Struct], str]]] = {
    topics.HELLO: (
        messages.Hello,
        (
            "What the journal holds, with a fresh nonce: on connect, every "
            f"{messages.HELLO_INTERVAL_S} seconds and whenever the hub's incarnation changes."
        ),
    ),
    topics.EVENTS: (
        events.Line,
        "Events from the journal as JSON Lines; nobody publishes them while the hub is away.",
    ),
    topics.STATUS: (messages.KioskStatus, "Whether the kiosk is there; false is its will."),
    topics.HEALTH: (
        messages.Health,
        f"How the kiosk is, every {messages.HEALTH_INTERVAL_S} seconds and on change.",
    ),
    topics.REPLY: (
        messages.Reply,
        "What became of a command: at once, while it goes on, and at its end.",
    ),
}
_DOWN_ABOUT: Final[dict[str, tuple[type[Struct], str]]] = {
    topics.WELCOME: (
        messages.Welcome,
        (
            "The hub's answer to a hello, from its database. Only the one that carries the newest "
            "nonce may lower ``through``."
        ),
    ),
    topics.ACK: (
        messages.Ack,
        "Committed through this seq. A hash other than the kiosk's own is no acknowledgement.",
    ),
    topics.COMMAND: (
        messages.Command,
        (
            "Something to do once, before it expires; said again after a welcome until it is "
            "answered for good."
        ),
    ),
}


def channels() -> tuple[Channel, ...]:
    """Every topic of the contract."""
    up = (
        Channel(name, topics.up("{kiosk}", name), KIOSK, topics.DELIVERY[name], *_UP_ABOUT[name])
        for name in topics.UP
    )
    down = (
        Channel(name, topics.down("{kiosk}", name), HUB, topics.DELIVERY[name], *_DOWN_ABOUT[name])
        for name in topics.DOWN
    )
    return (
        *up,
        *down,
        Channel(
            "hubStatus",
            topics.HUB_STATUS,
            HUB,
            topics.DELIVERY[topics.STATUS],
            messages.HubStatus,
            (
                "Whether the hub is there; false is its will. A new incarnation asks for hellos; "
                "said again when the manifest of reference data changes."
            ),
        ),
        Channel(
            "reference",
            topics.reference("{digest}"),
            HUB,
            topics.REFERENCE_DELIVERY,
            messages.Products,
            (
                "A piece of the reference data under the SHA-256 of its bytes; the manifest in "
                "welcome and in the hub's status says which ones hold now."
            ),
            tuple(kind for kind in reference.PARTS.values() if kind is not messages.Products),
        ),
    )


_PARAMETERS: Final = {
    "kiosk": "The kiosk's id from its enrolment, also its MQTT user name and client id; "
    "never taken from a scan.",
    "digest": "SHA-256 of the retained payload, 64 hex digits.",
}


def document() -> Schema:
    """The whole AsyncAPI document."""
    every = channels()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Yicang Stop",
            "version": f"{events.VERSION}",
            "description": "What kiosks and the hub say to each other over MQTT 5. The rules "
            "that a schema cannot tell are in contract.md.",
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": _JSON,
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "mqtt",
                "protocolVersion": "5",
                "description": "MQTT 5 only (3.1.1 hides a denied publish), clean start; no "
                "reliance on the broker's queues, since journals resend.",
                "variables": {"host": {"default": "127.0.0.1"}, "port": {"default": "1883"}},
            }
        },
        "channels": {channel.key: _channel(channel) for channel in every},
        "operations": {
            name: operation for channel in every for name, operation in _operations(channel)
        },
        "components": {
            "messages": {
                channel.message_key(payload): _message(channel, payload)
                for channel in every
                for payload in channel.payloads
            },
            "schemas": _schemas(),
        },
    }


def _schemas() -> dict[str, Schema]:
    schemas = components("#/components/schemas/{name}")
    batch: Schema = {
        "title": "Batch",
        "description": "JSON Lines: a header, then exactly count events, each at most "
        f"{events.MAX_EVENT_BYTES} bytes, at most {batches.MAX_BATCH_BYTES} bytes in all. "
        "Written here as the array of its lines.",
        "type": "array",
        "items": [{"$ref": f"#/components/schemas/{batches.Header.__name__}"}],
        "additionalItems": {"$ref": f"#/components/schemas/{events.Line.__name__}"},
        "minItems": 2,
        "maxItems": 1 + batches.MAX_BATCH_EVENTS,
    }
    return {**schemas, "Batch": batch}


def _channel(channel: Channel) -> Schema:
    described: Schema = {
        "address": channel.address,
        "description": channel.about,
        "messages": {
            key: {"$ref": f"#/components/messages/{key}"} for key in _message_keys(channel)
        },
    }
    parameters = {
        name: {"description": text}
        for name, text in _PARAMETERS.items()
        if f"{{{name}}}" in channel.address
    }
    if parameters:
        described["parameters"] = parameters
    return described


def _message_keys(channel: Channel) -> list[str]:
    return [channel.message_key(payload) for payload in channel.payloads]


def _message(channel: Channel, payload: type[Struct]) -> Schema:
    if payload is not events.Line:
        return {
            "name": channel.message_key(payload),
            "contentType": _JSON,
            "payload": {"$ref": f"#/components/schemas/{payload.__name__}"},
        }
    return {
        "name": channel.key,
        "contentType": _JSON_LINES,
        "summary": "The header stands in the first line and again in the user properties, so "
        "that an unreadable line still has its seq.",
        "headers": user_properties_schema(),
        "payload": {"$ref": "#/components/schemas/Batch"},
    }


def user_properties_schema() -> Schema:
    """The MQTT user properties of an events message; their values are always text."""
    header = components()[batches.Header.__name__]
    properties: dict[str, Any] = {}
    for name, schema in header["properties"].items():
        pattern = schema.get("pattern", r"^[1-9][0-9]{0,15}$")
        properties[batches.PROPERTY_PREFIX + name] = {"type": "string", "pattern": pattern}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _operations(channel: Channel) -> list[tuple[str, Schema]]:
    receiver = HUB if channel.sender == KIOSK else KIOSK
    reference = {"$ref": f"#/channels/{channel.key}"}
    heard = [{"$ref": f"#/channels/{channel.key}/messages/{key}"} for key in _message_keys(channel)]
    sent = {
        "qos": channel.delivery.qos,
        "retain": channel.delivery.retain,
        "bindingVersion": _MQTT_BINDING,
    }
    received = {"qos": channel.delivery.qos, "bindingVersion": _MQTT_BINDING}
    return [
        (
            f"{channel.sender}.send.{channel.key}",
            {
                "action": "send",
                "channel": reference,
                "messages": heard,
                "bindings": {"mqtt": sent},
            },
        ),
        (
            f"{receiver}.receive.{channel.key}",
            {
                "action": "receive",
                "channel": reference,
                "messages": heard,
                "bindings": {"mqtt": received},
            },
        ),
    ]
