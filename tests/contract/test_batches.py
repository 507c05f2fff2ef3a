"""Batches: whatever is damaged on the way, the seqs that came are known and nobody else's line
is hurt."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import batches, events
from contract.batches import BatchError, Header
from tests.support.lines import EVERY_BODY, chain, header
from tests.support.strategies import instances

EVENTS = chain(EVERY_BODY)
LINES = [event.raw for event in EVENTS]
HEADER = header(EVENTS)
PAYLOAD = batches.encode(HEADER, LINES)
PROPERTIES = dict(batches.properties(HEADER))
headers = instances(Header)


def test_a_batch_comes_back_as_it_was_sent() -> None:
    assert batches.decode(PAYLOAD, PROPERTIES) == batches.Batch(HEADER, tuple(LINES))
    assert batches.decode(PAYLOAD, {}) == batches.Batch(HEADER, tuple(LINES))


@given(headers)
def test_the_user_properties_say_the_same_as_the_header_line(head: Header) -> None:
    properties = dict(batches.properties(head))
    assert batches.decode(b"\x00", properties).header == head
    assert all(isinstance(value, str) for value in properties.values())


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b'{"epoch":', b"\xff\xfe", b"[" * 3000])
def test_a_damaged_header_line_costs_no_event(damage: bytes) -> None:
    payload = damage + b"\n" + PAYLOAD.partition(b"\n")[2]
    assert batches.decode(payload, PROPERTIES) == batches.Batch(HEADER, tuple(LINES))


@pytest.mark.parametrize("count", [1, 2, 5, len(LINES)])
def test_a_lost_header_line_costs_no_event(count: int) -> None:
    head = header(EVENTS[:count])
    payload = b"".join(line + b"\n" for line in LINES[:count])
    for sent in (payload, payload.removesuffix(b"\n")):
        read = batches.decode(sent, dict(batches.properties(head)))
        assert read == batches.Batch(head, tuple(LINES[:count]))


def test_a_damaged_line_keeps_its_place_and_hurts_no_other() -> None:
    damaged = [*LINES[:3], b"\x00garbage", *LINES[4:]]
    assert batches.decode(batches.encode(HEADER, damaged), {}).lines == tuple(damaged)


def test_a_cut_message_has_empty_lines_where_the_rest_was() -> None:
    for cut in range(len(PAYLOAD.partition(b"\n")[0]) + 1, len(PAYLOAD), 97):
        read = batches.decode(PAYLOAD[:cut], PROPERTIES)
        assert read.header == HEADER
        assert len(read.lines) == HEADER.count
        whole = PAYLOAD[:cut].count(b"\n") - 1
        assert read.lines[:whole] == tuple(LINES[:whole])
        assert not any(read.lines[whole + 1 :])


def test_lines_beyond_the_header_s_count_are_nobody_s() -> None:
    payload = PAYLOAD + b"".join(line + b"\n" for line in LINES[:3])
    assert batches.decode(payload, PROPERTIES).lines == tuple(LINES)


def test_lines_ended_the_windows_way_hold_the_same_events() -> None:
    read = batches.decode(PAYLOAD.replace(b"\n", b"\r\n"), {})
    assert [events.decode(line).hash for line in read.lines] == [event.hash for event in EVENTS]


def test_neither_header_nor_properties_is_an_error_with_a_reason() -> None:
    some = {key: value for key, value in PROPERTIES.items() if not key.endswith("epoch")}
    wrong = {**PROPERTIES, "yicang-count": "9" * 400}
    for properties in ({}, some, wrong, {**PROPERTIES, "yicang-first": "0"}):
        with pytest.raises(BatchError) as refused:
            batches.decode(b"garbage", properties)
        assert refused.value.reason == "no-header"


def test_a_batch_that_is_too_large_is_refused_on_both_sides() -> None:
    with pytest.raises(BatchError, match="too-large"):
        batches.decode(b" " * (batches.MAX_BATCH_BYTES + 1), PROPERTIES)
    long = [b"x" * events.MAX_EVENT_BYTES] * 40
    with pytest.raises(ValueError, match="above"):
        batches.encode(msgspec.structs.replace(HEADER, count=40), long)
    with pytest.raises(ValueError, match="lines for a header"):
        batches.encode(HEADER, LINES[:-1])


@given(
    st.lists(st.integers(1, events.MAX_EVENT_BYTES).map(lambda size: b"x" * size), max_size=80),
    st.integers(1, batches.MAX_BATCH_EVENTS),
)
def test_what_fits_can_be_encoded_and_is_as_many_as_possible(
    lines: list[bytes], limit: int
) -> None:
    count = batches.fit(lines, limit)
    assert count <= min(limit, len(lines))
    assert (count > 0) == bool(lines)
    if count:
        head = Header("f" * 16, events.MAX_SEQ, count, "f" * 64)
        assert len(batches.encode(head, lines[:count])) <= batches.MAX_BATCH_BYTES
    if count < min(limit, len(lines)):
        size = sum(len(line) + 1 for line in lines[: count + 1])
        assert size > batches.MAX_BATCH_BYTES - 512


def test_a_batch_filled_to_the_last_byte_still_goes_out() -> None:
    full = [b"x" * events.MAX_EVENT_BYTES] * 31
    for size in range(3_000, events.MAX_EVENT_BYTES):
        lines = [*full, b"x" * size]
        count = batches.fit(lines)
        assert count >= 31
        head = Header("f" * 16, events.MAX_SEQ, count, "f" * 64)
        assert len(batches.encode(head, lines[:count])) <= batches.MAX_BATCH_BYTES
    assert batches.fit([b"x" * (2 * batches.MAX_BATCH_BYTES)]) == 1  # never stuck on one line


def test_a_backlog_of_short_lines_is_cut_at_the_most_events() -> None:
    assert batches.fit([b"{}"] * 2_000, 10_000) == batches.MAX_BATCH_EVENTS
    assert batches.fit([]) == 0


@given(
    st.binary(max_size=400) | st.sampled_from([PAYLOAD, PAYLOAD[:300], PAYLOAD[5:]]),
    st.dictionaries(st.sampled_from(sorted(PROPERTIES)), st.text(max_size=20)),
)
def test_any_message_is_a_batch_of_its_count_or_a_reason(
    payload: bytes, properties: dict[str, str]
) -> None:
    try:
        batch = batches.decode(payload, properties)
    except BatchError as error:
        assert error.reason in {"no-header", "too-large"}  # noqa: PT017 - both ways are right
    else:
        assert len(batch.lines) == batch.header.count


@given(st.binary(max_size=60), st.sampled_from(sorted(json.loads(PAYLOAD.partition(b"\n")[0]))))
def test_a_header_with_a_wrong_field_falls_back_on_the_properties(junk: bytes, name: str) -> None:
    wrong = json.loads(PAYLOAD.partition(b"\n")[0])
    wrong[name] = junk.hex() + "?"
    payload = json.dumps(wrong).encode() + b"\n" + PAYLOAD.partition(b"\n")[2]
    assert batches.decode(payload, PROPERTIES) == batches.Batch(HEADER, tuple(LINES))
