"""Bundles: what a kiosk has unsent, as a file that somebody carries to the hub.

Rules
-----
* Outside, a bundle is an age file (age-encryption.org/v1) for the hub's bundle key alone: whoever
  finds the stick reads nothing. Inside it is JSON Lines: an `Opening`, then batches exactly as they
  go over MQTT (`contract.batches`: a header line and ``count`` event lines), then a `Closing`.
* The closing is signed with the kiosk's own Ed25519 key, the one that signs receipts, over the
  SHA-256 of every byte before it. It tells how much there is, so that a file that was cut off is
  told from one that is whole. A bundle that nobody could sign (a card whose identity is gone) says
  so by an empty key, and the hub takes nothing from it without a person's word.
* A bundle acknowledges nothing and is acknowledged by nothing: the kiosk keeps its events until the
  hub has answered a hello. So the same bundle twice, an older one after a newer one, and the same
  events over MQTT before, between or after are one record each.
* Nothing in here does I/O. A `Writer` turns batches into bytes, a `Reader` takes lines one by one;
  neither holds more than one batch, whatever the size of the bundle.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from contract.batches import Batch, Header
from contract.events import MAX_EVENT_BYTES, KioskId
from contract.fields import whole

SUFFIX: Final = ".yicang"
MEDIA_TYPE: Final = "application/vnd.yicang.bundle"
FOLDER: Final = "yicang"
"""The folder of a stick that bundles are in; nothing else on it is touched."""

MAX_BUNDLE_BYTES: Final = 512 * 1024 * 1024
"""Longest bundle, in bytes, as a file and as what is inside: 50,000 events of an ordinary stop are
about 30 MB, and of the longest events that there may be 200 MB."""

MAX_LINE_BYTES: Final = 64 * 1024
"""Longest line inside: an event has 4 KiB at most, but what is damaged may be longer."""

_DOMAIN: Final = b"yicang/1/bundle\0"


class Source(StrEnum):
    """Where a bundle was made."""

    KIOSK = "kiosk"
    """By the kiosk itself, of what the hub has not acknowledged."""
    SALVAGE = "salvage"
    """From a kiosk's card, by a person at another computer."""


class Opening(Struct, frozen=True, forbid_unknown_fields=True):
    """The first line. ``hub`` is the public key (``age1…``) that it is for, ``made`` Unix
    milliseconds by the maker's clock, which is right if ``clock``, ``key`` the id of the signing
    key (`contract.receipts.key_id`), empty when nobody signed."""

    bundle: Literal[1]
    kiosk: KioskId
    source: Source
    hub: Annotated[str, Meta(max_length=128)]
    made: Annotated[int, Meta(ge=0, le=2**53)]
    clock: bool
    software: Annotated[str, Meta(max_length=64)]
    key: Annotated[str, whole(r"[0-9A-Za-z_-]{0,64}")]


class Closing(Struct, frozen=True, forbid_unknown_fields=True):
    """The last line. ``signature`` is Ed25519 over `statement` in hex, empty without a key."""

    batches: Annotated[int, Meta(ge=0)]
    events: Annotated[int, Meta(ge=0)]
    signature: Annotated[str, whole(r"([0-9a-f]{128})?")]


Sign: TypeAlias = Callable[[bytes], bytes]
"""The Ed25519 signature (64 bytes) of these bytes."""


class BundleError(ValueError):
    """Not a whole bundle; ``reason`` is a machine word: ``not-a-bundle``, ``newer``, ``damaged``
    or ``cut-off``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: Final = reason


_encoder: Final = msgspec.json.Encoder()
_opening: Final = msgspec.json.Decoder(Opening)
_closing: Final = msgspec.json.Decoder(Closing)
_header: Final = msgspec.json.Decoder(Header)


def statement(digest: bytes, batches: int, events: int) -> bytes:
    """What is signed. ``digest`` is the SHA-256 of everything before the last line."""
    return _DOMAIN + digest + batches.to_bytes(8) + events.to_bytes(8)


def file_name(kiosk: str, epoch: str) -> str:
    """The name of a kiosk's bundle on a stick: one for each start, in place of an older one."""
    return f"{kiosk}-{epoch}{SUFFIX}"


