"""Every other message: read back as written; anything else is refused naming the field."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from contract import messages, schema, topics
from contract.codes import Kind, serial_code
from contract.messages import MessageError
from tests.support.conformance import Conformance
from tests.support.lines import KIOSK
from tests.support.strategies import instances

KINDS = tuple(
    kind for name, kind in schema.MESSAGES.items() if name not in ("batch-header", "event")
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_read_back_as_written_and_keeps_to_its_schema(kind: type[Struct]) -> None:
    judge = Conformance()
    name = next(name for name, other in schema.MESSAGES.items() if other is kind)

    @settings(max_examples=25, deadline=None)
    @given(instances(kind))
    def read_back(message: Struct) -> None:
        payload = messages.encode(message)
        assert messages.decode(payload, kind) == message
        assert judge.against(name, msgspec.json.decode(payload)) == []

    read_back()


@pytest.mark.parametrize("kind", KINDS)
def test_any_bytes_are_a_message_or_an_error_for_people(kind: type[Struct]) -> None:
    @settings(max_examples=60)
    @given(st.binary(max_size=200) | st.sampled_from([b"[" * 50_000, b'{"a":' * 20_000, b"\xff"]))
    def refused(payload: bytes) -> None:
        with pytest.raises(MessageError):
            messages.decode(b"?" + payload, kind)

    refused()


def test_a_wrong_field_is_named() -> None:
    with pytest.raises(MessageError, match=r"\$\.through"):
        messages.decode(b'{"epoch":"0000000000000000","through":-1,"hash":""}', messages.Ack)


def test_a_payload_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(MessageError, match="above"):
        messages.decode(b" " * (messages.MAX_MESSAGE_BYTES + 1), messages.Ack)


def test_a_field_of_a_later_release_is_ignored() -> None:
    assert messages.decode(b'{"online":true,"mood":"fine"}', messages.KioskStatus).online


def test_the_longest_hello_stays_within_a_message() -> None:
    kept = messages.Kept("f" * 16, 2**53 - 1, 2**53 - 1, "f" * 64)
    hello = messages.Hello("f" * 16, (kept,) * messages.MAX_KEPT, "s" * 64, "j" * 64)
    assert len(messages.encode(hello)) <= messages.MAX_MESSAGE_BYTES
    with pytest.raises(MessageError):
        messages.decode(
            messages.encode(msgspec.structs.replace(hello, epochs=(kept,) * 801)), messages.Hello
        )


# --- topics ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", topics.UP)
def test_a_topic_under_up_tells_kiosk_and_name(name: str) -> None:
    assert topics.parse_up(topics.up(KIOSK, name)) == topics.UpTopic(KIOSK, name)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "/",
        "yicang/1/hub/status",
        topics.reference("0" * 64),
        *(topics.down(KIOSK, name) for name in topics.DOWN),
        "yicang/2/kiosk-a/up/events",
        "yicang/1/kiosk-a/up/gossip",
        "yicang/1/kiosk-a/up/events/more",
        "yicang/1/kiosk-a/up",
        "other/1/kiosk-a/up/events",
        "/yicang/1/kiosk-a/up/events",
    ],
)
def test_a_foreign_topic_is_nobody_s(topic: str) -> None:
    assert topics.parse_up(topic) is None


@given(st.text(max_size=60))
def test_any_topic_is_ours_or_nobody_s(topic: str) -> None:
    parsed = topics.parse_up(topic)
    assert parsed is None or topics.up(*parsed) == topic


def test_only_what_is_true_until_it_is_said_again_is_retained() -> None:
    retained = {name for name, delivery in topics.DELIVERY.items() if delivery.retain}
    assert retained == {topics.STATUS}
    assert set(topics.DELIVERY) == {*topics.UP, *topics.DOWN}


def test_the_longest_command_and_its_reply_stay_within_a_message() -> None:
    codes = tuple(serial_code(Kind.BOX, "ZZZZ", n) for n in range(messages.MAX_LABELS))
    labels = tuple(messages.LabelOrder(code, "F1", 100_000, copy=True) for code in codes)
    command = messages.Command(
        "0" * 16, messages.PRINT_LABELS, 2**53 - 1, labels, "0" * 16, known=True
    )
    reply = messages.Reply("0" * 16, True, "w" * 64, "w" * 64, 10**6, 10**6, codes)
    for message in (command, reply):
        payload = messages.encode(message)
        assert len(payload) < messages.MAX_MESSAGE_BYTES
        assert messages.decode(payload, type(message)) == message


COMMANDS = (
    (
        b'{"id":"00000000000000aa","name":"locate","expires":1}',
        messages.Command("00000000000000aa", "locate", 1),
    ),
    (
        (
            b'{"id":"00000000000000aa","name":"print-labels","expires":1800000000000,'
            b'"labels":[{"code":"GZABC000014"},'
            b'{"code":"B4K2P00000A","category":"F1","quantity":12,"copy":true}],"later":[1]}'
        ),
        messages.Command(
            "00000000000000aa",
            messages.PRINT_LABELS,
            1_800_000_000_000,
            (
                messages.LabelOrder("GZABC000014"),
                messages.LabelOrder("B4K2P00000A", "F1", 12, copy=True),
            ),
        ),
    ),
    (
        b'{"id":"00000000000000bb","name":"cancel","expires":1,"of":"00000000000000aa"}',
        messages.Command("00000000000000bb", messages.CANCEL, 1, of="00000000000000aa"),
    ),
)
REPLIES = (
    (
        b'{"id":"00000000000000aa","ok":false,"detail":"not-supported"}',
        messages.Reply("00000000000000aa", ok=False, detail="not-supported"),
    ),
    (
        (
            b'{"id":"00000000000000aa","ok":true,"detail":"printer-waits","state":"printing",'
            b'"printed":3,"left":7,"doubtful":["GZABC000014"]}'
        ),
        messages.Reply(
            "00000000000000aa", True, "printer-waits", "printing", 3, 7, ("GZABC000014",)
        ),
    ),
)


@pytest.mark.parametrize(("payload", "meant"), [*COMMANDS, *REPLIES])
def test_commands_and_replies_of_every_release_mean_what_they_meant(
    payload: bytes, meant: Struct
) -> None:
    assert messages.decode(payload, type(meant)) == meant


@pytest.mark.parametrize(
    ("field", "payload"),
    [
        ("labels", b'"labels":[{"code":"PZABC000014"}]'),
        ("labels", b'"labels":[' + b",".join([b'{"code":"GZABC000014"}'] * 1201) + b"]"),
        ("of", b'"of":"everything"'),
    ],
)
def test_a_command_that_asks_for_nonsense_is_refused(field: str, payload: bytes) -> None:
    with pytest.raises(MessageError, match=rf"\$\.{field}"):
        messages.decode(
            b'{"id":"00000000000000aa","name":"cancel","expires":1,' + payload + b"}",
            messages.Command,
        )
