"""MQTT topics. A kiosk's name comes from its enrolment, never from a scan."""

from typing import Final, NamedTuple

ROOT: Final = "yicang/1"
HUB_STATUS: Final = f"{ROOT}/hub/status"
ALL_UP: Final = f"{ROOT}/+/up/+"
"""What the hub subscribes to."""

HELLO: Final = "hello"
EVENTS: Final = "events"
STATUS: Final = "status"
HEALTH: Final = "health"
REPLY: Final = "reply"
WELCOME: Final = "welcome"
ACK: Final = "ack"
COMMAND: Final = "command"

UP: Final = (HELLO, EVENTS, STATUS, HEALTH, REPLY)
DOWN: Final = (WELCOME, ACK, COMMAND)


class Delivery(NamedTuple):
    """How a topic's messages are published; ``retain`` messages are there for late comers."""

    qos: int
    retain: bool


DELIVERY: Final = {
    HELLO: Delivery(1, False),
    EVENTS: Delivery(1, False),
    STATUS: Delivery(1, True),
    HEALTH: Delivery(1, False),
    REPLY: Delivery(1, False),
    WELCOME: Delivery(1, False),
    ACK: Delivery(1, False),
    COMMAND: Delivery(1, False),
}
"""By a topic's last word. A retained welcome, ack or command would speak of a past that is over.
Reference data is retained too; it has no such name, its topic ends in a digest."""

REFERENCE_DELIVERY: Final = Delivery(1, True)


class UpTopic(NamedTuple):
    """Who sent what, as the broker's access rules vouch for it."""

    kiosk: str
    name: str


def up(kiosk: str, name: str) -> str:
    """A topic on which ``kiosk`` publishes; ``name`` is one of `UP`."""
    return f"{ROOT}/{kiosk}/up/{name}"


def down(kiosk: str, name: str) -> str:
    """A topic on which the hub publishes to ``kiosk``; ``name`` is one of `DOWN`."""
    return f"{ROOT}/{kiosk}/down/{name}"


def reference(digest: str) -> str:
    """Where the reference data with this SHA-256 (hex) is retained."""
    return f"{ROOT}/reference/{digest}"


def parse_up(topic: str) -> UpTopic | None:
    """The kiosk and name of a topic under ``up``, or None for any other topic."""
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT or parts[3] != "up" or parts[4] not in UP:
        return None
    return UpTopic(parts[2], parts[4])
