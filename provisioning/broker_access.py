"""Who may do what at the broker: the model that the generated configuration is held against. Pure.

It is written from the contract, not from Mosquitto's files: `allowed` says what is to be, the
files of `provisioning.mosquitto` are to bring it about, and a test asks a real Mosquitto every
question of it.

Words
-----
* **A user** is what the broker knows of a connection: the hub by its own door, or a kiosk by one of
  the kiosks', and whether its account is open.
* **Subscribing is not receiving.** Mosquitto grants any subscription, `#` as well, and holds each
  message against the access rules when it delivers it. So `RECEIVE` is asked of the topic of a
  message, and a subscription, wide or shared, changes nothing of it.
* **A will** is published with the rights of who left it, when its connection breaks.
* **Retaining** is publishing: Mosquitto has no rule for it. `may_stay` says on which topics a
  retained message is let stand; the hub takes all others off (`hub.kiosks.mqtt_link`).
"""

import enum
from typing import Final

from msgspec import Struct

from contract import topics


class Door(enum.StrEnum):
    """A listener."""

    HUB = "hub"
    PASSWORD = "password"  # noqa: S105 (a door's name)
    CERTIFICATE = "certificate"


class Standing(enum.StrEnum):
    """How somebody knocks."""

    OPEN = "open"
    """With an account that is open, and what belongs to it."""
    FORBIDDEN = "forbidden"
    """With all that belongs to an account which is closed."""
    WRONG = "wrong"
    """With a password, or a certificate of another authority, that is not the account's."""
    NAMELESS = "nameless"
    """With nothing at all."""


class Verb(enum.StrEnum):
    """What somebody wants to do with a topic."""

    PUBLISH = "publish"
    """A message, of any QoS that the door takes, retained or not."""
    WILL = "will"
    RECEIVE = "receive"
    """A message that somebody else published there."""


class User(Struct, frozen=True):
    """Somebody at a door; ``name`` is the account's (of the hub `provisioning.mosquitto.HUB_USER`).
    ``old`` speaks MQTT 3.1.1."""

    door: Door
    name: str
    standing: Standing = Standing.OPEN
    old: bool = False


MAX_QOS: Final = 1
"""Of what a client may publish; a higher one ends its connection."""


def enters(user: User, *, refuses_old: bool) -> bool:
    """Whether the broker takes the connection. ``refuses_old`` is whether it is one that can refuse
    MQTT 3.1.1 (Mosquitto 2.1)."""
    return user.standing is Standing.OPEN and not (user.old and refuses_old)


def client_id(user: User, claimed: str) -> str:
    """Under which id the broker knows the connection that ``claimed`` one: on the kiosks' doors
    always its own, so that no session can be stolen."""
    return claimed if user.door is Door.HUB else user.name


def allowed(user: User, verb: Verb, topic: str) -> bool:
    """Whether ``user``, once in, may do this with ``topic``, which holds no wildcard."""
    if user.standing is not Standing.OPEN:
        return False
    if user.door is Door.HUB:
        own = topic == topics.ROOT or topic.startswith(f"{topics.ROOT}/")
        return own or (verb is Verb.RECEIVE and topic.startswith("$SYS/"))
    if verb is not Verb.RECEIVE:
        return topic in {topics.up(user.name, name) for name in topics.UP}
    told = {topics.down(user.name, name) for name in topics.DOWN}
    return topic in told or topic == topics.HUB_STATUS or _is_reference(topic)


def may_stay(topic: str) -> bool:
    """Whether a retained message is let stand on ``topic``."""
    up = topics.parse_up(topic)
    if up is not None:
        return topics.DELIVERY[up.name].retain
    return topic == topics.HUB_STATUS or _is_reference(topic)


def _is_reference(topic: str) -> bool:
    """One level, whatever it is: nobody but the hub publishes there."""
    head = topics.reference("")
    return topic.startswith(head) and "/" not in topic.removeprefix(head)
