"""Events: hashed are the bytes that came; what cannot be read says why and breaks nothing."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import events
from contract.events import EventError
from tests.support.lines import EVERY_BODY, PLAN, chain, item
from tests.support.strategies import BODY_TYPES, hashes, instances, privates, publics, salts

GOLDEN = Path(__file__).parent / "golden"
REASONS = {
    "too-long",
    "not-json",
    "future-version",
    "unknown-type",
    "bad-public",
    "bad-private",
}
LINES = [event.raw for event in chain(EVERY_BODY)]


def parts_as_they_came(raw: bytes) -> dict[str, bytes]:
    """Each value of the frame as its bytes, found by the standard library's scanner."""
    text = raw.decode()
    scan = json.JSONDecoder().raw_decode
    found: dict[str, bytes] = {}
    at = text.index("{") + 1
    while True:
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
        if text[at] == "}":
            return found
        key, at = scan(text, at)
        at = text.index(":", at) + 1
        at += len(text[at:]) - len(text[at:].lstrip())
        _, end = scan(text, at)
        found[key] = text[at:end].encode()
        at = end


def hash_by_the_book(raw: bytes) -> str:
    """The event's hash as the contract's page describes it, written without the contract."""
    parts = parts_as_they_came(raw)
    prev, salt = (bytes.fromhex(json.loads(parts[name])) for name in ("prev", "salt"))
    public = hashlib.sha256(parts["public"]).digest()
    private = hashlib.sha256(salt + parts["private"]).digest()
    return hashlib.sha256(b"yicang/1/event\0" + prev + public + private).hexdigest()


def reason_for(raw: bytes) -> str:
    with pytest.raises(EventError) as refused:
        events.decode(raw)
    assert refused.value.reason in REASONS
    return refused.value.reason


def with_public(change: dict[str, Any], raw: bytes = LINES[3]) -> bytes:
    frame = json.loads(raw)
    frame["public"].update(change)
    return json.dumps(frame).encode()


# --- round trip ------------------------------------------------------------------------------


@given(publics, privates, hashes, salts)
def test_what_was_written_is_read_back(
    public: events.Public, private: events.Private, prev: str, salt: bytes
) -> None:
    event = events.encode(public, private, prev=prev, salt=salt)
    assert events.decode(event.raw) == event
    assert event.hash == hash_by_the_book(event.raw)
    assert b"\n" not in event.raw


@pytest.mark.parametrize("kind", BODY_TYPES)
def test_every_type_comes_back_as_itself(kind: type[msgspec.Struct]) -> None:
    @settings(max_examples=15, deadline=None)
    @given(instances(kind))
    def comes_back(body: Any) -> None:
        (event,) = chain([body])
        assert events.decode(event.raw).public.body == body
        assert events.type_of(body) in events.TYPES

    comes_back()


def test_the_samples_hold_every_type() -> None:
    assert {type(body) for body in EVERY_BODY} == set(BODY_TYPES)
    assert {events.type_of(body) for body in EVERY_BODY} == events.TYPES


def test_the_id_names_kiosk_epoch_seq_and_hash() -> None:
    event = chain(EVERY_BODY)[4]
    assert event.id == f"kiosk-a.00000000000000aa.5.{event.hash[:16]}"
    assert msgspec.convert(event.id, events.EventId) == event.id


# --- the chain -------------------------------------------------------------------------------


def test_each_event_names_the_hash_of_the_one_before() -> None:
    chained = [events.decode(line) for line in LINES]
    assert chained[0].prev == events.ZERO_HASH
    assert [event.prev for event in chained[1:]] == [event.hash for event in chained[:-1]]


def test_the_hash_is_of_the_received_bytes_not_of_their_meaning() -> None:
    (event,) = chain([events.HelpWanted()])
    parts = parts_as_they_came(event.raw)
    spaced = event.raw.replace(parts["public"], json.dumps(json.loads(parts["public"])).encode())
    assert spaced != event.raw
    again = events.decode(spaced)
    assert again.public == event.public
    assert again.hash == hash_by_the_book(spaced) != event.hash


def test_white_space_outside_the_parts_does_not_matter() -> None:
    for line in LINES:
        roomy = line.replace(b'{"prev":', b' { "prev" :\t').replace(b',"private"', b' , "private"')
        assert events.decode(roomy + b"\r").hash == events.decode(line).hash


def test_a_field_of_a_later_release_survives_and_is_hashed() -> None:
    (event,) = chain([events.HelpWanted()])
    later = event.raw.replace(b'"type":"help.wanted"', b'"type":"help.wanted","urgency":{"of":[3]}')
    read = events.decode(later)
    assert read.public.body == events.HelpWanted()
    assert b"urgency" in read.raw
    assert read.hash == hash_by_the_book(later) != event.hash


@pytest.mark.parametrize("seq", range(1, len(EVERY_BODY) + 1))
def test_a_changed_byte_in_either_part_changes_the_hash(seq: int) -> None:
    line = LINES[seq - 1]
    original = events.decode(line)
    changed = line.replace(b'"private":{', b'"private":{"note":1,').replace(b",}", b"}")
    assert events.decode(changed).hash != original.hash
    changed = line.replace(b'"clock":true', b'"clock":false')
    assert events.decode(changed).hash != original.hash


def test_an_erased_private_part_leaves_the_chain_computable() -> None:
    event = chain(EVERY_BODY)[2]
    assert event.private.person
    line = msgspec.json.decode(event.raw, type=events.Line)
    digests = [
        hashlib.sha256(bytes(line.public)).digest(),
        hashlib.sha256(bytes.fromhex(line.salt) + bytes(line.private)).digest(),
    ]
    assert events.linked_hash(event.prev, *digests) == event.hash


@given(hashes, salts, st.binary(max_size=50), st.binary(max_size=50))
def test_parts_cannot_be_shifted_into_one_another(
    prev: str, salt: bytes, public: bytes, private: bytes
) -> None:
    whole = events.chain_hash(prev, salt.hex(), public + private, b"")
    apart = events.chain_hash(prev, salt.hex(), public, private)
    assert (whole == apart) == (private == b"")


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


# --- for ever --------------------------------------------------------------------------------


def test_every_line_ever_released_still_decodes_to_its_hash() -> None:
    lines = (GOLDEN / "v1.jsonl").read_bytes().splitlines()
    pinned = (GOLDEN / "v1.hashes").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(pinned)
    seen = set()
    for line, pin in zip(lines, pinned, strict=True):
        kind, digest = pin.split()
        event = events.decode(line)
        assert events.type_of(event.public.body) == kind
        assert event.hash == digest == hash_by_the_book(line)
        written = json.loads(line)["public"]["body"]
        assert json.loads(msgspec.json.encode(event.public.body)) == written
        seen.add(kind)
    assert seen == events.TYPES, "append a line of each new type to golden/v1.jsonl"
