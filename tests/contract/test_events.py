"""Events: what is hashed are the bytes that came, and every released line stays readable."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import events
from tests.support.by_the_book import hash_by_the_book, parts_as_they_came
from tests.support.lines import EVERY_BODY, chain
from tests.support.strategies import BODY_TYPES, hashes, instances, privates, publics, salts

GOLDEN = Path(__file__).parent / "golden"
LINES = [event.raw for event in chain(EVERY_BODY)]


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
