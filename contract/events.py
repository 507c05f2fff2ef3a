"""Events: what happened at a kiosk, as one line of JSON that is hashed, kept and never re-encoded.

Rules
-----
* Every process start of a kiosk opens a random **epoch**; its first event (seq 1) is
  `EpochOpened` and carries the hash of the last event before it. Within an epoch seq counts
  1, 2, 3, …
* A line is ``{"prev": …, "salt": …, "public": {…}, "private": {…}}``. The event's hash is
  ``H(prev, H(public bytes), H(salt, private bytes))`` over the *received bytes* of both parts,
  so that a private part can be erased (its digest stays) without breaking the chain, and so
  that a field which a later release adds survives an older reader.
* An event is known by (kiosk, epoch, seq, hash); `event_id` writes that as one word. Two
  events that name the same ``prev`` are a fork: a cloned or restored card.
* Evolution is additive only: fields are added with defaults, types are added, nothing changes
  its meaning or goes. Every released line stays decodable for ever.
* No event holds free text, a person's name or a bearer token. Who acted is the domain-separated
  hash of a card, and stands in the private part.

The types follow the what, when, where and why of GS1 EPCIS. Time is not in the body: an event
has its boot's monotonic milliseconds; `contract.order` turns them into an order.
"""

import hashlib
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from contract.bodies import *  # noqa: F403 - events speak of them by name
from contract.bodies import Body
from contract.codes import TokenDomain, token_hash
from contract.fields import *  # noqa: F403 - as above
from contract.fields import (
    MAX_IDS_PER_VOID as MAX_IDS_PER_VOID,
)
from contract.fields import (
    MAX_SEQ as MAX_SEQ,
)
from contract.fields import (
    NO_LINE_BREAK_AFTER as NO_LINE_BREAK_AFTER,
)
from contract.fields import (
    AccountId,
    BootId,
    EpochId,
    Hash,
    KioskId,
    Lane,
    Milliseconds,
    RequestId,
    Seq,
    SignedMilliseconds,
    StopId,
    whole,
)
from contract.fields import (
    BoxCode as BoxCode,
)
from contract.fields import (
    CategoryKey as CategoryKey,
)
from contract.fields import (
    EventId as EventId,
)
from contract.fields import (
    HeldCode as HeldCode,
)
from contract.fields import (
    HeldCodes as HeldCodes,
)
from contract.fields import (
    ItemCode as ItemCode,
)
from contract.fields import (
    Jiao as Jiao,
)
from contract.fields import (
    Minutes as Minutes,
)
from contract.fields import (
    Month as Month,
)
from contract.fields import (
    PlaceCode as PlaceCode,
)
from contract.fields import (
    PlanCode as PlanCode,
)
from contract.fields import (
    Prefix as Prefix,
)
from contract.fields import (
    Quantity as Quantity,
)
from contract.fields import (
    SessionId as SessionId,
)
from contract.fields import (
    SignedJiao as SignedJiao,
)
from contract.fields import (
    Word as Word,
)

VERSION: Final = 1
"""Version of the frame. It rises only when an old reader could not read the frame at all."""

MAX_EVENT_BYTES: Final = 4096
"""Longest line in bytes, checked at append."""

ZERO_HASH: Final = "0" * 64
"""What the first event of a journal that remembers nothing names as its predecessor."""


class Public(Struct, frozen=True, omit_defaults=True):
    """The part of an event that anyone may read.

    ``mono`` is milliseconds since boot, ``wall`` the kiosk's idea of Unix milliseconds, and
    ``clock`` whether that idea was trusted when the event was written. Events of the hub's own
    stream say in ``stop`` what a kiosk's place says, and in ``request`` which request they came of.
    """

    v: Annotated[int, Meta(ge=1, le=VERSION)]
    kiosk: KioskId
    epoch: EpochId
    seq: Seq
    boot: BootId
    mono: Milliseconds
    wall: SignedMilliseconds
    clock: bool
    lane: Lane
    body: Body
    stop: StopId | None = None
    request: RequestId | None = None


class Private(Struct, frozen=True, omit_defaults=True):
    """The erasable part: domain-separated hashes of the tokens that were scanned, and which account
    of the hub it was."""

    person: Hash | None = None
    family: Hash | None = None
    account: AccountId | None = None


class Line(Struct, frozen=True):
    """The frame of one line; both parts stay the bytes that they were."""

    prev: Hash
    salt: Annotated[str, whole(r"[0-9a-f]{32}")]
    public: Raw
    private: Raw


class Event(Struct, frozen=True):
    """A decoded event with its place in the chain; ``raw`` are the bytes it came as."""

    raw: bytes
    prev: str
    hash: str
    public: Public
    private: Private

    @property
    def id(self) -> str:
        """The event's name everywhere: ``kiosk.epoch.seq.hash16``."""
        return event_id(self.public.kiosk, self.public.epoch, self.public.seq, self.hash)


