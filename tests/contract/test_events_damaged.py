"""Events that cannot be read: each says why, none breaks anything, and the chain goes on."""

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import events
from contract.events import EventError
from tests.support.by_the_book import hash_by_the_book, parts_as_they_came
from tests.support.lines import EVERY_BODY, PLAN, chain, item

REASONS = {
    "too-long",
    "not-json",
    "future-version",
    "unknown-type",
    "bad-public",
    "bad-private",
}
LINES = [event.raw for event in chain(EVERY_BODY)]


def reason_for(raw: bytes) -> str:
    with pytest.raises(EventError) as refused:
        events.decode(raw)
    assert refused.value.reason in REASONS
    return refused.value.reason


def with_public(change: dict[str, Any], raw: bytes = LINES[3]) -> bytes:
    frame = json.loads(raw)
    frame["public"].update(change)
    return json.dumps(frame).encode()


# --- what cannot be read ---------------------------------------------------------------------


def _deep(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not-json"),
        (b"null", "not-json"),
        (b"[]", "not-json"),
        (b"{}", "not-json"),
        (b"{" * 4096, "not-json"),
        (_deep(2048), "not-json"),
        (b"\xff\xfe{}", "not-json"),
        (b"\x00" * 100, "not-json"),
        (LINES[3][:-1], "not-json"),
        (LINES[3] + LINES[4][:200], "not-json"),
        (LINES[3].replace(b'"salt":"', b'"salt":"x'), "not-json"),
        (LINES[3].replace(b'"prev":"', b'"prev":"0'), "not-json"),
        (LINES[3] + b" " * 4096, "too-long"),
        (b"9" * 5000, "too-long"),
    ],
)
def test_a_broken_frame_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    assert reason_for(raw) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"v": 2}, "future-version"),
        ({"v": 2, "body": {"type": "teleported"}}, "future-version"),
        ({"v": 0}, "bad-public"),
        ({"v": "1"}, "bad-public"),
        ({"v": 10**300}, "future-version"),
        ({"v": 1.5}, "bad-public"),
        ({"body": {"type": "teleported"}}, "unknown-type"),
        ({"body": {"type": 7}}, "bad-public"),
        ({"body": {}}, "bad-public"),
        ({"body": []}, "bad-public"),
        ({"body": {"type": "received"}}, "bad-public"),
        ({"seq": 0}, "bad-public"),
        ({"seq": -1}, "bad-public"),
        ({"seq": 2**53}, "bad-public"),
        ({"seq": 10**400}, "bad-public"),
        ({"seq": 1.5}, "bad-public"),
        ({"seq": True}, "bad-public"),
        ({"mono": float("nan")}, "not-json"),
        ({"mono": float("inf")}, "not-json"),
        ({"wall": -(2**53)}, "bad-public"),
        ({"clock": 1}, "bad-public"),
        ({"kiosk": "../../etc"}, "bad-public"),
        ({"kiosk": "kiosk-a\n"}, "bad-public"),
        ({"kiosk": "hub/status"}, "bad-public"),
        ({"lane": "张三"}, "bad-public"),
        ({"lane": "\ud800"}, "not-json"),
        ({"epoch": "00000000000000AA"}, "bad-public"),
        ({"boot": None}, "bad-public"),
    ],
)
def test_a_public_part_that_cannot_be_read_says_why(change: dict[str, Any], reason: str) -> None:
    assert reason_for(with_public(change)) == reason


@pytest.mark.parametrize("private", ["null", "[]", "1", '{"person":"P123"}', '{"family":7}'])
def test_a_private_part_that_cannot_be_read_says_why(private: str) -> None:
    frame = parts_as_they_came(LINES[3])
    raw = LINES[3].replace(b'"private":' + frame["private"], f'"private":{private}'.encode())
    assert reason_for(raw) == "bad-private"


def test_the_chain_goes_on_across_what_cannot_be_understood() -> None:
    for change in ({"v": 2}, {"body": {"type": "teleported"}}, {"seq": 0}):
        raw = with_public(change)
        with pytest.raises(EventError) as refused:
            events.decode(raw)
        assert refused.value.prev == events.decode(LINES[3]).prev
        assert refused.value.hash == hash_by_the_book(raw)


