"""Batches: events on the wire as JSON Lines, a header first, then an event a line.

The header says which seqs the lines are. It is repeated as MQTT user properties, so that when a
line, or the header itself, cannot be read, the seqs in it are still known: such a line goes to
quarantine at its own place and blocks nobody.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from contract.events import EpochId, Hash, Seq

MAX_BATCH_BYTES: Final = 128 * 1024
"""Largest payload of an events message, in bytes."""

MAX_BATCH_EVENTS: Final = 500
"""Most events in one batch; bounds what one damaged message can put into quarantine."""

PROPERTY_PREFIX: Final = "yicang-"


class Header(Struct, frozen=True):
    """``hash`` is that of the batch's last event: an unreadable last line keeps its place."""

    epoch: EpochId
    first: Seq
    count: Annotated[int, Meta(ge=1, le=MAX_BATCH_EVENTS)]
    hash: Hash


class Batch(Struct, frozen=True):
    """A header and exactly ``header.count`` lines; a line that was missing is empty."""

    header: Header
    lines: tuple[bytes, ...]


class BatchError(ValueError):
    """A message from which not even the seqs can be told; ``reason`` is a machine word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_encoder: Final = msgspec.json.Encoder()
_header_decoder: Final = msgspec.json.Decoder(Header)


def encode(header: Header, lines: Sequence[bytes]) -> bytes:
    """The payload for ``lines``, which must be ``header.count`` many.

    Raises:
        ValueError: a wrong count, or more than `MAX_BATCH_BYTES`.
    """
    if len(lines) != header.count:
        raise ValueError(f"{len(lines)} lines for a header of {header.count}")
    payload = b"\n".join((_encoder.encode(header), *lines)) + b"\n"
    if len(payload) > MAX_BATCH_BYTES:
        raise ValueError(f"a batch of {len(payload)} bytes is above {MAX_BATCH_BYTES}")
    return payload


def properties(header: Header) -> list[tuple[str, str]]:
    """The header as MQTT user properties."""
    return [
        (PROPERTY_PREFIX + name, str(value))
        for name, value in msgspec.structs.asdict(header).items()
    ]


def fit(lines: Sequence[bytes], limit: int = MAX_BATCH_EVENTS) -> int:
    """How many of ``lines``, from the first on, fit into one batch; at least 1 when any are."""
    room = MAX_BATCH_BYTES - 256  # the header with the longest numbers takes 170 bytes
    count = 0
    for line in lines[: min(limit, MAX_BATCH_EVENTS)]:
        room -= len(line) + 1
        if room < 0 and count:
            break
        count += 1
    return count


def decode(payload: bytes, user_properties: Mapping[str, str]) -> Batch:
    """The batch in ``payload``; the user properties stand in for an unreadable header.

    Raises:
        BatchError: ``no-header`` when neither header nor properties can be read, ``too-large``
            above `MAX_BATCH_BYTES`.
    """
    if len(payload) > MAX_BATCH_BYTES:
        raise BatchError("too-large")
    lines = payload.split(b"\n")
    if not lines[-1]:
        lines.pop()
    try:
        header = _header_decoder.decode(lines[0] if lines else b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        header = _header_from(user_properties)
        if len(lines) == header.count:
            lines.insert(0, b"")  # not damaged but lost altogether
    lines = lines[1:]
    kept = lines[: header.count]
    return Batch(header, (*kept, *(b"" for _ in range(header.count - len(kept)))))


def _header_from(user_properties: Mapping[str, str]) -> Header:
    names = Header.__struct_fields__
    given = {name: user_properties.get(PROPERTY_PREFIX + name) for name in names}
    try:
        return msgspec.convert(given, Header, strict=False)
    except msgspec.MsgspecError:
        raise BatchError("no-header") from None