class Writer:
    """Makes the lines of one bundle, in this order: `begin`, `batch` as often as needed, `end`."""

    def __init__(self, opening: Opening, sign: Sign | None) -> None:
        self._opening: Final = opening
        self._sign: Final = sign
        self._digest: Final = hashlib.sha256()
        self.batches = 0
        self.events = 0

    def begin(self) -> bytes:
        """The first line."""
        return self._counted(_encoder.encode(self._opening) + b"\n")

    def batch(self, header: Header, lines: Sequence[bytes]) -> bytes:
        """A batch of events. A damaged line that holds line ends has spaces there instead: it is
        one that nobody can read anyhow.

        Raises:
            ValueError: not ``header.count`` lines.
        """
        if len(lines) != header.count:
            raise ValueError(f"{len(lines)} lines for a header of {header.count}")
        self.batches += 1
        self.events += header.count
        kept = (line.replace(b"\n", b" ")[: MAX_LINE_BYTES - 1] for line in lines)
        return self._counted(b"\n".join((_encoder.encode(header), *kept)) + b"\n")

    def end(self) -> bytes:
        """The last line."""
        said = statement(self._digest.digest(), self.batches, self.events)
        signature = self._sign(said).hex() if self._sign is not None else ""
        return _encoder.encode(Closing(self.batches, self.events, signature)) + b"\n"

    def _counted(self, data: bytes) -> bytes:
        self._digest.update(data)
        return data


class Reader:
    """Takes a bundle's lines, each with its line end, one after the other.

    `opening` is there after the first line, `closing` after the last; then `signed` is what the
    signature has to be of.
    """

    def __init__(self) -> None:
        self.opening: Opening | None = None
        self.closing: Closing | None = None
        self.batches = 0
        self.events = 0
        self._digest: Final = hashlib.sha256()
        self._header: Header | None = None
        self._lines: list[bytes] = []

    def take(self, line: bytes) -> Batch | None:
        """A batch when ``line`` was its last one.

        Raises:
            BundleError: see there.
        """
        if self.closing is not None:
            raise BundleError("damaged")
        if not line.endswith(b"\n"):
            raise BundleError("cut-off" if len(line) < MAX_LINE_BYTES else "damaged")
        if self.opening is None:
            self.opening = _read_opening(line)
        elif self._header is None:
            self._begin(line)
            if self.closing is not None:
                return None  # not part of what is signed
        else:
            self._lines.append(line[:-1])
        self._digest.update(line)
        return self._whole()

    def _begin(self, line: bytes) -> None:
        try:
            self._header = _header.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            try:
                closing = _closing.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                raise BundleError("damaged") from None
            if (closing.batches, closing.events) != (self.batches, self.events):
                raise BundleError("damaged") from None
            self.closing = closing

    def _whole(self) -> Batch | None:
        header = self._header
        if header is None or len(self._lines) < header.count:
            return None
        batch = Batch(header, tuple(self._lines))
        self.batches += 1
        self.events += header.count
        self._header, self._lines = None, []
        return batch

    @property
    def signed(self) -> bytes:
        """What the closing's signature is of. Raises `BundleError` before the end."""
        if self.closing is None:
            raise BundleError("cut-off")
        return statement(self._digest.digest(), self.batches, self.events)


def _read_opening(line: bytes) -> Opening:
    try:
        return _opening.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        told = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BundleError("not-a-bundle") from None
    newer = isinstance(told, dict) and isinstance(told.get("bundle"), int) and told["bundle"] > 1
    raise BundleError("newer" if newer else "not-a-bundle")


def in_batches(rows: Iterable[tuple[str, int, str, bytes]], limit: int) -> Iterable[Batch]:
    """Batches of rows (epoch, seq, hash, line) that come in order of epoch and seq: a gap begins
    a new one, and so do ``limit`` lines or a full batch's bytes."""
    first: tuple[str, int] | None = None
    lines: list[bytes] = []
    digest, size = "", 0
    for epoch, seq, hash_hex, line in rows:
        follows = first is not None and first == (epoch, seq - len(lines))
        if first is not None and (
            not follows or len(lines) >= limit or size + len(line) > _ROOM_BYTES
        ):
            yield Batch(Header(first[0], first[1], len(lines), digest), tuple(lines))
            first, lines, size = None, [], 0
        if first is None:
            first = (epoch, seq)
        lines.append(line)
        digest, size = hash_hex, size + len(line) + 1
    if first is not None:
        yield Batch(Header(first[0], first[1], len(lines), digest), tuple(lines))


_ROOM_BYTES: Final = 24 * MAX_EVENT_BYTES