def test_a_key_given_twice_has_one_meaning_and_one_hash() -> None:
    (event,) = chain([events.HelpWanted()])
    twice = event.raw.replace(b'"clock":true', b'"clock":false,"clock":true')
    read = events.decode(twice)
    assert read.public.clock is True
    assert read.hash == hash_by_the_book(twice) != event.hash


def test_a_word_with_a_line_break_after_it_is_not_a_word() -> None:
    """A pattern's ``$`` also matches before a final line break, which would end a log line."""
    body = {"type": "refused", "input": "family\n", "state": "idle"}
    assert reason_for(with_public({"body": body})) == "bad-public"
    frame = json.loads(LINES[3])
    for name in ("prev", "salt"):
        assert reason_for(json.dumps({**frame, name: frame[name] + "\n"}).encode()) == "not-json"


def test_an_event_that_is_too_long_is_refused_at_append() -> None:
    (event,) = chain([events.HelpWanted()])
    long = "".join(f"{number:04d}" for number in range(1024))
    public = msgspec.structs.replace(event.public, lane=long)
    with pytest.raises(EventError, match="too-long"):
        events.encode(public, event.private, prev=event.prev, salt=bytes(16))


def test_the_fullest_handover_and_the_fullest_void_still_fit() -> None:
    items = tuple(item(serial) for serial in range(events.MAX_CODES_PER_EVENT))
    kiosk = "k" + "-longest-name-that-is-allowed-xy"[:31]
    name = f"{kiosk}.{'0' * 16}.{events.MAX_SEQ}.{'0' * 16}"
    group = (name,) * events.MAX_IDS_PER_VOID
    from_group = tuple(items[: events.MAX_IDS_PER_VOID])
    fullest: tuple[events.Body, ...] = (
        events.Out(plan=PLAN, items=items, session="0" * 16),
        events.Voided(events=group, items=from_group, why="w" * 64),
    )
    for event in chain(fullest, kiosk=kiosk):
        assert len(event.raw) <= events.MAX_EVENT_BYTES
        assert events.decode(event.raw) == event


# --- anything at all -------------------------------------------------------------------------


def decode_or_reason(raw: bytes) -> None:
    """Decodes, or raises nothing but EventError; what decodes can be written again."""
    try:
        event = events.decode(raw)
    except EventError as error:
        if error.reason not in REASONS:
            raise AssertionError(f"{error.reason} for {raw!r}") from error
        return
    msgspec.json.encode(event.public)
    assert event.raw == raw
    assert event.id.isprintable()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**15, 10**400)
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "\udfff\ud800", "\x00", "1\n", "received"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_a_reason(raw: bytes) -> None:
    decode_or_reason(raw)


@settings(max_examples=400)
@given(st.sampled_from(LINES), st.data())
def test_a_value_replaced_by_anything_is_an_event_or_a_reason(
    line: bytes, data: st.DataObject
) -> None:
    frame = json.loads(line)
    place = frame
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(json_values)
    decode_or_reason(json.dumps(frame).encode())


def test_twenty_thousand_damaged_lines_are_each_an_event_or_a_reason() -> None:
    source = random.Random("damage")
    for _ in range(20_000):
        line = bytearray(source.choice(LINES))
        for _ in range(source.randint(1, 4)):
            at = source.randrange(len(line))
            match source.randrange(5):
                case 0:
                    line[at] ^= 1 << source.randrange(8)
                case 1:
                    del line[at : at + source.randint(1, 40)]
                case 2:
                    line[at:at] = source.randbytes(source.randint(1, 8))
                case 3:
                    end = at + source.randint(1, 60)
                    line[at:at] = line[at:end]
                case 4:
                    line[at:at] = source.choice(
                        [b"\\ud800", b"NaN", b"1e999", b"[" * 900, b'"', b"\xed\xa0\x80", b"-0"]
                    )
            if not line:
                break
        decode_or_reason(bytes(line))
