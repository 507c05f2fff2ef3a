"""The tap must notice what breaks the contract, or it protects nobody."""

import hashlib
from collections.abc import Iterator

import pytest
from msgspec import Struct

from contract import batches, messages, topics
from tests.support.broker import Mosquitto
from tests.support.lines import EPOCH, EVERY_BODY, KIOSK, batch, chain, header
from tests.support.publisher import Publisher
from tests.support.tap import Tap

HASH = "ab" * 32
EVENTS_TOPIC = topics.up(KIOSK, topics.EVENTS)


@pytest.fixture
def listening(mosquitto: Mosquitto) -> Iterator[Tap]:
    """A tap whose verdict the test itself reads."""
    tap = Tap(mosquitto.host, mosquitto.port)
    tap.start()
    yield tap
    tap.close()


@pytest.fixture
def publisher(mosquitto: Mosquitto) -> Iterator[Publisher]:
    with Publisher(mosquitto.host, mosquitto.port) as sender:
        yield sender


def test_a_whole_conversation_by_the_contract_passes(tap: Tap, publisher: Publisher) -> None:
    nonce = "0" * 16
    payload, properties = batch(chain(EVERY_BODY))
    products = messages.encode(
        messages.Products((messages.Product("06901234567892", "H1", "洗衣液", "Detergent"),))
    )
    said: list[tuple[str, Struct, bool]] = [
        (topics.HUB_STATUS, messages.HubStatus(True, "i1"), True),
        (topics.up(KIOSK, topics.STATUS), messages.KioskStatus(True), True),
        (
            topics.up(KIOSK, topics.HELLO),
            messages.Hello(nonce, (messages.Kept(EPOCH, 1, 21, HASH),)),
            False,
        ),
        (
            topics.down(KIOSK, topics.WELCOME),
            messages.Welcome(
                nonce, (messages.Position(EPOCH, 0, "0" * 64),), 1, {"products": HASH}
            ),
            False,
        ),
        (topics.down(KIOSK, topics.ACK), messages.Ack(EPOCH, 21, HASH), False),
        (
            topics.up(KIOSK, topics.HEALTH),
            messages.Health(
                0,
                0,
                21,
                True,
                devices=(messages.DeviceHealth("s", "scanner", True),),
                lanes=(messages.LaneHealth("lane-1", "idle"),),
            ),
            False,
        ),
        (topics.down(KIOSK, topics.COMMAND), messages.Command(nonce, "locate", 1), False),
        (topics.up(KIOSK, topics.REPLY), messages.Reply(nonce, True), False),
    ]
    for topic, message, retain in said:
        publisher.send(topic, messages.encode(message), retain=retain)
    publisher.send(topics.reference(messages.digest(products)), products, retain=True)
    publisher.send(EVENTS_TOPIC, payload, properties=properties)
    heard = tap.wait_for(lambda message: message.name == topics.EVENTS)
    assert heard.kiosk == KIOSK
    assert heard.properties == dict(properties)
    assert len(heard.lines()) == len(EVERY_BODY)
    assert len(tap.heard()) == len(said) + 2


def test_every_breach_is_noticed(listening: Tap, publisher: Publisher) -> None:
    events = chain(EVERY_BODY)
    payload, properties = batch(events)
    short = batches.encode(header(events[:2]), [event.raw for event in events[:2]])
    other, other_properties = batch(chain(EVERY_BODY, kiosk="kiosk-b"))
    unknown = payload.replace(b'"help.wanted"', b'"help.shouted"')
    breaches: dict[str, tuple[str, bytes, list[tuple[str, str]], bool]] = {
        "no properties": (EVENTS_TOPIC, payload, [], False),
        "properties of another batch": (EVENTS_TOPIC, short, properties, False),
        "a line is missing": (EVENTS_TOPIC, payload.rpartition(b'{"prev"')[0], properties, False),
        "an event of another kiosk": (EVENTS_TOPIC, other, other_properties, False),
        "an unknown type": (EVENTS_TOPIC, unknown, properties, False),
        "a retained batch": (EVENTS_TOPIC, payload, properties, True),
        "no header": (EVENTS_TOPIC, payload.partition(b"\n")[2], properties, False),
        "not JSON": (topics.up(KIOSK, topics.HEALTH), b"{", [], False),
        "a wrong field": (topics.up(KIOSK, topics.STATUS), b'{"online": "yes"}', [], True),
        "a status that is not retained": (
            topics.up(KIOSK, topics.STATUS),
            b'{"online": true}',
            [],
            False,
        ),
        "a foreign topic": ("yicang/1/kiosk-a/up/gossip", b"{}", [], False),
        "an older version's topic": ("yicang/0/hub/status", b'{"online": true}', [], True),
        "a wrong digest": (topics.reference(HASH), b'{"products": []}', [], True),
        "reference data not retained": (
            topics.reference(hashlib.sha256(b'{"products":[]}').hexdigest()),
            b'{"products":[]}',
            [],
            False,
        ),
    }
    blamed = 0
    for count, (name, (topic, body, pairs, retain)) in enumerate(breaches.items(), start=1):
        publisher.send(topic, body, retain=retain, properties=pairs)
        listening.wait_for(lambda _: True, count=count)
        problems = len(listening.problems())
        assert problems > blamed, f"not noticed: {name}"
        blamed = problems
    with pytest.raises(AssertionError, match="broke the contract"):
        listening.check()


def test_garbage_that_a_test_announced_is_not_held_against_it(
    tap: Tap, publisher: Publisher
) -> None:
    tap.expect_garbage("kiosk-f")
    publisher.send(topics.up("kiosk-f", topics.EVENTS), b"\xff\x00", retain=False)
    tap.wait_for(lambda heard: heard.kiosk == "kiosk-f")


def test_the_hub_is_judged_even_when_it_answers_garbage(
    listening: Tap, publisher: Publisher
) -> None:
    listening.expect_garbage("kiosk-f")
    publisher.send(topics.down("kiosk-f", topics.ACK), b"{}")
    listening.wait_for(lambda heard: heard.name == topics.ACK)
    assert listening.problems()


def test_it_hears_again_after_the_broker_was_killed(tap: Tap, mosquitto: Mosquitto) -> None:
    before = tap.subscriptions
    mosquitto.kill()
    mosquitto.start()
    tap.wait_subscribed(after=before)
    with Publisher(mosquitto.host, mosquitto.port) as sender:
        sender.send(topics.up(KIOSK, topics.REPLY), messages.encode(messages.Reply("0" * 16, True)))
    assert tap.wait_for(lambda heard: heard.name == topics.REPLY).json()["ok"]


def test_a_secret_on_the_wire_is_found(tap: Tap, publisher: Publisher) -> None:
    payload, properties = batch(chain(EVERY_BODY))
    publisher.send(EVENTS_TOPIC, payload, properties=properties)
    tap.wait_for(lambda heard: heard.name == topics.EVENTS)
    assert tap.carried("help.wanted")
    assert not tap.carried("P0000000000000000")