class EventError(ValueError):
    """A line that cannot be understood now.

    ``reason`` is a machine word. ``prev`` and ``hash`` are given where the frame was readable,
    so that the chain goes on across an event of an unknown type.
    """

    def __init__(self, reason: str, *, prev: str | None = None, hash: str | None = None) -> None:  # noqa: A002
        super().__init__(reason)
        self.reason = reason
        self.prev = prev
        self.hash = hash


_HASH_DOMAIN: Final = b"yicang/1/event\0"
_line_decoder: Final = msgspec.json.Decoder(Line)
_public_decoder: Final = msgspec.json.Decoder(Public)
_private_decoder: Final = msgspec.json.Decoder(Private)
_encoder: Final = msgspec.json.Encoder()


class _Typed(Struct, frozen=True):
    type: str


class _Framed(Struct, frozen=True):
    v: int
    body: _Typed


_framed_decoder: Final = msgspec.json.Decoder(_Framed)


def event_id(kiosk: str, epoch: str, seq: int, hash_hex: str) -> str:
    """``kiosk.epoch.seq.hash16``; 64 bits of the hash tell the stories of a fork apart."""
    return f"{kiosk}.{epoch}.{seq}.{hash_hex[:16]}"


def chain_hash(prev: str, salt: str, public: bytes, private: bytes) -> str:
    """The hash of an event from its predecessor's hash, its salt and its parts' bytes."""
    return linked_hash(
        prev,
        hashlib.sha256(public).digest(),
        hashlib.sha256(bytes.fromhex(salt) + private).digest(),
    )


def linked_hash(prev: str, public_digest: bytes, private_digest: bytes) -> str:
    """The hash of an event from the digests of its parts: what is left to compute it from when
    the private part was erased. ``private_digest`` is SHA-256(salt, private bytes)."""
    return hashlib.sha256(
        _HASH_DOMAIN + bytes.fromhex(prev) + public_digest + private_digest
    ).hexdigest()


def encode(public: Public, private: Private, *, prev: str, salt: bytes) -> Event:
    """A new event as the line that will be stored, sent and hashed.

    ``salt`` is 16 random bytes. Raises EventError ``too-long`` above `MAX_EVENT_BYTES`.
    """
    public_bytes = _encoder.encode(public)
    private_bytes = _encoder.encode(private)
    raw = _encoder.encode(Line(prev, salt.hex(), Raw(public_bytes), Raw(private_bytes)))
    if len(raw) > MAX_EVENT_BYTES:
        raise EventError("too-long")
    digest = linked_hash(
        prev,
        hashlib.sha256(public_bytes).digest(),
        hashlib.sha256(salt + private_bytes).digest(),
    )
    return Event(raw, prev, digest, public, private)


def decode(raw: bytes) -> Event:
    """The event that ``raw`` writes.

    Raises:
        EventError: too-long, not-json (the frame is unreadable), future-version,
            unknown-type, bad-public or bad-private; from the third on with prev and hash.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise EventError("too-long")
    try:
        line = _line_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise EventError("not-json") from None
    public_bytes, private_bytes = bytes(line.public), bytes(line.private)
    digest = chain_hash(line.prev, line.salt, public_bytes, private_bytes)
    try:
        public = _public_decoder.decode(public_bytes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        reason = _why_unreadable(public_bytes)
        raise EventError(reason, prev=line.prev, hash=digest) from None
    try:
        private = _private_decoder.decode(private_bytes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise EventError("bad-private", prev=line.prev, hash=digest) from None
    return Event(raw, line.prev, digest, public, private)


def _why_unreadable(public_bytes: bytes) -> str:
    try:
        framed = _framed_decoder.decode(public_bytes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "bad-public"
    if framed.v > VERSION:
        return "future-version"
    return "bad-public" if framed.body.type in TYPES else "unknown-type"


_TAGS: Final = {body: str(body.__struct_config__.tag) for body in Body.__args__}

TYPES: Final = frozenset(_TAGS.values())
"""The tags of every event type of this release."""


def type_of(body: Body) -> str:
    """The body's tag, for example ``received``."""
    return _TAGS[type(body)]


def person_hash(token: str) -> str:
    """The hash that stands for a person's card; ``token`` is its canonical text."""
    return token_hash(TokenDomain.PERSON, token)


def family_hash(token: str) -> str:
    """The hash that stands for a family's one-time delivery token."""
    return token_hash(TokenDomain.FAMILY, token)


def claim_hash(claim: str) -> str:
    """The hash that stands for a donor's private claim."""
    return token_hash(TokenDomain.CLAIM, claim)
